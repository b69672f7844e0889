"""Sharpness along training, against dense Hessians, closed forms and Keras' own Adam."""

import dataclasses
import re
import time

import keras
import numpy as np
import pytest

from overfit_tutorial import data, draws
from overfit_tutorial.curvature import largest_eigenvalue
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.landscapes import hessian_operator
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.studies import sharpness
from overfit_tutorial.studies.sharpness import stability_threshold, track_sharpness

POINTS = data.sample_noisy_many(4, n_samples=12, seed=0, low=-2.0, high=2.0)
FULL = Recipe(hidden_widths=(6, 5), activation="tanh", batch_size=None, epochs=20, dtype="float64")


def train(recipe, *, checkpoints=(3, 20), x=POINTS.x, y=POINTS.y):
    return fit_ensemble(x, y, recipe, seed=1, n_members=len(POINTS.x), checkpoints=checkpoints)


def dense_hessian(fit, x, y):
    """Return one network's Hessian from products with all axes, tested in test_landscapes."""
    model = fit.to_keras()
    return hessian_operator(model, x, y) @ np.eye(model.count_params())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("widths", [(), (7,), (6, 5)])
def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian(widths, activation):
    fits = train(FULL.replace(hidden_widths=widths, activation=activation))
    found = track_sharpness(fits, POINTS.x, POINTS.y, rtol=1e-8, seed=0)
    assert found.shape == (4, 2)
    for column, epoch in enumerate((3, 20)):
        for k, fit in enumerate(fits.at(epoch)):
            exact = np.linalg.eigvalsh(dense_hessian(fit, POINTS.x[k], POINTS.y[k]))[-1]
            np.testing.assert_allclose(found[k, column], exact, rtol=1e-8)


def test_sharpness_is_that_of_the_loss_that_is_optimized():
    recipe = FULL.replace(standardize_x=True, standardize_y=True)
    fits = train(recipe)
    found = track_sharpness(fits, POINTS.x, POINTS.y, rtol=1e-8, seed=0)
    # In the units of y, the loss and its curvature are larger by the variance of the targets.
    for k, fit in enumerate(fits.at(20)):
        whole = largest_eigenvalue(
            hessian_operator(fit.to_keras(), POINTS.x[k], POINTS.y[k]), rtol=1e-8
        )
        np.testing.assert_allclose(found[k, 1], whole / np.var(POINTS.y[k]), rtol=1e-6)


@pytest.mark.parametrize("lost", [np.nan, 1e200])
def test_a_member_without_a_finite_product_leaves_the_others_alone(lost):
    fits = train(FULL, checkpoints=(3,))
    weights = tuple(w.copy() for w in fits.checkpoints[3])
    for array in weights:
        array[1] = lost
    broken = dataclasses.replace(fits, checkpoints={3: weights})
    found = track_sharpness(broken, POINTS.x, POINTS.y, rtol=1e-8, seed=0)
    assert np.isnan(found[1])
    whole = track_sharpness(fits, POINTS.x, POINTS.y, rtol=1e-8, seed=0)
    others = [0, 2, 3]
    np.testing.assert_allclose(found[others], whole[others], rtol=1e-8)


def test_members_may_share_their_points():
    fits = train(FULL, x=POINTS.x[0], y=POINTS.y[0])
    found = track_sharpness(fits, POINTS.x[0], POINTS.y[0], seed=0)
    rows = [np.tile(z[0], (4, 1)) for z in (POINTS.x, POINTS.y)]
    assert np.array_equal(found, track_sharpness(fits, *rows, seed=0))


def test_nothing_is_computed_beside_the_first_product_which_compiles(monkeypatch):
    compiled, events = sharpness._compiled, []

    def watched(activation):
        def product(*arguments):
            events.append("begin")
            time.sleep(0.01)  # long enough for another thread to begin, too
            found = compiled(activation)(*arguments)
            events.append("end")
            return found

        return product

    monkeypatch.setattr(sharpness, "_compiled", watched)
    fits = train(Recipe(hidden_widths=(3,), batch_size=None), checkpoints=range(1, 9))
    track_sharpness(fits, POINTS.x, POINTS.y, seed=0)
    assert events[:2] == ["begin", "end"]


@pytest.mark.usefixtures("float64")
def test_the_preconditioner_is_what_adam_of_keras_divides_by():
    recipe, n_steps = FULL.replace(learning_rate=0.01), 20
    fits = train(recipe)
    found = track_sharpness(fits, POINTS.x, POINTS.y, preconditioned=True, rtol=1e-8, seed=0)
    seeds = [np.random.SeedSequence(1, spawn_key=(k,)) for k in range(2)]
    for k, seed in enumerate(seeds):
        model = build_mlp(recipe.hidden_widths, seed=seed, activation="tanh")
        first = draws.first_weights([seed], recipe.hidden_widths, dtype=recipe.dtype)
        model.set_weights([w[0] for w in first])
        adam = keras.optimizers.Adam(0.01, beta_1=np.float64(0.9), beta_2=np.float64(0.999))
        model.compile(adam, loss="mse")
        for _ in range(n_steps):
            model.train_on_batch(POINTS.x[k][:, np.newaxis], POINTS.y[k][:, np.newaxis])
        kept = [v.numpy().ravel() for v in adam._velocities]
        squares = np.concatenate(kept)
        corrected = np.sqrt(squares / (1 - 0.999**n_steps))
        # Its epsilon, 1e-7, is below what a step of this size can show.
        scale = 1 / np.sqrt(corrected + 1e-7)
        dense = scale[:, np.newaxis] * dense_hessian(fits[k], POINTS.x[k], POINTS.y[k]) * scale
        # Squared gradients of 20 steps, in another order of summation; and epsilon.
        np.testing.assert_allclose(found[k, 1], np.linalg.eigvalsh(dense)[-1], rtol=1e-4)


