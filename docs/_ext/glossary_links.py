"""Link a page's first mention of each term to the glossary; the scripts stay plain text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import published
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Where a link would disturb, or be one within another.
_NOT_IN = (
    nodes.reference,
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.raw,
    nodes.caption,
    addnodes.pending_xref,
    addnodes.download_reference,
)
# An answer is folded away, and claims are quoted elsewhere.
_CLASSES = {"page-meta", "answer", "claim", "page-footer", "exercise"}


@functools.cache
def terms(glossary: Path) -> tuple[str, ...]:
    """Return the terms of a glossary: the lines at one level below its directive."""
    _, _, body = glossary.read_text(encoding="utf-8").partition(".. glossary::")
    return tuple(re.findall(r"^ {3}(\S.*)$", body, flags=re.MULTILINE))


def mention(term: str) -> re.Pattern[str]:
    """Return the pattern that finds a term in prose, in the singular or the plural."""
    return re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])", re.IGNORECASE)


def _prose(doctree: nodes.document) -> Iterator[nodes.Text]:
    for text in doctree.findall(nodes.Text):
        node, is_prose = text.parent, False
        while node is not None:
            if isinstance(node, _NOT_IN) or _CLASSES & set(node.get("classes", ())):
                break
            is_prose |= isinstance(node, nodes.paragraph)
            node = node.parent
        else:
            if is_prose:
                yield text


def _link_first_mentions(app: Sphinx, doctree: nodes.document) -> None:
    docname, glossary = app.env.docname, Path(app.srcdir, "glossary.rst")
    if docname not in {page.docname for page in published.pages(app.env)}:
        return
    if not glossary.exists():
        return
    app.env.note_dependency(str(glossary))
    for term in sorted(terms(glossary), key=len, reverse=True):
        for text in list(_prose(doctree)):
            found = mention(term).search(text)
            if found:
                link = addnodes.pending_xref(
                    "",
                    nodes.inline("", found.group(), classes=["std", "std-term"]),
                    refdomain="std",
                    reftype="term",
                    reftarget=term,
                    refexplicit=True,
                    refwarn=True,
                    refdoc=docname,
                )
                before, after = text[: found.start()], text[found.end() :]
                text.parent.replace(text, [nodes.Text(before), link, nodes.Text(after)])
                break


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _link_first_mentions, priority=200)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
