"""What tests of several rooms set up."""

import pytest


@pytest.fixture
def float64():
    """Let Keras compute in float64, too."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # kept since the first layer, otherwise
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def no_xla(monkeypatch):
    """Let TensorFlow refuse to compile, as on a platform without XLA."""
    import tensorflow as tf

    from overfit_tutorial import _xla
    from overfit_tutorial._engine import loop
    from overfit_tutorial.landscapes import functional

    original = tf.function

    def function(*arguments, jit_compile=None, **options):
        if jit_compile:
            raise tf.errors.UnimplementedError(None, None, "no XLA here")
        return original(*arguments, **options)

    kept = (_xla._can_compile, loop._loop_of, functional.compiled)
    for cached in kept:
        cached.cache_clear()
    monkeypatch.setattr(tf, "function", function)
    yield
    for cached in kept:
        cached.cache_clear()
