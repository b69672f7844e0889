"""Refuse, before anything is compiled, what a recipe cannot be used on."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, _xla, networks
from overfit_tutorial._engine import draws
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.weights.arrays import Weights


def check_points(x: NDArray[np.float64], y: NDArray[np.float64], recipe: Recipe) -> None:
    """Refuse points, of shape ``(n_members, n_samples)``, that the recipe cannot be used on."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, got {recipe!r}")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"x and y must have the same number of points, got {x.shape[-1]} and {y.shape[-1]}"
        )
    n_samples = x.shape[-1]
    for name, values in (("x", x), ("y", y)):
        if np.abs(values).max() > np.finfo(recipe.dtype).max:
            raise ValueError(
                f"{name} must be finite in {recipe.dtype}, got {np.abs(values).max():g}"
            )
        flat = np.flatnonzero(np.ptp(values[:, : recipe.n_train(n_samples)], axis=1) == 0)
        if getattr(recipe, f"standardize_{name}") and flat.size:
            raise ValueError(
                f"{name} must not be constant where standardize_{name} is set, "
                f"got {values[flat[0], 0]:g} throughout row {flat[0]}"
            )
    draws.learning_rates(recipe.learning_rate, recipe.n_steps(n_samples))
    if isinstance(recipe.activation, str):
        networks.check_activation(recipe.activation)
    _try_activation(recipe.activation, recipe.dtype)


def check_weights(
    weights: Sequence[ArrayLike] | None, recipe: Recipe, *, axes: tuple[int, ...] = ()
) -> Weights | None:
    """Return initial weights as arrays, if they fit the recipe and have these leading axes."""
    if weights is None:
        return None
    pairs = itertools.pairwise((1, *recipe.hidden_widths, 1))
    expected = [(*axes, *s) for n_in, n_out in pairs for s in ((n_in, n_out), (n_out,))]
    try:
        arrays = [np.asarray(array, dtype=np.float64) for array in weights]
    except (TypeError, ValueError) as error:
        raise TypeError(f"initial_weights must be arrays of numbers: {error}") from error
    if [array.shape for array in arrays] != expected:
        raise ValueError(
            f"initial_weights must have the shapes {expected}, got {[a.shape for a in arrays]}"
        )
    largest = max(np.abs(array).max() for array in arrays)  # NaN if any is
    if not largest <= np.finfo(recipe.dtype).max:
        raise ValueError(f"initial_weights must be finite in {recipe.dtype}, got {largest:g}")
    return tuple(array.astype(recipe.dtype) for array in arrays)


def check_checkpoints(
    checkpoints: Sequence[int], recipe: Recipe, n_samples: int
) -> tuple[int, ...]:
    """Return the epochs to keep, if all are within the training."""
    n_epochs = recipe.n_epochs(n_samples)
    if np.ndim(checkpoints) != 1:
        raise TypeError(f"checkpoints must be a sequence of epochs, got {checkpoints!r}")
    if len(checkpoints) and recipe.patience is not None:
        raise ValueError(
            "checkpoints and patience exclude each other: a member may stop before, "
            f"got patience={recipe.patience}"
        )
    for epoch in checkpoints:
        if _arguments.check_count("checkpoints", epoch) > n_epochs:
            raise ValueError(f"checkpoints must be at most the epochs, {n_epochs}, got {epoch}")
    return tuple(int(epoch) for epoch in checkpoints)


def check_scaling(scaling: Scaling | None, recipe: Recipe, n_members: int) -> Scaling | None:
    """Return fixed units with a number for each member, if the recipe leaves them free."""
    if scaling is None:
        return None
    if not isinstance(scaling, Scaling):
        raise TypeError(f"scaling must be a Scaling, got {scaling!r}")
    if recipe.standardize_x or recipe.standardize_y:
        raise ValueError(
            "scaling and a recipe that standardizes exclude each other, got "
            f"standardize_x={recipe.standardize_x}, standardize_y={recipe.standardize_y}"
        )
    parts = {}
    for name, values in scaling._asdict().items():
        numbers = _arguments.check_vector(name, np.atleast_1d(values))
        if numbers.size not in (1, n_members):
            raise ValueError(
                f"{name} must be a number, or one for each of {n_members} members, "
                f"got {numbers.size}"
            )
        if name.endswith("std") and numbers.min() <= 0:
            raise ValueError(f"{name} must be above zero, got {numbers.min():g}")
        parts[name] = np.broadcast_to(numbers, n_members)
    return Scaling(**parts)


@functools.lru_cache(maxsize=64)
def _try_activation(activation: str | Callable[[Any], Any], dtype: str) -> None:
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
            traced = tf.function(probe, jit_compile=_xla.has_xla(), autograph=False)
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
