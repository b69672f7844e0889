"""Which bends can training keep: each claim is false in some world, and the exercises are done.

The page's sweeps are played by actors: nobody trains here. What it computes itself is its own.
"""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps
from overfit_tutorial.studies import keeping

PART = Path(__file__).parents[2] / "examples" / "3_function_space"
PAGE = PART / "plot_3_which_bends_can_training_keep.py"


def leave(*, seeds, start, times, threshold=1.0):
    """Leave the wild curve if rate times sharpness is above the threshold."""
    spread = np.geomspace(1, 3, len(seeds))
    sharpest = {"by hand": 1e8, "rescaled": 1e6, "both ways": 2e5}[start]
    stays = times < threshold
    return {
        "error": np.full(len(seeds), 0.0 if stays else 5.0),
        "followed": np.full(len(seeds), 1.0 if stays else 0.5),
        "sharpness": sharpest * spread,
        "least": 6e4 * spread,
    }


def stays_always(**cell):
    """Nothing is thrown out."""
    return leave(**cell, threshold=np.inf)


def leaves_always(**cell):
    """Nothing comes back."""
    return leave(**cell, threshold=0.0)


def bend(*, seeds, learning_rate, slowed=0.02):
    """Bend less, and follow less noise, if the rate is larger."""
    spread = np.geomspace(0.5, 2, len(seeds))
    less = (slowed / learning_rate) ** 0.3
    return {
        "error": np.full(len(seeds), 0.3),
        "followed": 0.7 * less * spread**0.1,
        "curvature": 2 * less * spread,
        "sharpness": np.maximum(1 / learning_rate, 3 + 6 * less * spread),
    }


def rate_is_nothing(*, seeds, learning_rate):
    """The rate makes no difference."""
    return bend(seeds=seeds, learning_rate=0.02)


def bends_are_free(weights, x):
    """Whatever the curve, weights may be nearly as flat as those of a constant."""
    return 1 + 1e-9 * (TRUE_BOUND(weights, x) - 1)


def bends_cost_more(weights, x):
    """Bends cost a thousand times as much as the theorem says."""
    return 1e3 * TRUE_BOUND(weights, x)


TRUE_BOUND = keeping.least_sharpness
BREAKS = {
    stays_always: ("leave_the_dots", {"thrown-out-where-predicted"}),
    leaves_always: ("leave_the_dots", {"thrown-out-where-predicted"}),
    rate_is_nothing: ("bend_at_rate", {"larger-rates-smoother-curves"}),
    bends_are_free: ("least_sharpness", {"no-curve-through-the-dots-can-stay", "depth-escapes"}),
    bends_cost_more: ("least_sharpness", {"bends-make-weights-sharp"}),
}


def run_sweep(function, grid, *, seed, n_seeds):
    """Return the table of a sweep, and keep nothing."""
    tables = []
    for part in [grid] if isinstance(grid, dict) else grid:
        for values in itertools.product(*part.values()):
            cell = dict(zip(part, values, strict=True))
            found = function(seeds=list(range(n_seeds)), **cell)
            tables.append(pd.DataFrame({"seed": range(n_seeds), **found}).assign(**cell))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(autouse=True)
def _stage(monkeypatch, _stage):
    """Let actors play the sweeps, on the stage of all pages."""
    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    monkeypatch.setattr(keeping, "leave_the_dots", leave)
    monkeypatch.setattr(keeping, "bend_at_rate", bend)


@pytest.mark.parametrize("world", BREAKS, ids=lambda world: world.__name__)
def test_a_claim_is_false_where_the_world_is_another(world, claims_of, monkeypatch):
    name, broken = BREAKS[world]
    monkeypatch.setattr(keeping, name, world)
    found = claims_of(PAGE, waits_for=broken, may_stop_at=[AssertionError])
    assert broken <= found.keys()
    assert [name for name in broken if found[name]] == [], f"they hold where {world.__doc__}"


def test_the_stage_lets_claims_hold(claims_of):
    found = claims_of(PAGE)
    assert set(found) == set().union(*(broken for _, broken in BREAKS.values()))
    assert [name for name, holds in found.items() if not holds] == []


def test_every_claim_has_its_world():
    written = re.findall(r'(?:exact|measured)\(\s*"([^"]+)"', PAGE.read_text("utf-8"))
    assert sorted(written) == sorted(set().union(*(broken for _, broken in BREAKS.values())))


DRAWN = "sample_noisy_many(N_DATASETS, seed=DATA_SEED)"


def test_a_quarter_of_the_points_forbids_far_less(perform):
    few = [(DRAWN, "sample_noisy_many(N_DATASETS, n_samples=25, seed=DATA_SEED)")]
    found, before = (perform(PAGE, "smaller", changes=c)["smaller"]["raw"] for c in (few, ()))
    assert found.value == pytest.approx(20, rel=0.15)
    assert before.value == pytest.approx(500, rel=0.1)


def test_half_of_the_noise_forbids_half(perform):
    quiet = [(DRAWN, "sample_noisy_many(N_DATASETS, noise_std=1.0, seed=DATA_SEED)")]
    found, before = (perform(PAGE, "smaller", changes=c)["smaller"]["raw"] for c in (quiet, ()))
    assert found.value == pytest.approx(before.value / 2, rel=0.01)
