"""The pages as plain scripts: they run, say their claims, and keep to the house's measures."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(ROOT.glob("examples/*/plot_*.py"))
BUILT = ROOT / "docs" / "auto_examples"

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def is_built(script: Path) -> bool:
    """Return whether the site's build has just run a script: in CI, where it comes first."""
    note = BUILT / script.parent.name / f"{script.stem}.published.json"
    return bool(os.environ.get("CI")) and note.exists()


@pytest.mark.build
@each_script
def test_a_page_runs_as_a_plain_script_and_states_claims(script, tmp_path):
    if is_built(script):
        # And `nox -s site` has run the quick ones as scripts, against the wheel.
        pytest.skip("the site's build has just run it")
    # Sweeps that a site's build has computed are not computed again.
    environment = os.environ | {
        "MPLBACKEND": "agg",
        "OVERFIT_TUTORIAL_STORE": str(ROOT / "docs" / "_build" / "store"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    run = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr
    stated = re.findall(r"(.+)\n  \[[a-z0-9-]+;", run.stdout)
    assert stated, "a page states at least one claim"
    assert len(list(tmp_path.glob("*.png"))) == run.stdout.count("Figure saved as")


@each_script
def test_a_page_asks_a_question(script):
    title = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0]
    assert title.endswith("?")


@each_script
def test_no_block_of_a_page_is_longer_than_25_lines(script):
    text = script.read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^# %%$", text)
    assert max(code_lines(block) for block in blocks) <= 25


@each_script
def test_a_page_has_at_most_120_lines_of_code(script):
    assert code_lines(script.read_text(encoding="utf-8")) <= 120


def code_lines(text: str) -> int:
    """Count the lines of code, without the words that `show` and `claim` are given."""
    count = 0
    for node in ast.parse(text).body:
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if is_call and ast.unparse(node.value.func) in ("figures.show", "claim"):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
        count += sum(1 for line in lines if line.strip())
    return count


def test_code_lines_counts_code_only():
    text = '"""Words."""\n\nx = 1\n\n\ndef f():\n    return x\n\n\nclaim(\n    "id",\n)\n'
    assert code_lines(text) == 3


def test_every_part_has_a_page():
    parts = {header.parent.name for header in ROOT.glob("examples/*/GALLERY_HEADER.rst")}
    assert {script.parent.name for script in SCRIPTS} == parts
