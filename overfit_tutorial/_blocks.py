"""Train a block of networks: from data, recipe and seeds to trained weights.

Everything random about a member (its first weights, its batches, its dropout) comes from the
member's own seed, so that its result is the same in every block and beside any neighbors.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial import _arguments, _loop
from overfit_tutorial.recipes import Recipe

Weights = tuple[NDArray[Any], ...]

# A call of the compiled loop takes about so long at most. Between two calls there is time for a
# progress bar, a checkpoint and an interruption.
_SECONDS_A_CALL = 0.5
# What a step takes, on the slow side: the loop, the optimizer's memory, the arithmetic.
_SECONDS_A_STEP = 5e-5
_SECONDS_A_PARAMETER = 3e-9
_FLOP_A_SECOND = 2e10
_MOST_EPOCHS_A_CALL = 1024


@dataclass(frozen=True)
class Scaling:
    """The units in which each member's network sees inputs and targets, ``(n_members,)``."""

    x_mean: NDArray[np.float64]
    x_std: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    y_std: NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Some trained networks, and how they got there; every array has the member axis first."""

    weights: Weights
    last_weights: Weights
    loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    scaling: Scaling
    checkpoints: dict[int, Weights]
    slots: dict[int, tuple[Weights, ...]]
    diverged: NDArray[np.bool_]


def train_block(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    recipe: Recipe,
    seeds: Sequence[np.random.SeedSequence],
    *,
    initial_weights: Weights | None = None,
    checkpoints: Sequence[int] = (),
    n_padded: int | None = None,
    proceed: Callable[[int], None] = lambda n_epochs: None,
) -> Block:
    """Train one network for each seed.

    Parameters
    ----------
    x, y : ndarray of shape (n_members, n_samples)
        The points of each member.
    recipe : Recipe
        How to train.
    seeds : sequence of SeedSequence
        One for each member.
    initial_weights : tuple of ndarray or None
        Where to begin, with the member axis first, instead of drawing from the seeds.
    checkpoints : sequence of int
        Epochs after which to copy the weights, and what the optimizer keeps beside them.
    n_padded : int or None
        Fill the block up to so many members, so that blocks of several sizes share one compiled
        loop.
    proceed : callable
        Called with the epochs just taken; may raise to stop.
    """
    n_members, n_samples = x.shape
    n_padded = n_padded or n_members
    rows = np.minimum(np.arange(n_padded), n_members - 1)
    x, y, seeds = x[rows], y[rows], [seeds[k] for k in rows]
    n_train, n_epochs = recipe.n_train(n_samples), recipe.n_epochs(n_samples)
    ends = sorted({*checkpoints, n_epochs})  # of calls, whatever their pace
    # Calls are handed room for so many epochs, which should not be much more than they take. But
    # the epochs of a recipe alone are no reason to compile again.
    longest = np.diff([0, *ends]).max() if checkpoints else _MOST_EPOCHS_A_CALL
    pace = _Pace(recipe, n_padded, n_samples, most_epochs=int(longest))
    shape = pace.shape
    scaling = _scaling(recipe, x[:, :n_train], y[:, :n_train])
    scaled_x = (x - scaling.x_mean[:, None]) / scaling.x_std[:, None]
    scaled_y = (y - scaling.y_mean[:, None]) / scaling.y_std[:, None]
    if initial_weights is None:
        weights = initial_weights_of(recipe, seeds)
    else:
        weights = tuple(tf.constant(w[rows], recipe.dtype) for w in initial_weights)
    keys = [_arguments.child_seed(seed, 1).generate_state(1, np.uint64) for seed in seeds]
    orders = _Orders(recipe, seeds, n_train)
    rates = learning_rates(recipe.learning_rate, recipe.n_steps(n_samples)).reshape(n_epochs, -1)
    inputs = _loop.Inputs(
        x=tf.constant(scaled_x[..., None], recipe.dtype),
        y=tf.constant(scaled_y[..., None], recipe.dtype),
        orders=None,
        rates=None,
        weight_decay=tf.constant(recipe.weight_decay, recipe.dtype),
        dropout_keys=tf.constant(np.concatenate(keys)),
        patience=tf.constant(recipe.patience or np.iinfo(np.int32).max),
        average_from=None,
        n_epochs=None,
        batches=None,
    )
    state = _loop.initial_state(_loop.pack(weights), shape)
    records, done, batch = [], 0, 0
    saved: dict[int, Weights] = {}
    saved_slots: dict[int, tuple[Weights, ...]] = {}
    while done < n_epochs:
        if batch == 0:
            stop = min(done + pace.n_epochs, next(end for end in ends if end > done))
            inputs = inputs._replace(
                orders=tf.constant(orders.next(stop - done, shape.epochs_per_call)),
                rates=tf.constant(_fill(rates[done:stop], shape.epochs_per_call), recipe.dtype),
                average_from=tf.constant(n_epochs - recipe.average_last - done),
                n_epochs=tf.constant(stop - done),
            )
        batches = (batch, pace.next_cut(batch))
        state, *record = pace.run(state, inputs._replace(batches=tf.constant(batches)))
        batch = batches[1] % shape.n_whole_batches
        if batch > 0:
            proceed(0)
            continue
        records.append([part.numpy()[: stop - done].T for part in record])
        proceed(stop - done)
        done = stop
        if done in checkpoints:
            saved[done] = _arrays(state.layers, n_members)
            # All layers of a kind, not all kinds of a layer.
            kinds = zip(*state.slots, strict=True)
            saved_slots[done] = tuple(_arrays(kind, n_members) for kind in kinds)
        if recipe.patience is not None and state.stopped.numpy().all():
            break
    train, validation, ran = (
        np.concatenate(parts, axis=1) for parts in zip(*records, strict=True)
    )
    finite = np.isfinite(train) & np.isfinite(validation)
    last = _arrays(state.best if recipe.patience is not None else state.layers, n_members)
    final = _arrays(state.mean, n_members) if recipe.average_last else last
    for array in (*final, *last):
        finite &= np.isfinite(array.reshape(n_members, -1)).all(axis=1)[rows, None]
    losses = [
        _history(loss, ran, n_epochs)[:n_members] * scaling.y_std[:n_members, None] ** 2
        for loss in (train, validation)
    ]
    return Block(
        weights=final,
        last_weights=last,
        loss=_read_only(losses[0]),
        validation_loss=_read_only(losses[1][:, : n_epochs if shape.n_validation else 0]),
        scaling=Scaling(*(_read_only(part[:n_members]) for part in vars(scaling).values())),
        checkpoints=saved,
        slots=saved_slots,
        diverged=_read_only((ran & ~finite).any(axis=1)[:n_members]),
    )


def initial_weights_of(recipe: Recipe, seeds: Sequence[np.random.SeedSequence]) -> tuple[Any, ...]:
    """Return the first weights of each member: those of ``build_mlp(seed=...)``, bit for bit."""
    widths = (1, *recipe.hidden_widths, 1)
    states = np.array([seed.generate_state(len(widths) - 1) for seed in seeds])
    # Keras folds a layer's seed into 31 bits in this way, and has zero as its second half.
    states %= np.iinfo(np.int32).max - 1
    kernels = _kernels(widths, recipe.dtype)(tf.constant(states.astype(np.int32)))
    biases = [np.zeros((len(seeds), width)) for width in widths[1:]]
    if recipe.bias_std:
        generators = [np.random.default_rng(_arguments.child_seed(seed, 2)) for seed in seeds]
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


class _Orders:
    """The order in which each member sees its points, epoch after epoch."""

    def __init__(
        self, recipe: Recipe, seeds: Sequence[np.random.SeedSequence], n_train: int
    ) -> None:
        self.generators = [np.random.default_rng(_arguments.child_seed(s, 0)) for s in seeds]
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


def _scaling(recipe: Recipe, x: NDArray[np.float64], y: NDArray[np.float64]) -> Scaling:
    """Return each member's units, from the points that it is trained on."""
    parts = []
    for values, standardized in ((x, recipe.standardize_x), (y, recipe.standardize_y)):
        mean, std = np.zeros(len(values)), np.ones(len(values))
        if standardized:
            mean, std = values.mean(axis=1), values.std(axis=1)
        parts += [mean, std]
    return Scaling(*parts)


