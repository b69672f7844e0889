"""The trainers of this package."""

import protocol

from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.recipes import Recipe


def build(*, engine: str, dtype: str = "float32") -> protocol.Trainer:
    """Return `fit_ensemble` with one of its engines, imported."""
    if engine == "xla":
        import tensorflow as tf  # noqa: F401

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        fit = fit_ensemble(x, y, recipe.replace(dtype=dtype), seed=seeds, engine=engine)
        return protocol.Networks(fit.loss[:, -1], fit.predict)

    return train
