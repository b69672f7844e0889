"""The loss of a network as a function of its weights, against Keras, NumPy and differences."""

import re

import keras
import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.landscapes.losses import build_loss
from overfit_tutorial.networks import build_mlp

NAN = float("nan")
STORY = data.sample_noisy(seed=0)
FEW = data.sample_noisy(n_samples=7, seed=1, low=-2.0, high=2.0)
SMOOTH = ["tanh", "sigmoid", "softplus", "gelu", "silu"]  # selu has a corner at zero


def random_weights(model, *, seed):
    """Return weights and biases, none of them zero, in double precision."""
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=0.7, size=w.shape) for w in model.get_weights()]


def flat(weights):
    """Return all weights as one vector."""
    return np.concatenate([np.ravel(w) for w in weights])


def shaped(vector, weights):
    """Return a vector in the shapes of the weights."""
    ends = np.cumsum([w.size for w in weights])[:-1]
    return [p.reshape(w.shape) for p, w in zip(np.split(vector, ends), weights, strict=True)]


def naive_loss(weights, x, y, phi):
    """Return the mean squared error of a dense network, one layer after the other."""
    signal = x.reshape(len(x), -1)
    for kernel, bias in list(zip(weights[::2], weights[1::2], strict=True))[:-1]:
        signal = phi(signal @ kernel + bias)
    return np.mean(((signal @ weights[-2] + weights[-1])[:, 0] - y) ** 2)


@pytest.mark.parametrize(
    ("widths", "activation", "phi"),
    [((), "relu", None), ((1,), "tanh", np.tanh), ((5, 3), "relu", lambda z: np.maximum(z, 0))],
)
def test_the_loss_is_that_of_a_naive_network(widths, activation, phi):
    model = build_mlp(widths, seed=0, activation=activation)
    weights = random_weights(model, seed=1)
    found = build_loss(model, FEW.x, FEW.y)(weights)
    # Rounding of double precision: single would show at 1e-7.
    np.testing.assert_allclose(found, naive_loss(weights, FEW.x, FEW.y, phi), rtol=1e-13)


def test_the_loss_is_that_of_keras():
    model = build_mlp(seed=0)
    model.compile(loss="mse")
    expected = model.evaluate(STORY.x[:, np.newaxis], STORY.y, batch_size=100, verbose=0)
    # Keras computes in single precision.
    found = build_loss(model, STORY.x, STORY.y)(model.get_weights())
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    single = build_loss(model, STORY.x, STORY.y, dtype="float32")
    np.testing.assert_allclose(single(model.get_weights()), expected, rtol=1e-5)
    assert single.gradient(model.get_weights())[0].dtype == np.float32


def test_layers_that_do_not_learn_are_understood():
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Rescaling([0.5, 2.0], offset=[1.0, -1.0]),
            keras.layers.Dense(3, use_bias=False),
            keras.layers.Activation("tanh"),
            keras.layers.Dropout(0.5),
            keras.layers.Rescaling(3.0),
            keras.layers.Dense(1, activation="softplus"),
        ]
    )
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    kernel, last, bias = weights = [rng.normal(size=w.shape) for w in model.get_weights()]
    hidden = 3 * np.tanh((x * [0.5, 2.0] + [1.0, -1.0]) @ kernel)
    outputs = np.log1p(np.exp(hidden @ last + bias))[:, 0]
    # Rounding of double precision.
    np.testing.assert_allclose(
        build_loss(model, x, y)(weights), np.mean((outputs - y) ** 2), 1e-13
    )
    model.set_weights(weights)
    in_keras = model.predict(x, verbose=0)[:, 0]
    np.testing.assert_allclose(in_keras, outputs, rtol=1e-5)  # single precision


@pytest.mark.parametrize("activation", SMOOTH)
def test_the_gradient_is_the_limit_of_differences(activation):
    model = build_mlp((4, 3), seed=0, activation=activation)
    weights = random_weights(model, seed=1)
    loss = build_loss(model, FEW.x, FEW.y)
    slopes = loss.gradient(weights)
    assert [s.shape for s in slopes] == [w.shape for w in weights]
    direction = np.random.default_rng(2).standard_normal(flat(weights).size)
    expected, center, errors = flat(slopes) @ direction, flat(weights), []
    for step in (1e-2, 1e-3):
        ends = [loss(shaped(center + s * step * direction, weights)) for s in (1, -1)]
        errors.append(abs((ends[0] - ends[1]) / (2 * step) - expected))
    # Central differences are of second order. An error of single precision, 1e-7, would show:
    # ten times smaller steps divide the error by a hundred.
    np.testing.assert_allclose(np.log10(errors[0] / errors[1]), 2, atol=0.05)
    assert errors[1] < 1e-3 * abs(expected)


def test_the_weights_of_the_model_do_not_matter():
    first, second = build_mlp((4,), seed=0), build_mlp((4,), seed=1)
    weights = random_weights(first, seed=2)
    losses = [build_loss(model, FEW.x, FEW.y)(weights) for model in (first, second)]
    assert losses[0] == losses[1]


def test_networks_of_one_architecture_share_their_compiled_code():
    models = [build_mlp((4,), seed=0), build_mlp((4,), seed=1), build_mlp((5,), seed=0)]
    losses = [build_loss(model, FEW.x, FEW.y) for model in models]
    for loss, model in zip(losses, models, strict=True):
        loss(model.get_weights())
    first, second, other = ([*loss._found.values()] for loss in losses)
    assert first == second != other


