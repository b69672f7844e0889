"""The Hessian, the Jacobian and the tangent kernel of a Keras network."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from overfit_tutorial.landscapes import functional, losses


def hessian_operator(
    model: Any, x: ArrayLike, y: ArrayLike, *, dtype: str = "float64"
) -> LinearOperator:
    """Return the Hessian of a network's loss as an operator that multiplies it with vectors.

    The products are exact :cite:`pearlmutter1994`: the derivative of the gradient in the
    direction of the vector, by automatic differentiation, in one compiled call that costs about
    two gradients. Where a ReLU is at its kink, its derivative is Keras', which is that to the
    left.

    Parameters
    ----------
    model, x, y, dtype
        As in `losses.build_loss`. The operator keeps the weights that the model has now.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator of shape (n_parameters, n_parameters)
        Symmetric.

    References
    ----------
    :cite:t:`pearlmutter1994`

    Examples
    --------
    The Hessian of a line's loss holds the moments of the inputs, twice:

    >>> from overfit_tutorial.networks import build_mlp
    >>> hessian_operator(build_mlp((), seed=0), [0.0, 1.0], [0.0, 0.0]) @ np.eye(2)
    array([[1., 1.],
           [1., 2.]])
    """
    return losses.build_loss(model, x, y, dtype=dtype).hessian_operator(model.get_weights())


def jacobian(model: Any, x: ArrayLike, *, dtype: str = "float64") -> NDArray[Any]:
    """Return the derivative of each prediction with respect to each parameter.

    Parameters
    ----------
    model, x, dtype
        As in `losses.build_loss`.

    Returns
    -------
    ndarray of shape (n_samples, n_parameters)
        Units of the targets over units of the parameters.

    Examples
    --------
    A line moves by its input if its slope moves by one, and by one if its intercept does:

    >>> from overfit_tutorial.networks import build_mlp
    >>> jacobian(build_mlp((), seed=0), [2.0, 3.0])
    array([[2., 1.],
           [3., 1.]])
    """
    blocks = []
    for inputs, slopes, bias in _signals(model, x, dtype):
        blocks.append(
            (inputs[:, :, np.newaxis] * slopes[:, np.newaxis, :]).reshape(len(inputs), -1)
        )
        if bias:
            blocks.append(slopes)
    return np.concatenate(blocks, axis=1)


def tangent_kernel(model: Any, x: ArrayLike, *, dtype: str = "float64") -> NDArray[Any]:
    r"""Return the tangent kernel :math:`J J^\top` of a network, with the Jacobian :math:`J`.

    How much a step of gradient descent that is meant for one prediction moves another
    :cite:`jacot2018`. It is summed over layers without building the Jacobian.

    Parameters
    ----------
    model, x, dtype
        As in `losses.build_loss`.

    Returns
    -------
    ndarray of shape (n_samples, n_samples)
        Symmetric and positive semidefinite.

    References
    ----------
    :cite:t:`jacot2018`

    Examples
    --------
    Of a line it is one plus the product of the inputs:

    >>> from overfit_tutorial.networks import build_mlp
    >>> tangent_kernel(build_mlp((), seed=0), [2.0, 3.0])
    array([[ 5.,  7.],
           [ 7., 10.]])
    """
    kernel: NDArray[Any] = np.sum(
        [
            (inputs @ inputs.T + float(bias)) * (slopes @ slopes.T)
            for inputs, slopes, bias in _signals(model, x, dtype)
        ],
        axis=0,
    )
    return kernel


def gauss_newton_eigenvalues(
    model: Any, x: ArrayLike, y: ArrayLike, *, dtype: str = "float64"
) -> NDArray[Any]:
    r"""Return the eigenvalues of the Gauss–Newton matrix that need not be zero.

    The matrix is :math:`\frac2n J^\top J` for the mean squared error over :math:`n` samples: the
    Hessian but for a term that is proportional to the residuals. Where the network interpolates,
    it is the Hessian. Its nonzero eigenvalues are those of the :math:`n \times n` matrix
    :math:`\frac2n J J^\top`, so that they are exact but for rounding, at :math:`10^{-16}` of the
    largest.

    Parameters
    ----------
    model, x, y, dtype
        As in `losses.build_loss`. The targets do not matter beyond their number.

    Returns
    -------
    ndarray of shape (min(n_samples, n_parameters),)
        In descending order, none of them negative.

    Examples
    --------
    >>> from overfit_tutorial.networks import build_mlp
    >>> gauss_newton_eigenvalues(build_mlp((), seed=0), [0.0, 0.0], [1.0, 1.0]).tolist()
    [2.0, 0.0]
    """
    network = functional.read(model, dtype)
    kernel = tangent_kernel(model, x, dtype=dtype)
    network.targets(y, len(kernel))
    eigenvalues: NDArray[Any] = np.linalg.eigvalsh(2 / len(kernel) * kernel)[::-1]
    largest = eigenvalues[: min(len(kernel), network.n_parameters)]
    return largest.clip(min=0)  # the matrix has none below zero, rounding may


def _signals(
    model: Any, x: ArrayLike, dtype: str
) -> list[tuple[NDArray[Any], NDArray[Any], bool]]:
    """Return of each dense layer its inputs, the output's derivative by its sums, and its bias.

    Samples do not touch each other, so that the sum of all outputs has the derivatives of each.
    """
    network = functional.read(model, dtype)
    weights = network.split(network.join(model.get_weights()))
    places = network.places(x)
    with tf.GradientTape() as tape:
        tape.watch(places)
        signals = network.run(weights, places)
    slopes = tape.gradient(signals[-1], signals[1:], unconnected_gradients="zero")
    return [
        (inputs.numpy(), slope.numpy(), layer.bias)
        for layer, inputs, slope in zip(network.layers, signals[:-1], slopes, strict=True)
        if isinstance(layer, functional.Dense)
    ]
