"""The task that every implementation is given: the story's network, data and training.

100 noisy points of a line; five hidden layers of 100 ReLU units, Glorot uniform weights, zero
biases; Adam with Keras' constants; batches of 32, 32, 32 and 4 points, in a new order each epoch.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import data
from overfit_tutorial.recipes import STORY

WIDTHS = (1, *STORY.hidden_widths, 1)
N_SAMPLES, BATCH_SIZE, LEARNING_RATE = 100, 32, 0.01
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
DATA_SEED = 4

Array = NDArray[np.float32]


class Networks(NamedTuple):
    """What an implementation returns for `n` seeds."""

    loss: NDArray[np.floating]
    """Of the last epoch, as ``fit`` reports it: ``(n,)``."""
    predict: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Places ``(m,)`` to values ``(n, m)``."""


# (x, y, seeds, epochs) -> Networks; x and y are (n, 100), one row a seed.
Trainer = Callable[[Array, Array, list[int], int], Networks]


def points(seeds: list[int]) -> tuple[Array, Array]:
    """Return the data of each seed, the same for every implementation."""
    spawned = [np.random.SeedSequence(DATA_SEED, spawn_key=(seed,)) for seed in seeds]
    samples = [data.sample_noisy(n_samples=N_SAMPLES, seed=seed) for seed in spawned]
    x, y = (np.stack([getattr(s, name) for s in samples]) for name in "xy")
    return x.astype(np.float32), y.astype(np.float32)


def excess_risk(networks: Networks) -> NDArray[np.float64]:
    """Return each network's mean squared distance from the truth."""
    return np.asarray(data.excess_risk(networks.predict, data.TRUE_LINE))


def gigaflop(
    *,
    widths: tuple[int, ...] = WIDTHS,
    n_samples: int = N_SAMPLES,
    epochs: int = STORY.epochs,
) -> float:
    """Return the arithmetic of one training: a product forward, two backward; no optimizer.

    A product takes two operations for each weight or bias and each point.
    """
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))
    return 6 * n_parameters * n_samples * epochs / 1e9
