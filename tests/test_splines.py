"""The exact function against the network itself, a fine grid, and what theory says of it."""

import itertools
import re

import numpy as np
import pytest

from overfit_tutorial.data import sample_noisy
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.training import STORY, fit_network
from overfit_tutorial.weights import symmetries


def outputs(weights, x):
    """Return a network's outputs the plain way."""
    values = np.asarray(x, dtype=np.float64)[:, np.newaxis]
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values = np.maximum(values @ kernel + bias, 0)
    return (values @ weights[-2] + weights[-1])[:, 0]


def random_weights(seed, widths, *, bias_std=1.0):
    generator = np.random.default_rng(seed)
    weights = []
    for n_in, n_out in itertools.pairwise((1, *widths, 1)):
        weights.append(generator.normal(size=(n_in, n_out)) * np.sqrt(2 / n_in))
        weights.append(bias_std * generator.normal(size=n_out))
    return weights


SHAPES = [(), (1,), (7,), (100,), (12, 3), (5, 1, 5), (30, 30, 30), (9,) * 7]


@pytest.mark.parametrize("bias_std", [0.0, 1.0])
@pytest.mark.parametrize("widths", SHAPES, ids=str)
def test_it_is_the_network_everywhere_and_at_its_knots(widths, bias_std):
    weights = random_weights(len(widths), widths, bias_std=bias_std)
    found = PiecewiseLinear.from_weights(weights)
    x = np.concatenate([np.random.default_rng(0).normal(scale=10, size=10_000), found.knots])
    expected = outputs(weights, x)
    # Sums of a few hundred float64 numbers in another order.
    assert found(x) == pytest.approx(expected, rel=1e-12, abs=1e-12 * np.abs(expected).max())
    assert found(found.knots).tolist() == found.values.tolist()


def test_it_is_a_trained_network_of_the_story():
    points = sample_noisy(seed=0)
    fit = fit_network(points.x, points.y, STORY.replace(epochs=30), seed=0)
    found = PiecewiseLinear.from_weights(fit.weights)
    x = np.linspace(-30, 50, 10_001)
    doubles = [array.astype(np.float64) for array in fit.weights]
    assert found(x) == pytest.approx(outputs(doubles, x), rel=1e-11)
    # The network itself computes in single precision.
    assert found(points.x) == pytest.approx(fit.predict(points.x), rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_knots_are_where_a_fine_grid_sees_the_slope_change(seed):
    weights = random_weights(seed, (8, 8, 8))
    found = PiecewiseLinear.from_weights(weights)
    grid = np.linspace(-5, 5, 1_000_001)
    turns = np.diff(outputs(weights, grid), n=2) / 1e-5
    # Far above rounding (1e-16 over a spacing of 1e-5) and below every change of slope.
    (seen,) = np.nonzero(np.abs(turns) > 1e-6)
    inside = found.knots[np.abs(found.knots) < 5]
    assert len(inside) > 5
    # A bend within a cell shows at one or both of its ends, the sum being the change of slope.
    groups = np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1)
    assert len(groups) == len(inside)
    assert [grid[group].mean() for group in groups] == pytest.approx(inside - 1e-5, abs=2e-5)
    changes = [turns[group].sum() for group in groups]
    assert changes == pytest.approx(found.turns[np.abs(found.knots) < 5], abs=1e-6)
    total = found.total_curvature(-5, 5)
    assert total == pytest.approx(np.abs(changes).sum(), abs=1e-4)


def test_curvature_counts_the_knots_asked_for():
    knots, turns = np.array([-1.0, 0.0, 2.0]), np.array([1.0, -2.0, 0.5])
    weights = [np.ones((1, 3)), -knots, turns[:, np.newaxis], np.zeros(1)]
    found = PiecewiseLinear.from_weights(weights)
    assert found.knots.tolist() == knots.tolist()
    assert found.turns == pytest.approx(turns)
    assert found.total_curvature() == pytest.approx(3.5)
    assert found.total_curvature(0, 2) == pytest.approx(2.0)


@pytest.mark.parametrize("widths", [(6,), (6, 6), (6, 6, 6, 6)])
def test_without_biases_all_bends_are_at_zero(widths):
    found = PiecewiseLinear.from_weights(random_weights(5, widths, bias_std=0.0))
    assert found.knots.tolist() == [0.0]
    assert found.at_zero == 0.0


def test_units_that_coincide_make_one_knot_and_dead_ones_none():
    kernel, bias = np.ones((1, 4)), np.array([-1.0, -1.0, -2.0, -3.0])
    # The third goes nowhere; the fourth is cut off again by the next layer.
    second = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, -1.0]])
    weights = [kernel, bias, second, np.zeros(2), np.ones((2, 1)), np.zeros(1)]
    found = PiecewiseLinear.from_weights(weights)
    assert found.knots.tolist() == [1.0]
    assert found.slopes.tolist() == [0.0, 2.0]


def test_bends_that_cancel_are_no_knots():
    weights = [np.ones((1, 2)), np.full(2, -1.0), np.array([[1.0], [-1.0]]), np.array([4.0])]
    found = PiecewiseLinear.from_weights(weights)
    assert found.knots.size == 0
    assert found([-3.0, 1.0, 9.0]).tolist() == [4.0] * 3


