"""Files that are made up, judged as their owner could judge them, and by the truth.

What `own_points` says of one file, without the truth, is right or wrong. Here many files are made
whose truth is known.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.recipes import STORY, Recipe
from overfit_tutorial.shaking import added_noise_followed
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.studies.own_points import estimate_noise_std

Array = NDArray[np.float64]


def judge_files(
    *,
    seeds: Sequence[_arguments.Seed],
    truth: data.Curve,
    noise_std: float,
    recipe: Recipe = STORY,
    n_known: int = 128,
    n_held: int = 32,
    low: float = 0.0,
    high: float = 20.0,
    scaled: bool = True,
    shake: bool = True,
) -> dict[str, Any]:
    """Make files up, train a network and a line on the first rows of each, and judge both.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each file.
    truth : callable
        Maps places to true values.
    noise_std : float
        Standard deviation of the noise, and of what is added to count parameters.
    recipe : Recipe
        How to train.
    n_known, n_held : int
        Rows to train on, and rows held out; at least two of these.
    low, high : float
        Ends of the interval from which places are drawn.
    scaled : bool
        Whether networks see places from 0 to 20, as in the story, or as they are.
    shake : bool
        Whether to shake the points, which takes twice as long again.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        What the owner of the file can see:

        - ``error``, the network's mean squared error on the rows held out, and ``scatter``, its
          standard error;
        - ``gap``, how much larger that is than the line's, and ``doubt``, its standard error;
        - ``shaken``, the share of added noise that the network follows, where points are shaken;
        - ``noise``, the estimate of the noise of all rows from neighbors.

        And what is true: ``risk`` and ``line``, the excess risks of network and line, and
        ``followed``, the share of its rows' noise that the network follows.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    n_known = _arguments.check_count("n_known", n_known)
    n_held = _arguments.check_count("n_held", n_held, least=2)
    low, high = _arguments.check_range(low, high)
    drawing, training, shaking = split_seeds(seeds, 3)
    files = data.sample_noisy_many(
        len(drawing),
        truth,
        n_known + n_held,
        seed=drawing,
        noise_std=noise_std,
        low=low,
        high=high,
    )
    x, held_x = np.split(files.x, [n_known], axis=1)
    y, held_y = np.split(files.y, [n_known], axis=1)

    def seen(places: Array) -> Array:
        return 20 * (places - low) / (high - low) if scaled else places

    def train(targets: Array) -> Any:
        return fit_ensemble(seen(x), targets, recipe, seed=training)

    fits = train(y)
    lines = [linear.fit_line(*points) for points in zip(x, y, strict=True)]
    straight = np.stack([line(places) for line, places in zip(lines, held_x, strict=True)])

    def curves(places: Array) -> Array:
        values: Array = fits.predict(seen(places))
        return values

    error = (curves(held_x) - held_y) ** 2
    more = error - (straight - held_y) ** 2
    pairs = zip(files.x, files.y, strict=True)
    followed = {}
    if shake:
        followed["shaken"] = added_noise_followed(
            lambda targets: train(targets).predict(seen(x)), y, size=noise_std, seed=shaking
        )
    return followed | {
        "error": error.mean(axis=1),
        "scatter": error.std(axis=1, ddof=1) / np.sqrt(n_held),
        "gap": more.mean(axis=1),
        "doubt": more.std(axis=1, ddof=1) / np.sqrt(n_held),
        "noise": np.array([estimate_noise_std(*points) for points in pairs]),
        "risk": data.excess_risk(curves, truth, low=low, high=high),
        "line": np.array([data.excess_risk(line, truth, low=low, high=high) for line in lines]),
        "followed": data.noise_followed(curves, truth, x, y),
    }
