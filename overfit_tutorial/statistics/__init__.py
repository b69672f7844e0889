r"""Intervals and paired comparisons over seeds.

One run proves little: another seed is another network. What is claimed of *networks* is claimed
of the distribution over seeds, from a sample of them, and so has an interval. Excess risks have
heavy tails, hence medians and quantiles come first here; and two methods that saw the same seeds
are compared seed by seed, since the luck of the data, which both share, would hide the rest.

Every function returns an `Interval`, or a few. A page gives it a bound, ``found.below(0.9)``, and
hands that to `overfit_tutorial.claims.measured`: check, threshold and distance to failing are one.
"""

from overfit_tutorial.statistics.intervals import (
    Bounded,
    Interval,
    ks_distance_bound,
    quantile_interval,
    share_interval,
)
from overfit_tutorial.statistics.nested import VarianceComponents, variance_components
from overfit_tutorial.statistics.ranks import kendall_interval
from overfit_tutorial.statistics.resampling import bootstrap_interval, ratio_interval

__all__ = [
    "Bounded",
    "Interval",
    "VarianceComponents",
    "bootstrap_interval",
    "kendall_interval",
    "ks_distance_bound",
    "quantile_interval",
    "ratio_interval",
    "share_interval",
    "variance_components",
]
