"""Hessians and tangent kernels of networks, against code that shares nothing with ours."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.sparse import diags_array
from scipy.sparse.linalg import aslinearoperator, eigsh

from overfit_tutorial import data
from overfit_tutorial.curvature import estimate_trace, largest_eigenvalue
from overfit_tutorial.landscapes import (
    gauss_newton_eigenvalues,
    hessian_operator,
    jacobian,
    tangent_kernel,
)
from overfit_tutorial.landscapes.losses import build_loss
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.training import fit_network

STORY = data.sample_noisy(seed=0)
POINTS = data.sample_noisy(n_samples=9, seed=1, low=-2.0, high=2.0)
ACTIVATIONS = {
    # Value, first and second derivative, for the references written below.
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0, lambda z: 0 * z),
    "tanh": (
        np.tanh,
        lambda z: 1 - np.tanh(z) ** 2,
        lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2),
    ),
}


def randomized(widths, activation, *, seed=0):
    """Return a network with random biases, far enough from all kinks."""
    model = build_mlp(widths, seed=seed, activation=activation)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(scale=0.7, size=w.shape) for w in model.get_weights()])
    sums = forward(double(model), POINTS.x, *ACTIVATIONS[activation][:1])[1]
    assert min(np.abs(z).min() for z in sums) > 1e-6
    return model


def double(model):
    """Return a network's weights in double precision."""
    return [w.astype(np.float64) for w in model.get_weights()]


def flat(weights):
    """Return all weights as one vector."""
    return np.concatenate([np.ravel(w) for w in weights])


def shaped(vector, weights):
    """Return a vector in the shapes of the weights."""
    ends = np.cumsum([w.size for w in weights])[:-1]
    return [p.reshape(w.shape) for p, w in zip(np.split(vector, ends), weights, strict=True)]


def forward(weights, x, phi):
    """Return the signals before each layer, and the sums in it."""
    signals, sums = [x[:, np.newaxis]], []
    for index, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
        sums.append(signals[-1] @ kernel + bias)
        last = index == len(weights) // 2 - 1
        signals.append(sums[-1] if last else phi(sums[-1]))
    return signals, sums


def naive_gradient(weights, x, y, phi, slope):
    """Return the gradient of the mean squared error, by hand-written backpropagation."""
    signals, sums = forward(weights, x, phi)
    error = 2 / len(x) * (signals[-1] - y[:, np.newaxis])
    slopes = []
    for layer in reversed(range(len(sums))):
        slopes[:0] = [signals[layer].T @ error, error.sum(axis=0)]
        if layer:
            error = error @ weights[2 * layer].T * slope(sums[layer - 1])
    return slopes


def naive_product(weights, direction, x, y, phi, slope, bend):
    """Return Hessian times direction by Pearlmutter's R-operator, written out.

    Each quantity of backpropagation is followed by its derivative in the direction.
    """
    signals, sums = forward(weights, x, phi)
    r_signals, r_sums = [np.zeros_like(signals[0])], []
    for layer in range(len(sums)):
        kernel, r_kernel, r_bias = weights[2 * layer], *direction[2 * layer : 2 * layer + 2]
        r_sums.append(r_signals[-1] @ kernel + signals[layer] @ r_kernel + r_bias)
        last = layer == len(sums) - 1
        r_signals.append(r_sums[-1] if last else slope(sums[layer]) * r_sums[-1])
    error = 2 / len(x) * (signals[-1] - y[:, np.newaxis])
    r_error = 2 / len(x) * r_signals[-1]
    product = []
    for layer in reversed(range(len(sums))):
        r_kernel = r_signals[layer].T @ error + signals[layer].T @ r_error
        product[:0] = [r_kernel, r_error.sum(axis=0)]
        if layer:
            back = error @ weights[2 * layer].T
            r_back = error @ direction[2 * layer].T + r_error @ weights[2 * layer].T
            z, r_z = sums[layer - 1], r_sums[layer - 1]
            error, r_error = slope(z) * back, slope(z) * r_back + bend(z) * r_z * back
    return product


