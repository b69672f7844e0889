"""The experiment as a function of what is changed in it.

Both functions are made for `sweeps.run_sweep`: a cell of the grid says what is changed, and the
table has how well the networks then fit their own points and how far they are from the truth.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import EnsembleFit, fit_ensemble
from overfit_tutorial.streams import POINTS, REDRAWS, child_seed
from overfit_tutorial.training import STORY

Columns = dict[str, NDArray[np.float64]]


def judge_recipe(
    *,
    seeds: Sequence[_arguments.Seed],
    center: float = 0.0,
    unit: float = 1.0,
    n_samples: int = 100,
    average_share: float = 0.5,
    redraw: int = 0,
    **changes: Any,
) -> Columns:
    """Train the story's network with some changes, once for each seed, and judge it.

    A seed draws points, first weights and batches; the points are the same in all cells.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network.
    center, unit : float
        The network sees ``(x - center) / unit`` instead of `x`.
    n_samples : int
        Number of points.
    average_share : float
        Share of the training, its end, over which the weights of the average are taken.
    redraw : int
        Number of the draw of first weights and batches, on the same points.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``error``, the training error at the last step, and ``risk``, the excess risk there;
        ``averaged_error`` and ``averaged_risk`` of the averaged weights; ``line_error`` and
        ``line_risk`` of the least-squares line on the same points. Infinite where the network
        diverged.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    A network without hidden layers is a line. Trained to the end, it is the least-squares line:

    >>> line = {"hidden_widths": (), "learning_rate": 0.1, "batch_size": None, "steps": 2000}
    >>> found = judge_recipe(seeds=[0, 1], **line)
    >>> np.allclose(found["error"], found["line_error"], rtol=1e-5)
    True
    """
    study = _Study(seeds, center, unit, n_samples, redraw)
    share = _arguments.check_fraction("average_share", average_share)
    recipe = STORY.replace(**changes)
    n_averaged = max(1, round(share * recipe.n_epochs(n_samples)))
    fits = study.train(recipe.replace(average_last=n_averaged))
    found = study.judge_lines()
    found["error"], found["risk"] = study.judge(fits.last())
    found["averaged_error"], found["averaged_risk"] = study.judge(fits)
    return found


def follow_recipe(
    *,
    seeds: Sequence[_arguments.Seed],
    moments: Sequence[int],
    center: float = 0.0,
    unit: float = 1.0,
    n_samples: int = 100,
    redraw: int = 0,
    **changes: Any,
) -> Columns:
    """Train as `judge_recipe` does, and judge the networks at several moments on the way.

    Parameters
    ----------
    seeds, center, unit, n_samples, redraw, **changes
        As in `judge_recipe`, without ``epochs`` and ``steps``.
    moments : sequence of int
        Numbers of steps, each of them whole epochs, in ascending order.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``error_800`` and ``risk_800`` after 800 steps, and so on for each moment; ``line_error``
        and ``line_risk`` as in `judge_recipe`.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> line = {"hidden_widths": (), "batch_size": None}
    >>> found = follow_recipe(seeds=[0], moments=(1, 500), **line)
    >>> bool(found["error_1"] > found["error_500"])
    True
    """
    study = _Study(seeds, center, unit, n_samples, redraw)
    moments = [_arguments.check_count("moments", moment) for moment in moments]
    if not moments or sorted(set(moments)) != moments:
        raise ValueError(f"moments must be some numbers in ascending order, got {moments}")
    recipes = [STORY.replace(**changes, steps=moment) for moment in moments]
    epochs = [recipe.n_epochs(n_samples) for recipe in recipes]
    fits = study.train(recipes[-1], checkpoints=epochs)
    found = study.judge_lines()
    for moment, epoch in zip(moments, epochs, strict=True):
        found[f"error_{moment}"], found[f"risk_{moment}"] = study.judge(fits.at(epoch))
    return found


class _Study:
    """The points of some seeds, as the networks see them, and what becomes of those."""

    def __init__(
        self,
        seeds: Sequence[_arguments.Seed],
        center: object,
        unit: object,
        n_samples: object,
        redraw: int,
    ) -> None:
        self.center = _arguments.check_finite("center", center)
        self.unit = _arguments.check_positive("unit", unit)
        count = _arguments.check_count("n_samples", n_samples)
        roots = [_arguments.check_seed(seed) for seed in seeds]
        points = [child_seed(root, POINTS) for root in roots]
        samples = data.sample_noisy_many(len(points), n_samples=count, seed=points)
        self.x, self.y = samples.x, samples.y
        if redraw:
            place = REDRAWS + _arguments.check_count("redraw", redraw)
            roots = [child_seed(root, place) for root in roots]
        self.training_seeds = roots

    def seen(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return inputs as the network sees them."""
        return (x - self.center) / self.unit

    def train(self, recipe: Any, **options: Any) -> EnsembleFit:
        """Return the trained networks."""
        return fit_ensemble(self.seen(self.x), self.y, recipe, seed=self.training_seeds, **options)

    def judge(self, fits: EnsembleFit) -> tuple[NDArray[np.float64], ...]:
        """Return training error and excess risk of each network."""

        def predict(x: NDArray[np.float64]) -> NDArray[np.float64]:
            with np.errstate(all="ignore"):  # of those that diverged
                return np.nan_to_num(fits.predict(self.seen(x)), nan=np.inf)

        error = np.mean((predict(self.x) - self.y) ** 2, axis=1)
        risk = data.excess_risk(predict, data.TRUE_LINE, n_points=501)
        return tuple(np.where(fits.diverged, np.inf, values) for values in (error, risk))

    def judge_lines(self) -> Columns:
        """Return training error and excess risk of each least-squares line."""
        pairs = list(zip(self.x, self.y, strict=True))
        lines = [linear.fit_line(x, y) for x, y in pairs]
        errors = [np.mean((line(x) - y) ** 2) for line, (x, y) in zip(lines, pairs, strict=True)]
        risks = [data.excess_risk(line, data.TRUE_LINE, n_points=501) for line in lines]
        return {"line_error": np.array(errors), "line_risk": np.array(risks)}
