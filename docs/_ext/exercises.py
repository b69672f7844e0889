"""Exercises whose answers are folded away, and for teachers lists of all exercises and figures.

Sphinx can fold an admonition; but each "Show the answer" would be a title to its search, and it
cannot list what stands on other pages.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import published
from docutils import nodes
from html_elements import details, element
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import SEPARATOR, link

_EXERCISE = re.compile(r"^ *\.\. exercise:: *(.+?) *$", flags=re.MULTILINE)


class Exercise(SphinxDirective):
    """``.. exercise:: What changes?`` with an ``.. answer::`` in it."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        title, messages = self.parse_inline(self.arguments[0])
        box = nodes.container(classes=["exercise"], ids=[exercise_id(self.arguments[0])])
        label = nodes.inline("", f"Try it{SEPARATOR}", classes=["exercise-label"])
        box += nodes.paragraph("", "", label, *title, classes=["exercise-title"])
        box += self.parse_content_to_nodes()
        answers = [part for part in box.findall(element) if part["tag"] == "summary"]
        if len(answers) != 1:
            raise self.error(f"the exercise {self.arguments[0]!r} needs one answer")
        # Whoever hears a list of what can be opened hears which answer it is.
        words = "".join(part.astext() for part in title)
        answers[0] += nodes.inline("", f" to “{words}”", classes=["visually-hidden"])
        return [box, *messages]


class Answer(SphinxDirective):
    """The answer of an exercise."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        content = self.parse_content_to_nodes()
        return [details("Show the answer", *content, name="answer-fold")]


def exercise_id(title: str) -> str:
    """Return the anchor of an exercise on its page."""
    return f"exercise-{nodes.make_id(title)}"


class ExerciseList(SphinxDirective):
    """Every exercise, as a link to it, below the title of its page."""

    def run(self) -> list[nodes.Node]:
        # A new example changes the list, though none of this page's own files has changed.
        self.env.note_reread()
        found: list[nodes.Node] = []
        for page in published.pages(self.env):
            if items := [nodes.list_item("", item) for item in self.items(page)]:
                link, _ = self.parse_inline(f":doc:`/{page.docname}`")
                found.append(nodes.paragraph("", "", *link, classes=["listing-page"]))
                found.append(nodes.bullet_list("", *items, classes=["listing"]))
        return found

    def items(self, page: published.Page) -> Iterator[nodes.paragraph]:
        rest = Path(self.env.srcdir, page.docname + ".rst").read_text(encoding="utf-8")
        for title in _EXERCISE.findall(rest):
            anchor = exercise_id(title)
            to_it = link(self.env, self.env.docname, page.docname, anchor, "")
            to_it += self.parse_inline(title)[0]
            yield nodes.paragraph("", "", to_it)


class FigureList(ExerciseList):
    """Every figure by its title and caption, with both of its twins to be taken away."""

    def items(self, page: published.Page) -> Iterator[nodes.paragraph]:
        for number, figure in enumerate(page.figures, 1):
            title = [nodes.strong("", figure.title), nodes.Text(". ")] if figure.title else []
            caption, _ = self.parse_inline(figure.caption)
            twins = SEPARATOR.join(
                f'<a class="download" href="_images/{escape(twin)}" download>{name}'
                f'<span class="visually-hidden">, figure {number}</span></a>'
                for name, twin in (("light", figure.light), ("dark", figure.dark))
            )
            raw = nodes.raw("", f" {twins}", format="html")
            yield nodes.paragraph("", "", *title, *caption, raw)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("exercise", Exercise)
    app.add_directive("answer", Answer)
    app.add_directive("exercise-list", ExerciseList)
    app.add_directive("figure-list", FigureList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
