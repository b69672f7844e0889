"""Repairs to HTML of the theme, Sphinx-gallery and docutils that fails axe or the Nu checker."""

from pathlib import Path
from typing import Any

import bs4
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def _remove_tag_lists(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the empty list of tags: an overview of parts has it several times, with one id."""
    for raw in list(doctree.findall(nodes.raw)):
        if "sg-tag-list" in raw.astext():
            raw.parent.remove(raw)


def name_toggles(html: str) -> str:
    """Say in words what the arrows of the navigation open: the theme gives them no name."""
    soup = bs4.BeautifulSoup(html, "html.parser")
    for toggle in soup.select("summary > .toctree-toggle"):
        del toggle["role"]
        link = toggle.find_parent("li").find("a")
        words = soup.new_tag("span", attrs={"class": "visually-hidden"})
        words.string = f"Pages of {link.get_text(strip=True)}" if link else "More pages"
        toggle.insert_after(words)
    return str(soup)


def _name_toggles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    if make := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda *a, **options: name_toggles(
            str(make(*a, **options))
        )


def _visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    # Docutils gives its entries a role that ARIA has given up, in a list that allows no other.
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<div role="list" class="citation-list">\n')
    self.body.append(self.starttag(node, "div", classes=["citation"], role="listitem"))


def _remove_template(app: Sphinx, exception: Exception | None) -> None:
    """Remove a template that the theme copies as if it were a page."""
    Path(app.outdir, "_static", "webpack-macros.html").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _remove_tag_lists)
    # After the theme, which makes the navigation.
    app.connect("html-page-context", _name_toggles, priority=900)
    app.connect("build-finished", _remove_template)
    citation = (_visit_citation, HTML5Translator.depart_citation)
    app.add_node(nodes.citation, override=True, html=citation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
