"""Many steps of several networks in one compiled call.

The networks share one shape and lie side by side along a leading axis, *member*. A step gathers
each member's batch, runs all networks forward and backward by batched matrix products, and
updates all weights. XLA compiles the loop over steps as a whole, so that no Python runs between
two of them: that, and not the arithmetic, is what ``model.fit`` spends its time on.
"""

import functools
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

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

    x: Any  # (n_members, n_train + n_validation, 1)
    y: Any  # the same
    orders: Any  # (n_members, epochs_per_call, n_train), whole numbers
    rates: Any  # (epochs_per_call, steps_per_epoch)
    weight_decay: Any
    dropout_keys: Any  # (n_members,)
    patience: Any
    average_from: Any  # the first epoch of this call that is averaged
    n_epochs: Any  # at most epochs_per_call
    batches: Any  # (2,) the first of the whole batches to take in an epoch, and the first not to


def initial_state(layers: tuple[Any, ...], shape: Shape) -> State:
    """Return the state before the first step."""
    values = OPTIMIZERS[shape.optimizer].slots
    return State(
        layers=layers,
        slots=tuple(
            tuple(tf.fill(w.shape, _constant(value, w)) for value in values) for w in layers
        ),
        step=_constant(0, layers[0]),
        loss_sum=tf.zeros([shape.n_members], shape.dtype),
        mean=tuple(tf.zeros_like(w) for w in layers) if shape.averages else (),
        n_averaged=_constant(0, layers[0]),
        best=layers if shape.n_validation else (),
        best_loss=tf.fill([shape.n_members], _constant(float("inf"), layers[0])),
        wait=tf.zeros([shape.n_members], tf.int32),
        stopped=tf.zeros([shape.n_members], tf.bool),
    )


class Loop:
    """The compiled function of a shape: takes a state some epochs further.

    Called with a `State` and `Inputs`, it returns the next state and, of each epoch and of shape
    ``(epochs_per_call, n_members)``, the training loss, the validation loss, and whether the
    member had not been stopped before.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._traced: Any = None
        self._tracing = threading.Lock()

    def __call__(self, state: State, inputs: Inputs) -> tuple[State, Any, Any, Any]:
        with self._tracing:
            if self._traced is None:
                function = tf.function(self._run, jit_compile=has_xla(), autograph=False)
                self._traced = function.get_concrete_function(state, inputs)
        result: tuple[State, Any, Any, Any] = self._traced(state, inputs)
        return result

    def _run(self, state: State, inputs: Inputs) -> tuple[State, Any, Any, Any]:
        shape = self.shape
        size = [shape.epochs_per_call, shape.n_members]
        losses, flags = tf.zeros(size, shape.dtype), tf.zeros(size, tf.bool)

        def body(epoch: Any, state: State, *records: Any) -> Any:
            running = ~state.stopped
            state, *new = _epoch(shape, state, inputs, epoch)
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


@functools.cache
def has_xla() -> bool:
    """Return whether TensorFlow can compile here, and warn once if it cannot."""
    try:
        tf.function(lambda x: x + 1, jit_compile=True, autograph=False)(tf.constant(0))
    except (tf.errors.OpError, ValueError) as error:
        warnings.warn(
            f"TensorFlow cannot compile with XLA here, so training is slower: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


@functools.lru_cache(maxsize=64)
def check_activation(activation: str | Callable[[Any], Any], dtype: str) -> None:
    """Refuse an activation that the loop cannot use, by trying it on a few numbers."""
    function = keras.activations.get(activation)
    z = tf.reshape(tf.cast(tf.linspace(-2.0, 2.0, 24), dtype), [2, 3, 4])

    def probe() -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(z)
            values = function(z)
        apart = tf.stack([function(points) for points in tf.unstack(z)])
        return values, tape.gradient(values, z), apart

    try:
        if callable(activation):
            traced = tf.function(probe, jit_compile=has_xla(), autograph=False)
            values, slopes, apart = traced.get_concrete_function()()
        else:  # what Keras offers by name can be compiled, and trying that would take a while
            values, slopes, apart = probe()
    except Exception as error:
        raise ValueError(
            "activation must be a function of one tensor that TensorFlow can compile, "
            f"got {activation!r}: {error}"
        ) from error
    if (values.shape, values.dtype) != (z.shape, z.dtype):
        raise ValueError(
            f"activation must keep the shape and the precision of its argument, got "
            f"{activation!r}, which makes {values.dtype.name} of shape {values.shape} out of "
            f"{dtype} of shape {z.shape}"
        )
    if slopes is None:
        raise ValueError(f"activation must have a gradient, got {activation!r}")
    if not np.allclose(values, apart, equal_nan=True):
        raise ValueError(
            "activation must be the same for points of one network as for those of several, "
            f"got {activation!r}"
        )


def pack(weights: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one array a layer: the kernel with the bias as its last row.

    One product then gives the gradients of both, with the same rounding for one member as for
    many. A sum over the batch, which a bias of its own would need, XLA arranges differently.
    """
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return tuple(tf.concat([kernel, bias[..., None, :]], axis=-2) for kernel, bias in pairs)