class _Pace:
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
        n_epochs = np.clip(self.n_steps / self.steps_per_epoch, 1, _MOST_EPOCHS_A_CALL)
        room = min(math.floor(math.log2(n_epochs)), math.ceil(math.log2(most_epochs)))
        self.cuts = self.n_steps < self.steps_per_epoch
        self.shape = _loop.Shape(
            n_members=n_members,
            widths=(1, *recipe.hidden_widths, 1),
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

    def run(self, state: _loop.State, inputs: _loop.Inputs) -> Any:
        """Call the loop, and note how long it takes."""
        first, stop = inputs.batches.numpy()
        completes = stop == self.shape.n_whole_batches
        loop = _loop.compiled_loop(dataclasses.replace(self.shape, completes=bool(completes)))
        start = perf_counter()
        result = loop(state, inputs)
        n_steps = (stop - first) * int(inputs.n_epochs)
        self.n_steps = n_steps * _SECONDS_A_CALL / (perf_counter() - start)
        return result


def _fill(rates: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
    """Return the rates with rows of zeros appended: a compiled call has one shape."""
    return np.concatenate([rates, np.zeros((n_rows - len(rates), rates.shape[1]))])


def _history(loss: NDArray[Any], ran: NDArray[np.bool_], n_epochs: int) -> NDArray[np.float64]:
    """Return the losses of all epochs, NaN where a member had stopped before."""
    history = np.full((len(loss), n_epochs), np.nan)
    history[:, : loss.shape[1]][ran] = loss[ran]
    return history


def _arrays(layers: tuple[Any, ...], n_members: int) -> Weights:
    """Return the members' weights as read-only arrays, without those that only fill up."""
    arrays = _loop.unpack(tuple(layer.numpy()[:n_members] for layer in layers))
    return tuple(_read_only(array) for array in arrays)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
