"""Lines and curves through the space of weights."""

import re

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.landscapes.losses import build_loss
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.weights.paths import bezier_path, fit_bezier, line_path, loss_along

RNG = np.random.default_rng(0)
SHAPES = [(2, 3), (3,), (3, 1), (1,)]
START, BEND, END = ([RNG.normal(size=s) for s in SHAPES] for _ in range(3))
TIMES = np.linspace(-0.5, 1.5, 9)


class Valley:
    """A loss on the plane that is zero on the unit circle."""

    def __call__(self, weights):
        return (np.sum(weights[0] ** 2) - 1) ** 2

    def gradient(self, weights):
        return [4 * (np.sum(weights[0] ** 2) - 1) * weights[0]]


def same(first, second):
    """Return whether two networks have the same weights, bit for bit."""
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_line_goes_straight_from_end_to_end():
    path = line_path(START, END, TIMES)
    for t, weights in zip(TIMES, path, strict=True):
        for array, a, b in zip(weights, START, END, strict=True):
            np.testing.assert_allclose(array, a + t * (b - a), rtol=1e-12)  # rounding


@pytest.mark.parametrize(
    "walk", [line_path, lambda a, b, ts: bezier_path(a, BEND, b, ts)], ids=["line", "bezier"]
)
def test_a_path_ends_where_it_should(walk):
    first, last = walk(START, END, [0.0, 1.0])
    assert same(first, START)
    assert same(last, END)
    there, back = walk(START, END, [0.25]), walk(END, START, [0.75])
    for one, other in zip(there[0], back[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)  # rounding


def test_a_curve_that_is_bent_to_the_middle_is_a_line():
    middle = [(a + b) / 2 for a, b in zip(START, END, strict=True)]
    curve, line = bezier_path(START, middle, END, TIMES), line_path(START, END, TIMES)
    for one, other in zip(curve, line, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)  # rounding


class TooShort:
    """A loss whose gradient has another shape than its weights."""

    def gradient(self, weights):
        return [np.ones(1)]


def test_a_curve_is_de_casteljaus():
    for t, weights in zip(TIMES, bezier_path(START, BEND, END, TIMES), strict=True):
        legs = line_path(START, BEND, [t])[0], line_path(BEND, END, [t])[0]
        expected = line_path(*legs, [t])[0]
        for a, b in zip(weights, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)  # rounding


def test_single_precision_becomes_double():
    single = [w.astype(np.float32) for w in START]
    for path in (line_path(single, END, [0.5]), bezier_path(single, END, END, [0.5])):
        assert {w.dtype for w in path[0]} == {np.dtype("float64")}


def test_the_loss_along_a_path_is_that_of_its_stops():
    path = line_path([[-2.0, 0.0]], [[2.0, 0.0]], [0.0, 0.25, 0.5])
    assert loss_along(Valley(), path).tolist() == [9.0, 0.0, 1.0]


def test_a_fitted_curve_follows_the_valley():
    ends, times = ([[1.0, 0.0]], [[0.0, 1.0]]), np.linspace(0, 1, 21)
    control = fit_bezier(Valley(), *ends, seed=0, n_steps=2000)
    line = loss_along(Valley(), line_path(*ends, times))
    curve = loss_along(Valley(), bezier_path(ends[0], control, ends[1], times))
    # Halfway, the line is at radius √½, where the loss is ¼; a parabola is nearly a circle.
    assert line.max() == 0.25
    assert curve.max() < 0.01


def test_the_fitted_control_point_is_that_of_scipy():
    from scipy.optimize import minimize

    ends, nodes = ([[1.0, 0.0]], [[0.0, 1.0]]), (np.arange(200) + 0.5) / 200

    def mean_loss(control):
        return loss_along(Valley(), bezier_path(ends[0], [control], ends[1], nodes)).mean()

    expected = minimize(mean_loss, [0.5, 0.5]).x
    found = fit_bezier(Valley(), *ends, seed=0, n_steps=4000, learning_rate=0.003)[0]
    # Adam's steps are as long as the learning rate, and some of them are left over.
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_the_first_step_is_adams():
    control = fit_bezier(Valley(), [[1.0, 0.0]], [[0.0, 1.0]], seed=0, n_steps=1)[0]
    # Whatever the gradient, Adam's first step has the learning rate's length in each direction;
    # here outward. Its epsilon, 1e-7, is what is missing.
    np.testing.assert_allclose(control, 0.5 + 0.01, rtol=1e-6)


def test_the_steps_are_adams_on_the_gradient_with_respect_to_the_control_point():
    ends, n_steps = ([[1.0, 0.0]], [[0.0, 1.0]]), 5

    def height(control, t):
        return Valley()(bezier_path(ends[0], [control], ends[1], [t])[0])

    control, mean, square = np.array([0.5, 0.5]), np.zeros(2), np.zeros(2)
    for step, t in enumerate(np.random.default_rng(3).uniform(size=n_steps), start=1):
        rises = [height(control + h, t) - height(control - h, t) for h in 1e-5 * np.eye(2)]
        slope = np.array(rises) / 2e-5
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        ratio = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-7)
        control = control - 0.02 * ratio
    found = fit_bezier(Valley(), *ends, seed=3, n_steps=n_steps, learning_rate=0.02)[0]
    # Central differences with this step err by some 1e-10 of slopes near one.
    np.testing.assert_allclose(found, control, rtol=0, atol=1e-8)


