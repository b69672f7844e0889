r"""Curves through all points, each of them the smoothest in a sense of its own.

How much a curve bends has many measures. A network of one hidden layer, as wide as one likes,
draws a curve :math:`f` with weights whose least sum of squares is, up to a factor and the weights
of a straight line, :math:`\int |f''|` if its biases are free [1]_, and
:math:`\int \sqrt{1 + x^2} \, |f''|` if they are summed as well [2]_. A spline counts
:math:`\int f''^2`. Among all curves through some points, each has its favorites.

References
----------
.. [1] P. Savarese, I. Evron, D. Soudry and N. Srebro, "How do infinite width bounded norm
   networks look in function space?", Conference on Learning Theory, 2019.
.. [2] E. Boursier and N. Flammarion, "Penalising the biases in norm regularisation enforces
   sparsity", Advances in Neural Information Processing Systems 36, 2023.
"""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.splines import PiecewiseLinear

Array = NDArray[np.float64]

# Of its turn, a point gives each side at least this share while shares are sought: a side that
# has nothing would never get anything. In the end such a share counts as none.
_LEAST_SHARE = 1e-8
_MOST_SWEEPS = 100_000


def join_the_dots(x: ArrayLike, y: ArrayLike) -> PiecewiseLinear:
    r"""Return the curve that runs straight from point to point, and straight on at both ends.

    No curve through the points has less :math:`\int |f''|`, and many have as little.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        At least two points, in any order, no two of them at the same place.

    Returns
    -------
    PiecewiseLinear
        With knots at the points at which it turns.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> hat = join_the_dots([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> hat.knots.tolist(), hat.slopes.tolist()
    ([1.0], [1.0, -1.0])
    """
    x, y = _checked(x, y)
    turns = np.diff(np.diff(y) / np.diff(x))
    return _curve(x, y, to_left=np.zeros_like(x), to_right=np.pad(turns, 1))


def least_norm(x: ArrayLike, y: ArrayLike) -> PiecewiseLinear:
    r"""Return the curve with the least :math:`\int \sqrt{1 + x^2} \, |f''|`, exactly.

    A bend by :math:`m` at :math:`z` costs the length of the vector :math:`m \, (1, z)`. Joining
    the dots takes a bend :math:`m_i` at each point. Two neighbors that bend to the same side do
    it more cheaply by one bend between them, the sum of their vectors, since the sum of two
    vectors is no longer than both. Then the curve runs on as it came, past the first point, and
    turns where the two straight lines cross. Where more neighbors bend to the same side, each
    shares its vector between the sum on its left and the sum on its right, and the lengths of all
    sums are least together. They are found point by point, the best share of one being known if
    those of its neighbors are: it is where light would touch a mirror.

    Parameters
    ----------
    x, y
        As in `join_the_dots`.

    Returns
    -------
    PiecewiseLinear
        With at most one knot between two neighbors, or on one of them.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Three segments of slopes 1, -1 and -3: instead of at both inner points, it bends once, where
    the outer two cross.

    >>> curve = least_norm([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, -3.0])
    >>> curve.knots.tolist(), curve.slopes.tolist()
    ([1.5], [1.0, -3.0])
    """
    x, y = _checked(x, y)
    turns = np.pad(np.diff(np.diff(y) / np.diff(x)), 1)
    to_left, to_right = np.zeros_like(x), turns.copy()
    signs = np.sign(turns[1:-1])
    starts = 1 + np.flatnonzero(np.diff(signs, prepend=np.nan) != 0)
    for start, end in itertools.pairwise([*starts, len(x) - 1]):
        # At an outermost point, the slope that a curve begins or ends with is free.
        free = start == 1, end == len(x) - 1
        run = slice(start - free[0], end + free[1])
        if run.stop - run.start > 1:
            shares = _share(x[run], np.abs(turns[run]), free=free)
            to_left[run], to_right[run] = signs[start - 1] * np.array(shares)
    return _curve(x, y, to_left=to_left, to_right=to_right)


