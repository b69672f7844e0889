"""Fold what a page needs to run but not to be read: imports, drawing, and the words of claims.

Scripts and notebooks stay whole; on the page, each code block loses these statements to a native
``<details>``, and what the block put out is set in the order of an argument: figures and tables,
printed lines, then the claim that sums them up. No library takes code apart.
"""

import ast

import published
from docutils import nodes
from html_elements import details
from sphinx.application import Sphinx

FOLD = "code-fold"
SETUP, SHOW, CHECK = "Setup", "How this is shown", "How this is checked"
# The functions that state a claim or a fingerprint, by the last part of their name.
_CLAIMS = {"claim", "exact", "measured", "one_seed", "state", "timing"}


def called(statement: ast.stmt) -> str:
    """Return the name of the function that a statement calls and does little else."""
    value = getattr(statement, "value", None)
    is_call = isinstance(statement, ast.Expr | ast.Assign) and isinstance(value, ast.Call)
    return ast.unparse(value.func) if is_call else ""


def take_apart(code: str) -> list[tuple[str, str]]:
    """Return the parts of a block in order: each fold's name, or nothing, and its code.

    A figure is drawn from ``plt.subplots`` to ``figures.show``, all of it in one fold. Each claim
    has a fold of its own.
    """
    lines, parts, start, drawing = code.splitlines(), [], 0, False
    for statement in ast.parse(code).body:
        # With the comments and the empty lines before it.
        text = "\n".join(lines[start : statement.end_lineno])
        start, name, into = statement.end_lineno or start, called(statement), ""
        drawing |= name in ("plt.subplots", "plt.figure")
        if isinstance(statement, ast.Import | ast.ImportFrom) or name == "plt.style.use":
            into = SETUP
        elif name.rpartition(".")[2] in _CLAIMS:
            into = CHECK
        elif drawing or name in ("figures.show", "tables.show"):
            into = SHOW
        drawing &= name != "figures.show"
        if parts and into != CHECK and parts[-1][0] == into:
            parts[-1] = into, f"{parts[-1][1]}\n{text}"
        else:
            parts.append((into, text))
    rest = "\n".join(lines[start:])  # comments after the last statement
    parts[-1:] = [(name, f"{text}\n{rest}") for name, text in parts[-1:] or [("", "")]]
    return [(name, text.strip("\n")) for name, text in parts]


def fold_page(document: nodes.Element) -> None:
    """Fold the code blocks of a page, and set what they put out in order."""
    blocks = [b for b in document.findall(nodes.literal_block) if b.get("language") == "Python"]
    for block in blocks:
        parts, output = take_apart(block.astext()), _output(block)
        claims = [node for node in output if {"claim", "fingerprint"} & set(node["classes"])]
        printed = [node for node in output if "sphx-glr-script-out" in node["classes"]]
        shown = [node for node in output if node not in claims and node not in printed]

        def joined(into: str, parts: list[tuple[str, str]] = parts) -> str:
            return "\n".join(text for name, text in parts if name == into)

        checks = [text for name, text in parts if name == CHECK]
        # A claim in a loop is many boxes of one statement: the last one has it.
        for text, box in zip(checks, claims[-len(checks) :], strict=False):
            box += _fold(block, CHECK, text)
        parent, place = block.parent, block.parent.index(block)
        del parent[place : place + 1 + len(output)]
        setup, read, show = (joined(name) for name in (SETUP, "", SHOW))
        parent.insert(
            place,
            [
                *([_fold(block, SETUP, setup)] if setup else []),
                *([_code(block, read)] if read else []),
                *shown,
                *([_fold(block, SHOW, show)] if show else []),
                *printed,
                *claims,
            ],
        )


def _output(block: nodes.Element) -> list[nodes.Element]:
    """Return what follows a block and was put out by it."""
    found = []
    for node in block.parent[block.parent.index(block) + 1 :]:
        classes = set(node.get("classes", ())) if isinstance(node, nodes.Element) else set()
        is_output = classes & {"claim", "fingerprint", "sphx-glr-script-out", "result", "twins"}
        if not is_output:
            break
        found.append(node)
    return found


def _code(block: nodes.Element, text: str) -> nodes.literal_block:
    code = nodes.literal_block(text, text, language="Python")
    code.source, code.line = block.source, block.line
    return code


def _fold(block: nodes.Element, summary: str, text: str) -> nodes.Element:
    return details(summary, _code(block, text), name=FOLD)


def _fold_pages(app: Sphinx, doctree: nodes.document) -> None:
    if published.page_of(app.env, app.env.docname):
        fold_page(doctree)


def setup(app: Sphinx) -> dict[str, bool]:
    # Before the parts of a page are shaped.
    app.connect("doctree-read", _fold_pages, priority=90)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
