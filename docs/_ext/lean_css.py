"""One style sheet for the first paint, without the rules that no page of this site can use.

The theme ships all of Bootstrap and Font Awesome, 65 kB compressed, and blocks the first paint
until it is there. A rule stays unless each of its selectors asks for a class that appears on no
page and in no script.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

#: The theme's sheets, in order, and the one that takes their place.
_PARTS = ("_static/basic.css", "_static/styles/pydata-sphinx-theme.css")
LEAN = "_static/lean.css"
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
# What a selector excludes need not be on a page.
_NOT = re.compile(r":not\([^()]*(?:\([^()]*\)[^()]*)*\)")
_WORD = re.compile(r"-?[A-Za-z_][\w-]*")


def rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield each rule of a style sheet as its prelude and its block; statements have no block."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    start = depth = block = 0
    quote = ""
    for place, character in enumerate(css):
        if quote:
            quote = "" if character == quote and css[place - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
            block = place if depth == 1 else block
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield css[start:block].strip(), css[block + 1 : place]
                start = place + 1
        elif character == ";" and depth == 0:
            yield css[start : place + 1].strip(), ""
            start = place + 1


def split_selectors(prelude: str) -> list[str]:
    """Split a list of selectors at its own commas, not at those within brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(prelude):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(prelude[start:place])
            start = place + 1
    return [*parts, prelude[start:]]


def lean(css: str, words: set[str]) -> str:
    """Return a style sheet without the selectors that ask for a class not among `words`."""
    kept = []
    for prelude, block in rules(css):
        if prelude.endswith(";"):
            kept.append("" if prelude.startswith("@charset") else prelude)
        elif prelude.startswith(("@media", "@supports")):
            if inner := lean(block, words):
                kept.append(f"{prelude}{{{inner}}}")
        elif prelude.startswith("@font-face"):
            # Those of Font Awesome: the site draws its few icons itself.
            continue
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{block}}}")
        else:
            used = [
                selector
                for selector in split_selectors(prelude)
                if set(_CLASS.findall(_NOT.sub("", selector))) <= words
            ]
            if used:
                kept.append(f"{','.join(used)}{{{block}}}")
    return "".join(kept)


def _write_lean_css(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    if not all((out / part).exists() for part in _PARTS):
        return
    texts = [path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))]
    classes = {
        name for text in texts for found in _ATTRIBUTE.findall(text) for name in found.split()
    }
    scripts = (path.read_text(encoding="utf-8") for path in sorted(out.rglob("_static/**/*.js")))
    words = classes.union(*(_WORD.findall(script) for script in scripts))
    css = "".join(lean((out / part).read_text(encoding="utf-8"), words) for part in _PARTS)
    (out / LEAN).write_text(css, encoding="utf-8")
    # No page loads them any more; the next build brings them again.
    shutil.rmtree(out / "_static" / "styles")


_ATTRIBUTE = re.compile(r'class=["\']([^"\']*)["\']')


def setup(app: Sphinx) -> dict[str, bool]:
    # After the pages, before the zip of the whole site.
    app.connect("build-finished", _write_lean_css, priority=520)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
