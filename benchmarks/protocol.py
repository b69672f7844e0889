"""The tasks that every implementation is given: the story's training, and three beside it.

100 noisy points of a line; five hidden layers of 100 ReLU units, Glorot uniform weights, zero
biases; Adam with Keras' constants; batches of 32, 32, 32 and 4 points, in a new order each epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import data
from overfit_tutorial.recipes import STORY, Recipe

N_SAMPLES, LEARNING_RATE = 100, 0.01
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
DATA_SEED = 4

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """What to train, and on what."""

    name: str
    recipe: Recipe = STORY
    standardized: bool = False
    """Whether inputs have mean zero and variance one, before anybody's clock starts."""


STORY_TASK = Task("the story")
FULL_BATCH = Task("full batch, 800 steps", STORY.replace(batch_size=None, steps=800))
TASKS = (
    STORY_TASK,
    Task("standardized inputs", standardized=True),
    FULL_BATCH,
    Task("6,400 steps", STORY.replace(steps=6_400)),
)


class Networks(NamedTuple):
    """What an implementation returns for `n` seeds."""

    loss: NDArray[np.floating]
    """Of the last epoch, as ``fit`` reports it: ``(n,)``."""
    predict: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Places ``(m,)`` to values ``(n, m)``."""


# (x, y, seeds, recipe) -> Networks; x and y are (n, 100), one row a seed.
Trainer = Callable[[Array, Array, list[int], Recipe], Networks]


def points(seeds: list[int], *, standardized: bool = False) -> tuple[Array, Array]:
    """Return the data of each seed, the same for every implementation."""
    spawned = [np.random.SeedSequence(DATA_SEED, spawn_key=(seed,)) for seed in seeds]
    samples = [data.sample_noisy(n_samples=N_SAMPLES, seed=seed) for seed in spawned]
    x, y = (np.stack([getattr(s, name) for s in samples]) for name in "xy")
    if standardized:
        x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return x.astype(np.float32), y.astype(np.float32)


def widths(recipe: Recipe) -> tuple[int, ...]:
    """Return the numbers of inputs, of each hidden layer's units, and of outputs."""
    return (1, *recipe.hidden_widths, 1)


def excess_risk(networks: Networks) -> NDArray[np.float64]:
    """Return each network's mean squared distance from the truth."""
    return np.asarray(data.excess_risk(networks.predict, data.TRUE_LINE))
