"""Points that lead training to a bad minimum.

To find out what distinguishes good minima from bad ones, one needs bad ones, and plain training
does not find them. Wrong points do it: a network that has fitted them together with the clean
ones, and is then trained on the clean ones alone until it fits them again, keeps the detours.
Whether it was the detour or the wrong points tells a detour over right ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.data import Curve


@dataclass(frozen=True, kw_only=True, eq=False)
class PoisonedSet:
    """Clean points, followed by wrong ones between them.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        Inputs and targets, read-only float64.
    is_poison : ndarray of shape (n_points,)
        Whether a point was added: a wrong one or, for comparison, a right one.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_poison: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.is_poison):
            array.setflags(write=False)


def poison_between(
    x: ArrayLike,
    y: ArrayLike,
    *,
    offset: float,
    seed: _arguments.Seed,
    min_gap: float = 0.0,
) -> PoisonedSet:
    """Add a wrong point halfway between any two neighbors, above or below.

    The idea is that of :cite:`wu2017`, who add wrongly labeled data to the training set.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The clean points, at least two of them.
    offset : float
        How far a wrong point lies above or below the middle of its neighbors, in units of `y`.
    seed : int or SeedSequence
        Decides which of them lie above and which below, with equal probability.
    min_gap : float
        Neighbors that are not further apart get no point between them: to fit all three there
        takes a slope that training may never reach.

    Returns
    -------
    PoisonedSet
        First the clean points as they are given, then the wrong ones from left to right.

    See Also
    --------
    placebo_between : right points in the same places.

    Raises
    ------
    TypeError, ValueError
        If `x` and `y` differ in length or no two neighbors are far enough apart.

    References
    ----------
    :cite:t:`wu2017`

    Examples
    --------
    >>> poisoned = poison_between([0.0, 2.0], [1.0, 3.0], offset=8.0, seed=0)
    >>> poisoned.x.tolist(), poisoned.y.tolist()
    ([0.0, 2.0, 1.0], [1.0, 3.0, 10.0])
    """
    x = _arguments.check_vector("x", x)
    y = _arguments.check_vector("y", y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    offset = _arguments.check_positive("offset", offset)
    min_gap = _arguments.check_not_negative("min_gap", min_gap)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    order = np.argsort(x, kind="stable")
    left, right = order[:-1], order[1:]
    # The signs are drawn for all gaps, so that `min_gap` does not change those that remain.
    signs = np.where(generator.integers(0, 2, len(left)) > 0, 1.0, -1.0)
    wide = x[right] - x[left] > min_gap
    if not wide.any():
        raise ValueError(f"x must hold two neighbors further apart than min_gap, {min_gap:g}")
    poison_x = (x[left] + x[right]) / 2
    poison_y = (y[left] + y[right]) / 2 + offset * signs
    return PoisonedSet(
        x=np.concatenate([x, poison_x[wide]]),
        y=np.concatenate([y, poison_y[wide]]),
        is_poison=np.arange(len(x) + int(wide.sum())) >= len(x),
    )


def placebo_between(
    x: ArrayLike, y: ArrayLike, *, truth: Curve, noise_std: float, seed: _arguments.Seed
) -> PoisonedSet:
    """Add a right point where `poison_between` adds a wrong one: noisy, as the clean ones are.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        The clean points, at least two of them.
    truth : callable
        Of the clean points, vectorized.
    noise_std : float
        Standard deviation of the noise of the added points, in units of `y`.
    seed : int or SeedSequence
        Of that noise.

    Returns
    -------
    PoisonedSet
        First the clean points as they are given, then the added ones from left to right.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> added = placebo_between([0.0, 2.0], [1.0, 3.0], truth=lambda x: x, noise_std=0.0, seed=0)
    >>> added.x.tolist(), added.y.tolist()
    ([0.0, 2.0, 1.0], [1.0, 3.0, 1.0])
    """
    noise_std = _arguments.check_not_negative("noise_std", noise_std)
    # Only the places are of use, so the offset does not matter.
    wrong = poison_between(x, y, offset=1.0, seed=seed)
    generator = np.random.default_rng(_arguments.check_seed(seed))
    places = wrong.x[wrong.is_poison]
    right = truth(places) + noise_std * generator.standard_normal(len(places))
    return PoisonedSet(
        x=wrong.x.copy(),
        y=np.concatenate([wrong.y[~wrong.is_poison], right]),
        is_poison=wrong.is_poison.copy(),
    )
