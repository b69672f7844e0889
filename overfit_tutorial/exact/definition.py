"""What the exact trainer computes, to the last rounding: one network in NumPy.

This is the definition, and the way to train where there is no WebAssembly. `trainer.c` does the
same operations in the same order and leaves out what adds an exact zero; so results are equal bit
for bit. Each operation on float32 numbers rounds once. Sums are taken one by one:

- what enters a unit begins at its bias and takes the inputs as they come;
- the slope of the loss by a unit begins at zero and takes the units behind it as they come;
- a gradient is summed over a batch in four lanes, point *i* in lane *i* modulo 4, and is then
  ``(lane 0 + lane 1) + (lane 2 + lane 3)``.

Points lie side by side: activations have the shape ``(n_units, n_points)``. A batch is filled up
to a multiple of four points, whose error is zero.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import draws
from overfit_tutorial.exact.plan import N_SLOTS, Array, Plan
from overfit_tutorial.weights.arrays import Weights

_NUMBER = np.float32
_SMALLEST_MOMENTUM = np.float32(2.0**-100)  # half of all would become subnormal, which is slow
_EPSILON = np.float32(1e-7)


# -- The network -------------------------------------------------------------


def affine(kernel: Array, bias: Array, entered: Array) -> Array:
    """Return what leaves a layer before its activation, ``(n_out, n_points)``."""
    sums = np.repeat(bias[:, None], entered.shape[1], axis=1)
    for row, values in zip(kernel, entered, strict=True):
        if values.any():  # zeros add nothing
            sums += row[:, None] * values
    return sums


def forward(weights: Weights, x: Array) -> list[Array]:
    """Return the inputs, what leaves each hidden layer, and the outputs ``(1, n_points)``."""
    layers = [x]
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for kernel, bias in hidden:
        z = affine(kernel, bias, layers[-1])
        # A dead unit is zero. One that is not finite stays so, or nobody would see it.
        layers.append(np.where(z > 0, z, z * _NUMBER(0)))
    return [*layers, affine(*last, layers[-1])]


def backward(kernel: Array, slopes: Array, entered: Array) -> Array:
    """Return the slopes of the loss by what entered a layer, zero where a unit was dead."""
    sums = np.zeros((len(kernel), slopes.shape[1]), _NUMBER)
    for column, values in zip(kernel.T, slopes, strict=True):
        if values.any():
            sums += column[:, None] * values
    return np.where(entered > 0, sums, _NUMBER(0))


def batch_sums(entered: Array, slopes: Array) -> Array:
    """Return the gradient of a kernel, ``(n_in, n_out)``, by a sum over the batch."""
    gradient = np.zeros((len(entered), len(slopes)), _NUMBER)
    alive = np.ix_(entered.any(axis=1), slopes.any(axis=1))
    rows, columns = entered[alive[0][:, 0]], slopes[alive[1][0]]
    lanes = np.zeros((len(rows), len(columns), 4), _NUMBER)
    for begin in range(0, entered.shape[1], 4):
        part = slice(begin, begin + 4)
        lanes += rows[:, None, part] * columns[:, part]
    gradient[alive] = (lanes[..., 0] + lanes[..., 1]) + (lanes[..., 2] + lanes[..., 3])
    return gradient


def gradients(weights: Weights, layers: list[Array], slopes: Array) -> list[Array]:
    """Return the gradients, in the order of the weights, from the slopes by the outputs."""
    ones = np.ones((1, slopes.shape[1]), _NUMBER)
    found: list[Array] = []
    for kernel, entered in zip(weights[-2::-2], layers[-2::-1], strict=True):
        found = [batch_sums(entered, slopes), batch_sums(ones, slopes)[0], *found]
        slopes = backward(kernel, slopes, entered)
    return found


# -- The optimizers ----------------------------------------------------------


def _flushed(momentum: Array) -> Array:
    return np.where(np.abs(momentum) < _SMALLEST_MOMENTUM, _NUMBER(0), momentum)


def move(optimizer: str, gradient: Array, slots: list[Array], size: np.float32) -> Array:
    """Return what a step takes from weights; the slots are moved along."""
    push = gradient * size
    match optimizer:
        case "momentum":
            slots[0] = _flushed(slots[0] * _NUMBER(0.9) - push)
            return -slots[0]
        case "nesterov":
            slots[0] = _flushed(slots[0] * _NUMBER(0.9) - push)
            return push - slots[0] * _NUMBER(0.9)
        case "rmsprop":
            slots[0] = slots[0] + (gradient * gradient - slots[0]) * _NUMBER(0.1)
            return push / np.sqrt(slots[0] + _EPSILON)
        case "adagrad":
            slots[0] = slots[0] + gradient * gradient
            return push / np.sqrt(slots[0] + _EPSILON)
        case "adam":
            slots[0] = _flushed(slots[0] + (gradient - slots[0]) * _NUMBER(0.1))
            slots[1] = slots[1] + (gradient * gradient - slots[1]) * _NUMBER(0.001)
            return slots[0] * size / (np.sqrt(slots[1]) + _EPSILON)
        case "lion":
            step = np.sign(slots[0] * _NUMBER(0.9) + gradient * _NUMBER(0.1)) * size
            slots[0] = _flushed(slots[0] * _NUMBER(0.99) + gradient * _NUMBER(0.01))
            return step
        case _:
            return push


# -- Training ----------------------------------------------------------------


class Trainer:
    """One network on its way, step by step.

    Parameters
    ----------
    plan : Plan
        How it is trained.
    x, y : ndarray of shape (n_train + n_validation,)
        The points in the units of the network, in float32; `x` has a last axis of the inputs
        where these are several.
    weights : tuple of ndarray
        Where to begin: kernel and bias of each layer, in float32.
    number : int
        Of the seed that orders the points; see `draws.number_of`.
    """

    def __init__(self, plan: Plan, x: Array, y: Array, weights: Weights, number: int) -> None:
        self.plan, self.x, self.y = plan, _rows(x), y
        self._weights = [weight.copy() for weight in weights]
        first = _NUMBER(0.1 if plan.recipe.optimizer == "adagrad" else 0)
        n_slots = N_SLOTS[plan.recipe.optimizer]
        self._slots = [[np.full_like(w, first) for _ in range(n_slots)] for w in weights]
        self._sums = [np.zeros(w.shape) for w in weights]
        self._best, self._best_loss, self._wait = self.weights(), math.inf, 0
        self._losses: list[float] = []
        self._validation_losses: list[float] = []
        self._orders = _orders(plan, number)
        self._powers = 1.0, 1.0
        self._n_steps, self.is_over, self.has_diverged = 0, False, False
        self._begin, self._total = 0, 0.0  # of the epoch that is going on

    def advance(self, until: int, most_steps: int) -> int:
        """Go on to the end of epoch `until`, for some steps at most; return the epochs done."""
        with np.errstate(all="ignore"):
            for _ in range(most_steps):
                if self.is_over or len(self._losses) >= until:
                    break
                self._step()
        return len(self._losses)

    def weights(self) -> tuple[Array, ...]:
        """Return the weights after the last step, which are no numbers if it has diverged."""
        return tuple(weight.copy() for weight in self._weights)

    def slots(self) -> tuple[tuple[Array, ...], ...]:
        """Return what the optimizer keeps, like the weights, for each kind."""
        return tuple(zip(*self._slots, strict=True))

    def best(self) -> tuple[Array, ...]:
        """Return the weights with the smallest validation loss after an epoch."""
        return self._best

    def average(self) -> tuple[Array, ...]:
        """Return the mean of the weights since the plan's `average_from`."""
        n_averaged = self._n_steps - self.plan.average_from + 1
        return tuple((total / n_averaged).astype(_NUMBER) for total in self._sums)

    def losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the losses of the epochs done, in training and on what is held out."""
        return np.array(self._losses), np.array(self._validation_losses)

    def _step(self) -> None:
        """Take one step, and at the end of an epoch book its losses."""
        plan = self.plan
        if self._begin == 0:
            self._order = next(self._orders)
        batch = self._order[self._begin : plan.n_used][: plan.batch_size]
        layers = forward(self._weights, _filled(self.x[:, batch]))
        errors = layers[-1][0, : batch.size] - self.y[batch]
        self._total = _squares(errors, self._total)
        slopes = _filled(errors[None] * (_NUMBER(2) / _NUMBER(batch.size)))
        self._update(gradients(self._weights, layers, slopes))
        self._stop_unless_finite(*layers)
        self._begin += batch.size
        if self._begin == plan.n_used and not self.is_over:
            self._end_epoch()

    def _update(self, found: list[Array]) -> None:
        """Move the weights by their gradients."""
        recipe, rate = self.plan.recipe, self.plan.rates[self._n_steps]
        self._n_steps += 1
        size = rate
        if recipe.optimizer == "adam":
            self._powers = self._powers[0] * 0.9, self._powers[1] * 0.999
            size = rate * math.sqrt(1 - self._powers[1]) / (1 - self._powers[0])
        shrink = _NUMBER(recipe.weight_decay * rate)
        for k, (slots, gradient) in enumerate(zip(self._slots, found, strict=True)):
            weight = self._weights[k]
            if shrink:
                weight = weight - weight * shrink
            weight = weight - move(recipe.optimizer, gradient, slots, _NUMBER(size))
            self._weights[k] = weight
            self._stop_unless_finite(sum(slots, weight))
            if 0 < self.plan.average_from <= self._n_steps:
                self._sums[k] += weight

    def _end_epoch(self) -> None:
        """Book the losses; keep the best weights, stop after `patience` epochs without better."""
        plan = self.plan
        self._losses.append(self._total / plan.n_used)
        self._total, self._begin = 0.0, 0
        if plan.n_validation:
            layers = forward(self._weights, self.x[:, plan.n_train :])
            loss = _squares(layers[-1][0] - self.y[plan.n_train :], 0.0) / plan.n_validation
            if not all(np.isfinite(layer).all() for layer in layers):
                loss = math.nan
            self._validation_losses.append(loss)
            self._wait += 1
            if loss < self._best_loss:
                self._best, self._best_loss, self._wait = self.weights(), loss, 0
            self.is_over = self._wait == plan.recipe.patience
            self._stop_unless_finite(*layers)
        self.is_over |= len(self._losses) == plan.n_epochs

    def _stop_unless_finite(self, *arrays: Array) -> None:
        """Stop where anything is not finite: a network with such units may have finite losses."""
        if not all(np.isfinite(array).all() for array in arrays):
            self.is_over = self.has_diverged = True
            for lost in (*self._weights, *itertools.chain(*self._slots), *self._best):
                lost[...] = np.nan


def predict(weights: Weights, x: Array) -> Array:
    """Return a network's values, in float32, at float32 inputs ``(m,)`` or ``(m, n_inputs)``."""
    with np.errstate(all="ignore"):
        values: Array = forward(weights, _rows(x))[-1][0]
    return values


def _rows(x: Array) -> Array:
    """Return a row for each input."""
    return np.atleast_2d(x.T)


def _filled(rows: Array) -> Array:
    """Return rows, one for each input or output, filled up by zeros to a multiple of four."""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))


def _squares(errors: Array, total: float) -> float:
    """Return a sum in float64 that goes on with the squares of errors, one by one."""
    for error in errors.astype(np.float64):
        total += error * error
    return float(total)


def _orders(plan: Plan, number: int) -> Iterator[NDArray[np.int32]]:
    """Yield the order of the points in each epoch."""
    order = np.arange(plan.n_train, dtype=np.int32)
    if plan.recipe.batch_size is not None and plan.n_train > 1:
        orders = draws.Orders([number], plan.n_train)
        order = orders.next(1)[0, 0]
        while plan.recipe.reshuffle:
            yield order
            order = orders.next(1)[0, 0]
    while True:
        yield order
