"""A stage for pages: what they claim is taken down, and nothing that they do lasts."""

import runpy

import pytest


@pytest.fixture
def claims_of(monkeypatch):
    """Give a function that runs a page and returns, claim by claim, whether it holds.

    Figures are closed instead of shown. If the page stops at an error that it may stop at, the
    claims are those before it.
    """
    import matplotlib.pyplot as plt

    from overfit_tutorial import claims, figures

    def run(script, *, may_stop_at=()):
        found = {}

        def claim(id, sentence, *, holds, **values):
            found[id] = bool(holds)

        monkeypatch.setattr(claims, "claim", claim)
        monkeypatch.setattr(figures, "show", lambda figure, **words: plt.close(figure))
        with plt.rc_context({"backend": "agg"}):
            try:
                runpy.run_path(str(script))
            except may_stop_at:
                plt.close("all")
        return found

    return run


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

    kept = (_xla.has_xla, loop._loop_of, functional.compiled)
    for cached in kept:
        cached.cache_clear()
    monkeypatch.setattr(tf, "function", function)
    yield
    for cached in kept:
        cached.cache_clear()
