"""Many steps of several networks in one compiled call.

The networks share one shape and lie side by side along a leading axis, *member*. A step gathers
each member's batch, runs all networks forward and backward by batched matrix products, and
updates all weights. XLA compiles the loop over steps as a whole, so that no Python runs between
two of them: that, and not the arithmetic, is what ``model.fit`` spends its time on.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from overfit_tutorial import _forks, _xla
from overfit_tutorial._engine import dropout, layers
from overfit_tutorial._engine.updates import OPTIMIZERS


@dataclass(frozen=True)
class Shape:
    """All that the compiled code depends on; the same shape is never compiled twice."""

    n_members: int
    widths: tuple[int, ...]
    activation: str | Callable[[Any], Any]
    optimizer: str
    n_train: int
    n_validation: int
    batch_size: int
    keep_short_batch: bool
    dropout: float
    averages: bool
    epochs_per_call: int
    completes: bool  # False: a call takes some whole batches of one epoch that goes on after it
    dtype: str

    @property
    def n_whole_batches(self) -> int:
        """Return how many batches of an epoch are not short."""
        return self.n_train // self.batch_size

    @property
    def short_batch(self) -> int:
        """Return the size of the last, smaller batch of an epoch, or zero."""
        return self.n_train % self.batch_size if self.keep_short_batch else 0


class State(NamedTuple):
    """What changes from step to step; every array has the member axis first."""

    layers: tuple[Any, ...]  # (n_members, n_in + 1, n_out), packed by `pack`
    slots: tuple[tuple[Any, ...], ...]  # of the optimizer, for each of the layers
    step: Any  # steps taken, in the precision of the weights
    loss_sum: Any  # (n_members,) over the points of the present epoch
    mean: tuple[Any, ...]  # of the layers over the tail; empty unless the shape has averages
    n_averaged: Any
    best: tuple[Any, ...]  # layers of the best validation loss; empty without validation
    best_loss: Any  # (n_members,)
    wait: Any  # (n_members,) epochs since then
    stopped: Any  # (n_members,)


class Inputs(NamedTuple):
    """What a call is given besides the state."""

    x: Any  # (n_members, n_train + n_validation, n_inputs)
    y: Any  # (n_members, n_train + n_validation, 1)
    orders: Any  # (n_members, epochs_per_call, n_train), whole numbers
    rates: Any  # (epochs_per_call, steps_per_epoch)
    weight_decay: Any
    dropout_keys: Any  # (n_members,)
    patience: Any
    average_from: Any  # the first epoch of this call that is averaged
    n_epochs: Any  # at most epochs_per_call


def initial_state(packed: tuple[Any, ...], shape: Shape) -> State:
    """Return the state before the first step."""
    values = OPTIMIZERS[shape.optimizer].slots
    return State(
        layers=packed,
        slots=tuple(
            tuple(tf.fill(w.shape, _constant(value, w)) for value in values) for w in packed
        ),
        step=_constant(0, packed[0]),
        loss_sum=tf.zeros([shape.n_members], shape.dtype),
        mean=tuple(tf.zeros_like(w) for w in packed) if shape.averages else (),
        n_averaged=_constant(0, packed[0]),
        best=packed if shape.n_validation else (),
        best_loss=tf.fill([shape.n_members], _constant(float("inf"), packed[0])),
        wait=tf.zeros([shape.n_members], tf.int32),
        stopped=tf.zeros([shape.n_members], tf.bool),
    )


class Loop:
    """The compiled function of a shape: takes a state some epochs further.

    Called with a `State`, `Inputs` and the batches to take in an epoch, the first of them and the
    first not to, it returns the next state and, of each epoch and of shape
    ``(epochs_per_call, n_members)``, the training loss, the validation loss, and whether the
    member had not been stopped before.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._traced: Any = None
        self._tracing = threading.Lock()

    def __call__(self, state: State, inputs: Inputs, batches: Any) -> tuple[State, Any, Any, Any]:
        _forks.check_not_copied()
        with self._tracing:
            if self._traced is None:
                function = tf.function(self._run, jit_compile=_xla.has_xla(), autograph=False)
                self._traced = function.get_concrete_function(state, inputs, batches)
        result: tuple[State, Any, Any, Any] = self._traced(state, inputs, batches)
        return result

    def _run(self, state: State, inputs: Inputs, batches: Any) -> tuple[State, Any, Any, Any]:
        shape = self.shape
        size = [shape.epochs_per_call, shape.n_members]
        losses, flags = tf.zeros(size, shape.dtype), tf.zeros(size, tf.bool)

        def body(epoch: Any, state: State, *records: Any) -> Any:
            running = ~state.stopped
            state, *new = _epoch(shape, state, inputs, batches, epoch)
            pairs = zip(records, (*new, running), strict=True)
            rows = (tf.tensor_scatter_nd_update(old, [[epoch]], [row]) for old, row in pairs)
            return epoch + 1, state, *rows

        _, state, train, validation, ran = tf.while_loop(
            lambda epoch, *_: epoch < inputs.n_epochs, body, (0, state, losses, losses, flags)
        )
        return state, train, validation, ran


