"""The tables and figures of the page on speed, from results that are made up."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
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
    "left": {"the story": 0.1612, "full batch": 0.2},
    "first_calls": {"ours, exact": 0.25},
    "rows": [
        {
            "task": task,
            "name": name,
            "n_members": n,
            "seconds": seconds,
            "range": [seconds / 2, seconds * 2],
            "ratio": seconds / 0.05,
            "range_of_ratio": [seconds / 0.1, seconds / 0.025],
            "megabytes": 1036.4,
        }
        for task in ("the story", "full batch")
        for name, n, seconds in (
            ("Keras fit", 1, 8.0),
            ("JAX vmap, chunks of 8, devices: 2", 32, 0.1),
            ("ours, exact", 32, 0.05),
        )
    ],
}
CROSSOVER = {
    "rows": [{"case": "the story", "width": 1000, "share_left": 0.126, "ratio": 0.987}],
    "crossover": {"the story": 712.4, "no unit off": None},
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
    assert head[2:] == ("networks", "seconds each", "times exact", "range", "MB")
    assert slowest == ("the story", "Keras fit", "1", "8", "160", "80 to 320", "1,036")


def test_shares_first_calls_and_the_crossover_are_told():
    assert list(tables.left_rows(PEERS))[1] == ("the story", "16%")
    assert list(tables.first_call_rows(PEERS))[1] == ("ours, exact", "0.25")
    assert list(tables.crossover_rows(CROSSOVER))[1:] == [
        ("the story", "1,000", "13%", "0.99"),
        ("the story: both are as fast", "about 712", "", "1.00"),
        ("no unit off: both are as fast", "above all of these", "", "1.00"),
    ]


def test_a_bar_that_is_missed_is_said_to_be():
    reached = BAR | {"at_most": True, "required": 100.0, "holds": True}
    _, first, second = tables.bar_rows(PEERS, {"bars": [reached]})
    assert first == ("a ratio", "at least 80", "66.8", "missed")
    assert second == ("a ratio", "at most 100", "66.8", "reached")


def test_a_product_is_compared_with_ours():
    row = {"name": "a library", "dtype": "float32", "seconds": 0.00123, "ratio_to_ours": 1.234}
    head, product = tables.product_rows({"rows": [row]})
    assert head == ("implementation", "precision", "milliseconds", "times ours")
    assert product == ("a library", "float32", "1.23", "1.23")


@pytest.mark.parametrize(
    ("name", "draw"), [("peers", drawings.draw_peers), ("crossover", drawings.draw_crossover)]
)
def test_what_the_benchmarks_have_written_can_be_drawn(name, draw):
    with plt.style.context(figures.STYLE):
        figure = draw(tables.read(name))
    described = figures.description(figure)
    assert described.caption
    assert len(described.alt.split()) >= 8
    assert all(np.size(line.get_xdata()) for ax in figure.axes for line in ax.lines)
    plt.close(figure)


def test_the_tables_that_are_shown_are_those_of_the_results(tmp_path):
    tables.write(tmp_path)
    written, shown = (
        {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".csv", ".txt")}
        for folder in (tmp_path, RESULTS)
    )
    assert written == shown
    assert len(written) == len(tables.TABLES) + 1


def test_each_task_has_a_panel():
    with plt.style.context(figures.STYLE):
        figure = drawings.draw_peers(PEERS)
    names = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert names == ["ours, exact (32)", "JAX vmap (32)", "Keras fit (1)"]
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["The story", "Full batch"]
    plt.close(figure)


@pytest.fixture
def benchmark(monkeypatch):
    """Give a function that runs a benchmark's file and returns what it defines."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield lambda name: SimpleNamespace(**runpy.run_path(str(BENCHMARKS / f"{name}.py")))
    for name in ("protocol", "report", "skipped"):
        sys.modules.pop(name, None)


def test_products_are_counted_as_the_trainer_does_them(benchmark):
    # Two points; of the hidden units, the second is off for both, the third for one.
    first, second = np.array([[1, 1], [0, 0], [0, 2]]), np.array([[0, 0], [3, 0]])
    done, dense = benchmark("skipped").products([np.ones((1, 2)), first, second, np.ones((1, 2))])
    # Forward: 1 input into 3 units, 2 on into 2, 1 on into 1. Backward: a gradient for 1 x 2,
    # 2 x 1 and 1 x 1 weights, and the same handed back, but not to the input.
    assert done == 2 * ((3 + 4 + 1) + (2 + 2 + 1) + (2 + 1))
    assert dense == 2 * ((3 + 6 + 2) + (3 + 6 + 2) + (6 + 2))


@pytest.mark.parametrize(
    ("ratios", "width"), [((4, 2, 1.5), None), ((0.5, 0.4, 0.3), 10), ((4, 2, 0.5), 10**2.5)]
)
def test_engines_meet_where_the_ratio_is_one(ratios, width, benchmark):
    rows = [{"width": w, "ratio": r} for w, r in zip((10, 100, 1000), ratios, strict=True)]
    found = benchmark("crossover").crossing(rows)
    assert found == (None if width is None else pytest.approx(width))