def dense_hessian(model, x, y):
    """Return the Hessian entry by entry, by TensorFlow's nested tapes over one vector."""
    weights = double(model)
    activations = [layer.activation for layer in model.layers]
    vector = tf.constant(flat(weights))
    with tf.GradientTape() as outer:
        outer.watch(vector)
        with tf.GradientTape() as inner:
            inner.watch(vector)
            signal, start = tf.constant(x[:, np.newaxis]), 0
            for (kernel, bias), activation in zip(
                zip(weights[::2], weights[1::2], strict=True), activations, strict=True
            ):
                middle, end = start + kernel.size, start + kernel.size + bias.size
                signal = signal @ tf.reshape(vector[start:middle], kernel.shape)
                signal, start = activation(signal + vector[middle:end]), end
            value = tf.reduce_mean((signal[:, 0] - y) ** 2)
        slope = inner.gradient(value, vector)
    return outer.jacobian(slope, vector).numpy()


def relative(found, expected):
    """Return the largest difference, in units of the largest expected entry."""
    return np.abs(found - expected).max() / np.abs(expected).max()


CASES = [((), "relu"), ((6,), "relu"), ((5, 4, 3), "relu"), ((5, 4, 3), "tanh")]


@pytest.mark.parametrize(("widths", "activation"), CASES)
def test_the_products_are_those_of_the_dense_hessian(widths, activation):
    model = randomized(widths, activation)
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    n_parameters = model.count_params()
    assert operator.shape == (n_parameters, n_parameters)
    assert operator.dtype == np.float64
    expected = dense_hessian(model, POINTS.x, POINTS.y)
    # Rounding only; an approximation would show at 1e-8 or above.
    assert relative(operator @ np.eye(n_parameters), expected) < 1e-10


@pytest.mark.parametrize(("widths", "activation"), [*CASES, ((40, 40, 40), "relu")])
def test_the_products_are_those_of_the_r_operator(widths, activation):
    model, rng = randomized(widths, activation, seed=3), np.random.default_rng(0)
    operator, weights = hessian_operator(model, POINTS.x, POINTS.y), double(model)
    for _ in range(3):
        vector = rng.standard_normal(model.count_params())
        direction = shaped(vector, weights)
        expected = naive_product(weights, direction, POINTS.x, POINTS.y, *ACTIVATIONS[activation])
        assert relative(operator @ vector, flat(expected)) < 1e-10  # rounding only


def product_by_jax(weights, vector, x, y, phi):
    """Return Hessian times vector by JAX, which shares no code with TensorFlow."""
    jax = pytest.importorskip("jax", reason="Intel Macs have no JAX")
    phi = getattr(jax.nn, phi)
    jax.config.update("jax_enable_x64", True)
    ends = np.cumsum([w.size for w in weights])[:-1]

    def loss(vector):
        pieces = jax.numpy.split(vector, ends)
        arrays = [p.reshape(w.shape) for p, w in zip(pieces, weights, strict=True)]
        signal, last = x[:, np.newaxis], len(arrays) - 2
        for layer in range(0, len(arrays), 2):
            signal = signal @ arrays[layer] + arrays[layer + 1]
            signal = signal if layer == last else phi(signal)
        return jax.numpy.mean((signal[:, 0] - y) ** 2)

    product = jax.jvp(jax.grad(loss), (jax.numpy.asarray(flat(weights)),), (vector,))[1]
    assert product.dtype == np.float64
    return np.asarray(product)


@pytest.mark.parametrize(("widths", "activation"), [*CASES, ((40, 40, 40), "relu")])
def test_the_products_are_those_of_jax(widths, activation):
    model, rng = randomized(widths, activation, seed=4), np.random.default_rng(0)
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    for _ in range(3):
        vector = rng.standard_normal(model.count_params())
        expected = product_by_jax(double(model), vector, POINTS.x, POINTS.y, activation)
        assert relative(operator @ vector, expected) < 1e-10  # rounding only


def test_the_products_of_the_storys_network_are_those_of_the_r_operator():
    model, rng = build_mlp(seed=0), np.random.default_rng(0)
    vector = rng.standard_normal(model.count_params())
    weights = double(model)
    expected = naive_product(
        weights, shaped(vector, weights), STORY.x, STORY.y, *ACTIVATIONS["relu"]
    )
    operator = hessian_operator(model, STORY.x, STORY.y)
    assert relative(operator @ vector, flat(expected)) < 1e-10  # rounding only
    single = hessian_operator(model, STORY.x, STORY.y, dtype="float32")
    assert single.dtype == np.float32
    assert 1e-10 < relative(single @ vector, flat(expected)) < 1e-4  # as good as it gets


