"""Kernels against integrals, random networks, an ODE solver and other libraries."""

import re

import numpy as np
import pytest
from scipy import integrate, special
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from overfit_tutorial import data, draws, kernels, linear
from overfit_tutorial.weights.tangents import tangent_kernel

X = np.array([-3.0, 0.5, 1.0, 4.0, 11.0, 19.0])


def newborn(width, depth, bias_std, *, n_members, seed=0, gain=1.0):
    """Return first weights of this site's law, with biases in units of x."""
    std = bias_std * np.sqrt(2 / (width + 1))
    seeds = [np.random.SeedSequence([seed, k]) for k in range(n_members)]
    weights = list(draws.first_weights(seeds, (width,) * depth, bias_std=std, dtype=np.float64))
    return [gain * array if k % 2 or k == 0 else array for k, array in enumerate(weights)]


def smooth_kernel(n, *, seed=0):
    """Return a kernel of which most eigenvalues are tiny, and its points."""
    x = np.sort(np.random.default_rng(seed).uniform(0, 20, n))
    return np.exp(-0.5 * ((x[:, None] - x) / 2) ** 2), x


# -- Infinite width ------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(-3.0, 0.5), (1.0, 4.0), (11.0, 11.0), (-3.0, -1.0)])
@pytest.mark.parametrize("bias_std", [0.7, 5.0])
def test_one_layer_is_an_integral_over_weights_and_biases(pair, bias_std):
    # E over a uniform weight by quadrature; over the bias by quadrature, from where both are on.
    def mean(integrand):
        def over_biases(w):
            start = -min(w * pair[0], w * pair[1]) / bias_std
            return integrate.quad(
                lambda b: (
                    integrand(w * pair[0] + bias_std * b, w * pair[1] + bias_std * b)
                    * np.exp(-(b**2) / 2)
                    / np.sqrt(2 * np.pi)
                ),
                start,
                max(start, 0) + 12,
                epsabs=1e-11,
            )[0]

        ends = np.sqrt(3)
        whole = integrate.quad(over_biases, -ends, ends, points=[0.0], epsabs=1e-10)[0]
        return whole / (2 * ends)

    products, both_on = mean(lambda u, v: u * v), mean(lambda u, v: 1.0)
    expected = 1 + 2 * products + (1 + pair[0] * pair[1]) * 2 * both_on
    found = kernels.neural_tangent_kernel(pair[:1], pair[1:], depth=1, bias_std=bias_std)
    assert found[0, 0] == pytest.approx(expected, rel=1e-7)
    of_the_last = kernels.random_features_kernel(pair[:1], pair[1:], bias_std=bias_std)
    assert of_the_last[0, 0] == pytest.approx(1 + 2 * products, rel=1e-7)


def test_a_second_layer_is_an_integral_over_normal_signals():
    bias_std, (a, b) = 3.0, (1.0, 4.0)

    def product(x, y):
        found = kernels.random_features_kernel([x], [y], bias_std=bias_std)[0, 0]
        return (found - 1) / 2

    moments = [product(a, a), product(a, b), product(b, b)]
    variance_a, both, variance_b = (moment + bias_std**2 for moment in moments)
    slope = both / variance_a
    rest = np.sqrt(variance_b - slope * both)

    # Given the first signal u, the second is normal: the mean of its positive part is known.
    def given(u):
        z = slope * u / rest
        positive = slope * u * special.ndtr(z) + rest * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        return u * positive * np.exp(-(u**2) / (2 * variance_a))

    whole = integrate.quad(given, 0, 40 * np.sqrt(variance_a), points=[np.sqrt(variance_a)])[0]
    expected = 1 + 2 * whole / np.sqrt(2 * np.pi * variance_a)
    found = kernels.random_features_kernel([a], [b], bias_std=bias_std, depth=2)
    assert found[0, 0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("depth", "bias_std", "gain"), [(1, 5.0, 1.0), (3, 2.0, 1.0), (2, 4, 3)])
