"""Streams of a seed: children found by their number, and nothing else."""

import numpy as np
import pytest

from overfit_tutorial.streams import split_seeds

SEEDS = [np.random.SeedSequence(5, spawn_key=(k,)) for k in range(3)]


def draw(seed):
    return np.random.default_rng(seed).normal(size=100)


@pytest.mark.parametrize(("spawn_key", "pool_size"), [((), 4), ((4,), 4), ((), 8)])
def test_streams_are_what_numpy_would_spawn(spawn_key, pool_size):
    parent = np.random.SeedSequence(3, spawn_key=spawn_key, pool_size=pool_size)
    streams = [stream[0].generate_state(4) for stream in split_seeds([parent], 3)]
    assert parent.n_children_spawned == 0
    assert np.array_equal(streams, [child.generate_state(4) for child in parent.spawn(3)])


def test_what_was_spawned_before_does_not_count():
    seed = np.random.SeedSequence(5)
    first = split_seeds([seed], 1)[0][0]
    seed.spawn(3)
    second = split_seeds([seed], 1)[0][0]
    np.testing.assert_array_equal(draw(first), draw(second))
    assert seed.n_children_spawned == 3, "and the seed is left as it was"


def test_streams_and_seeds_differ():
    streams = split_seeds([*SEEDS, 7, 8], 2)
    draws = [draw(seed) for stream in streams for seed in stream]
    draws += [draw(seed) for seed in SEEDS]
    assert len({d.tobytes() for d in draws}) == 2 * 5 + 3


def test_no_seeds_have_empty_streams():
    assert split_seeds([], 2) == [[], []]


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (ValueError, "n_streams must be at least 1, got 0", ([0], 0)),
        (TypeError, "n_streams must be a whole number, got 1.5", ([0], 1.5)),
        (ValueError, "seed must not be negative, got -1", ([-1], 1)),
        (TypeError, "seed must be an int", ([np.random.default_rng(0)], 1)),
    ],
)
def test_an_argument_that_breaks_its_rule_is_named(error, match, arguments):
    with pytest.raises(error, match=match):
        split_seeds(*arguments)
