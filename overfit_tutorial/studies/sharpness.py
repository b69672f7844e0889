r"""How sharp the loss is around networks while they are trained, and how sharp a step allows.

Sharpness is the largest eigenvalue of the Hessian of the loss that is optimized. A step of a given
size can follow a valley only if it is not too sharp: beyond a threshold that depends on the
optimizer, the weights bounce from wall to wall, further at each step :cite:`cohen2021`.
"""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, _xla
from overfit_tutorial._engine import threads
from overfit_tutorial._engine.updates import BETA_1, BETA_2, EPSILON, MOMENTUM
from overfit_tutorial.curvature.side_by_side import Values, Vectors, largest_eigenvalues
from overfit_tutorial.ensembles import EnsembleFit
from overfit_tutorial.recipes import Recipe


def stability_threshold(recipe: Recipe) -> float:
    r"""Return the sharpness beyond which full-batch steps of a recipe are unstable.

    On a quadratic with curvature :math:`\lambda`, gradient descent diverges for
    :math:`\lambda > 2 / \eta`, and heavy ball for :math:`\lambda > (2 + 2 \beta) / \eta`. Adam's
    steps are those of heavy ball, on a loss in which each parameter is rescaled by
    :math:`\sqrt{\hat v} + \varepsilon`, with the gradient's share :math:`1 - \beta_1`; the
    threshold :math:`(2 + 2 \beta_1) / ((1 - \beta_1) \eta)` is therefore one on the
    *preconditioned* Hessian :cite:`cohen2022`.

    Parameters
    ----------
    recipe : Recipe
        Its optimizer is gradient descent, momentum or Adam, its learning rate a number, its batch
        all points; without weight decay and dropout.

    Returns
    -------
    float
        In units of the loss over squared units of the parameters; without units for Adam.

    Raises
    ------
    ValueError
        For other recipes.

    References
    ----------
    :cite:t:`cohen2021`, :cite:t:`cohen2022`

    Examples
    --------
    >>> stability_threshold(Recipe(optimizer="sgd", learning_rate=0.05, batch_size=None))
    40.0
    """
    numerators = {
        "sgd": 2.0,
        "momentum": 2 + 2 * MOMENTUM,
        "adam": (2 + 2 * BETA_1) / (1 - BETA_1),
    }
    if recipe.optimizer not in numerators:
        raise ValueError(
            f"optimizer must be one of {', '.join(numerators)}, got {recipe.optimizer!r}"
        )
    if callable(recipe.learning_rate):
        raise ValueError(f"learning_rate must be a number, got {recipe.learning_rate!r}")
    if recipe.batch_size is not None:
        raise ValueError(f"batch_size must be None, for all points, got {recipe.batch_size}")
    for name in ("weight_decay", "dropout"):
        if value := getattr(recipe, name):
            raise ValueError(f"{name} must be zero, since it moves the threshold, got {value}")
    return numerators[recipe.optimizer] / recipe.learning_rate


