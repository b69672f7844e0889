"""One step of an optimizer, written out as Keras 3 does it.

Keras' own optimizers own variables and cannot run inside a compiled loop; each rule here is the
same arithmetic on plain arrays. Tests hold every rule to its Keras namesake, step by step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

# On these the thresholds of stability depend as well. Keras' defaults, but for the momentum.
MOMENTUM, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-7

# (weight, gradient, slots, learning rate, number of the step from 1) -> (weight, slots)
Rule = Callable[[Any, Any, tuple[Any, ...], Any, Any], tuple[Any, tuple[Any, ...]]]


class Optimizer(NamedTuple):
    """An update rule, and the first value of each array that it keeps beside the weights."""

    slots: tuple[float, ...]
    rule: Rule


def _sgd(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    return w - g * rate, slots


def _momentum(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    velocity = slots[0] * MOMENTUM - g * rate
    return w + velocity, (velocity,)


def _nesterov(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    velocity = slots[0] * MOMENTUM - g * rate
    return w + (velocity * MOMENTUM - g * rate), (velocity,)


def _rmsprop(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    square = 0.9 * slots[0] + (1 - 0.9) * tf.square(g)
    return w - rate * g / tf.sqrt(square + EPSILON), (square,)


def _adagrad(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    total = slots[0] + tf.square(g)
    return w - rate * g / tf.sqrt(total + EPSILON), (total,)


def _adam(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    first, second = slots
    alpha = rate * tf.sqrt(1 - tf.pow(_like(t, BETA_2), t)) / (1 - tf.pow(_like(t, BETA_1), t))
    first = first + (g - first) * (1 - BETA_1)
    second = second + (tf.square(g) - second) * (1 - BETA_2)
    return w - first * alpha / (tf.sqrt(second) + EPSILON), (first, second)


def _lion(w: Any, g: Any, slots: tuple[Any, ...], rate: Any, t: Any) -> Any:
    (first,) = slots
    step = rate * tf.sign(first * 0.9 + g * (1 - 0.9))
    return w - step, (first * 0.99 + g * (1 - 0.99),)


def _like(tensor: Any, value: float) -> Any:
    return tf.constant(value, tensor.dtype)


#: The optimizers that a recipe may name, with Keras' default constants; momentum is 0.9.
#: AdamW is Adam with a weight decay, which is a setting of the recipe.
OPTIMIZERS = {
    "sgd": Optimizer((), _sgd),
    "momentum": Optimizer((0.0,), _momentum),
    "nesterov": Optimizer((0.0,), _nesterov),
    "rmsprop": Optimizer((0.0,), _rmsprop),
    "adagrad": Optimizer((0.1,), _adagrad),
    "adam": Optimizer((0.0, 0.0), _adam),
    "lion": Optimizer((0.0,), _lion),
}