def test_wide_random_networks_come_near_like_one_over_the_root_of_the_width(depth, bias_std, gain):
    exact = kernels.neural_tangent_kernel(X, X, depth=depth, bias_std=bias_std, gain=gain)
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    spread, off = [], []
    for width in (25, 100, 400):
        weights = newborn(width, depth, bias_std, n_members=40, gain=gain)
        found = (tangent_kernel(weights, X) - exact) / scale
        spread.append(np.sqrt(np.mean(found**2)))
        off.append(np.abs(found.mean(axis=0)).max())
    # Four times the width, half the spread; 40 draws leave some 10 % of doubt. A mean of 40 has a
    # sixth of the spread, and the largest of 36 is a few of those; at finite width it is biased
    # by some 1/width.
    assert np.divide(spread[:-1], spread[1:]) == pytest.approx([2, 2], rel=0.35)
    assert off[-1] < 0.06
    assert off[-1] < 0.7 * off[0]


@pytest.mark.parametrize("depth", range(1, 9))
def test_without_biases_it_can_tilt_and_lift_a_line_and_nothing_else(depth):
    x = np.linspace(0.1, 20, 40)
    kernel = kernels.neural_tangent_kernel(x, x, depth=depth, bias_std=0.0)
    # C = x x' / 2**l after layer l, and all units are on at both places or at neither.
    tilt = 4 * depth * 2.0**-depth
    lift = 1 + 2 * sum(2.0**-k for k in range(1, depth + 1))
    assert kernel == pytest.approx(tilt * np.outer(x, x) + lift, rel=1e-12)
    values = np.abs(np.linalg.eigvalsh(kernel))
    assert np.sort(values)[-3] < 1e-12 * values.max()


@pytest.mark.parametrize("depth", [1, 4])
def test_small_biases_are_nearly_none(depth):
    with_biases = kernels.neural_tangent_kernel(X[1:], X[1:], depth=depth, bias_std=1e-6)
    without = kernels.neural_tangent_kernel(X[1:], X[1:], depth=depth, bias_std=0.0)
    assert with_biases == pytest.approx(without, rel=1e-4)


def test_at_zero_a_unit_is_on_for_half_of_the_biases():
    found = kernels.neural_tangent_kernel([0.0], [0.0], depth=1, bias_std=2.0)
    assert found[0, 0] == pytest.approx(1 + 2 * 2.0**2 / 2 + 2 / 2, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 5])
def test_mirrored_places_have_the_same_kernel(depth):
    rows, columns = np.array([-4.0, 1.0]), np.array([0.0, 2.0, 7.0])
    found = kernels.neural_tangent_kernel(rows, columns, depth=depth, bias_std=3.0)
    mirrored = kernels.neural_tangent_kernel(-rows, -columns, depth=depth, bias_std=3.0)
    assert found == pytest.approx(mirrored, rel=1e-13)
    turned = kernels.neural_tangent_kernel(columns, rows, depth=depth, bias_std=3.0)
    assert np.array_equal(found, turned.T)


def test_the_tangent_kernel_of_the_last_layer_is_that_of_random_features():
    width, n_members = 300, 40
    weights = newborn(width, 2, 4.0, n_members=n_members)
    exact = kernels.random_features_kernel(X, X, bias_std=4.0, depth=2)
    signal = np.repeat(X[None, :, None], n_members, axis=0)
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        signal = np.maximum(signal @ kernel + bias[:, None, :], 0)
    found = (signal @ np.swapaxes(signal, 1, 2) + 1).mean(axis=0)
    # 40 networks of width 300: a few percent.
    assert found == pytest.approx(exact, rel=0.08)


# -- Training that does not move the kernel ------------------------------------------------------


def test_flow_is_what_an_ode_solver_finds():
    kernel, _ = smooth_kernel(8)
    start, y = np.linspace(-1, 1, 8), np.arange(8.0) ** 2 / 10
    times = np.array([0.0, 0.5, 3.0, 20.0])
    solved = integrate.solve_ivp(
        lambda _, f: -2 / 8 * kernel @ (f - y),
        (0, 20),
        start,
        t_eval=times,
        rtol=1e-10,
        atol=1e-12,
    )
    found = start + kernels.gradient_flow(kernel, y - start, times) @ kernel
    assert found == pytest.approx(solved.y.T, abs=1e-7)


