r"""Which curves of one hidden layer gradient descent can stay at, by how sharply they bend.

Near weights that fit their points, a step of gradient descent multiplies the residuals by
:math:`I - 2 \eta J J^\top / n`. So it can stay there only if the rate times the *sharpness*, the
largest eigenvalue of :math:`J J^\top / n`, is below one; and bends make weights sharp, whatever
the weights are :cite:`mulayoff2021`. (The loss is Keras' mean squared error; of half of it, as in
that paper, this is the largest eigenvalue of the Gauss–Newton matrix.)
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies._points import points_of
from overfit_tutorial.training import fit_network
from overfit_tutorial.weights.arrays import Weights
from overfit_tutorial.weights.dots import join_from_the_middle, join_the_dots
from overfit_tutorial.weights.symmetries import flatten
from overfit_tutorial.weights.tangents import tangent_kernel

Vector = NDArray[np.float64]

#: How far, in units of `y`, a curve through the points is lifted before it is trained on.
NUDGE = 0.01


def sharpness(weights: Sequence[ArrayLike], x: ArrayLike) -> float:
    r"""Return the largest eigenvalue of :math:`J J^\top / n`.

    Parameters
    ----------
    weights : sequence of array_like
        Of one network with one input and one output, of any depth.
    x : array_like of shape (n_samples,)
        The training points.

    Returns
    -------
    float

    Examples
    --------
    Of a line, it is that of the moments of the inputs:

    >>> sharpness([[[3.0]], [5.0]], [-2.0, 2.0])
    4.0
    """
    places = _arguments.check_vector("x", x)
    return float(np.linalg.eigvalsh(tangent_kernel(weights, places))[-1] / len(places))


def least_sharpness(weights: Sequence[ArrayLike], x: ArrayLike) -> float:
    r"""Return :math:`1 + 2 \int |f''| g`: below it is no network of one layer with that curve.

    Parameters
    ----------
    weights : sequence of array_like
        For the curve. Any weights for the same curve have the same.
    x : array_like of shape (n_samples,)
        The training points.

    Returns
    -------
    float

    See Also
    --------
    overfit_tutorial.splines.PiecewiseLinear.weighted_curvature : the integral.

    References
    ----------
    :cite:t:`mulayoff2021`

    Examples
    --------
    >>> least_sharpness([[[3.0]], [5.0]], [-2.0, 2.0])
    1.0
    """
    places = _arguments.check_vector("x", x)
    return 1 + 2 * PiecewiseLinear.from_weights(weights).weighted_curvature(places)


def _by_hand(x: Vector, y: Vector) -> Weights:
    return join_the_dots(x, y, hidden_widths=(len(x),))


#: Weights of one hidden layer for the curve that joins the dots, from sharp to flat.
STARTS: dict[str, Callable[[Vector, Vector], Weights]] = {
    "by hand": _by_hand,
    "rescaled": lambda x, y: flatten(_by_hand(x, y), x),
    "both ways": lambda x, y: flatten(join_from_the_middle(x, y), x),
}


def leave_the_dots(
    *,
    seeds: Sequence[_arguments.Seed],
    start: str,
    times: float,
    n_samples: int = 100,
    n_steps: int = 200,
) -> dict[str, Vector]:
    """Set networks of one hidden layer to the joined dots, nudge them, and train on.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network. It draws the points, which are those of `recipe.judge_recipe`.
    start : {"by hand", "rescaled", "both ways"}
        Which weights for that curve: those of `weights.dots.join_the_dots`, the same rescaled by
        `weights.symmetries.flatten`, or those of `weights.dots.join_from_the_middle`, rescaled
        as well.
    times : float
        The learning rate times the sharpness of these weights. Each network has a rate of its
        own.
    n_samples, n_steps : int
        Number of points, and of steps of gradient descent over all of them.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``error``, the mean squared error at the end; that after the nudge is ``NUDGE ** 2``.
        ``followed``, the share of the noise that is followed at the end. For a network that
        diverged, infinite and undefined. ``sharpness`` and ``least``, the sharpness at the start
        and what `least_sharpness` says of the curve.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Steps of half the size that is allowed bring the curve back:

    >>> found = leave_the_dots(seeds=[0], start="both ways", times=0.5, n_samples=10)
    >>> bool(found["error"] < NUDGE**2)
    True
    """
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, got {start!r}")
    ratio = _arguments.check_positive("times", times)
    roots, sample = points_of(seeds, n_samples=n_samples)
    rows = []
    for root, x, y in zip(roots, sample.x, sample.y, strict=True):
        weights = STARTS[start](x, y)
        steepest, least = sharpness(weights, x), least_sharpness(weights, x)
        recipe = Recipe(
            hidden_widths=[len(weights[1])],
            optimizer="sgd",
            learning_rate=ratio / steepest,
            batch_size=None,
            steps=n_steps,
            dtype="float64",
        )
        nudged = [*weights[:-1], weights[-1] + NUDGE]
        fit = fit_network(x, y, recipe, seed=root, initial_weights=nudged)
        with np.errstate(all="ignore"):  # of those that diverged
            fitted = fit.predict(x)
            error = np.mean((fitted - y) ** 2)
            followed = data.noise_followed(fitted, sample.truth, x, y)
        judged = (error, followed) if np.isfinite(error) else (np.inf, np.nan)
        rows.append([*judged, steepest, least])
    columns = np.array(rows).T
    return dict(zip(("error", "followed", "sharpness", "least"), columns, strict=True))


def bend_at_rate(
    *,
    seeds: Sequence[_arguments.Seed],
    learning_rate: float,
    n_samples: int = 10,
    duration: float = 200.0,
) -> dict[str, Vector]:
    """Train networks of one hidden layer from random weights, and ask how sharply they bend.

    They have fifty units with random biases, so that they bend everywhere from the beginning,
    and see inputs and targets as ``(x - 10) / 5`` and ``(y - 10) / 2``, in which the noise has a
    standard deviation of one.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network. It draws the points and the first weights.
    learning_rate : float
        Of gradient descent over all points.
    n_samples : int
        Number of points.
    duration : float
        The learning rate times the number of steps. Tiny steps of any size follow the same path,
        and come as far.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        Of the network at its last step: ``error``, the training error in units of the variance of
        the noise; ``followed``, the share of the noise that is followed; ``curvature``, the
        integral of `splines.PiecewiseLinear.weighted_curvature`, and ``sharpness``. Undefined for
        a network that diverged.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> found = bend_at_rate(seeds=[0], learning_rate=0.1, duration=10)
    >>> bool(found["sharpness"] >= 1 + 2 * found["curvature"])
    True
    """
    rate = _arguments.check_positive("learning_rate", learning_rate)
    steps = round(_arguments.check_positive("duration", duration) / rate)
    recipe = Recipe(
        hidden_widths=[50],
        optimizer="sgd",
        learning_rate=rate,
        batch_size=None,
        steps=_arguments.check_count("duration / learning_rate", steps),
        bias_std=0.5,
    )
    roots, sample = points_of(seeds, n_samples=n_samples)
    x, y = (sample.x - 10) / 5, (sample.y - 10) / 2
    fits = fit_ensemble(x, y, recipe, seed=roots)
    names = ("error", "followed", "curvature", "sharpness")
    found = {name: np.full(len(roots), np.nan) for name in names}
    for k, fit in enumerate(fits):
        if fit.diverged:
            continue
        fitted, weights = fit.predict(x[k]), fit.weights
        found["error"][k] = np.mean((fitted - y[k]) ** 2)
        found["followed"][k] = data.noise_followed(
            10 + 2 * fitted, sample.truth, sample.x[k], sample.y[k]
        )
        found["curvature"][k] = PiecewiseLinear.from_weights(weights).weighted_curvature(x[k])
        found["sharpness"][k] = sharpness(weights, x[k])
    return found
