"""Render every formula to native MathML while Sphinx writes the page.

Sphinx' own renderers need a script of a megabyte, or pictures. Browsers draw MathML by themselves:
no script, no request, and never a flash of LaTeX source. A formula that cannot be converted is a
warning at its place, so the build fails before a reader sees it.
"""

import re
from html import escape

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

CONVERTER = LatexToMathML(fancy_error=False)

logger = logging.getLogger(__name__)


def convert_formula(latex: str, node: nodes.Element, *, block: bool) -> str:
    """Return the MathML of a formula, with its one-line source as ``alttext``."""
    source = " ".join(node.astext().split())
    try:
        mathml = CONVERTER.convert_with_local_state(latex, displaystyle=block)
    except LatexError as error:
        message = f"formula cannot be converted to MathML: {source} ({error})"
        logger.warning(message, location=node, type="mathml")
        return f"<code>{escape(source)}</code>"
    # Chromium does not stretch the base of a script, such as the bracket of \bigr)^2,
    # unless the base has a row of its own.
    base = r"(<ms(?:ub|up|ubsup)>)(<mo [^>]*minsize[^>]*>[^<]*</mo>)"
    mathml = re.sub(base, r"\1<mrow>\2</mrow>", mathml)
    return mathml.replace("<math", f'<math alttext="{escape(source)}"', 1)


def align_lines(latex: str) -> str:
    r"""Put equations that blank lines or ``\\`` separate on lines of their own."""
    equations = "\n\\\\\n".join(part for part in latex.split("\n\n") if part.strip())
    # LaTeX ignores a line break outside an environment, and so does the converter.
    outside = re.sub(r"\\begin\{(.+?)\}.*?\\end\{\1\}", "", equations, flags=re.DOTALL)
    if r"\\" in outside:
        return rf"\begin{{aligned}}{equations}\end{{aligned}}"
    return equations


def visit_inline_math(self: HTML5Translator, node: nodes.math) -> None:
    # The class "math" would attract what themes do for the output of MathJax.
    classes = "math-inline notranslate nohighlight"
    self.body.append(self.starttag(node, "span", "", CLASS=classes))
    self.body.append(convert_formula(node.astext(), node, block=False) + "</span>")
    raise nodes.SkipNode


def visit_block_math(self: HTML5Translator, node: nodes.math_block) -> None:
    latex = node.astext()
    if not node.get("no-wrap"):
        latex = align_lines(latex)
    classes = "math-block notranslate nohighlight"
    # A wide formula scrolls on a phone, which a keyboard must be able to do as well.
    self.body.append(self.starttag(node, "div", "", CLASS=classes, tabindex="0"))
    self.body.append(convert_formula(latex, node, block=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def keep_punctuation(app: Sphinx, doctree: nodes.document) -> None:
    """Tie what follows a formula to it: browsers begin lines with the full stop behind one."""
    for formula in list(doctree.findall(nodes.math)):
        parent, place = formula.parent, formula.parent.index(formula)
        after = parent[place + 1] if place + 1 < len(parent) else None
        if isinstance(after, nodes.Text) and (found := re.match(r"[.,;:!?)]+", after)):
            tied = nodes.inline("", "", formula, nodes.Text(found[0]), classes=["unbroken"])
            parent[place : place + 2] = [tied, nodes.Text(after[found.end() :])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline_math, None), (visit_block_math, None))
    app.connect("doctree-read", keep_punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
