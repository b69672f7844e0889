"""A stage for pages: they run in this process, share what is trained, and nothing else lasts."""

import ast
import functools
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from overfit_tutorial import claims, figures, tables
from overfit_tutorial.statistics import Bounded
from overfit_tutorial.studies import minima

ROOT = Path(__file__).parents[2]
# Several pages, exercises and worlds look at the same minima, and ask for them in many ways.
_found = functools.cache(minima.find_minima)
_asked = inspect.signature(minima.find_minima)


def find_minima_once(*args, **options):
    asked = _asked.bind(*args, **options)
    asked.apply_defaults()
    return _found(*asked.args, **asked.kwargs)


class _Enough(BaseException):
    """Every claim that was waited for has been stated."""


# These take longest. They come first, so that no process waits for another one at the end.
LONGEST = ("test_landscape_exercises", "test_landscape_false_worlds", "test_exercises")


# First, because pytest-xdist reads the groups when it is asked itself.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the worlds of a page in one process, where others work beside it: it trains once."""
    for item in items:
        page = item.callspec.params.get("page") if hasattr(item, "callspec") else None
        is_grouped = item.get_closest_marker("xdist_group")
        if page and not is_grouped and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group(page))
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(autouse=True)
def _stage(monkeypatch, tmp_path):
    """Start as in a fresh process; what the build has swept is taken from its store."""
    import keras
    import tensorflow as tf

    plt.close("all")
    keras.utils.clear_session()
    tf.random.set_seed(None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERFIT_TUTORIAL_STORE", str(ROOT / "docs" / "_build" / "store"))
    monkeypatch.setattr(figures, "show", lambda figure, **words: plt.close(figure))
    monkeypatch.setattr(tables, "show", lambda columns, **formats: None)
    monkeypatch.setattr(minima, "find_minima", find_minima_once)
    with plt.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


@pytest.fixture
def perform(monkeypatch):
    """Give a function that runs a page, or a part of it, and returns its names.

    It stops where all the names that are waited for have values. Each of the changes, a pair of
    an old and a new text, must fit. Claims are not asked for: a changed page may break them.
    """
    monkeypatch.setattr(claims, "claim", lambda *args, **options: None)

    def run(script, *names, changes=()):
        text = script.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        found = {"__name__": "__main__"}
        for statement in ast.parse(text).body:
            exec(compile(ast.Module([statement], []), str(script), "exec"), found)
            if names and found.keys() >= set(names):
                break
        assert found.keys() >= set(names)
        return found

    return run


@pytest.fixture
def claims_of(monkeypatch, perform):
    """Give a function that runs a page and returns, claim by claim, whether it holds.

    It stops at the last of the claims that are waited for, or at an error that it may stop at.
    """

    def run(script, *, waits_for=None, may_stop_at=(), changes=()):
        found = {}

        def claim(id, sentence, *, holds, **values):
            bounded = [value for value in values.values() if isinstance(value, Bounded)]
            kept = [bound.holds for bound in bounded]
            found[id] = bool(getattr(holds, "holds", holds)) and all(kept)
            if waits_for is not None and found.keys() >= waits_for:
                raise _Enough

        monkeypatch.setattr(claims, "claim", claim)
        try:
            perform(script, changes=changes)
        except (_Enough, *may_stop_at):
            pass
        return found

    return run
