"""Excess risks on the ladder's axis, before any site is built."""

import matplotlib.pyplot as plt
import pytest

from overfit_tutorial import figures

site_figures = pytest.importorskip("site_figures", reason="the site's tools are not installed")


def claim(value, interval=None, quantity="excess risk", kind="measured"):
    told = {"id": "a-b", "kind": kind, "value": value, "interval": interval}
    return told | {"quantity": quantity}


def test_only_excess_risks_stand_on_the_axis_and_the_smallest_is_first():
    kept = site_figures.on_the_axis([claim(2), claim(0.9, quantity=None), claim(1)])
    assert [one["value"] for one in kept] == [1, 2]


def test_a_row_shows_its_words_its_numbers_and_its_interval():
    with plt.style.context(figures.STYLE):
        figure = site_figures.draw_risks([claim(0.5, kind="one seed"), claim(1, (0.1, 10))])
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    one_seed, bar, dot = ax.lines
    assert list(bar.get_xdata()) == [0.1, 10]
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([1], [1])
    assert one_seed.get_markerfacecolor() == figures.LIGHT["paper"]
    assert [text.get_text() for text in ax.texts] == ["a b", "0.5", "a b", "1 [0.1, 10]"]
    assert "a b 0.5, a b 1." in figures.description(figure).alt
    plt.close(figure)
