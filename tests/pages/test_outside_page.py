"""Each claim of the page on what is outside is false in some world, and holds in one made up.

A world says what networks have become, instead of training; everything after is the page's code.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import data, draws, ensembles, sweeps
from overfit_tutorial.studies import outside

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_7_outside_the_data.py")
PLACES = (-20, 10, 40)

# How far off all networks are at the three places, how far those on the same points go together,
# and how far each goes alone.
OURS = {"same": (20.0, 0.0, 0.0), "points": (3.0, 0.2, 1.0), "own": (5.0, 0.6, 2.4)}
KNOWING = OURS | {"same": (0.0, 0.0, 0.0), "points": (0.0, 0.0, 0.0)}
SURE = OURS | {"points": (3.0, 0.2, 8.0)}
LINES = {"same": (0.0, 0.0, 0.0), "points": (1.0, 0.2, 1.0), "own": (1e-3, 1e-3, 1e-3)}


def table_of(world, knots, n_seeds, n_members, dice):
    """Return a table like that of the study."""
    found = {}
    for place, same, points, own in zip(PLACES, *world.values(), strict=True):
        off = dice.normal(scale=own, size=(n_seeds, n_members))
        off += same + dice.normal(scale=points, size=(n_seeds, 1))
        found |= {f"mean_{place}": off.mean(axis=1), f"spread_{place}": off.std(axis=1, ddof=1)}
        found |= {f"lowest_{place}": off.min(axis=1), f"highest_{place}": off.max(axis=1)}
        scale = 0.18 if place == 10 else 1.0
        found |= {f"line_{place}": scale * dice.normal(size=n_seeds)}
        found |= {f"band_{place}": np.full(n_seeds, 2 * scale)}
    for name, value in knots.items():
        found[name] = value + dice.normal(size=n_seeds)
    return pd.DataFrame(found)


KNOTS = {"outermost_left": -400.0, "outermost_right": 300.0}
KNOTS |= {"straight_left": -12.0, "straight_right": 4.0}


class Ensemble:
    """What a page takes for an `EnsembleFit`: curves that go level beyond their zeros."""

    def __init__(self, x, y, recipe, n_members, ways, touched):
        rows = np.broadcast_to(x, (n_members or len(x), np.shape(x)[-1]))
        self.y = np.broadcast_to(y, rows.shape)
        self.x, self.ways = rows, ways
        seeds = [np.random.SeedSequence(1, spawn_key=(k,)) for k in range(len(rows))]
        self.weights = list(draws.first_weights(seeds, recipe.hidden_widths))
        if touched:
            self.weights[1] = self.weights[1] + 1

    def predict(self, at):
        slopes, levels = zip(
            *(np.polyfit(x, y, 1) for x, y in zip(self.x, self.y, strict=True)), strict=True
        )
        values = np.multiply.outer(slopes, at) + np.array(levels)[:, None]
        if "birth" in self.ways:  # it turns back up where its input is zero
            values = np.multiply.outer(slopes, np.abs(at)) + np.array(levels)[:, None]
        return np.maximum(values, 0) if "line" in self.ways else values


def build(monkeypatch, world=OURS, knots=KNOTS, ways=("birth", "line"), touched=False, wide=1.0):
    def run_sweep(function, grid, *, seed, n_seeds, **options):
        dice = np.random.default_rng(seed)
        return table_of(world, knots, n_seeds, grid["n_members"][0], dice)

    def fit_ensemble(x, y, recipe=ensembles.STORY, *, seed, n_members=None):
        return Ensemble(x, y, recipe, n_members, ways, touched)

    band = outside.line_and_band

    def line_and_band(x, y, places):
        heights, widths = band(x, y, places)
        return heights, wide * widths

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    monkeypatch.setattr(ensembles, "fit_ensemble", fit_ensemble)
    monkeypatch.setattr(outside, "line_and_band", line_and_band)


CLAIMS = {
    "straight-before-the-end",
    "a-line-knows",
    "agree-and-are-wrong",
    "spread-is-not-error",
    "two-zeros-in-the-way",
}
BREAKS = [
    ("straight-before-the-end", {"knots": KNOTS | {"outermost_right": 12.0}}),
    ("straight-before-the-end", {"knots": KNOTS | {"straight_right": 15.0}}),
    ("a-line-knows", {"world": LINES}),
    ("a-line-knows", {"wide": 0.8}),
    ("agree-and-are-wrong", {"world": KNOWING}),
    ("agree-and-are-wrong", {"world": SURE}),
    ("spread-is-not-error", {"world": KNOWING}),
    ("spread-is-not-error", {"world": SURE}),
    ("two-zeros-in-the-way", {"ways": ()}),
    ("two-zeros-in-the-way", {"ways": ("birth",)}),
    ("two-zeros-in-the-way", {"ways": ("line",)}),
    ("two-zeros-in-the-way", {"touched": True}),
]


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(monkeypatch)
    assert claims_of(page) == dict.fromkeys(CLAIMS, True)


@pytest.mark.parametrize(("claim", "world"), BREAKS)
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(monkeypatch, **world)
    assert claims_of(page, waits_for={claim})[claim] is False, world


def test_the_band_of_the_stage_is_that_of_the_package():
    points = data.sample_noisy(seed=0)
    heights, _ = outside.line_and_band(points.x, points.y, PLACES)
    fit = Ensemble(points.x, points.y, ensembles.STORY, 1, (), False)
    np.testing.assert_allclose(fit.predict(np.array(PLACES))[0], heights, rtol=1e-9)
