"""The networks of the tutorial at birth."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import keras
import numpy as np
import pytest

from overfit_tutorial.networks import build_mlp

ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z}


def call(model, x):
    """Return the network's values at a vector of places."""
    return keras.ops.convert_to_numpy(model(np.asarray(x, dtype="float32")[:, np.newaxis]))[:, 0]


def equal(first, second):
    """Return whether two networks have the same weights, bit for bit."""
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_the_network_of_the_story_has_40701_parameters():
    assert build_mlp(seed=0).count_params() == 40_701


@pytest.mark.parametrize("widths", [(), (1,), (3, 5), [2, 2, 2], np.full(2, 4).tolist()])
def test_the_layers_have_the_asked_widths(widths):
    sizes = [1, *widths, 1]
    shapes = [w.shape for w in build_mlp(widths, seed=0).get_weights()]
    assert shapes == [shape for i, o in pairwise(sizes) for shape in ((i, o), (o,))]


def test_the_same_seed_builds_the_same_weights():
    assert equal(build_mlp(seed=3), build_mlp(seed=3))


def test_another_seed_builds_other_weights():
    first, second = build_mlp(seed=3).get_weights(), build_mlp(seed=4).get_weights()
    assert not any(np.any(a == b) for a, b in zip(first[::2], second[::2], strict=True))


def test_an_integer_seed_is_short_for_its_seed_sequence():
    assert equal(build_mlp(seed=3), build_mlp(seed=np.random.SeedSequence(3)))


def test_the_children_of_a_seed_sequence_build_other_weights():
    first, second = (np.random.SeedSequence(3, spawn_key=(k,)) for k in range(2))
    assert not equal(build_mlp((4,), seed=first), build_mlp((4,), seed=second))


def test_layers_of_one_shape_differ():
    hidden = build_mlp(seed=0).get_weights()[2:-2:2]
    assert len({w.tobytes() for w in hidden}) == len(hidden) == 4


def test_a_clone_has_the_same_weights():
    model = build_mlp(seed=0)
    assert equal(model, keras.models.clone_model(model))


def test_building_leaves_the_global_random_state_alone():
    keras.utils.set_random_seed(0)
    expected = keras.ops.convert_to_numpy(keras.random.normal((3,)))
    keras.utils.set_random_seed(0)
    build_mlp((4,), seed=1)
    assert np.array_equal(keras.ops.convert_to_numpy(keras.random.normal((3,))), expected)


@pytest.mark.parametrize("layer", range(6))
def test_the_weights_are_glorot_uniform(layer):
    weights = build_mlp(seed=0).layers[layer].get_weights()[0].astype("float64")
    limit = np.sqrt(6 / sum(weights.shape))
    assert np.abs(weights).max() <= limit * (1 + 1e-7)  # the limit itself, rounded to float32
    # Four standard errors of a uniform variable's mean (1/√3 limits) and variance (kurtosis 9/5).
    assert abs(weights.mean()) < 4 * limit / np.sqrt(3 * weights.size)
    np.testing.assert_allclose(weights.var(), limit**2 / 3, rtol=4 * np.sqrt(0.8 / weights.size))


def test_the_biases_are_zero():
    assert not any(bias.any() for bias in build_mlp(seed=0).get_weights()[1::2])


def test_at_birth_the_network_is_a_line_through_zero_on_either_side():
    model = build_mlp(seed=0)
    x = np.linspace(0.1, 20, 50)
    for side in (x, -x):
        # float32 rounds at 1e-7; a hundred terms of the last layer cancel to a hundredth.
        np.testing.assert_allclose(call(model, side), x * call(model, side[:1] / x[0]), rtol=1e-4)


def test_at_birth_doubling_the_input_doubles_the_output():
    model, x = build_mlp(seed=0), np.linspace(-20, 20, 50)
    # Exactly: doubling does not round.
    assert np.array_equal(call(model, 2 * x), 2 * call(model, x))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_acts_in_the_hidden_layers_only(activation):
    model = build_mlp((8, 8), seed=0, activation=activation)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    w1, b1, w2, b2, w3, b3 = (w.astype("float64") for w in model.get_weights())
    x, phi = np.linspace(-2, 2, 20), ACTIVATIONS[activation]
    hidden = phi(phi(x[:, np.newaxis] @ w1 + b1) @ w2 + b2)
    # float32 against float64: a few roundings at 1e-7 of terms near 10, some of which cancel.
    np.testing.assert_allclose(call(model, x), (hidden @ w3 + b3)[:, 0], rtol=1e-5, atol=1e-5)


def test_the_network_is_built_but_not_compiled():
    model = build_mlp((2,), seed=0)
    assert model.built
    assert not model.compiled


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hidden_widths": 100}, TypeError, "hidden_widths must be a sequence of widths, got 100"),
        ({"hidden_widths": None}, TypeError, "hidden_widths must be a sequence of widths, got N"),
        ({"hidden_widths": (3, 0)}, ValueError, "hidden_widths must be at least 1, got 0"),
        ({"hidden_widths": (3, -1)}, ValueError, "hidden_widths must be at least 1, got -1"),
        ({"hidden_widths": (3.0,)}, TypeError, "hidden_widths must be a whole number, got 3.0"),
        (
            {"hidden_widths": "33"},
            TypeError,
            "hidden_widths must be a sequence of widths, got '33'",
        ),
        ({"activation": "rely"}, ValueError, "must be a name that Keras knows, such as 'relu' "),
        ({"activation": "rely"}, ValueError, "or 'tanh', got 'rely'"),
        ({"activation": None}, TypeError, "activation must be the name of a Keras activation, go"),
        ({"seed": None}, TypeError, "seed must be an int or a numpy.random.SeedSequence, got Non"),
        ({"seed": 1.5}, TypeError, "seed must be an int or a numpy.random.SeedSequence, got 1.5"),
        ({"seed": -1}, ValueError, "seed must not be negative, got -1"),
    ],
)
def test_a_bad_argument_is_named(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        build_mlp(**{"hidden_widths": (2,), "seed": 0, **options})


def test_the_seed_is_required():
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        build_mlp()


@pytest.fixture
def settings():
    """Put Keras' settings back."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.mark.parametrize(
    "change",
    [
        lambda: keras.config.set_floatx("float64"),
        lambda: keras.config.set_dtype_policy("mixed_float16"),
        lambda: keras.config.set_dtype_policy("float64"),
    ],
)
def test_seeds_decide_and_settings_do_not(settings, change):
    x = np.linspace(0, 20, 7, dtype=np.float32)[:, None]
    expected = build_mlp((5, 5), seed=3)
    change()
    found = build_mlp((5, 5), seed=3)
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        assert one.dtype == other.dtype == np.float32
        assert np.array_equal(one, other)
    assert np.array_equal(found(x), expected(x))


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_is_one_clear_sentence(backend, tmp_path):
    # A stand-in for Keras: the other backends need not be installed.
    (tmp_path / "keras").mkdir()
    stand_in = f"class backend:\n    backend = staticmethod(lambda: {backend!r})\n"
    (tmp_path / "keras" / "__init__.py").write_text(stand_in)
    command = [sys.executable, "-c", "from overfit_tutorial import _xla"]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    (last,) = done.stderr.strip().splitlines()[-1:]
    assert last == (
        f"ImportError: Keras must run on TensorFlow here, got the backend {backend!r}: "
        "set KERAS_BACKEND to tensorflow, or change keras.json"
    )
