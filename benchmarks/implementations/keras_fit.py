"""Keras, as its documentation shows it. Points are arrays; nothing sets the global seed."""

from typing import Any

import keras
import numpy as np
import protocol

from overfit_tutorial import networks


def build(**compile_options: Any) -> protocol.Trainer:
    """Return ``fit`` of a model compiled with some options."""

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], epochs: int
    ) -> protocol.Networks:
        losses, models = [], []
        for points, targets, seed in zip(x, y, seeds, strict=True):
            model = networks.build_mlp(seed=seed)
            adam = keras.optimizers.Adam(learning_rate=protocol.LEARNING_RATE)
            model.compile(optimizer=adam, loss="mse", **compile_options)
            # After `keras.utils.set_random_seed`, this would repeat one order in every epoch.
            history = model.fit(
                points[:, None],
                targets[:, None],
                batch_size=protocol.BATCH_SIZE,
                epochs=epochs,
                verbose=0,
            )
            losses.append(history.history["loss"][-1])
            models.append(model)

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return np.stack([np.asarray(model(column))[:, 0] for model in models])

        return protocol.Networks(np.array(losses), predict)

    return train
