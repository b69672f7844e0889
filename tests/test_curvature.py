"""Numbers about large symmetric operators, against dense linear algebra and closed forms."""

import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator, eigsh

from overfit_tutorial.curvature import (
    Estimate,
    estimate_spectral_density,
    estimate_trace,
    largest_eigenvalue,
    log_volume,
)
from overfit_tutorial.curvature.spectra import estimate_spectrum

NAN, INF = float("nan"), float("inf")


def symmetric(n, *, seed):
    """Return a dense symmetric matrix with eigenvalues of both signs."""
    matrix = np.random.default_rng(seed).standard_normal((n, n))
    return (matrix + matrix.T) / 2


def rotated(eigenvalues, *, seed):
    """Return a dense matrix of known eigenvalues in a random basis."""
    n = len(eigenvalues)
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return basis * eigenvalues @ basis.T


def diagonal(eigenvalues):
    """Return an operator of known eigenvalues, as large as is wanted."""
    return aslinearoperator(diags_array(np.asarray(eigenvalues, dtype=np.float64)))


class Counter(LinearOperator):
    """An operator that counts its products."""

    def __init__(self, operator):
        self.operator, self.n_products = aslinearoperator(operator), 0
        super().__init__(self.operator.dtype, self.operator.shape)

    def _matvec(self, vector):
        self.n_products += 1
        return self.operator.matvec(vector)


def trained_spectrum(n=40_701):
    """Return the spectrum of a trained network in shape: some outliers, and a bulk around zero."""
    bulk = np.random.default_rng(0).normal(scale=0.05, size=n)
    bulk[:50] = 50 * 0.8 ** np.arange(50)
    return bulk


# The largest eigenvalue


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [1, 2, 3, 30, 100])
def test_the_largest_eigenvalue_is_that_of_dense_linear_algebra(n, seed):
    matrix = symmetric(n, seed=seed)
    exact = np.linalg.eigvalsh(matrix)[-1]
    np.testing.assert_allclose(largest_eigenvalue(matrix, seed=seed), exact, rtol=1e-3)
    # The residual bounds the error, which is of its second order: below it in the end.
    tight = largest_eigenvalue(matrix, seed=seed, rtol=1e-10)
    np.testing.assert_allclose(tight, exact, rtol=1e-10)


def test_the_largest_eigenvalue_is_that_of_arpack_on_a_sparse_matrix():
    path = diags_array([-np.ones(1999), 2 * np.ones(2000), -np.ones(1999)], offsets=[-1, 0, 1])
    stiffened = csr_array(path + diags_array(np.linspace(0, 5, 2000)))
    exact = eigsh(stiffened, k=1, which="LA", return_eigenvectors=False)[0]
    np.testing.assert_allclose(largest_eigenvalue(stiffened), exact, rtol=1e-3)


@pytest.mark.parametrize(
    ("eigenvalues", "largest"),
    [
        ([3.0], 3.0),
        ([0.0, 0.0], 0.0),
        ([1.0, 1.0, 1.0], 1.0),
        ([-1.0, -2.0, -3.0], -1.0),
        ([-100.0, 0.5, 1.0], 1.0),
        ([0.0] * 50 + [7.0], 7.0),
        ([0.0] * 50 + [-7.0], 0.0),
    ],
)
def test_the_largest_eigenvalue_of_a_diagonal_is_its_largest_entry(eigenvalues, largest):
    # Few different eigenvalues exhaust the Krylov space, and the answer is exact but for rounding.
    found = largest_eigenvalue(np.diag(eigenvalues))
    np.testing.assert_allclose(found, largest, rtol=1e-13, atol=1e-13)


def test_one_eigenvalue_that_stands_out_of_many_equal_ones_is_found():
    operator = Counter(diagonal([1.2] + [1.0] * 40_700))
    np.testing.assert_allclose(largest_eigenvalue(operator, seed=0), 1.2, rtol=1e-12)
    assert operator.n_products <= 4