def unpack(layers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return kernel and bias of each layer, in the order of Keras' `get_weights`."""
    return tuple(part for layer in layers for part in (layer[..., :-1, :], layer[..., -1, :]))


def forward(
    layers: tuple[Any, ...],
    x: Any,
    activation: Callable[[Any], Any],
    masks: tuple[Any, ...] = (),
) -> Any:
    """Return the networks' outputs, ``(..., n_points, 1)``, for inputs of the same shape."""
    for index, layer in enumerate(layers[:-1]):
        x = activation(_affine(x, layer))
        x = x * masks[index] if masks else x
    # Not a matrix product, since a lone member's with one column would be summed differently.
    last = tf.linalg.matrix_transpose(layers[-1])
    return tf.reduce_sum(tf.concat([x, _one(x)], axis=-1) * last, axis=-1, keepdims=True)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _affine(x: Any, layer: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """Return what leaves a packed layer before its activation.

    Its gradient is TensorFlow's own, but for one thing: what entered is transposed before the ones
    are appended to it. A product with a transposed factor, XLA hands to slower code.
    """

    def gradient(slope: Any) -> tuple[Any, Any]:
        entered = tf.linalg.matrix_transpose(x)
        rows = tf.concat([entered, tf.ones_like(entered[..., :1, :])], axis=-2)
        return tf.matmul(slope, layer, transpose_b=True)[..., :-1], tf.matmul(rows, slope)

    return tf.matmul(tf.concat([x, _one(x)], axis=-1), layer), gradient


def _one(x: Any) -> Any:
    """Return a column of ones, what the bias is multiplied with."""
    return tf.ones_like(x[..., :1])


def _epoch(shape: Shape, state: State, inputs: Inputs, epoch: Any) -> tuple[State, Any, Any]:
    """Take the steps of one epoch."""
    order = inputs.orders[:, epoch]
    x = tf.gather(inputs.x, order, batch_dims=1)
    y = tf.gather(inputs.y, order, batch_dims=1)
    averaged = epoch >= inputs.average_from

    def take(state: State, index: Any, size: int) -> State:
        begin = [0, index * shape.batch_size, 0]
        part = [shape.n_members, size, 1]
        points, targets = tf.slice(x, begin, part), tf.slice(y, begin, part)
        rate = inputs.rates[epoch, index]
        state, loss = _step(shape, state, inputs, points, targets, rate, averaged)
        return state._replace(loss_sum=state.loss_sum + loss * size)

    _, state = tf.while_loop(
        lambda index, _: index < inputs.batches[1],
        lambda index, state: (index + 1, take(state, index, shape.batch_size)),
        (inputs.batches[0], state),
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
        masks = _dropout_masks(shape, inputs.dropout_keys, state.step, x.shape[1])
        outputs = forward(state.layers, x, activation, masks)
        losses = tf.reduce_mean(tf.square(outputs - y), axis=(1, 2))
        total = tf.reduce_sum(losses)  # a member's layers touch its own loss alone
    gradients = tape.gradient(total, state.layers)
    rule, step = OPTIMIZERS[shape.optimizer].rule, state.step + 1
    decayed = [w - w * inputs.weight_decay * rate for w in state.layers]
    updated = [
        rule(w, g, slots, rate, step)
        for w, g, slots in zip(decayed, gradients, state.slots, strict=True)
    ]
    layers, slots = tuple(w for w, _ in updated), tuple(s for _, s in updated)
    state = state._replace(layers=layers, slots=slots, step=step)
    if shape.averages:
        count = state.n_averaged + tf.cast(averaged, shape.dtype)
        share = tf.math.divide_no_nan(tf.cast(averaged, shape.dtype), count)
        mean = tuple(m + (w - m) * share for m, w in zip(state.mean, layers, strict=True))
        state = state._replace(mean=mean, n_averaged=count)
    return state, losses


def _validate(shape: Shape, state: State, inputs: Inputs) -> tuple[State, Any]:
    """Keep the best weights, as Keras' ``EarlyStopping(restore_best_weights=True)`` does."""
    activation = keras.activations.get(shape.activation)
    x, y = inputs.x[:, shape.n_train :], inputs.y[:, shape.n_train :]
    loss = tf.reduce_mean(tf.square(forward(state.layers, x, activation) - y), axis=(1, 2))
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


def _dropout_masks(shape: Shape, keys: Any, step: Any, n_points: int) -> tuple[Any, ...]:
    """Return a mask for each hidden layer: zero, or what makes up for the zeros."""
    if not shape.dropout:
        return ()
    hidden = shape.widths[1:-1]
    n_units = sum(hidden)
    places = tf.reshape(tf.range(n_points * n_units, dtype=tf.int64), [n_points, n_units])
    before = tf.cast(step, tf.int64) * (shape.batch_size * n_units)
    draws = split_mix(keys[:, None, None], tf.cast(before + places, tf.uint64))
    draws = tf.cast(tf.bitwise.right_shift(draws, _unsigned(40)), tf.int32)  # 24 of the bits
    keep = tf.cast(draws >= round(shape.dropout * 2**24), shape.dtype)
    return tuple(tf.split(keep / (1 - shape.dropout), hidden, axis=-1))


def split_mix(key: Any, index: Any) -> Any:
    """Return 64 random bits: number `index`, from zero, of the stream that `key` starts.

    This is SplitMix64. TensorFlow's generators give other numbers under XLA than without, and one
    stream at a time.

    References
    ----------
    Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.
    """
    z = key + (index + 1) * _unsigned(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(shift)))
        z *= _unsigned(factor)
    return z


def _unsigned(value: int) -> Any:
    return tf.constant(value, tf.uint64)


def _constant(value: float, like: Any) -> Any:
    return tf.constant(value, like.dtype)
