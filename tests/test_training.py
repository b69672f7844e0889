"""One network trained by the engine, against Keras, against NumPy, and against identities."""

import itertools
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from overfit_tutorial import data, draws, networks
from overfit_tutorial._engine import blocks, dropout, exactly, pace, updates
from overfit_tutorial.streams import DROPOUT
from overfit_tutorial.training import STORY, Recipe, Scaling, fit_network

# 22 points make two batches of eight and one of six. An even number of epochs fills two calls.
POINTS = data.sample_noisy(n_samples=22, seed=0, low=-2.0, high=2.0, noise_std=0.5)
SMALL = Recipe(hidden_widths=(5, 3), batch_size=8, epochs=6, dtype="float64")
# Two batches of eleven. A short batch is a second kind of step, which takes as long to compile as
# the first: where batches are not the question, there is none.
EVEN = SMALL.replace(batch_size=11)
# Weights are of the order of one; eighteen steps of some hundred operations each lose a digit or
# two of the sixteen. A wrong constant or order shows in the first six. The exact trainer rounds to
# seven digits.
TOLERANCE = 1e-12
SINGLE_TOLERANCE = 2e-5
STEP_RATE = 0.01


def first_weights(recipe):
    """Return the first weights of seed 0."""
    weights = draws.first_weights(
        [0],
        recipe.hidden_widths,
        n_inputs=recipe.n_inputs,
        bias_std=recipe.bias_std,
        dtype=recipe.dtype,
    )
    return [w[0] for w in weights]


def orders_of(seed, n_samples, n_epochs):
    """Return the order of the points in each epoch."""
    return draws.Orders([seed], n_samples).next(n_epochs)[0]


class Mask(keras.layers.Layer):
    """Multiplies by a mask that is put there before each step."""

    mask_of_step = 1.0

    def call(self, inputs):
        return inputs * self.mask_of_step


def by_keras(recipe, optimizer, *, x=POINTS.x, y=POINTS.y, start=None, masks=None, rates=None):
    """Train with one `train_on_batch` a step; return the weights after each step, and the losses.

    The first weights and the order of the points are those of seed 0. `masks(step, n_points)`
    gives a mask for each hidden layer, `rates(step)` the learning rate.
    """
    hidden = [keras.layers.Dense(width, recipe.activation) for width in recipe.hidden_widths]
    covers = [Mask() for _ in hidden]
    pairs = itertools.chain(*zip(hidden, covers, strict=True))
    model = keras.Sequential([keras.Input((recipe.n_inputs,)), *pairs, keras.layers.Dense(1)])
    model.set_weights(start or first_weights(recipe))
    model.compile(optimizer, loss="mse", run_eagerly=True)

    n = len(x)
    size = recipe.batch_size or n
    orders = orders_of(0, n, recipe.n_epochs(n))
    path, losses = [], []
    for order in orders if recipe.reshuffle else len(orders) * [orders[0]]:
        sums = []
        for begin in range(0, n, size):
            rows = order[begin : begin + size] if recipe.batch_size else np.arange(n)
            if len(rows) < size and not recipe.keep_short_batch:
                continue
            for k, cover in enumerate(covers if masks else ()):
                cover.mask_of_step = masks(len(path), len(rows))[k]
            if rates:
                optimizer.learning_rate = rates(len(path))
            model.reset_metrics()
            loss = model.train_on_batch(x[rows].reshape(len(rows), -1), y[rows, np.newaxis])
            sums.append((loss * len(rows), len(rows)))
            path.append(model.get_weights())
        total, n_points = np.sum(sums, axis=0)
        losses.append(total / n_points)
    return path, losses


def assert_equal_weights(actual, expected, tolerance=TOLERANCE):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def fits_of(recipe, x=POINTS.x, y=POINTS.y, **options):
    """Return the fits of seed 0 by all engines that know a recipe, and how exact they are."""
    fits = [(fit_network(x, y, recipe, seed=0, engine="xla", **options), TOLERANCE)]
    single = recipe.replace(dtype="float32")
    if recipe.activation == "relu" and recipe.dropout == 0:
        fit = fit_network(x, y, single, seed=0, engine="exact", **options)
        fits.append((fit, SINGLE_TOLERANCE))
    return fits


