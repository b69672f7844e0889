"""Densities of eigenvalues from a few products, against the eigenvalues themselves."""

import re
from math import factorial

import numpy as np
import pytest
from scipy.integrate import trapezoid

from overfit_tutorial.curvature.spectra import Spectrum, estimate_spectrum


def rotated(eigenvalues, *, seed):
    """Return a dense matrix of known eigenvalues in a random basis."""
    n = len(eigenvalues)
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return basis * eigenvalues @ basis.T


def blurred(eigenvalues, grid, width):
    """Return the exact density, each eigenvalue blurred to a Gaussian."""
    distance = (grid[:, np.newaxis] - eigenvalues) / width
    return np.exp(-(distance**2) / 2).mean(axis=1) / (width * np.sqrt(2 * np.pi))


@pytest.mark.parametrize("eigenvalues", [[3.0], [0.0, 0.0], [1.0, -2.0, 5.0], [2.0] * 7])
def test_the_weights_of_each_probe_add_up_to_one(eigenvalues):
    spectrum = estimate_spectrum(np.diag(eigenvalues), seed=0)
    # Rounding only.
    np.testing.assert_allclose(spectrum.weights.sum(axis=1), 1, rtol=1e-13)
    assert (spectrum.weights >= 0).all()


@pytest.mark.parametrize("n", [1, 5, 20])
def test_as_many_steps_as_eigenvalues_find_them_all(n):
    eigenvalues = np.linspace(-1, 2, n)
    spectrum = estimate_spectrum(rotated(eigenvalues, seed=0), seed=1, n_probes=4)
    assert spectrum.nodes.shape == spectrum.weights.shape == (4, n)
    # Rounding: a dense product of this size loses a digit or two.
    for nodes in spectrum.nodes:
        np.testing.assert_allclose(nodes, eigenvalues, rtol=0, atol=1e-12)


def test_a_matrix_of_low_rank_is_exact_after_one_step_more_than_its_rank():
    eigenvalues = np.zeros(60)
    eigenvalues[:4] = [-3.0, 1.0, 2.0, 50.0]
    matrix = rotated(eigenvalues, seed=0)
    spectrum = estimate_spectrum(matrix, seed=1, n_probes=3, n_lanczos_steps=30)
    assert spectrum.nodes.shape == (3, 5)
    # Rounding at 1e-16 of the largest, 50.
    np.testing.assert_allclose(spectrum.nodes, [[-3, 0, 1, 2, 50]] * 3, rtol=0, atol=1e-12)


def test_an_eigenvalue_that_has_converged_is_not_found_again():
    eigenvalues = np.concatenate([np.linspace(-1, 1, 490), 10.0 ** np.arange(1, 11)])
    spectrum = estimate_spectrum(np.diag(eigenvalues), seed=0, n_probes=2, n_lanczos_steps=80)
    # Without orthogonalization, rounding brings the largest back as soon as they have converged.
    for nodes in spectrum.nodes:
        np.testing.assert_allclose(nodes[-10:], eigenvalues[-10:], rtol=1e-6)
        assert nodes[-11] < 1.1


def test_the_weights_are_the_shares_of_the_probe_in_the_eigenvectors():
    eigenvalues = np.arange(6.0)
    spectrum = estimate_spectrum(np.diag(eigenvalues), seed=0, n_probes=2)
    # Signs share alike in the axes.
    np.testing.assert_allclose(spectrum.weights, 1 / 6, rtol=1e-10)


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_the_quadrature_is_exact_for_polynomials_up_to_its_degree(n_steps):
    matrix = rotated(np.linspace(-1, 1, 30), seed=0)
    spectrum = estimate_spectrum(matrix, seed=3, n_probes=2, n_lanczos_steps=n_steps)
    for degree in range(2 * n_steps + 1):
        samples = []
        for k in range(2):
            child = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(k,)))
            signs = np.where(child.integers(0, 2, 30) > 0, 1.0, -1.0)
            samples.append(signs @ np.linalg.matrix_power(matrix, degree) @ signs)
        exact = degree < 2 * n_steps
        found = spectrum.trace(lambda t, degree=degree: t**degree).value
        # Rounding, on a scale of 30; the next degree is missed by far more.
        assert (abs(found - np.mean(samples)) < 1e-11) == exact


