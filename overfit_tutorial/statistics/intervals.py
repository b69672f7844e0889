"""An estimate with its interval; intervals that hold for every distribution."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.statistics.samples import check_sample, check_samples


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float
        The ends of the interval.
    confidence : float
        How often such an interval covers the truth; one for a number that is known.
    n : int or None
        How many independent values are behind it.

    Examples
    --------
    >>> ratio = Interval(value=1.0, low=0.9, high=1.2, confidence=0.9)
    >>> ratio.within(0.8, 1.25)
    True
    >>> ratio.below(1.25).holds, ratio.above(1).holds
    (True, False)
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The pair ``(low, high)``."""
        return self.low, self.high

    def __format__(self, format_spec: str) -> str:
        """Write value and ends alike: ``f"{interval:.2f}"`` is ``1.00 [0.90, 1.20]``."""
        value, low, high = (format(x, format_spec or ".4g") for x in (self.value, *self.ends))
        return f"{value} [{low}, {high}]"

    def within(self, low: float, high: float) -> bool:
        """Return whether the whole interval lies inside a margin.

        This is how agreement is shown, with a margin that was fixed beforehand. A test that fails
        to reject shows nothing.
        """
        low, high = _arguments.check_range(low, high)
        return low <= self.low and self.high <= high

    def above(self, bound: float) -> "Bounded":
        """Return the interval with the bound that all of it must exceed."""
        return Bounded(interval=self, above=_arguments.check_finite("bound", bound))

    def below(self, bound: float) -> "Bounded":
        """Return the interval with the bound that all of it must stay below."""
        return Bounded(interval=self, below=_arguments.check_finite("bound", bound))

    def inside(self, low: float, high: float) -> "Bounded":
        """Return the interval with the two bounds that all of it must lie between."""
        low, high = _arguments.check_range(low, high)
        return Bounded(interval=self, above=low, below=high)

    def equal_to(self, bound: float) -> "Bounded":
        """Return the number with the one that it must be; for what is known without error."""
        bound = _arguments.check_finite("bound", bound)
        return Bounded(interval=self, above=bound, below=bound)


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """An interval and the bounds within which it must lie: a check and its threshold in one.

    Parameters
    ----------
    interval : Interval
        What was found.
    above, below : float
        What all of it must exceed, and what all of it must stay below. Where both are one number,
        it must be that number.

    Examples
    --------
    >>> found = Interval(value=2.0, low=1.5, high=2.5, confidence=0.95)
    >>> found.below(7).margin
    9.0
    """

    interval: Interval
    above: float = -math.inf
    below: float = math.inf

    @property
    def holds(self) -> bool:
        """Whether the whole interval keeps its bounds."""
        if self.above == self.below:
            return self.interval.ends == (self.above, self.below)
        return self.above < self.interval.low and self.interval.high < self.below

    @property
    def margin(self) -> float | None:
        """How far the interval is from failing, in half-widths of its own.

        From its nearer end to the bound; zero where it reaches that. ``None`` of a number, which
        has no width to measure by.
        """
        half_width = (self.interval.high - self.interval.low) / 2
        if half_width == 0:
            return None
        room = min(self.interval.low - self.above, self.below - self.interval.high)
        return max(room, 0.0) / half_width

    @property
    def threshold(self) -> float:
        """The bound that is nearer to the interval."""
        above, below = self.interval.low - self.above, self.below - self.interval.high
        return self.above if above < below else self.below


def quantile_interval(values: ArrayLike, q: float = 0.5, *, confidence: float = 0.95) -> Interval:
    """Return a quantile with an interval that holds for every distribution.

    Its ends are two of the values themselves: how many values lie below the true quantile is
    binomial, whatever the distribution [1]_. No resampling, no seed, no assumption on the tails.

    Parameters
    ----------
    values : array_like of shape (n,)
        An independent sample. Infinite values are welcome: a run that diverged is worse than all
        others, and leaving it out would flatter the rest.
    q : float
        Which quantile, strictly between 0 and 1; the default is the median.
    confidence : float
        At least this often the interval covers the true quantile.

    Returns
    -------
    Interval
        Its value is that of ``numpy.quantile``.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, or there are too few values for the asked confidence.

    References
    ----------
    .. [1] W. J. Conover, *Practical Nonparametric Statistics*, 3rd edition, Wiley 1999, section
       3.2.

    Examples
    --------
    All of six values lie on one side of their median with a probability of two in 64, and so
    their range covers it in 97% of all cases:

    >>> quantile_interval([1, 2, 3, 4, 5, 6]).ends
    (1.0, 6.0)
    """
    from scipy.stats import quantile_test

    sample = np.sort(check_sample("values", values, infinite=True))
    q, confidence = (
        _arguments.check_fraction("q", q),
        _arguments.check_fraction("confidence", confidence),
    )
    # A confidence that so many values just reach must not be lost to rounding.
    just = confidence * (1 - 1e-12)
    low, high = map(float, quantile_test(sample, p=q).confidence_interval(just))
    if math.isnan(low) or math.isnan(high):
        # The outermost values fail with probability (1 − q)ⁿ and qⁿ.
        needed = math.ceil(math.log((1 - just) / 2) / math.log(max(q, 1 - q)))
        raise ValueError(
            f"values must hold at least {needed} numbers for a {confidence:.4g} interval of the "
            f"{q:.4g} quantile, got {len(sample)}"
        )
    value, n = _quantile(sample, q), len(sample)
    return Interval(value=value, low=low, high=high, confidence=confidence, n=n)


