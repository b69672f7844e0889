"""The figures of the page on speed, each from one file of results; the site draws them."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from overfit_tutorial import figures

Results = dict[str, Any]


def draw_peers(peers: Results) -> Figure:
    """Draw the seconds a network takes with each implementation, a panel for each task."""
    tasks = list(peers["left"])
    figure, axes = plt.subplots(len(tasks), figsize=(figures.PANEL[0], 3.4 * len(tasks)))
    for ax, task in zip(axes, tasks, strict=True):
        rows = [row for row in peers["rows"] if row["task"] == task]
        for place, row in enumerate(reversed(rows)):
            color = figures.LIGHT["network" if row["name"] == "ours, exact" else "muted"]
            ax.plot(row["range"], [place, place], color=color, linewidth=4)
            ax.plot(row["seconds"], place, marker="o", markersize=8, color=color)
        names = [f"{row['name'].split(', chunks')[0]} ({row['n_members']})" for row in rows[::-1]]
        ax.set_yticks(range(len(rows)), names)
        ax.set(xscale="log", title=task[0].upper() + task[1:])
        ax.grid(axis="y", visible=False)
    axes[-1].set_xlabel("seconds a network (log scale)")
    figures.describe(
        figure,
        caption="Median and range of the time that one network takes, slowest on top; in "
        "brackets, how many were trained at once.",
        alt="Panels of times on logarithmic axes, one for each task. Keras fit takes longest by "
        "far; the trainers of this package and JAX, at the bottom, take the least.",
    )
    return figure


def draw_crossover(crossover: Results) -> Figure:
    """Draw by width how many times XLA's time is that of the exact trainer."""
    figure, ax = plt.subplots()
    cases = {"the story": "network", "no unit off": "series_a"}
    for case, role in cases.items():
        rows = [row for row in crossover["rows"] if row["case"] == case]
        widths, ratios = ([row[key] for row in rows] for key in ("width", "ratio"))
        figures.plot_curve(ax, widths, ratios, role=role, label=case)
        ax.plot(widths, ratios, linestyle="", marker="o", color=figures.LIGHT[role], markersize=5)
    ax.axhline(1, color=figures.LIGHT["muted"], linewidth=1)
    ax.set(xscale="log", yscale="log", xlabel="units in each of five layers (log scale)")
    ax.set(ylabel="XLA / exact (log scale)", title="Who is faster depends on what is off")
    ax.legend()
    figures.describe(
        figure,
        caption="XLA's time over the exact trainer's. Below the horizontal line XLA is faster.",
        alt="Two curves over the width, on logarithmic axes: that of the story lies above that of "
        "networks in which no unit is off.",
    )
    return figure
