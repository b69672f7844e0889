"""The excess risks among the claims, with their intervals, on the ladder's logarithmic axis.

A figure like any other; but it needs the claims of all pages, so no page can draw it. Values of
another sort, such as ratios and shares, have no place on this axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import drawn_figures
import matplotlib.pyplot as plt
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.util.docutils import SphinxDirective

from overfit_tutorial import figures

#: What a claim must be about to stand here.
QUANTITY = "excess risk"
_CAPTION = "An open dot is one seed; the bar through a filled one is its interval."


def on_the_axis(claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims that are about an excess risk, the smallest first, as on the ladder."""
    found = [claim for claim in claims if claim["quantity"] == QUANTITY]
    return sorted(found, key=lambda claim: claim["value"])


def draw(claims: list[dict[str, Any]]) -> Figure:
    """Draw a row for each claim, the first on top: its words and numbers above its dot."""
    figure, ax = plt.subplots(figsize=(figures.PANEL[0], 0.9 + 0.5 * len(claims)))
    color, across = figures.LIGHT["network"], ax.get_yaxis_transform()
    told = []
    for row, claim in enumerate(claims):
        words, value = claim["id"].replace("-", " "), f"{claim['value']:.3g}"
        told.append(f"{words} {value}")
        if claim["interval"] is not None:
            low, high = claim["interval"]
            ax.plot([low, high], [row, row], color=color, linewidth=3)
            value += f" [{low:.3g}, {high:.3g}]"
        filled = figures.LIGHT["paper"] if claim["kind"] == "one seed" else color
        ax.plot(claim["value"], row, marker="o", markersize=8, color=color, markerfacecolor=filled)
        ax.text(0, row - 0.45, words, transform=across, va="center")
        ax.text(1, row - 0.45, value, transform=across, va="center", ha="right")
    ax.set(xscale="log", xlabel="excess risk (log scale)", yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(claims) - 0.6, -0.8)
    alt = "Dots on a logarithmic axis, from the smallest excess risk to the largest: "
    figures.describe(figure, caption=_CAPTION, alt=f"{alt}{', '.join(told)}.")
    return figure


def place(directive: SphinxDirective, claims: list[dict[str, Any]]) -> list[nodes.Node]:
    """Return the nodes of the figure."""
    return drawn_figures.place(directive, "excess_risks", draw, claims)
