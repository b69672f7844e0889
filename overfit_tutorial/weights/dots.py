r"""Weights set by hand to the wild curve: the network joins the dots, noise and all.

With as many units as points, a ReLU network needs no training to visit every point. Each unit of
the first layer begins to rise at one of the points, :math:`\max(0, x - x_i)`, and the output adds
them up, each with the change of slope that the curve has there.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from overfit_tutorial import _arguments
from overfit_tutorial.weights.arrays import Weights


def join_the_dots(
    x: ArrayLike, y: ArrayLike, *, hidden_widths: Sequence[int] = (100,) * 5, funnel: bool = False
) -> Weights:
    """Return weights with which a ReLU network runs straight from point to point.

    Beyond the outermost points it is level, like ``np.interp``.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points, in any order, no two of them at the same place.
    hidden_widths : sequence of int
        Units of each hidden layer. Units that are not needed have zero weights. The default is
        the story's network.
    funnel : bool
        What the layers after the first do. If false, each of them passes on every unit's value by
        an identity. If true, the second adds up the curve, above its lowest point, and one unit of
        each layer passes it on. The function is the same, and the weights are flatter.

    Returns
    -------
    list of ndarray
        In the order of Keras' `get_weights`: of each layer a kernel of shape
        ``(n_inputs, n_units)`` and a bias of shape ``(n_units,)``, in double precision.

    Raises
    ------
    TypeError, ValueError
        If the points are not two vectors of one length, two of them are at the same place, or a
        layer has too few units.

    Examples
    --------
    Three points make a hat. Its slope changes by 1, -2 and 1:

    >>> weights = join_the_dots([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], hidden_widths=(3,))
    >>> weights[1].tolist(), weights[2][:, 0].tolist()
    ([0.0, -1.0, -2.0], [1.0, -2.0, 1.0])
    """
    x, y = _arguments.check_points(x, y)
    widths = _arguments.check_widths(hidden_widths)
    needed = [len(x), *([1 if funnel else len(x)] * (len(widths) - 1))]
    if not widths or any(width < need for width, need in zip(widths, needed, strict=True)):
        raise ValueError(
            f"hidden_widths must be at least {needed} to join {len(x)} dots, got {widths}"
        )
    slopes = np.diff(y) / np.diff(x)
    turns = np.diff(slopes, prepend=0.0, append=0.0)
    shapes = [1, *widths, 1]
    kernels = [np.zeros(pair) for pair in itertools.pairwise(shapes)]
    biases = [np.zeros(width) for width in shapes[1:]]
    kernels[0][:, : len(x)], biases[0][: len(x)] = 1.0, 0.0 - x
    adds = 1 if funnel and len(widths) > 1 else len(widths)
    for layer, need in enumerate(needed[1:], 1):
        kernels[layer][:need, :need] = np.eye(need)
    kernels[-1][0, 0] = 1.0  # of what a funnel passes on
    kernels[adds][:, :1] = 0.0
    kernels[adds][: len(x), 0] = turns
    # The curve begins at the height of its leftmost point.
    floor = y.min() if adds < len(widths) else 0.0
    biases[-1][0] += floor
    biases[adds][0] += y[0] - floor
    return [part for pair in zip(kernels, biases, strict=True) for part in pair]


def join_from_the_middle(x: ArrayLike, y: ArrayLike) -> Weights:
    """Return weights of one hidden layer that runs from point to point, the flattest we know.

    Units left of the middle point rise to the left, the others to the right, so that none of them
    is on at more than half of the points. Flatten them still by `symmetries.flatten`.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        At least three points, in any order, no two of them at the same place.

    Returns
    -------
    list of ndarray
        In the order of Keras' `get_weights`, with ``n_samples - 1`` hidden units, in double
        precision. Beyond the outermost points the curve goes on straight.

    Raises
    ------
    TypeError, ValueError
        If the points are not two vectors of one length, two of them are at the same place, or
        there are fewer than three.

    Examples
    --------
    >>> weights = join_from_the_middle([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> weights[0].tolist(), weights[2][:, 0].tolist()
    ([[-1.0, 1.0]], [-1.0, -1.0])
    """
    x, y = _arguments.check_points(x, y)
    if len(x) < 3:
        raise ValueError(f"x must hold at least three places, got {len(x)}")
    slopes, middle = np.diff(y) / np.diff(x), len(x) // 2
    turns = np.diff(slopes)  # at the inner points
    # The middle point has a unit to each side, with the slope there.
    knots = np.concatenate([x[1 : middle + 1], x[middle:-1]])
    sides = np.repeat([-1.0, 1.0], [middle, len(x) - 1 - middle])
    rises = np.concatenate([turns[: middle - 1], [-slopes[middle - 1], slopes[middle]]])
    rises = np.concatenate([rises, turns[middle:]])
    return [sides[np.newaxis], -sides * knots, rises[:, np.newaxis], y[middle : middle + 1]]
