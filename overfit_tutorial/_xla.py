"""Whether Keras runs on TensorFlow, as it must here, and whether that can compile."""

import functools
import warnings

import keras
import tensorflow as tf

from overfit_tutorial import _forks

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras must run on TensorFlow here, got the backend {keras.backend.backend()!r}: set "
        "KERAS_BACKEND to tensorflow, or change keras.json"
    )


def has_xla() -> bool:
    """Return whether TensorFlow can compile here, and warn once if it cannot."""
    _forks.check_not_copied()
    return _can_compile()


@functools.cache
def _can_compile() -> bool:
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
