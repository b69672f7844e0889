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
    """An ``.. exercise::`` with an answer, or a ``.. guess::`` with an answer for each choice."""

    required_arguments = 1
    final_argument_whitespace = has_content = True

    def run(self) -> list[nodes.Node]:
        title, messages = self.parse_inline(self.arguments[0])
        box = nodes.container(classes=[self.name], ids=[exercise_id(self.arguments[0], self.name)])
        words = "Guess first" if self.name == "guess" else "Try it"
        label = nodes.inline("", f"{words}{SEPARATOR}", classes=["exercise-label"])
        box += nodes.paragraph("", "", label, *title, classes=["exercise-title"])
        box += self.parse_content_to_nodes()
        folds = [part for part in box.findall(element) if part["tag"] == "details"]
        if (len(folds) > 1) != (self.name == "guess") or not folds:
            raise self.error(f"the {self.name} {self.arguments[0]!r} has {len(folds)} answers")
        if self.name == "exercise":  # whoever hears a list of folds hears which answer it is
            words = f" to “{''.join(part.astext() for part in title)}”"
            folds[0][0] += nodes.inline("", words, classes=["visually-hidden"])
        return [box, *messages]


class Answer(SphinxDirective):
    """The answer of an exercise, or of one choice of a guess."""

    optional_arguments = 1
    final_argument_whitespace = has_content = True

    def run(self) -> list[nodes.Node]:
        summary = "".join(self.arguments) or "Show the answer"
        return [details(summary, *self.parse_content_to_nodes(), name="answer-fold")]


def exercise_id(title: str, name: str = "exercise") -> str:
    """Return the anchor of an exercise on its page."""
    return f"{name}-{nodes.make_id(title)}"


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
            to_it = link(self.env, self.env.docname, page.docname, exercise_id(title), "")
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
    app.add_directive("guess", Exercise)
    app.add_directive("answer", Answer)
    app.add_directive("exercise-list", ExerciseList)
    app.add_directive("figure-list", FigureList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
