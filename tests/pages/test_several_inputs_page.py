"""Each claim of the page on several inputs is false in some world, and holds in one like ours.

A world says how much noise networks follow, how far from the truth that takes them, and where
their bends are born, instead of training any; everything after that is the page's own code.
"""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_8_more_than_one_dimension.py")


def ours(*, n_inputs, n_samples=100, batch_size=32, **changes):
    """The more inputs, the more noise is followed and the more that costs."""
    followed = {1: 0.04, 2: 0.12, 3: 0.3, 5: 0.65, 10: 0.95, 50: 0.98}[n_inputs]
    if n_samples > 100:
        followed = 0.3
    if batch_size is None:
        followed = 0.95
    share = (n_inputs + 1) / n_samples
    plane = 4 * share / (1 - share)
    return {
        "followed": followed,
        "risk": {50: 21.0}.get(n_inputs, 7 * followed),
        "plane_followed": share,
        "plane_risk": plane,
        "born_cutting": 0.95 * (1 - 2.0 ** (1 - n_inputs)),
        "born_bent": 0.3 * (n_inputs > 1),
    }


def indifferent(*, n_inputs, **changes):
    """Networks with ten inputs follow as little as with one."""
    return ours(n_inputs=n_inputs, **changes) | {"followed": 0.04}


def cornered(**changes):
    """All bends are born outside of the cube, whatever its dimension."""
    return ours(**changes) | {"born_cutting": 0.0, "born_bent": 0.0}


def bargain(**changes):
    """A network follows all of the noise, and is as near to the truth as the plane."""
    found = ours(**changes)
    return found | {"risk": found["plane_risk"]}


def bold(*, unit=1.0, **changes):
    """It is the length of the inputs: divided by their number, they keep the noise out."""
    return ours(**changes) | ({"followed": 0.05} if unit > 1 else {})


BREAKS = {
    "a-fact-about-lines": indifferent,
    "born-with-bends": cornered,
    "following-costs-more": bargain,
    "not-the-step-size": bold,
}


def build(world, monkeypatch):
    def run_sweep(function, grid, *, seed, n_seeds, **options):
        dice, tables = np.random.default_rng([seed, n_seeds]), []
        for values in itertools.product(*grid.values()):
            changes = dict(zip(grid, values, strict=True))
            told = world(**changes)
            luck = {name: np.exp(0.1 * dice.normal(size=n_seeds)) for name in told}
            columns = {name: value * luck[name] for name, value in told.items()}
            columns["plane_cost"] = np.full(n_seeds, told["plane_risk"])
            columns["risk_error"] = 0.05 * columns["risk"]
            columns |= {"n_inputs": changes["n_inputs"], "error": np.ones(n_seeds)}
            tables.append(pd.DataFrame(columns))
        return pd.concat(tables, ignore_index=True)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(ours, monkeypatch)
    assert claims_of(page) == dict.fromkeys(BREAKS, True)


@pytest.mark.parametrize(("claim", "world"), BREAKS.items())
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    assert claims_of(page, waits_for={claim})[claim] is False, world.__doc__
