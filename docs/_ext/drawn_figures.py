"""Figures of the reference pages, which no example draws: what the benchmarks have measured.

Sphinx-gallery runs pages, and Matplotlib's own directive knows no dark twins and no captions.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import twin_figures
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from overfit_tutorial import figures


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