def test_the_order_of_the_points_does_not_matter():
    model = build_mlp((4,), seed=0)
    weights = random_weights(model, seed=0)
    forward = build_loss(model, FEW.x, FEW.y)(weights)
    backward = build_loss(model, FEW.x[::-1], FEW.y[::-1])(weights)
    np.testing.assert_allclose(backward, forward, rtol=1e-13)  # rounding


@pytest.mark.usefixtures("no_xla")
def test_without_xla_the_same_code_runs_uncompiled_after_one_warning():
    model = build_mlp((3,), seed=0)
    weights = random_weights(model, seed=0)
    loss = build_loss(model, FEW.x, FEW.y)
    with pytest.warns(RuntimeWarning, match="TensorFlow cannot compile with XLA here"):
        found = loss(weights)
    expected = naive_loss(weights, FEW.x, FEW.y, lambda z: np.maximum(z, 0))
    np.testing.assert_allclose(found, expected, rtol=1e-13)  # rounding
    assert len(loss.gradient(weights)) == 4  # warns no more


def frozen():
    """Return a network whose first layer does not learn."""
    model = build_mlp((2,), seed=0)
    model.layers[0].trainable = False
    return model


class Louder(keras.layers.Dense):
    """A layer that is a Dense layer by its class, and does something else."""

    def call(self, inputs):
        return 10 * super().call(inputs)


def sequential(*layers, n_features=1):
    """Return a network of the given layers."""
    return keras.Sequential([keras.Input((n_features,)), *layers])


BAD_MODELS = [
    (lambda: "net", TypeError, "model must be a keras.Sequential, got str"),
    (lambda: keras.Sequential([keras.layers.Dense(1)]), ValueError, "model must be built"),
    (frozen, ValueError, "model must have no frozen weights"),
    (
        lambda: sequential(keras.layers.Dense(2)),
        ValueError,
        "model must have one output, got shape (None, 2)",
    ),
    (lambda: sequential(keras.layers.Dropout(0.5)), ValueError, "model must have a Dense layer"),
    (
        lambda: sequential(keras.layers.LayerNormalization(), keras.layers.Dense(1)),
        TypeError,
        "Dense, Activation, Rescaling and Dropout layers, got LayerNormalization",
    ),
    (
        lambda: sequential(keras.layers.Dense(1, activation=keras.layers.LeakyReLU())),
        TypeError,
        "activation must be a function, got LeakyReLU",
    ),
    (
        lambda: sequential(keras.layers.Dense(2, activation="glu"), keras.layers.Dense(1)),
        ValueError,
        "activation must keep the number of columns 2, got 1",
    ),
    (
        lambda: sequential(keras.layers.Rescaling([[1.0], [2.0]]), keras.layers.Dense(1)),
        ValueError,
        "scale of Rescaling must be a finite number, or one for each of 1 columns, got [[1.0], ",
    ),
    (
        lambda: sequential(keras.layers.Rescaling(2.0, offset=np.nan), keras.layers.Dense(1)),
        ValueError,
        "offset of Rescaling must be a finite number",
    ),
    (lambda: sequential(Louder(1)), TypeError, "Dropout layers, got Louder"),
]


@pytest.mark.parametrize(("build", "error", "message"), BAD_MODELS)
def test_a_bad_model_is_named(build, error, message):
    with pytest.raises(error, match=re.escape(message)):
        build_loss(build(), FEW.x, FEW.y)


def test_weights_that_are_no_real_numbers_are_refused():
    loss = build_loss(build_mlp((), seed=0), FEW.x, FEW.y)
    for strange in (1j, "1"):
        with pytest.raises(TypeError, match="weights must hold real numbers"):
            loss([[[strange]], [0.0]])


BAD_POINTS = [
    ([[1.0, 2.0]], [1.0], "x must have shape (n_samples,) or (n_samples, 1), got (1, 2)"),
    (3.0, [1.0], "x must have shape (n_samples,) or (n_samples, 1), got ()"),
    ([], [], "x must be a vector of at least one number, got shape (0,)"),
    ([0.0, NAN], [0.0, 1.0], "x must be finite, got nan at index 1"),
    ([0.0, 1.0], [0.0, NAN], "y must be finite, got nan at index 1"),
    ([0.0, 1.0], [0.0], "x and y must have the same length, got 2 and 1"),
    ([0.0, 1.0], [[0.0], [1.0]], "y must be a vector of at least one number, got shape (2, 1)"),
]


@pytest.mark.parametrize(("x", "y", "message"), BAD_POINTS)
def test_bad_points_are_named(x, y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        build_loss(build_mlp((2,), seed=0), x, y)


def test_a_network_of_two_features_wants_two():
    model = sequential(keras.layers.Dense(1), n_features=2)
    with pytest.raises(ValueError, match=re.escape("x must have shape (n_samples, 2), got (7,)")):
        build_loss(model, FEW.x, FEW.y)


def test_weights_of_another_network_are_refused():
    loss = build_loss(build_mlp((2,), seed=0), FEW.x, FEW.y)
    other = build_mlp((3,), seed=0).get_weights()
    message = "weights must have shapes ((1, 2), (2,), (2, 1), (1,)), got ((1, 3), (3,), (3, 1), "
    for call in (loss, loss.gradient, loss.hessian_operator):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(other)


@pytest.mark.parametrize("dtype", ["float16", None, np.float64])
def test_another_precision_is_refused(dtype):
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got"):
        build_loss(build_mlp((2,), seed=0), FEW.x, FEW.y, dtype=dtype)
