"""The loss of a Keras network as a function of its weights, with its first two derivatives.

Where `model.evaluate` needs weights to be set first, this takes them as an argument: for a walk
through the landscape, or for products with the Hessian.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from overfit_tutorial import _forks
from overfit_tutorial.landscapes import functional
from overfit_tutorial.landscapes.functional import Network, Tensor
from overfit_tutorial.weights import arrays


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """The mean squared error of a network on some points, as a function of the weights.

    `build_loss` makes it. Called with a list of weights as Keras' `get_weights` returns it, it
    returns the loss there.

    Parameters
    ----------
    network : object
        The layers and shapes of the network.
    places, targets : tensors of shape (n_samples, n_features) and (n_samples,)
        The points.
    """

    network: Network
    places: Tensor
    targets: Tensor
    _found: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, weights: Sequence[ArrayLike]) -> float:
        """Return the loss at `weights`."""
        return float(self._call(_value, *self._arguments(weights)))

    def gradient(self, weights: Sequence[ArrayLike]) -> list[NDArray[Any]]:
        """Return the gradient at `weights`, as arrays of their shapes."""
        slopes = self._call(_gradient, *self._arguments(weights))
        return arrays.split(slopes.numpy(), self.network.shapes)

    def hessian_operator(self, weights: Sequence[ArrayLike]) -> LinearOperator:
        """Return the Hessian at `weights`, as in the function `hessian_operator`."""
        arguments, n_parameters = self._arguments(weights), self.network.n_parameters
        fixed = arguments[0], self._call(_linearize, *arguments)

        def multiply(vector: ArrayLike) -> NDArray[Any]:
            direction = tf.constant(np.ravel(vector), self.network.dtype)
            return np.asarray(self._call(_hessian_product, *fixed, direction))

        return LinearOperator(
            (n_parameters, n_parameters),
            matvec=multiply,
            rmatvec=multiply,
            dtype=np.dtype(self.network.dtype),
        )

    def _arguments(self, weights: Sequence[ArrayLike]) -> tuple[Tensor, Tensor, Tensor]:
        return self.network.join(weights), self.places, self.targets

    def _call(self, function: Callable[..., Any], *arguments: Tensor) -> Any:
        """Call compiled code, looked up once: to find it by its arguments takes a while."""
        _forks.check_not_copied()
        if function not in self._found:
            compiled = functional.compiled(function, self.network, int(self.places.shape[0]))
            self._found[function] = compiled.get_concrete_function(*arguments)
        return self._found[function](*arguments)


def build_loss(model: Any, x: ArrayLike, y: ArrayLike, *, dtype: str = "float64") -> Loss:
    """Return the loss of a network's architecture on some points, as a function of the weights.

    Parameters
    ----------
    model : keras.Sequential
        Built, of Dense, Activation, Rescaling and Dropout layers, with one output. Dropout is
        off, as it is when a network predicts. The present weights do not matter.
    x : array_like of shape (n_samples,) or (n_samples, n_features)
        Inputs.
    y : array_like of shape (n_samples,)
        Targets.
    dtype : {"float64", "float32"}
        The precision to compute in.

    Returns
    -------
    Loss
        Call it with weights; it also has their `gradient` and `hessian_operator`.

    Raises
    ------
    TypeError, ValueError
        If the model has other layers or several outputs, or the points do not fit it.

    Examples
    --------
    A network of one Dense layer is a line, and its loss is the mean squared residual:

    >>> from overfit_tutorial.networks import build_mlp
    >>> loss = build_loss(build_mlp((), seed=0), [0.0, 1.0], [0.0, 3.0])
    >>> loss([[[2.0]], [0.0]])
    0.5
    """
    network = functional.read(model, dtype)
    places = network.places(x)
    return Loss(network=network, places=places, targets=network.targets(y, int(places.shape[0])))


# Of the weights, all functions below take one vector.


def _value(network: Network, weights: Tensor, places: Tensor, targets: Tensor) -> Tensor:
    return _mean_square(network.run(network.split(weights), places)[-1], targets)


def _mean_square(outputs: Tensor, targets: Tensor) -> Tensor:
    return tf.reduce_mean(tf.square(outputs[:, 0] - targets))


def _gradient(network: Network, weights: Tensor, places: Tensor, targets: Tensor) -> Tensor:
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = _value(network, weights, places, targets)
    return tape.gradient(value, weights, unconnected_gradients="zero")


def _linearize(network: Network, weights: Tensor, places: Tensor, targets: Tensor) -> Tensor:
    """Return what `_hessian_product` needs besides weights and vector.

    Side by side, with a row for each sample, are what enters each layer and the slopes of the loss
    in what leaves it: in one tensor, since TensorFlow takes longer to hand over forty of them than
    the product takes.
    """
    with tf.GradientTape() as tape:
        tape.watch(places)
        signals = network.run(network.split(weights), places)
        value = _mean_square(signals[-1], targets)
    slopes = tape.gradient(value, signals[1:], unconnected_gradients="zero")
    return tf.concat([*signals[:-1], *slopes], axis=1)


def _hessian_product(network: Network, weights: Tensor, record: Tensor, vector: Tensor) -> Tensor:
    """Return how the gradient moves with the weights.

    Forward over reverse, layer by layer: what does not depend on the vector is in the record, and
    need not be computed in each product.
    """
    widths = network.widths
    columns = tf.split(record, widths[:-1] + widths[1:], axis=1)
    parts = list(
        zip(
            network.layers,
            network.by_layer(network.split(weights)),
            network.by_layer(network.split(vector)),
            columns[: len(network.layers)],
            columns[len(network.layers) :],
            strict=True,
        )
    )
    moves = [tf.zeros_like(columns[0])]  # of what enters each layer
    for layer, own, direction, signal, _ in parts:
        with tf.autodiff.ForwardAccumulator(
            [signal, *own], [moves[-1], *direction]
        ) as accumulator:
            leaving = layer(signal, *own)
        moves.append(accumulator.jvp(leaving, unconnected_gradients="zero"))
    back = 2 * moves.pop() / record.shape[0]  # of the slope in what leaves, at first the outputs
    product: list[Tensor] = []
    for layer, own, direction, signal, slope in reversed(parts):
        with tf.autodiff.ForwardAccumulator(
            [signal, *own, slope], [moves.pop(), *direction, back]
        ) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch([signal, *own])
                leaving = layer(signal, *own)
            gradients = tape.gradient(
                leaving, [signal, *own], output_gradients=slope, unconnected_gradients="zero"
            )
        back, *here = accumulator.jvp(gradients, unconnected_gradients="zero")
        product = here + product
    return tf.concat([tf.reshape(piece, [-1]) for piece in product], axis=0)
