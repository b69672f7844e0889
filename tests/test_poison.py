"""Wrong points between clean ones."""

import re

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.studies.poison import placebo_between, poison_between

NAN = float("nan")
STORY = data.sample_noisy(n_samples=30, seed=0)


def test_the_clean_points_come_first_and_unchanged():
    poisoned = poison_between(STORY.x, STORY.y, offset=4.0, seed=0)
    assert np.array_equal(poisoned.x[:30], STORY.x)
    assert np.array_equal(poisoned.y[:30], STORY.y)
    assert poisoned.is_poison.tolist() == [False] * 30 + [True] * 29


def test_wrong_points_lie_halfway_between_neighbors_above_or_below():
    poisoned = poison_between(STORY.x, STORY.y, offset=4.0, seed=0)
    order = np.argsort(STORY.x)
    x, y = STORY.x[order], STORY.y[order]
    wrong_x, wrong_y = poisoned.x[poisoned.is_poison], poisoned.y[poisoned.is_poison]
    np.testing.assert_allclose(wrong_x, (x[1:] + x[:-1]) / 2, rtol=1e-15)
    # Connecting the dots gives the middle; adding the offset rounds.
    np.testing.assert_allclose(np.abs(wrong_y - np.interp(wrong_x, x, y)), 4, rtol=1e-13)


def test_above_and_below_are_equally_likely():
    n = 10_000
    poisoned = poison_between(np.arange(n + 1.0), np.zeros(n + 1), offset=1.0, seed=0)
    signs = poisoned.y[poisoned.is_poison]
    assert abs(signs.mean()) < 4 / np.sqrt(n)
    # Neighbors are independent.
    assert abs((signs[1:] * signs[:-1]).mean()) < 4 / np.sqrt(n)


def test_the_seed_decides_the_signs_and_nothing_else():
    first, second, other = (
        poison_between(STORY.x, STORY.y, offset=4.0, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(first.y, second.y)
    assert not np.array_equal(first.y, other.y)
    assert np.array_equal(first.x, other.x)


def test_the_offset_moves_wrong_points_in_proportion():
    near, far = (poison_between(STORY.x, STORY.y, offset=c, seed=0) for c in (4.0, 8.0))
    middle = 2 * near.y - far.y
    clean = poison_between(STORY.x, STORY.y, offset=1e-300, seed=0)
    np.testing.assert_allclose(middle, clean.y, rtol=1e-12)  # rounding


def test_close_neighbors_get_none_and_the_others_keep_theirs():
    x, y = np.array([0.0, 1.0, 1.1, 5.0, 5.0]), np.zeros(5)
    everywhere = poison_between(x, y, offset=1.0, seed=0)
    assert everywhere.x[5:].tolist() == [0.5, 1.05, 3.05]  # equal inputs have no middle
    apart = poison_between(x, y, offset=1.0, seed=0, min_gap=0.5)
    assert apart.x[5:].tolist() == [0.5, 3.05]
    assert apart.y[5:].tolist() == everywhere.y[5:][[0, 2]].tolist()
    assert apart.is_poison.sum() == 2


def test_the_order_of_the_points_does_not_matter_to_the_wrong_ones():
    forward = poison_between(STORY.x, STORY.y, offset=4.0, seed=0)
    backward = poison_between(STORY.x[::-1], STORY.y[::-1], offset=4.0, seed=0)
    assert np.array_equal(forward.x[30:], backward.x[30:])
    assert np.array_equal(forward.y[30:], backward.y[30:])


def test_a_poisoned_set_is_read_only():
    poisoned = poison_between(STORY.x, STORY.y, offset=4.0, seed=0)
    for array in (poisoned.x, poisoned.y, poisoned.is_poison):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x": [0.0]}, ValueError, "x and y must have the same length, got 1 and 2"),
        ({"x": [0.0], "y": [0.0]}, ValueError, "x must hold two neighbors further apart than"),
        ({"x": [2.0, 2.0]}, ValueError, "x must hold two neighbors further apart than min_gap, 0"),
        ({"x": [0.0, NAN]}, ValueError, "x must be finite, got nan at index 1"),
        ({"min_gap": 1.0}, ValueError, "x must hold two neighbors further apart than min_gap, 1"),
        ({"min_gap": -1.0}, ValueError, "min_gap must not be negative, got -1"),
        ({"offset": 0.0}, ValueError, "offset must be above zero, got 0"),
        ({"seed": None}, TypeError, "seed must be an int or a numpy.random.SeedSequence, got Non"),
    ],
)
def test_a_bad_argument_is_named(options, error, message):
    good = {"x": [0.0, 1.0], "y": [0.0, 1.0], "offset": 1.0, "seed": 0}
    with pytest.raises(error, match=re.escape(message)):
        poison_between(**{**good, **options})


# -- Right points in the same places -----------------------------------------


def test_a_placebo_without_noise_is_the_truth_where_wrong_points_would_be():
    options = {"truth": np.sin, "noise_std": 0.0, "seed": 0}
    added = placebo_between(STORY.x, STORY.y, **options)
    wrong = poison_between(STORY.x, STORY.y, offset=4.0, seed=1)
    assert np.array_equal(added.x, wrong.x)
    assert np.array_equal(added.y[:30], STORY.y)
    assert np.array_equal(added.y[30:], np.sin(added.x[30:]))
    assert added.is_poison.tolist() == [False] * 30 + [True] * 29


def test_the_noise_of_a_placebo_is_as_large_as_is_asked_and_another_seeds_is_another():
    x = np.arange(10_001.0)
    first, second = (
        placebo_between(x, 0 * x, truth=np.zeros_like, noise_std=0.5, seed=seed).y[10_001:]
        for seed in (0, 1)
    )
    # Ten thousand draws tell it to 0.7 %, and a correlation to 0.01.
    assert first.std() == pytest.approx(0.5, rel=0.03)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04


def test_the_noise_of_a_placebo_must_not_be_negative():
    with pytest.raises(ValueError, match="noise_std must not be negative, got -1"):
        placebo_between([0.0, 1.0], [0.0, 1.0], truth=np.sin, noise_std=-1.0, seed=0)
