"""The experiment as a function of what is changed in it.

Both functions are made for `sweeps.run_sweep`: a cell of the grid says what is changed, and the
table has how well the networks then fit their own points, how far they are from the truth, and how
much of the noise they follow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import EnsembleFit, fit_ensemble
from overfit_tutorial.streams import REDRAWS, child_seed
from overfit_tutorial.studies._points import (
    check_moments,
    followed_by_quarter,
    midpoints,
    points_of,
)
from overfit_tutorial.training import STORY

Columns = dict[str, NDArray[np.float64]]

# At so many places, the midpoints of equal parts of [0, 20], curves are judged.
N_PLACES = 501


def judge_recipe(
    *,
    seeds: Sequence[_arguments.Seed],
    center: float = 0.0,
    unit: float = 1.0,
    n_samples: int = 100,
    noise_std: float = 2.0,
    wave_height: float = 0.0,
    average_share: float = 0.5,
    redraw: int = 0,
    **changes: Any,
) -> Columns:
    """Train the story's network with some changes, once for each seed, and judge it.

    A seed draws points, first weights and batches. The points are the same in all cells: of more
    of them, the first are those of fewer, and other noise is the same noise on another scale.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network.
    center, unit : float
        The network sees ``(x - center) / unit`` instead of `x`.
    n_samples : int
        Number of points.
    noise_std : float
        Standard deviation of their noise.
    wave_height : float
        Height of a full wave over [0, 20], on top of the true line.
    average_share : float
        Share of the training, its end, over which the weights of the average are taken.
    redraw : int
        Number of the draw of first weights and batches, on the same points.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        Of the network at its last step:

        - ``error``, the training error;
        - ``risk``, the excess risk;
        - ``followed``, the noise followed, and ``followed_quarter_1`` to ``_4`` that of the points
          in each quarter of [0, 20], from the left; undefined where there is no point or no noise;
        - ``straight``, the excess risk of the straight line nearest to the curve: what the wrong
          height and tilt cost. The rest of the risk is what the bends cost;
        - ``turning``, the sum of all changes of slope in [0, 20], and ``turning_left``, of those
          left of 2, a tenth of the way.

        The same with ``averaged_`` before it of the averaged weights; ``line_error``,
        ``line_risk`` and ``line_followed`` of the least-squares line on the same points. Where
        the network diverged, infinite, and what compares with the noise undefined.

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
    truth = _line_and_wave(wave_height)
    study = _Study(seeds, center, unit, n_samples, redraw, truth=truth, noise_std=noise_std)
    share = _arguments.check_fraction("average_share", average_share)
    recipe = STORY.replace(**changes)
    n_averaged = max(1, round(share * recipe.n_epochs(n_samples)))
    fits = study.train(recipe.replace(average_last=n_averaged))
    averaged = {f"averaged_{name}": values for name, values in study.judge(fits).items()}
    return {**study.judge_lines(), **study.judge(fits.last()), **averaged}


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
        ``error_800``, ``risk_800`` and the others of `judge_recipe` after 800 steps, and so on for
        each moment; ``line_error``, ``line_risk`` and ``line_followed``.

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
    moments = check_moments(moments)
    recipes = [STORY.replace(**changes, steps=moment) for moment in moments]
    epochs = [recipe.n_epochs(n_samples) for recipe in recipes]
    fits = study.train(recipes[-1], checkpoints=epochs)
    found = study.judge_lines()
    for moment, epoch in zip(moments, epochs, strict=True):
        judged = study.judge(fits.at(epoch))
        found |= {f"{name}_{moment}": values for name, values in judged.items()}
    return found


