"""Small repairs to the HTML that the theme and Sphinx-gallery write."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx


def _remove_what_is_no_page(app: Sphinx, exception: Exception | None) -> None:
    """Remove a template that the theme copies among the static files as if it were a page."""
    if exception is None and app.builder.format == "html":
        Path(app.outdir, "_static", "webpack-macros.html").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _remove_what_is_no_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
