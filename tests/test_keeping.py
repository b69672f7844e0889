"""What one hidden layer can keep, against naive derivatives, a naive trainer, and theory."""

import numpy as np
import pytest

from overfit_tutorial import data, draws
from overfit_tutorial.studies.keeping import (
    NUDGE,
    STARTS,
    bend_at_rate,
    least_sharpness,
    leave_the_dots,
    sharpness,
)
from overfit_tutorial.weights.dots import join_from_the_middle, join_the_dots
from overfit_tutorial.weights.symmetries import flatten

SEEDS = [np.random.SeedSequence(5, spawn_key=(k,)) for k in range(3)]


def points(seed, n_samples):
    child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 1000))
    return data.sample_noisy(n_samples=n_samples, seed=child)


def outputs(weights, x):
    """Return the values of a network of one hidden layer."""
    kernel, bias, out, last = weights
    return (np.maximum(x[:, np.newaxis] @ kernel + bias, 0) @ out + last)[:, 0]


def gradient(weights, x, residuals):
    """Return the derivatives of the sum of residuals times outputs, by hand."""
    kernel, bias, out, _ = weights
    sums = x[:, np.newaxis] @ kernel + bias
    back = residuals[:, np.newaxis] * (sums > 0) * out[:, 0]
    into = x[np.newaxis] @ back
    upward = np.maximum(sums, 0).T @ residuals[:, np.newaxis]
    return [into, back.sum(axis=0), upward, residuals.sum(keepdims=True)]


def descend(weights, x, y, *, rate, steps):
    for _ in range(steps):
        slopes = gradient(weights, x, 2 * (outputs(weights, x) - y) / len(x))
        weights = [part - rate * slope for part, slope in zip(weights, slopes, strict=True)]
    return weights


