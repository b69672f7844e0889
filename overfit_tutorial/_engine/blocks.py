"""Train a block of networks: from data, recipe and seeds to trained weights.

Everything random about a member (its first weights, its batches, its dropout) comes from the
member's own seed, so that its result is the same in every block and beside any neighbors.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from overfit_tutorial._engine import draws, layers, loop
from overfit_tutorial._engine.pace import MOST_EPOCHS_A_CALL, Pace
from overfit_tutorial._engine.trained import Trained, read_only, units_of
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.streams import DROPOUT, child_seed
from overfit_tutorial.weights.arrays import Weights, split_biases


def train_block(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    recipe: Recipe,
    seeds: Sequence[np.random.SeedSequence],
    *,
    scaling: Scaling | None = None,
    initial_weights: Weights | None = None,
    checkpoints: Sequence[int] = (),
    n_padded: int | None = None,
    proceed: Callable[[int], None] = lambda n_epochs: None,
) -> Trained:
    """Train one network for each seed.

    Parameters
    ----------
    x, y : ndarray of shape (n_members, n_samples)
        The points of each member; `x` has a last axis of the inputs where these are several.
    recipe : Recipe
        How to train.
    seeds : sequence of SeedSequence
        One for each member.
    scaling : Scaling or None
        Units with a number for each member, instead of those that the recipe asks for.
    initial_weights : sequence of ndarray or None
        Where to begin, with the member axis first, instead of drawing from the seeds.
    checkpoints : sequence of int
        Epochs after which to copy the weights, and what the optimizer keeps beside them.
    n_padded : int or None
        Fill the block up to so many members, so that blocks of several sizes share one compiled
        loop.
    proceed : callable
        Called with the epochs just taken; may raise to stop.
    """
    start, n_members = perf_counter(), len(x)
    rows = np.minimum(np.arange(n_padded or n_members), n_members - 1)
    x, y, seeds = x[rows], y[rows], [seeds[k] for k in rows]
    units = Scaling(*(part[rows] for part in scaling)) if scaling else units_of(recipe, x, y)
    if initial_weights is None:
        first = draws.initial_weights_of(recipe, seeds)
    else:
        first = tuple(w[rows] for w in initial_weights)
    training = _Training(
        (x - units.x_mean[:, None]) / units.x_std[:, None],
        (y - units.y_mean[:, None]) / units.y_std[:, None],
        recipe,
        seeds,
        weights=tuple(tf.constant(w, recipe.dtype) for w in first),
        checkpoints=checkpoints,
    )
    while not training.is_over():
        training.advance(proceed)
    units = Scaling(*(read_only(part[:n_members]) for part in units))
    found = training.collect(n_members, units)
    seconds = np.full(n_members, (perf_counter() - start) / n_members)
    return Trained(recipe=recipe, engine="xla", scaling=units, seconds=read_only(seconds), **found)


class _Training:
    """A block on its way, some epochs after its beginning.

    Parameters
    ----------
    x, y : ndarray of shape (n_members, n_samples)
        The points in the units of the networks; `x` as in `train_block`.
    recipe, seeds, checkpoints
        As in `train_block`.
    weights : tuple of tensors
        Where to begin.
    """

    def __init__(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        recipe: Recipe,
        seeds: Sequence[np.random.SeedSequence],
        *,
        weights: tuple[Any, ...],
        checkpoints: Sequence[int],
    ) -> None:
        n_members, n_samples = y.shape
        self.recipe, self.checkpoints = recipe, checkpoints
        self.n_epochs, self.done = recipe.n_epochs(n_samples), 0
        self.ends = sorted({*checkpoints, self.n_epochs})  # of calls, whatever their pace
        # Calls are handed room for so many epochs, which should not be much more than they take.
        # But the epochs of a recipe alone are no reason to compile again.
        longest = np.diff([0, *self.ends]).max() if checkpoints else MOST_EPOCHS_A_CALL
        self.pace = Pace(recipe, n_members, n_samples, most_epochs=int(longest))
        self.orders = draws.Orders(recipe, seeds, recipe.n_train(n_samples))
        rates = draws.learning_rates(recipe.learning_rate, recipe.n_steps(n_samples))
        self.rates = rates.reshape(self.n_epochs, -1)
        keys = [child_seed(seed, DROPOUT).generate_state(1, np.uint64) for seed in seeds]
        self.always = {
            "x": tf.constant(x.reshape(*y.shape, -1), recipe.dtype),
            "y": tf.constant(y[..., None], recipe.dtype),
            "weight_decay": tf.constant(recipe.weight_decay, recipe.dtype),
            "dropout_keys": tf.constant(np.concatenate(keys)),
            "patience": tf.constant(recipe.patience or np.iinfo(np.int32).max),
        }
        self.state = loop.initial_state(layers.pack(weights), self.pace.shape)
        self.kept: dict[int, loop.State] = {}
        self.records: list[list[NDArray[Any]]] = []

    def is_over(self) -> bool:
        """Return whether no member has anything left to do."""
        return self.done == self.n_epochs or (
            self.recipe.patience is not None and bool(self.state.stopped.numpy().all())
        )

    def advance(self, proceed: Callable[[int], None]) -> None:
        """Take some epochs in one call, or a long epoch in several."""
        end = next(end for end in self.ends if end > self.done)
        n_epochs = min(self.pace.n_epochs, end - self.done)
        inputs, n_batches, first = self._inputs(n_epochs), self.pace.shape.n_whole_batches, 0
        while (stop := self.pace.next_cut(first)) < n_batches:
            self.state, *_ = self.pace.run(self.state, inputs, (first, stop))
            proceed(0)
            first = stop
        self.state, *record = self.pace.run(self.state, inputs, (first, n_batches))
        self.records.append([part.numpy()[:n_epochs].T for part in record])
        self.done += n_epochs
        if self.done in self.checkpoints:
            self.kept[self.done] = self.state
        proceed(n_epochs)

    def _inputs(self, n_epochs: int) -> loop.Inputs:
        """Return what the next epochs need; a compiled call has one shape, so zeros follow."""
        room = self.pace.shape.epochs_per_call
        rates = np.zeros((room, self.rates.shape[1]))
        rates[:n_epochs] = self.rates[self.done : self.done + n_epochs]
        return loop.Inputs(
            **self.always,
            orders=tf.constant(self.orders.next(n_epochs, room)),
            rates=tf.constant(rates, self.recipe.dtype),
            average_from=tf.constant(self.n_epochs - self.recipe.average_last - self.done),
            n_epochs=tf.constant(n_epochs),
        )

    def collect(self, n_members: int, units: Scaling) -> dict[str, Any]:
        """Return the fields of `Trained`, without the members that only fill up the block."""
        train, validation, ran = (
            np.concatenate(parts, axis=1)[:n_members] for parts in zip(*self.records, strict=True)
        )
        stops_early = self.recipe.patience is not None
        last = _arrays(self.state.best if stops_early else self.state.layers, n_members)
        final = _arrays(self.state.mean, n_members) if self.recipe.average_last else last
        finite = np.isfinite(train) & np.isfinite(validation)
        for array in (*final, *last):
            finite &= np.isfinite(array.reshape(n_members, -1)).all(axis=1)[:, None]
        # The slots are all layers of a kind here, not all kinds of a layer.
        kinds = {epoch: zip(*kept.slots, strict=True) for epoch, kept in self.kept.items()}
        return {
            "weights": final,
            "last_weights": last,
            "loss": self._history(train, ran, units),
            "validation_loss": self._history(validation, ran, units)[
                :, : self.n_epochs if self.pace.shape.n_validation else 0
            ],
            "checkpoints": {
                epoch: _arrays(kept.layers, n_members) for epoch, kept in self.kept.items()
            },
            "slots": {
                epoch: tuple(_arrays(kind, n_members) for kind in of_all)
                for epoch, of_all in kinds.items()
            },
            "diverged": read_only((ran & ~finite).any(axis=1)),
        }

    def _history(
        self, loss: NDArray[Any], ran: NDArray[np.bool_], units: Scaling
    ) -> NDArray[np.float64]:
        """Return the losses of all epochs in units of y, NaN where a member had stopped before."""
        history = np.full((len(loss), self.n_epochs), np.nan)
        history[:, : loss.shape[1]][ran] = loss[ran]
        return read_only(history * units.y_std[:, None] ** 2)


def _arrays(packed: tuple[Any, ...], n_members: int) -> Weights:
    """Return the members' weights as read-only arrays, without those that only fill up."""
    arrays = split_biases([layer.numpy()[:n_members] for layer in packed])
    return tuple(read_only(array) for array in arrays)
