"""A Keras network as a function of its weights: pure, compiled, in the precision that is asked.

Keras computes in the precision in which a network was built. What is said about curvature and
rank needs more digits than training does, so the layers are written out again, for weights and
places of either precision.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from overfit_tutorial import _arguments, _xla

Tensor = Any  # TensorFlow has no types
Activation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Dense:
    """Multiply by a kernel, add a bias."""

    bias: bool

    def __call__(self, signal: Tensor, kernel: Tensor, *bias: Tensor) -> Tensor:
        """Return what leaves the layer."""
        return sum(bias, signal @ kernel)

    @property
    def n_weights(self) -> int:
        """How many arrays of weights it has."""
        return 1 + self.bias


@dataclass(frozen=True)
class Bend:
    """Apply an activation."""

    activation: Activation
    n_weights = 0

    def __call__(self, signal: Tensor) -> Tensor:
        """Return what leaves the layer."""
        return self.activation(signal)


@dataclass(frozen=True)
class Rescale:
    """Multiply by constants and add constants."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    n_weights = 0

    def __call__(self, signal: Tensor) -> Tensor:
        """Return what leaves the layer."""
        scale, offset = (tf.constant(c, signal.dtype) for c in (self.scale, self.offset))
        return signal * scale + offset


@dataclass(frozen=True)
class Network:
    """All that compiled code depends on: networks that are equal share it."""

    layers: tuple[Dense | Bend | Rescale, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtype: str

    @property
    def n_parameters(self) -> int:
        """How many numbers all weights hold together."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def join(self, weights: Sequence[ArrayLike]) -> Tensor:
        """Return the weights as one vector, if they have the network's shapes.

        One, since TensorFlow takes longer to hand over an array than to compute with a small one.
        """
        shapes = tuple(np.shape(w) for w in weights)
        if shapes != self.shapes:
            raise ValueError(f"weights must have shapes {self.shapes}, got {shapes}")
        arrays = (_arguments.check_real("weights", np.asarray(w)) for w in weights)
        return tf.constant(np.concatenate([array.ravel() for array in arrays], dtype=self.dtype))

    def places(self, x: ArrayLike) -> Tensor:
        """Return the inputs as a tensor of shape ``(n_samples, n_features)``."""
        rows = np.asarray(x)
        column = rows[:, np.newaxis] if rows.ndim == 1 else rows
        n_features = self.shapes[0][0]
        if column.ndim != 2 or column.shape[1] != n_features:
            allowed = "(n_samples,) or " * (n_features == 1) + f"(n_samples, {n_features})"
            raise ValueError(f"x must have shape {allowed}, got {rows.shape}")
        flat = _arguments.check_vector("x", column.ravel())
        return tf.constant(flat.reshape(column.shape).astype(self.dtype))

    def targets(self, y: ArrayLike, n_samples: int) -> Tensor:
        """Return the targets as a tensor of shape ``(n_samples,)``."""
        vector = _arguments.check_vector("y", y)
        if len(vector) != n_samples:
            raise ValueError(
                f"x and y must have the same length, got {n_samples} and {len(vector)}"
            )
        return tf.constant(vector.astype(self.dtype))

    def split(self, vector: Tensor) -> list[Tensor]:
        """Return a vector of all parameters as tensors of the weights' shapes."""
        pieces = tf.split(vector, [int(np.prod(shape)) for shape in self.shapes])
        return [tf.reshape(p, shape) for p, shape in zip(pieces, self.shapes, strict=True)]

    @property
    def widths(self) -> list[int]:
        """How many columns enter each layer, and leave the last."""
        kernels = (kernel for kernel, *_ in filter(None, self.by_layer(self.shapes)))
        widths = [self.shapes[0][0]]
        for layer in self.layers:
            widths.append(next(kernels)[1] if layer.n_weights else widths[-1])
        return widths

    def by_layer(self, arrays: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return, layer by layer, what is given in Keras' order of weights."""
        remaining = iter(arrays)
        return [tuple(itertools.islice(remaining, layer.n_weights)) for layer in self.layers]

    def run(self, weights: Sequence[Tensor], places: Tensor) -> list[Tensor]:
        """Return what enters each layer, and what leaves the last: of shape (n_samples, 1).

        Parameters
        ----------
        weights : sequence of tensors
            In Keras' order.
        places : tensor of shape (n_samples, n_features)
        """
        signals = [places]
        for layer, own in zip(self.layers, self.by_layer(weights), strict=True):
            signals.append(layer(signals[-1], *own))
        return signals


def read(model: Any, dtype: str) -> Network:
    """Return the layers and shapes of a Keras network, or say what is not supported."""
    _arguments.check_dtype(dtype)
    if not _acts_like(model, keras.Sequential):
        raise TypeError(f"model must be a keras.Sequential, got {type(model).__name__}")
    if not model.built:
        raise ValueError("model must be built: give it a keras.Input, or call it once")
    if len(model.trainable_weights) != len(model.weights):
        raise ValueError("model must have no frozen weights")
    layers = tuple(itertools.chain.from_iterable(map(_read_layer, model.layers)))
    shapes = tuple(tuple(w.shape) for w in model.trainable_weights)
    if not shapes:
        raise ValueError("model must have a Dense layer")
    if model.output_shape[1:] != (1,):
        raise ValueError(f"model must have one output, got shape {model.output_shape}")
    return Network(layers=layers, shapes=shapes, dtype=dtype)


@functools.lru_cache(maxsize=64)
def compiled(function: Callable[..., Any], network: Network, n_samples: int) -> Any:
    """Return a function of a network and tensors as compiled code for this network.

    The number of samples is part of the key because compiled code is for one shape.
    """
    return tf.function(functools.partial(function, network), jit_compile=_xla.has_xla())


def _acts_like(layer: Any, base: Any) -> bool:
    """Return whether a layer computes what one of Keras' does: a subclass may do otherwise."""
    return isinstance(layer, base) and type(layer).call is base.call


def _read_layer(layer: Any) -> list[Dense | Bend | Rescale]:
    """Return what a Keras layer does when it is not training."""
    if _acts_like(layer, keras.layers.Dropout):
        return []
    if _acts_like(layer, keras.layers.Dense):
        return [Dense(layer.use_bias), Bend(_activation(layer, layer.units))]
    if _acts_like(layer, keras.layers.Activation):
        return [Bend(_activation(layer, layer.input.shape[-1]))]
    if _acts_like(layer, keras.layers.Rescaling):
        n_columns = layer.input.shape[-1]
        scale, offset = (
            _constants(name, getattr(layer, name), n_columns) for name in ("scale", "offset")
        )
        return [Rescale(scale, offset)]
    raise TypeError(
        "model must consist of Dense, Activation, Rescaling and Dropout layers, "
        f"got {type(layer).__name__}"
    )


def _activation(layer: Any, n_columns: int) -> Activation:
    if isinstance(layer.activation, keras.Layer):  # it would compute in its own precision
        raise TypeError(f"activation must be a function, got {type(layer.activation).__name__}")
    bent = layer.activation(tf.zeros((1, n_columns))).shape[-1]
    if bent != n_columns:
        raise ValueError(f"activation must keep the number of columns {n_columns}, got {bent}")
    return layer.activation  # type: ignore[no-any-return]


def _constants(name: str, values: ArrayLike, n_columns: int) -> tuple[float, ...]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (1,), (n_columns,)) or not np.isfinite(array).all():
        raise ValueError(
            f"{name} of Rescaling must be a finite number, or one for each of {n_columns} "
            f"columns, got {array.tolist()}"
        )
    return tuple(array.ravel().tolist())
