"""What training makes of a network that already is the wild curve.

A network can join the dots, so one may set it to that curve by hand and train on: does it stay?
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies._points import points_of
from overfit_tutorial.training import STORY
from overfit_tutorial.weights.arrays import Weights
from overfit_tutorial.weights.dots import join_the_dots
from overfit_tutorial.weights.symmetries import flatten

Vector = NDArray[np.float64]


def _by_hand(x: Vector, y: Vector, widths: Sequence[int]) -> Weights:
    return join_the_dots(x, y, hidden_widths=widths)


def _rescaled(x: Vector, y: Vector, widths: Sequence[int]) -> Weights:
    return flatten(_by_hand(x, y, widths), x)


def _funnel(x: Vector, y: Vector, widths: Sequence[int]) -> Weights:
    return flatten(join_the_dots(x, y, hidden_widths=widths, funnel=True), x)


_STARTS: dict[str, Callable[[Vector, Vector, Sequence[int]], Weights]] = {
    "by hand": _by_hand,
    "rescaled": _rescaled,
    "funnel": _funnel,
}


def train_from_the_dots(
    *,
    seeds: Sequence[_arguments.Seed],
    start: str,
    n_samples: int = 100,
    **changes: Any,
) -> dict[str, Vector]:
    """Set networks to the curve that joins their dots, and train them on the same points.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network. It draws the points, which are those of `recipe.judge_recipe`, and
        the batches.
    start : {"by hand", "rescaled", "funnel"}
        Which weights for that curve: those of `weights.dots.join_the_dots`, the same rescaled by
        `weights.symmetries.flatten`, or its funnel, rescaled as well.
    n_samples : int
        Number of points.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``error_first``, the training error after the first pass over the points, ``error``, that
        at the end, and ``followed``, the share of the noise that the network follows then. For a
        network that diverged, infinite and undefined. And ``line_error``, the training error of
        the least-squares line.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Steps that are too small to change anything leave the curve as it is:

    >>> still = {"hidden_widths": (10,), "optimizer": "sgd", "learning_rate": 1e-20, "epochs": 1}
    >>> found = train_from_the_dots(
    ...     seeds=[0], start="by hand", n_samples=10, batch_size=None, **still
    ... )
    >>> found["followed"].round(3)
    array([1.])
    """
    if start not in _STARTS:
        raise ValueError(f"start must be one of {', '.join(_STARTS)}, got {start!r}")
    recipe = STORY.replace(**changes)
    roots, sample = points_of(seeds, n_samples=n_samples)
    pairs = list(zip(sample.x, sample.y, strict=True))
    wild = [_STARTS[start](x, y, recipe.hidden_widths) for x, y in pairs]
    fits = fit_ensemble(
        sample.x,
        sample.y,
        recipe,
        seed=roots,
        initial_weights=[np.stack(layer) for layer in zip(*wild, strict=True)],
        checkpoints=[1],
    )
    found = {}
    with np.errstate(all="ignore"):  # of those that diverged
        for name, moment in {"error_first": fits.at(1), "error": fits}.items():
            fitted = moment.predict(sample.x)
            error = np.mean((fitted - sample.y) ** 2, axis=1)
            found[name] = np.where(np.isfinite(error), error, np.inf)
        followed = data.noise_followed(fitted, sample.truth, sample.x, sample.y)
    lines = [np.mean((linear.fit_line(x, y)(x) - y) ** 2) for x, y in pairs]
    found["followed"] = np.where(np.isfinite(found["error"]), followed, np.nan)
    return found | {"line_error": np.array(lines)}
