"""Keras, as its documentation shows it. Points are arrays; nothing sets the global seed."""

from typing import Any

import keras
import numpy as np
import protocol

from overfit_tutorial import networks
from overfit_tutorial.recipes import Recipe


def build() -> protocol.Trainer:
    """Return ``fit``."""

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        losses, models = [], []
        for points, targets, seed in zip(x, y, seeds, strict=True):
            model = networks.build_mlp(recipe.hidden_widths, seed=seed)
            adam = keras.optimizers.Adam(learning_rate=protocol.LEARNING_RATE)
            model.compile(optimizer=adam, loss="mse")
            # After `keras.utils.set_random_seed`, this would repeat one order in every epoch.
            history = model.fit(
                points[:, None],
                targets[:, None],
                batch_size=recipe.batch_size or len(points),
                epochs=recipe.n_epochs(len(points)),
                verbose=0,
            )
            losses.append(history.history["loss"][-1])
            models.append(model)

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return np.stack([np.asarray(model(column))[:, 0] for model in models])

        return protocol.Networks(np.array(losses), predict)

    return train
