"""One network trained by the engine, against Keras, against NumPy, and against identities."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from overfit_tutorial import _arguments, _blocks, _loop, data, networks
from overfit_tutorial.training import Recipe, fit_network

# 22 points make two batches of eight and one of six. An even number of epochs fills two calls.
POINTS = data.sample_noisy(n_samples=22, seed=0, low=-2.0, high=2.0, noise_std=0.5)
SMALL = Recipe(hidden_widths=(5, 3), batch_size=8, epochs=6, dtype="float64")
# Weights are of the order of one; eighteen steps of some hundred operations each lose a digit or
# two of the sixteen. A wrong constant or order shows in the first six.
TOLERANCE = 1e-12
STEP_RATE = 0.01


@pytest.fixture
def float64():
    """Let Keras compute in float64, too."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # kept since the first layer, otherwise
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")  # kept since the first layer, otherwise


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
    model = keras.Sequential([keras.Input((1,)), *pairs, keras.layers.Dense(1)])
    model.set_weights(start or networks.build_mlp(recipe.hidden_widths, seed=0).get_weights())
    model.compile(optimizer, loss="mse", run_eagerly=True)

    n = len(x)
    size = recipe.batch_size or n
    rng = np.random.default_rng(_arguments.child_seed(np.random.SeedSequence(0), 0))
    once = rng.permutation(n) if not recipe.reshuffle else np.arange(n)
    path, losses = [], []
    for _ in range(recipe.n_epochs(n)):
        sums = []
        order = rng.permuted(once) if recipe.reshuffle and recipe.batch_size else once
        for begin in range(0, n, size):
            rows = order[begin : begin + size]
            if len(rows) < size and not recipe.keep_short_batch:
                continue
            for k, cover in enumerate(covers if masks else ()):
                cover.mask_of_step = masks(len(path), len(rows))[k]
            if rates:
                optimizer.learning_rate = rates(len(path))
            model.reset_metrics()
            loss = model.train_on_batch(x[rows, np.newaxis], y[rows, np.newaxis])
            sums.append((loss * len(rows), len(rows)))
            path.append(model.get_weights())
        total, n_points = np.sum(sums, axis=0)
        losses.append(total / n_points)
    return path, losses


def assert_equal_weights(actual, expected, tolerance=TOLERANCE):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def assert_parity(recipe, optimizer, *, x=POINTS.x, y=POINTS.y, tolerance=TOLERANCE, **options):
    """Hold the engine to Keras after each epoch, and return its fit."""
    n_epochs = recipe.n_epochs(len(x))
    path, losses = by_keras(recipe, optimizer, x=x, y=y, **options)
    start = options.get("start")
    every = range(1, n_epochs + 1)
    fit = fit_network(x, y, recipe, seed=0, checkpoints=every, initial_weights=start)
    ends = path[recipe.steps_per_epoch(len(x)) - 1 :: recipe.steps_per_epoch(len(x))]
    for epoch, weights in zip(every, ends, strict=True):
        assert_equal_weights(fit.at(epoch).weights, weights, tolerance)
    assert_equal_weights(fit.weights, path[-1], tolerance)
    np.testing.assert_allclose(fit.loss, losses, rtol=tolerance)
    # Something was learned: a frozen network would agree, too.
    moved = [np.abs(a - b).max() for a, b in zip(path[-1], path[0], strict=True)]
    assert max(moved) > STEP_RATE
    return fit


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


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_keras_steps(name):
    optimizer = OPTIMIZERS[name](STEP_RATE)
    assert_parity(SMALL.replace(optimizer=name), optimizer)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", ["sgd", "adam", "lion"])
def test_weight_decay_is_that_of_keras(name):
    optimizer = OPTIMIZERS[name](STEP_RATE, weight_decay=np.float64(0.1))
    assert_parity(SMALL.replace(optimizer=name, weight_decay=0.1), optimizer)


@pytest.mark.usefixtures("float64")
def test_adam_with_a_weight_decay_is_adamw():
    adamw = keras.optimizers.AdamW(
        STEP_RATE, weight_decay=np.float64(0.1), beta_1=BETA_1, beta_2=BETA_2
    )
    assert_parity(SMALL.replace(weight_decay=0.1), adamw)


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
    assert_parity(SMALL.replace(activation=activation, epochs=3), adam())


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
    fit = assert_parity(SMALL.replace(learning_rate=schedule), adam(schedule))
    # The schedule is a function of the step in float32 as well.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")  # kept since the first layer, otherwise
    fresh = type(schedule).from_config(schedule.get_config())
    other = fit_network(POINTS.x, POINTS.y, SMALL.replace(learning_rate=fresh), seed=0)
    assert_equal_weights(other.weights, fit.weights, tolerance=1e-5)


