"""Each claim of the page on bends is false in some world, and holds in one that nobody trained.

A world says where knots are and how much of the noise is followed, instead of networks; everything
after that is the page's own code.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps
from overfit_tutorial.studies.knots import PLACES
from overfit_tutorial.weights import tangents

(PAGE,) = Path(__file__).parents[2].glob("examples/3_*/plot_2_where_does_it_bend.py")
QUARTERS = [f"followed_quarter_{k}" for k in (1, 2, 3, 4)]


def ours(*, intercept=3.0, center=0.0, unit=1.0, batch_size=32, **changes):
    """Knots go a fifth of the way, and noise is followed where they pass."""
    born, zero = center, -intercept / 0.7
    full = batch_size is None
    followed = np.array([0.2, 0.05, 0.02, 0.02]) if full else np.array([0.1, 0.02, 0.01, 0.02])
    if intercept < 0:
        followed = 3 * followed
    if unit < 0:
        followed = 2 * followed[::-1]
    if center == -20:
        followed = np.full(4, 0.02)
    return {"middle": born + 0.2 * (zero - born), "reach": 2.0, "followed": followed}


def nowhere(**changes):
    """Knots go to either side, as a coin falls."""
    found = ours(**changes)
    return found | {"middle": changes.get("center", 0.0) + np.array([-1.0, 1.0])}


def everywhere(**changes):
    """Bends and noise are the same all along the points."""
    return ours(**changes) | {"reach": 18.0, "followed": np.full(4, 0.1)}


def even(**changes):
    """No quarter is followed more than another, though bends are near zero."""
    return ours(**changes) | {"followed": np.full(4, 0.1)}


def indifferent(**changes):
    """What the network sees makes no difference to the noise that it follows."""
    changes = {name: value for name, value in changes.items() if name == "batch_size"}
    return ours(**changes)


def wrong_way(**changes):
    """The first step goes up the gradient, see below."""
    return ours(**changes)


BREAKS = {
    "knots-go-where-the-line-is-zero": nowhere,
    "first-step-of-a-knot": wrong_way,
    "bends-near-zero": everywhere,
    "a-lucky-line": indifferent,
}


def build(world, monkeypatch):
    def run_sweep(function, grid, *, seed, n_seeds, **options):
        changes = {name: values[0] for name, values in grid.items()}
        dice = np.random.default_rng([seed, n_seeds])
        told = world(**changes)
        middle = np.resize(told["middle"], n_seeds) + 0.01 * dice.normal(size=n_seeds)
        noise = told["followed"] + 0.02 * dice.normal(size=(n_seeds, 4))
        columns = {"middle": middle, "reach": told["reach"] + 0.3 * dice.normal(size=n_seeds)}
        columns |= {"knots": 50 + dice.normal(size=n_seeds), "carrying": np.full(n_seeds, 20.0)}
        columns |= {f"knots_from_{low}": np.ones(n_seeds) for low in PLACES}
        columns |= dict(zip(QUARTERS, noise.T, strict=True))
        return pd.DataFrame({"followed": noise.mean(axis=1), **columns})

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    if world is wrong_way:
        ways = tangents.signals_and_slopes

        def turned(layers, x):
            signals, slopes = ways(layers, x)
            return signals, [-slope for slope in slopes]

        monkeypatch.setattr(tangents, "signals_and_slopes", turned)


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(ours, monkeypatch)
    assert claims_of(page) == dict.fromkeys(BREAKS, True)


@pytest.mark.parametrize(("claim", "world"), [*BREAKS.items(), ("bends-near-zero", even)])
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    assert claims_of(page, waits_for={claim})[claim] is False, world.__doc__
