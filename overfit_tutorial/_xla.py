"""Whether TensorFlow can compile on this machine."""

import functools
import warnings

import tensorflow as tf


@functools.cache
def has_xla() -> bool:
    """Return whether TensorFlow can compile here, and warn once if it cannot."""
    try:
        tf.function(lambda x: x + 1, jit_compile=True, autograph=False)(tf.constant(0))
    except (tf.errors.OpError, ValueError) as error:
        warnings.warn(
            f"TensorFlow cannot compile with XLA here, so everything takes longer: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True
