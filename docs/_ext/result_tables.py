"""Tables that a page shows with ``tables.show``: real ones, whose numbers stand under each other.

Sphinx-gallery prints a table as text, or takes the HTML of a DataFrame with styles of its own.
"""

from __future__ import annotations

import json

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import typeset

from overfit_tutorial.tables import Table


def directive(table: Table) -> str:
    """Return the reST that sets a table."""
    content = {"head": table.head, "rows": table.rows, "is_text": table.is_text}
    return f".. result-table::\n\n   {json.dumps(content)}\n\n"


class ResultTable(SphinxDirective):
    """``.. result-table::`` with a table as JSON."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        content = json.loads("\n".join(self.content))
        is_text = content["is_text"]
        group = nodes.tgroup("", cols=len(is_text))
        group += [nodes.colspec(colwidth=1) for _ in is_text]
        group += nodes.thead("", _row(content["head"], is_text))
        group += nodes.tbody("", *(_row(row, is_text) for row in content["rows"]))
        return [nodes.table("", group, classes=["result", "colwidths-auto"])]


def _row(cells: list[str], is_text: list[bool]) -> nodes.row:
    row = nodes.row()
    for cell, text in zip(cells, is_text, strict=True):
        entry = nodes.entry("", nodes.paragraph("", typeset(cell)))
        if not text:
            entry["classes"].append("number")
        row += entry
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("result-table", ResultTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