def track_sharpness(
    fits: EnsembleFit,
    x: ArrayLike,
    y: ArrayLike,
    *,
    seed: _arguments.Seed,
    preconditioned: bool = False,
    rtol: float = 1e-2,
    max_products: int = 200,
    dtype: str = "float64",
) -> NDArray[np.float64]:
    r"""Return the largest eigenvalue of the Hessian at each checkpoint of an ensemble.

    The loss is the mean squared error in the units in which the recipe trains. The products with
    the Hessian are exact, and those of all members are one compiled call.

    Parameters
    ----------
    fits : EnsembleFit
        With checkpoints.
    x, y : array_like of shape (n_samples,) or (n_members, n_samples)
        The points that it was trained on.
    seed : int or SeedSequence
        Of the vectors to start from. The answer does not depend on it by more than `rtol`.
    preconditioned : bool
        Of :math:`P^{-1/2} H P^{-1/2}` instead, with the matrix
        :math:`P = \operatorname{diag}(\sqrt{\hat v} + \hat\varepsilon)` by which Adam divides. As
        in Keras, the correction of the bias of the root is that of :math:`\varepsilon`, too.
    rtol : float
        As in `curvature.largest_eigenvalue`: bounds the relative residual, and the error with it.
    max_products : int
        How many products may be used at a checkpoint.
    dtype : {"float64", "float32"}
        The precision of the products.

    Returns
    -------
    ndarray of shape (n_members, n_checkpoints)
        In the order of the epochs; NaN where a member's weights are not finite, or so large that
        a product is not.

    Raises
    ------
    TypeError, ValueError
        If there are no checkpoints, the points are not the ensemble's in number, or
        `preconditioned` is asked of another optimizer than Adam.
    RuntimeError
        If `max_products` do not suffice.

    See Also
    --------
    overfit_tutorial.curvature.largest_eigenvalue : of one operator, with all its digits.

    Examples
    --------
    The Hessian of a line's loss holds the moments of the inputs, twice. For the inputs -1 and 1
    it is twice the identity, wherever the line is:

    >>> from overfit_tutorial.ensembles import fit_ensemble
    >>> line, points = Recipe(hidden_widths=(), epochs=5), ([-1.0, 1.0], [0.0, 3.0])
    >>> line = line.replace(batch_size=None)
    >>> fits = fit_ensemble(*points, line, seed=0, n_members=2, checkpoints=[1, 5])
    >>> track_sharpness(fits, *points, seed=0).round(6)
    array([[2., 2.],
           [2., 2.]])
    """
    if not fits.checkpoints:
        raise ValueError("fits must have checkpoints: give some to fit_ensemble")
    if preconditioned and fits.recipe.optimizer != "adam":
        raise ValueError(
            f"preconditioned needs the optimizer 'adam', got {fits.recipe.optimizer!r}"
        )
    _arguments.check_dtype(dtype)
    rtol = _arguments.check_positive("rtol", rtol)
    max_products = _arguments.check_count("max_products", max_products)
    root = _arguments.check_seed(seed)
    units = fits.scaling
    places = tf.constant(_scaled("x", x, units.x_mean, units.x_std), dtype)
    targets = tf.constant(_scaled("y", y, units.y_mean, units.y_std), dtype)
    if places.shape[1] != targets.shape[1]:
        raise ValueError(
            "x and y must have the same number of points, "
            f"got {places.shape[1]} and {targets.shape[1]}"
        )

    def at(epoch: int) -> Values:
        weights = fits.checkpoints[epoch]
        finite: Any = np.isfinite(_flat(weights)).all(axis=1)
        weights = tuple(np.where(_along(finite, w), w, 0) for w in weights)
        scale = np.ones((len(fits), fits.recipe.n_parameters()))
        if preconditioned:
            n_steps = epoch * fits.recipe.steps_per_epoch(int(places.shape[1]))
            squares = tuple(np.where(_along(finite, v), v, 1) for v in fits.slots[epoch][1])
            # Keras corrects the bias of the root and of epsilon alike.
            divisor = (np.sqrt(_flat(squares)) + EPSILON) / np.sqrt(1 - BETA_2**n_steps)
            scale = 1 / np.sqrt(divisor)
        product = _hessian_product(weights, places, targets, fits.recipe.activation, dtype)
        start = np.random.default_rng(root).standard_normal(scale.shape)
        return largest_eigenvalues(
            lambda vectors: scale * product(scale * vectors), start, finite, rtol, max_products
        )

    # The first one alone: it compiles, and TensorFlow fails now and then where many threads do.
    first, *others = sorted(fits.checkpoints)
    columns = [at(first)]
    with ThreadPoolExecutor(threads.n_threads()) as pool:
        columns += pool.map(at, others)
    return np.stack(columns, axis=1)


def _along(flags: Any, array: NDArray[Any]) -> Any:
    """Return a flag for each member, in a shape that goes with the member's array."""
    return flags.reshape(-1, *(1,) * (array.ndim - 1))


def _hessian_product(
    weights: tuple[NDArray[Any], ...], places: Any, targets: Any, activation: Any, dtype: str
) -> Callable[[Vectors], Vectors]:
    """Return a function that multiplies each member's Hessian with its vector."""
    tensors = tuple(tf.constant(w, dtype) for w in weights)
    ends = np.cumsum([w[0].size for w in weights])[:-1]

    def multiply(vectors: Vectors) -> Vectors:
        pieces = np.split(vectors, ends, axis=1)
        directions = tuple(
            tf.constant(piece.reshape(w.shape), dtype)
            for piece, w in zip(pieces, weights, strict=True)
        )
        return _flat(_compiled(activation)(tensors, directions, places, targets))

    return multiply


@functools.lru_cache(maxsize=64)
def _compiled(activation: Any) -> Any:
    bend = keras.activations.get(activation)

    def loss(weights: Any, places: Any, targets: Any) -> Any:
        # Not `layers.forward`: TensorFlow cannot differentiate its concatenations twice under XLA.
        signal, last = places, len(weights) // 2 - 1
        for layer in range(last + 1):
            signal = signal @ weights[2 * layer] + weights[2 * layer + 1][:, tf.newaxis]
            signal = signal if layer == last else bend(signal)
        # A member's weights touch its own loss alone.
        return tf.reduce_sum(tf.reduce_mean(tf.square(signal - targets), axis=(1, 2)))

    def product(weights: Any, directions: Any, places: Any, targets: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(weights, directions) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                value = loss(weights, places, targets)
            slopes = tape.gradient(value, weights)
        return accumulator.jvp(slopes, unconnected_gradients="zero")

    return tf.function(product, jit_compile=_xla.has_xla(), autograph=False)


def _flat(arrays: Any) -> Vectors:
    """Return each member's arrays as one vector."""
    rows = [np.asarray(array, dtype=np.float64) for array in arrays]
    return np.concatenate([row.reshape(len(row), -1) for row in rows], axis=1)


def _scaled(
    name: str, values: ArrayLike, mean: NDArray[np.float64], std: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return points as a member's network sees them, of shape ``(n_members, n_samples, 1)``."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2) or (array.ndim == 2 and len(array) != len(mean)):
        raise ValueError(
            f"{name} must have shape (n_samples,) or ({len(mean)}, n_samples), got {array.shape}"
        )
    _arguments.check_vector(name, array.ravel())
    rows: NDArray[np.float64] = (array - mean[:, None]) / std[:, None]
    return rows[..., None]
