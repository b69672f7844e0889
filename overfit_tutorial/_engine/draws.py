"""What training draws and is told: first weights, orders of the points, learning rates."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import draws
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.weights.arrays import Weights


def initial_weights_of(recipe: Recipe, seeds: Sequence[np.random.SeedSequence]) -> Weights:
    """Return the first weights of each member, in the precision of the recipe."""
    return draws.first_weights(
        seeds,
        recipe.hidden_widths,
        n_inputs=recipe.n_inputs,
        bias_std=recipe.bias_std,
        dtype=recipe.dtype,
    )


class Orders:
    """The order in which each member sees its points, epoch after epoch."""

    def __init__(
        self, recipe: Recipe, seeds: Sequence[np.random.SeedSequence], n_train: int
    ) -> None:
        self.shuffles = draws.Orders(seeds, n_train)
        self.reshuffle = recipe.reshuffle and recipe.batch_size is not None
        self.first = self.shuffles.last[:, None]
        if recipe.batch_size is not None and not recipe.reshuffle:
            self.first = self.shuffles.next(1)

    def next(self, n_epochs: int, n_padded: int) -> NDArray[np.int32]:
        """Return ``(n_members, n_padded, n_train)`` whole numbers, zeros after `n_epochs`."""
        orders = np.zeros((len(self.first), n_padded, self.shuffles.n_points), np.int32)
        orders[:, :n_epochs] = self.shuffles.next(n_epochs) if self.reshuffle else self.first
        return orders


@functools.lru_cache(maxsize=64)
def learning_rates(schedule: float | Callable[[int], float], n_steps: int) -> NDArray[np.float64]:
    """Return the rate of each step."""
    if not callable(schedule):
        return np.full(n_steps, schedule, dtype=np.float64)
    if any(kind.__module__.partition(".")[0] == "keras" for kind in type(schedule).__mro__):
        rates = np.asarray(_mapped(schedule, n_steps))
    else:
        rates = np.array([float(schedule(step)) for step in range(n_steps)])
    wrong = ~(np.isfinite(rates) & (rates >= 0))
    if wrong.any():
        step = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"learning_rate must be finite and not negative at every step, "
            f"got {rates[step]:g} at step {step}"
        )
    return rates


def _mapped(schedule: Callable[[Any], Any], n_steps: int) -> Any:
    """Return the values of a Keras schedule, which has a precision of its own.

    Some schedules branch on the step, so they take one at a time.
    """
    import tensorflow as tf  # inside: who has no such schedule needs no TensorFlow

    def values() -> Any:
        steps = tf.range(n_steps, dtype=tf.int64)
        return tf.map_fn(
            lambda step: tf.cast(schedule(step), tf.float64), steps, fn_output_signature=tf.float64
        )

    return tf.function(values, autograph=False).get_concrete_function()()
