"""Link a page's first mention of each term to the glossary.

Sphinx links what is marked as a term; here nothing is, so that scripts stay plain text.
"""

import functools
import re
from pathlib import Path

import published
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Where a link would disturb, or be one within another.
_NOT_IN = (
    *(nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.math, nodes.raw),
    *(nodes.caption, addnodes.pending_xref, addnodes.download_reference),
)
# An answer is folded away, and claims are quoted elsewhere.
_CLASSES = {"page-meta", "answer", "claim", "exercise"}


@functools.cache
def terms(glossary: Path) -> tuple[str, ...]:
    """Return the terms of a glossary: the lines at one level below its directive."""
    _, _, body = glossary.read_text(encoding="utf-8").partition(".. glossary::")
    return tuple(re.findall(r"^ {3}(\S.*)$", body, flags=re.MULTILINE))


def mention(term: str) -> re.Pattern[str]:
    """Return the pattern that finds a term in prose, in the singular or the plural."""
    return re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])", re.IGNORECASE)


def _is_prose(text: nodes.Text) -> bool:
    above, node = [], text.parent
    while node is not None:
        above.append(node)
        node = node.parent
    if any(isinstance(n, _NOT_IN) or _CLASSES & set(n.get("classes", ())) for n in above):
        return False
    return any(isinstance(node, nodes.paragraph) for node in above)


def _link_first_mentions(app: Sphinx, doctree: nodes.document) -> None:
    docname, glossary = app.env.docname, Path(app.srcdir, "glossary.rst")
    if published.page_of(app.env, docname) is None or not glossary.exists():
        return
    app.env.note_dependency(str(glossary))
    target = {"refdomain": "std", "reftype": "term", "refdoc": docname}
    for term in sorted(terms(glossary), key=len, reverse=True):
        for text in filter(_is_prose, list(doctree.findall(nodes.Text))):
            if found := mention(term).search(text):
                words = nodes.inline("", found.group(), classes=["std", "std-term"])
                link = addnodes.pending_xref("", words, **target, refexplicit=True, refwarn=True)
                link["reftarget"] = term
                before, after = text[: found.start()], text[found.end() :]
                text.parent.replace(text, [nodes.Text(before), link, nodes.Text(after)])
                break


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _link_first_mentions, priority=200)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
