"""Random vectors that are sent through an operator, and the mean of what comes back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.streams import child_seed


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A mean over random probes, and how far another draw of the probes would move it.

    Parameters
    ----------
    value : float or ndarray
        The estimate.
    standard_error : float or ndarray
        Its standard deviation over draws of the probes, estimated from their spread.
    """

    value: float | NDArray[np.float64]
    standard_error: float | NDArray[np.float64]


def random_signs(size: int, n_probes: int, seed: _arguments.Seed) -> Iterator[NDArray[np.float64]]:
    """Return vectors of random signs, each a function of the seed and its index."""
    n_probes = _arguments.check_count("n_probes", n_probes)
    if n_probes < 2:
        raise ValueError("n_probes must be at least 2 to have a standard error, got 1")
    root = _arguments.check_seed(seed)
    return (_signs(size, child_seed(root, k)) for k in range(n_probes))


def mean_over_probes(samples: NDArray[np.float64]) -> Estimate:
    """Return the mean over the first axis, with its standard error."""
    value = samples.mean(axis=0)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    if samples.ndim == 1:
        return Estimate(value=float(value), standard_error=float(error))
    return Estimate(value=value, standard_error=error)


def _signs(size: int, seed: np.random.SeedSequence) -> NDArray[np.float64]:
    return np.where(np.random.default_rng(seed).integers(0, 2, size) > 0, 1.0, -1.0)
