"""Where the variance of a nested design comes from, with bootstrap intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.statistics.intervals import Interval
from overfit_tutorial.statistics.resampling import bootstrap
from overfit_tutorial.statistics.samples import FEWEST


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Where the variance of a nested design comes from.

    Parameters
    ----------
    between : Interval
        The variance between groups: what the group itself contributes.
    within : Interval
        The variance between repeats of one group.
    share : Interval
        `between` as a share of the two.
    """

    between: Interval
    within: Interval
    share: Interval


def variance_components(
    values: ArrayLike,
    *,
    seed: _arguments.Seed,
    confidence: float = 0.95,
    n_resamples: int = 9999,
) -> VarianceComponents:
    r"""Split the variance of a nested design into its two sources.

    The model is :math:`y_{gr} = \mu + a_g + e_{gr}` with independent :math:`a_g` and
    :math:`e_{gr}`, such as the luck of the data set *g* and that of the repeat *r*, with other
    weights and batches. The estimates are those of the analysis of variance [1]_, unbiased for
    every distribution: the mean variance within groups, and the variance of the group means less
    what the repeats put into it.

    Parameters
    ----------
    values : array_like of shape (n_groups, n_repeats)
        At least ten groups of at least two repeats. Take logarithms of what has a heavy tail:
        a variance is the plaything of the largest values.
    seed : int or SeedSequence
        Of the resampling.
    confidence : float
        About this often an interval covers the truth: of normal values and at 95%, some 92%
        with 40 groups, 89% with 20, 85% with ten.
    n_resamples : int
        How many resamples to draw, of whole groups.

    Returns
    -------
    VarianceComponents
        In squared units of the values, and as a share. An estimate below zero, which happens
        where groups hardly differ, is reported as zero.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, or all values are equal.

    References
    ----------
    .. [1] S. R. Searle, G. Casella and C. E. McCulloch, *Variance Components*, Wiley 1992,
       section 3.6.

    Examples
    --------
    Where repeats do not differ, all variance is between the groups:

    >>> found = variance_components(np.repeat(np.arange(10.0)[:, np.newaxis], 3, axis=1), seed=0)
    >>> found.within.value, found.share.value
    (0.0, 1.0)
    """
    table = _table("values", values)
    n_repeats = table.shape[1]
    means, variances = table.mean(axis=1), table.var(axis=1, ddof=1)

    def between(m: Any, v: Any, axis: int) -> Any:
        return np.var(m, axis=axis, ddof=1) - np.mean(v, axis=axis) / n_repeats

    def within(m: Any, v: Any, axis: int) -> Any:
        return np.mean(v, axis=axis)

    def share(m: Any, v: Any, axis: int) -> Any:
        part = between(m, v, axis)
        total = np.asarray(part + within(m, v, axis))
        # A resample of one group alone, without variance inside, shows none between groups.
        return np.divide(part, total, out=np.zeros_like(total), where=total > 0)

    found = {
        # The three are smooth in the means and variances of the groups.
        statistic.__name__: bootstrap(
            (means, variances),
            statistic,
            paired=True,
            confidence=confidence,
            n_resamples=n_resamples,
            seed=seed,
            method="BCa",
            not_below=0.0,
        )
        for statistic in (between, within, share)
    }
    return VarianceComponents(**found)


def _table(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return a table of finite numbers, not all equal, with enough rows and two columns."""
    shape = np.shape(values)
    if len(shape) != 2 or shape[0] < FEWEST or shape[1] < 2:
        raise ValueError(
            f"{name} must have shape (n_groups, n_repeats), at least ({FEWEST}, 2), got {shape}"
        )
    table = _arguments.check_vector(name, np.ravel(values)).reshape(shape)
    if table.min() == table.max():
        raise ValueError(f"{name} must differ, got {table[0, 0]:g} everywhere")
    return table
