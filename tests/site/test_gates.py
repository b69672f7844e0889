"""Where something is missing, a check is skipped with its reason; in CI, it fails."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECK = "test_search.py::test_search_finds_the_right_page[overfit]"


def outcome(**settings: str) -> tuple[int, str]:
    """Run one check of a page in a browser, with other settings; return what came of it."""
    hidden = ("CI", "OVERFIT_TUTORIAL_SITE_MUST_EXIST")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(HERE / CHECK)],
        cwd=HERE.parents[1],
        env=kept | settings,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"PATH": "/nonexistent"}, "there is no chromium"),
        ({"OVERFIT_TUTORIAL_SITE": "/nonexistent"}, "no site is built in /nonexistent"),
    ],
)
def test_what_is_missing_is_named_and_fails_in_ci(missing: dict[str, str], reason: str) -> None:
    code, said = outcome(**missing)
    assert code == 0
    assert "1 skipped" in said
    assert reason in said
    code, said = outcome(**missing, CI="true", OVERFIT_TUTORIAL_SITE_MUST_EXIST="1")
    assert code == 1
    assert "skipped" not in said.splitlines()[-1]
    assert reason in said


def test_in_ci_a_skip_needs_a_reason_that_is_allowed(
    is_silent_skip: Callable[[str], bool],
) -> None:
    assert is_silent_skip("Skipped: axe is not installed")
    assert not is_silent_skip("Skipped: the site was built with its address")