def test_the_seed_decides_the_times():
    ends = ([[1.0, 0.0]], [[0.0, 1.0]])
    first, second, other = (
        fit_bezier(Valley(), *ends, seed=seed, n_steps=20)[0] for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_between_two_networks_a_curve_can_do_better_than_a_line():
    points = data.sample_noisy(n_samples=20, seed=0, low=-2.0, high=2.0)
    models = [build_mlp((10,), seed=seed, activation="tanh") for seed in range(2)]
    ends = [model.get_weights() for model in models]
    loss, times = build_loss(models[0], points.x, points.y), np.linspace(0, 1, 11)
    control = fit_bezier(loss, *ends, seed=0, n_steps=300)
    line = loss_along(loss, line_path(*ends, times))
    curve = loss_along(loss, bezier_path(ends[0], control, ends[1], times))
    np.testing.assert_allclose(curve[[0, -1]], line[[0, -1]], rtol=1e-12)  # rounding
    assert curve.mean() < line.mean() / 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: line_path([[1.0]], [[1.0, 2.0]], [0.0]),
            ValueError,
            "weights_b must have the shapes of weights_a [(1,)], got [(2,)]",
        ),
        (
            lambda: bezier_path([[1.0]], [[1.0], [2.0]], [[1.0]], [0.0]),
            ValueError,
            "control must have the shapes of weights_a [(1,)], got [(1,), (1,)]",
        ),
        (
            lambda: line_path([[1.0]], [[np.nan]], [0.0]),
            ValueError,
            "weights_b[0] must be finite, got nan",
        ),
        (
            lambda: line_path([[1.0]], [[1.0]], [np.inf]),
            ValueError,
            "ts must be finite, got inf at index 0",
        ),
        (
            lambda: fit_bezier(Valley(), [[1.0]], [[1.0]], seed=None),
            TypeError,
            "seed must be an int or a numpy.random.SeedSequence, got None",
        ),
        (
            lambda: fit_bezier(Valley(), [[1.0]], [[1.0]], seed=0, n_steps=0),
            ValueError,
            "n_steps must be at least 1, got 0",
        ),
        (
            lambda: fit_bezier(TooShort(), [[1.0, 2.0]], [[1.0, 2.0]], seed=0),
            ValueError,
            "the gradient of loss must have the shapes of weights_a [(2,)], got [(1,)]",
        ),
        (
            lambda: fit_bezier(Valley(), [[1.0]], [[1.0]], seed=0, learning_rate=0.0),
            ValueError,
            "learning_rate must be above zero, got 0",
        ),
    ],
)
def test_a_bad_argument_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
