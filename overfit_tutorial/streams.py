"""Independent seeds from one seed.

What has one seed but draws twice, points and then other points, needs two. They are children of
the seed, found by their number alone.
"""

from collections.abc import Sequence

import numpy as np

from overfit_tutorial import _arguments

__all__ = ["split_seeds"]

# The children of a network's seed. Training draws dropout from the first; a study that also draws
# points, or trains again on the same ones, takes children far from it. Members of an ensemble,
# data sets, probes and rays are the children of a seed of their own, from zero on.
DROPOUT = 0
POINTS = 1000
REDRAWS = 2000  # the first of them: redraw k is child 2000 + k


def child_seed(seed: np.random.SeedSequence, index: int) -> np.random.SeedSequence:
    """Return child `index` of a seed: a function of `seed` and `index` alone.

    ``SeedSequence.spawn`` would count its calls; two calls with one seed would then differ.
    """
    return np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, index), pool_size=seed.pool_size
    )


def member_seeds(
    seed: _arguments.Seed | Sequence[_arguments.Seed], n_members: int
) -> list[np.random.SeedSequence]:
    """Return the children of a seed, one for each member, or the seeds that are given for each."""
    if not isinstance(seed, Sequence):
        root = _arguments.check_seed(seed)
        return [child_seed(root, k) for k in range(n_members)]
    if len(seed) != n_members:
        raise ValueError(f"seed must have one seed a member, {n_members}, got {len(seed)}")
    return [_arguments.check_seed(one) for one in seed]


def split_seeds(
    seeds: Sequence[_arguments.Seed], n_streams: int
) -> list[list[np.random.SeedSequence]]:
    """Return independent streams for each of some seeds.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        Such as the function of `overfit_tutorial.sweeps.run_sweep` gets.
    n_streams : int
        How many streams each seed is to have.

    Returns
    -------
    list of list of SeedSequence
        One list a stream, each with one seed for each of `seeds`. Stream *i* of a seed is its
        child *i*, whatever has been drawn or spawned from the seed before.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> points, training = split_seeds([5, 6], 2)
    >>> points[1].entropy, points[1].spawn_key, training[1].spawn_key
    (6, (0,), (1,))
    """
    n_streams = _arguments.check_count("n_streams", n_streams)
    if not isinstance(seeds, Sequence):
        raise TypeError(f"seeds must be a sequence of seeds, got {seeds!r}")
    roots = [_arguments.check_seed(seed) for seed in seeds]
    return [[child_seed(root, index) for root in roots] for index in range(n_streams)]