def random_weights(generator, width=7):
    shapes = [(1, width), (width,), (width, 1), (1,)]
    return [generator.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("seed", range(5))
def test_sharpness_is_the_largest_squared_singular_value_over_n(seed):
    generator = np.random.default_rng(seed)
    weights, x = random_weights(generator), generator.normal(size=9)
    rows = [
        np.concatenate([part.ravel() for part in gradient(weights, x, one)]) for one in np.eye(9)
    ]
    expected = np.linalg.norm(rows, 2) ** 2 / 9
    assert sharpness(weights, x) == pytest.approx(expected, rel=1e-10)


def test_without_bends_amid_the_points_the_least_sharpness_is_one():
    generator = np.random.default_rng(0)
    kernel, bias, out, last = random_weights(generator)
    outside = [kernel, np.abs(kernel[0]) * 100 + 1, out, last]  # all units on at all points
    x = generator.normal(size=9)
    assert least_sharpness(outside, x) == 1
    # A network that is a constant, whatever its last bias, has that sharpness.
    constant = [0 * kernel, 0 * bias, 0 * out, last]
    assert sharpness(constant, x) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("n_samples", [5, 20, 100])
def test_no_other_curve_through_the_points_has_a_lower_bound_than_the_joined_dots(n_samples):
    sample = data.sample_noisy(n_samples=n_samples, seed=n_samples)
    x, y = sample.x, sample.y
    least = least_sharpness(join_from_the_middle(x, y), x)
    assert least == pytest.approx(
        least_sharpness(join_the_dots(x, y, hidden_widths=(n_samples,)), x), rel=1e-9
    )
    generator, found = np.random.default_rng(0), []
    for _ in range(300):
        knots, size = generator.uniform(-2, 22, 6), 10.0 ** generator.uniform(-3, 3)
        turns = size * generator.normal(size=(6, 1))
        sides = generator.choice([-1.0, 1.0], size=6)
        detour = [sides[np.newaxis], -sides * knots, turns, np.zeros(1)]
        into, bias, out, last = join_from_the_middle(x, y - outputs(detour, x))
        curve = [
            np.hstack([into, detour[0]]),
            np.append(bias, detour[1]),
            np.vstack([out, turns]),
            last,
        ]
        assert outputs(curve, x) == pytest.approx(y, abs=1e-7 * (1 + size))
        found.append(least_sharpness(curve, x) / least)
    assert min(found) >= 1 - 1e-9
    # Small detours cost little: a bound a few percent too high would not hold.
    assert min(found) < 1.01


@pytest.mark.parametrize("start", STARTS)
def test_every_start_joins_the_dots_and_is_no_flatter_than_they_allow(start):
    sample = data.sample_noisy(n_samples=30, seed=2)
    weights = STARTS[start](sample.x, sample.y)
    assert outputs(weights, sample.x) == pytest.approx(sample.y, abs=1e-8)
    assert sharpness(weights, sample.x) >= least_sharpness(weights, sample.x)


def test_the_starts_are_from_sharp_to_flat():
    sample = data.sample_noisy(seed=2)
    found = [sharpness(start(sample.x, sample.y), sample.x) for start in STARTS.values()]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(("start", "times"), [("rescaled", 0.7), ("both ways", 1.5)])
def test_the_study_is_gradient_descent_one_network_after_the_other(start, times):
    found = leave_the_dots(seeds=SEEDS, start=start, times=times, n_samples=12, n_steps=30)
    for k, seed in enumerate(SEEDS):
        sample = points(seed, 12)
        x, y = sample.x, sample.y
        weights = flatten(
            join_the_dots(x, y, hidden_widths=(12,))
            if start == "rescaled"
            else join_from_the_middle(x, y),
            x,
        )
        assert found["sharpness"][k] == sharpness(weights, x)
        assert found["least"][k] == least_sharpness(weights, x)
        weights[-1] = weights[-1] + NUDGE
        trained = descend(weights, x, y, rate=times / found["sharpness"][k], steps=30)
        fitted, noise = outputs(trained, x), y - data.TRUE_LINE(x)
        # Where it grows, so do differences in the last digits.
        assert found["error"][k] == pytest.approx(np.mean((fitted - y) ** 2), rel=1e-4)
        followed = (fitted - data.TRUE_LINE(x)) @ noise / (noise @ noise)
        assert found["followed"][k] == pytest.approx(followed, rel=1e-6)


def test_one_over_the_sharpness_is_what_decides():
    below, above = (
        leave_the_dots(seeds=SEEDS, start="both ways", times=times) for times in (0.95, 1.05)
    )
    assert (below["error"] < NUDGE**2).all()
    assert (above["error"] > 100 * NUDGE**2).all()


def test_a_network_that_diverges_is_infinitely_wrong():
    found = leave_the_dots(seeds=SEEDS[:1], start="by hand", times=1e200, n_samples=5)
    assert np.isposinf(found["error"]).all()
    assert np.isnan(found["followed"]).all()


def test_training_from_random_weights_is_gradient_descent_in_units_of_the_noise():
    found = bend_at_rate(seeds=SEEDS, learning_rate=0.05, duration=2.0)
    firsts = draws.first_weights(SEEDS, (50,), bias_std=0.5)
    for k, seed in enumerate(SEEDS):
        sample = points(seed, 10)
        x, y = (sample.x - 10) / 5, (sample.y - 10) / 2
        first = [part[k].astype(np.float64) for part in firsts]
        trained = descend(first, x, y, rate=0.05, steps=40)
        fitted = outputs(trained, x)
        # The study trains in single precision.
        assert found["error"][k] == pytest.approx(np.mean((fitted - y) ** 2), rel=1e-3)
        noise, off = (z - data.TRUE_LINE(sample.x) for z in (sample.y, 10 + 2 * fitted))
        assert found["followed"][k] == pytest.approx(off @ noise / (noise @ noise), abs=1e-3)
        assert found["sharpness"][k] == pytest.approx(sharpness(trained, x), rel=1e-3)
        bound = 1 + 2 * found["curvature"][k]
        assert bound == pytest.approx(least_sharpness(trained, x), rel=1e-3)


def test_what_diverges_is_undefined():
    found = bend_at_rate(seeds=SEEDS, learning_rate=1e6, duration=1e8)
    assert all(np.isnan(values).all() for values in found.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "funnel"}, "start must be one of by hand, rescaled, both ways, got 'funnel'"),
        ({"times": 0.0}, "times must be above zero, got 0"),
        ({"n_samples": 0}, "n_samples must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_left_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        leave_the_dots(**{"seeds": SEEDS, "start": "by hand", "times": 1.0, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must be above zero, got -1"),
        ({"duration": 1e-3}, "duration / learning_rate must be at least 1, got 0"),
    ],
)
def test_what_is_no_training_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        bend_at_rate(**{"seeds": SEEDS, "learning_rate": 0.1, **changes})