def assert_parity(recipe, optimizer, *, x=POINTS.x, y=POINTS.y, **options):
    """Hold the engines to Keras after each epoch, and return the fit in double precision."""
    n_epochs = recipe.n_epochs(len(x))
    path, losses = by_keras(recipe, optimizer, x=x, y=y, **options)
    every = range(1, n_epochs + 1)
    ends = path[recipe.steps_per_epoch(len(x)) - 1 :: recipe.steps_per_epoch(len(x))]
    fits = fits_of(recipe, x, y, checkpoints=every, initial_weights=options.get("start"))
    for fit, tolerance in fits:
        for epoch, weights in zip(every, ends, strict=True):
            assert_equal_weights(fit.at(epoch).weights, weights, tolerance)
        assert_equal_weights(fit.weights, path[-1], tolerance)
        np.testing.assert_allclose(fit.loss, losses, rtol=tolerance)
    # Something was learned: a frozen network would agree, too.
    moved = [np.abs(a - b).max() for a, b in zip(path[-1], path[0], strict=True)]
    assert max(moved) > STEP_RATE
    return fits[0][0]


# Constants are NumPy's numbers, since TensorFlow rounds those of Python to float32 before Keras
# uses them in float64.
BETA_1, BETA_2, ACCUMULATED = np.float64(0.9), np.float64(0.999), np.float64(0.1)
OPTIMIZERS = {
    "sgd": lambda rate, **o: keras.optimizers.SGD(rate, **o),
    "momentum": lambda rate, **o: keras.optimizers.SGD(rate, momentum=BETA_1, **o),
    "nesterov": lambda rate, **o: keras.optimizers.SGD(rate, momentum=BETA_1, nesterov=True, **o),
    "rmsprop": lambda rate, **o: keras.optimizers.RMSprop(rate, **o),
    "adagrad": lambda rate, **o: keras.optimizers.Adagrad(
        rate, initial_accumulator_value=ACCUMULATED, **o
    ),
    "adam": lambda rate, **o: keras.optimizers.Adam(rate, beta_1=BETA_1, beta_2=BETA_2, **o),
    "lion": lambda rate, **o: keras.optimizers.Lion(
        rate, beta_1=BETA_1, beta_2=np.float64(0.99), **o
    ),
}


def adam(rate=STEP_RATE, **options):
    return OPTIMIZERS["adam"](rate, **options)


# Parity with Keras, step by step.


def test_every_optimizer_has_a_namesake_to_be_held_to():
    assert OPTIMIZERS.keys() == updates.OPTIMIZERS.keys()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("sgd", ()),
        ("momentum", ("momentums",)),
        ("nesterov", ("momentums",)),
        ("rmsprop", ("_velocities",)),
        ("adagrad", ("_accumulators",)),
        ("adam", ("_momentums", "_velocities")),
        ("lion", ("_momentums",)),
    ],
)
def test_slots_are_what_keras_keeps(name, kinds):
    recipe = EVEN.replace(optimizer=name, learning_rate=STEP_RATE)
    optimizer = OPTIMIZERS[name](STEP_RATE)
    by_keras(recipe, optimizer)
    for fit, tolerance in fits_of(recipe, checkpoints=(1, recipe.epochs)):
        assert sorted(fit.slots) == [1, recipe.epochs]
        assert len(fit.slots[recipe.epochs]) == len(kinds)
        for found, kind in zip(fit.slots[recipe.epochs], kinds, strict=True):
            kept = [v.numpy() for v in getattr(optimizer, kind)]
            assert_equal_weights(found, kept, tolerance)
            assert any(np.abs(v).max() > 0 for v in found)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_keras_steps(name):
    optimizer = OPTIMIZERS[name](STEP_RATE)
    assert_parity(EVEN.replace(optimizer=name), optimizer)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", ["sgd", "adam", "lion"])
def test_weight_decay_is_that_of_keras(name):
    optimizer = OPTIMIZERS[name](STEP_RATE, weight_decay=np.float64(0.1))
    assert_parity(EVEN.replace(optimizer=name, weight_decay=0.1), optimizer)


