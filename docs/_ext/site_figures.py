"""Figures that no page can draw: what the benchmarks have measured, and the claims of all pages.

Sphinx-gallery runs pages, and Matplotlib's own directive knows no dark twins and no captions.
"""

import json
import runpy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import twin_figures
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from overfit_tutorial import figures

#: What a claim must be about to stand on the axis of excess risks.
QUANTITY = "excess risk"
_CAPTION = "An open dot is one seed; the bar through a filled one is its interval."


def place(
    directive: SphinxDirective, name: str, draw: Callable[[Any], Figure], data: object
) -> list[nodes.Node]:
    """Return the nodes of a figure that a function draws of some data, in the site's style."""
    folder = Path(directive.env.srcdir, "development", "images")
    folder.mkdir(parents=True, exist_ok=True)
    with plt.style.context(figures.STYLE):
        figure = draw(data)
        saved = twin_figures.save_twins(figure, folder / f"{name}.png")
        plt.close(figure)
    return directive.parse_text_to_nodes(twin_figures.directive(saved, "/development/images/"))


def on_the_axis(claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims that are about an excess risk, the smallest first, as on the ladder."""
    found = [claim for claim in claims if claim["quantity"] == QUANTITY]
    return sorted(found, key=lambda claim: claim["value"])


def draw_risks(claims: list[dict[str, Any]]) -> Figure:
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


class BenchmarkFigure(SphinxDirective):
    """``.. benchmark-figure:: peers``: `draw_peers` in ``drawings.py``, of ``peers.json``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        folder = Path(self.env.srcdir, "..", "benchmarks").resolve()
        results, drawings = folder / "results" / f"{name}.json", folder / "drawings.py"
        for path in (results, drawings):
            self.env.note_dependency(str(path))
        draw = runpy.run_path(str(drawings))[f"draw_{name}"]
        return place(self, name, draw, json.loads(results.read_text(encoding="utf-8")))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("benchmark-figure", BenchmarkFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
