r"""The tangent kernel of ReLU networks with one input, of many at once, without TensorFlow.

A small step changes a network's outputs by :math:`J \, \delta\theta`, with the derivatives
:math:`J` of the outputs by all weights. What it can learn while it stays near to where it is, its
*tangent kernel* :math:`J J^\top` says :cite:`jacot2018`: its eigenvectors are the shapes that the
outputs can take on, its eigenvalues how fast.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.weights import arrays


def tangent_kernel(weights: Sequence[ArrayLike], x: ArrayLike) -> NDArray[np.float64]:
    r"""Return :math:`J J^\top` of one network, or of each of many, in double precision.

    The derivative of an output by a kernel's entry is what enters there times the slope of the
    output by what leaves; by a bias, that slope. So the products over all weights of a layer are
    products of two small matrices, and no derivative is ever written down.

    Parameters
    ----------
    weights : sequence of array_like
        Kernel and bias of each layer as ``get_weights`` returns them, of one network or, with a
        leading axis of `n_members`, of many. All but the last layer have ReLU units.
    x : array_like of shape (n_samples,) or (n_members, n_samples)
        Where the outputs are asked for.

    Returns
    -------
    ndarray of shape (n_samples, n_samples) or (n_members, n_samples, n_samples)

    Raises
    ------
    TypeError, ValueError
        If these are not the weights of a network with one input and one output, or anything is
        not finite.

    See Also
    --------
    overfit_tutorial.landscapes.tangent_kernel : the same of a Keras model of any kind.

    Examples
    --------
    A line has two weights: its derivatives are `x` and 1.

    >>> tangent_kernel([[[3.0]], [5.0]], [0.0, 2.0]).tolist()
    [[1.0, 1.0], [1.0, 5.0]]
    """
    signals, slopes = signals_and_slopes(*_check(weights, x))
    found = np.zeros(1)
    for signal, slope in zip(reversed(signals), reversed(slopes), strict=True):
        found = found + (signal @ _turned(signal) + 1) * (slope @ _turned(slope))
    return found


def signals_and_slopes(
    layers: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], x: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return what enters each layer, and the slopes of the output by what leaves it.

    Both have the shape ``(..., n_samples, n_units)``, with the leading axes of the weights. What
    leaves a layer is meant before it is cut off at zero.
    """
    signals = [x[..., np.newaxis]]
    for kernel, bias in layers[:-1]:
        signals.append(np.maximum(signals[-1] @ kernel + bias[..., np.newaxis, :], 0))
    slopes = [np.ones((x.shape[-1], 1))]
    for (kernel, _), signal in zip(reversed(layers[1:]), reversed(signals[1:]), strict=True):
        slopes.insert(0, (slopes[0] @ _turned(kernel)) * (signal > 0))
    return signals, slopes


def _turned(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each matrix with rows and columns exchanged."""
    return np.swapaxes(matrices, -1, -2)


def _check(
    weights: Sequence[ArrayLike], x: ArrayLike
) -> tuple[list[tuple[NDArray[np.float64], NDArray[np.float64]]], NDArray[np.float64]]:
    """Return kernel and bias of each layer, and the places, if they belong together."""
    found = [array.astype(np.float64) for array in arrays.check_arrays("weights", weights)]
    places = _arguments.check_real("x", _arguments.plain_array("x", x)).astype(np.float64)
    shapes = [array.shape for array in found]
    kernels, biases = shapes[::2], shapes[1::2]
    n_axes, members = (len(kernels[0]), kernels[0][:-2]) if kernels[0] else (0, ())
    ends = [1, *(bias[-1] if bias else 0 for bias in biases)]
    expected = [(*members, n_in, n_out) for n_in, n_out in itertools.pairwise(ends)]
    if (
        n_axes not in (2, 3)
        or kernels != expected
        or biases != [(*members, n_out) for n_out in ends[1:]]
        or ends[-1] != 1
    ):
        raise ValueError(
            "weights must be a kernel and a bias of each layer between one input and one output, "
            f"got {shapes}"
        )
    if (
        not places.size
        or places.ndim not in (1, 2)
        or (places.ndim == 2 and places.shape[:1] != members)
    ):
        raise ValueError(
            f"x must be one row of places, or one for each network, got {places.shape}"
        )
    if not np.isfinite(places).all():
        raise ValueError(f"x must be finite, got {places[~np.isfinite(places)][0]}")
    return list(zip(found[::2], found[1::2], strict=True)), places
