"""Random directions away from a network, and what the loss does along them.

A picture of a landscape with 40,701 dimensions shows two of them, so it matters which, and how
long a step in them is. Nothing here knows what a network is: weights are a list of arrays as
Keras' `get_weights` returns it, and a loss is anything that maps such a list to a number, such as
what `losses.build_loss` returns.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.streams import child_seed
from overfit_tutorial.weights import arrays
from overfit_tutorial.weights.arrays import Weights

LossFunction = Callable[[Weights], float]

# Along a ray the loss is looked at this many times before the radius has doubled.
_LOOKS_PER_DOUBLING = 8


def random_direction(weights: Sequence[ArrayLike], *, seed: _arguments.Seed) -> Weights:
    """Draw a direction in which each unit moves in proportion to its own size.

    A ReLU unit may be scaled up and the next one down without a change of the function, so that
    a step of fixed length means little. Each filter of a Gaussian direction is therefore given
    the norm of the network's filter :cite:`li2018`. The filter of a dense unit is what enters it:
    a column of the kernel together with its bias.

    Parameters
    ----------
    weights : list of ndarray
        Of dense layers: kernels of shape ``(n_inputs, n_units)``, each followed by its bias.
    seed : int or SeedSequence
        The same seed draws the same direction.

    Returns
    -------
    list of ndarray
        In the shapes of `weights`, in double precision.

    References
    ----------
    :cite:t:`li2018`

    Examples
    --------
    >>> kernel, bias = random_direction([[[3.0]], [4.0]], seed=0)
    >>> round(float(np.hypot(kernel.item(), bias.item())), 12)
    5.0
    """
    center = arrays.check_dense("weights", weights)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    direction = [generator.standard_normal(array.shape) for array in center]
    for kernel, bias in zip(range(0, len(center), 2), range(1, len(center), 2), strict=True):
        ratio = _filter_norms(center[kernel], center[bias]) / _filter_norms(
            direction[kernel], direction[bias]
        )
        direction[kernel] *= ratio
        direction[bias] *= ratio
    return direction


def loss_slice(
    loss: LossFunction,
    weights: Sequence[ArrayLike],
    directions: Sequence[Sequence[ArrayLike]],
    ts: ArrayLike,
) -> NDArray[np.float64]:
    """Return the loss on a line or a plane through a point.

    Parameters
    ----------
    loss : callable
        Maps weights to a number.
    weights : list of ndarray
        The point.
    directions : sequence of list of ndarray
        One for a line, two for a plane; see `random_direction`.
    ts : array_like of shape (n_points,)
        How many steps to go, in each of the directions.

    Returns
    -------
    ndarray of shape (n_points,) or (n_points, n_points)
        One axis for each direction.

    Examples
    --------
    >>> loss_slice(lambda w: w[0].item() ** 2, [[1.0]], [[[1.0]]], [-1.0, 0.0, 1.0]).tolist()
    [0.0, 1.0, 4.0]
    """
    times = _arguments.check_vector("ts", ts)
    if not directions:
        raise ValueError("directions must hold at least one direction, got none")
    ways = [arrays.check_ends(weights, way, names=("weights", "directions")) for way in directions]
    points = [ways[0][0], *(way for _, way in ways)]
    values = [
        loss(arrays.combine(points, [1.0, *steps]))
        for steps in itertools.product(times, repeat=len(ways))
    ]
    return np.array(values, dtype=np.float64).reshape((len(times),) * len(ways))


def ray_radius(
    loss: LossFunction,
    weights: Sequence[ArrayLike],
    *,
    tolerance: float,
    seed: _arguments.Seed,
    n_rays: int = 10,
    low: float = 1e-3,
    high: float = 1e3,
) -> NDArray[np.float64]:
    r"""Return how far one can go in random directions before the loss has risen.

    Around a minimum with Hessian :math:`H` of :math:`P` parameters, the mean of :math:`1 / r^2`
    over all directions is :math:`\operatorname{tr} H / 2 \varepsilon P` for a rise of
    :math:`\varepsilon`: rays measure the trace, not the volume. One ray tells it only where no few
    eigenvalues carry the trace, so that all directions are alike.

    Parameters
    ----------
    loss : callable
        Maps weights to a number.
    weights : list of ndarray
        Where the rays begin.
    tolerance : float
        The rise, in units of the loss.
    seed : int or SeedSequence
        Of the directions, uniform on the sphere of all weights. Ray *k* depends on ``(seed, k)``
        only.
    n_rays : int
        How many.
    low, high : float
        First and longest distance to look at, in units of the weights. Between them the loss
        is looked at eight times before the distance doubles; a rise and fall between two looks
        is missed. If the loss has risen at `low`, the place is sought between there and zero.

    Returns
    -------
    ndarray of shape (n_rays,)
        Distances at which the loss first exceeds its value at `weights` by more than `tolerance`,
        in units of the weights; infinite where it does not before `high`.

    Examples
    --------
    In a round bowl, the same everywhere:

    >>> bowl = lambda weights: float(np.sum(weights[0] ** 2))
    >>> ray_radius(bowl, [np.zeros(3)], tolerance=4.0, seed=0, n_rays=2).round(6)
    array([2., 2.])
    """
    given = arrays.check_arrays("weights", weights)
    center = [array.astype(np.float64) for array in given]
    tolerance = _arguments.check_positive("tolerance", tolerance)
    n_rays = _arguments.check_count("n_rays", n_rays)
    root = _arguments.check_seed(seed)
    low, high = _arguments.check_range(_arguments.check_positive("low", low), high)
    limit = loss(center) + tolerance
    if not np.isfinite(limit):
        raise ValueError(f"loss must be finite at weights, got {limit - tolerance}")
    radii = np.empty(n_rays)
    for k in range(n_rays):
        direction = _uniform_direction(center, child_seed(root, k))

        def exceeds(radius: float, direction: Weights = direction) -> bool:
            # What is not a number is no small loss either.
            return not loss(arrays.combine([center, direction], [1.0, radius])) <= limit

        radii[k] = _first_radius(exceeds, low, high)
    return radii


def _first_radius(exceeds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the radius where a condition first holds, to a millionth."""
    inside, outside = 0.0, low
    while not exceeds(outside):
        if outside >= high:
            return np.inf
        inside, outside = outside, min(high, outside * 2 ** (1 / _LOOKS_PER_DOUBLING))
    while outside - inside > 1e-6 * outside > 0:  # it underflows where the loss jumps at once
        middle = (inside + outside) / 2
        if exceeds(middle):
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2


def _uniform_direction(weights: Weights, seed: np.random.SeedSequence) -> Weights:
    generator = np.random.default_rng(seed)
    direction = [generator.standard_normal(array.shape) for array in weights]
    norm = np.sqrt(sum(float(np.sum(array**2)) for array in direction))
    return [array / norm for array in direction]


def _filter_norms(kernel: NDArray[Any], bias: NDArray[Any]) -> NDArray[np.float64]:
    rows = np.vstack([kernel, bias]).astype(np.float64)
    norms: NDArray[np.float64] = np.sqrt(np.sum(rows**2, axis=0))
    return norms
