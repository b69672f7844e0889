"""Whole trainings: WebAssembly and NumPy end at the same bits.

The default takes three seeds of the story and one small network; for twenty of each, in a quarter
of an hour: ``OVERFIT_TUTORIAL_SEEDS=20 nox -s pages -- tests/pages/test_same_bits.py``.
"""

import os

import numpy as np
import pytest

from overfit_tutorial import data, draws, exact
from overfit_tutorial.exact import definition, webassembly
from overfit_tutorial.recipes import STORY

N_SEEDS = os.environ.get("OVERFIT_TUTORIAL_SEEDS")
# 800 steps; 4,000 steps, on what the network sees as mean zero and variance one.
LONG = STORY.replace(epochs=1000, standardize_x=True)
SHORTER = {"hidden_widths": (20, 20)} if N_SEEDS is None else {}


def bits_of(room, recipe, seed):
    """Return all that a training leaves, to the last bit."""
    points = data.sample_noisy(seed=seed)
    x, y = points.x, points.y.astype(np.float32)
    if recipe.standardize_x:
        x = (x - x.mean()) / x.std()
    plan = exact.plan_of(recipe, x.size, np.full(recipe.n_steps(x.size), recipe.learning_rate))
    weights = tuple(w[0] for w in draws.first_weights([seed], recipe.hidden_widths))
    trainer = room.Trainer(plan, x.astype(np.float32), y, weights, draws.number_of(seed))
    trainer.advance(plan.n_epochs, 10**9)
    assert not trainer.has_diverged
    arrays = [*trainer.weights(), *(array for kind in trainer.slots() for array in kind)]
    return plan.rates.size, [array.tobytes() for array in (*arrays, *trainer.losses())]


@pytest.mark.parametrize("seed", range(int(N_SEEDS or 3)))
def test_the_story_ends_at_the_same_bits(seed):
    n_steps, bits = bits_of(webassembly, STORY, seed)
    assert n_steps == 800
    assert bits_of(definition, STORY, seed) == (n_steps, bits)


@pytest.mark.parametrize("seed", range(int(N_SEEDS or 1)))
def test_a_long_training_ends_at_the_same_bits(seed):
    recipe = LONG.replace(**SHORTER)
    n_steps, bits = bits_of(webassembly, recipe, seed)
    assert n_steps == 4000
    assert bits_of(definition, recipe, seed) == (n_steps, bits)
