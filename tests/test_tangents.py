"""The tangent kernel against TensorFlow, against differences, and against homogeneity."""

import re

import numpy as np
import pytest

from overfit_tutorial import landscapes, networks
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.weights.tangents import tangent_kernel

X = np.linspace(-3.0, 20.0, 7)


def born(seed, widths, *, biases=False):
    """Return Glorot's weights, with biases of zero as Keras has them, or not."""
    generator, weights = np.random.default_rng(seed), []
    for n_in, n_out in zip((1, *widths), (*widths, 1), strict=True):
        limit = np.sqrt(6 / (n_in + n_out))
        weights.append(generator.uniform(-limit, limit, (n_in, n_out)))
        weights.append(biases * generator.normal(size=n_out))
    return weights


def test_it_is_tensorflows():
    model = networks.build_mlp((8, 5), seed=3)
    model.set_weights(born(3, (8, 5), biases=True))
    expected = landscapes.tangent_kernel(model, X)
    weights = [array.astype(np.float64) for array in model.get_weights()]
    assert tangent_kernel(weights, X) == pytest.approx(expected, rel=1e-10)


def test_its_trace_is_that_of_differences():
    weights = born(0, (6, 4), biases=True)
    squares = np.zeros(len(X))
    for array in weights:
        for place in np.ndindex(array.shape):
            kept = array[place]
            ends = []
            for step in (-1e-6, 1e-6):
                array[place] = kept + step
                ends.append(PiecewiseLinear.from_weights(weights)(X))
            array[place] = kept
            squares += (np.subtract(*ends) / 2e-6) ** 2
    # Central differences of a function that is nearly linear in each weight.
    assert np.diag(tangent_kernel(weights, X)) == pytest.approx(squares, rel=1e-5)


@pytest.mark.parametrize("depth", range(1, 9))
def test_at_birth_right_of_zero_it_is_two_products(depth):
    # f(x) = x f(1) for zero biases and x > 0, so derivatives by kernels grow with x, and those by
    # biases do not: the kernel is A x x' + B 1 1', with A and B from x = 1 alone.
    weights, x = born(depth, (20,) * depth), np.linspace(0.1, 20, 9)
    kernel = tangent_kernel(weights, x)
    two = np.linalg.lstsq(
        np.stack([np.outer(x, x).ravel(), np.ones(81)], axis=1), kernel.ravel(), rcond=None
    )[0]
    assert kernel == pytest.approx(two[0] * np.outer(x, x) + two[1], rel=1e-12)
    # By Euler, the derivatives by a layer's kernel and itself make f, whatever the layer.
    slope = PiecewiseLinear.from_weights(weights)([1.0])[0]
    assert two[0] >= (slope**2 / np.array([np.sum(w**2) for w in weights[::2]])).sum() - 1e-12


@pytest.mark.parametrize(("center", "rank"), [(0.0, 2), (10.0, 4)])
@pytest.mark.parametrize("depth", [1, 5])
def test_at_birth_tensorflow_and_numpy_find_the_same_rank(center, rank, depth):
    x = np.linspace(0.5, 19.5, 12) - center
    model = networks.build_mlp((30,) * depth, seed=depth)
    weights = [array.astype(np.float64) for array in model.get_weights()]
    for kernel in (landscapes.tangent_kernel(model, x), tangent_kernel(weights, x)):
        values = np.linalg.eigvalsh(kernel)[::-1]
        assert values[rank - 1] > 1e-6 * values[0]
        assert values[rank] < 1e-12 * values[0]


def test_many_networks_are_many_calls():
    members = [born(seed, (5, 3), biases=True) for seed in range(3)]
    stacked = [np.stack(arrays) for arrays in zip(*members, strict=True)]
    rows = np.stack([X, X + 1, 2 * X])
    found = tangent_kernel(stacked, rows)
    for k in range(3):
        assert found[k] == pytest.approx(tangent_kernel(members[k], rows[k]), rel=1e-12)
    assert tangent_kernel(stacked, X)[1] == pytest.approx(tangent_kernel(members[1], X), rel=1e-12)


WRONG = "a kernel and a bias of each layer between one input and one output"


@pytest.mark.parametrize(
    ("weights", "x", "message"),
    [
        ([np.ones((1, 2)), np.ones(2)], X, WRONG),
        ([np.ones((2, 1)), np.ones(1)], X, WRONG),
        ([np.ones((1, 1))], X, WRONG),
        ([np.ones(1), np.ones((1, 1))], X, WRONG),
        ([1.0, 1.0], X, WRONG),
        ([np.ones((2, 1, 1)), np.ones((3, 1))], X, WRONG),
        ([np.ones((1, 1)), np.full(1, np.inf)], X, "must be finite, got inf"),
        ([np.ones((1, 1)), np.ones(1)], X[:, None], re.escape("one for each network, got (7, 1)")),
        ([np.ones((1, 1)), np.ones(1)], [0.0, np.nan], "x must be finite, got nan"),
    ],
)
def test_what_does_not_belong_together_is_refused(weights, x, message):
    with pytest.raises(ValueError, match=message):
        tangent_kernel(weights, x)
