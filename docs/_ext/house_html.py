"""Small repairs to the HTML that the theme and Sphinx-gallery write."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
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


def name_toggles(soup: bs4.BeautifulSoup) -> None:
    """Say in words what the arrows of the navigation open: the theme gives them no name."""
    for toggle in soup.select("summary > .toctree-toggle"):
        item = toggle.find_parent("li")
        link = item.find("a") if item else None
        words = soup.new_tag("span", attrs={"class": "visually-hidden"})
        words.string = f"Pages of {link.get_text(strip=True)}" if link else "More pages"
        toggle.insert_after(words)
        del toggle["role"]


def _name_toggles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    make: Callable[..., object] | None = context.get("generate_toctree_html")
    if make is None:
        return

    @functools.wraps(make)
    def make_named(*arguments: Any, **options: Any) -> bs4.BeautifulSoup:
        soup = bs4.BeautifulSoup(str(make(*arguments, **options)), "html.parser")
        name_toggles(soup)
        return soup

    context["generate_toctree_html"] = make_named


def _visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    # Docutils gives its entries a role that ARIA has given up, in a list that allows no other.
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<div role="list" class="citation-list">\n')
    self.body.append(self.starttag(node, "div", classes=["citation"], role="listitem"))


def _depart_citation(self: HTML5Translator, node: nodes.citation) -> None:
    HTML5Translator.depart_citation(self, node)


def _remove_what_nobody_loads(app: Sphinx, exception: Exception | None) -> None:
    """Remove a template that the theme copies as if it were a page, and its set of icons."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir, "_static")
        static.joinpath("webpack-macros.html").unlink(missing_ok=True)
        for script in static.glob("scripts/fontawesome.js*"):
            script.unlink()
        shutil.rmtree(static / "vendor", ignore_errors=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _remove_tag_lists)
    # After the theme, which makes the navigation.
    app.connect("html-page-context", _name_toggles, priority=900)
    app.connect("build-finished", _remove_what_nobody_loads)
    app.add_node(nodes.citation, override=True, html=(_visit_citation, _depart_citation))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
