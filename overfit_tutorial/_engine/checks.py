"""Refuse, before anything is compiled, what a recipe cannot be used on."""

import itertools
from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, exact
from overfit_tutorial._engine import draws, exactly
from overfit_tutorial._engine.trained import EngineName
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.weights.arrays import Weights


def check_recipe(recipe: Recipe) -> None:
    """Refuse what is no recipe."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, got {recipe!r}")


def check_inputs(x: ArrayLike, n_inputs: int, *axes: str) -> NDArray[np.float64]:
    """Return points with several numbers each, if one of the names of axes tells their shape."""
    points = _arguments.plain_array("x", x)
    n_axes = {names.count(",") + 2 for names in axes}
    if points.ndim not in n_axes or points.shape[-1] != n_inputs:
        shapes = " or ".join(f"({names}, {n_inputs})" for names in axes)
        raise ValueError(f"x must have shape {shapes}, got {points.shape}")
    return _arguments.check_vector("x", points.ravel()).reshape(points.shape)


def check_points(x: NDArray[np.float64], y: NDArray[np.float64], recipe: Recipe) -> None:
    """Refuse points, of shape ``(n_members, n_samples, ...)``, that the recipe cannot use."""
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"x and y must have the same number of points, got {x.shape[1]} and {y.shape[1]}"
        )
    n_samples = x.shape[1]
    for name, values in (("x", x), ("y", y)):
        if np.abs(values).max() > np.finfo(recipe.dtype).max:
            raise ValueError(
                f"{name} must be finite in {recipe.dtype}, got {np.abs(values).max():g}"
            )
        flat = np.argwhere(np.ptp(values[:, : recipe.n_train(n_samples)], axis=1) == 0)
        if getattr(recipe, f"standardize_{name}") and flat.size:
            row, *column = flat[0]
            raise ValueError(
                f"{name} must not be constant where standardize_{name} is set, "
                f"got {values[row, 0, *column]:g} throughout row {row}"
                + "".join(f", input {k}" for k in column)
            )
    draws.learning_rates(recipe.learning_rate, recipe.n_steps(n_samples))


def check_engine(engine: EngineName | None, recipe: Recipe, n_samples: int) -> EngineName:
    """Return the engine that is asked for, or that fits the recipe; refuse one that cannot do."""
    if engine not in (None, *get_args(EngineName)):
        choices = ", ".join(get_args(EngineName))
        raise ValueError(f"engine must be None or one of {choices}, got {engine!r}")
    if engine != "xla" and exactly.is_exact(recipe, n_samples):
        return "exact"
    if engine == "exact":
        raise ValueError(
            "engine must not be 'exact' unless the recipe has activation='relu', dtype='float32' "
            f"and dropout=0, and takes less than two gigabytes, got activation="
            f"{recipe.activation!r}, dtype={recipe.dtype!r}, dropout={recipe.dropout:g}, "
            f"{exact.n_bytes(recipe, n_samples):,} bytes"
        )
    from overfit_tutorial._engine import activations

    activations.check_activation(recipe)
    return "xla"


def check_weights(
    weights: Sequence[ArrayLike] | None, recipe: Recipe, *, axes: tuple[int, ...] = ()
) -> Weights | None:
    """Return initial weights as arrays, if they fit the recipe and have these leading axes."""
    if weights is None:
        return None
    pairs = itertools.pairwise(recipe.widths)
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
        if name.startswith("x") and recipe.n_inputs > 1:
            numbers = _units_of_inputs(name, values, n_members, recipe.n_inputs)
        else:
            numbers = _arguments.check_vector(name, np.atleast_1d(values))
            if numbers.size not in (1, n_members):
                raise ValueError(
                    f"{name} must be a number, or one for each of {n_members} members, "
                    f"got {numbers.size}"
                )
            numbers = np.broadcast_to(numbers, n_members)
        if name.endswith("std") and numbers.min() <= 0:
            raise ValueError(f"{name} must be above zero, got {numbers.min():g}")
        parts[name] = numbers
    return Scaling(**parts)


def _units_of_inputs(
    name: str, values: ArrayLike, n_members: int, n_inputs: int
) -> NDArray[np.float64]:
    """Return a number for each of several inputs of each member."""
    shape, given = (n_members, n_inputs), _arguments.plain_array(name, values)
    if given.shape not in ((), shape, shape[1:]):
        raise ValueError(
            f"{name} must be a number, one for each of {n_inputs} inputs, or these for each of "
            f"{n_members} members, got shape {given.shape}"
        )
    numbers = _arguments.check_vector(name, given.ravel()).reshape(given.shape)
    return np.broadcast_to(numbers, shape)