def test_the_products_are_the_limit_of_differences_of_gradients():
    model, rng = randomized((6, 5), "tanh"), np.random.default_rng(0)
    vector = rng.standard_normal(model.count_params())
    expected = hessian_operator(model, POINTS.x, POINTS.y) @ vector
    weights = double(model)
    errors = []
    for step in (1e-2, 1e-3):
        ends = [
            naive_gradient(
                shaped(flat(weights) + sign * step * vector, weights),
                POINTS.x,
                POINTS.y,
                *ACTIVATIONS["tanh"][:2],
            )
            for sign in (1, -1)
        ]
        errors.append(relative((flat(ends[0]) - flat(ends[1])) / (2 * step), expected))
    # Central differences are of second order.
    np.testing.assert_allclose(np.log10(errors[0] / errors[1]), 2, atol=0.05)


def test_the_operator_is_symmetric_and_linear():
    model, rng = build_mlp(seed=0), np.random.default_rng(0)
    operator = hessian_operator(model, STORY.x, STORY.y)
    u, v = rng.standard_normal((2, model.count_params()))
    hu, hv = operator @ u, operator @ v
    # Rounding only: dot products of 40,701 terms.
    np.testing.assert_allclose(u @ hv, v @ hu, rtol=1e-9)
    assert relative(operator @ (2 * u - 3 * v), 2 * hu - 3 * hv) < 1e-12
    assert np.array_equal(operator.T @ u, hu)
    assert not np.any(operator @ np.zeros_like(u))


def test_the_operator_takes_columns_and_several_vectors():
    model = randomized((4,), "tanh")
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    vectors = np.random.default_rng(0).standard_normal((model.count_params(), 3))
    together = operator @ vectors
    assert together.shape == vectors.shape
    for k in range(3):
        assert np.array_equal(operator @ vectors[:, k], together[:, k])
        assert np.array_equal(operator @ vectors[:, [k]], together[:, [k]])


def test_the_operator_keeps_the_weights_of_its_time():
    model = randomized((4,), "tanh")
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    vector = np.ones(model.count_params())
    before = operator @ vector
    model.set_weights([2 * w for w in model.get_weights()])
    assert np.array_equal(operator @ vector, before)
    after = hessian_operator(model, POINTS.x, POINTS.y) @ vector
    assert relative(after, before) > 0.1


def test_the_operator_of_a_loss_takes_any_weights():
    model, other = randomized((4,), "tanh"), randomized((4,), "tanh", seed=5)
    vector = np.ones(model.count_params())
    loss = build_loss(model, POINTS.x, POINTS.y)
    expected = hessian_operator(other, POINTS.x, POINTS.y) @ vector
    assert np.array_equal(loss.hessian_operator(other.get_weights()) @ vector, expected)


@pytest.mark.parametrize("activation", [tf.sign, tf.round, tf.ones_like])
def test_an_activation_that_is_flat_leaves_the_curvature_of_the_last_layer(activation):
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(3, activation=activation), keras.layers.Dense(1)]
    )
    kernel, bias = (w.astype(float) for w in model.get_weights()[:2])
    bent = np.asarray(activation(POINTS.x[:, None] * kernel + bias))
    rows = np.column_stack([np.zeros((len(bent), 6)), bent, np.ones(len(bent))])
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    expected = 2 / len(rows) * rows.T @ rows
    np.testing.assert_allclose(operator @ np.eye(10), expected, atol=1e-12)
    np.testing.assert_allclose(jacobian(model, POINTS.x), rows, atol=1e-12)


def test_a_vector_of_another_size_is_refused():
    operator = hessian_operator(randomized((4,), "tanh"), POINTS.x, POINTS.y)
    for size in (12, 14):
        with pytest.raises(ValueError, match=r"(?i)dimension mismatch"):
            operator @ np.ones(size)


def test_curvature_takes_the_operator():
    model = randomized((6, 5), "tanh")
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    exact = np.linalg.eigvalsh(dense_hessian(model, POINTS.x, POINTS.y))
    np.testing.assert_allclose(largest_eigenvalue(operator, rtol=1e-8), exact[-1], rtol=1e-8)
    trace = estimate_trace(operator, seed=0, n_probes=100)
    assert abs(trace.value - exact.sum()) < 4 * trace.standard_error