@pytest.mark.usefixtures("float64")
def test_adam_with_a_weight_decay_is_adamw():
    adamw = keras.optimizers.AdamW(
        STEP_RATE, weight_decay=np.float64(0.1), beta_1=BETA_1, beta_2=BETA_2
    )
    assert_parity(EVEN.replace(weight_decay=0.1), adamw)


def bump(z):
    """Return an activation that Keras does not have."""
    return z * tf.exp(-tf.square(z))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "activation",
    [
        "linear",
        "tanh",
        "sigmoid",
        "softplus",
        "softmax",
        "gelu",
        "silu",
        "selu",
        "elu",
        "leaky_relu",
        bump,
        keras.ops.sin,
    ],
)
def test_every_activation_is_that_of_keras(activation):
    assert_parity(EVEN.replace(activation=activation, epochs=3), adam())


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "options",
    [
        {"keep_short_batch": False},
        {"batch_size": 22},
        {"batch_size": 11},
        {"batch_size": 1, "epochs": 2},
        {"reshuffle": False},
        {"hidden_widths": ()},
        {"hidden_widths": (1,)},
        {"steps": 12},
    ],
    ids=str,
)
def test_batches_are_those_of_keras(options):
    assert_parity(SMALL.replace(**options), adam())


# Of three inputs, in units that differ.
INPUTS = np.random.default_rng(4).uniform(-2, 2, (22, 3)) * [1, 0.3, 2]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation": "tanh"},
        {"hidden_widths": ()},
        {"hidden_widths": (2,)},
        {"batch_size": 1},
    ],
    ids=str,
)
def test_several_inputs_are_those_of_keras(options):
    assert_parity(EVEN.replace(n_inputs=3, epochs=3, **options), adam(), x=INPUTS)