def test_single_precision_is_good_enough_for_a_figure():
    fits = train(FULL)
    double, single = (
        track_sharpness(fits, POINTS.x, POINTS.y, rtol=1e-4, dtype=dtype, seed=0)
        for dtype in ("float64", "float32")
    )
    assert not np.array_equal(single, double)
    np.testing.assert_allclose(single, double, rtol=1e-4)


def test_the_seed_of_the_start_does_not_matter_beyond_the_tolerance():
    fits = train(FULL)
    first, second = (track_sharpness(fits, POINTS.x, POINTS.y, seed=s) for s in (0, 1))
    np.testing.assert_allclose(first, second, rtol=1e-2)


def test_a_member_that_diverged_has_no_sharpness_and_harms_no_other():
    recipe = FULL.replace(activation="relu", optimizer="sgd", learning_rate=0.01)
    y = POINTS.y * np.array([1.0, 1e80, 1.0, 1.0])[:, np.newaxis]
    fits = train(recipe, y=y)
    assert fits.diverged.tolist() == [False, True, False, False]
    found = track_sharpness(fits, POINTS.x, y, seed=0)
    assert np.isnan(found[1]).all()
    assert np.array_equal(np.isfinite(found), [[True] * 2, [False] * 2, [True] * 2, [True] * 2])


# The thresholds


def quadratic_grows(optimizer, curvature, rate):
    """Return whether an optimizer moves away from the minimum of a parabola."""
    w, velocity, start = 1.0, 0.0, 1.0
    largest = []
    for _ in range(4000):
        if optimizer == "sgd":
            w -= rate * curvature * w
        elif optimizer == "momentum":
            velocity = 0.9 * velocity - rate * curvature * w
            w += velocity
        else:  # Adam's first moment, with a divisor of one
            velocity = 0.9 * velocity + 0.1 * curvature * w
            w -= rate * velocity
        largest.append(abs(w))
    return max(largest[-50:]) > start


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("rate", [0.5, 0.01])
def test_a_parabola_tells_the_threshold(optimizer, rate):
    recipe = Recipe(optimizer=optimizer, learning_rate=rate, batch_size=None)
    threshold = stability_threshold(recipe)
    assert not quadratic_grows(optimizer, 0.99 * threshold, rate)
    assert quadratic_grows(optimizer, 1.01 * threshold, rate)


# What is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "lion"}, "optimizer must be one of sgd, momentum, adam, got 'lion'"),
        ({"learning_rate": len}, "learning_rate must be a number, got <built-in function len>"),
        ({"batch_size": 4}, "batch_size must be None, for all points, got 4"),
        ({"weight_decay": 0.1}, "weight_decay must be zero, since it moves the threshold, got"),
        ({"dropout": 0.5}, "dropout must be zero, since it moves the threshold, got 0.5"),
    ],
)
def test_a_recipe_without_a_threshold_is_named(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        stability_threshold(FULL.replace(**changes))


@pytest.fixture(scope="module")
def descent():
    return train(FULL.replace(optimizer="sgd"), checkpoints=(20,))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda fits: track_sharpness(train(FULL, checkpoints=()), POINTS.x, POINTS.y, seed=0),
            "fits must have checkpoints: give some to fit_ensemble",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x, POINTS.y, preconditioned=True, seed=0),
            "preconditioned needs the optimizer 'adam', got 'sgd'",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x, POINTS.y, dtype="float16", seed=0),
            "dtype must be 'float32' or 'float64', got 'float16'",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x[:2], POINTS.y, seed=0),
            "x must have shape (n_samples,) or (4, n_samples), got (2, 12)",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x, POINTS.y[:, :5], seed=0),
            "x and y must have the same number of points, got 12 and 5",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x, np.nan * POINTS.y, seed=0),
            "y must be finite, got nan",
        ),
        (
            lambda fits: track_sharpness(fits, POINTS.x, POINTS.y, rtol=0.0, seed=0),
            "rtol must be above zero, got 0",
        ),
    ],
)
def test_a_bad_argument_is_named(call, message, descent):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(descent)


def test_a_sharpness_that_is_not_found_is_no_answer(descent):
    with pytest.raises(RuntimeError, match="max_products must be more than 3 here: the largest"):
        track_sharpness(descent, POINTS.x, POINTS.y, max_products=3, rtol=1e-9, seed=0)
