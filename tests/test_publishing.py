"""Where a page's output goes."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from overfit_tutorial import publishing


@pytest.fixture(autouse=True)
def _nobody_collects():
    publishing.stop()
    yield
    publishing.stop()


def test_when_nobody_collects_nothing_is_taken():
    assert publishing.hand_over("a figure") is False
    assert publishing.drain() == []


def test_what_is_handed_over_comes_out_in_order():
    publishing.collect()
    assert publishing.hand_over("first") is True
    assert publishing.hand_over("second") is True
    assert publishing.drain() == ["first", "second"]


def test_draining_empties_and_goes_on_collecting():
    publishing.collect()
    publishing.hand_over("first")
    first = publishing.drain()
    assert publishing.drain() == []
    publishing.hand_over("second")
    assert publishing.drain() == ["second"]
    assert first == ["first"]


def test_a_new_page_starts_empty():
    publishing.collect()
    publishing.hand_over("left over from a page that failed")
    publishing.collect()
    assert publishing.drain() == []


def test_after_stopping_nothing_is_taken():
    publishing.collect()
    publishing.hand_over("never drained")
    publishing.stop()
    assert publishing.hand_over("late") is False
    assert publishing.drain() == []


SCRIPT = """
import matplotlib.pyplot as plt
from overfit_tutorial import figures, fingerprints, tables
from overfit_tutorial.claims import exact, number
exact("greek", "σ × α − 1 is {}, “so” to say.", number(1.0).equal_to(1), threshold_from="theory")
tables.show({"α → β": ["×", "日本"]})
fingerprints.state("σ", {"a": [1.0]})
figure, ax = plt.subplots()
figures.show(figure, caption="Thin: α ≥ 2.", alt="A line.")
"""


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "latin-1", "ascii", "utf-8"])
def test_every_terminal_gets_what_it_can_show(encoding, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "MPLBACKEND": "agg"}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    told = done.stdout.decode(encoding)
    assert " 1 is 1.0, " in told
    assert "[greek; exact; " in told
    assert "Figure saved as script_1.png: Thin: " in told
    assert ("σ" in told) == (encoding in ("cp932", "utf-8")), told


def test_pages_themselves_print_what_every_terminal_can_show():
    for page in (Path(__file__).parents[1] / "examples").glob("*/plot_*.py"):
        for node in ast.walk(ast.parse(page.read_bytes())):
            is_print = isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            if is_print and not all(text.isascii() for text in texts if isinstance(text, str)):
                pytest.fail(f"{page.name} prints {ast.unparse(node)}: not everybody can show it")
