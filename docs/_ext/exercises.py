"""Exercises whose answers wait behind a native ``<details>``: no script, and print shows them."""

from __future__ import annotations

from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from teaching import exercise_id

_LABEL = "Try it "


class answer(nodes.General, nodes.Element):  # noqa: N801, docutils names nodes so
    """An answer, folded away."""


class Exercise(SphinxDirective):
    """``.. exercise:: What changes?`` with an ``.. answer::`` in it."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        box = nodes.container(classes=["exercise"], ids=[exercise_id(self.arguments[0])])
        title = nodes.paragraph("", "", classes=["exercise-title"])
        title += nodes.inline("", _LABEL, classes=["exercise-label"])
        parsed, messages = self.parse_inline(self.arguments[0])
        title += parsed
        box += title
        box += self.parse_content_to_nodes()
        if not list(box.findall(answer)):
            raise self.error(f"the exercise {self.arguments[0]!r} has no answer")
        return [box, *messages]


class Answer(SphinxDirective):
    """The answer of an exercise."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        node = answer()
        node += self.parse_content_to_nodes()
        return [node]


def _visit_answer(self: HTML5Translator, node: answer) -> None:
    # Whoever hears a list of what can be opened hears which answer it is.
    title = next(
        t for t in node.parent.findall(nodes.paragraph) if "exercise-title" in t["classes"]
    )
    words = escape(title.astext().removeprefix(_LABEL))
    summary = f'Show the answer<span class="visually-hidden"> to “{words}”</span>'
    self.body.append(f'<details class="answer-fold"><summary>{summary}</summary>\n')


def _depart_answer(self: HTML5Translator, node: answer) -> None:
    self.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(answer, html=(_visit_answer, _depart_answer))
    app.add_directive("exercise", Exercise)
    app.add_directive("answer", Answer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