def test_one_deception_does_not_count_towards_agreement():
    spikes = [1.2, 1.21, 1.22, 1.23, 1.25, 1.3]
    operator = Counter(diagonal(spikes + [1.0] * 40_000))
    # The first product is deceived; the fifth, sixth and seventh agree on the truth.
    np.testing.assert_allclose(largest_eigenvalue(operator, seed=0, rtol=2e-3), 1.3, rtol=1e-4)
    assert operator.n_products == 7


def test_a_trained_networks_spectrum_takes_few_products():
    for seed in range(5):
        operator = Counter(diagonal(trained_spectrum()))
        np.testing.assert_allclose(largest_eigenvalue(operator, seed=seed), 50, rtol=1e-3)
        assert operator.n_products < 25


def test_the_error_stays_below_the_tolerance_whatever_the_seed():
    # Half of the eigenvalues within a few percent of the largest: the harder case.
    eigenvalues = np.sort(np.random.default_rng(0).uniform(size=2000)) ** 0.1
    for seed in range(20):
        found = largest_eigenvalue(diagonal(eigenvalues), seed=seed, rtol=1e-3)
        assert abs(found / eigenvalues[-1] - 1) < 1e-3


def test_a_smaller_tolerance_takes_more_products_and_gives_a_smaller_error():
    products, errors = [], []
    for rtol in (1e-1, 1e-3, 1e-6):
        operator = Counter(diagonal(trained_spectrum(5000)))
        errors.append(abs(largest_eigenvalue(operator, rtol=rtol) - 50))
        products.append(operator.n_products)
    assert products == sorted(set(products))
    assert errors == sorted(errors, reverse=True)


def test_scaling_an_operator_scales_its_largest_eigenvalue():
    matrix = symmetric(40, seed=0)
    found = largest_eigenvalue(1e6 * matrix)
    np.testing.assert_allclose(found, 1e6 * largest_eigenvalue(matrix), rtol=1e-12)  # rounding


def test_a_shift_shifts_the_largest_eigenvalue():
    matrix = symmetric(40, seed=0)
    found = largest_eigenvalue(matrix + 5 * np.eye(40), rtol=1e-10)
    np.testing.assert_allclose(found, 5 + largest_eigenvalue(matrix, rtol=1e-10), rtol=1e-9)


def test_the_seed_decides_the_start_and_nothing_but_the_seed():
    operator = diagonal(trained_spectrum(2000))
    first = largest_eigenvalue(operator, seed=1, rtol=0.1)
    assert largest_eigenvalue(operator, seed=1, rtol=0.1) == first
    assert largest_eigenvalue(operator, seed=np.random.SeedSequence(1), rtol=0.1) == first
    assert largest_eigenvalue(operator, seed=2, rtol=0.1) != first


def test_a_largest_eigenvalue_that_is_not_found_is_no_answer():
    # Near zero no eigenvalue is known to a thousandth of itself.
    operator = diagonal(-np.linspace(1e-9, 1, 5000))
    with pytest.raises(RuntimeError, match="max_products must be more than 20 here: the largest"):
        largest_eigenvalue(operator, max_products=20)


def test_single_precision_gives_what_it_can():
    eigenvalues = np.float32(trained_spectrum(1000))
    operator = LinearOperator(
        (1000, 1000), matvec=lambda v: eigenvalues * v.astype(np.float32), dtype=np.float32
    )
    np.testing.assert_allclose(largest_eigenvalue(operator, rtol=1e-4), 50, rtol=1e-4)


# The trace


@pytest.mark.parametrize("eigenvalues", [[2.0], [1.0, -2.0, 5.0], [0.0, 0.0], -np.arange(30.0)])
def test_the_trace_of_a_diagonal_is_exact(eigenvalues):
    estimate = estimate_trace(np.diag(eigenvalues), seed=0, n_probes=2)
    assert estimate.value == sum(eigenvalues)
    assert estimate.standard_error == 0