def test_curvature_takes_a_preconditioned_operator():
    model = randomized((6, 5), "tanh")
    operator = hessian_operator(model, POINTS.x, POINTS.y)
    scale = np.random.default_rng(0).uniform(0.1, 1, size=model.count_params())
    scaling = aslinearoperator(diags_array(scale))
    dense = scale[:, np.newaxis] * dense_hessian(model, POINTS.x, POINTS.y) * scale
    found = largest_eigenvalue(scaling @ operator @ scaling, rtol=1e-8)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(dense)[-1], rtol=1e-8)


def trained():
    """Return the story's network after its 800 steps, with a tail of small eigenvalues."""
    return fit_network(STORY.x, STORY.y, seed=0).to_keras()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("build", [lambda: build_mlp(seed=0), trained], ids=["born", "trained"])
def test_the_storys_network_needs_few_products(build, dtype):
    model, products = build(), []
    operator = hessian_operator(model, STORY.x, STORY.y, dtype=dtype)
    counted = operator.__class__(
        operator.shape,
        matvec=lambda v: products.append(v) or operator @ v,
        dtype=operator.dtype,
    )
    found = largest_eigenvalue(counted)
    assert len(products) < 50
    # ARPACK is the judge, to its full precision.
    double = hessian_operator(model, STORY.x, STORY.y)
    (exact,) = eigsh(double, k=1, which="LA", tol=1e-10, return_eigenvectors=False)
    np.testing.assert_allclose(found, exact, rtol=1e-3)


# The Jacobian, its kernel and the Gauss-Newton matrix


@pytest.mark.parametrize(("widths", "activation"), CASES)
def test_the_jacobian_is_that_of_a_tape(widths, activation):
    model = randomized(widths, activation)
    weights = [tf.constant(w) for w in double(model)]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        signal = tf.constant(POINTS.x[:, np.newaxis])
        for layer, kernel, bias in zip(model.layers, weights[::2], weights[1::2], strict=True):
            signal = layer.activation(signal @ kernel + bias)
        outputs = signal[:, 0]
    blocks = tape.jacobian(outputs, weights)
    expected = np.concatenate([b.numpy().reshape(len(POINTS.x), -1) for b in blocks], axis=1)
    assert relative(jacobian(model, POINTS.x), expected) < 1e-13  # rounding only


def test_the_jacobian_gives_the_gradient():
    model = randomized((6, 5), "relu")
    residuals = forward(double(model), POINTS.x, ACTIVATIONS["relu"][0])[0][-1][:, 0] - POINTS.y
    gradient = build_loss(model, POINTS.x, POINTS.y).gradient(model.get_weights())
    found = 2 / len(POINTS.x) * residuals @ jacobian(model, POINTS.x)
    assert relative(found, flat(gradient)) < 1e-13  # rounding only


def mixed():
    """Return a network with layers that do not learn, one without bias, and two features."""
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Rescaling(0.5, offset=1.0),
            keras.layers.Dense(4, use_bias=False),
            keras.layers.Activation("tanh"),
            keras.layers.Dense(1, activation="softplus"),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model, rng.normal(size=(5, 2)), rng.normal(size=5)


def test_the_jacobian_of_other_layers_is_the_limit_of_differences():
    model, x, _ = mixed()
    weights = double(model)

    def outputs(vector):
        first, last, bias = shaped(vector, weights)
        return np.log1p(np.exp(np.tanh((0.5 * x + 1) @ first) @ last + bias))[:, 0]

    step = 1e-5 * np.eye(flat(weights).size)
    rows = [(outputs(flat(weights) + e) - outputs(flat(weights) - e)) / 2e-5 for e in step]
    # Central differences with this step: some 1e-10 of curvature and as much rounding.
    assert relative(jacobian(model, x), np.transpose(rows)) < 1e-8


@pytest.mark.parametrize(("widths", "activation"), CASES)
def test_the_tangent_kernel_is_the_gram_matrix_of_the_jacobian(widths, activation):
    model = randomized(widths, activation)
    rows = jacobian(model, POINTS.x)
    kernel = tangent_kernel(model, POINTS.x)
    assert relative(kernel, rows @ rows.T) < 1e-13  # rounding only
    assert np.array_equal(kernel, kernel.T)


