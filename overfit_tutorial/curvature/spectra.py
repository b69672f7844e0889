r"""Where the eigenvalues of a large symmetric operator lie, as few random probes see them.

Nobody computes 40,701 eigenvalues to draw their density. A random vector contains a little of
each eigenvector; a few dozen products tell a handful of places and the share of eigenvalues
around each of them, and the mean over a few vectors is all that a figure can show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.curvature import lanczos, probes
from overfit_tutorial.curvature.probes import Estimate


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """The eigenvalues of an operator, as few random probes see them.

    Parameters
    ----------
    nodes : ndarray of shape (n_probes, n_lanczos_steps)
        Where each probe sees eigenvalues.
    weights : ndarray of shape (n_probes, n_lanczos_steps)
        The share of eigenvalues that it sees there; each row adds up to one.
    n_eigenvalues : int
        The size of the operator.
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    n_eigenvalues: int

    def __post_init__(self) -> None:
        self.nodes.setflags(write=False)
        self.weights.setflags(write=False)

    def trace(self, function: Callable[[NDArray[np.float64]], ArrayLike]) -> Estimate:
        r"""Estimate the sum of a function over all eigenvalues.

        With the logarithm it is the log-determinant; with the indicator of an interval, the
        number of eigenvalues in it.

        Parameters
        ----------
        function : callable
            Maps an array of eigenvalues to an array of the same shape.

        Returns
        -------
        Estimate
            The standard error tells of the few probes, not of the few Lanczos steps.

        Raises
        ------
        TypeError, ValueError
            If the function is not real and finite at the nodes.
        """
        values = np.asarray(function(self.nodes))
        if values.dtype.kind not in "biuf":
            raise TypeError(f"function must return real numbers, got {values.dtype}")
        values = values.astype(np.float64)
        if values.shape != self.nodes.shape:
            raise ValueError(
                f"function must return the shape of its input {self.nodes.shape}, "
                f"got {values.shape}"
            )
        if not np.isfinite(values).all():
            node = self.nodes[~np.isfinite(values)][0]
            raise ValueError(f"function must be finite at the eigenvalues, it is not at {node:g}")
        return probes.mean_over_probes(self.n_eigenvalues * (self.weights * values).sum(axis=1))

    def density(self, grid: ArrayLike, *, width: float) -> Estimate:
        """Estimate the density of the eigenvalues, each blurred to a Gaussian.

        Parameters
        ----------
        grid : array_like of shape (n_points,)
            Where to evaluate it.
        width : float
            Standard deviation of the Gaussian, in units of the eigenvalues.

        Returns
        -------
        Estimate
            With arrays of shape ``(n_points,)``; over the whole axis the density integrates to
            one.
        """
        points = _arguments.check_vector("grid", grid)
        width = _arguments.check_positive("width", width)
        density = np.empty((len(self.nodes), len(points)))
        for row, nodes, weights in zip(density, self.nodes, self.weights, strict=True):
            distance = (points[:, np.newaxis] - nodes) / width
            row[:] = np.exp(-(distance**2) / 2) @ weights / (width * np.sqrt(2 * np.pi))
        return probes.mean_over_probes(density)


def estimate_spectrum(
    operator: Any, *, seed: _arguments.Seed, n_probes: int = 10, n_lanczos_steps: int = 80
) -> Spectrum:
    r"""Estimate where the eigenvalues lie, by stochastic Lanczos quadrature.

    From a random vector :math:`z`, *m* Lanczos steps find the *m* nodes and weights of the Gauss
    quadrature for :math:`z^\top f(A) z` :cite:`ubaru2017`: exact for polynomials *f* of degree
    :math:`2m - 1`, and averaged over :math:`z`, an estimate of :math:`\operatorname{tr} f(A)` for
    any *f*.

    Parameters
    ----------
    operator : matrix or LinearOperator of shape (n, n)
        Symmetric.
    seed : int or SeedSequence
        Of the probes, vectors of random signs. Probe *k* depends on ``(seed, k)`` only.
    n_probes : int
        How many vectors to start from, at least two.
    n_lanczos_steps : int
        Products for each of them; fewer where fewer are exact, to the rounding of the
        largest eigenvalue.

    Returns
    -------
    Spectrum
        Nodes and weights.

    Raises
    ------
    TypeError, ValueError
        If the operator is not real, square and symmetric, a product is not finite, or another
        argument breaks its rule.

    References
    ----------
    :cite:t:`ubaru2017`

    Examples
    --------
    The determinant of twice the identity of size ten:

    >>> spectrum = estimate_spectrum(2 * np.eye(10), seed=0)
    >>> round(float(np.exp(spectrum.trace(np.log).value)), 9)
    1024.0
    """
    linear = lanczos.as_operator(operator)
    n_lanczos_steps = _arguments.check_count("n_lanczos_steps", n_lanczos_steps)
    rules = [
        _gauss_rule(linear, probe, n_lanczos_steps)
        for probe in probes.random_signs(linear.shape[0], n_probes, seed)
    ]
    n_nodes = max(len(nodes) for nodes, _ in rules)
    # A probe that was exact earlier repeats its last node, with no weight.
    return Spectrum(
        nodes=np.stack([np.pad(nodes, (0, n_nodes - len(nodes)), "edge") for nodes, _ in rules]),
        weights=np.stack([np.pad(weights, (0, n_nodes - len(weights))) for _, weights in rules]),
        n_eigenvalues=linear.shape[0],
    )


def _gauss_rule(
    operator: Any, start: NDArray[np.float64], n_steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the nodes and weights that the Lanczos process finds from one vector."""
    for tridiagonal in lanczos.tridiagonalize(operator, start, n_steps=n_steps):
        diagonal, off_diagonal = tridiagonal
    lower = np.diag(diagonal) + np.diag(off_diagonal[:-1], -1)  # eigh reads no more than this
    nodes, vectors = np.linalg.eigh(lower)
    return nodes, vectors[0] ** 2