class _Study:
    """The points of some seeds, as the networks see them, and what becomes of those."""

    def __init__(
        self,
        seeds: Sequence[_arguments.Seed],
        center: object,
        unit: object,
        n_samples: int,
        redraw: int,
        *,
        truth: data.Curve = data.TRUE_LINE,
        noise_std: float = 2.0,
    ) -> None:
        self.center = _arguments.check_finite("center", center)
        self.unit = _arguments.check_positive("unit", unit)
        roots, self.points = points_of(seeds, truth, n_samples, noise_std=noise_std)
        if redraw:
            place = REDRAWS + _arguments.check_count("redraw", redraw)
            roots = [child_seed(root, place) for root in roots]
        self.training_seeds = roots

    def seen(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return inputs as the network sees them."""
        return (x - self.center) / self.unit

    def train(self, recipe: Any, **options: Any) -> EnsembleFit:
        """Return the trained networks."""
        return fit_ensemble(
            self.seen(self.points.x), self.points.y, recipe, seed=self.training_seeds, **options
        )

    def judge(self, fits: EnsembleFit) -> Columns:
        """Return what `judge_recipe` says of each network."""
        places = midpoints(N_PLACES)
        rows = np.broadcast_to(places, (len(self.points.x), N_PLACES))
        # Asked once for both: to lay the networks out takes as long as to ask them.
        at = np.concatenate([self.points.x, rows], axis=1)
        with np.errstate(all="ignore"):  # of those that diverged
            fitted, curves = np.split(
                fits.predict(self.seen(at)), [self.points.x.shape[1]], axis=1
            )
            found = {
                "error": np.mean((fitted - self.points.y) ** 2, axis=1),
                **self.followed(fitted),
                **_shape(curves - self.points.truth(places)),
            }
        for name, values in found.items():
            values[fits.diverged] = np.nan if name.startswith("followed") else np.inf
        return found

    def judge_lines(self) -> Columns:
        """Return training error, excess risk and noise followed of each least-squares line."""
        x, y, truth = self.points.x, self.points.y, self.points.truth
        lines = [linear.fit_line(*pair) for pair in zip(x, y, strict=True)]
        fitted = np.stack([line(row) for line, row in zip(lines, x, strict=True)])
        risks = [data.excess_risk(line, truth, n_points=N_PLACES) for line in lines]
        return {
            "line_error": np.mean((fitted - y) ** 2, axis=1),
            "line_risk": np.array(risks),
            "line_followed": self.followed(fitted)["followed"],
        }

    def followed(self, fitted: NDArray[np.float64]) -> Columns:
        """Return the noise followed, in all and by quarter; undefined where there is no noise."""
        x, y, truth = self.points.x, self.points.y, self.points.truth
        if self.points.noise_std > 0:
            return followed_by_quarter(fitted, truth, x, y)
        names = ["followed", *(f"followed_quarter_{k}" for k in (1, 2, 3, 4))]
        return {name: np.full(len(x), np.nan) for name in names}


def _line_and_wave(height: object) -> data.Curve:
    """Return the true line with a full wave of some height on it."""
    height = _arguments.check_finite("wave_height", height)
    if height == 0:
        return data.TRUE_LINE
    return lambda x: data.TRUE_LINE(x) + height * np.sin(2 * np.pi * x / 20)


def _shape(off: NDArray[np.float64]) -> Columns:
    """Return the excess risk of each curve, the part of its straight line, and where it bends.

    A curve is given by its distance from the truth at the midpoints where it is judged; the
    straight line is the one nearest to that.
    """
    places = midpoints(N_PLACES)
    # The nearest straight line by orthogonal functions on these very places: a level, and a tilt.
    tilt = places - places.mean()
    tilt /= np.sqrt(np.mean(tilt**2))
    straight = np.mean(off, axis=1) ** 2 + np.mean(off * tilt, axis=1) ** 2
    turns = np.abs(np.diff(off, n=2, axis=1)) / (20 / N_PLACES)
    left = places[1:-1] < 2
    return {
        "risk": np.mean(off**2, axis=1),
        "straight": straight,
        "turning": turns.sum(axis=1),
        "turning_left": turns[:, left].sum(axis=1),
    }
