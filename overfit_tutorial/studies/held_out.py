"""Judging a network, stopping it and counting its parameters, where the truth is not known.

All functions are made for `sweeps.run_sweep`. They know the truth as well, so that a page can say
whether the points that were held out, or shaken, were right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, data, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.recipes import STORY, Recipe
from overfit_tutorial.shaking import added_noise_followed
from overfit_tutorial.streams import split_seeds

Columns = dict[str, NDArray[Any]]


def compare_held_out(
    *,
    seeds: Sequence[_arguments.Seed],
    recipe: Recipe = STORY,
    n_train: int = 80,
    few: int = 20,
    many: int = 2000,
) -> Columns:
    """Train networks on some points; compare each with the line on points held out.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network: it draws points, first weights and batches.
    recipe : Recipe
        How to train.
    n_train : int
        Number of points to train on.
    few, many : int
        Sizes of two held-out sets, `many` a multiple of `few`.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``risk`` and ``line_risk``, the excess risks of network and least-squares line, and
        ``followed``, the share of its points' noise that the network follows. On the few
        points: ``gap_few``, the network's mean squared error minus the line's, with half the
        width of its 95% interval by Student's t, ``paired_few`` and ``unpaired_few``. The
        same for the many. And ``t_covers`` and ``chi2_covers``: in what share of the sets of
        `few` points, into which the many are cut, the 95% interval of the network's mean squared
        error covers what is expected, noise variance plus excess risk.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    few, many = _sizes(few, many)
    known, held, training = _draw(seeds, n_train, few + many)
    fits = fit_ensemble(known.x, known.y, recipe, seed=training)
    lines = [linear.fit_line(x, y) for x, y in zip(known.x, known.y, strict=True)]
    network = (fits.predict(held.x) - held.y) ** 2
    line = np.stack([line(x) for line, x in zip(lines, held.x, strict=True)])
    line = (line - held.y) ** 2
    found: dict[str, Any] = {
        "risk": data.excess_risk(fits.predict, data.TRUE_LINE),
        "followed": data.noise_followed(fits.predict, data.TRUE_LINE, known.x, known.y),
        "line_risk": np.array([data.excess_risk(line, data.TRUE_LINE) for line in lines]),
    }
    for name, part in {"few": slice(0, few), "many": slice(few, None)}.items():
        ours, theirs = network[:, part], line[:, part]
        found[f"gap_{name}"] = np.mean(ours - theirs, axis=1)
        found[f"paired_{name}"] = _half_width(ours - theirs)
        found[f"unpaired_{name}"] = np.sqrt(_half_width(ours) ** 2 + _half_width(theirs) ** 2)
    sets = network[:, few:].reshape(len(network), -1, few)
    expected = known.noise_std**2 + found["risk"][:, np.newaxis]
    return found | _coverage(sets, expected)


