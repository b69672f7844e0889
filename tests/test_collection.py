"""Collecting the package's tests needs nothing that only builds the site, and trains nothing."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
SETTINGS = tomllib.loads(HERE.with_name("pyproject.toml").read_text(encoding="utf-8"))
# A module of which Python holds `None` cannot be imported.
COLLECT = """
import sys, pytest
sys.modules.update(dict.fromkeys(sys.argv[1].split()))
from overfit_tutorial._engine import blocks, exactly
def train_block(*arguments, **options):
    raise RuntimeError("a test trains when it is collected")
blocks.train_block = exactly.train_block = train_block
sys.exit(pytest.main(["--collect-only", "-q", "-o", "pythonpath=", *sys.argv[2:]]))
"""


def names(requirements):
    """Return the distributions that requirements name."""
    return {re.match(r"[\w-]+", text)[0] for text in requirements if isinstance(text, str)}


def modules_of_the_site():
    """Return what can be imported of the group `docs` only, and the site's own modules."""
    groups, project = SETTINGS["dependency-groups"], SETTINGS["project"]
    ours = names([*project["dependencies"], *groups["test"]])
    installed = importlib.metadata.packages_distributions().items()
    theirs = names(groups["docs"]) - ours
    own = {path.stem for path in HERE.parent.glob("docs/_ext/*.py")}
    return own | {module for module, owners in installed if theirs & set(owners)}


def collect(*files):
    """Collect tests where what builds the site cannot be imported, and nothing be trained."""
    command = [sys.executable, "-c", COLLECT, " ".join(modules_of_the_site()), *map(str, files)]
    return subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True)


def test_the_tests_of_the_package_collect_without_the_tools_of_the_site():
    done = collect(*HERE.glob("test_*.py"))
    assert done.returncode == 0, done.stdout


def test_tests_that_need_them_or_train_are_seen(tmp_path):
    (tmp_path / "test_one.py").write_text("import gallery\n", encoding="utf-8")
    trains = (
        "from overfit_tutorial.training import fit_network\n"
        "fit_network(range(100), range(100), seed=0, engine={!r})\n"
    )
    for engine in ("exact", "xla"):
        file = tmp_path / f"test_{engine}.py"
        file.write_text(trains.format(engine), encoding="utf-8")
    done = collect(tmp_path)
    assert "import of gallery halted" in done.stdout
    assert done.stdout.count("RuntimeError: a test trains when it is collected") >= 2
    assert "3 errors" in done.stdout
