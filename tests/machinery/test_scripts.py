"""The scripts of the pages keep to the house's measures; the build and `nox -s site` run them."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDED = ("claim", "exact", "figures.show", "measured", "one_seed", "tables.show")
SCRIPTS = sorted(ROOT.glob("examples/*/plot_*.py"))

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


@each_script
def test_a_page_asks_a_question(script):
    title = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0]
    assert title.endswith("?")


@each_script
def test_no_block_of_a_page_is_longer_than_25_lines(script):
    text = script.read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^# %%$", text)
    assert max(code_lines(block) for block in blocks) <= 25


def code_lines(text: str) -> int:
    """Count the lines of code that a page shows: imports, claims and captions are folded."""
    count = 0
    for node in ast.parse(text).body:
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if is_call and ast.unparse(node.value.func) in FOLDED:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
        count += sum(1 for line in lines if line.strip())
    return count


def test_code_lines_counts_code_only():
    text = '"""Words."""\nimport a\nx = 1\n\n\ndef f():\n    return x\n\n\nclaim(\n    "id",\n)\n'
    assert code_lines(text) == 3


def test_every_part_has_a_page():
    parts = {header.parent.name for header in ROOT.glob("examples/*/GALLERY_HEADER.rst")}
    assert {script.parent.name for script in SCRIPTS} == parts