def stop_held_out(
    *,
    seeds: Sequence[_arguments.Seed],
    recipe: Recipe,
    moments: Sequence[int],
    n_train: int = 80,
    few: int = 20,
    many: int = 2000,
) -> Columns:
    """Train networks; let held-out points choose the moment at which each should have stopped.

    Parameters
    ----------
    seeds, n_train, few, many
        As in `compare_held_out`.
    recipe : Recipe
        How to train; its length is that of the last moment.
    moments : sequence of int
        Steps after which the judges look, each of them whole epochs.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        The excess risk at the first and the last moment, ``start`` and ``end``, and where the
        least squared error is seen by the few points, ``by_few``, by the many, ``by_many``, and by
        the truth, ``by_truth``. The noise followed there: ``followed_start``,
        ``followed_by_few`` and so on.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    few, many = _sizes(few, many)
    known, held, training = _draw(seeds, n_train, few + many)
    epochs = [recipe.replace(steps=moment).n_epochs(n_train) for moment in moments]
    recipe = recipe.replace(steps=moments[-1])
    fits = fit_ensemble(known.x, known.y, recipe, seed=training, checkpoints=epochs)
    risk, follow, squares = [], [], []
    for epoch in epochs:
        fit = fits.at(epoch)
        risk.append(data.excess_risk(fit.predict, data.TRUE_LINE))
        follow.append(data.noise_followed(fit.predict, data.TRUE_LINE, known.x, known.y))
        squares.append((fit.predict(held.x) - held.y) ** 2)
    risks, errors = np.array(risk), np.array(squares)
    judges = {
        "few": errors[..., :few].mean(axis=-1),
        "many": errors[..., few:].mean(axis=-1),
        "truth": risks,
    }
    columns = np.arange(risks.shape[1])
    rows: dict[str, Any] = {"start": 0, "end": -1}
    rows |= {f"by_{name}": seen.argmin(axis=0) for name, seen in judges.items()}
    followed = np.array(follow)
    found = {name: risks[row, columns] for name, row in rows.items()}
    return found | {f"followed_{name}": followed[row, columns] for name, row in rows.items()}


def shake_points(
    *,
    seeds: Sequence[_arguments.Seed],
    size: float,
    recipe: Recipe = STORY,
    n_train: int = 80,
) -> Columns:
    """Train networks on points to which noise is added, and see how much of that they follow.

    Parameters
    ----------
    seeds, recipe, n_train
        As in `compare_held_out`: the points, and what else a seed draws, are the same.
    size : float
        Standard deviation of the added noise.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        ``followed``, the share of the added noise that each network follows
        (`shaking.added_noise_followed`), and ``line_followed``, that of the least-squares line.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    A network without hidden layers that is trained to the end is the line:

    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None, epochs=2000)
    >>> found = shake_points(seeds=[0, 1], size=1.0, recipe=line)
    >>> np.allclose(found["followed"], found["line_followed"], rtol=1e-4)
    True
    """
    known, _, training = _draw(seeds, n_train, 1)
    added = split_seeds(seeds, 4)[3]

    def networks(y: NDArray[np.float64]) -> NDArray[np.float64]:
        return fit_ensemble(known.x, y, recipe, seed=training).predict(known.x)

    def lines(y: NDArray[np.float64]) -> NDArray[np.float64]:
        pairs = zip(known.x, y, strict=True)
        return np.stack([linear.fit_line(x, row)(x) for x, row in pairs])

    fits = {"followed": networks, "line_followed": lines}
    return {
        name: np.asarray(added_noise_followed(fit, known.y, size=size, seed=added))
        for name, fit in fits.items()
    }


def _half_width(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the width of the 95% interval of means over the last axis, by Student's t."""
    from scipy.special import stdtrit

    m = values.shape[-1]
    # The last digits of such functions are not the same on every machine.
    quantile = round(float(stdtrit(m - 1, 0.975)), 9)
    width: NDArray[np.float64] = quantile * values.std(axis=-1, ddof=1) / np.sqrt(m)
    return width


def _chi2_ends(mean_square: ArrayLike, m: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the ends of the 95% interval of the mean square of `m` Gaussian residuals.

    The sum of the squares, in units of their variance, is distributed as :math:`\chi^2_m`.
    """
    from scipy.special import gammaincinv

    # The quantiles of chi-squared with m degrees of freedom are twice those of gamma with m / 2.
    low, high = (round(float(2 * gammaincinv(m / 2, p)), 9) for p in (0.025, 0.975))
    total = np.asarray(mean_square, dtype=np.float64) * m
    return total / high, total / low


def _coverage(sets: NDArray[np.float64], expected: NDArray[np.float64]) -> Columns:
    """Return the share of sets whose interval covers what is expected of their mean."""
    mean = sets.mean(axis=-1)
    low, high = _chi2_ends(mean, sets.shape[-1])
    return {
        "t_covers": np.mean(np.abs(mean - expected) < _half_width(sets), axis=1),
        "chi2_covers": np.mean((low < expected) & (expected < high), axis=1),
    }


def _sizes(few: object, many: object) -> tuple[int, int]:
    few, many = _arguments.check_count("few", few), _arguments.check_count("many", many)
    if few < 2 or many % few:
        raise ValueError(f"few must be at least 2 and divide many, got {few} and {many}")
    return few, many


def _draw(
    seeds: Sequence[_arguments.Seed], n_train: object, n_held: int
) -> tuple[data.Dataset, data.Dataset, list[np.random.SeedSequence]]:
    """Return the points to train on, those held out, and the seeds of the training."""
    points, fresh, training = split_seeds(seeds, 3)
    n_train = _arguments.check_count("n_train", n_train)
    known = data.sample_noisy_many(len(points), n_samples=n_train, seed=points)
    held = data.sample_noisy_many(len(fresh), n_samples=n_held, seed=fresh)
    return known, held, training
