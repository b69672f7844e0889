"""The files that deploy the site call our sessions, ask for little, and pin what they use."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
DEPLOYMENTS = [*WORKFLOWS, ROOT / ".readthedocs.yaml"]


def unpinned_actions(text):
    """Return the actions that are not given by the hash of a commit."""
    used = re.findall(r"uses:\s*(\S+)", text)
    return [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)]


def sessions_called(text):
    """Return the nox sessions that a file runs."""
    return re.findall(r"nox -s ([\w-]+)", text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_nothing_is_permitted_by_default(path):
    text = path.read_text(encoding="utf-8")
    assert unpinned_actions(text) == []
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert re.search(r"persist-credentials: false", text)


@pytest.mark.parametrize("path", DEPLOYMENTS, ids=lambda path: path.name)
def test_deployments_call_sessions_that_exist(path):
    known = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    called = sessions_called(path.read_text(encoding="utf-8"))
    assert called
    assert set(called) <= set(known)


def test_an_unpinned_action_is_seen():
    pinned = "uses: a/b@" + 40 * "0"
    assert unpinned_actions(pinned) == []
    assert unpinned_actions(f"{pinned} # v1\n- uses: a/b@v1") == ["a/b@v1"]
