"""What training draws and is told: first weights, orders of the points, learning rates."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial.recipes import Recipe
from overfit_tutorial.streams import BIASES, ORDER, child_seed


def initial_weights_of(recipe: Recipe, seeds: Sequence[np.random.SeedSequence]) -> tuple[Any, ...]:
    """Return the first weights of each member: those of ``build_mlp(seed=...)``, bit for bit."""
    widths = (1, *recipe.hidden_widths, 1)
    states = np.array([seed.generate_state(len(widths) - 1) for seed in seeds])
    # Keras folds a layer's seed into 31 bits in this way, and has zero as its second half.
    states %= np.iinfo(np.int32).max - 1
    kernels = _kernels(widths, recipe.dtype)(tf.constant(states.astype(np.int32)))
    biases = [np.zeros((len(seeds), width)) for width in widths[1:]]
    if recipe.bias_std:
        generators = [np.random.default_rng(child_seed(seed, BIASES)) for seed in seeds]
        for bias in biases[:-1]:
            for row, generator in zip(bias, generators, strict=True):
                row[:] = recipe.bias_std * generator.standard_normal(row.size)
    pairs = zip(kernels, biases, strict=True)
    return tuple(z for kernel, bias in pairs for z in (kernel, tf.constant(bias, recipe.dtype)))


@functools.lru_cache(maxsize=64)
def _kernels(widths: tuple[int, ...], dtype: str) -> Any:
    """Return a function that draws Glorot uniform kernels from seeds, all members in one call."""

    def draw_layer(seed: Any, n_in: int, n_out: int) -> Any:
        # Keras rounds the limit to float32 whatever the precision.
        limit = tf.cast(tf.constant(math.sqrt(3.0 * (1.0 / ((n_in + n_out) / 2.0)))), dtype)
        pair = tf.stack([seed, 0])
        return tf.random.stateless_uniform([n_in, n_out], pair, -limit, limit, dtype)

    def draw_member(seeds: Any) -> list[Any]:
        return [draw_layer(seeds[k], *pair) for k, pair in enumerate(itertools.pairwise(widths))]

    def draw(seeds: Any) -> list[Any]:
        kernels: list[Any] = tf.map_fn(
            draw_member, seeds, fn_output_signature=[dtype] * (len(widths) - 1)
        )
        return kernels

    specification = tf.TensorSpec([None, len(widths) - 1], tf.int32)
    return tf.function(draw, autograph=False).get_concrete_function(specification)


class Orders:
    """The order in which each member sees its points, epoch after epoch."""

    def __init__(
        self, recipe: Recipe, seeds: Sequence[np.random.SeedSequence], n_train: int
    ) -> None:
        self.generators = [np.random.default_rng(child_seed(s, ORDER)) for s in seeds]
        self.points = np.arange(n_train, dtype=np.int32)
        self.shuffled = recipe.batch_size is not None
        self.first = None
        if self.shuffled and not recipe.reshuffle:
            self.first = np.stack([g.permutation(self.points) for g in self.generators])[:, None]

    def next(self, n_epochs: int, n_padded: int) -> NDArray[np.int32]:
        """Return ``(n_members, n_padded, n_train)`` whole numbers, zeros after `n_epochs`."""
        orders = np.zeros((len(self.generators), n_padded, self.points.size), np.int32)
        orders[:, :n_epochs] = self.points if self.first is None else self.first
        if self.shuffled and self.first is None:
            for rows, generator in zip(orders, self.generators, strict=True):
                generator.permuted(rows[:n_epochs], axis=1, out=rows[:n_epochs])
        return orders


@functools.lru_cache(maxsize=64)
def learning_rates(schedule: float | Callable[[int], float], n_steps: int) -> NDArray[np.float64]:
    """Return the rate of each step."""
    if not callable(schedule):
        return np.full(n_steps, schedule, dtype=np.float64)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        # Some schedules branch on the step, so they take one at a time.
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
    """Return the values of a Keras schedule, which has a precision of its own."""

    def values() -> Any:
        steps = tf.range(n_steps, dtype=tf.int64)
        return tf.map_fn(
            lambda step: tf.cast(schedule(step), tf.float64), steps, fn_output_signature=tf.float64
        )

    return tf.function(values, autograph=False).get_concrete_function()()
