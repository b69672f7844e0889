"""What is said without the truth: against lines, by hand, and with clear errors for bad points."""

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import data, linear
from overfit_tutorial.shaking import added_noise_followed
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.studies.own_points import (
    compare_with_line,
    count_parameters,
    estimate_noise_std,
)
from overfit_tutorial.training import STORY, fit_network

SMALL = STORY.replace(hidden_widths=(8, 8), epochs=4, standardize_x=True)
# Trained to the end, a network without hidden layers is the least-squares line.
LINE = STORY.replace(
    hidden_widths=(),
    learning_rate=0.1,
    batch_size=None,
    epochs=2000,
    standardize_x=True,
    standardize_y=True,
)
POINTS = data.sample_noisy(n_samples=50, seed=0, low=1900, high=2000)
BOTH = [count_parameters, compare_with_line]


def test_a_line_is_counted_as_least_squares_would_be():
    found = count_parameters(POINTS.x, POINTS.y, LINE, seed=3, n_shakes=12, size=0.5)

    def lines(rows):
        return np.stack([linear.fit_line(POINTS.x, row)(POINTS.x) for row in rows])

    (shaking,), _ = split_seeds([3], 2)
    shares = added_noise_followed(lines, np.tile(POINTS.y, (12, 1)), size=0.5, seed=shaking)
    # Adam ends near the line, in float32, and is as near with more and with less noise.
    assert found.value == pytest.approx(50 * shares.mean(), abs=0.01)
    assert found.n == 12
    assert found.low < found.value < found.high


def test_a_count_is_that_of_pairs_of_networks_from_the_same_first_weights():
    found = count_parameters(POINTS.x, POINTS.y, SMALL, seed=3, n_shakes=10)
    (shaking,), (training,) = split_seeds([3], 2)
    size = estimate_noise_std(POINTS.x, POINTS.y)
    counts = []
    for k in range(10):
        seed = np.random.SeedSequence(training.entropy, spawn_key=(*training.spawn_key, k))
        noise = np.random.SeedSequence(shaking.entropy, spawn_key=(*shaking.spawn_key, k))

        def network(y, seed=seed):
            return fit_network(POINTS.x, y, SMALL, seed=seed).predict(POINTS.x)

        counts.append(50 * added_noise_followed(network, POINTS.y, size=size, seed=noise))
    assert found.value == pytest.approx(np.mean(counts), rel=1e-9)


def test_a_comparison_is_that_of_squared_errors_on_points_that_neither_fit_has_seen():
    found = compare_with_line(POINTS.x, POINTS.y, SMALL, seed=3, share=0.3)
    (choosing,), (training,) = split_seeds([3], 2)
    held = np.random.default_rng(choosing).permutation(50)[:15]
    known = np.setdiff1d(np.arange(50), held)
    fit = fit_network(POINTS.x[known], POINTS.y[known], SMALL, seed=training)
    line = linear.fit_line(POINTS.x[known], POINTS.y[known])
    ours, theirs = (
        np.mean((f(POINTS.x[held]) - POINTS.y[held]) ** 2) for f in (fit.predict, line)
    )
    assert found.value == pytest.approx(ours - theirs, rel=1e-9)
    assert found.n == 15


def test_noise_of_a_flat_truth_is_estimated_without_bias():
    noise = np.random.default_rng(0).normal(scale=3.0, size=(2000, 20))
    squares = [estimate_noise_std(range(20), row) ** 2 for row in noise]
    # The variance of the estimate is some 3/n of the square; four standard deviations of the mean.
    assert np.mean(squares) == pytest.approx(9, abs=4 * 9 * np.sqrt(3 / 20 / 2000))


def test_the_order_of_the_rows_does_not_count_for_the_noise():
    order = np.random.default_rng(0).permutation(50)
    assert estimate_noise_std(POINTS.x[order], POINTS.y[order]) == estimate_noise_std(
        POINTS.x, POINTS.y
    )


def test_the_same_seed_says_the_same_and_another_one_does_not():
    for ask in BOTH:
        first, again, other = (ask(POINTS.x, POINTS.y, SMALL, seed=s) for s in (0, 0, 1))
        assert first == again != other


def test_columns_of_a_table_are_taken_by_place_whatever_their_index():
    table = pd.DataFrame({"x": POINTS.x, "y": POINTS.y}, index=range(50)[::-1])
    for ask in BOTH:
        found = ask(table["x"], table["y"], SMALL, seed=0)
        assert found == ask(POINTS.x, POINTS.y, SMALL, seed=0)


@pytest.mark.parametrize("ask", [*BOTH, lambda x, y, **options: estimate_noise_std(x, y)])
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([1.0, np.nan, 2.0], ValueError, "y must be finite, got nan at index 1"),
        (["1", "warm", "2"], TypeError, "y must hold real numbers, got"),
        ([1.0, 2.0], ValueError, "x and y must have the same length, got 3 and 2"),
        ([[1.0], [2.0], [3.0]], ValueError, r"y must be a vector .*, got shape \(3, 1\)"),
    ],
)
def test_bad_columns_are_refused_by_name(ask, y, error, message):
    with pytest.raises(error, match=message):
        ask([0.0, 1.0, 2.0], y, seed=0)


def test_wrong_options_are_refused():
    x, y = POINTS.x, POINTS.y
    with pytest.raises(ValueError, match="n_shakes must be at least 10, got 9"):
        count_parameters(x, y, SMALL, seed=0, n_shakes=9)
    with pytest.raises(ValueError, match="size must be above zero, got 0"):
        count_parameters(x, y, SMALL, seed=0, size=0.0)
    with pytest.raises(ValueError, match="share must be between 0 and 1, got 1"):
        compare_with_line(x, y, SMALL, seed=0, share=1.0)
    with pytest.raises(ValueError, match=r"at least 10 points, got 0\.1 of 50"):
        compare_with_line(x, y, SMALL, seed=0, share=0.1)
    with pytest.raises(ValueError, match="x must hold at least two points, got 1"):
        estimate_noise_std([0], [0])