@pytest.mark.usefixtures("float64")
def test_a_full_batch_agrees_after_every_single_step():
    assert_parity(SMALL.replace(batch_size=None, epochs=18), adam())


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "schedule",
    [
        # A rate of Python would make them compute in float32, where eager and graph round apart.
        keras.optimizers.schedules.CosineDecay(np.float64(0.01), decay_steps=15),
        keras.optimizers.schedules.CosineDecay(
            np.float64(0.0), decay_steps=15, warmup_target=0.02, warmup_steps=4
        ),
        keras.optimizers.schedules.ExponentialDecay(np.float64(0.01), 3, decay_rate=0.7),
        keras.optimizers.schedules.PiecewiseConstantDecay([4, 9], [0.01, 0.003, 0.02]),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_a_keras_schedule_gives_the_rate_of_every_step(schedule):
    fit = assert_parity(EVEN.replace(learning_rate=schedule), adam(schedule))
    # The schedule is a function of the step in float32 as well.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")  # kept since the first layer, otherwise
    fresh = type(schedule).from_config(schedule.get_config())
    other = fit_network(POINTS.x, POINTS.y, EVEN.replace(learning_rate=fresh), seed=0)
    assert_equal_weights(other.weights, fit.weights, tolerance=1e-5)


@pytest.mark.usefixtures("float64")
def test_a_schedule_may_be_any_function_of_the_step():
    def schedule(step):
        return 0.02 / (1 + step)

    recipe = EVEN.replace(learning_rate=schedule, weight_decay=0.1)
    assert_parity(recipe, adam(weight_decay=np.float64(0.1)), rates=schedule)


@pytest.mark.usefixtures("float64")
def test_dropout_multiplies_by_the_masks_of_the_step():
    recipe = SMALL.replace(dropout=0.3)
    shape = pace.Pace(recipe, 1, 22, most_epochs=1).shape
    keys = np.random.SeedSequence(0, spawn_key=(DROPOUT,)).generate_state(1, np.uint64)

    def masks(step, n_points):
        return [mask[0] for mask in dropout.masks(shape, keys, step, n_points)]

    dropped = assert_parity(recipe, adam(), masks=masks)
    whole = fit_network(POINTS.x, POINTS.y, recipe.replace(dropout=0.0), seed=0)
    assert not np.allclose(dropped.loss, whole.loss, rtol=0.01)


@pytest.mark.usefixtures("float64")
def test_standardized_points_are_what_the_network_sees():
    x, y = 3 + 10 * POINTS.x, 100 * POINTS.y - 50
    recipe = SMALL.replace(standardize_x=True, standardize_y=True)
    path, losses = by_keras(recipe, adam(), x=(x - x.mean()) / x.std(), y=(y - y.mean()) / y.std())
    for fit, tolerance in fits_of(recipe, x, y):
        assert_equal_weights(fit.weights, path[-1], tolerance)
        np.testing.assert_allclose(fit.loss, np.array(losses) * y.var(), rtol=tolerance)


@pytest.mark.usefixtures("float64")
def test_each_of_several_inputs_is_standardized():
    x = 3 + INPUTS
    recipe = SMALL.replace(n_inputs=3, standardize_x=True)
    path, losses = by_keras(recipe, adam(), x=(x - x.mean(axis=0)) / x.std(axis=0))
    for fit, tolerance in fits_of(recipe, x):
        assert_equal_weights(fit.weights, path[-1], tolerance)
        np.testing.assert_allclose(fit.loss, losses, rtol=tolerance)
        assert fit.scaling.x_mean.shape == fit.scaling.x_std.shape == (3,)
        expected = fit.to_keras().predict(x, verbose=0)[:, 0]
        np.testing.assert_allclose(fit.predict(x), expected, rtol=100 * tolerance)


@pytest.mark.parametrize("name", ["x", "y"])
def test_only_what_is_to_be_standardized_is(name):
    recipe = SMALL.replace(epochs=1, **{f"standardize_{name}": True})
    scaled = {"x": POINTS.x, "y": POINTS.y}
    values = scaled[name]
    scaled[name] = (values - values.mean()) / values.std()
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    expected = fit_network(**scaled, recipe=SMALL.replace(epochs=1), seed=0)
    assert_equal_weights(fit.weights, expected.weights)


def test_the_units_come_from_the_points_that_are_trained_on():
    recipe = SMALL.replace(epochs=1, standardize_x=True, standardize_y=True, validation_share=0.25)
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    assert (fit.scaling.x_mean, fit.scaling.x_std) == (POINTS.x[:16].mean(), POINTS.x[:16].std())
    assert (fit.scaling.y_mean, fit.scaling.y_std) == (POINTS.y[:16].mean(), POINTS.y[:16].std())


UNITS = Scaling(x_mean=0.3, x_std=2.0, y_mean=-1.0, y_std=5.0)


def test_fixed_units_are_what_the_network_sees_and_nobody_else():
    recipe = SMALL.replace(validation_share=0.25)
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0, scaling=UNITS)
    x, y = (POINTS.x - 0.3) / 2, (POINTS.y + 1) / 5
    seen = fit_network(x, y, recipe, seed=0)
    for a, b in zip(fit.weights, seen.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(fit.loss, 25 * seen.loss, rtol=TOLERANCE)
    np.testing.assert_allclose(fit.predict(POINTS.x), 5 * seen.predict(x) - 1, rtol=TOLERANCE)
    held = fit.predict(POINTS.x[16:]) - POINTS.y[16:]
    assert fit.validation_loss[-1] == pytest.approx(np.mean(held**2), rel=TOLERANCE)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("average_last", [1, 4, 6])
def test_averaged_weights_are_the_mean_over_the_last_steps(average_last):
    path, _ = by_keras(SMALL, adam())
    tail = path[-3 * average_last :]
    mean = [np.mean(w, axis=0) for w in zip(*tail, strict=True)]
    for fit, tolerance in fits_of(SMALL.replace(average_last=average_last)):
        assert_equal_weights(fit.weights, mean, tolerance)
        assert_equal_weights(fit.last_weights, path[-1], tolerance)
        assert_equal_weights(fit.last().weights, path[-1], tolerance)


def keras_with_early_stopping(recipe, order, *, patience):
    """Train with `fit` and its own validation and early stopping, in a fixed order."""
    n_train = len(order)
    x, y = (np.r_[z[:n_train][order], z[n_train:]][:, np.newaxis] for z in (POINTS.x, OPPOSED))
    # In the precision of the test, where `networks.build_mlp` keeps to single precision.
    layers = [keras.layers.Dense(width, activation="relu") for width in recipe.hidden_widths]
    model = keras.Sequential([keras.Input((1,)), *layers, keras.layers.Dense(1)])
    model.set_weights(first_weights(recipe))
    model.compile(adam(recipe.learning_rate), loss="mse", run_eagerly=True)
    stopping = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    history = model.fit(
        x,
        y,
        batch_size=recipe.batch_size or n_train,
        epochs=recipe.epochs,
        shuffle=False,
        validation_split=recipe.validation_share,
        callbacks=[] if patience is None else [stopping],
        verbose=0,
    ).history
    return model.get_weights(), history["loss"], history["val_loss"]


# Sixteen points to train on make two batches of eight. Their targets are near 13, those
# of the six held out near 1.5. On its way up, even a network of which only the last bias moves,
# by the rate in each step, passes these by the fifteenth epoch; afterward it gets worse on them.
STOPPING = SMALL.replace(validation_share=0.25, batch_size=8, learning_rate=0.1, epochs=30)
OPPOSED = POINTS.y + np.where(np.arange(22) < 16, 10.0, -1.5)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("changes", "patience"), [({}, 1), ({}, 3), ({}, 50), ({}, None), ({"batch_size": None}, 2)]
)
def test_early_stopping_is_that_of_keras(changes, patience):
    recipe = STOPPING.replace(reshuffle=False, patience=patience, **changes)
    order = orders_of(0, 16, 1)[0] if recipe.batch_size else np.arange(16)
    weights, loss, validation_loss = keras_with_early_stopping(recipe, order, patience=patience)
    n_epochs = len(loss)
    assert (n_epochs < recipe.epochs) == (patience in (1, 2, 3))
    for fit, tolerance in fits_of(recipe, y=OPPOSED):
        tolerance *= 10  # some sixty steps at ten times the rate: one digit more is lost
        np.testing.assert_allclose(fit.loss[:n_epochs], loss, rtol=tolerance)
        np.testing.assert_allclose(fit.validation_loss[:n_epochs], validation_loss, rtol=tolerance)
        assert np.isnan(fit.loss[n_epochs:]).all()
        assert np.isnan(fit.validation_loss[n_epochs:]).all()
        assert_equal_weights(fit.weights, weights, tolerance)
        assert_equal_weights(fit.last().weights, weights, tolerance)
        assert not fit.diverged


