"""How far to go in one call of the compiled loop, so that Ctrl-C and progress are prompt."""

import dataclasses
import math
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf

from overfit_tutorial._engine import loop
from overfit_tutorial.recipes import Recipe

# A call of the compiled loop takes about so long at most. Between two calls there is time for a
# progress bar, a checkpoint and an interruption.
_SECONDS_A_CALL = 0.5
# What a step takes, on the slow side: the loop, the optimizer's memory, the arithmetic.
_SECONDS_A_STEP = 5e-5
_SECONDS_A_PARAMETER = 3e-9
_FLOP_A_SECOND = 2e10
MOST_EPOCHS_A_CALL = 1024


class Pace:
    """How far to go in one call, by the time that the one before has taken.

    One call takes many short epochs. A long epoch is cut into several calls, which need a second
    compiled loop: one that does not complete an epoch.
    """

    def __init__(
        self, recipe: Recipe, n_members: int, n_samples: int, *, most_epochs: int
    ) -> None:
        n_train = recipe.n_train(n_samples)
        batch_size = recipe.batch_size or n_train
        n_parameters = recipe.n_parameters() * n_members
        # A product forward and two backward, of two operations each.
        arithmetic = 6 * n_parameters * batch_size / _FLOP_A_SECOND
        memory = n_parameters * _SECONDS_A_PARAMETER
        self.steps_per_epoch = recipe.steps_per_epoch(n_samples)
        self.n_steps = _SECONDS_A_CALL / (_SECONDS_A_STEP + memory + arithmetic)
        n_epochs = np.clip(self.n_steps / self.steps_per_epoch, 1, MOST_EPOCHS_A_CALL)
        room = min(math.floor(math.log2(n_epochs)), math.ceil(math.log2(most_epochs)))
        self.cuts = self.n_steps < self.steps_per_epoch
        self.shape = loop.Shape(
            n_members=n_members,
            widths=recipe.widths,
            activation=recipe.activation,
            optimizer=recipe.optimizer,
            n_train=n_train,
            n_validation=n_samples - n_train,
            batch_size=batch_size,
            keep_short_batch=recipe.keep_short_batch,
            dropout=recipe.dropout,
            averages=recipe.average_last > 0,
            epochs_per_call=2**room,
            completes=True,
            dtype=recipe.dtype,
        )

    @property
    def n_epochs(self) -> int:
        """Return how many epochs the next call should take."""
        return int(np.clip(self.n_steps / self.steps_per_epoch, 1, self.shape.epochs_per_call))

    def next_cut(self, batch: int) -> int:
        """Return the batch at which the call should end that begins at `batch`."""
        n_batches = self.shape.n_whole_batches
        return min(batch + max(int(self.n_steps), 1), n_batches) if self.cuts else n_batches

    def run(self, state: loop.State, inputs: loop.Inputs, batches: tuple[int, int]) -> Any:
        """Call the loop, and note how long it takes."""
        first, stop = batches
        completes = stop == self.shape.n_whole_batches
        compiled = loop.compiled_loop(dataclasses.replace(self.shape, completes=completes))
        start = perf_counter()
        result = compiled(state, inputs, tf.constant(batches))
        n_steps = (stop - first) * int(inputs.n_epochs)
        self.n_steps = n_steps * _SECONDS_A_CALL / (perf_counter() - start)
        return result
