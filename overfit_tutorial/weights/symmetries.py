"""Changes of a network's weights that leave its function as it is.

The units of a hidden layer have no order, and a ReLU unit may be scaled up before its kink and
down after it. Two minima that look far apart may be the same function, and a flat one has sharp
twins: whatever is said about distance or curvature in the space of weights has to say what it
does about these.

Weights are a list as Keras' `get_weights` returns it: of each layer a kernel of shape
``(n_inputs, n_units)`` and a bias of shape ``(n_units,)``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.weights import arrays
from overfit_tutorial.weights.arrays import Weights
from overfit_tutorial.weights.tangents import signals_and_slopes


def align_permutation(weights_a: Sequence[ArrayLike], weights_b: Sequence[ArrayLike]) -> Weights:
    """Reorder the hidden units of a network so that it lies near another one.

    Layer by layer, units are matched so that the squared distance of the weights is smallest
    :cite:`ainsworth2023`: first by what enters them, then, until nothing changes, by what enters
    and what leaves. No efficient method is known to find the nearest order of all layers at once;
    this one recovers a permuted copy of a network whose units differ from the first layer on, and
    never ends further away than it began.

    Parameters
    ----------
    weights_a : list of ndarray
        The network to come near to.
    weights_b : list of ndarray
        The network whose units are reordered.

    Returns
    -------
    list of ndarray
        The second network's weights in another order. Its function is the same, but for the
        rounding of sums in another order.

    Raises
    ------
    TypeError, ValueError
        If the weights are not those of dense layers, or the two networks differ in shape.

    References
    ----------
    :cite:t:`ainsworth2023`

    Examples
    --------
    >>> first = [np.array([[1.0, 2.0]]), np.zeros(2), np.array([[3.0], [4.0]]), np.zeros(1)]
    >>> other = [np.array([[2.0, 1.0]]), np.zeros(2), np.array([[4.0], [3.0]]), np.zeros(1)]
    >>> align_permutation(first, other)[0]
    array([[1., 2.]])
    """
    target = arrays.check_dense("weights_a", weights_a)
    given = arrays.check_dense("weights_b", weights_b)
    shapes = [[w.shape for w in weights] for weights in (target, given)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"weights_b must have the shapes of weights_a {shapes[0]}, got {shapes[1]}"
        )
    by_inputs = given
    for layer in range(len(given) // 2 - 1):
        by_inputs = _match(target, by_inputs, layer, outputs=False)
    candidates = [_settle(target, start) for start in (by_inputs, given)]
    return min(candidates, key=lambda weights: _squared_distance(target, weights))


def rescale(weights: Sequence[ArrayLike], layer: int, alpha: float) -> Weights:
    r"""Scale up what enters a hidden layer and down what leaves it.

    A ReLU layer does not mind :cite:`dinh2017`: :math:`\max(0, \alpha z) = \alpha \max(0, z)` for
    :math:`\alpha > 0`. The function is the same, and exactly the same, bit for bit, if
    :math:`\alpha` is a power of two; the curvature of the loss is not.

    Parameters
    ----------
    weights : list of ndarray
        Of a network whose activation is positively homogeneous, such as ReLU.
    layer : int
        The hidden layer, from zero. Its kernel and bias are multiplied by `alpha`, and the next
        kernel is divided by it.
    alpha : float
        Above zero.

    Returns
    -------
    list of ndarray
        In the precision of `weights`.

    Raises
    ------
    TypeError, ValueError
        If the weights are not those of dense layers, there is no such hidden layer, or `alpha`
        is not above zero.

    References
    ----------
    :cite:t:`dinh2017`

    Examples
    --------
    >>> weights = [np.array([[1.0]]), np.array([3.0]), np.array([[5.0]]), np.array([7.0])]
    >>> [array.item() for array in rescale(weights, 0, 2.0)]
    [2.0, 6.0, 2.5, 7.0]
    """
    scaled = list(arrays.check_dense("weights", weights))
    alpha = _arguments.check_positive("alpha", alpha)
    n_hidden = len(scaled) // 2 - 1
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
        raise TypeError(f"layer must be a whole number, got {layer!r}")
    if not 0 <= layer < n_hidden:
        raise ValueError(f"layer must be one of the {n_hidden} hidden layers, from 0, got {layer}")
    kernel, bias, outgoing = 2 * layer, 2 * layer + 1, 2 * layer + 2
    factor = scaled[kernel].dtype.type(alpha)
    scaled[kernel], scaled[bias] = factor * scaled[kernel], factor * scaled[bias]
    scaled[outgoing] = scaled[outgoing] / factor
    return scaled


def flatten(weights: Sequence[ArrayLike], x: ArrayLike) -> Weights:
    r"""Rescale each hidden unit so that the network, with the same function, is as flat as can be.

    Flat means a small trace of the Gauss–Newton matrix, which is the Hessian of the squared error
    where the network visits its points: the sum of all squared derivatives of its values there. A
    unit that is scaled by :math:`\alpha` adds :math:`A / \alpha^2 + B \alpha^2` to it. In the
    logarithms of all factors the sum is convex, so that taking one layer after the other ends at
    the least of all rescalings. Each factor is then rounded to a power of two: the function is
    exactly the same, bit for bit, and the trace the least but for this rounding.

    Parameters
    ----------
    weights : list of ndarray
        Of a ReLU network.
    x : array_like of shape (n_samples,)
        The points.

    Returns
    -------
    list of ndarray
        In the precision of `weights`. Units that are off at all points stay as they are, as do
        those that nothing listens to.

    Raises
    ------
    TypeError, ValueError
        If the weights are not those of dense layers with one input.

    References
    ----------
    :cite:t:`dinh2017`

    Examples
    --------
    What enters a unit and what leaves it is balanced:

    >>> weights = [np.array([[64.0]]), np.zeros(1), np.array([[1.0]]), np.zeros(1)]
    >>> [array.item() for array in flatten(weights, [1.0])[::2]]
    [8.0, 8.0]
    """
    scaled = list(arrays.check_dense("weights", weights))
    places = _arguments.check_vector("x", x)
    if scaled[0].shape[0] != 1 or scaled[-1].shape != (1,):
        raise ValueError(
            "weights must be those of a network with one input and one output, got kernels from "
            f"{scaled[0].shape} to {scaled[-2].shape}"
        )
    doubles = [array.astype(np.float64) for array in scaled]
    layers = list(zip(doubles[::2], doubles[1::2], strict=True))
    squares, slopes = (
        [values**2 for values in found] for found in signals_and_slopes(layers, places)
    )
    n_hidden = len(squares) - 1
    # Squared factors of what leaves each hidden layer; the inputs have no factor of their own.
    factors = [np.ones(squares[layer].shape[1]) for layer in range(n_hidden + 1)]
    before = np.inf
    for _ in range(1000):
        trace = 0.0
        for layer in range(1, n_hidden + 1):
            entering = 1 + squares[layer - 1] @ factors[layer - 1]
            later = 1 / factors[layer + 1] if layer < n_hidden else np.ones(1)
            up, down = entering @ slopes[layer - 1], (slopes[layer] @ later) @ squares[layer]
            moves = (up > 0) & (down > 0)
            factors[layer][moves] = np.sqrt(up[moves] / down[moves])
            trace += 2 * np.sqrt(up * down).sum()
        if not trace < (1 - 1e-9) * before:
            break
        before = trace
    for layer in range(1, n_hidden + 1):
        power = 2.0 ** np.round(np.log2(factors[layer]) / 2)
        power = power.astype(scaled[0].dtype)
        scaled[2 * layer - 2], scaled[2 * layer - 1] = (
            array * power for array in scaled[2 * layer - 2 : 2 * layer]
        )
        scaled[2 * layer] = scaled[2 * layer] / power[:, np.newaxis]
    return scaled


def _settle(target: Weights, weights: Weights) -> Weights:
    """Match layer after layer until a round brings the weights no nearer."""
    distance = np.inf
    while _squared_distance(target, weights) < distance:
        distance = _squared_distance(target, weights)
        for layer in range(len(weights) // 2 - 1):
            weights = _match(target, weights, layer, outputs=True)
    return weights


def _match(target: Weights, weights: Weights, layer: int, *, outputs: bool) -> Weights:
    """Reorder the units of one hidden layer, by their inputs or by their outputs as well."""
    from scipy.optimize import linear_sum_assignment

    kernel, bias, outgoing = 2 * layer, 2 * layer + 1, 2 * layer + 2

    def features(weights: Weights) -> NDArray[np.float64]:
        parts = [weights[kernel].T, weights[bias][:, np.newaxis]]
        parts += [weights[outgoing]] if outputs else []
        return np.concatenate(parts, axis=1, dtype=np.float64)

    # Whole norms do not depend on the order, so that the nearest order has the largest product.
    _, order = linear_sum_assignment(features(target) @ features(weights).T, maximize=True)
    reordered = list(weights)
    reordered[kernel] = weights[kernel][:, order]
    reordered[bias] = weights[bias][order]
    reordered[outgoing] = weights[outgoing][order]
    return reordered


def _squared_distance(first: Weights, second: Weights) -> float:
    return sum(
        float(np.sum((a.astype(np.float64) - b) ** 2)) for a, b in zip(first, second, strict=True)
    )