# Against NumPy, and in single precision.


def by_numpy(x, y, weights, orders, *, batch_size=32, rate=0.01):
    """Train the story's way with nothing but NumPy; return the weights and the epochs' losses.

    The mean squared error of a ReLU network, its gradient by the chain rule, and Adam as in its
    paper, with the bias corrections in the rate and Keras' epsilon.
    """
    weights = [np.array(w) for w in weights]
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    losses, t = [], 0
    for order in orders:
        total = 0.0
        for begin in range(0, len(x), batch_size):
            rows = order[begin : begin + batch_size]
            inputs, h = [], x[rows, np.newaxis]
            for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
                inputs.append(h)
                h = np.maximum(h @ kernel + bias, 0)
            inputs.append(h)
            residuals = h @ weights[-2] + weights[-1] - y[rows, np.newaxis]
            total += np.sum(residuals**2)
            g = 2 * residuals / len(rows)
            gradients = []
            for layer in reversed(range(len(inputs))):
                gradients = [inputs[layer].T @ g, g.sum(axis=0), *gradients]
                g = (g @ weights[2 * layer].T) * (inputs[layer] > 0)
            t += 1
            for w, m, v, gradient in zip(weights, first, second, gradients, strict=True):
                m += 0.1 * (gradient - m)
                v += 0.001 * (gradient**2 - v)
                step = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                w -= step * m / (np.sqrt(v) + 1e-7)
        losses.append(total / len(x))
    return weights, losses


