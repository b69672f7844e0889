"""The largest eigenvalue, the trace and the density of an operator; the volume of a basin."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.curvature import lanczos, probes, spectra
from overfit_tutorial.curvature.probes import Estimate

# So many products in a row must agree on the largest eigenvalue. One alone can be deceived: from
# 40,700 equal eigenvalues and one that is larger by a fifth, a random vector is an eigenvector of
# the equal ones but for a thousandth; the next product sees the difference.
_N_AGREEING = 3


def largest_eigenvalue(
    operator: Any, *, seed: _arguments.Seed = 0, rtol: float = 1e-3, max_products: int = 300
) -> float:
    r"""Return the largest eigenvalue, by the Lanczos process.

    Largest means rightmost: of :math:`-3` and :math:`2` it is :math:`2`.

    Parameters
    ----------
    operator : matrix or LinearOperator of shape (n, n)
        Symmetric.
    seed : int or SeedSequence
        Of the vector to start from. It has a default because the answer does not depend on it
        by more than `rtol`.
    rtol : float
        The process ends when its vector satisfies the eigenvalue's equation but for this
        relative error. The eigenvalue is mostly far better than that: its error is of second
        order in the vector's.
        Beside others, of either sign, that are much larger, it is known to a hundred roundings
        of those only.
    max_products : int
        How many products with the operator may be used.

    Returns
    -------
    float
        In units of the operator.

    Raises
    ------
    TypeError, ValueError
        If the operator is not real, square and symmetric, or a product is not finite.
    RuntimeError
        If `max_products` do not suffice.

    See Also
    --------
    scipy.sparse.linalg.eigsh : several eigenvalues, and their eigenvectors.

    Examples
    --------
    >>> round(largest_eigenvalue(np.diag([-3.0, 1.0, 2.0])), 12)
    2.0
    """
    from scipy.linalg import eigh_tridiagonal

    linear = lanczos.as_operator(operator)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    rtol = _arguments.check_positive("rtol", rtol)
    max_products = _arguments.check_count("max_products", max_products)
    start = generator.standard_normal(linear.shape[0])
    agreeing, rounding = 0, lanczos.rounding(linear)
    for diagonal, off_diagonal in lanczos.tridiagonalize(linear, start, n_steps=max_products):
        last = len(diagonal) - 1
        values, vectors = eigh_tridiagonal(
            diagonal, off_diagonal[:-1], select="i", select_range=(last, last)
        )
        residual = float(off_diagonal[-1] * abs(vectors[-1, 0]))
        # One that is zero is zero but for the roundings of those that are not.
        largest = max(np.abs(diagonal).max(), np.abs(off_diagonal).max())
        tolerance = max(rtol * abs(values[0]), 100 * rounding * largest)
        agreeing = agreeing + 1 if residual <= tolerance else 0
        if agreeing == _N_AGREEING or off_diagonal[-1] == 0:
            return float(values[0])
    raise RuntimeError(
        f"max_products must be more than {max_products} here: the largest eigenvalue is about "
        f"{values[0]:g}, with a residual of {residual:g}"
    )


def estimate_trace(operator: Any, *, seed: _arguments.Seed, n_probes: int = 30) -> Estimate:
    r"""Estimate the sum of the eigenvalues, by random signs.

    .. math:: \operatorname{tr} A = \mathrm{E}\, z^\top A z

    for a vector :math:`z` of independent random signs :cite:`hutchinson1990`. Only the entries of
    :math:`A` beside its diagonal make it vary: the variance of one probe is
    :math:`2 \sum_{i \neq j} A_{ij}^2`.

    Parameters
    ----------
    operator : matrix or LinearOperator of shape (n, n)
        Symmetric.
    seed : int or SeedSequence
        Of the signs. Probe *k* depends on ``(seed, k)`` only.
    n_probes : int
        How many products to take the mean of, at least two.

    Returns
    -------
    Estimate
        Unbiased.

    Raises
    ------
    TypeError, ValueError
        If the operator is not real, square and symmetric, a product is not finite, or another
        argument breaks its rule.

    References
    ----------
    :cite:t:`hutchinson1990`

    Examples
    --------
    The signs cancel on a diagonal, so that the estimate is exact:

    >>> estimate_trace(np.diag([1.0, 2.0, 3.0]), seed=0)
    Estimate(value=6.0, standard_error=0.0)
    """
    linear = lanczos.as_operator(operator)
    samples: list[float] = []
    before: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    for probe in probes.random_signs(linear.shape[0], n_probes, seed):
        image = lanczos.product(linear, probe)
        if before is not None:
            # The product of a vector with random signs is as large as the vector is long.
            scale = float(np.linalg.norm(image) + np.linalg.norm(before[1]))
            difference = float(before[0] @ image - probe @ before[1])
            lanczos.check_symmetric(difference, scale=scale, epsilon=lanczos.rounding(linear))
        before = probe, image
        samples.append(float(probe @ image))
    return probes.mean_over_probes(np.array(samples))


def estimate_spectral_density(
    operator: Any,
    grid: ArrayLike,
    *,
    width: float,
    seed: _arguments.Seed,
    n_probes: int = 10,
    n_lanczos_steps: int = 80,
) -> Estimate:
    """Estimate the density of the eigenvalues, each blurred to a Gaussian.

    It is ``spectra.estimate_spectrum(...).density(grid, width=width)``: keep the spectrum where
    more than one grid or width is to be drawn, since the products are what takes time. For
    networks see :cite:`ghorbani2019`.

    Parameters
    ----------
    operator : matrix or LinearOperator of shape (n, n)
        Symmetric.
    grid : array_like of shape (n_points,)
        Where to evaluate the density.
    width : float
        Standard deviation of the Gaussian, in units of the eigenvalues.
    seed, n_probes, n_lanczos_steps
        As in `spectra.estimate_spectrum`.

    Returns
    -------
    Estimate
        With arrays of shape ``(n_points,)``; over the whole axis the density integrates to one.

    References
    ----------
    :cite:t:`ghorbani2019`

    Examples
    --------
    All eigenvalues of the identity are one, where a standard Gaussian around one is highest:

    >>> density = estimate_spectral_density(np.eye(3), [1.0], width=1.0, seed=0)
    >>> bool(np.isclose(density.value[0], 1 / np.sqrt(2 * np.pi)))
    True
    """
    _arguments.check_vector("grid", grid)
    _arguments.check_positive("width", width)
    spectrum = spectra.estimate_spectrum(
        operator, seed=seed, n_probes=n_probes, n_lanczos_steps=n_lanczos_steps
    )
    return spectrum.density(grid, width=width)


def log_volume(eigenvalues: ArrayLike, *, prior_std: float, tolerance: float) -> float:
    r"""Return the logarithm of the volume of a quadratic basin, under a Gaussian prior.

    .. math:: -\frac12 \log\det\Bigl(I + \frac{\tau^2}{\varepsilon} H\Bigr)
              = \log \mathrm{E} \exp\Bigl(-\frac{\delta^\top H \delta}{2 \varepsilon}\Bigr),
              \qquad \delta \sim \mathcal{N}(0, \tau^2 I)

    The right-hand side says what it is: the share of the prior, centered at the minimum, for
    which the loss rises by no more than about the tolerance :math:`\varepsilon`. Directions in
    which the loss is flat contribute nothing, so that the nonzero eigenvalues suffice, whatever
    the number of parameters. The ranking of two basins may depend on both :math:`\varepsilon` and
    :math:`\tau`.

    Parameters
    ----------
    eigenvalues : array_like of shape (n_eigenvalues,)
        Of the Hessian of the loss at the minimum; those that are zero may be left out.
    prior_std : float
        The standard deviation :math:`\tau` of the prior, in units of the parameters.
    tolerance : float
        The rise :math:`\varepsilon`, in units of the loss.

    Returns
    -------
    float
        Zero for a flat loss, and negative for a basin.

    Raises
    ------
    ValueError
        If an eigenvalue is so negative that the mean is infinite, or a scale is not above zero.

    Examples
    --------
    Curvature one in two directions, prior and tolerance one: twice half the logarithm of two.

    >>> round(float(np.exp(-log_volume([1.0, 1.0], prior_std=1.0, tolerance=1.0))), 12)
    2.0
    """
    values = _arguments.check_vector("eigenvalues", eigenvalues)
    prior_std = _arguments.check_positive("prior_std", prior_std)
    tolerance = _arguments.check_positive("tolerance", tolerance)
    scaled = prior_std**2 / tolerance * values
    if scaled.min() <= -1:
        raise ValueError(
            f"eigenvalues must be above -tolerance / prior_std², {-tolerance / prior_std**2:g}, "
            f"got {values.min():g}"
        )
    return float(-np.log1p(scaled).sum() / 2)
