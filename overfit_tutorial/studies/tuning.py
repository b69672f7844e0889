"""A way to train, judged by the truth and, for whoever has none, by points held out.

The function is made for `sweeps.run_sweep`: a cell of the grid is a recipe. All recipes get the
same points, so that they can be compared seed by seed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import EnsembleFit, fit_ensemble
from overfit_tutorial.recipes import STORY, Recipe
from overfit_tutorial.streams import child_seed
from overfit_tutorial.studies._points import points_of

Columns = dict[str, NDArray[Any]]

# At so many places, the midpoints of equal parts of [0, 20], curves are judged.
N_PLACES = 501
# The child of a seed that draws the points held out, far from those of other studies.
HELD_OUT = 3000


def judge_training(
    *,
    seeds: Sequence[_arguments.Seed],
    recipe: Recipe = STORY,
    n_samples: int = 100,
    n_held: int = 20,
) -> Columns:
    """Train networks by a recipe, and judge each.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network: it draws points, first weights and batches.
    recipe : Recipe
        How to train.
    n_samples : int
        Number of points that a network is given; a recipe may hold some of them out itself.
    n_held : int
        Number of further points that no network sees.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        - ``risk`` and ``line_risk``, the excess risks of the network, and of the least-squares
          line on all that it was given;
        - ``followed``, the share that it follows of the noise in all that it was given;
        - ``last_risk`` and ``last_followed``, the same with the weights of the last step, where
          the recipe averages;
        - ``held_out`` and ``line_held_out``, their mean squared errors on the further points;
        - ``epochs``, how many it took.

        Where a network diverged, its risk and its error are infinite, and what it follows is
        undefined.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    A network without hidden layers that is trained to the end is the line:

    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None, epochs=2000)
    >>> found = judge_training(seeds=[0, 1], recipe=line)
    >>> np.allclose(found["held_out"], found["line_held_out"], rtol=1e-4)
    True
    """
    roots, given = points_of(seeds, n_samples=n_samples)
    further = [child_seed(root, HELD_OUT) for root in roots]
    n_held = _arguments.check_count("n_held", n_held)
    held = data.sample_noisy_many(len(further), n_samples=n_held, seed=further)
    fits = fit_ensemble(given.x, given.y, recipe, seed=roots)
    with np.errstate(all="ignore"):  # of those that diverged
        missed = np.mean((fits.predict(held.x) - held.y) ** 2, axis=1)
    judged = _judge(fits, given)
    last = _judge(fits.last(), given) if recipe.average_last else judged
    lines = [linear.fit_line(x, y) for x, y in zip(given.x, given.y, strict=True)]
    line_held = np.stack([line(x) for line, x in zip(lines, held.x, strict=True)])
    risks = [data.excess_risk(line, data.TRUE_LINE, n_points=N_PLACES) for line in lines]
    return {
        **judged,
        **{f"last_{name}": values for name, values in last.items()},
        "held_out": np.where(fits.diverged, np.inf, missed),
        "line_risk": np.array(risks),
        "line_held_out": np.mean((line_held - held.y) ** 2, axis=1),
        "epochs": np.sum(~np.isnan(fits.loss), axis=1),
    }


def _judge(fits: EnsembleFit, given: data.Dataset) -> Columns:
    """Return how far each network is from the truth, and what it follows of the noise."""
    with np.errstate(all="ignore"):  # of those that diverged
        risk = data.excess_risk(fits.predict, data.TRUE_LINE, n_points=N_PLACES)
        followed = data.noise_followed(fits.predict, data.TRUE_LINE, given.x, given.y)
    return {
        "risk": np.where(fits.diverged, np.inf, risk),
        "followed": np.where(fits.diverged, np.nan, followed),
    }
