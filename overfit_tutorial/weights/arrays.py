"""The weights of a network as arrays: what they must look like, their sums, and as one vector."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments

# A network's, in the order of Keras' `get_weights`: each layer's kernel and bias.
Weights = Sequence[NDArray[Any]]


def split_biases(layers: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
    """Return kernel and bias of each layer, given as one array whose last row is the bias."""
    return tuple(part for layer in layers for part in (layer[..., :-1, :], layer[..., -1, :]))


def check_arrays(name: str, weights: object) -> Weights:
    """Return copies of the arrays if they hold finite real numbers; single precision is kept."""
    if not isinstance(weights, Sequence) or isinstance(weights, str):
        raise TypeError(f"{name} must be a list of arrays, got {type(weights).__name__}")
    if not weights:
        raise ValueError(f"{name} must hold at least one array, got none")
    return [_check_array(f"{name}[{index}]", array) for index, array in enumerate(weights)]


def check_dense(name: str, weights: object) -> Weights:
    """Return copies of the arrays if they are a kernel and a bias of each of some layers."""
    arrays = check_arrays(name, weights)
    shapes = [array.shape for array in arrays]
    kernels, biases = shapes[::2], shapes[1::2]
    fits = len(kernels) == len(biases) and all(len(kernel) == 2 for kernel in kernels)
    fits = fits and all(b == (k[1],) for k, b in zip(kernels, biases, strict=True))
    if not fits or any(a[1] != b[0] for a, b in itertools.pairwise(kernels)):
        raise ValueError(f"{name} must be a kernel and a bias of each dense layer, got {shapes}")
    return arrays


def check_ends(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    names: tuple[str, str] = ("weights_a", "weights_b"),
) -> tuple[Weights, Weights]:
    """Return two points in double precision, if they have the same shapes."""
    one, other = (
        [array.astype(np.float64) for array in check_arrays(name, weights)]
        for name, weights in zip(names, (first, second), strict=True)
    )
    shapes, others = [[array.shape for array in point] for point in (one, other)]
    if shapes != others:
        raise ValueError(f"{names[1]} must have the shapes of {names[0]} {shapes}, got {others}")
    return one, other


def combine(points: Sequence[Weights], shares: Sequence[float]) -> Weights:
    """Return the weighted sum of points."""
    return [
        np.sum([share * array for share, array in zip(shares, arrays, strict=True)], axis=0)
        for arrays in zip(*points, strict=True)
    ]


def join(weights: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return all numbers as one vector."""
    return np.concatenate([array.ravel() for array in weights])


def split(vector: NDArray[Any], shapes: Sequence[tuple[int, ...]]) -> list[NDArray[Any]]:
    """Return the arrays that were joined to a vector; they look into it."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    pieces = np.split(vector, ends[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]


def _check_array(name: str, values: Any) -> NDArray[Any]:
    array = _arguments.check_real(name, np.array(values))
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array