def test_flow_is_what_many_small_steps_do_elsewhere_too():
    x, places, y = np.array([1.0, 3.0, 8.0]), np.array([0.5, 5.0]), np.array([2.0, -1.0, 4.0])
    weights = [array[0] for array in newborn(6, 1, 4.0, n_members=1)]
    both = tangent_kernel(weights, np.concatenate([x, places]))
    kernel, across = both[:3, :3], both[:3, 3:]
    rate, on_points, elsewhere = 1e-4, np.zeros(3), np.zeros(2)
    for _ in range(2000):
        lacking = 2 / 3 * (y - on_points)
        on_points = on_points + rate * kernel @ lacking
        elsewhere = elsewhere + rate * across.T @ lacking
    found = kernels.gradient_flow(kernel, y, [2000 * rate])[0] @ across
    # Euler's steps are off by about the rate times the largest eigenvalue.
    assert found == pytest.approx(elsewhere, rel=0.02)


def test_flow_begins_at_the_start_and_ends_on_the_points():
    kernel, _ = smooth_kernel(8)
    y = np.cos(np.arange(8.0))
    begun, ended = kernels.gradient_flow(kernel, y, [0.0, 1e13]) @ kernel
    assert np.array_equal(begun, np.zeros(8))
    assert ended == pytest.approx(y, abs=1e-6)


def test_flow_ends_where_kernel_regression_is():
    kernel, _ = smooth_kernel(6)
    y = np.cos(np.arange(6.0))
    ended = kernels.gradient_flow(kernel, y, [1e12])[0]
    assert ended == pytest.approx(kernels.kernel_regression(kernel, y), rel=1e-6)


def test_flow_does_not_mind_eigenvalues_of_zero():
    x = np.linspace(0.5, 19.5, 30)
    kernel, y = 1 + np.outer(x, x), np.sin(x)
    line = linear.fit_line(x, y)
    coefficients = kernels.gradient_flow(kernel, y, [1e9])
    assert (coefficients @ kernel)[0] == pytest.approx(line(x), abs=1e-6)
    assert kernels.degrees_of_freedom(kernel, [0.0, 1e6]) == pytest.approx([0, 2], abs=1e-6)


def test_degrees_of_freedom_are_the_trace_and_the_noise_that_is_followed():
    kernel, x = smooth_kernel(40)
    times = np.array([0.3, 5.0, 200.0])
    found = kernels.degrees_of_freedom(kernel, times)
    smoothers = np.stack(
        [kernels.gradient_flow(kernel, unit, times) @ kernel for unit in np.eye(40)]
    )
    assert found == pytest.approx(np.trace(smoothers, axis1=0, axis2=2), rel=1e-9)
    # Of pure noise, n times the share that is followed, on average.
    noise = np.random.default_rng(0).normal(size=(400, 40))
    fitted = np.einsum("mi,itj->tmj", noise, smoothers)
    for freedom, curves in zip(found, fitted, strict=True):
        followed = data.noise_followed(curves, np.zeros_like, np.tile(x, (400, 1)), noise)
        assert 40 * followed.mean() == pytest.approx(freedom, rel=0.05)


# -- Least norms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 12), (12, 5), (6, 6)])
def test_the_shortest_fit_is_numpys_and_that_of_a_vanishing_penalty(shape):
    generator = np.random.default_rng(shape[0])
    features, y = generator.normal(size=shape), generator.normal(size=shape[0])
    features[:, 1] = features[:, 0]  # two that say the same
    found = kernels.min_norm_fit(features, y)
    assert found == pytest.approx(np.linalg.lstsq(features, y, rcond=None)[0], rel=1e-9, abs=1e-12)
    ridge = Ridge(alpha=1e-9, fit_intercept=False, solver="svd").fit(features, y)
    # The smallest singular value left is some 0.1: a penalty of 1e-9 changes 1e-7 of it.
    assert found == pytest.approx(ridge.coef_, rel=1e-5, abs=1e-6)


