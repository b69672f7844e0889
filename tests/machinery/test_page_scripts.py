"""The scripts of the pages keep to the house's measures, before any site is built.

What a browser then sees of them is measured by `tests/site/test_measures.py`.
"""

import ast
import re
from pathlib import Path

import pytest

folds = pytest.importorskip("folds", reason="the site's tools are not installed")

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(ROOT.glob("examples/*/plot_*.py"))

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


@each_script
def test_a_page_asks_a_question(script):
    title = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0]
    assert title.endswith("?")


@each_script
def test_no_block_of_a_page_is_longer_than_25_lines(script):
    assert max(visible_lines(script.read_text(encoding="utf-8"))) <= 25


@each_script
def test_a_page_shows_at_most_120_lines_of_code(script):
    assert sum(visible_lines(script.read_text(encoding="utf-8"))) <= 120


def visible_lines(script: str) -> list[int]:
    """Return how many lines of code each block shows, without what is folded away."""
    lines = script.splitlines()[ast.parse(script).body[0].end_lineno :]
    blocks = re.split(r"(?m)^# %%$", "\n".join(lines))
    parts = [part for block in blocks for part in folds.take_apart(block)]
    # What is left of a block of words are comments.
    shown = (text.splitlines() for name, text in parts if not name)
    return [sum(bool(re.match(r"\s*[^#\s]", line)) for line in lines) for lines in shown]


def test_lines_of_words_and_of_folds_are_not_counted():
    page = '# ///\n"""\nWords?\n"""\n\nimport a\n\nx = 1\n\n# %%\n# Words.\n\ny = 2\n\nz = 3\n'
    assert visible_lines(page + "measured('a', 'b', c)\n") == [1, 2]


def test_every_part_has_a_page():
    parts = {header.parent.name for header in ROOT.glob("examples/*/GALLERY_HEADER.rst")}
    assert {script.parent.name for script in SCRIPTS} == parts
