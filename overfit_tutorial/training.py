"""One network, trained by a few compiled calls instead of hundreds of steps in Python.

The same as ``model.fit`` of a Keras network, a hundred times faster: the same law of the first
weights, the same optimizers and losses. A seed means the same points, first weights and batches on
every machine (`overfit_tutorial.draws`). Where the exact trainer knows the recipe, it means the
same trained network, bit for bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, exact
from overfit_tutorial._engine import checks, exactly
from overfit_tutorial._engine.trained import EngineName, Trained, each_array
from overfit_tutorial.recipes import STORY, Recipe, Scaling

if TYPE_CHECKING:
    import keras

__all__ = ["STORY", "Fit", "Recipe", "Scaling", "fit_network"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit(Trained):
    """A trained network.

    Parameters
    ----------
    recipe : Recipe
        How it was trained.
    engine : {"exact", "xla"}
        What trained it; see `fit_network`.
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
    scaling : Scaling
        The units in which the network sees inputs and targets.
    """

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the network's values at `x`, both of shape ``(m,)``, in units of `y`.

        A network with several inputs takes `x` of shape ``(m, n_inputs)``.
        """
        points = _check_inputs(x, self.recipe, "m")
        units = self.scaling
        inputs = ((points - units.x_mean) / units.x_std).astype(self.recipe.dtype)
        if self.engine == "exact":
            outputs = exact.predict(self.weights, inputs)
        else:
            from overfit_tutorial._engine import layers

            outputs = layers.predict(self.recipe.activation, self.weights, inputs)
        return np.asarray(outputs.astype(np.float64) * units.y_std + units.y_mean)

    def to_keras(self) -> "keras.Sequential":
        """Return the network as a Keras model that takes `x` and gives `y` in their own units."""
        import keras

        recipe, units = self.recipe, self.scaling
        dense = [
            keras.layers.Dense(width, activation=recipe.activation, dtype=recipe.dtype)
            for width in recipe.hidden_widths
        ]
        stack = [*dense, keras.layers.Dense(1, dtype=recipe.dtype)]

        def rescaling(scale: Any, offset: Any) -> Any:
            # TensorFlow would round a number of Python to float32.
            return keras.layers.Rescaling(
                np.asarray(scale, recipe.dtype),
                np.asarray(offset, recipe.dtype),
                dtype=recipe.dtype,
            )

        if np.any(units.x_mean != 0) or np.any(units.x_std != 1):
            # Two layers: the mean is subtracted first, where that is exact.
            stack = [rescaling(1.0, -units.x_mean), rescaling(1 / units.x_std, 0.0), *stack]
        if (units.y_mean, units.y_std) != (0, 1):
            stack = [*stack, rescaling(units.y_std, units.y_mean)]
        model = keras.Sequential([keras.Input((recipe.n_inputs,), dtype=recipe.dtype), *stack])
        model.set_weights(list(self.weights))
        return model


def fit_network(
    x: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = STORY,
    *,
    seed: _arguments.Seed,
    scaling: Scaling | None = None,
    initial_weights: Sequence[ArrayLike] | None = None,
    checkpoints: Sequence[int] = (),
    engine: EngineName | None = None,
) -> Fit:
    """Train one network on points of a curve.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The points. For several inputs, `x` has the shape ``(n_samples, n_inputs)``.
    recipe : Recipe
        The network and how to train it; the default is the story's.
    seed : int or SeedSequence
        Of the first weights, of the order of the points, and of dropout. First weights follow the
        law of ``networks.build_mlp``, but are not the numbers that Keras draws from a seed.
    scaling : Scaling or None
        Units in which the network sees inputs and targets, whatever the points are. Losses and
        predictions stay in the units of `y`. None leaves it to the recipe, which may standardize.
    initial_weights : sequence of array_like or None
        Where to begin instead, in the order of ``get_weights``.
    checkpoints : sequence of int
        Epochs after which to keep a copy of the weights.
    engine : {"exact", "xla"} or None
        What trains. None takes the exact trainer, whose results are the same bits on every
        machine, where it knows the recipe (ReLU, float32, no dropout), and otherwise a loop that
        TensorFlow compiles by XLA, which knows all recipes.

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
    checks.check_recipe(recipe)
    x_row = _check_inputs(x, recipe, "n_samples")[None]
    y_row = _arguments.check_vector("y", y)[None]
    checks.check_points(x_row, y_row, recipe)
    seeds = [_arguments.check_seed(seed)]
    units = checks.check_scaling(scaling, recipe, 1)
    weights = checks.check_weights(initial_weights, recipe)
    checkpoints = checks.check_checkpoints(checkpoints, recipe, y_row.size)
    block = train_block(checks.check_engine(engine, recipe, y_row.size))(
        x_row,
        y_row,
        recipe,
        seeds,
        scaling=units,
        initial_weights=None if weights is None else tuple(w[None] for w in weights),
        checkpoints=checkpoints,
    )
    return member(block, 0)


def _check_inputs(x: ArrayLike, recipe: Recipe, axis: str) -> NDArray[np.float64]:
    """Return places as a vector, or as rows of several inputs."""
    if recipe.n_inputs == 1:
        return _arguments.check_vector("x", x)
    return checks.check_inputs(x, recipe.n_inputs, axis)


def train_block(engine: EngineName) -> Callable[..., Trained]:
    """Return the function by which an engine trains some networks."""
    if engine == "exact":
        return exactly.train_block
    from overfit_tutorial._engine import blocks

    return blocks.train_block


def outputs(trained: Trained, inputs: NDArray[Any]) -> NDArray[Any]:
    """Return what each of many networks makes of its inputs, both in the network's units."""
    if trained.engine == "exact":
        return exact.predict_each(trained.weights, inputs)
    from overfit_tutorial._engine import layers

    activation, members = trained.recipe.activation, zip(*trained.weights, strict=True)
    pairs = zip(members, inputs, strict=True)
    return np.stack([layers.predict(activation, own, at) for own, at in pairs])


def member(trained: Trained, index: int) -> Fit:
    """Return one of many networks."""

    def pick(array: NDArray[Any]) -> Any:
        part = array[index]
        return part if part.ndim else part.item()

    return Fit(**each_array(pick, trained))
