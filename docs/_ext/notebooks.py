"""Make the downloaded notebooks readable: they show Markdown, and pages are written in reST.

Sphinx-gallery converts headings, math, links and notes. This does the rest of what pages use:
citations become author and year, other roles their text, admonitions quoted blocks. What it does
not know is an error, so that no notebook shows reST to a reader.
"""

import functools
import re
import textwrap
from pathlib import Path
from typing import Any

from pybtex.database import Entry, parse_file
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_gallery import notebook

_ROLE = re.compile(r"(?<!`):([a-z]+(?::[a-z]+)*):`([^`]+)`")
_ADMONITION = re.compile(
    r"^\.\. (?P<kind>admonition|exercise|guess):: (?P<title>.+)\n"
    r"(?P<options>(?: +:\w+:.*\n)*)(?P<body>(?:\n| +.*\n?)+)",
    flags=re.MULTILINE,
)
_ANSWER = re.compile(r"^\.\. answer::(?P<title>.*)\n(?P<body>(?:\n| +.*\n?)+)", flags=re.MULTILINE)
# What stands in ``...`` or in a fence is quoted, not meant.
_QUOTED = re.compile(r"```.*?```|``.*?``", flags=re.DOTALL)
_LEFT_OVER = re.compile(r":[a-z:]+:`|^ *\.\. [a-z-]+::", flags=re.MULTILINE)

# Roles that name an object of the package, and roles that stand for a text with an address.
_CODE = {"func", "class", "meth", "mod", "attr", "data", "obj"}
_TEXT = {"doc", "ref", "term"}
_convert = notebook.rst2md


def cited(entry: Entry) -> str:
    """Return how a notebook cites a source: by authors and year, linked to the source's page."""
    names = [" ".join(person.last_names) for person in entry.persons["author"]]
    words = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    text = f"{words}, {entry.fields['year']}"
    address = entry.fields.get("url")
    return f"([{text}]({address}))" if address else f"({text})"


def say_roles(text: str, entries: dict[str, Entry]) -> str:
    """Replace the roles in reST by the words that they stand for; leave math to the others."""

    def said(match: re.Match[str]) -> str:
        role, content = match[1].split(":")[-1], " ".join(match[2].split())
        keys = [key.strip() for key in content.split(",")]
        if role == "cite" and entries.keys() >= set(keys):
            return ", ".join(cited(entries[key]) for key in keys)
        title = re.sub(r" *<[^>]*>$", "", content)
        if role in _CODE:
            return f"`{title.rpartition('.')[2] if title.startswith('~') else title}`"
        return title if role in _TEXT else match[0]

    return _ROLE.sub(said, text)


def quote_admonitions(text: str) -> str:
    """Turn admonitions and exercises into quoted blocks; answers stay folded."""

    def answered(match: re.Match[str]) -> str:
        answer = textwrap.dedent(match["body"]).strip()
        summary = match["title"].strip() or "Answer"
        return f"<details><summary>{summary}</summary>\n\n{answer}\n\n</details>\n"

    def quoted(match: re.Match[str]) -> str:
        body = _ANSWER.sub(answered, textwrap.dedent(match["body"]).strip() + "\n")
        before = {"exercise": "Try it: ", "guess": "Guess first: "}.get(match["kind"], "")
        lines = (f"**{before}{match['title'].strip()}**", "", *body.strip().splitlines())
        return "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"

    return _ADMONITION.sub(quoted, text)


def left_over(text: str) -> str | None:
    """Return the first piece of reST in a text that should be Markdown."""
    found = _LEFT_OVER.search(_QUOTED.sub("", text))
    return found[0].strip() if found else None


def to_markdown(text: str, entries: dict[str, Entry], *arguments: Any, **options: Any) -> str:
    """Convert a text block of a page; the rest is what Sphinx-gallery passes on."""
    markdown = quote_admonitions(_convert(say_roles(text, entries), *arguments, **options))
    if found := left_over(markdown):
        start = " ".join(text.split())[:60]
        raise ExtensionError(
            f"a notebook would show {found!r} as it stands, in the text {start!r}"
        )
    return markdown


@functools.cache
def convert_here(source: Path) -> None:
    """Have Sphinx-gallery, which has no hook for this, convert texts as we do in this process.

    Parameters
    ----------
    source : Path
        The folder of the documentation, with its bibliographies.
    """
    entries: dict[str, Entry] = {}
    for path in sorted(source.glob("*.bib")):
        entries |= parse_file(path).entries
    notebook.rst2md = lambda text, *rest, **options: to_markdown(text, entries, *rest, **options)


def _begin(app: Sphinx) -> None:
    convert_here(Path(app.srcdir))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _begin, priority=2)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