def compiled_loop(shape: Shape) -> Loop:
    """Return the loop of a shape; the same shape is compiled once, also by several threads."""
    with _LOOKING_UP:
        return _loop_of(shape)


_LOOKING_UP = threading.Lock()
_loop_of = functools.lru_cache(maxsize=64)(Loop)


def _epoch(
    shape: Shape, state: State, inputs: Inputs, batches: Any, epoch: Any
) -> tuple[State, Any, Any]:
    """Take the steps of one epoch."""
    order = inputs.orders[:, epoch]
    x = tf.gather(inputs.x, order, batch_dims=1)
    y = tf.gather(inputs.y, order, batch_dims=1)
    averaged = epoch >= inputs.average_from

    def take(state: State, index: Any, size: int) -> State:
        begin = [0, index * shape.batch_size, 0]
        points = tf.slice(x, begin, [shape.n_members, size, shape.widths[0]])
        targets = tf.slice(y, begin, [shape.n_members, size, 1])
        rate = inputs.rates[epoch, index]
        state, loss = _step(shape, state, inputs, points, targets, rate, averaged)
        return state._replace(loss_sum=state.loss_sum + loss * size)

    _, state = tf.while_loop(
        lambda index, _: index < batches[1],
        lambda index, state: (index + 1, take(state, index, shape.batch_size)),
        (batches[0], state),
    )
    if not shape.completes:
        return state, state.loss_sum, state.loss_sum
    if shape.short_batch:
        state = take(state, shape.n_whole_batches, shape.short_batch)
    n_points = shape.n_whole_batches * shape.batch_size + shape.short_batch
    loss = state.loss_sum / n_points
    state = state._replace(loss_sum=tf.zeros_like(loss))
    if not shape.n_validation:
        return state, loss, tf.zeros_like(loss)
    state, validation_loss = _validate(shape, state, inputs)
    return state, loss, validation_loss


def _step(
    shape: Shape, state: State, inputs: Inputs, x: Any, y: Any, rate: Any, averaged: Any
) -> tuple[State, Any]:
    """Take one step of every member; return the losses before it."""
    activation = keras.activations.get(shape.activation)
    with tf.GradientTape() as tape:
        tape.watch(state.layers)
        masks = dropout.masks(shape, inputs.dropout_keys, state.step, x.shape[1])
        outputs = layers.forward(state.layers, x, activation, masks)
        losses = tf.reduce_mean(tf.square(outputs - y), axis=(1, 2))
        total = tf.reduce_sum(losses)  # a member's layers touch its own loss alone
    gradients = tape.gradient(total, state.layers)
    rule, step = OPTIMIZERS[shape.optimizer].rule, state.step + 1
    decayed = [w - w * inputs.weight_decay * rate for w in state.layers]
    updated = [
        rule(w, g, slots, rate, step)
        for w, g, slots in zip(decayed, gradients, state.slots, strict=True)
    ]
    moved, slots = tuple(w for w, _ in updated), tuple(s for _, s in updated)
    state = state._replace(layers=moved, slots=slots, step=step)
    if shape.averages:
        count = state.n_averaged + tf.cast(averaged, shape.dtype)
        share = tf.math.divide_no_nan(tf.cast(averaged, shape.dtype), count)
        mean = tuple(m + (w - m) * share for m, w in zip(state.mean, moved, strict=True))
        state = state._replace(mean=mean, n_averaged=count)
    return state, losses


def _validate(shape: Shape, state: State, inputs: Inputs) -> tuple[State, Any]:
    """Keep the best weights, as Keras' ``EarlyStopping(restore_best_weights=True)`` does."""
    activation = keras.activations.get(shape.activation)
    x, y = inputs.x[:, shape.n_train :], inputs.y[:, shape.n_train :]
    loss = tf.reduce_mean(tf.square(layers.forward(state.layers, x, activation) - y), axis=(1, 2))
    better = (loss < state.best_loss) & ~state.stopped
    wait = tf.where(better, 0, state.wait + 1)
    state = state._replace(
        best=tuple(
            tf.where(better[:, None, None], w, b)
            for w, b in zip(state.layers, state.best, strict=True)
        ),
        best_loss=tf.where(better, loss, state.best_loss),
        wait=wait,
        stopped=state.stopped | (wait >= inputs.patience),
    )
    return state, loss


def _constant(value: float, like: Any) -> Any:
    return tf.constant(value, like.dtype)