def test_the_trace_is_the_mean_over_probes_and_its_error_their_spread():
    matrix = symmetric(6, seed=0)
    samples = []
    for k in range(4):
        child = np.random.default_rng(np.random.SeedSequence(9, spawn_key=(k,)))
        signs = np.where(child.integers(0, 2, 6) > 0, 1.0, -1.0)
        samples.append(sum(matrix[i, j] * signs[i] * signs[j] for i in range(6) for j in range(6)))
    estimate = estimate_trace(matrix, seed=9, n_probes=4)
    # Rounding only: sums of 36 terms in another order.
    np.testing.assert_allclose(estimate.value, np.mean(samples), rtol=1e-13)
    np.testing.assert_allclose(estimate.standard_error, np.std(samples, ddof=1) / 2, rtol=1e-12)


def test_the_trace_is_unbiased_and_its_standard_error_calibrated():
    matrix = rotated(np.linspace(-1, 3, 25), seed=0)
    estimates = [estimate_trace(matrix, seed=seed, n_probes=30) for seed in range(500)]
    z = np.array([(e.value - 25.0) / e.standard_error for e in estimates])
    # Four standard errors. A mean of 30 over its own spread has Student's variance 29/27.
    assert abs(z.mean()) < 4 / np.sqrt(500)
    np.testing.assert_allclose(z.var(), 29 / 27, rtol=4 * np.sqrt(2 / 500))


def test_the_variance_of_the_trace_is_that_of_the_formula():
    matrix = symmetric(20, seed=1)
    values = [estimate_trace(matrix, seed=seed, n_probes=2).value for seed in range(2000)]
    beside = 2 * np.sum((matrix - np.diag(np.diag(matrix))) ** 2)
    # Four standard errors of a variance with little kurtosis: √(2/2000), and a half on top.
    np.testing.assert_allclose(np.var(values), beside / 2, rtol=6 * np.sqrt(2 / 2000))


def test_the_error_of_the_trace_falls_with_the_root_of_the_number_of_probes():
    matrix = rotated(np.linspace(0, 1, 40), seed=0)
    errors = [
        np.sqrt(
            np.mean(
                [
                    (estimate_trace(matrix, seed=seed, n_probes=n).value - 20.0) ** 2
                    for seed in range(200)
                ]
            )
        )
        for n in (4, 16, 64)
    ]
    orders = np.log2(np.divide(errors[:-1], errors[1:])) / 2
    # Four times as many probes halve the error; 200 runs know each error to 1/20 of it.
    np.testing.assert_allclose(orders, 0.5, atol=0.14)


def test_a_probe_depends_on_the_seed_and_its_index_only():
    matrix = symmetric(20, seed=0)
    two, three = (estimate_trace(matrix, seed=5, n_probes=n) for n in (2, 3))
    child = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(2,)))
    signs = np.where(child.integers(0, 2, 20) > 0, 1.0, -1.0)
    third = signs @ matrix @ signs
    # Rounding only.
    np.testing.assert_allclose(3 * three.value - 2 * two.value, third, rtol=1e-12)


def test_the_same_seed_gives_the_same_trace_and_another_another():
    matrix = symmetric(20, seed=0)
    first = estimate_trace(matrix, seed=3)
    assert estimate_trace(matrix, seed=3).value == first.value
    assert estimate_trace(matrix, seed=4).value != first.value


# The density


def test_the_density_is_that_of_the_spectrum():
    matrix, grid = symmetric(50, seed=0), np.linspace(-10, 10, 7)
    options = {"seed": 4, "n_probes": 3, "n_lanczos_steps": 20}
    density = estimate_spectral_density(matrix, grid, width=0.5, **options)
    expected = estimate_spectrum(matrix, **options).density(grid, width=0.5)
    assert isinstance(density, Estimate)
    assert np.array_equal(density.value, expected.value)
    assert np.array_equal(density.standard_error, expected.standard_error)


# The volume