def test_the_trace_of_a_function_is_that_of_dense_linear_algebra():
    eigenvalues = np.geomspace(1e-2, 10, 40)
    spectrum = estimate_spectrum(rotated(eigenvalues, seed=0), seed=0, n_probes=30)
    for function in (np.log, np.sqrt, np.exp, lambda t: t):
        estimate = spectrum.trace(function)
        assert abs(estimate.value - function(eigenvalues).sum()) < 4 * estimate.standard_error


def test_the_standard_error_of_a_trace_is_calibrated():
    eigenvalues = np.geomspace(0.1, 10, 10)
    matrix, exact = rotated(eigenvalues, seed=0), np.log(eigenvalues).sum()
    estimates = [
        estimate_spectrum(matrix, seed=seed, n_probes=10).trace(np.log) for seed in range(150)
    ]
    z = np.array([(e.value - exact) / e.standard_error for e in estimates])
    # Four standard errors; Student's variance with 9 degrees of freedom is 9/7, its kurtosis 4.2.
    assert abs(z.mean()) < 4 * np.sqrt(9 / 7 / 150)
    np.testing.assert_allclose(z.var(), 9 / 7, rtol=4 * np.sqrt(3.2 / 150))


def test_an_indicator_counts_eigenvalues():
    eigenvalues = np.concatenate([np.zeros(90), np.full(10, 7.0)])
    estimate = estimate_spectrum(np.diag(eigenvalues), seed=0).trace(lambda t: t > 1)
    # Signs share alike in the axes, so that this one is exact.
    np.testing.assert_allclose(estimate.value, 10, rtol=1e-12)


def test_the_density_is_the_blurred_spectrum():
    eigenvalues = np.concatenate([np.zeros(40), np.linspace(1, 3, 20)])
    grid = np.linspace(-2, 5, 201)
    spectrum = estimate_spectrum(
        rotated(eigenvalues, seed=0), seed=0, n_probes=100, n_lanczos_steps=30
    )
    density = spectrum.density(grid, width=0.2)
    z = (density.value - blurred(eigenvalues, grid, 0.2)) / density.standard_error
    # 201 correlated points: five standard errors are passed once in ten thousand draws.
    assert np.abs(z).max() < 5
    assert density.standard_error.max() < 0.05 * density.value.max()


def test_the_error_of_the_density_falls_with_the_root_of_the_number_of_probes():
    matrix, grid = rotated(np.linspace(0, 1, 30), seed=0), np.array([0.2, 0.5, 0.9])
    exact = blurred(np.linspace(0, 1, 30), grid, 0.1)
    errors = []
    for n_probes in (4, 16, 64):
        estimates = [
            estimate_spectrum(matrix, seed=seed, n_probes=n_probes, n_lanczos_steps=12)
            for seed in range(60)
        ]
        values = [spectrum.density(grid, width=0.1).value for spectrum in estimates]
        errors.append(np.sqrt(np.mean((np.array(values) - exact) ** 2)))
    orders = np.log2(np.divide(errors[:-1], errors[1:])) / 2
    # Four times as many probes halve the error; 60 runs of three places know each to a tenth.
    np.testing.assert_allclose(orders, 0.5, atol=0.15)


def test_the_error_of_the_quadrature_falls_geometrically_with_the_lanczos_steps():
    eigenvalues = np.linspace(-1, 1, 200)
    errors = []
    for n_steps in (1, 2, 3, 4):
        # One probe of equal signs in the eigenvectors: the trace is exact but for the quadrature.
        spectrum = estimate_spectrum(np.diag(eigenvalues), seed=0, n_lanczos_steps=n_steps)
        exact = np.exp(eigenvalues).sum()
        errors.append(abs(spectrum.trace(np.exp).value / exact - 1))
    # The remainder of Gauss' rule with m nodes on [-1, 1], 2^(2m+1) (m!)^4 / ((2m+1) (2m)!^3),
    # times a derivative of the exponential, which is nearly the same for all m.
    remainders = [
        2 ** (2 * m + 1) * factorial(m) ** 4 / ((2 * m + 1) * factorial(2 * m) ** 3)
        for m in (1, 2, 3, 4)
    ]
    falls = np.divide(remainders[:-1], remainders[1:])
    assert falls.min() > 40
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), falls, rtol=0.05)


