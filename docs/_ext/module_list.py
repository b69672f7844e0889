"""The overview of the package: each module with the first sentence of its docstring."""

from __future__ import annotations

import ast
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

_OVERVIEW = "api/index"


def first_line(module: Path) -> str:
    """Return what a module says of itself in one line, or nothing."""
    words = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return words.partition("\n")[0].replace("'", "’")


def marked(words: str) -> list[nodes.Node]:
    """Return words in which what stands between backticks is emphasized, as in the reference."""
    parts = words.split("`")
    return [
        nodes.emphasis("", part) if place % 2 else nodes.Text(part)
        for place, part in enumerate(parts)
    ]


def _describe(app: Sphinx, doctree: nodes.document) -> None:
    """Replace what the overview's table of contents shows, bare names, by a list with words."""
    if app.env.docname != _OVERVIEW:
        return
    package = Path(app.confdir, app.config.freshness_package)
    for contents in list(doctree.findall(addnodes.toctree)):
        listing = nodes.definition_list(classes=["modules"])
        for docname in contents["includefiles"]:
            name = docname.rpartition("/")[2]
            place = package.joinpath(*name.split("."))
            module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            app.env.note_dependency(str(module.resolve()))
            link = addnodes.pending_xref(
                "",
                nodes.inline("", name),
                refdomain="std",
                reftype="doc",
                reftarget=f"/{docname}",
                refexplicit=True,
                refwarn=True,
                refdoc=_OVERVIEW,
            )
            words = nodes.paragraph("", "", *marked(first_line(module)))
            listing += nodes.definition_list_item(
                "", nodes.term("", "", link), nodes.definition("", words)
            )
        contents["hidden"] = True
        contents.parent.parent.insert(contents.parent.parent.index(contents.parent), listing)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
