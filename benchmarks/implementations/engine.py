"""The engine of this package: one network after the other, or an ensemble."""

from typing import Any

import numpy as np
import protocol

from overfit_tutorial import ensembles, training


def build(*, ensemble: bool, dtype: str = "float32") -> protocol.Trainer:
    """Return `fit_ensemble`, or `fit_network` in a loop."""

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], epochs: int
    ) -> protocol.Networks:
        recipe = training.STORY.replace(epochs=epochs, dtype=dtype)
        if ensemble:
            fit = ensembles.fit_ensemble(x, y, recipe, seed=seeds)
            return protocol.Networks(fit.loss[:, -1], fit.predict)
        fits = [
            training.fit_network(points, targets, recipe, seed=seed)
            for points, targets, seed in zip(x, y, seeds, strict=True)
        ]

        def predict(places: Any) -> Any:
            return np.stack([fit.predict(places) for fit in fits])

        return protocol.Networks(np.array([fit.loss[-1] for fit in fits]), predict)

    return train