def test_the_tangent_kernel_of_other_layers_is_the_gram_matrix_too():
    model, x, _ = mixed()
    rows = jacobian(model, x)
    assert relative(tangent_kernel(model, x), rows @ rows.T) < 1e-13  # rounding only


@pytest.mark.parametrize("seed", range(3))
def test_at_birth_the_tangent_kernel_of_the_story_has_rank_two(seed):
    model = build_mlp(seed=seed)
    assert STORY.x.min() > 0
    eigenvalues = np.linalg.eigvalsh(tangent_kernel(model, STORY.x))[::-1]
    assert eigenvalues[1] > 1e-4 * eigenvalues[0]
    assert np.abs(eigenvalues[2:]).max() < 1e-14 * eigenvalues[0]
    # Centered inputs lie on two half-lines, with two dimensions each.
    centered = np.linalg.eigvalsh(tangent_kernel(model, STORY.x - STORY.x.mean()))[::-1]
    assert centered[3] > 1e-6 * centered[0]
    assert np.abs(centered[4:]).max() < 1e-14 * centered[0]
    # Single precision cannot tell so well.
    single = np.linalg.eigvalsh(tangent_kernel(model, STORY.x, dtype="float32"))[::-1]
    assert np.abs(single[2:]).max() > 1e-10 * single[0]


def test_at_birth_the_tangent_kernel_of_the_story_is_spanned_by_one_and_x():
    kernel = tangent_kernel(build_mlp(seed=0), STORY.x)
    features = np.stack([np.outer(STORY.x, STORY.x).ravel(), np.ones(kernel.size)], axis=1)
    shares, *_ = np.linalg.lstsq(features, kernel.ravel(), rcond=None)
    assert relative(features @ shares, kernel.ravel()) < 1e-13  # rounding only
    assert (shares > 0).all()


@pytest.mark.parametrize(("widths", "activation"), CASES)
def test_the_gauss_newton_eigenvalues_are_those_of_the_dense_matrix(widths, activation):
    model = randomized(widths, activation)
    rows, n = jacobian(model, POINTS.x), len(POINTS.x)
    exact = np.linalg.eigvalsh(2 / n * rows.T @ rows)[::-1]
    found = gauss_newton_eigenvalues(model, POINTS.x, POINTS.y)
    assert len(found) == min(n, model.count_params())
    # Rounding at 1e-16 of the largest, in either.
    np.testing.assert_allclose(found, exact[: len(found)], rtol=0, atol=1e-13 * exact[0])
    assert np.all(np.diff(found) <= 0)
    assert np.all(found >= 0)


def test_where_a_network_interpolates_the_hessian_is_the_gauss_newton_matrix():
    model = randomized((8,), "tanh")
    outputs = forward(double(model), POINTS.x, np.tanh)[0][-1][:, 0]
    operator = hessian_operator(model, POINTS.x, outputs)
    exact = np.linalg.eigvalsh(operator @ np.eye(model.count_params()))[::-1]
    found = gauss_newton_eigenvalues(model, POINTS.x, outputs)
    np.testing.assert_allclose(found, exact[: len(found)], rtol=0, atol=1e-13 * exact[0])


def test_the_targets_do_not_move_the_gauss_newton_eigenvalues_but_the_hessians():
    model = randomized((8,), "tanh")
    first, second = (gauss_newton_eigenvalues(model, POINTS.x, c * POINTS.y) for c in (1, 5))
    assert np.array_equal(first, second)
    tops = [largest_eigenvalue(hessian_operator(model, POINTS.x, c * POINTS.y)) for c in (1, 5)]
    assert abs(tops[1] / tops[0] - 1) > 0.1


def test_the_gauss_newton_eigenvalues_want_a_target_for_each_place():
    model = build_mlp((2,), seed=0)
    with pytest.raises(ValueError, match=re.escape("the same length, got 9 and 8")):
        gauss_newton_eigenvalues(model, POINTS.x, POINTS.y[:-1])


@pytest.mark.parametrize("function", [jacobian, tangent_kernel])
def test_bad_places_are_named(function):
    model = build_mlp((2,), seed=0)
    with pytest.raises(ValueError, match="x must be finite, got nan at index 0"):
        function(model, [np.nan])
    with pytest.raises(TypeError, match=r"model must be a keras\.Sequential, got NoneType"):
        function(None, POINTS.x)
