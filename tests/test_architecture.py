"""Imports point downward, and what needs little imports little: the contracts of pyproject.toml.

The linter reads what modules name; what a fresh interpreter then holds is looked up as well.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import overfit_tutorial

PACKAGE = Path(overfit_tutorial.__file__).parent
SETTINGS = PACKAGE.with_name("pyproject.toml")
HEAVY = {"joblib", "keras", "matplotlib", "pandas", "scipy", "tensorflow"}
IMPORT_AND_LIST = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def lint(folder):
    """Return what the linter says of the package in a folder, and whether it keeps contracts."""
    program = "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode == 0


def heavy_after_importing(*names, folder=PACKAGE.parent):
    """Return the heavy libraries that a fresh interpreter holds after importing modules."""
    command = [sys.executable, "-c", IMPORT_AND_LIST, *names]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.split())


@pytest.fixture
def copy(tmp_path):
    """Give a function that copies the package and adds a line to one of its modules."""

    def write(module, line):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=ignored)
        shutil.copy(SETTINGS, tmp_path)
        with (tmp_path / PACKAGE.name / module).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{line}\n")
        return tmp_path

    return write


def test_the_contracts_are_kept(copy):
    said, is_kept = lint(copy("data.py", "# nothing but a comment"))
    assert is_kept, said


def test_importing_light_modules_imports_nothing_heavy():
    contracts = tomllib.loads(SETTINGS.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    light = [name for contract in contracts for name in contract.get("source_modules", ())]
    assert "overfit_tutorial.statistics" in light
    assert heavy_after_importing(*light) == set()


def test_what_trains_imports_tensorflow_only_where_it_has_to():
    rooms = ("training", "ensembles", "exact", "exact.definition", "exact.webassembly")
    assert heavy_after_importing(*(f"overfit_tutorial.{room}" for room in rooms)) == set()


# A check that cannot fail checks nothing.


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("data.py", "def later():\n    from overfit_tutorial import linear", "A room imports"),
        ("new.py", "x = 1", "A room imports"),
        ("weights/arrays.py", "from overfit_tutorial.weights import paths", "There is no circle"),
        ("linear.py", "def later():\n    from scipy import stats", "These need NumPy alone"),
        ("_arguments.py", "import keras", "These need SciPy"),
        ("sweeps/run.py", "import tensorflow", "These need tables"),
    ],
)
def test_a_broken_contract_is_named(copy, module, line, broken):
    said, is_kept = lint(copy(module, line))
    assert not is_kept
    assert any(row.startswith(broken) and "BROKEN" in row for row in said.splitlines()), said


@pytest.mark.parametrize("source", ["import scipy", "__import__('sci' + 'py')"])
def test_a_heavy_import_is_found_even_where_its_name_is_hidden(tmp_path, source):
    (tmp_path / "light.py").write_text(source, encoding="utf-8")
    assert heavy_after_importing("light", folder=tmp_path) == {"scipy"}