def test_the_volume_is_a_determinant():
    matrix = rotated(np.linspace(0, 4, 12), seed=0)
    scaled = np.eye(12) + 0.5**2 / 0.01 * matrix
    expected = -np.linalg.slogdet(scaled)[1] / 2
    found = log_volume(np.linalg.eigvalsh(matrix), prior_std=0.5, tolerance=0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-12)  # rounding only


def test_the_volume_is_the_mean_of_a_gaussian_basin_over_the_prior():
    eigenvalues = np.array([0.3, 2.0, 5.0])
    draws = np.random.default_rng(0).normal(scale=0.7, size=(400_000, 3))
    basin = np.exp(-(draws**2 @ eigenvalues) / (2 * 0.5))
    found = np.exp(log_volume(eigenvalues, prior_std=0.7, tolerance=0.5))
    assert abs(basin.mean() - found) < 4 * basin.std() / np.sqrt(len(basin))


def test_flat_directions_do_not_change_the_volume():
    found = log_volume([1.0, 2.0], prior_std=3.0, tolerance=0.1)
    assert log_volume([1.0, 0.0, 2.0, 0.0], prior_std=3.0, tolerance=0.1) == found


def test_a_flat_loss_fills_the_prior_and_a_sharper_one_less():
    volumes = [log_volume([c, c], prior_std=1.0, tolerance=1.0) for c in (0.0, 1.0, 10.0)]
    assert volumes[0] == 0
    assert volumes == sorted(volumes, reverse=True)


def test_only_the_ratio_of_variance_and_tolerance_matters():
    first = log_volume([1.0, 5.0], prior_std=1.0, tolerance=0.25)
    assert log_volume([1.0, 5.0], prior_std=2.0, tolerance=1.0) == first


def test_a_spectrum_estimates_the_volume():
    eigenvalues = np.concatenate([np.zeros(40), np.geomspace(0.1, 50, 20)])
    spectrum = estimate_spectrum(rotated(eigenvalues, seed=0), seed=0, n_probes=40)
    estimate = spectrum.trace(lambda t: -np.log1p(np.maximum(t, 0) / 0.1) / 2)
    exact = log_volume(eigenvalues, prior_std=1.0, tolerance=0.1)
    assert abs(estimate.value - exact) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.1 * abs(exact)


# What is refused


STOCHASTIC = [
    lambda operator, **options: largest_eigenvalue(operator, **{"seed": 0, **options}),
    lambda operator, **options: estimate_trace(operator, **{"seed": 0, **options}),
    lambda operator, **options: estimate_spectral_density(
        operator, [0.0], width=1.0, **{"seed": 0, **options}
    ),
    lambda operator, **options: estimate_spectrum(operator, **{"seed": 0, **options}),
]


def broken(value):
    """Return an operator that fails in one entry."""
    return LinearOperator((3, 3), matvec=lambda v: np.array([1.0, value, 1.0]), dtype=np.float64)


BAD_OPERATORS = [
    (np.ones((2, 3)), ValueError, "operator must be square, got shape (2, 3)"),
    (np.ones((0, 0)), ValueError, "operator must have at least one row, got shape (0, 0)"),
    (np.eye(2) * 1j, TypeError, "operator must be real, got complex128"),
    ("matrix", TypeError, "aslinearoperator takes, got str"),
    (None, TypeError, "aslinearoperator takes, got NoneType"),
    (broken(NAN), ValueError, "operator must map finite vectors to finite ones, got nan"),
    (broken(-INF), ValueError, "operator must map finite vectors to finite ones, got -inf"),
    (np.triu(np.ones((9, 9))), ValueError, "operator must be symmetric, got u·Av - v·Au = "),
    (
        LinearOperator((3, 3), matvec=lambda v: v[:2], dtype=np.float64),
        ValueError,
        "operator must map a vector of length 3 to another one: ",
    ),
    (
        LinearOperator((3, 3), matvec=lambda v: v * 1j, dtype=np.float64),
        TypeError,
        "operator must be real, got a product of complex128",
    ),
    (symmetric(50, seed=0) + 1e-6 * np.eye(50, k=1), ValueError, "operator must be symmetric"),
    (np.outer(np.arange(5.0), np.ones(5)), ValueError, "operator must be symmetric"),
]


