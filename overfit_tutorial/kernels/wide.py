"""Kernels of ReLU networks that are infinitely wide, layer by layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments

Array = NDArray[np.float64]


def neural_tangent_kernel(
    x1: ArrayLike, x2: ArrayLike, *, depth: int, bias_std: float, gain: float = 1.0
) -> Array:
    r"""Return the tangent kernel at birth of an infinitely wide ReLU network with one input.

    It is the limit of `weights.tangents.tangent_kernel`, with the derivatives by all weights and
    biases of all layers, for first weights of Glorot's law. Let :math:`C_l` be the mean product of
    two signals after hidden layer *l*, in units of the variance of a first weight, and
    :math:`\dot C_l` the chance that a unit is on at both places. The kernel is

    .. math::

       1 + 2 g^2 C_d + \sum_{l=2}^{d} (1 + 2 g^2 C_{l-1}) \, 2 \prod_{k=l}^{d} \dot C_k
       + (1 + x x') \, 2 \prod_{k=1}^{d} \dot C_k.

    From the second layer on, signals are normal, and the means are the arc-cosine kernels of Cho
    and Saul [1]_. In the first they are not: there a weight is uniform. That mean is an integral
    with a closed form of its own.

    Parameters
    ----------
    x1, x2 : array_like of shape (n,) and (m,)
        Places.
    depth : int
        Number of hidden layers.
    bias_std : float
        Standard deviation of the biases of hidden layers, in units of `x`: at width *w*, `gain`
        times ``bias_std * sqrt(2 / (w + 1))``.
    gain : float
        *g*: by how much the weights of the first layer, and all biases, are larger than by
        Glorot's law.

    Returns
    -------
    ndarray of shape (n, m)

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    References
    ----------
    .. [1] Y. Cho and L. K. Saul, "Kernel methods for deep learning", Advances in Neural
       Information Processing Systems 22, 2009.

    Examples
    --------
    Without biases, one hidden layer can tilt and lift a line, and do nothing else:

    >>> x = np.array([1.0, 2.0, 3.0])
    >>> np.allclose(neural_tangent_kernel(x, x, depth=1, bias_std=0.0), 2 + 2 * np.outer(x, x))
    True
    """
    layers = _layers(x1, x2, depth, bias_std)
    strength = 2 * _arguments.check_positive("gain", gain) ** 2
    products, both_on = layers[-1]
    found, slopes = 1 + strength * products, 2 * both_on
    for products, both_on in reversed(layers[:-1]):
        found += (1 + strength * products) * slopes
        slopes = slopes * both_on
    tilts: Array = np.multiply.outer(np.asarray(x1), np.asarray(x2))
    return found + (1 + tilts) * slopes


def random_features_kernel(
    x1: ArrayLike, x2: ArrayLike, *, bias_std: float, depth: int = 1
) -> Array:
    """Return the part of `neural_tangent_kernel` that the last layer makes, weights and bias.

    A network of which only the last layer is trained is linear in what is trained: least squares
    on features that were drawn at random.

    Parameters
    ----------
    x1, x2, bias_std, depth
        As in `neural_tangent_kernel`.

    Returns
    -------
    ndarray of shape (n, m)

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> random_features_kernel([1.0, 2.0], [3.0], bias_std=0.0).tolist()
    [[4.0], [7.0]]
    """
    return 1 + 2 * _layers(x1, x2, depth, bias_std)[-1][0]


def _layers(
    x1: ArrayLike, x2: ArrayLike, depth: int, bias_std: float
) -> Sequence[tuple[Array, Array]]:
    """Return mean products and chances that both are on, of each hidden layer."""
    rows, columns = _arguments.check_vector("x1", x1), _arguments.check_vector("x2", x2)
    std = _arguments.check_not_negative("bias_std", bias_std)
    first = _uniform_layer(rows[:, np.newaxis], columns, std)
    # Of each place with itself, as a column and as a row.
    own = [_uniform_layer(x, x, std)[0] for x in (rows[:, np.newaxis], columns)]
    layers = [first]
    for _ in range(_arguments.check_count("depth", depth) - 1):
        own = [products + std**2 for products in own]
        layers.append(_normal_layer(layers[-1][0] + std**2, np.sqrt(own[0] * own[1])))
        own = [products / 2 for products in own]
    return layers


def _normal_layer(covariance: Array, scale: Array) -> tuple[Array, Array]:
    """Return the arc-cosine kernels of order one and zero, halved: means over normal signals."""
    cosine = np.divide(covariance, scale, out=np.ones_like(covariance), where=scale > 0)
    # Next to one, a cosine is rounding: without this, a place differs from itself by 1e-8.
    cosine[cosine > 1 - 1e-14] = 1.0
    angle = np.arccos(np.maximum(cosine, -1.0))
    both_on = (np.pi - angle) / (2 * np.pi)
    return scale * (np.sin(angle) / (2 * np.pi) + cosine * both_on), both_on


def _uniform_layer(x1: Array, x2: Array, bias_std: float) -> tuple[Array, Array]:
    """Return the same of the first layer: one weight of variance one, uniform, and a bias."""
    low, high = np.minimum(x1, x2), np.maximum(x1, x2)
    products, both_on = np.zeros_like(low), np.zeros_like(low)
    # With a positive weight, the place to the left has the smaller signal; with a negative one,
    # that to the right, as if both were mirrored. The larger signal is the gap's ahead.
    for smaller in (low, -high):
        share, first, second = _ramps(smaller, bias_std)
        products += (second + (high - low) * first) / 2
        both_on += share / 2
    return products, both_on


def _ramps(t: Array, bias_std: float) -> tuple[Array, Array, Array]:
    r"""Return means over signals :math:`u = w t + b` that are above zero, and zero elsewhere.

    They are the means of 1, :math:`w u` and :math:`u^2`, for a weight *w* that is uniform between
    zero and :math:`\sqrt 3`, and a normal bias *b*.
    """
    if not bias_std:
        return (t > 0).astype(np.float64), np.maximum(t, 0), np.maximum(t, 0) ** 2
    from scipy.special import ndtr

    end = np.sqrt(3) * t / bias_std
    on, top = ndtr(end), 1 / np.sqrt(2 * np.pi)
    density = top * np.exp(-(end**2) / 2)
    nonzero = np.where(end == 0, 1.0, end)
    dip = -top * np.expm1(-(end**2) / 2) / nonzero  # (top - density) / end
    flat = np.where(np.abs(end) < 1e-8, top / 2, dip / nonzero)  # the same over end**2
    share = on - dip
    first = t * on + bias_std / np.sqrt(3) * (density + flat)
    second = (bias_std**2 + t**2) * on + bias_std**2 / 3 * (end * density - 2 * dip)
    return share, first, second
