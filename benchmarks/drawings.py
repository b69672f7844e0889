"""The figures of the page on speed, each from one file of results; the site draws them."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overfit_tutorial import figures

Results = dict[str, Any]


def draw_peers(peers: Results) -> Figure:
    """Draw the seconds a network takes with each implementation."""
    rows = [row for row in peers["rows"] if not row["cold"]]
    figure, ax = plt.subplots(figsize=(figures.PANEL[0], 0.6 + 0.34 * len(rows)))
    for place, row in enumerate(reversed(rows)):
        ours = row["name"].startswith("this engine")
        color = figures.LIGHT["network" if ours else "muted"]
        ax.plot(row["range"], [place, place], color=color, linewidth=4)
        ax.plot(row["seconds"], place, marker="D" if ours else "o", markersize=8, color=color)
    names = [f"{row['name']} ({row['n_members']})" for row in reversed(rows)]
    ax.set_yticks(range(len(rows)), [name.replace(", shared out to", ",") for name in names])
    ax.set(xscale="log", xlabel="seconds (log scale)", title="The same training")
    ax.grid(axis="y", visible=False)
    figures.describe(
        figure,
        caption="Median and range of the time that one network takes, slowest on top; in "
        "brackets, how many were trained at once.",
        alt="A chart of times on a logarithmic axis. Keras fit takes longest by far; ensembles "
        "of this engine and of JAX, at the bottom, take the least.",
    )
    return figure


def draw_growth(growth: Results) -> Figure:
    """Draw the time a step by the number of members, the width and the number of steps."""
    figure, axes = plt.subplots(3, figsize=(figures.PANEL[0], 8.4))
    panels = (
        ("members", "n_members", "networks in the ensemble", "A network's step"),
        ("widths", "width", "units in each of five layers", "By width, one network"),
        ("steps", "n_steps", "steps of training", "By length, one network"),
    )
    for ax, (part, key, label, title) in zip(axes, panels, strict=True):
        rows = growth[part]
        ours = [1e6 * row["seconds_a_step"] for row in rows]
        _grow(ax, [row[key] for row in rows], ours, role="network", label="this engine")
        if "keras_seconds_a_step" in rows[0]:
            theirs = [1e6 * row["keras_seconds_a_step"] for row in rows]
            _grow(ax, [row[key] for row in rows], theirs, role="series_b", label="Keras fit")
            ax.legend()
        ax.set(xscale="log", yscale="log", xlabel=label, ylabel="µs a step", title=title)
    figures.describe(
        figure,
        caption="Time a step of one network, by how many are trained, how wide they are, and how "
        "long.",
        alt="Three curves on logarithmic axes. With more members the time a step falls and then "
        "stays level; with width it hardly changes at first, then rises, and stays below that of "
        "Keras; with the length of training it is level.",
    )
    return figure


def _grow(ax: Axes, x: list[float], y: list[float], *, role: str, label: str) -> None:
    figures.plot_curve(ax, x, y, role=role, label=label)
    ax.plot(x, y, linestyle="", marker="o", color=figures.LIGHT[role], markersize=5)
