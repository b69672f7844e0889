"""The loss of a Keras network as a function of its weights, with its first two derivatives.

Where `model.evaluate` needs weights to be set first, this takes them as an argument: for a walk
through the landscape, or for products with the Hessian.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from overfit_tutorial import _functional
from overfit_tutorial._functional import Network, Tensor


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

    def __call__(self, weights: Sequence[ArrayLike]) -> float:
        """Return the loss at `weights`."""
        return float(self._compiled(_value)(*self._arguments(weights)))

    def gradient(self, weights: Sequence[ArrayLike]) -> list[NDArray[Any]]:
        """Return the gradient at `weights`, as arrays of their shapes."""
        slopes = self._compiled(_gradient)(*self._arguments(weights))
        return [slope.numpy() for slope in slopes]

    def hessian_operator(self, weights: Sequence[ArrayLike]) -> LinearOperator:
        """Return the Hessian at `weights`, as in the function `hessian_operator`."""
        arguments, n_parameters = self._arguments(weights), self.network.n_parameters
        # Looked up once: to find it again by its arguments would take a fifth of each product.
        compiled: Any = self._compiled(_hessian_product)
        product = compiled.get_concrete_function(
            *arguments, tf.TensorSpec([n_parameters], self.network.dtype)
        )

        def multiply(vector: ArrayLike) -> NDArray[Any]:
            direction = tf.constant(np.ravel(vector), self.network.dtype)
            return product(*arguments, direction).numpy()  # type: ignore[no-any-return]

        return LinearOperator(
            (n_parameters, n_parameters),
            matvec=multiply,
            rmatvec=multiply,
            dtype=np.dtype(self.network.dtype),
        )

    def _arguments(self, weights: Sequence[ArrayLike]) -> tuple[list[Tensor], Tensor, Tensor]:
        return self.network.tensors(weights), self.places, self.targets

    def _compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return _functional.compiled(function, self.network, int(self.places.shape[0]))


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
    network = _functional.read(model, dtype)
    places = network.places(x)
    return Loss(network=network, places=places, targets=network.targets(y, int(places.shape[0])))


def _value(network: Network, weights: list[Tensor], places: Tensor, targets: Tensor) -> Tensor:
    return tf.reduce_mean(tf.square(network.run(weights, places)[0] - targets))


def _gradient(
    network: Network, weights: list[Tensor], places: Tensor, targets: Tensor
) -> list[Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = _value(network, weights, places, targets)
    return tape.gradient(value, weights, unconnected_gradients="zero")  # type: ignore[no-any-return]


def _hessian_product(
    network: Network, weights: list[Tensor], places: Tensor, targets: Tensor, vector: Tensor
) -> Tensor:
    # Forward over reverse: measured fastest of the three orders in which the two can be nested.
    with tf.autodiff.ForwardAccumulator(weights, network.split(vector)) as accumulator:
        slopes = _gradient(network, weights, places, targets)
    product = accumulator.jvp(slopes, unconnected_gradients="zero")
    return tf.concat([tf.reshape(piece, [-1]) for piece in product], axis=0)