def test_the_default_recipe_is_what_numpy_makes_of_it():
    points, recipe = data.sample_noisy(seed=0), STORY.replace(epochs=5, dtype="float64")
    start = networks.build_mlp(seed=3).get_weights()
    weights, losses = by_numpy(points.x, points.y, start, orders_of(3, 100, 5))
    fit = fit_network(points.x, points.y, recipe, seed=3, initial_weights=start)
    # Gradients go up to some hundred, so their rounding is 1e-14, but Adam divides each by its own
    # size, or 1e-7 if that is more: a step of 0.01 is then uncertain by 1e-9, and later steps
    # multiply that. A wrong constant would show in the third digit.
    np.testing.assert_allclose(fit.loss[0], losses[0], rtol=1e-6)
    np.testing.assert_allclose(fit.loss, losses, rtol=1e-5)
    assert_equal_weights(fit.weights, weights, tolerance=1e-5)
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("engine", ["exact", "xla"])
def test_the_story_in_single_precision_begins_like_keras(engine, request):
    points, recipe = data.sample_noisy(seed=0), STORY.replace(epochs=3)
    # Twelve steps of 0.01. Rounding is 1e-7 of gradients up to a hundred, and Adam divides by
    # their size: where a gradient is as small as its rounding, a weight may go another way, and
    # few do. A thousandth of the way is left for them. The compiled loop rounds as Keras does; the
    # exact trainer does not, so that is held to Keras in double precision.
    optimizer = keras.optimizers.Adam(0.01)
    if engine == "exact":
        request.getfixturevalue("float64")
        recipe, optimizer = recipe.replace(dtype="float64"), adam()
    path, losses = by_keras(recipe, optimizer, x=points.x, y=points.y)
    recipe = recipe.replace(dtype="float32")
    fit = fit_network(points.x, points.y, recipe, seed=0, engine=engine)
    assert len(path) == 12
    assert_equal_weights(fit.weights, path[-1], tolerance=1e-4)
    np.testing.assert_allclose(fit.loss, losses, rtol=1e-5)
    assert fit.weights[0].dtype == np.float32


# What a fit is and gives.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias_std", [0.0, 0.5])
def test_the_first_weights_are_drawn_from_the_seed(dtype, bias_std):
    recipe = SMALL.replace(learning_rate=1e-30, epochs=1, dtype=dtype, bias_std=bias_std)
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    for found, drawn in zip(fit.weights, first_weights(recipe), strict=True):
        np.testing.assert_allclose(found, drawn, rtol=0, atol=1e-29)


