"""Networks and lines outside of their points, and whether networks that disagree know it.

Several networks are trained on the same points, from other first weights and in other batches: an
*ensemble*. Where its members differ, it may know that it does not know. A straight line says how
uncertain it is by a formula.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.streams import REDRAWS, child_seed
from overfit_tutorial.studies._points import points_of
from overfit_tutorial.training import STORY, Fit

Array = NDArray[np.float64]

#: A slope counts as another where it differs by more than this: a hundredth of the truth's.
TOLERANCE = 0.007


def judge_outside(
    *,
    seeds: Sequence[_arguments.Seed],
    places: Sequence[float] = (-20.0, 10.0, 40.0),
    n_members: int = 8,
) -> dict[str, Array]:
    """Train the story's network several times on the points of each seed; look at some places.

    Points of a seed, and the first network of each ensemble, are those of `recipe.judge_recipe`.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each ensemble.
    places : sequence of float
        Where to look, inside of [0, 20] or not.
    n_members : int
        Networks on the same points, which differ in first weights and batches; at least two.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        For each place, such as 40, how far from the truth are

        - ``mean_40``, the mean of the members; ``lowest_40`` and ``highest_40``, the outermost of
          them, and ``first_40``, one of them; ``spread_40`` is their standard deviation;
        - ``line_40``, the least-squares line on the same points, and ``band_40`` is half the width
          of its 95% band (`line_and_band`).

        Of the first network of each ensemble:

        - ``knots_left`` and ``knots_right``, the numbers of knots left of 0 and right of 20;
        - ``outermost_left`` and ``outermost_right``, the outermost knots;
        - ``straight_left`` and ``straight_right``, beyond which its slope differs from the last
          one by no more than `TOLERANCE`;
        - ``slope_left`` and ``slope_right``, its slopes beyond all knots.

        All but the line's are undefined where a network diverged, and places of knots where there
        are none.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    at = _arguments.check_vector("places", places)
    n_members = _arguments.check_count("n_members", n_members, least=2)
    roots, sample = points_of(seeds)
    members = [
        root if k == 0 else child_seed(root, REDRAWS + k)
        for root in roots
        for k in range(n_members)
    ]
    x, y = (np.repeat(z, n_members, axis=0) for z in (sample.x, sample.y))
    fits = fit_ensemble(x, y, STORY, seed=members)
    with np.errstate(all="ignore"):  # of those that diverged
        off = fits.predict(at) - data.TRUE_LINE(at)
    off[fits.diverged] = np.nan
    off = off.reshape(len(roots), n_members, len(at))
    heights, widths = line_and_band(sample.x, sample.y, at)
    columns = {
        "mean": off.mean(axis=1),
        "spread": off.std(axis=1, ddof=1),
        "lowest": off.min(axis=1),
        "highest": off.max(axis=1),
        "first": off[:, 0],
        "line": heights - data.TRUE_LINE(at),
        "band": widths,
    }
    found = {
        f"{name}_{place:g}": values[:, k]
        for k, place in enumerate(at)
        for name, values in columns.items()
    }
    rows = [_ends(fits[k]) for k in range(0, len(fits), n_members)]
    return found | {name: np.array([row[name] for row in rows]) for name in rows[0]}


def line_and_band(
    x: ArrayLike, y: ArrayLike, places: ArrayLike, *, confidence: float = 0.95
) -> tuple[Array, Array]:
    r"""Return the least-squares line at some places, and half the width of its band there.

    .. math:: t_{n-2} \; s \; \sqrt{\frac1n + \frac{(x - \bar x)^2}{\sum_i (x_i - \bar x)^2}},
              \qquad s^2 = \frac{1}{n - 2} \sum_i r_i^2

    for the residuals :math:`r_i` and the quantile :math:`t_{n-2}` of Student's distribution. If
    the truth is a line and the noise is Gaussian, this covers the truth at each single place with
    the given confidence, exactly, inside of the points and outside.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,) or (n_members, n_samples)
        At least three points, at least two of them at different places.
    places : array_like of shape (m,)
        Where to look.
    confidence : float
        Of the band.

    Returns
    -------
    heights, half_widths : ndarray of shape (m,) or (n_members, m)

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    The residuals are a half, -1 and a half, so that their variance is 1.5, a third of which is
    that of the mean. With one degree of freedom, the quantile is 12.706:

    >>> height, half = line_and_band([-1, 0, 1], [0, 0, 3], [0])
    >>> round(float(height[0]), 9), round(float(half[0] ** 2), 3) == round(12.7062047**2 / 2, 3)
    (1.0, True)
    """
    from scipy.special import stdtrit

    x, y = (_arguments.plain_array(name, z, np.float64) for name, z in (("x", x), ("y", y)))
    if x.ndim not in (1, 2) or x.shape != y.shape or x.shape[-1] < 3:
        raise ValueError(f"x and y must have one shape of three points or more, got {x.shape}")
    at = _arguments.check_vector("places", places)
    confidence = _arguments.check_fraction("confidence", confidence)
    n = x.shape[-1]
    middle = x.mean(axis=-1, keepdims=True)
    squares = np.sum((x - middle) ** 2, axis=-1, keepdims=True)
    if not (squares > 0).all():
        raise ValueError("x must hold at least two different places in each row")
    level = y.mean(axis=-1, keepdims=True)
    slope = np.sum((x - middle) * (y - level), axis=-1, keepdims=True) / squares
    residuals = y - level - slope * (x - middle)
    variance = np.sum(residuals**2, axis=-1, keepdims=True) / (n - 2)
    # The last digits of such functions are not the same on every machine.
    quantile = round(float(stdtrit(n - 2, (1 + confidence) / 2)), 9)
    widths = quantile * np.sqrt(variance * (1 / n + (at - middle) ** 2 / squares))
    return level + slope * (at - middle), widths


def _ends(fit: Fit) -> dict[str, float]:
    """Return what `judge_outside` says of the knots of one network."""
    names = [f"{name}_{side}" for side in ("left", "right") for name in _OF_A_SIDE]
    if fit.diverged:
        return dict.fromkeys(names, np.nan)
    curve = PiecewiseLinear.from_weights(fit.weights)
    knots, slopes = curve.knots, curve.slopes
    # The left side is the right one of the mirrored curve.
    left, right = _side(-knots[::-1], slopes[::-1], 0.0), _side(knots, slopes, 20.0)
    left = [left[0], -left[1], -left[2], left[3]]
    return dict(zip(names, [*left, *right], strict=True))


_OF_A_SIDE = ("knots", "outermost", "straight", "slope")


def _side(knots: Array, slopes: Array, end: float) -> list[float]:
    """Return the knots beyond the end, the last one, the last that counts, and the last slope."""
    others = np.flatnonzero(np.abs(slopes - slopes[-1]) > TOLERANCE)
    last = knots[-1] if len(knots) else np.nan
    counts = knots[others[-1]] if len(others) else np.nan
    return [float(np.count_nonzero(knots > end)), float(last), float(counts), float(slopes[-1])]