@pytest.mark.usefixtures("float64")
def test_a_schedule_may_be_any_function_of_the_step():
    def schedule(step):
        return 0.02 / (1 + step)

    recipe = SMALL.replace(learning_rate=schedule, weight_decay=0.1)
    assert_parity(recipe, adam(weight_decay=np.float64(0.1)), rates=schedule)


@pytest.mark.usefixtures("float64")
def test_dropout_multiplies_by_the_masks_of_the_step():
    recipe = SMALL.replace(dropout=0.3)
    shape = _blocks._Pace(recipe, 1, 22, most_epochs=1).shape
    keys = _arguments.child_seed(np.random.SeedSequence(0), 1).generate_state(1, np.uint64)

    def masks(step, n_points):
        return [mask[0] for mask in _loop._dropout_masks(shape, keys, step, n_points)]

    dropped = assert_parity(recipe, adam(), masks=masks)
    whole = fit_network(POINTS.x, POINTS.y, recipe.replace(dropout=0.0), seed=0)
    assert not np.allclose(dropped.loss, whole.loss, rtol=0.01)


@pytest.mark.usefixtures("float64")
def test_standardized_points_are_what_the_network_sees():
    x, y = 3 + 10 * POINTS.x, 100 * POINTS.y - 50
    recipe = SMALL.replace(standardize_x=True, standardize_y=True)
    path, losses = by_keras(recipe, adam(), x=(x - x.mean()) / x.std(), y=(y - y.mean()) / y.std())
    fit = fit_network(x, y, recipe, seed=0)
    assert_equal_weights(fit.weights, path[-1])
    np.testing.assert_allclose(fit.loss, np.array(losses) * y.var(), rtol=TOLERANCE)


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


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("average_last", [1, 4, 6])
def test_averaged_weights_are_the_mean_over_the_last_steps(average_last):
    path, _ = by_keras(SMALL, adam())
    fit = fit_network(POINTS.x, POINTS.y, SMALL.replace(average_last=average_last), seed=0)
    tail = path[-3 * average_last :]
    assert_equal_weights(fit.weights, [np.mean(w, axis=0) for w in zip(*tail, strict=True)])
    assert_equal_weights(fit.last_weights, path[-1])
    assert_equal_weights(fit.last().weights, path[-1])


def keras_with_early_stopping(recipe, order, *, patience):
    """Train with `fit` and its own validation and early stopping, in a fixed order."""
    n_train = len(order)
    x, y = (np.r_[z[:n_train][order], z[n_train:]][:, np.newaxis] for z in (POINTS.x, POINTS.y))
    model = networks.build_mlp(recipe.hidden_widths, seed=0)
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


# Sixteen points to train on make batches of six, six and four.
STOPPING = SMALL.replace(validation_share=0.25, batch_size=6, learning_rate=0.05, epochs=30)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("changes", "patience", "n_epochs"),
    [
        ({}, 1, 5),
        ({}, 3, 7),
        ({}, 50, 30),
        ({}, None, 30),
        ({"batch_size": None}, 2, 12),
    ],
)
def test_early_stopping_is_that_of_keras(changes, patience, n_epochs):
    recipe = STOPPING.replace(reshuffle=False, patience=patience, **changes)
    order = np.arange(16)
    if recipe.batch_size:
        order = np.random.default_rng(_arguments.child_seed(np.random.SeedSequence(0), 0))
        order = order.permutation(16)
    weights, loss, validation_loss = keras_with_early_stopping(recipe, order, patience=patience)
    fit = fit_network(POINTS.x, POINTS.y, recipe, seed=0)
    assert len(loss) == n_epochs
    np.testing.assert_allclose(fit.loss[:n_epochs], loss, rtol=1e-11)
    np.testing.assert_allclose(fit.validation_loss[:n_epochs], validation_loss, rtol=1e-11)
    assert np.isnan([fit.loss[n_epochs:], fit.validation_loss[n_epochs:]]).all()
    # Some ninety steps at five times the rate: one digit more is lost.
    assert_equal_weights(fit.weights, weights, tolerance=1e-11)
    assert_equal_weights(fit.last().weights, weights, tolerance=1e-11)
    assert not fit.diverged
