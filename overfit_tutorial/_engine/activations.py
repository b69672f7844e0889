"""Refuse, before anything is compiled, an activation that the loop cannot use."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from overfit_tutorial import _xla, networks
from overfit_tutorial.recipes import Recipe


def check_activation(recipe: Recipe) -> None:
    """Refuse an activation that is unknown, or that the loop cannot use."""
    if isinstance(recipe.activation, str):
        networks.check_activation(recipe.activation)
    _try_activation(recipe.activation, recipe.dtype)


@functools.lru_cache(maxsize=64)
def _try_activation(activation: str | Callable[[Any], Any], dtype: str) -> None:
    """Refuse an activation that the loop cannot use, by trying it on a few numbers."""
    function = keras.activations.get(activation)
    z = tf.reshape(tf.cast(tf.linspace(-2.0, 2.0, 24), dtype), [2, 3, 4])

    def probe() -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(z)
            values = function(z)
        apart = tf.stack([function(points) for points in tf.unstack(z)])
        return values, tape.gradient(values, z), apart

    try:
        if callable(activation):
            traced = tf.function(probe, jit_compile=_xla.has_xla(), autograph=False)
            values, slopes, apart = traced.get_concrete_function()()
        else:  # what Keras offers by name can be compiled, and trying that would take a while
            values, slopes, apart = probe()
    except Exception as error:
        raise ValueError(
            "activation must be a function of one tensor that TensorFlow can compile, "
            f"got {activation!r}: {error}"
        ) from error
    if (values.shape, values.dtype) != (z.shape, z.dtype):
        raise ValueError(
            f"activation must keep the shape and the precision of its argument, got "
            f"{activation!r}, which makes {values.dtype.name} of shape {values.shape} out of "
            f"{dtype} of shape {z.shape}"
        )
    if slopes is None:
        raise ValueError(f"activation must have a gradient, got {activation!r}")
    if not np.allclose(values, apart, equal_nan=True):
        raise ValueError(
            "activation must be the same for points of one network as for those of several, "
            f"got {activation!r}"
        )
