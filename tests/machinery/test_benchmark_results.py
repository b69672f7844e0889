"""The tables and figures of the page on speed, from results that are made up."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from overfit_tutorial import figures

MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "system": "Linux",
    "python": "3.11.7",
    "versions": {"jax": "0.1", "tensorflow-cpu": "2.0"},
}
BAR = {"bar": "a ratio", "value": 66.84, "required": 80, "at_most": False, "holds": False}
PEERS = {
    "date": "2026-01-02",
    "machine": MACHINE,
    "bars": [BAR],
    "rows": [
        {
            "name": name,
            "n_members": n,
            "cold": cold,
            "seconds": seconds,
            "range": [seconds / 2, seconds * 2],
            "ratio_to_keras": 8 / seconds,
            "gigaflops": 5 / seconds,
            "share_of_peak": 0.424,
            "megabytes": 1036.4,
        }
        for name, n, cold, seconds in (
            ("Keras fit", 1, False, 8.0),
            ("this engine, first call", 1, True, 2.0),
            ("this engine", 32, False, 0.05),
        )
    ],
}
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RESULTS = BENCHMARKS / "results"
tables = SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "tables.py")))
drawings = SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "drawings.py")))


def test_the_machine_is_named():
    assert tables.machine_sentence(PEERS) == (
        "Measured on 2026-01-02, on 2 cores of a processor under Linux, with Python 3.11.7, "
        "JAX 0.1, TensorFlow 2.0."
    )


def test_a_row_says_what_was_measured():
    head, slowest, *_ = tables.peer_rows(PEERS)
    assert head[1:] == ("networks", "seconds each", "times Keras", "GFLOP/s", "of the peak", "MB")
    assert slowest == ("Keras fit", "1", "8", "1", "0.625", "42%", "1,036")


def test_a_bar_that_is_missed_is_said_to_be():
    reached = BAR | {"at_most": True, "required": 100.0, "holds": True}
    _, first, second = tables.bar_rows(PEERS, {"bars": [reached]})
    assert first == ("a ratio", "at least 80", "66.8", "missed")
    assert second == ("a ratio", "at most 100", "66.8", "reached")


def test_the_limits_end_with_what_the_bars_allow():
    blocks = [{"n_members": n, "seconds": {"the engine": 0.1}} for n in (1, 8)]
    bars = [
        BAR | {"bar": "one network, ratio to Keras fit"},
        BAR | {"bar": "ensemble, share of the matrix-product peak", "required": 0.5},
    ]
    head, *rows = tables.limit_rows({"blocks": blocks}, PEERS | {"bars": bars})
    assert head[1:] == ("alone", "8 side by side")
    assert rows == [
        ("the engine", "100.0", "100.0"),
        ("allowed by the bar: one network, ratio to Keras fit", "100.0", ""),  # 8 s over 80
        # Two cores for 0.05 s, at 42.4 % of the peak.
        ("allowed by the bar: ensemble, share of the matrix-product peak", "", "84.8"),
    ]


def test_the_first_call_ends_with_what_its_bar_allows():
    bars = [BAR, BAR | {"bar": "its first call, with compilation", "required": 6}]
    parts = {"one": 0.25, "the first call": 1.5}
    _, *rows = tables.first_call_rows(PEERS | {"bars": bars, "first_call": parts})
    # 8 s over 6.
    assert rows == [("one", "0.25"), ("the first call", "1.50"), ("allowed by its bar", "1.33")]


def test_a_product_is_compared_with_ours():
    row = {"name": "a library", "dtype": "float32", "seconds": 0.00123, "ratio_to_ours": 1.234}
    head, product = tables.product_rows({"rows": [row]})
    assert head == ("implementation", "precision", "milliseconds", "times ours")
    assert product == ("a library", "float32", "1.23", "1.23")


@pytest.mark.parametrize(
    ("name", "draw"), [("peers", drawings.draw_peers), ("growth", drawings.draw_growth)]
)
def test_what_the_benchmarks_have_written_can_be_drawn(name, draw):
    with plt.style.context(figures.STYLE):
        figure = draw(tables.read(name))
    described = figures.description(figure)
    assert described.caption
    assert len(described.alt.split()) >= 8
    assert all(line.get_xdata().size for ax in figure.axes for line in ax.lines)
    plt.close(figure)


def test_the_tables_that_are_shown_are_those_of_the_results(tmp_path):
    tables.write(tmp_path)
    written, shown = (
        {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".txt")}
        for folder in (tmp_path, RESULTS)
    )
    assert written == shown
    assert len(written) == len(tables.TABLES) + 1


def test_a_first_call_is_not_drawn_among_the_others():
    with plt.style.context(figures.STYLE):
        figure = drawings.draw_peers(PEERS)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["this engine (32)", "Keras fit (1)"]
    plt.close(figure)
