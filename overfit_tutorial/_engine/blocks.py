"""Train a block of networks: from data, recipe and seeds to trained weights.

Everything random about a member (its first weights, its batches, its dropout) comes from the
member's own seed, so that its result is the same in every block and beside any neighbors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial import _arguments
from overfit_tutorial._engine import draws, loop
from overfit_tutorial._engine.pace import MOST_EPOCHS_A_CALL, Pace
from overfit_tutorial.recipes import Recipe

Weights = tuple[NDArray[Any], ...]


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
    longest = np.diff([0, *ends]).max() if checkpoints else MOST_EPOCHS_A_CALL
    pace = Pace(recipe, n_padded, n_samples, most_epochs=int(longest))
    shape = pace.shape
    scaling = _scaling(recipe, x[:, :n_train], y[:, :n_train])
    scaled_x = (x - scaling.x_mean[:, None]) / scaling.x_std[:, None]
    scaled_y = (y - scaling.y_mean[:, None]) / scaling.y_std[:, None]
    if initial_weights is None:
        weights = draws.initial_weights_of(recipe, seeds)
    else:
        weights = tuple(tf.constant(w[rows], recipe.dtype) for w in initial_weights)
    keys = [_arguments.child_seed(seed, 1).generate_state(1, np.uint64) for seed in seeds]
    orders = draws.Orders(recipe, seeds, n_train)
    rates = draws.learning_rates(recipe.learning_rate, recipe.n_steps(n_samples)).reshape(
        n_epochs, -1
    )
    inputs = loop.Inputs(
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
    state = loop.initial_state(loop.pack(weights), shape)
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


def _scaling(recipe: Recipe, x: NDArray[np.float64], y: NDArray[np.float64]) -> Scaling:
    """Return each member's units, from the points that it is trained on."""
    parts = []
    for values, standardized in ((x, recipe.standardize_x), (y, recipe.standardize_y)):
        mean, std = np.zeros(len(values)), np.ones(len(values))
        if standardized:
            mean, std = values.mean(axis=1), values.std(axis=1)
        parts += [mean, std]
    return Scaling(*parts)


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
    arrays = loop.unpack(tuple(layer.numpy()[:n_members] for layer in layers))
    return tuple(_read_only(array) for array in arrays)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
