"""Intervals by resampling: of any statistic of a sample, and of two methods' ratio."""

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.statistics.intervals import Interval
from overfit_tutorial.statistics.samples import FEWEST, check_sample, check_samples

Statistic = Callable[..., Any]
Method = Literal["percentile", "BCa"]

# Resamples drawn at a time: some 16 MB.
_BATCH = 2**21


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.median,
    *,
    seed: _arguments.Seed,
    confidence: float = 0.95,
    n_resamples: int = 9999,
    method: Method | None = None,
) -> Interval:
    """Return any statistic of a sample with its bootstrap interval.

    For a median or another quantile, `quantile_interval` needs no resampling and promises more.

    Parameters
    ----------
    values : array_like of shape (n,)
        An independent sample of at least ten finite numbers.
    statistic : callable
        Maps a vector to a number; with an argument `axis` it is called once for many resamples.
    seed : int or SeedSequence
        Of the resampling.
    confidence : float
        About this often the interval covers the truth.
    n_resamples : int
        How many resamples to draw. With 9,999 the ends of a 95% interval are those of endless
        resampling up to some 1% of its length.
    method : {"percentile", "BCa"}, optional
        "BCa" corrects for bias and skewness, to second order, for a statistic that depends
        smoothly on the values [1]_: the default for ``numpy.mean``, ``numpy.var`` and
        ``numpy.std``. Its correction rests on leaving out one value at a time, which says nothing
        about a quantile; "percentile" is the default for all others.

    Returns
    -------
    Interval
        Of length zero if all values are equal: resampling cannot imagine others. Where the
        correction of "BCa" is undefined, the percentile interval.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, or the statistic of a resample is not a finite number.

    References
    ----------
    .. [1] B. Efron, "Better bootstrap confidence intervals", *Journal of the American Statistical
       Association* 82 (1987), 171–185.

    Examples
    --------
    >>> found = bootstrap_interval(range(101), np.mean, seed=0)
    >>> found.value
    50.0
    >>> found.within(44, 56)
    True
    """
    sample = check_sample("values", values, at_least=FEWEST)
    if method is None:
        method = "BCa" if statistic in (np.mean, np.var, np.std) else "percentile"
    if method not in ("percentile", "BCa"):
        raise ValueError(f"method must be 'percentile' or 'BCa', got {method!r}")
    return bootstrap(
        (sample,),
        _along_axis(statistic),
        confidence=confidence,
        n_resamples=n_resamples,
        seed=seed,
        method=method,
    )


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    seed: _arguments.Seed,
    statistic: Statistic = np.median,
    paired: bool = True,
    confidence: float = 0.95,
    n_resamples: int = 9999,
) -> Interval:
    """Return the ratio of two methods' medians with its bootstrap interval.

    Whole pairs are drawn: what a seed did to both methods stays together and cancels. This is not
    the median of the ratios, which is ``quantile_interval(numerator / denominator)``.

    Parameters
    ----------
    numerator, denominator : array_like of shape (n,)
        Positive values, such as losses; element *k* of both belongs to seed *k*.
    seed : int or SeedSequence
        Of the resampling.
    statistic : callable
        What to compare instead of medians; with an argument `axis` it is faster.
    paired : bool
        Whether element *k* of both saw the same seed. If not, the lengths may differ.
    confidence : float
        About this often the interval covers the truth.
    n_resamples : int
        How many resamples to draw.

    Returns
    -------
    Interval
        By percentiles, so that exchanging the two methods inverts it.

    Examples
    --------
    Where one method always has twice the other's loss, the pairs leave no doubt:

    >>> loss = np.arange(1.0, 21.0)
    >>> ratio_interval(2 * loss, loss, seed=0).ends
    (2.0, 2.0)
    """
    samples = check_samples(
        {"numerator": numerator, "denominator": denominator}, paired=paired, at_least=FEWEST
    )
    for name, sample in zip(("numerator", "denominator"), samples, strict=True):
        if sample.min() <= 0:
            raise ValueError(f"{name} must be positive, got {sample.min():g}")
    of = _along_axis(statistic)
    return bootstrap(
        samples,
        lambda a, b, axis: of(a, axis=axis) / of(b, axis=axis),
        paired=paired,
        confidence=confidence,
        n_resamples=n_resamples,
        seed=seed,
    )


def bootstrap(
    samples: tuple[NDArray[np.float64], ...],
    statistic: Statistic,
    *,
    seed: object,
    confidence: object,
    n_resamples: object,
    paired: bool = False,
    method: Method = "percentile",
    not_below: float = -math.inf,
) -> Interval:
    """Return the bootstrap interval of a statistic that takes an axis."""
    from scipy import stats

    confidence = _arguments.check_fraction("confidence", confidence)
    n_resamples = _arguments.check_count("n_resamples", n_resamples)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    # SciPy 1.15 gave the argument another name.
    accepted = inspect.signature(stats.bootstrap).parameters
    options: dict[str, Any] = {
        "statistic": statistic,
        "paired": paired,
        "vectorized": True,
        "confidence_level": confidence,
        "batch": max(1, _BATCH // max(len(sample) for sample in samples)),
        "rng" if "rng" in accepted else "random_state": generator,
    }
    value = float(statistic(*samples, axis=-1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # said below, as an error
        drawn = stats.bootstrap(samples, n_resamples=n_resamples, method="percentile", **options)
    if not np.isfinite(drawn.bootstrap_distribution).all() or not math.isfinite(value):
        raise ValueError("statistic must be a finite number on the sample and every resample")
    ends = drawn.confidence_interval
    if method == "BCa":
        # Undefined where no resample differs, or no value matters alone: the percentiles are what
        # is left then.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            corrected = stats.bootstrap(
                samples, n_resamples=0, bootstrap_result=drawn, method="BCa", **options
            ).confidence_interval
        if math.isfinite(corrected.low) and math.isfinite(corrected.high):
            ends = corrected
    value, low, high = (max(float(end), not_below) for end in (value, ends.low, ends.high))
    n = min(len(sample) for sample in samples)
    return Interval(value=value, low=low, high=high, confidence=confidence, n=n)


def _along_axis(statistic: Statistic) -> Statistic:
    """Return the statistic as a function that takes an axis."""
    if not callable(statistic):
        raise TypeError(f"statistic must be callable, got {statistic!r}")
    try:
        if "axis" in inspect.signature(statistic).parameters:
            return statistic
    except ValueError:  # a builtin, such as max: Python does not know its arguments
        pass
    return lambda values, axis: np.apply_along_axis(statistic, axis, values)
