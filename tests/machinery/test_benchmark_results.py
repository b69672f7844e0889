"""The tables and figures of the page on speed, from results that are made up."""

import json
from pathlib import Path

import benchmark_results
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
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def test_the_machine_is_named():
    assert benchmark_results.machine_sentence(PEERS) == (
        "Measured on 2026-01-02, on 2 cores of a processor under Linux, with Python 3.11.7, "
        "JAX 0.1, TensorFlow 2.0."
    )


def test_a_row_says_what_was_measured():
    head, slowest, *_ = benchmark_results.peer_rows(PEERS)
    assert head[1:] == ("networks", "seconds each", "times Keras", "GFLOP/s", "of the peak", "MB")
    assert slowest == ("Keras fit", "1", "8", "1", "0.625", "42%", "1,036")


def test_a_bar_that_is_missed_is_said_to_be():
    reached = BAR | {"at_most": True, "required": 100.0, "holds": True}
    _, first, second = benchmark_results.bar_rows(PEERS, {"bars": [reached]})
    assert first == ("a ratio", "at least 80", "66.8", "missed")
    assert second == ("a ratio", "at most 100", "66.8", "reached")


def test_the_limits_end_with_what_the_bars_allow():
    blocks = [{"n_members": n, "seconds": {"the engine": 0.1}} for n in (1, 8)]
    bars = [
        BAR | {"bar": "one network, ratio to Keras fit"},
        BAR | {"bar": "ensemble, share of the matrix-product peak", "required": 0.5},
    ]
    head, *rows = benchmark_results.limit_rows({"blocks": blocks}, PEERS | {"bars": bars})
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
    _, *rows = benchmark_results.first_call_rows(PEERS | {"bars": bars, "first_call": parts})
    # 8 s over 6.
    assert rows == [("one", "0.25"), ("the first call", "1.50"), ("allowed by its bar", "1.33")]


def test_a_product_is_compared_with_ours():
    row = {"name": "a library", "dtype": "float32", "seconds": 0.00123, "ratio_to_ours": 1.234}
    head, product = benchmark_results.product_rows({"rows": [row]})
    assert head == ("implementation", "precision", "milliseconds", "times ours")
    assert product == ("a library", "float32", "1.23", "1.23")


def test_a_table_is_as_wide_as_its_head():
    table = benchmark_results.table(("", "a"), [("b", "1"), ("c", "2")])
    assert [row.astext().split() for row in table.findall(benchmark_results.nodes.row)] == [
        ["a"],
        ["b", "1"],
        ["c", "2"],
    ]


@pytest.mark.parametrize("name", benchmark_results.FIGURES)
def test_what_the_benchmarks_have_written_can_be_drawn(name):
    file, draw = benchmark_results.FIGURES[name]
    with plt.style.context(figures.STYLE):
        figure = draw(json.loads((RESULTS / f"{file}.json").read_text(encoding="utf-8")))
    described = figures.description(figure)
    assert described.caption
    assert len(described.alt.split()) >= 8
    assert all(line.get_xdata().size for ax in figure.axes for line in ax.lines)
    plt.close(figure)


@pytest.mark.parametrize("name", benchmark_results.TABLES)
def test_what_the_benchmarks_have_written_fills_the_tables(name):
    files, rows = benchmark_results.TABLES[name]
    read = [json.loads((RESULTS / f"{f}.json").read_text(encoding="utf-8")) for f in files]
    head, *body = rows(*read)
    assert body
    assert {len(row) for row in body} == {len(head)}


def test_a_first_call_is_not_drawn_among_the_others():
    with plt.style.context(figures.STYLE):
        figure = benchmark_results.draw_peers(PEERS)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["this engine (32)", "Keras fit (1)"]
    plt.close(figure)
