"""What training leaves, whichever engine has trained."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.weights.arrays import Weights

EngineName = Literal["exact", "xla"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What training leaves: the fields of `training.Fit`, for many with the member axis first."""

    recipe: Recipe
    engine: EngineName
    weights: Weights
    last_weights: Weights
    loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    checkpoints: dict[int, Weights]
    slots: dict[int, tuple[Weights, ...]]
    diverged: Any
    seconds: Any
    scaling: Scaling = field(repr=False)

    def at(self, epoch: int) -> Self:
        """Return the same with the weights after `epoch` epochs, one of the `checkpoints`."""
        if epoch not in self.checkpoints:
            raise ValueError(
                f"epoch must be one of the checkpoints, {sorted(self.checkpoints)}, got {epoch!r}"
            )
        return dataclasses.replace(self, weights=self.checkpoints[epoch])

    def last(self) -> Self:
        """Return the same with the weights of the last step."""
        return dataclasses.replace(self, weights=self.last_weights)


def each_array(function: Callable[..., Any], *trained: Trained) -> dict[str, Any]:
    """Return all fields, each array exchanged for a function of those in its place.

    Parameters
    ----------
    function : callable
        Takes one array of each of the trained.
    *trained : Trained
        With arrays of the same names, and of one recipe and engine.
    """
    first = trained[0]
    found = {"recipe": first.recipe, "engine": first.engine}
    for name in vars(first).keys() - found.keys():
        found[name] = mapped(function, *(getattr(one, name) for one in trained))
    return found


def stacked(*parts: Any) -> Any:
    """Return read-only arrays with the member axis first, of nests of arrays of one member."""
    return mapped(lambda *arrays: read_only(np.stack(arrays)), *parts)


def mapped(function: Callable[..., Any], *parts: Any) -> Any:
    """Return a nest of arrays like the given ones, each a function of those in its place."""
    first = parts[0]
    if isinstance(first, dict):
        return {key: mapped(function, *(part[key] for part in parts)) for key in first}
    if isinstance(first, Scaling):
        return Scaling(*(function(*arrays) for arrays in zip(*parts, strict=True)))
    if isinstance(first, tuple):
        return tuple(mapped(function, *arrays) for arrays in zip(*parts, strict=True))
    return function(*parts)


def units_of(recipe: Recipe, x: NDArray[np.float64], y: NDArray[np.float64]) -> Scaling:
    """Return each member's units, from the points that it is trained on."""
    n_train, parts = recipe.n_train(x.shape[1]), []
    for values, standardized in ((x, recipe.standardize_x), (y, recipe.standardize_y)):
        mean, std = np.zeros_like(values[:, 0]), np.ones_like(values[:, 0])
        if standardized:
            mean, std = values[:, :n_train].mean(axis=1), values[:, :n_train].std(axis=1)
        parts += [mean, std]
    return Scaling(*parts)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, which can no longer be written to."""
    array.setflags(write=False)
    return array
