"""Networks with several inputs beside the least-squares plane, where the truth is a plane.

The story's line becomes a plane over a cube. The inputs are uniform on [0, 20] each, and the plane
is as steep in all of them together as the line is in its one: the truth has the same mean and the
same variance, whatever the number of inputs. With one input this is the story, bit for bit.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, draws
from overfit_tutorial.draws import Stream
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.streams import POINTS, child_seed
from overfit_tutorial.training import STORY

Array = NDArray[np.float64]

_SIDE, _NOISE_STD = 20.0, 2.0
_CENTER, _VARIANCE = _SIDE / 2, _SIDE**2 / 12  # of each input


def true_plane(x: Array) -> Array:
    """Return the truth at points of shape ``(..., n_inputs)``: with one input, the story's line.

    Examples
    --------
    In the middle of the cube it is 10, whatever the number of inputs:

    >>> true_plane(np.full((1, 50), 10.0)).round(9)
    array([10.])
    """
    slope = data.TRUE_LINE.slope / math.sqrt(x.shape[-1])
    middle = data.TRUE_LINE(_CENTER)
    intercept = middle - data.TRUE_LINE.slope * _CENTER * math.sqrt(x.shape[-1])
    values: Array = intercept + slope * x.sum(axis=-1)
    return values


def judge_dimensions(
    *,
    seeds: Sequence[_arguments.Seed],
    n_inputs: int = 1,
    unit: float = 1.0,
    n_samples: int = 100,
    n_places: int = 1000,
    **changes: Any,
) -> dict[str, Array]:
    """Train the story's network on points with several inputs, once for each seed.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network and its points. With one input these are the points, first weights
        and batches of `recipe.judge_recipe`.
    n_inputs : int
        How many numbers a point has beside its target.
    unit : float
        The network sees ``x / unit`` instead of `x`.
    n_samples : int
        Points to train on: more than the plane has parameters, ``n_inputs + 1``.
    n_places : int
        Fresh places at which a network is judged: more than ``n_inputs + 1`` as well.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        Of the network at its last step:

        - ``followed``, the noise followed; ``error``, on its points; ``risk``, the mean squared
          distance to the truth over the fresh places, and ``risk_error``, its standard error;
          ``bent``, what is left of it if the plane nearest to the distance is taken away;
        - of the network before its first step, ``born_bent``, the share of its variance over the
          places that no plane has, and ``born_cutting``, the share of units of its first layer
          that are on at some of its points and off at others.

        ``bent`` and ``born_bent`` count the plane's parameters. Of the least-squares plane:

        - ``plane_followed``, ``plane_error`` and ``plane_risk``, the last in closed form, and
          ``plane_cost``, what the risk is expected to be with these inputs.

        A network that diverged has only the numbers of its birth.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    With one input, the network is born as a line, up to rounding:

    >>> found = judge_dimensions(seeds=[0], epochs=1)
    >>> found["born_bent"].round(9)
    array([0.])
    """
    n_inputs = _arguments.check_count("n_inputs", n_inputs)
    unit = _arguments.check_positive("unit", unit)
    for name, count in (("n_samples", n_samples), ("n_places", n_places)):
        if _arguments.check_count(name, count) < n_inputs + 2:
            raise ValueError(
                f"{name} must be more than the plane has parameters, {n_inputs + 1}, got {count}"
            )
    roots = [_arguments.check_seed(seed) for seed in seeds]
    own = [child_seed(root, POINTS) for root in roots]
    n_drawn = n_samples * n_inputs
    x = _SIDE * draws.uniforms(own, Stream.X, n_drawn)
    places = _SIDE * draws.uniforms(own, Stream.X, n_places * n_inputs, first=n_drawn)
    x, places = (z.reshape(len(roots), -1, n_inputs) for z in (x, places))
    known = true_plane(x)
    y = known + _NOISE_STD * draws.normals(own, Stream.NOISE, n_samples)
    noise = y - known
    recipe = STORY.replace(n_inputs=n_inputs, **changes)
    seen, judged = x / unit, places / unit
    if n_inputs == 1:
        seen, judged = seen[..., 0], judged[..., 0]
    fits = fit_ensemble(seen, y, recipe, seed=roots)
    with np.errstate(all="ignore"):  # of those that diverged
        fitted = fits.predict(seen)
        away = fits.predict(judged) - true_plane(places)
        found = {
            "followed": np.sum((fitted - known) * noise, axis=1) / np.sum(noise**2, axis=1),
            "error": np.mean((fitted - y) ** 2, axis=1),
            "risk": np.mean(away**2, axis=1),
            "risk_error": np.std(away**2, axis=1, ddof=1) / math.sqrt(n_places),
            "bent": np.array([bent(*pair) for pair in zip(places, away, strict=True)]),
        }
    found = {name: np.where(fits.diverged, np.nan, part) for name, part in found.items()}
    first = draws.first_weights(
        roots, recipe.hidden_widths, n_inputs=n_inputs, bias_std=recipe.bias_std
    )
    values = dataclasses.replace(fits, weights=first).predict(judged)
    curved = np.array([bent(*pair) for pair in zip(places, values, strict=True)])
    units = fits.scaling
    inputs = (seen - units.x_mean[:, None]) / units.x_std[:, None]
    on = (inputs.reshape(x.shape) @ first[0] + first[1][:, None] > 0).mean(axis=1)
    found["born_bent"] = curved / values.var(axis=1, ddof=1)
    found["born_cutting"] = np.mean((on > 0) & (on < 1), axis=1)
    planes = [_plane(*pair) for pair in zip(x, noise, strict=True)]
    return found | {name: np.array([plane[name] for plane in planes]) for name in planes[0]}


def bent(x: Array, values: Array) -> float:
    """Return the mean squared distance of values from the plane nearest to them, unbiased.

    Parameters
    ----------
    x : ndarray of shape (n, n_inputs)
        Places of the values, more than a plane has parameters.
    values : ndarray of shape (n,)
        If they are not finite, neither is the distance.
    """
    if not np.isfinite(values).all():
        return math.nan
    features = _features(x)
    rest = values - features @ np.linalg.lstsq(features, values, rcond=None)[0]
    return float(np.sum(rest**2) / (len(features) - features.shape[1]))


def _features(x: Array) -> Array:
    """Return what planes are sums of: one, and each input, centered in the cube."""
    return np.concatenate([np.ones((len(x), 1)), x - _CENTER], axis=1)


def _plane(x: Array, noise: Array) -> dict[str, float]:
    """Return what `judge_dimensions` says of the plane that is fitted to some points.

    The truth is a plane, so that what is fitted is off by what would be fitted to the noise.
    """
    features = _features(x)
    off = np.linalg.lstsq(features, noise, rcond=None)[0]
    fitted = features @ off
    squares = np.diag([1.0] + [_VARIANCE] * (features.shape[1] - 1))
    return {
        "plane_followed": float(fitted @ noise / (noise @ noise)),
        "plane_error": float(np.mean((fitted - noise) ** 2)),
        "plane_risk": float(off @ squares @ off),
        "plane_cost": float(
            _NOISE_STD**2 * np.trace(np.linalg.solve(features.T @ features, squares))
        ),
    }