@pytest.mark.parametrize("function", STOCHASTIC)
@pytest.mark.parametrize(("operator", "error", "message"), BAD_OPERATORS)
def test_a_bad_operator_is_named(function, operator, error, message):
    with pytest.raises(error, match=re.escape(message)):
        function(operator)


@pytest.mark.parametrize("function", STOCHASTIC)
def test_an_operator_may_not_write_into_its_argument(function):
    def double(vector):
        vector *= 2
        return vector

    with pytest.raises(ValueError, match="read-only"):
        function(LinearOperator((4, 4), matvec=double, dtype=np.float64))


@pytest.mark.parametrize("function", STOCHASTIC)
@pytest.mark.parametrize("scale", [1e-100, 1e-8, 1.0, 1e8])
def test_symmetry_is_judged_by_the_operators_own_scale(function, scale):
    function(scale * symmetric(40, seed=0))
    with pytest.raises(ValueError, match="operator must be symmetric"):
        function(scale * np.random.default_rng(0).standard_normal((40, 40)))


@pytest.mark.parametrize("function", STOCHASTIC)
@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (None, TypeError, "seed must be an int or a numpy.random.SeedSequence, got None"),
        (-1, ValueError, "seed must not be negative, got -1"),
    ],
)
def test_a_bad_seed_is_named(function, seed, error, message):
    with pytest.raises(error, match=re.escape(message)):
        function(np.eye(3), seed=seed)


@pytest.mark.parametrize("function", STOCHASTIC[1:])
@pytest.mark.parametrize(
    ("n_probes", "error", "message"),
    [
        (0, ValueError, "n_probes must be at least 1, got 0"),
        (1, ValueError, "n_probes must be at least 2 to have a standard error, got 1"),
        (2.0, TypeError, "n_probes must be a whole number, got 2.0"),
    ],
)
def test_a_bad_number_of_probes_is_named(function, n_probes, error, message):
    with pytest.raises(error, match=re.escape(message)):
        function(np.eye(3), n_probes=n_probes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: largest_eigenvalue(np.eye(2), rtol=0.0), "rtol must be above zero, got 0"),
        (
            lambda: largest_eigenvalue(np.eye(2), max_products=0),
            "max_products must be at least 1, got 0",
        ),
        (
            lambda: estimate_spectral_density(np.eye(2), [0.0], width=-1.0, seed=0),
            "width must be above zero, got -1",
        ),
        (
            lambda: estimate_spectral_density(np.eye(2), [NAN], width=1.0, seed=0),
            "grid must be finite, got nan at index 0",
        ),
        (
            lambda: log_volume([1.0], prior_std=0.0, tolerance=1.0),
            "prior_std must be above zero, got 0",
        ),
        (
            lambda: log_volume([1.0], prior_std=1.0, tolerance=-2.0),
            "tolerance must be above zero, got -2",
        ),
        (
            lambda: log_volume([1.0, NAN], prior_std=1.0, tolerance=1.0),
            "eigenvalues must be finite, got nan at index 1",
        ),
        (
            lambda: log_volume([1.0, -0.25], prior_std=2.0, tolerance=1.0),
            "eigenvalues must be above -tolerance / prior_std², -0.25, got -0.25",
        ),
    ],
)
def test_a_bad_number_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_the_seed_of_an_estimate_is_required():
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        estimate_trace(np.eye(2))
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        estimate_spectral_density(np.eye(2), [0.0], width=1.0)


def test_importing_the_room_does_not_import_scipy():
    code = "import sys, overfit_tutorial.curvature; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_largest_eigenvalue_may_be_zero():
    generator = np.random.default_rng(0)
    factor = generator.standard_normal((60, 20))
    assert abs(largest_eigenvalue(-factor @ factor.T)) < 1e-9
    assert largest_eigenvalue(-np.diag(np.arange(30.0))) == pytest.approx(0, abs=1e-9)
