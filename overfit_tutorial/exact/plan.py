"""What is trained exactly: all that members of an ensemble have in common."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial.recipes import Recipe

Array = NDArray[Any]  # of float32
#: The memory of WebAssembly has addresses of 32 bits; half of them leaves room to grow.
MOST_BYTES = 2**31
#: Of each kind, what an optimizer keeps beside the weights.
N_SLOTS = {
    "sgd": 0,
    "momentum": 1,
    "nesterov": 1,
    "rmsprop": 1,
    "adagrad": 1,
    "adam": 2,
    "lion": 1,
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained, in the terms of the trainers.

    Parameters
    ----------
    recipe : Recipe
        Whose network is trained: its widths, optimizer, weight decay, order of the points.
    n_train, n_validation : int
        Points to train on, and points held out.
    batch_size : int
        Points a step.
    n_epochs : int
        Passes over the points.
    rates : ndarray of shape (n_steps,)
        The learning rate of each step.
    """

    recipe: Recipe
    n_train: int
    n_validation: int
    batch_size: int
    n_epochs: int
    rates: NDArray[np.float64]

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the numbers of inputs, of each layer's units, and of outputs."""
        return self.recipe.widths

    @property
    def n_used(self) -> int:
        """Return how many points an epoch takes."""
        if self.recipe.keep_short_batch:
            return self.n_train
        return self.n_train // self.batch_size * self.batch_size

    @property
    def average_from(self) -> int:
        """Return the first step, from one, whose weights are averaged; zero if none are."""
        n_last = self.recipe.average_last * (self.rates.size // self.n_epochs)
        return self.rates.size - n_last + 1 if n_last else 0


class Trainer(Protocol):
    """One network on its way: `definition.Trainer` or `webassembly.Trainer`."""

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to do."""

    @property
    def has_diverged(self) -> bool:
        """Return whether a unit, a weight or a momentum was not finite after any step."""

    def advance(self, until: int, most_steps: int) -> int:
        """Go on to the end of epoch `until`, for some steps at most; return the epochs done."""

    def weights(self) -> tuple[Array, ...]:
        """Return the weights after the last step."""

    def slots(self) -> tuple[tuple[Array, ...], ...]:
        """Return what the optimizer keeps, like the weights, for each kind."""

    def best(self) -> tuple[Array, ...]:
        """Return the weights with the smallest validation loss after an epoch."""

    def average(self) -> tuple[Array, ...]:
        """Return the mean of the weights since the plan's `average_from`."""

    def losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the losses of the epochs done, in training and on what is held out."""


def plan_of(recipe: Recipe, n_samples: int, rates: NDArray[np.float64]) -> Plan:
    """Return how a recipe trains on so many points, with the learning rate of each step."""
    n_train = recipe.n_train(n_samples)
    return Plan(
        recipe=recipe,
        n_train=n_train,
        n_validation=n_samples - n_train,
        batch_size=recipe.batch_size or n_train,
        n_epochs=recipe.n_epochs(n_samples),
        rates=rates,
    )


def n_bytes(recipe: Recipe, n_samples: int) -> int:
    """Return how much memory the training takes, rounded up."""
    batch_size = recipe.batch_size or recipe.n_train(n_samples)
    filled = [width + -width % 4 for width in recipe.widths]
    # Weights, two slots and the best in single precision, sums in double; lists of units.
    rows = zip(recipe.widths, filled[1:], strict=False)
    of_parameters = sum(24 * (n_in + 1) * n_out for n_in, n_out in rows) + 200 * sum(filled)
    # Activations and slopes of a batch, and where its points lie.
    of_points = 8 * (batch_size + 64) * (sum(filled) + 2) + 4 * (recipe.n_inputs + 3) * n_samples
    of_history = 8 * recipe.n_steps(n_samples) + 16 * recipe.n_epochs(n_samples)
    return of_parameters + of_points + of_history
