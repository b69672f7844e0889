"""What a recipe accepts, refuses, and counts."""

import dataclasses

import numpy as np
import pytest

from overfit_tutorial import networks
from overfit_tutorial.recipes import STORY, Recipe


class _Unhashable:
    """A schedule that no cache can find again."""

    __hash__ = None

    def __call__(self, step):
        return 0.01


def test_the_default_is_the_story():
    assert (
        Recipe(
            hidden_widths=(100,) * 5,
            activation="relu",
            optimizer="adam",
            learning_rate=0.01,
            batch_size=32,
            epochs=200,
        )
        == STORY
    )
    assert STORY.n_steps(100) == 800
    assert STORY.n_parameters() == networks.build_mlp(seed=0).count_params() == 40_701


@pytest.mark.parametrize("widths", [(), (1,), (3, 5), (100,) * 5])
def test_parameters_are_counted_as_keras_counts_them(widths):
    model = networks.build_mlp(widths, seed=0)
    assert Recipe(hidden_widths=widths).n_parameters() == model.count_params()


def test_each_further_input_has_a_weight_to_each_unit():
    assert Recipe(n_inputs=7, hidden_widths=(5, 3)).widths == (7, 5, 3, 1)
    assert STORY.replace(n_inputs=10).n_parameters() == STORY.n_parameters() + 9 * 100


@pytest.mark.parametrize(
    ("n_samples", "batch_size"),
    [(1, None), (1, 1), (7, 7), (32, 7), (32, 32), (33, 32), (64, 32), (100, 32), (100, None)],
)
@pytest.mark.parametrize("keep_short_batch", [True, False])
def test_steps_are_the_batches_that_one_can_count(n_samples, batch_size, keep_short_batch):
    recipe = Recipe(batch_size=batch_size, keep_short_batch=keep_short_batch)
    size = batch_size or n_samples
    sizes = [min(size, n_samples - begin) for begin in range(0, n_samples, size)]
    if not keep_short_batch:
        sizes = [one for one in sizes if one == size]
    assert recipe.steps_per_epoch(n_samples) == len(sizes)
    assert recipe.replace(epochs=3).n_steps(n_samples) == 3 * len(sizes)


def test_steps_may_be_given_instead_of_epochs():
    assert Recipe(steps=20_000).n_epochs(100) == 5_000
    with pytest.raises(ValueError, match="steps must fill whole epochs of 4 steps, got 10"):
        Recipe(steps=10).n_epochs(100)


def test_the_points_held_out_are_rounded_as_in_keras():
    # Keras splits at floor(n (1 - share)).
    assert Recipe(validation_share=0.25).n_train(22) == 16
    with pytest.raises(ValueError, match=r"validation_share must leave points .* got 0.9 of 5"):
        Recipe(validation_share=0.9).n_train(5)
    with pytest.raises(ValueError, match=r"validation_share must leave points .* got 1e-18 of 5"):
        Recipe(validation_share=1e-18).n_train(5)


def test_a_recipe_cannot_be_changed_but_copied_with_a_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STORY.epochs = 3
    assert STORY.replace(epochs=3) == Recipe(epochs=3)
    assert STORY.epochs == 200
    assert hash(Recipe(hidden_widths=[5, 3])) == hash(Recipe(hidden_widths=(5, 3)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_inputs": 0}, "n_inputs must be at least 1, got 0"),
        ({"hidden_widths": (0,)}, "hidden_widths must be at least 1, got 0"),
        ({"optimizer": "adamw"}, "optimizer must be one of sgd, .*, lion, got 'adamw'"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0"),
        ({"learning_rate": -0.1}, "learning_rate must be positive, got -0.1"),
        ({"learning_rate": np.nan}, "learning_rate must be .*finite.*, got nan"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"weight_decay": -1.0}, "weight_decay must not be negative, got -1"),
        ({"bias_std": -1.0}, "bias_std must not be negative, got -1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1"),
        ({"validation_share": -0.1}, "validation_share must be at least 0 and below 1, got -0.1"),
        ({"patience": 3}, "patience needs a validation_share above 0, got patience=3"),
        (
            {"patience": 3, "validation_share": 0.2, "average_last": 2},
            "average_last and patience exclude each other",
        ),
        ({"average_last": -1}, "average_last must be at least 1, got -1"),
    ],
    ids=str,
)
def test_a_value_outside_its_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_inputs": (2,)}, r"n_inputs must be a whole number, got \(2,\)"),
        ({"hidden_widths": 100}, "hidden_widths must be a sequence of widths, got 100"),
        ({"hidden_widths": "100"}, "hidden_widths must be a sequence of widths, got '100'"),
        ({"hidden_widths": (2.5,)}, "hidden_widths must be a whole number, got 2.5"),
        ({"activation": 3}, "activation must be the name .* or a function, got 3"),
        ({"epochs": 1.5}, "epochs must be a whole number, got 1.5"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'"),
        ({"reshuffle": 1}, "reshuffle must be True or False, got 1"),
        ({"learning_rate": _Unhashable()}, "activation and learning_rate must be hashable"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_another_type_is_refused(settings, message):
    with pytest.raises(TypeError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            Recipe(batch_size=101),
            "batch_size must be at most the number of points to train on, 100, got 101",
        ),
        (Recipe(average_last=201), "average_last must be at most the epochs, 200, got 201"),
    ],
    ids=["batch_size", "average_last"],
)
def test_what_does_not_fit_the_points_is_refused(recipe, message):
    with pytest.raises(ValueError, match=message):
        recipe.n_steps(100)
