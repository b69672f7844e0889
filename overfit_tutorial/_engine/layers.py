"""What networks do that lie side by side along a leading axis, *member*, and share one shape."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial.weights.arrays import Weights


def pack(weights: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one array a layer: the kernel with the bias as its last row.

    One product then gives the gradients of both, with the same rounding for one member as for
    many. A sum over the batch, which a bias of its own would need, XLA arranges differently.
    """
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return tuple(tf.concat([kernel, bias[..., None, :]], axis=-2) for kernel, bias in pairs)


def forward(
    layers: tuple[Any, ...],
    x: Any,
    activation: Callable[[Any], Any],
    masks: tuple[Any, ...] = (),
) -> Any:
    """Return the networks' outputs, ``(..., n_points, 1)``, at ``(..., n_points, n_inputs)``."""
    for index, layer in enumerate(layers[:-1]):
        x = activation(_affine(x, layer))
        x = x * masks[index] if masks else x
    # Not a matrix product, since a lone member's with one column would be summed differently.
    last = tf.linalg.matrix_transpose(layers[-1])
    return tf.reduce_sum(tf.concat([x, _one(x)], axis=-1) * last, axis=-1, keepdims=True)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _affine(x: Any, layer: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """Return what leaves a packed layer before its activation.

    Its gradient is TensorFlow's own, but for one thing: what entered is transposed before the ones
    are appended to it. A product with a transposed factor, XLA hands to slower code.
    """

    def gradient(slope: Any) -> tuple[Any, Any]:
        entered = tf.linalg.matrix_transpose(x)
        rows = tf.concat([entered, tf.ones_like(entered[..., :1, :])], axis=-2)
        return tf.matmul(slope, layer, transpose_b=True)[..., :-1], tf.matmul(rows, slope)

    return tf.matmul(tf.concat([x, _one(x)], axis=-1), layer), gradient


def _one(x: Any) -> Any:
    """Return a column of ones, what the bias is multiplied with."""
    return tf.ones_like(x[..., :1])


def predict(
    activation: str | Callable[[Any], Any], weights: Weights, x: NDArray[Any]
) -> NDArray[Any]:
    """Return one network's values at points, as `exact.predict` does."""
    packed = pack(tuple(tf.constant(w) for w in weights))
    outputs = forward(
        packed, tf.constant(x.reshape(len(x), -1)), keras.activations.get(activation)
    )
    return np.asarray(outputs[:, 0])