@pytest.mark.parametrize("depth", [1, 3])
def test_a_network_of_zeros_is_its_last_bias(depth):
    widths = (1, *(5,) * depth, 1)
    weights = []
    for n_in, n_out in itertools.pairwise(widths):
        weights += [np.zeros((n_in, n_out)), np.full(n_out, 2.0)]
    found = PiecewiseLinear.from_weights(weights)
    assert (found.knots.size, found.slopes.tolist()) == (0, [0.0])
    assert found([-1.0, 0.0, 7.0]).tolist() == [2.0] * 3


def test_extreme_weights_lose_no_bend():
    # The unit crosses zero between a knot and a place where its values underflow together.
    first = [np.array([[1e-170, -1e-170]]), np.array([1e-170, 2e-170])]
    weights = [*first, np.array([[1e170], [1e170]]), np.zeros(1)]
    found = PiecewiseLinear.from_weights(weights)
    assert found.knots == pytest.approx([-1.0, 2.0])
    assert found.slopes == pytest.approx([-1.0, 0.0, 1.0])


def test_a_rescaled_network_keeps_its_knots():
    weights = random_weights(7, (10, 10))
    moved = symmetries.rescale(weights, 1, 8.0)
    one, other = map(PiecewiseLinear.from_weights, (weights, moved))
    assert other.knots == pytest.approx(one.knots, rel=1e-12)
    assert other.slopes == pytest.approx(one.slopes, rel=1e-12, abs=1e-12)


def test_the_weight_of_a_bend_is_the_papers():
    x = np.array([1.0, 2.0, 4.0, 7.0, 11.0])

    def one_sided(x, at):
        left = x[x < at]
        if not left.size:
            return 0.0
        spread = np.mean(at - left) * np.sqrt(1 + np.mean(left) ** 2)
        return (len(left) / len(x)) ** 2 * spread

    places = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 6.9, 7.0, 10.0, 11.0, 12.0])
    for at in places:
        weights = [np.ones((1, 1)), np.array([-at]), np.array([[3.0]]), np.zeros(1)]
        found = PiecewiseLinear.from_weights(weights).weighted_curvature(x)
        expected = 3 * min(one_sided(x, at), one_sided(-x, -at))
        assert found == pytest.approx(expected, rel=1e-12)


def test_no_network_of_one_layer_is_flatter_than_its_curvature_allows():
    generator = np.random.default_rng(3)
    slack = []
    for seed in range(1000):
        width, n = generator.integers(1, 12), generator.integers(3, 30)
        weights = random_weights(seed, (width,))
        scales = np.exp(generator.normal(size=width))
        weights[0], weights[1] = weights[0] * scales, weights[1] * scales
        weights[2] = weights[2] / scales[:, np.newaxis]
        x = generator.normal(size=n) * 2
        sums = x[:, np.newaxis] @ weights[0] + weights[1]
        alive, out = sums > 0, weights[2][:, 0]
        into = alive * out
        parts = [into * x[:, np.newaxis], into, np.maximum(sums, 0), np.ones((n, 1))]
        jacobian = np.hstack(parts)
        sharpness = np.linalg.norm(jacobian, 2) ** 2 / n
        bound = 1 + 2 * PiecewiseLinear.from_weights(weights).weighted_curvature(x)
        slack.append(sharpness / bound)
    assert min(slack) >= 1 - 1e-12
    # The bound is near for some: a weight a few times too large would break it.
    assert min(slack) < 1.5


@pytest.mark.parametrize(
    ("weights", "options", "error", "message"),
    [
        ([np.ones((1, 2))], {}, ValueError, "a kernel and a bias of each dense layer"),
        ([np.ones(2), np.ones((1, 2))], {}, ValueError, "a kernel and a bias of each dense layer"),
        (
            [np.ones((2, 1)), np.ones(1)],
            {},
            ValueError,
            re.escape("weights must be those of one input and one output, got kernels [(2, 1)]"),
        ),
        ([np.ones((1, 2)), np.ones(2)], {}, ValueError, "one input and one output"),
        ([np.full((1, 1), np.nan), np.ones(1)], {}, ValueError, "must be finite, got nan"),
        ([np.ones((1, 1)) * 1j, np.ones(1)], {}, TypeError, "must hold real numbers"),
        ("weights", {}, TypeError, "weights must be a list of arrays"),
        (
            [np.ones((1, 1)), np.ones(1)],
            {"activation": "tanh"},
            ValueError,
            "activation must be 'relu', got 'tanh'",
        ),
    ],
)
def test_what_is_no_relu_network_of_one_input_is_refused(weights, options, error, message):
    with pytest.raises(error, match=message):
        PiecewiseLinear.from_weights(weights, **options)


def test_it_cannot_be_changed():
    found = PiecewiseLinear.from_weights(random_weights(0, (4,)))
    with pytest.raises(ValueError, match="read-only"):
        found.slopes[0] = 1.0
