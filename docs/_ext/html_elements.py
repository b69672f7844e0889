"""HTML elements that docutils has no node for: ``element(tag="details")``."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


class element(nodes.General, nodes.TextElement):  # noqa: N801, docutils names nodes so
    """An element by its tag, with classes, ids, and further attributes under `html`."""


def details(summary: str, *content: nodes.Node, name: str) -> element:
    """Return what is folded away, natively, under a summary."""
    head = element("", summary, tag="summary")
    return element("", "", head, *content, tag="details", classes=[name])


def _visit(self: HTML5Translator, node: element) -> None:
    self.body.append(self.starttag(node, node["tag"], "", **node.get("html", {})))


def _depart(self: HTML5Translator, node: element) -> None:
    self.body.append(f"</{node['tag']}>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(element, html=(_visit, _depart))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
