"""What studies of the story share: the points of a seed, places, moments, and noise by quarter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data
from overfit_tutorial.streams import POINTS, child_seed

Array = NDArray[np.float64]


def points_of(
    seeds: Sequence[_arguments.Seed],
    truth: data.Curve = data.TRUE_LINE,
    n_samples: int = 100,
    *,
    noise_std: float = 2.0,
) -> tuple[list[np.random.SeedSequence], data.Dataset]:
    """Return some seeds, checked, and the points of each: the same in all studies."""
    count = _arguments.check_count("n_samples", n_samples)
    roots = [_arguments.check_seed(seed) for seed in seeds]
    points = [child_seed(root, POINTS) for root in roots]
    return roots, data.sample_noisy_many(
        len(points), truth, n_samples=count, seed=points, noise_std=noise_std
    )


def midpoints(n_parts: int) -> Array:
    """Return the midpoints of equal parts of [0, 20], where curves are judged."""
    return (np.arange(n_parts, dtype=np.float64) + 0.5) * (20 / n_parts)


def check_moments(moments: Sequence[int]) -> list[int]:
    """Return numbers of steps if there are some, in ascending order."""
    found = [_arguments.check_count("moments", moment) for moment in moments]
    if not found or sorted(set(found)) != found:
        raise ValueError(f"moments must be some numbers in ascending order, got {found}")
    return found


def followed_by_quarter(fitted: Array, truth: data.Curve, x: Array, y: Array) -> dict[str, Array]:
    """Return the noise followed by each network, of all its points and of each quarter."""
    found = {"followed": np.asarray(data.noise_followed(fitted, truth, x, y))}
    for k in (1, 2, 3, 4):
        inside = (5 * (k - 1) <= x) & (x < 5 * k)
        part = data.noise_followed(fitted, truth, x, y, where=inside)
        found[f"followed_quarter_{k}"] = np.asarray(part)
    return found
