"""The page on the smoothest curves: its exercises, and worlds in which its claims are false."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import interpolants, sweeps
from overfit_tutorial.streams import member_seeds
from overfit_tutorial.studies import interpolation
from overfit_tutorial.studies.recipe import judge_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"
SMOOTHEST = EXAMPLES / "3_function_space" / "plot_5_is_the_smoothest_curve_safe.py"
FEWER = [("N_SEEDS, N_FEW = 200, 40", "N_SEEDS, N_FEW = 100, 20")]


@pytest.fixture(autouse=True)
def _sweep_on_stage(monkeypatch):
    """Sweep without a store, which refuses to know changed curves; networks are only drawn."""

    def run_sweep(function, grid, *, seed, n_seeds, **options):
        if function is judge_recipe:
            return pd.DataFrame({"followed": [0.01, 0.05], "risk": [0.1, 0.4]})
        cells = (
            dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
        )
        judged = [
            {**cell, "seed": range(n_seeds), **function(seeds=member_seeds(seed, n_seeds), **cell)}
            for cell in cells
        ]
        return pd.concat(map(pd.DataFrame, judged), ignore_index=True)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)


def test_twice_the_noise_is_four_times_as_wrong(perform):
    louder = [
        ("1600]},", '1600], "noise_std": [4.0]},'),
        ('"n_places": [501]}', '"n_places": [501], "noise_std": [4.0]}'),
    ]
    once, twice = (perform(SMOOTHEST, "middle", changes=FEWER + c)["middle"] for c in ([], louder))
    ratio = twice / once
    assert ratio.followed.to_numpy() == pytest.approx(1, abs=1e-3)
    assert ratio[["square", "risk"]].to_numpy() == pytest.approx(4, rel=0.05)


def test_another_zero_hardly_moves_the_least_norm(perform):
    centered = [("1600]},", '1600], "center": [10.0]},')]
    before, after = (
        perform(SMOOTHEST, "middle", changes=FEWER + changes)["middle"].square["least norm"]
        for changes in ([], centered)
    )
    assert after != before
    assert after == pytest.approx(before, rel=0.05)


def jagged(x, y):
    """Visit one more point, that is none of the data."""
    middle = np.sort(x)[len(x) // 2 :][:2].mean()
    return interpolants.join_the_dots(np.append(x, middle), np.append(y, 50.0))


def waving(x, y):
    """Wave about the dots, however they are spaced."""
    dots = interpolants.join_the_dots(x, y)
    return lambda at: dots(at) + 3 * np.sin(100 * at)


# What is drawn in the place of which curve, and the claims that are false then.
WORLDS = [
    ("least norm", jagged, {"two-curves-bend-as-little"}),
    ("least norm", interpolants.join_the_dots, {"the-norm-hardly-tells", "the-measure-decides"}),
    ("natural spline", waving, {"each-smooth-in-its-way", "equal-spacing-tames-all"}),
]


def test_every_claim_holds_where_nothing_is_changed(claims_of):
    found = claims_of(SMOOTHEST, changes=FEWER)
    assert found == dict.fromkeys(set.union(*(false for _, _, false in WORLDS)), True)


@pytest.mark.parametrize(("name", "other", "false"), WORLDS, ids=["jagged", "dots", "waving"])
def test_every_claim_is_false_in_some_world(name, other, false, claims_of, monkeypatch):
    monkeypatch.setattr(interpolants, name.replace(" ", "_"), other)
    monkeypatch.setitem(interpolation._RULES, name, other)
    found = claims_of(SMOOTHEST, waits_for=false, changes=FEWER)
    assert false == {claim for claim in false if found[claim] is False}
