"""A figure becomes two twins, and one in motion shows one frame at a time."""

import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

from overfit_tutorial import figures

twin_figures = pytest.importorskip("twin_figures", reason="the site's tools are not installed")

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["1 step", "2 steps", "3 steps"]


def draw(names):
    with plt.style.context(figures.STYLE):
        figure, ax = plt.subplots()
        ax.set(xlim=(0, 1), ylim=(0, 4))
        color = figures.LIGHT["network"]
        return figure, [
            ax.plot([0, 1], [float(name[0])] * 2, color=color, label=name)[0] for name in names
        ]


@pytest.fixture
def saved(tmp_path):
    """Give the folder of a saved figure of three frames, and its record."""
    figure, frames = draw(NAMES)
    figures.describe(figure, caption="Look.", alt="A line that rises.", frames=frames)
    record = twin_figures.save_twins(figure, tmp_path / "moving.png")
    plt.close(figure)
    return tmp_path, record


def test_the_frames_are_siblings_each_at_its_place(saved):
    folder, record = saved
    assert record.frames == NAMES
    for twin in (record.light, record.dark):
        parents = [
            [child for child in group if child.get("id", "").startswith("frame-")]
            for group in ET.parse(folder / twin).iter(f"{SVG}g")
        ]
        (frames,) = filter(None, parents)
        assert [frame.get("id") for frame in frames] == ["frame-1", "frame-2", "frame-3"]
        paths = [frame.find(f"{SVG}path").get("d") for frame in frames]
        heights = [float(re.match(r"M [\d.]+ ([\d.]+)", path)[1]) for path in paths]
        assert np.diff(heights) == pytest.approx([heights[1] - heights[0]] * 2)
        assert heights[0] > heights[2]


def test_the_style_hides_all_frames_but_the_last_or_the_one_that_is_named(saved):
    folder, record = saved
    (style,) = ET.parse(folder / record.light).getroot().findall(f"{SVG}style")
    rules = dict(re.findall(r"([^{}]+?) \{display: (\w+)\}", style.text))
    assert rules == {
        '[id|="frame"]': "none",
        ' [id|="frame"]:target, #frame-3': "inline",
        " :target ~ #frame-3": "none",
    }


def test_the_still_is_the_last_frame(saved, tmp_path):
    figure, _ = draw(NAMES[-1:])
    figure.savefig(tmp_path / "last.png")
    plt.close(figure)
    assert compare_images(tmp_path / "last.png", saved[0] / "moving.png", tol=0) is None


def test_a_figure_at_rest_has_no_frames(tmp_path):
    figure, _ = draw(NAMES)
    figures.describe(figure, caption="Look.", alt="Three lines.")
    record = twin_figures.save_twins(figure, tmp_path / "still.png")
    plt.close(figure)
    assert record.frames == []
    assert "frame" not in (tmp_path / record.light).read_text(encoding="utf-8")