@pytest.mark.parametrize("units", ["none", "standardized", "fixed"])
def test_the_keras_model_of_a_fit_predicts_the_same(units):
    standardized = units == "standardized"
    recipe = SMALL.replace(
        hidden_widths=(7, 5), standardize_x=standardized, standardize_y=standardized
    )
    scaling = UNITS if units == "fixed" else None
    fit = fit_network(POINTS.x, 5 + 100 * POINTS.y, recipe, seed=0, scaling=scaling)
    assert len(fit.to_keras().layers) == (3 if units == "none" else 6)
    at = np.linspace(-3, 3, 50)
    model = fit.to_keras()
    np.testing.assert_allclose(model.predict(at[:, None], verbose=0)[:, 0], fit.predict(at))
    for a, b in zip(model.get_weights(), fit.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("engine", ["exact", "xla"])
@pytest.mark.parametrize("units", ["none", "standardized", "fixed", "one"])
def test_the_keras_model_has_as_many_inputs(units, engine):
    recipe = EVEN.replace(n_inputs=3, dtype="float32", standardize_x=units == "standardized")
    fixed = {"fixed": UNITS._replace(x_mean=[0.3, 0, 1], x_std=[1, 2, 3]), "one": UNITS}
    options = {"scaling": fixed.get(units), "engine": engine}
    fit, model = fit_network(INPUTS, POINTS.y, recipe, seed=0, **options), None
    model = fit.to_keras()
    assert model.input_shape == (None, 3)
    found = model.predict(INPUTS, verbose=0)[:, 0]
    np.testing.assert_allclose(found, fit.predict(INPUTS), rtol=1e-5, atol=1e-5)


def test_several_inputs_held_out_are_validated_on():
    recipe = SMALL.replace(n_inputs=3, validation_share=0.25, standardize_x=True)
    for fit, tolerance in fits_of(recipe, INPUTS):
        held = fit.predict(INPUTS[16:]) - POINTS.y[16:]
        assert fit.validation_loss[-1] == pytest.approx(np.mean(held**2), rel=tolerance)
        np.testing.assert_allclose(fit.scaling.x_mean, INPUTS[:16].mean(axis=0))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    first, again, other = (fit_network(POINTS.x, POINTS.y, SMALL, seed=s) for s in (0, 0, 1))
    for a, b, c in zip(first.weights, again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_results_cannot_be_written_to():
    fit = fit_network(POINTS.x, POINTS.y, SMALL, seed=0, checkpoints=[2])
    for array in (*fit.weights, fit.loss, *fit.checkpoints[2]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_every_epoch_may_be_a_checkpoint():
    # Each short call made the next one ten times as long, until its steps left 32 bits.
    recipe = Recipe(hidden_widths=(2,), batch_size=None, epochs=400)
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0, checkpoints=range(1, 401))
    assert list(fit.checkpoints) == list(range(1, 401))
    for last, kept in zip(fit.weights, fit.checkpoints[400], strict=True):
        np.testing.assert_array_equal(last, kept)


def test_a_network_that_diverges_says_so():
    wild = EVEN.replace(optimizer="sgd", learning_rate=1e6, dtype="float32")
    for engine in ("exact", "xla"):
        assert fit_network(POINTS.x, POINTS.y, wild, seed=0, engine=engine).diverged
        tame = EVEN.replace(dtype="float32")
        assert not fit_network(POINTS.x, POINTS.y, tame, seed=0, engine=engine).diverged


def test_epochs_too_long_for_one_call_are_cut_and_give_the_same(monkeypatch):
    recipe = SMALL.replace(batch_size=2)  # eleven steps an epoch
    whole = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    # A call may then take hardly a step; `_Pace` measures its own pace from there on.
    monkeypatch.setattr(pace, "_SECONDS_A_CALL", 1e-5)
    cut = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    for a, b in zip(whole.weights, cut.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.loss, cut.loss)


# Where TensorFlow cannot compile.


@pytest.mark.parametrize("changes", [{}, {"dropout": 0.3}, {"bias_std": 1.0}], ids=str)
def test_without_xla_there_is_one_warning_and_the_same_result(changes, request):
    recipe = SMALL.replace(**changes)
    compiled = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    request.getfixturevalue("no_xla")
    with pytest.warns(RuntimeWarning, match="TensorFlow cannot compile with XLA here") as caught:
        plain = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    assert len(caught) == 1
    assert_equal_weights(plain.weights, compiled.weights)
    np.testing.assert_allclose(plain.loss, compiled.loss, rtol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_network(POINTS.x, POINTS.y, recipe, seed=1)


# Bad input, before anything is compiled.


@pytest.fixture
def nothing_is_compiled(monkeypatch):
    """Let a call of the training fail."""

    def refuse(*arguments, **options):
        raise AssertionError("training began")

    for module in (blocks, exactly):
        monkeypatch.setattr(module, "train_block", refuse)


NAN = np.where(np.arange(22) == 3, np.nan, POINTS.x)
PAIR = SMALL.replace(n_inputs=2)


@pytest.mark.usefixtures("nothing_is_compiled")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": []}, r"x must be a vector of at least one number, got shape \(0,\)"),
        ({"x": NAN}, "x must be finite, got nan"),
        ({"y": NAN}, "y must be finite, got nan"),
        ({"y": POINTS.y[:5]}, "x and y must have the same number of points, got 22 and 5"),
        ({"x": POINTS.x[:, None]}, r"x must .* \(22, 1\)"),
        ({"recipe": SMALL.replace(batch_size=23)}, "batch_size must be at most .* 22, got 23"),
        ({"recipe": SMALL.replace(activation="rulu")}, "activation .*'rulu'"),
        (
            {"recipe": SMALL.replace(learning_rate=lambda step: 1.0 - step)},
            "learning_rate must be finite and not negative at every step, got -1 at step 2",
        ),
        (
            {"recipe": SMALL.replace(activation=lambda z: z[..., :1])},
            "activation must keep the shape",
        ),
        (
            {"recipe": SMALL.replace(activation=tf.zeros_like)},
            "activation must have a gradient",
        ),
        (
            {"recipe": SMALL.replace(activation=lambda z: z - tf.reduce_mean(z))},
            "activation must be the same for points of one network as for those of several",
        ),
        (
            {"recipe": SMALL.replace(activation=lambda z: z if z[0, 0, 0] > 0 else -z)},
            "activation must be a function of one tensor that TensorFlow can compile",
        ),
        (
            {"x": np.ones(22), "recipe": SMALL.replace(standardize_x=True)},
            "x must not be constant where standardize_x is set, got 1 throughout row 0",
        ),
        (
            {"y": 1e39 * POINTS.y, "recipe": SMALL.replace(dtype="float32")},
            "y must be finite in float32",
        ),
        ({"initial_weights": [np.zeros((1, 5))]}, "initial_weights must have the shapes"),
        ({"recipe": PAIR}, r"x must have shape \(n_samples, 2\), got \(22,\)"),
        ({"recipe": PAIR, "x": INPUTS}, r"x must have shape \(n_samples, 2\), got \(22, 3\)"),
        ({"recipe": PAIR, "x": [[0, 1], [2]]}, "x must be numbers in rows of one length"),
        ({"recipe": PAIR, "x": INPUTS[None, :, :2]}, r"x must have shape .* got \(1, 22, 2\)"),
        ({"recipe": PAIR, "x": INPUTS[:5, :2]}, "x and y must have the same number .* 5 and 22"),
        ({"recipe": PAIR, "x": np.full((22, 2), np.nan)}, "x must be finite, got nan"),
        (
            {"recipe": PAIR.replace(standardize_x=True), "x": np.eye(22, 2, 30)},
            "x must not be constant .*, got 0 throughout row 0, input 0",
        ),
        (
            {"recipe": PAIR, "x": INPUTS[:, :2], "scaling": UNITS._replace(x_std=[1, 2, 3])},
            r"x_std must be a number, one for each of 2 inputs, .* got shape \(3,\)",
        ),
        (
            {"recipe": PAIR, "x": INPUTS[:, :2], "scaling": UNITS._replace(x_std=[1, 0])},
            "x_std must be above zero, got 0",
        ),
        ({"scaling": UNITS._replace(x_std=0)}, "x_std must be above zero, got 0"),
        ({"scaling": UNITS._replace(y_mean=NAN[3])}, "y_mean must be finite, got nan"),
        (
            {"scaling": UNITS._replace(y_mean=[0, 1])},
            "y_mean must be a number, or one for each of 1 members, got 2",
        ),
        (
            {"scaling": UNITS, "recipe": SMALL.replace(standardize_y=True)},
            "scaling and a recipe that standardizes exclude each other, got .*y=True",
        ),
        ({"checkpoints": [0]}, "checkpoints must be at least 1, got 0"),
        ({"checkpoints": [7]}, "checkpoints must be at most the epochs, 6, got 7"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_bad_input_is_refused_before_anything_is_compiled(change, message):
    arguments = {"x": POINTS.x, "y": POINTS.y, "recipe": SMALL, "seed": 0} | change
    with pytest.raises(ValueError, match=message):
        fit_network(arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.usefixtures("nothing_is_compiled")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": "adam"}, "recipe must be a Recipe, got 'adam'"),
        ({"seed": np.random.default_rng(0)}, "seed must be"),
        ({"seed": 1.5}, "seed must be"),
        ({"initial_weights": [object()]}, "initial_weights must be arrays of numbers"),
        ({"scaling": {}}, "scaling must be a Scaling, got {}"),
        ({"checkpoints": 3}, "checkpoints must be a sequence of epochs, got 3"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_input_of_another_type_is_refused(change, message):
    arguments = {"recipe": SMALL, "seed": 0} | change
    with pytest.raises(TypeError, match=message):
        fit_network(POINTS.x, POINTS.y, **arguments)
