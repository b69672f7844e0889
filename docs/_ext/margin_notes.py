"""Margin notes: beside their paragraph where the window is wide, below it where it is not.

``.. margin-note::`` follows the paragraph that it belongs to. It is for what a reader may skip.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

_logger = logging.getLogger(__name__)


class margin_note(nodes.General, nodes.Element):  # noqa: N801, docutils names nodes so
    """A note."""


class MarginNote(SphinxDirective):
    """``.. margin-note::`` with its text indented below."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        note = margin_note()
        self.set_source_info(note)
        note += self.parse_content_to_nodes()
        return [note]


def _set_beside_paragraph(app: Sphinx, doctree: nodes.document) -> None:
    """Put each note and the paragraph before it into one box, which a style sheet lays out."""
    for note in list(doctree.findall(margin_note)):
        parent, place = note.parent, note.parent.index(note)
        paragraph = parent[place - 1] if place else None
        if not isinstance(paragraph, nodes.paragraph):
            _logger.warning("a margin note must follow a paragraph", location=note)
            continue
        box = nodes.container(classes=["noted"])
        parent[place - 1 : place + 1] = [box]
        box += [paragraph, note]


def _visit_note(self: HTML5Translator, node: margin_note) -> None:
    # No <aside>: that is a landmark, and would have to stand outside of the main text.
    self.body.append(self.starttag(node, "div", CLASS="margin-note", role="note"))


def _depart_note(self: HTML5Translator, node: margin_note) -> None:
    self.body.append("</div>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(margin_note, html=(_visit_note, _depart_note))
    app.add_directive("margin-note", MarginNote)
    app.connect("doctree-read", _set_beside_paragraph)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
