"""Where a page's output goes."""

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
