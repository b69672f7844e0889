"""What a teacher looks for: all exercises and all figures, by page, derived from the pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import published
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import SEPARATOR, link

_EXERCISE = re.compile(r"^ *\.\. exercise:: *(.+)$", flags=re.MULTILINE)


def exercise_id(title: str) -> str:
    """Return the anchor of an exercise on its page."""
    return f"exercise-{nodes.make_id(title)}"


def exercises(rest: str) -> list[str]:
    """Return the titles of the exercises in a page's reST, in order."""
    return [title.strip() for title in _EXERCISE.findall(rest)]


class _Listing(SphinxDirective):
    """A heading for each page that has something, and a list below."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for page in published.pages(self.env):
            record = published.record_path(Path(self.env.srcdir, page.docname + ".rst"))
            self.env.note_dependency(str(record))
            items = list(self.items(page))
            if not items:
                continue
            found.append(nodes.paragraph("", "", *self.parse_inline(f":doc:`/{page.docname}`")[0]))
            found[-1]["classes"].append("listing-page")
            listing = nodes.bullet_list(classes=["listing"])
            listing += [nodes.list_item("", item) for item in items]
            found.append(listing)
        return found

    def items(self, page: published.Page) -> Iterator[nodes.paragraph]:
        raise NotImplementedError


class ExerciseList(_Listing):
    """Every exercise, as a link to it."""

    def items(self, page: published.Page) -> Iterator[nodes.paragraph]:
        rest = Path(self.env.srcdir, page.docname + ".rst").read_text(encoding="utf-8")
        for title in exercises(rest):
            here = self.env.docname
            to_exercise = link(self.env, here, page.docname, exercise_id(title), "")
            parsed, _ = self.parse_inline(title)
            to_exercise += parsed
            yield nodes.paragraph("", "", to_exercise)


class FigureList(_Listing):
    """Every figure by its title and caption, with both of its twins to be taken away."""

    def items(self, page: published.Page) -> Iterator[nodes.paragraph]:
        for number, figure in enumerate(page.figures, 1):
            parsed, _ = self.parse_inline(figure.caption)
            paragraph = nodes.paragraph("", "")
            if figure.title:
                paragraph += nodes.strong("", figure.title)
                paragraph += nodes.Text(". ")
            paragraph += parsed
            paragraph += nodes.Text(" ")
            for name, twin in (("light", figure.light), ("dark", figure.dark)):
                label = f"{name}<span class='visually-hidden'>, figure {number}</span>"
                address = html.escape(f"_images/{twin}")
                link = f'<a class="download" href="{address}" download>{label}</a>'
                paragraph += nodes.raw("", link, format="html")
                paragraph += nodes.Text(SEPARATOR if name == "light" else "")
            yield paragraph


def _listing_is_outdated(app: Sphinx, *_: object) -> list[str]:
    """Read the page anew: a new example changes it, though none of its own files has changed."""
    return ["teach"] if "teach" in app.env.all_docs else []


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("exercise-list", ExerciseList)
    app.add_directive("figure-list", FigureList)
    app.connect("env-get-outdated", _listing_is_outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
