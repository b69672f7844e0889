"""Train a block of networks: from data, recipe and seeds to trained weights.

Everything random about a member (its first weights, its batches, its dropout) comes from the
member's own seed, so that its result is the same in every block and beside any neighbors.
"""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial import _arguments, _loop
from overfit_tutorial.recipes import Recipe

Weights = tuple[NDArray[Any], ...]

# A call of the compiled loop takes about a second at most. Between two calls there is time for a
# progress bar, a checkpoint and an interruption.
_SECONDS_A_CALL = 1.0
_SECONDS_A_STEP = 5e-5
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
        Epochs after which to copy the weights.
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
    n_train = n_samples - recipe.n_validation(n_samples)
    n_epochs, n_steps = recipe.n_epochs(n_samples), recipe.steps_per_epoch(n_samples)
    shape = _loop.Shape(
        n_members=n_padded,
        widths=(1, *recipe.hidden_widths, 1),
        activation=recipe.activation,
        optimizer=recipe.optimizer,
        n_train=n_train,
        n_validation=n_samples - n_train,
        batch_size=recipe.batch_size or n_train,
        keep_short_batch=recipe.keep_short_batch,
        dropout=recipe.dropout,
        averages=recipe.average_last > 0,
        epochs_per_call=_epochs_per_call(recipe, n_padded, n_train, n_steps, checkpoints),
        dtype=recipe.dtype,
    )
    scaling = _scaling(recipe, x[:, :n_train], y[:, :n_train])
    if initial_weights is None:
        weights = initial_weights_of(recipe, seeds)
    else:
        weights = tuple(tf.constant(w[rows], recipe.dtype) for w in initial_weights)
    orders = _Orders(recipe, seeds, n_train)
    rates = _learning_rates(recipe.learning_rate, n_epochs * n_steps).reshape(n_epochs, n_steps)
    scaled_x = (x - scaling.x_mean[:, None]) / scaling.x_std[:, None]
    scaled_y = (y - scaling.y_mean[:, None]) / scaling.y_std[:, None]
    dropout_seeds = [_arguments.child_seed(seed, 1).generate_state(2) for seed in seeds]
    state = _loop.initial_state(_loop.pack(weights), shape)
    run = _loop.compiled_loop(shape)
    losses, saved, done = [], {}, 0
    for stop in _stops(n_epochs, shape.epochs_per_call, checkpoints):
        state, *new = _call(
            run,
            recipe,
            state,
            _loop.Inputs(
                x=tf.constant(scaled_x[..., None], recipe.dtype),
                y=tf.constant(scaled_y[..., None], recipe.dtype),
                orders=tf.constant(orders.next(stop - done, shape.epochs_per_call)),
                rates=tf.constant(_fill(rates[done:stop], shape.epochs_per_call), recipe.dtype),
                weight_decay=tf.constant(recipe.weight_decay, recipe.dtype),
                dropout_seeds=tf.constant(np.array(dropout_seeds).view(np.int32)),
                patience=tf.constant(recipe.patience or np.iinfo(np.int32).max),
                average_from=tf.constant(n_epochs - recipe.average_last - done),
                n_epochs=tf.constant(stop - done),
            ),
        )
        losses.append(np.stack([loss.numpy()[: stop - done] for loss in new]))
        proceed(stop - done)
        done = stop
        if done in checkpoints:
            saved[done] = _arrays(_loop.unpack(state.layers), n_members)
        if recipe.patience is not None and state.stopped.numpy().all():
            break
    history = np.full((2, n_padded, n_epochs), np.nan)
    history[:, :, :done] = np.concatenate(losses, axis=1).transpose(0, 2, 1)
    ran = _epochs_run(history[1], recipe.patience)
    last = _arrays(_loop.unpack(state.layers), n_members)
    final = last
    if recipe.average_last:
        final = _arrays(_loop.unpack(state.mean), n_members)
    elif recipe.patience is not None:
        final = last = _arrays(_loop.unpack(state.best), n_members)
    history = np.where(ran, history, np.nan) * scaling.y_std[:, None] ** 2
    finite = [np.isfinite(w.reshape(n_members, -1)).all(axis=1) for w in (*final, *last)]
    diverged = (ran & ~np.isfinite(history[0])).any(axis=1)[:n_members]
    return Block(
        weights=final,
        last_weights=last,
        loss=history[0, :n_members],
        validation_loss=history[1, :n_members, : n_epochs if shape.n_validation else 0],
        scaling=Scaling(*(part[:n_members] for part in vars(scaling).values())),
        checkpoints=saved,
        diverged=diverged | ~np.all(finite, axis=0),
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

    def draw_layer(seeds: Any, n_in: int, n_out: int) -> Any:
        limit = tf.constant(math.sqrt(3.0 * (1.0 / ((n_in + n_out) / 2.0))), dtype)
        return tf.map_fn(
            lambda seed: tf.random.stateless_uniform(
                [n_in, n_out], tf.stack([seed, 0]), -limit, limit, dtype
            ),
            seeds,
            fn_output_signature=dtype,
        )

    def draw(seeds: Any) -> list[Any]:
        layers = enumerate(itertools.pairwise(widths))
        return [draw_layer(seeds[:, layer], *pair) for layer, pair in layers]

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
def _learning_rates(schedule: float | Callable[[int], float], n_steps: int) -> NDArray[np.float64]:
    """Return the rate of each step."""
    if not callable(schedule):
        return np.full(n_steps, schedule, dtype=np.float64)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        # Some schedules branch on the step, so they take one at a time.
        steps = tf.range(n_steps, dtype=tf.int64)
        mapped = tf.function(lambda s: tf.map_fn(schedule, s, fn_output_signature=tf.float32))
        rates = np.asarray(mapped(steps), dtype=np.float64)
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


def _scaling(recipe: Recipe, x: NDArray[np.float64], y: NDArray[np.float64]) -> Scaling:
    """Return each member's units, from the points that it is trained on."""
    parts = []
    for name, values in (("x", x), ("y", y)):
        mean, std = np.zeros(len(values)), np.ones(len(values))
        if getattr(recipe, f"standardize_{name}"):
            mean, std = values.mean(axis=1), values.std(axis=1)
            if not std.all():
                raise ValueError(f"{name} must not be constant where standardize_{name} is set")
        parts += [mean, std]
    return Scaling(*parts)


def _call(run: Any, recipe: Recipe, state: Any, inputs: Any) -> Any:
    """Run the loop; say so if it is the caller's own activation that cannot be compiled."""
    try:
        return run(state, inputs)
    except Exception as error:
        if callable(recipe.activation):
            raise ValueError(
                "activation must be a function of one tensor that TensorFlow can compile and that "
                f"keeps its shape, got {recipe.activation!r}: {error}"
            ) from error
        raise


def _epochs_per_call(
    recipe: Recipe, n_members: int, n_train: int, n_steps: int, checkpoints: Sequence[int]
) -> int:
    """Return how many epochs one call may take at most, a power of two."""
    flop = 6 * recipe.n_parameters() * n_train * n_members  # a product forward, two backward
    seconds = n_steps * _SECONDS_A_STEP + flop / _FLOP_A_SECOND
    most = float(_MOST_EPOCHS_A_CALL)
    if checkpoints:  # calls are short anyway, and each is handed room for so many epochs
        most = min(most, 2.0 ** math.ceil(math.log2(np.diff([0, *sorted(checkpoints)]).max())))
    return int(2 ** math.floor(math.log2(np.clip(_SECONDS_A_CALL / seconds, 1, most))))


def _stops(n_epochs: int, epochs_per_call: int, checkpoints: Sequence[int]) -> list[int]:
    """Return the epochs at which calls end: at each checkpoint, and often enough between."""
    stops = {*checkpoints, *range(epochs_per_call, n_epochs, epochs_per_call), n_epochs}
    return sorted(stops)


def _fill(rates: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
    """Return the rates with rows of zeros appended: a compiled call has one shape."""
    return np.concatenate([rates, np.zeros((n_rows - len(rates), rates.shape[1]))])


def _epochs_run(validation_loss: NDArray[np.float64], patience: int | None) -> NDArray[np.bool_]:
    """Return which epochs each member took before it stopped, ``(n_members, n_epochs)``."""
    ran = np.ones(validation_loss.shape, dtype=bool)
    if patience is not None:
        best, wait = np.full(len(ran), np.inf), np.zeros(len(ran), dtype=int)
        for epoch, loss in enumerate(validation_loss.T):
            ran[:, epoch] = wait < patience
            better = ran[:, epoch] & (loss < best)
            best = np.where(better, loss, best)
            wait = np.where(better, 0, wait + 1)
    return ran


def _arrays(tensors: tuple[Any, ...], n_members: int) -> Weights:
    """Return the members' weights as read-only arrays, without those that only fill up."""
    arrays = tuple(tensor.numpy()[:n_members] for tensor in tensors)
    for array in arrays:
        array.setflags(write=False)
    return arrays