def share_interval(outcomes: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the share of true outcomes with its exact interval.

    The interval is that of Clopper and Pearson [1]_: never too short, for any number of outcomes.

    Parameters
    ----------
    outcomes : array_like of bool, shape (n,)
        One truth value a seed, such as ``risk_of_network > risk_of_line``.
    confidence : float
        At least this often the interval covers the true share.

    Returns
    -------
    Interval
        Within 0 and 1.

    References
    ----------
    .. [1] C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated
       in the case of the binomial", *Biometrika* 26 (1934), 404–413.

    Examples
    --------
    Ten successes of ten prove 69%, not 100%: a success of probability 0.69 happens ten times in
    a row in one case of forty.

    >>> round(share_interval([True] * 10).low, 4) == round(0.025 ** (1 / 10), 4)
    True
    """
    from scipy.stats import binomtest

    flags = _arguments.plain_array("outcomes", outcomes)
    if flags.dtype.kind != "b":
        raise TypeError(f"outcomes must hold truth values, got {flags.dtype}")
    if flags.ndim != 1 or flags.size == 0:
        raise ValueError(
            f"outcomes must be a vector of at least one truth value, got shape {flags.shape}"
        )
    confidence = _arguments.check_fraction("confidence", confidence)
    count, n = int(flags.sum()), len(flags)
    ends = binomtest(count, n).proportion_ci(confidence, method="exact")
    return Interval(
        value=count / n,
        low=float(ends.low),
        high=float(ends.high),
        confidence=confidence,
        n=n,
    )


def ks_distance_bound(
    first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95
) -> Interval:
    r"""Return how far apart two distributions can be, at most.

    The Kolmogorov–Smirnov distance is the greatest difference between two distribution functions.
    That of two *samples* exceeds zero even where the distributions agree; what shows agreement is
    an upper bound below a margin. The bound is

    .. math:: D_{nm} + z \sqrt{\tfrac14 \left( \tfrac1n + \tfrac1m \right)}
              + \tfrac12 \left( \tfrac1n + \tfrac1m \right)

    with the distance :math:`D_{nm}` of the samples and the normal quantile :math:`z` of the
    confidence. Let :math:`t` be where the *distributions* differ most: a fixed place. The samples
    differ there by no more than :math:`D_{nm}`, and their difference at one place is that of two
    binomial shares, of variance at most :math:`\tfrac14 (\tfrac1n + \tfrac1m)`. The last term
    makes up for the steps of the shares: with it, sums over the binomial show that the bound
    keeps its promise from 80% on. A band that holds at all places at once, such as that of
    Dvoretzky, Kiefer and Wolfowitz, is two and a half times as wide and not needed here; and the
    bootstrap fails for a maximum that several places share, as all do where distributions agree.

    Parameters
    ----------
    first, second : array_like of shape (n,) and (m,)
        Two independent samples. Infinite values are welcome, as in `quantile_interval`.
    confidence : float
        At least 0.8: at least this often the bound is not below the distance.

    Returns
    -------
    Interval
        From zero to the bound, which is one-sided. Its value is the distance of the samples.

    Examples
    --------
    Half of the second sample lies beyond the whole of the first:

    >>> ks_distance_bound(range(100), range(50, 150)).value
    0.5
    """
    from scipy.special import ndtri

    a, b = check_samples({"first": first, "second": second}, paired=False, infinite=True)
    confidence = _arguments.check_fraction("confidence", confidence)
    if confidence < 0.8:
        raise ValueError(f"confidence must be at least 0.8 for this bound, got {confidence:g}")
    places = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(s), places, side="right") / len(s) for s in (a, b)]
    distance = float(np.max(np.abs(shares[0] - shares[1])))
    spread = 1 / len(a) + 1 / len(b)
    bound = distance + float(ndtri(confidence)) * math.sqrt(spread / 4) + spread / 2
    n = min(len(a), len(b))
    return Interval(value=distance, low=0.0, high=min(bound, 1.0), confidence=confidence, n=n)


def _quantile(ordered: NDArray[np.float64], q: float) -> float:
    """Return the quantile as NumPy interpolates it, where infinite values are taken as such."""
    below, share = divmod(q * (len(ordered) - 1), 1)
    near = ordered[int(below) :][:2]
    if share == 0 or near[0] == near[-1]:
        return float(near[0])
    return float((1 - share) * near[0] + share * near[1])
