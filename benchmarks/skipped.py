"""Which share of a training's products is left when units that are off are skipped?

Counted on the activations of the trainer's definition, of some networks at some epochs.
"""

import numpy as np
from protocol import Task, points

from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.exact.definition import forward
from overfit_tutorial.exact.plan import Array
from overfit_tutorial.weights.arrays import Weights

N_MEMBERS, N_CHECKPOINTS = 4, 8


def share_left(task: Task, initial_weights: Weights | None = None) -> float:
    """Return the share of the products that is left without units that are off.

    Those of units that turn out to be off count here. The exact trainer does not do most of them,
    either: three points tell it.
    """
    seeds = list(range(1 if initial_weights else N_MEMBERS))
    x, y = points(seeds, standardized=task.standardized)
    n_epochs = task.recipe.n_epochs(x.shape[1])
    kept = np.unique(np.linspace(1, n_epochs, N_CHECKPOINTS).astype(int)).tolist()
    options = {"seed": seeds, "checkpoints": kept, "initial_weights": initial_weights}
    fits = fit_ensemble(x, y, task.recipe, engine="exact", **options)
    size = task.recipe.batch_size or x.shape[1]
    # Points come in no order, so that neighbors are as good a batch as any.
    batches = [slice(begin, begin + size) for begin in range(0, x.shape[1], size)]
    done = dense = 0
    for fit, inputs in zip(fits, x, strict=True):
        for weights in fit.checkpoints.values():
            for batch in batches:
                counts = products(forward(weights, inputs[None, batch]))
                done, dense = done + counts[0], dense + counts[1]
    return done / dense


def products(layers: list[Array]) -> tuple[int, int]:
    """Return how many products a step takes with one batch, skipping units that are off, and all.

    Forward, what a unit hands on is skipped if it is off for the whole batch. Backward there are
    the gradient of each weight, and what is handed back, but not to the inputs; in both, a weight
    between units counts if both are on. `layers` are as in `definition.forward`.
    """
    done = dense = 0
    on = [1, *(int((values > 0).any(axis=1).sum()) for values in layers[1:-1]), 1]
    width = [len(values) for values in layers]
    for k in range(len(layers) - 1):
        passes_back = 1 if k == 0 else 2
        done += on[k] * width[k + 1] + passes_back * on[k] * on[k + 1]
        dense += (1 + passes_back) * width[k] * width[k + 1]
    n_points = layers[0].shape[1]
    return done * n_points, dense * n_points
