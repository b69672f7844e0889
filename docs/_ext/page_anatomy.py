"""What every executed page has around its content: one meta line, the answer, one footer.

The scripts stay free of it: all is derived from the page's record and from what Sphinx-gallery
measured.
"""

import ast
import re
from pathlib import Path
from typing import Any

import claim_boxes
import downloads
import published
from docutils import nodes
from folds import FOLD
from html_elements import element
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from twin_figures import twin_images
from words import SEPARATOR, link, typeset

# Prose is read at 238 words a minute (Brysbaert 2019), this more slowly; code is skimmed.
_WORDS_A_MINUTE, _CODE_LINES_A_MINUTE = 180, 120
_CARD_LENGTH = 200
_PATH = "on the 35-minute path"
_LIFTED, _ANSWER = "This is the figure at the top of the page.", "figure-of-the-answer"


def _shape_page(app: Sphinx, doctree: nodes.document) -> None:
    """Add the meta line and the answer; drop what these and the footer replace."""
    docname = app.env.docname
    page = published.page_of(app.env, docname)
    if page is None:
        return
    seconds = _take_seconds(doctree)
    _drop_downloads(doctree)
    section = next(doctree.findall(nodes.section))
    head: list[nodes.Node] = [_meta_line(app, doctree, seconds)]
    if page.headline is not None:
        head.append(_answer(app, page))
    head += _lifted(doctree)
    section[1:1] = head


def _lifted(doctree: nodes.document) -> list[nodes.Node]:
    """Take the figure that shows the answer from its place, and leave a link to it there."""
    figure = next((f for f in doctree.findall(element) if f.get("headline")), None)
    if figure is None:
        return []
    link_to_it = nodes.reference("", _LIFTED, refuri=f"#{_ANSWER}", internal=True)
    figure.parent.replace(figure, nodes.paragraph("", "", link_to_it, classes=["lifted"]))
    figure["ids"].append(_ANSWER)
    return [figure]


def _take_seconds(doctree: nodes.document) -> float | None:
    """Remove Sphinx-gallery's line with the running time; return the time."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        found = re.search(r"\((\d+) minutes ([\d.]+) seconds\)", paragraph.astext())
        if "sphx-glr-timing" in paragraph["classes"] and found:
            paragraph.parent.remove(paragraph)
            return 60 * int(found[1]) + float(found[2])
    return None


def _drop_downloads(doctree: nodes.document) -> None:
    """Remove Sphinx-gallery's note above and its buttons below."""
    for node in list(doctree.findall(nodes.Element)):
        if {"sphx-glr-download-link-note", "sphx-glr-footer"} & {*node.get("classes", ())}:
            node.parent.remove(node)


def _meta_line(app: Sphinx, doctree: nodes.document, seconds: float | None) -> nodes.Node:
    """Return the line under the title, not to be searched: minutes, seconds, path or deeper."""
    parts = [f"{max(1, round(_minutes(doctree)))} min"]
    if seconds is not None:
        parts.append(f"runs in {max(1, round(seconds))} s")
    parts.append(f"★ {_PATH}" if app.env.docname in app.config.reading_path else "deeper")
    return nodes.paragraph("", SEPARATOR.join(parts), classes=["page-meta", "no-search"])


def _minutes(doctree: nodes.document) -> float:
    """Return the time to read a page, without its exercises."""
    captions = (e for e in doctree.findall(element) if e["tag"] == "figcaption")
    read = [*doctree.findall(nodes.paragraph), *captions]
    exercises = (c for c in doctree.findall(nodes.container) if "exercise" in c["classes"])
    skipped = [p for exercise in exercises for p in exercise.findall(nodes.paragraph)]
    words = sum(len(p.astext().split()) for p in read)
    words -= sum(len(p.astext().split()) for p in skipped)
    blocks = [b for b in doctree.findall(nodes.literal_block) if FOLD not in b.parent["classes"]]
    lines = sum(block.astext().count("\n") + 1 for block in blocks)
    return words / _WORDS_A_MINUTE + lines / _CODE_LINES_A_MINUTE


def _answer(app: Sphinx, page: published.Page) -> nodes.Node:
    """Return the box with the page's headline claim."""
    claim = page.headline
    assert claim is not None
    box = nodes.container(classes=["answer"])
    box += nodes.paragraph("", "The short answer", classes=["answer-label"])
    sentence = nodes.paragraph("", typeset(claim["sentence"]) + " ")
    here = app.env.docname
    sentence += link(app.env, here, here, claim_boxes.anchor(claim), "Why we say so")
    box += sentence
    return box


def _add_footer(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Hand the template of the footer its command and files: ``page-footer.html``."""
    if published.page_of(app.env, pagename):
        context["script_url"] = downloads.script_url(app, pagename)
        context["everything"] = downloads.EVERYTHING
        context["claims_of_page"] = nodes.make_id(pagename)


def opening(script: str) -> str:
    """Return the first sentences of a page, whole ones, as many as a card has room for.

    Sphinx-gallery would cut them after 95 characters.
    """
    words = ast.get_docstring(ast.parse(script)) or ""
    paragraphs = words.split("\n\n")
    sentences = re.split(r"(?<=[.?!])\s+", " ".join("".join(paragraphs[1:2]).split()))
    text = sentences[0]
    for sentence in sentences[1:]:
        if len(text) + 1 + len(sentence) > _CARD_LENGTH:
            break
        text += f" {sentence}"
    return text


class PageCard(SphinxDirective):
    """A link to a page by its title, with its first figure and its first sentences."""

    required_arguments = 1
    # What Sphinx-gallery found to say about the page.
    has_content = True

    def run(self) -> list[nodes.Node]:
        docname = self.arguments[0].strip("/")
        record = published.record_path(Path(self.env.srcdir, docname + ".rst"))
        if not record.exists():
            raise self.error(f"page-card: {docname} has published nothing")
        self.env.note_dependency(str(record))
        card = nodes.container(classes=["page-card"])
        first = published.read(record).headline_figure
        if first is not None:
            folder = "/" + docname.rpartition("/")[0] + "/images/"
            picture = nodes.container(classes=["page-card-picture"])
            # The alternative text is empty: the picture repeats what the title and text say.
            picture += twin_images(first, folder, alt="")
            card += picture
        title = self.parse_inline(f":doc:`/{docname}`")[0]
        card += nodes.paragraph("", "", *title, classes=["page-card-title"])
        if docname in self.config.reading_path:
            card += nodes.paragraph("", f"★ {_PATH}", classes=["page-card-mark"])
        script = Path(self.env.srcdir, docname + ".py").read_text(encoding="utf-8")
        words, messages = self.parse_inline(opening(script))
        card += nodes.paragraph("", "", *words, classes=["page-card-text"])
        return [card, *messages]


class ReadingPath(SphinxDirective):
    """The titles of the pages on the 35-minute path, in order."""

    def run(self) -> list[nodes.Node]:
        steps = nodes.enumerated_list(classes=["reading-path"])
        for docname in self.config.reading_path:
            words = self.parse_inline(f":doc:`/{docname}`")[0]
            steps += nodes.list_item("", nodes.paragraph("", "", *words))
        return [steps]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("reading_path", [], "env", list)
    app.add_directive("page-card", PageCard)
    app.add_directive("reading-path", ReadingPath)
    # Before Sphinx collects images, downloads and the table of contents from the tree.
    app.connect("doctree-read", _shape_page, priority=100)
    app.connect("html-page-context", _add_footer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