def test_the_density_has_mass_one():
    spectrum = estimate_spectrum(rotated(np.linspace(-1, 1, 20), seed=0), seed=0)
    grid = np.linspace(-3, 3, 601)
    mass = trapezoid(spectrum.density(grid, width=0.2).value, grid)
    # Ten widths from the outermost eigenvalue nothing is left, and for a smooth function that
    # vanishes at both ends the trapezoid rule is exact but for rounding.
    np.testing.assert_allclose(mass, 1, rtol=1e-12)


def test_a_rotation_does_not_change_the_density_beyond_its_error():
    eigenvalues = np.linspace(0, 1, 20)
    first, second = (
        estimate_spectrum(rotated(eigenvalues, seed=k), seed=k, n_probes=50).density(
            [0.2, 0.8], width=0.3
        )
        for k in range(2)
    )
    error = np.hypot(first.standard_error, second.standard_error)
    assert np.all(np.abs(first.value - second.value) < 4 * error)


def test_scaling_an_operator_scales_the_nodes_and_keeps_the_weights():
    matrix = rotated(np.linspace(-1, 1, 30), seed=0)
    spectrum, scaled = (estimate_spectrum(c * matrix, seed=0, n_lanczos_steps=9) for c in (1, 4))
    # Rounding only: a power of two does not round, but the eigenvalue solver may scale.
    np.testing.assert_allclose(scaled.nodes, 4 * spectrum.nodes, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scaled.weights, spectrum.weights, rtol=0, atol=1e-12)


def test_the_same_seed_gives_the_same_spectrum_and_another_another():
    matrix = rotated(np.linspace(-1, 1, 30), seed=0)
    first, second, other = (
        estimate_spectrum(matrix, seed=s, n_lanczos_steps=5) for s in (0, 0, 1)
    )
    assert np.array_equal(first.nodes, second.nodes)
    assert not np.any(first.nodes == other.nodes)


def test_probes_do_not_depend_on_how_many_there_are():
    matrix = rotated(np.linspace(-1, 1, 30), seed=0)
    few, many = (estimate_spectrum(matrix, seed=0, n_probes=n, n_lanczos_steps=5) for n in (2, 6))
    assert np.array_equal(few.nodes, many.nodes[:2])
    assert len(np.unique(many.nodes)) == many.nodes.size


def test_a_probe_that_is_exact_earlier_than_others_adds_nothing():
    matrix = np.diag([1.0, 2.0])
    matrix[0, 1] = matrix[1, 0] = 0.5  # signs (1, 1) and (1, −1) are no eigenvectors
    even = np.array([[2.0, 1.0], [1.0, 2.0]])  # here they are
    assert estimate_spectrum(matrix, seed=0).nodes.shape == (10, 2)
    assert estimate_spectrum(even, seed=0).nodes.shape == (10, 1)
    # Signs of three: some are eigenvectors of this block matrix, and some are not.
    block = np.zeros((3, 3))
    block[:2, :2], block[2, 2] = even, 3.0
    spectrum = estimate_spectrum(block, seed=0)
    assert spectrum.nodes.shape == (10, 2)
    assert (spectrum.weights == 0).any()
    found = spectrum.trace(lambda t: t**3)
    assert abs(found.value - 55) < 4 * found.standard_error
    assert np.isfinite(spectrum.trace(np.log).value)  # not even a logarithm minds


def test_a_spectrum_is_read_only():
    spectrum = estimate_spectrum(np.eye(2), seed=0)
    for array in (spectrum.nodes, spectrum.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


SPECTRUM = Spectrum(
    nodes=np.array([[-1.0, 2.0]] * 2), weights=np.full((2, 2), 0.5), n_eigenvalues=2
)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: SPECTRUM.trace(np.sum),
            "function must return the shape of its input (2, 2), got ()",
        ),
        (
            lambda: SPECTRUM.trace(lambda t: np.where(t < 0, np.nan, t)),
            "function must be finite at the eigenvalues, it is not at -1",
        ),
        (lambda: SPECTRUM.density([0.0], width=0.0), "width must be above zero, got 0"),
        (lambda: SPECTRUM.density([], width=1.0), "grid must be a vector of at least one number"),
        (
            lambda: estimate_spectrum(np.eye(2), seed=0, n_lanczos_steps=0),
            "n_lanczos_steps must be at least 1, got 0",
        ),
    ],
)
def test_a_bad_argument_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
