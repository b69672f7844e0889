"""Small repairs to the HTML that the theme and Sphinx-gallery write."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx


def _remove_tag_lists(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the empty list of tags: an overview of parts has it several times, with one id."""
    for raw in list(doctree.findall(nodes.raw)):
        if "sg-tag-list" in raw.astext():
            raw.parent.remove(raw)


def _remove_what_is_no_page(app: Sphinx, exception: Exception | None) -> None:
    """Remove a template that the theme copies among the static files as if it were a page."""
    if exception is None and app.builder.format == "html":
        Path(app.outdir, "_static", "webpack-macros.html").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _remove_tag_lists)
    app.connect("build-finished", _remove_what_is_no_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
