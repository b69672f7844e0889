# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Optimizer or regularizer?
=========================

Six optimizers, and five things that one adds to one of them. Which helps, and
against what? We expect that for the story most of the gain is calm: a rate
that falls to zero and averaged weights take two thirds of the excess risk
away, early stopping some, weight decay nothing, and dropout does harm. Where
a network follows the noise, we expect the reverse: early stopping and dropout
halve what it follows, a falling rate and averaging do little.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import figures, fingerprints, ladder, statistics, tables
from overfit_tutorial.studies.tuning import judge_training
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY

plt.style.use(figures.STYLE)
TUNING_SEED, SEED, EAGER_SEED = 60, 61, 62
N_TUNING, N_SEEDS, N_EAGER = 12, 64, 32
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01)

# %%
# Each optimizer at its best rate
# -------------------------------
#
# The rule was written down before anything had run: of five learning rates,
# the same for all, take the one with the least median of held-out error minus
# the line's error on the same points, over twelve data sets of their own, with
# 200 held-out points each. It does not know the truth.


def judge(recipes, *, seed, n_seeds, n_held=20):
    """Return the table of each recipe, by its name."""
    grid = {"recipe": list(recipes.values()), "n_held": [n_held]}
    many = {"seed": seed, "n_seeds": n_seeds, "seeds_per_block": n_seeds}
    table = run_sweep(judge_training, grid, **many).drop(columns="recipe")
    blocks = [table[k * n_seeds :][:n_seeds] for k in range(len(recipes))]
    return {
        name: block.reset_index(drop=True)
        for name, block in zip(recipes, blocks, strict=True)
    }


optimizers = {
    "SGD": STORY.replace(optimizer="sgd"),
    "momentum": STORY.replace(optimizer="momentum"),
    "RMSprop": STORY.replace(optimizer="rmsprop"),
    "Adam": STORY,
    "AdamW": STORY.replace(weight_decay=0.004),
    "Lion": STORY.replace(optimizer="lion"),
}
tried = judge(
    {
        (name, rate): recipe.replace(learning_rate=rate)
        for name, recipe in optimizers.items()
        for rate in RATES
    },
    seed=TUNING_SEED,
    n_seeds=N_TUNING,
    n_held=200,
)
gap = {
    key: np.median(table.held_out - table.line_held_out)
    for key, table in tried.items()
}
best = {
    name: min(RATES, key=lambda rate: gap[name, rate]) for name in optimizers
}

# %%
# What one adds to Adam
# ---------------------
#
# Linear decay to zero, the mean of the weights after each step of the second
# half, early stopping on the last fifth of the points, weight decay of 0.1 and
# dropout of a tenth of the units: usual values, fixed before anything had run.

N_STEPS = STORY.n_steps(100)


def decay(step):
    """Return a rate that falls from the story's to zero."""
    return 0.01 * (1 - step / N_STEPS)


def additions(recipe):
    """Return a recipe with one thing added, by the name of that."""
    n_epochs = recipe.n_epochs(100)
    stop = {"validation_share": 0.2, "patience": n_epochs // 10}
    return {
        "nothing": recipe,
        "rate decay": recipe.replace(learning_rate=decay),
        "averaging": recipe.replace(average_last=n_epochs // 2),
        "early stopping": recipe.replace(**stop),
        "weight decay": recipe.replace(weight_decay=0.1),
        "dropout": recipe.replace(dropout=0.1),
    }


# %%
# And where there is noise to follow
# ----------------------------------
#
# All points in every step, and standardized inputs: the recipe that overfits
# soonest, for as many steps.

EAGER = STORY.replace(batch_size=None, steps=N_STEPS, standardize_x=True)
