"""Train a block of networks by the exact trainer: from data, recipe and seeds to weights."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import draws, exact
from overfit_tutorial._engine.draws import initial_weights_of, learning_rates
from overfit_tutorial._engine.trained import Trained, read_only, stacked, units_of
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.weights.arrays import Weights

# A call takes about so long. Between two calls there is time for a progress bar and Ctrl-C.
_SECONDS_A_CALL = 0.2
_FIRST_STEPS = 8  # of a network whose pace is not known yet


def is_exact(recipe: Recipe, n_samples: int) -> bool:
    """Return whether the exact trainer can do what a recipe says, on so many points."""
    is_known = recipe.activation == "relu" and recipe.dtype == "float32" and recipe.dropout == 0
    return is_known and exact.n_bytes(recipe, n_samples) <= exact.MOST_BYTES


def train_block(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    recipe: Recipe,
    seeds: Sequence[np.random.SeedSequence],
    *,
    scaling: Scaling | None = None,
    initial_weights: Weights | None = None,
    checkpoints: Sequence[int] = (),
    proceed: Callable[[int], None] = lambda n_epochs: None,
) -> Trained:
    """Train networks one after the other.

    Parameters
    ----------
    x, y : ndarray of shape (n_members, n_samples)
        The points of each member; `x` has a last axis of the inputs where these are several.
    recipe, seeds, scaling, initial_weights, checkpoints
        As in `ensembles.fit_ensemble`, with a row or an entry for each member.
    proceed : callable
        Called with the epochs that one network has just taken; may raise to stop.
    """
    start, n_members = perf_counter(), len(x)
    units = scaling or units_of(recipe, x, y)
    weights = initial_weights or initial_weights_of(recipe, seeds)
    inputs = ((x - units.x_mean[:, None]) / units.x_std[:, None]).astype(np.float32)
    targets = ((y - units.y_mean[:, None]) / units.y_std[:, None]).astype(np.float32)
    plan = exact.plan_of(
        recipe, x.shape[1], learning_rates(recipe.learning_rate, recipe.n_steps(x.shape[1]))
    )
    members = []
    for k, seed in enumerate(seeds):
        first = tuple(weight[k] for weight in weights)
        # No name holds the trainer, so that the next one can have its memory.
        members.append(
            _train(
                exact.trainer_of(plan, inputs[k], targets[k], first, draws.number_of(seed)),
                plan,
                checkpoints,
                proceed,
            )
        )
    found = {name: stacked(*(member[name] for member in members)) for name in members[0]}
    factors = units.y_std[:, None] ** 2
    for name in ("loss", "validation_loss"):
        found[name] = read_only(found[name] * factors)
    seconds = read_only(np.full(n_members, (perf_counter() - start) / n_members))
    units = Scaling(*(read_only(np.array(part)) for part in units))
    return Trained(recipe=recipe, engine="exact", scaling=units, seconds=seconds, **found)


def _train(
    trainer: exact.Trainer,
    plan: exact.Plan,
    checkpoints: Sequence[int],
    proceed: Callable[[int], None],
) -> dict[str, Any]:
    """Train one network to its end; return the fields of `Trained` in its own units."""
    done, n_steps, kept, slots = 0, float(_FIRST_STEPS), {}, {}
    for end in sorted({*checkpoints, plan.n_epochs}):
        while done < end and not trainer.is_over:
            start, before = perf_counter(), done
            done = trainer.advance(end, max(int(n_steps), 1))
            # A call that has come to its end early does not say that more steps are as quick.
            most = 1 if done == end else 10
            n_steps *= np.clip(_SECONDS_A_CALL / (perf_counter() - start), 0.1, most)
            proceed(done - before)
        if end in checkpoints:
            kept[end], slots[end] = trainer.weights(), trainer.slots()
    weights = last = trainer.weights() if plan.recipe.patience is None else trainer.best()
    if plan.recipe.average_last and trainer.is_over and not trainer.has_diverged:
        weights = trainer.average()
    losses = [np.full(plan.n_epochs, np.nan) for _ in range(2)]
    for history, values in zip(losses, trainer.losses(), strict=True):
        history[: values.size] = values
    return {
        "weights": weights,
        "last_weights": last,
        "loss": losses[0],
        "validation_loss": losses[1][: plan.n_epochs if plan.n_validation else 0],
        "checkpoints": kept,
        "slots": slots,
        "diverged": trainer.has_diverged,
    }
