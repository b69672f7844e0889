"""Lines and curves from one network to another, and the loss on the way.

Two minima may be parted by a mountain on the straight line and joined by a valley that bends.
Nothing here knows what a network is: weights are a list of arrays as Keras' `get_weights` returns
it, and a loss is anything that maps such a list to a number, such as what `losses.build_loss`
returns.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.weights import arrays
from overfit_tutorial.weights.arrays import Weights

LossFunction = Callable[[Weights], float]


class DifferentiableLoss(Protocol):
    """A loss that knows its gradient."""

    def gradient(self, weights: Weights, /) -> Sequence[NDArray[Any]]:
        """Return the gradient at `weights`, as arrays of their shapes."""


def line_path(
    weights_a: Sequence[ArrayLike], weights_b: Sequence[ArrayLike], ts: ArrayLike
) -> list[Weights]:
    """Walk straight from one point to another.

    Parameters
    ----------
    weights_a, weights_b : list of ndarray
        The two ends, of equal shapes.
    ts : array_like of shape (n_points,)
        Where to stop: 0 is the first end, 1 the second, and the line goes on beyond.

    Returns
    -------
    list of list of ndarray
        The weights at each stop, in double precision.

    Examples
    --------
    >>> [weights[0].tolist() for weights in line_path([[0.0, 2.0]], [[4.0, 2.0]], [0.25, 1.0])]
    [[1.0, 2.0], [4.0, 2.0]]
    """
    first, second = arrays.check_ends(weights_a, weights_b)
    times = _arguments.check_vector("ts", ts)
    return [arrays.combine([first, second], [1 - t, t]) for t in times]


def bezier_path(
    weights_a: Sequence[ArrayLike],
    control: Sequence[ArrayLike],
    weights_b: Sequence[ArrayLike],
    ts: ArrayLike,
) -> list[Weights]:
    r"""Walk from one point to another along a quadratic Bézier curve.

    .. math:: (1 - t)^2 a + 2 t (1 - t) c + t^2 b

    Parameters
    ----------
    weights_a, weights_b : list of ndarray
        The two ends, of equal shapes.
    control : list of ndarray
        The point that bends the curve; `fit_bezier` finds one.
    ts : array_like of shape (n_points,)
        Where to stop: 0 is the first end, 1 the second.

    Returns
    -------
    list of list of ndarray
        The weights at each stop, in double precision.

    Examples
    --------
    Halfway, the curve lies halfway between the control point and the middle of its ends:

    >>> bezier_path([[0.0]], [[5.0]], [[2.0]], [0.5])[0][0].item()
    3.0
    """
    first, second = arrays.check_ends(weights_a, weights_b)
    _, bend = arrays.check_ends(weights_a, control, names=("weights_a", "control"))
    times = _arguments.check_vector("ts", ts)
    return [arrays.combine([first, bend, second], _bernstein(t)) for t in times]


def fit_bezier(
    loss: DifferentiableLoss,
    weights_a: Sequence[ArrayLike],
    weights_b: Sequence[ArrayLike],
    *,
    seed: _arguments.Seed,
    n_steps: int = 1000,
    learning_rate: float = 0.01,
) -> Weights:
    """Bend a curve between two points so that the loss is low along it.

    The mean of the loss over the curve, uniform in its time, is made small by stochastic
    gradient descent :cite:`garipov2018`: each step draws a time at random. The steps are Adam's
    :cite:`kingma2015`, and the control point starts in the middle of the two ends, where the
    curve is a line.

    Parameters
    ----------
    loss : object
        Its method ``gradient(weights)`` returns the gradient, as that of `losses.Loss` does.
    weights_a, weights_b : list of ndarray
        The two ends, of equal shapes.
    seed : int or SeedSequence
        Of the times.
    n_steps : int
        How many gradients to compute.
    learning_rate : float
        Adam's, in units of the weights.

    Returns
    -------
    list of ndarray
        The control point, for `bezier_path`.

    References
    ----------
    :cite:t:`garipov2018`
    """
    first, second = arrays.check_ends(weights_a, weights_b)
    n_steps = _arguments.check_count("n_steps", n_steps)
    learning_rate = _arguments.check_positive("learning_rate", learning_rate)
    times = np.random.default_rng(_arguments.check_seed(seed)).uniform(size=n_steps)
    shapes = [array.shape for array in first]
    # Vectors, and not a sum for each array of weights: there is much to add, and little in each.
    a, b = arrays.join(first), arrays.join(second)
    control, mean, square = (a + b) / 2, np.zeros_like(a), np.zeros_like(a)
    for step, t in enumerate(times, start=1):
        shares = _bernstein(t)
        place = shares[0] * a + shares[1] * control + shares[2] * b
        slopes = loss.gradient(arrays.split(place, shapes))
        if step == 1:  # the check takes a tenth of a gradient
            arrays.check_ends(first, slopes, names=("weights_a", "the gradient of loss"))
        own = shares[1] * arrays.join(slopes)  # the control point's part in this stop
        mean += 0.1 * (own - mean)
        square += 0.001 * (own**2 - square)
        corrected = np.sqrt(square / (1 - 0.999**step)) + 1e-7
        control -= learning_rate * mean / (1 - 0.9**step) / corrected
    return arrays.split(control, shapes)


def loss_along(loss: LossFunction, path: Iterable[Weights]) -> NDArray[np.float64]:
    """Return the loss at each stop of a path.

    Parameters
    ----------
    loss : callable
        Maps weights to a number.
    path : iterable of list of ndarray
        What `line_path` or `bezier_path` returns.

    Returns
    -------
    ndarray of shape (n_points,)
        In units of the loss.

    Examples
    --------
    >>> path = line_path([[0.0]], [[2.0]], [0.0, 0.5, 1.0])
    >>> loss_along(lambda weights: weights[0].item() ** 2, path).tolist()
    [0.0, 1.0, 4.0]
    """
    return np.array([loss(weights) for weights in path], dtype=np.float64)


def _bernstein(t: float) -> list[float]:
    """Return the shares of first end, control point and second end."""
    return [(1 - t) ** 2, 2 * t * (1 - t), t**2]
