"""The rank correlation of two quantities, with its bootstrap interval."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.statistics.intervals import Interval
from overfit_tutorial.statistics.samples import FEWEST, check_samples


def kendall_interval(
    first: ArrayLike,
    second: ArrayLike,
    *,
    seed: _arguments.Seed,
    groups: ArrayLike | None = None,
    units: ArrayLike | None = None,
    confidence: float = 0.95,
    n_resamples: int = 9999,
) -> Interval:
    r"""Return the rank correlation of two quantities with its bootstrap interval.

    Kendall's :math:`\tau_b` [1]_ is the share of pairs in which both quantities order the two
    alike, less the share in which they do not; pairs that tie in a quantity are left out of the
    number to share by, which is the geometric mean over the two. Only ranks count, so that a
    quantity is as good as its logarithm.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        At least ten elements. Infinite values are welcome, as in `quantile_interval`.
    seed : int or SeedSequence
        Of the resampling.
    groups : array_like of shape (n,), optional
        The group of each element. Then elements are compared within their group only, and the
        counts of all groups added: what makes groups differ cannot make a correlation.
    units : array_like of shape (n,), optional
        What is independent and resampled as a whole, at least ten of them: a data set, say, that
        several elements share. By default the groups, or each element alone.
    confidence : float
        About this often the interval covers the truth.
    n_resamples : int
        How many resamples to draw.

    Returns
    -------
    Interval
        Within -1 and 1, by percentiles.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, or one of the quantities is constant.

    References
    ----------
    .. [1] M. G. Kendall, "The treatment of ties in ranking problems", *Biometrika* 33 (1945),
       239–251.

    Examples
    --------
    >>> kendall_interval(range(12), np.exp(range(12)), seed=0).ends
    (1.0, 1.0)

    Two quantities that agree within each pair of neighbors, though one falls overall:

    >>> first, second = [*range(20)], [1, 2] * np.ones((10, 1)) - 3 * np.arange(10)[:, np.newaxis]
    >>> kendall_interval(first, second.ravel(), groups=np.repeat(range(10), 2), seed=0).value
    1.0
    """
    a, b = check_samples(
        {"first": first, "second": second}, paired=True, at_least=FEWEST, infinite=True
    )
    confidence = _arguments.check_fraction("confidence", confidence)
    n_resamples = _arguments.check_count("n_resamples", n_resamples)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    drawn_as = _labels("units", groups if units is None else units, len(a))
    n_units = int(drawn_as.max()) + 1
    if n_units < FEWEST:
        raise ValueError(f"units must be at least {FEWEST} different ones, got {n_units}")
    orders = [np.sign(np.subtract.outer(ranks, ranks)) for ranks in map(_ranks, (a, b))]
    tables = [orders[0] * orders[1], orders[0] ** 2, orders[1] ** 2]
    if groups is not None:
        labels = _labels("groups", groups, len(a))
        tables = [table * (labels[:, np.newaxis] == labels) for table in tables]
    # How often a unit was drawn: once for all in the sample itself.
    drawn = generator.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_resamples)
    counts = np.concatenate([np.ones((1, n_units)), drawn])[:, drawn_as]
    if groups is not None and units is None:
        # A group drawn twice is two groups: its copies are not compared with each other.
        sums = [counts @ table.sum(axis=1) for table in tables]
    else:
        sums = [np.sum((counts @ table) * counts, axis=1) for table in tables]
    agreement, untied_first, untied_second = sums
    if untied_first[0] == 0 or untied_second[0] == 0:
        raise ValueError("first and second must not be constant where they are compared")
    scale = np.sqrt(untied_first * untied_second)
    found = np.divide(agreement, scale, out=np.zeros_like(scale), where=scale > 0)
    ends = np.quantile(found[1:], [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value=float(found[0]),
        low=float(ends[0]),
        high=float(ends[1]),
        confidence=confidence,
        n=n_units,
    )


def _labels(name: str, labels: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Return labels as whole numbers from zero; by default all differ."""
    if labels is None:
        return np.arange(n)
    if np.shape(labels) != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {np.shape(labels)}")
    found: NDArray[np.int64] = np.unique(labels, return_inverse=True)[1]
    return found


def _ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return ranks, equal for equal values: infinite ones have no difference, their ranks do."""
    ranks: NDArray[np.int64] = np.unique(values, return_inverse=True)[1]
    return ranks
