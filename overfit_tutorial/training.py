"""One network, trained by a few compiled calls instead of hundreds of steps in Python.

The same as ``model.fit`` of a Keras network, some eighty times faster: the same first weights,
optimizers and losses. Only the order of the points is drawn by NumPy instead of TensorFlow.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, networks
from overfit_tutorial._engine import blocks, draws, loop
from overfit_tutorial._engine.blocks import Weights
from overfit_tutorial.recipes import STORY, Recipe

__all__ = ["STORY", "Fit", "Recipe", "fit_network"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A trained network.

    Parameters
    ----------
    recipe : Recipe
        How it was trained.
    weights : tuple of ndarray
        Kernel and bias of each layer, in the order of Keras' ``get_weights``: of the last step,
        or of the average or the best epoch where the recipe says so.
    last_weights : tuple of ndarray
        Those of the last step in any case.
    loss : ndarray of shape (n_epochs,)
        Mean squared error of each epoch while the weights moved, as in Keras' history, in squared
        units of `y`; NaN after early stopping.
    validation_loss : ndarray of shape (n_epochs,)
        That of the points held out, after each epoch; empty where there are none.
    checkpoints : dict of int to tuple of ndarray
        Weights after the epochs that were asked for.
    slots : dict of int to tuple of tuple of ndarray
        What the optimizer keeps beside the weights after these epochs: one tuple like `weights`
        for each kind. Momentum has a velocity, Adam a mean of the gradients and one of their
        squares, gradient descent nothing.
    diverged : bool
        Whether a loss or a weight is not finite.
    seconds : float
        Spent on the training, a share of the block's where members were trained together.
    """

    recipe: Recipe
    weights: Weights
    last_weights: Weights
    loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    checkpoints: dict[int, Weights]
    slots: dict[int, tuple[Weights, ...]]
    diverged: bool
    seconds: float
    scaling: blocks.Scaling = field(repr=False)

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the network's values at `x`, both of shape ``(m,)``, in units of `y`."""
        points = _arguments.check_vector("x", x)
        units = self.scaling
        inputs = tf.constant((points - units.x_mean) / units.x_std, self.recipe.dtype)
        layers = loop.pack(tuple(tf.constant(w) for w in self.weights))
        activation = keras.activations.get(self.recipe.activation)
        outputs = loop.forward(layers, inputs[:, None], activation)[:, 0]
        return np.asarray(outputs, dtype=np.float64) * units.y_std + units.y_mean

    def at(self, epoch: int) -> "Fit":
        """Return the network as it was after `epoch` epochs, one of its `checkpoints`."""
        return dataclasses.replace(self, weights=checkpoint(self.checkpoints, epoch))

    def last(self) -> "Fit":
        """Return the network with the weights of its last step."""
        return dataclasses.replace(self, weights=self.last_weights)

    def to_keras(self) -> keras.Sequential:
        """Return the network as a Keras model that takes `x` and gives `y` in their own units."""
        recipe, units = self.recipe, self.scaling
        dense = [
            keras.layers.Dense(width, activation=recipe.activation, dtype=recipe.dtype)
            for width in recipe.hidden_widths
        ]
        layers = [*dense, keras.layers.Dense(1, dtype=recipe.dtype)]

        def rescaling(scale: Any, offset: Any) -> keras.layers.Layer:
            # TensorFlow would round a number of Python to float32.
            return keras.layers.Rescaling(
                np.asarray(scale, recipe.dtype),
                np.asarray(offset, recipe.dtype),
                dtype=recipe.dtype,
            )

        if recipe.standardize_x:
            # Two layers: the mean is subtracted first, where that is exact.
            layers = [rescaling(1.0, -units.x_mean), rescaling(1 / units.x_std, 0.0), *layers]
        if recipe.standardize_y:
            layers = [*layers, rescaling(units.y_std, units.y_mean)]
        model = keras.Sequential([keras.Input((1,), dtype=recipe.dtype), *layers])
        model.set_weights(list(self.weights))
        return model


def fit_network(
    x: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = STORY,
    *,
    seed: _arguments.Seed,
    initial_weights: Sequence[ArrayLike] | None = None,
    checkpoints: Sequence[int] = (),
) -> Fit:
    """Train one network on points of a curve.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points.
    recipe : Recipe
        The network and how to train it; the default is the story's.
    seed : int or SeedSequence
        Of the first weights, which are those of ``networks.build_mlp(seed=seed)``, of the order
        of the points, and of dropout.
    initial_weights : sequence of array_like or None
        Where to begin instead, in the order of ``get_weights``.
    checkpoints : sequence of int
        Epochs after which to keep a copy of the weights.

    Returns
    -------
    Fit
        The trained network. Training that diverges is not an error; see ``Fit.diverged``.

    Raises
    ------
    TypeError, ValueError
        Before anything is compiled, if an argument breaks its rule.

    Examples
    --------
    A network without hidden layers is a line; with all points in each step it finds theirs:

    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None)
    >>> fit = fit_network([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], line, seed=0)
    >>> fit.predict([3.0]).round(1)
    array([7.])
    """
    x_row, y_row = _arguments.check_vector("x", x)[None], _arguments.check_vector("y", y)[None]
    check_points(x_row, y_row, recipe)
    seeds = [_arguments.check_seed(seed)]
    weights = check_weights(initial_weights, recipe)
    checkpoints = check_checkpoints(checkpoints, recipe, x_row.size)
    start = perf_counter()
    block = blocks.train_block(
        x_row,
        y_row,
        recipe,
        seeds,
        initial_weights=None if weights is None else tuple(w[None] for w in weights),
        checkpoints=checkpoints,
    )
    return member(recipe, block, 0, seconds=perf_counter() - start)


def member(recipe: Recipe, block: Any, index: int, *, seconds: float) -> Fit:
    """Return one member of a block, or of what else has a block's fields."""

    def pick(weights: Weights) -> Weights:
        return tuple(array[index] for array in weights)

    return Fit(
        recipe=recipe,
        weights=pick(block.weights),
        last_weights=pick(block.last_weights),
        loss=block.loss[index],
        validation_loss=block.validation_loss[index],
        checkpoints={epoch: pick(weights) for epoch, weights in block.checkpoints.items()},
        slots={epoch: tuple(map(pick, kinds)) for epoch, kinds in block.slots.items()},
        diverged=bool(block.diverged[index]),
        seconds=seconds,
        scaling=blocks.Scaling(*(part[index] for part in vars(block.scaling).values())),
    )


def checkpoint(checkpoints: dict[int, Weights], epoch: int) -> Weights:
    """Return the weights after an epoch, or say which epochs there are."""
    if epoch not in checkpoints:
        raise ValueError(
            f"epoch must be one of the checkpoints, {sorted(checkpoints)}, got {epoch!r}"
        )
    return checkpoints[epoch]


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
    loop.check_activation(recipe.activation, recipe.dtype)


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
