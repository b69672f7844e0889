"""Scikit-learn's `MLPRegressor`, set to the same training.

Its loss is half of Keras', so half its epsilon makes the same steps; it draws biases at random,
which are set to zero here; and it stops early unless told not to.
"""

import warnings
from typing import Any

import numpy as np
import protocol
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from overfit_tutorial.recipes import Recipe


class _ZeroBiases(MLPRegressor):
    def _init_coef(self, *arguments: Any) -> Any:
        weights, biases = super()._init_coef(*arguments)
        return weights, np.zeros_like(biases)


def build() -> protocol.Trainer:
    """Return `MLPRegressor.fit`."""
    # It wants more epochs than the story has.
    warnings.simplefilter("ignore", ConvergenceWarning)

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        epochs = recipe.n_epochs(x.shape[1])
        models = [
            _ZeroBiases(
                hidden_layer_sizes=recipe.hidden_widths,
                activation="relu",
                solver="adam",
                alpha=0.0,
                batch_size=recipe.batch_size or x.shape[1],
                learning_rate_init=protocol.LEARNING_RATE,
                beta_1=protocol.BETA_1,
                beta_2=protocol.BETA_2,
                epsilon=protocol.EPSILON / 2,
                max_iter=epochs,
                n_iter_no_change=epochs + 1,
                tol=0.0,
                random_state=seed,
            ).fit(points[:, None], targets)
            for points, targets, seed in zip(x, y, seeds, strict=True)
        ]

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return np.stack([model.predict(column) for model in models])

        return protocol.Networks(
            np.array([2 * model.loss_curve_[-1] for model in models]), predict
        )

    return train
