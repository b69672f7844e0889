"""What can be said of a network on points whose truth nobody knows.

No excess risk, and no share of the noise that is followed: both need the truth. But noise that one
adds oneself is known, and points that are held out can compare two fits.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.shaking import added_noise_followed
from overfit_tutorial.statistics import Interval, bootstrap_interval
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.training import STORY, Recipe, fit_network

Array = NDArray[np.float64]


def count_parameters(
    x: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = STORY,
    *,
    seed: _arguments.Seed,
    n_shakes: int = 20,
    size: float | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Return how many parameters a recipe effectively uses on some points.

    The points are shaken `n_shakes` times, each time up and down by the same noise, and networks
    are trained on them, two from the same first weights, each pair from others. The share of the
    noise that they follow, times the number of points, is the count
    (`shaking.added_noise_followed`): two for a straight line, and all points for the curve that
    visits each of them.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points.
    recipe : Recipe
        How to train.
    seed : int or SeedSequence
        Of the added noise, the first weights and the batches.
    n_shakes : int
        How many pairs of networks to train, at least ten.
    size : float or None
        Standard deviation of the added noise, in units of `y`. None takes `estimate_noise_std`.
    confidence : float
        Of the interval.

    Returns
    -------
    Interval
        The mean over the shakes. Another draw of the points would have another one.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule; the message names argument, rule and value.

    Examples
    --------
    A network without hidden layers is a line, with two parameters:

    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None, epochs=2000)
    >>> x, y = np.arange(20.0), np.resize([1.0, 0.0, 2.0], 20)
    >>> count_parameters(x / 20, y, line, seed=0).within(1, 4)
    True
    """
    x, y = _points(x, y)
    n_shakes = _arguments.check_count("n_shakes", n_shakes, least=10)
    size = estimate_noise_std(x, y) if size is None else size
    ((shaking,), (training,), (resampling,)) = split_seeds([seed], 3)

    def networks(targets: Array) -> Array:
        return fit_ensemble(x, targets, recipe, seed=training).predict(x)

    rows = np.tile(y, (n_shakes, 1))
    followed = added_noise_followed(networks, rows, size=size, seed=shaking)
    counts = len(x) * np.asarray(followed)
    return bootstrap_interval(counts, np.mean, seed=resampling, confidence=confidence)


def compare_with_line(
    x: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = STORY,
    *,
    seed: _arguments.Seed,
    share: float = 0.2,
    confidence: float = 0.95,
) -> Interval:
    """Return how much larger a network's squared error is than a line's, on points held out.

    Both are fitted to the other points. The noise of a held-out point is the same for both, so
    that they are compared point by point.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points.
    recipe : Recipe
        How to train.
    seed : int or SeedSequence
        Of which points are held out, the first weights and the batches.
    share : float
        Of the points, to be held out; at least ten of them.
    confidence : float
        Of the interval.

    Returns
    -------
    Interval
        The mean difference, in squared units of `y`. Below zero, the network is better.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule; the message names argument, rule and value.

    Examples
    --------
    A network without hidden layers is a line:

    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None, epochs=2000)
    >>> x, y = np.arange(60.0), np.resize([1.0, 0.0, 2.0], 60)
    >>> abs(compare_with_line(x / 60, y, line, seed=0).value) < 1e-6
    True
    """
    x, y = _points(x, y)
    n_held = round(len(x) * _arguments.check_fraction("share", share))
    if n_held < 10:
        raise ValueError(f"share must hold out at least 10 points, got {share:g} of {len(x)}")
    ((choosing,), (training,), (resampling,)) = split_seeds([seed], 3)
    order = np.random.default_rng(choosing).permutation(len(x))
    held, known = order[:n_held], np.sort(order[n_held:])
    network = fit_network(x[known], y[known], recipe, seed=training)
    line = linear.fit_line(x[known], y[known])
    more = (network.predict(x[held]) - y[held]) ** 2 - (line(x[held]) - y[held]) ** 2
    return bootstrap_interval(more, np.mean, seed=resampling, confidence=confidence)


def estimate_noise_std(x: ArrayLike, y: ArrayLike) -> float:
    r"""Return about how noisy points are, from the differences of neighbors :cite:`rice1984`.

    .. math:: \sqrt{\frac{1}{2 (n - 1)} \sum_i (y_{i+1} - y_i)^2}

    in the order of *x*. Where the truth is smooth, neighbors differ by little but their noise. A
    truth that is steep between them is taken for noise; noise that neighbors share is not seen.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points, at least two.

    Returns
    -------
    float
        In units of `y`.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule; the message names argument, rule and value.

    Examples
    --------
    >>> estimate_noise_std([2, 1, 3], [3, 3, 7])
    2.0
    """
    x, y = _points(x, y)
    if len(x) < 2:
        raise ValueError(f"x must hold at least two points, got {len(x)}")
    steps = np.diff(y[np.argsort(x, kind="stable")])
    return float(np.sqrt(np.mean(steps**2) / 2))


def _points(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return places and values, one for each point."""
    x, y = _arguments.check_vector("x", x), _arguments.check_vector("y", y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    return x, y