def test_a_larger_cutoff_leaves_less():
    features = np.diag([1.0, 1e-3])
    assert kernels.min_norm_fit(features, [1.0, 1.0]) == pytest.approx([1, 1e3])
    assert kernels.min_norm_fit(features, [1.0, 1.0], rcond=0.01) == pytest.approx([1, 0])
    assert kernels.kernel_regression(features, [1.0, 1.0], rcond=0.01) == pytest.approx([1, 0])


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 10.0])
def test_kernel_regression_is_scikit_learns(ridge):
    kernel, _ = smooth_kernel(30)
    y = np.random.default_rng(0).normal(size=30)
    peer = KernelRidge(alpha=ridge, kernel="precomputed").fit(kernel, y)
    found = kernels.kernel_regression(kernel, y, ridge=ridge)
    assert found == pytest.approx(peer.dual_coef_, rel=1e-6, abs=1e-8)


def test_without_a_penalty_it_is_the_shortest_fit_of_the_features():
    features = np.random.default_rng(1).normal(size=(5, 20))
    y = np.arange(5.0)
    coefficients = kernels.kernel_regression(features @ features.T, y)
    assert features.T @ coefficients == pytest.approx(kernels.min_norm_fit(features, y), rel=1e-9)


def test_without_a_penalty_it_goes_through_all_points():
    sample = data.sample_noisy(seed=0, n_samples=40)
    kernel = kernels.neural_tangent_kernel(sample.x, sample.x, depth=1, bias_std=10.0)
    fitted = kernels.kernel_regression(kernel, sample.y) @ kernel
    assert fitted == pytest.approx(sample.y, abs=1e-5)


# -- Bad input -----------------------------------------------------------------------------------

WRONG = [
    (kernels.min_norm_fit, ([1.0, 2.0], [1.0, 2.0]), {}, "features must be a matrix"),
    (kernels.min_norm_fit, ([[np.nan]], [1.0]), {}, "features must be finite, got nan"),
    (kernels.min_norm_fit, ([[1.0]], [1.0, 2.0]), {}, "y must have one number for each point"),
    (
        kernels.min_norm_fit,
        ([[1.0]], [1.0]),
        {"rcond": -1.0},
        "rcond must not be negative, got -1",
    ),
    (kernels.kernel_regression, (np.ones((2, 3)), [1.0, 1.0]), {}, "kernel must be square, got"),
    (kernels.kernel_regression, (np.ones((2, 0)), [1.0]), {}, "kernel must be a matrix of at"),
    (kernels.kernel_regression, ([[0, 1], [2, 0]], [1, 1]), {}, "kernel must be symmetric, got"),
    (kernels.kernel_regression, (-np.eye(2), [1, 1]), {}, "kernel must have no negative eigenv"),
    (
        kernels.kernel_regression,
        (np.eye(2), [1, 1]),
        {"ridge": -2.0},
        "ridge must not be negative",
    ),
    (kernels.gradient_flow, (np.eye(2), [1, 1], [-1.0]), {}, "times must not be negative, got -1"),
    (kernels.gradient_flow, (np.eye(2), [1.0], [0.0]), {}, "residuals must have one number for"),
    (kernels.gradient_flow, (np.eye(2), [1, 1], [np.inf]), {}, "times must be finite, got inf"),
    (kernels.degrees_of_freedom, (np.eye(2), [np.nan]), {}, "times must not be NaN, got nan"),
    (kernels.neural_tangent_kernel, ([], X), {"depth": 1, "bias_std": 1.0}, "x1 must be a vector"),
    (
        kernels.neural_tangent_kernel,
        (X, X),
        {"depth": 0, "bias_std": 1.0},
        "depth must be at leas",
    ),
    (
        kernels.neural_tangent_kernel,
        (X, X),
        {"depth": 1, "bias_std": -1.0},
        "bias_std must not be",
    ),
    (
        kernels.neural_tangent_kernel,
        (X, X),
        {"depth": 1, "bias_std": 1.0, "gain": 0.0},
        "gain must be above zero, got 0",
    ),
    (kernels.random_features_kernel, (X, "a"), {"bias_std": 1.0}, "x2 must hold real numbers"),
]


@pytest.mark.parametrize(("function", "arguments", "options", "message"), WRONG)
def test_what_is_wrong_is_named(function, arguments, options, message):
    error = TypeError if "real numbers" in message else ValueError
    with pytest.raises(error, match=re.escape(message)):
        function(*arguments, **options)