def natural_spline(x: ArrayLike, y: ArrayLike) -> Callable[[ArrayLike], Array]:
    r"""Return the natural cubic spline, the curve with the least :math:`\int f''^2`.

    Beyond the outermost points it is straight.

    Parameters
    ----------
    x, y
        As in `join_the_dots`.

    Returns
    -------
    callable
        Maps places to values, in their shape.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> spline = natural_spline([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> spline([0.5, 1.0, 3.0]).tolist()
    [0.6875, 1.0, -1.5]
    """
    from scipy.interpolate import CubicSpline

    x, y = _checked(x, y)
    inside = CubicSpline(x, y, bc_type="natural")
    low, high = x[0], x[-1]
    first, last = inside(low, 1), inside(high, 1)

    def spline(at: ArrayLike) -> Array:
        at = np.asarray(at, dtype=np.float64)
        nearest = np.clip(at, low, high)
        values: Array = inside(nearest) + np.where(at < low, first, last) * (at - nearest)
        return values

    return spline


def _checked(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return at least two points in ascending order."""
    x, y = _arguments.check_points(x, y)
    if len(x) < 2:
        raise ValueError(f"x must hold at least two places, got {x.tolist()}")
    return x, y


def _share(x: Array, turns: Array, *, free: tuple[bool, bool]) -> tuple[Array, Array]:
    """Return what points that turn to one side give to the sums on their left and right.

    A free point at an end gives to its only side whatever makes the sum least.
    """
    lengths, products, gaps = (1 + x**2).tolist(), (1 + x[1:] * x[:-1]).tolist(), np.diff(x)
    left, right = (turns / 2).tolist(), (turns / 2).tolist()
    left[-1], left[0] = turns[-1], 0.0
    right[-1], right[0] = 0.0, turns[0]
    for _ in range(_MOST_SWEEPS):
        moves = False
        if free[0]:
            right[0] = max(0.0, -left[1] * products[0] / lengths[0])
        if free[1]:
            left[-1] = max(0.0, -right[-2] * products[-1] / lengths[-1])
        for k, turn in enumerate(turns[1:-1].tolist(), 1):
            # The sum on each side without this point, by its distance from the point's own line.
            far_left, far_right = right[k - 1] * gaps[k - 1], left[k + 1] * gaps[k]
            along = far_left * (left[k + 1] * products[k] + turn * lengths[k])
            along -= far_right * right[k - 1] * products[k - 1]
            far = (far_left + far_right) * lengths[k]
            share = along / far if far else 0.0
            share = min(max(share, _LEAST_SHARE * turn), (1 - _LEAST_SHARE) * turn)
            moves |= abs(share - left[k]) > 1e-6 * min(share, turn - share, 1e-7 * turn)
            left[k], right[k] = share, turn - share
        if not moves:
            break
    shares = np.array([left, right])
    shares[shares <= 2 * _LEAST_SHARE * turns.max()] = 0.0
    # Whoever gives nothing to one side gives all to the other.
    shares = np.where((shares[::-1] == 0) & (turns > 0), turns, shares)
    return shares[0], shares[1]


def _curve(x: Array, y: Array, *, to_left: Array, to_right: Array) -> PiecewiseLinear:
    """Return the curve that bends between two points by what both give to it."""
    slopes, bends = np.diff(y) / np.diff(x), to_right[:-1] + to_left[1:]
    (piece,) = np.nonzero(bends)
    # From a point to the bend on its right, the slope is that of the segment without the bend.
    before, after = (slopes - to_right[:-1]), (slopes + to_left[1:])
    # From the nearer of the two points: a bend on a point is there to the last digit.
    share = to_left[1:][piece] / bends[piece]
    start = piece + (share > 0.5)
    steps = np.diff(x)[piece] * np.where(share > 0.5, share - 1, share)
    knots = x[start] + steps
    values = y[start] + np.where(share > 0.5, after[piece], before[piece]) * steps
    slopes = np.append(before[:1], after[piece])
    at_zero = float(y[0] - before[0] * x[0])  # if it bends nowhere
    curve = PiecewiseLinear(knots=knots, slopes=slopes, values=values, at_zero=at_zero)
    return dataclasses.replace(curve, at_zero=float(curve(0.0)))
