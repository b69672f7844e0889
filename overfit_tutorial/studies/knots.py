"""Where the knots of trained networks are, in several views of the same points.

A network is born with all its knots where its input is zero. What it sees may be moved or
mirrored, and so may that place; the line that it learns may be moved up or down, and so may the
place where that crosses zero.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies._points import followed_by_quarter, points_of
from overfit_tutorial.training import STORY, Fit

#: The left ends of the intervals, each of length one, in which knots are counted.
PLACES = range(-25, 25)


def judge_knots(
    *,
    seeds: Sequence[_arguments.Seed],
    center: float = 0.0,
    unit: float = 1.0,
    intercept: float = data.TRUE_LINE.intercept,
    **changes: Any,
) -> dict[str, NDArray[np.float64]]:
    """Train the story's network with some changes, once for each seed, and look for its knots.

    Points, first weights and batches of a seed are those of `recipe.judge_recipe`.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network.
    center, unit : float
        The network sees ``(x - center) / unit`` instead of `x`. A negative unit mirrors.
    intercept : float
        Of the true line, whose slope is the story's. Places and noise of the points stay.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        Of the network at its last step, with all places in units of `x`:

        - ``knots``, their number between 0 and 20;
        - ``carrying``, how few of these carry nine tenths of the change of slope there, and
          ``reach``, the place left of which nine tenths of it lies;
        - ``middle``, the median place of all knots, wherever they are;
        - ``knots_from_-25`` and so on, for each of `PLACES` the number of knots from there to the
          next;
        - ``followed``, the noise followed, and ``followed_quarter_1`` to ``_4`` that of the points
          in each quarter of [0, 20].

        All are undefined where the network diverged, and places where there is no knot.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Hardly trained, all knots still are where they were born:

    >>> still = {"learning_rate": 1e-9, "epochs": 1, "hidden_widths": (10, 10)}
    >>> judge_knots(seeds=[0, 1], center=10, **still)["middle"].round(3)
    array([10., 10.])
    """
    center = _arguments.check_finite("center", center)
    unit = _arguments.check_finite("unit", unit)
    if unit == 0:
        raise ValueError(f"unit must not be zero, got {unit:g}")
    height = _arguments.check_finite("intercept", intercept)
    truth = data.Line(intercept=height, slope=data.TRUE_LINE.slope)
    roots, sample = points_of(seeds, truth)
    seen = (sample.x - center) / unit
    fits = fit_ensemble(seen, sample.y, STORY.replace(**changes), seed=roots)
    rows = [_places(fit, center, unit) for fit in fits]
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    with np.errstate(all="ignore"):  # of those that diverged
        fitted = fits.predict(seen)
    followed = followed_by_quarter(fitted, truth, sample.x, sample.y)
    undefined = {name: np.where(fits.diverged, np.nan, part) for name, part in followed.items()}
    return found | undefined


def _places(fit: Fit, center: float, unit: float) -> dict[str, float]:
    """Return what `judge_knots` says of the knots of one network."""
    names = ["knots", "carrying", "reach", "middle", *(f"knots_from_{low}" for low in PLACES)]
    if fit.diverged:
        return dict.fromkeys(names, np.nan)
    curve = PiecewiseLinear.from_weights(fit.weights)
    order = np.argsort(curve.knots * unit)
    places = (curve.knots * unit + center)[order]
    turns = np.abs(curve.turns)[order]
    inside = (places > 0) & (places < 20)
    here, sharp = places[inside], turns[inside]
    counts, _ = np.histogram(places, [*PLACES, PLACES[-1] + 1])
    values = [
        len(here),
        np.count_nonzero(np.cumsum(np.sort(sharp)[::-1]) < 0.9 * sharp.sum()) + bool(len(here)),
        here[np.cumsum(sharp) >= 0.9 * sharp.sum()][0] if len(here) else np.nan,
        np.median(places) if len(places) else np.nan,
        *counts,
    ]
    return dict(zip(names, map(float, values), strict=True))
