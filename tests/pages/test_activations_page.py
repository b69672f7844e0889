"""Each claim of the page on activations is false in some world, and holds in one nobody trained.

A world says how bent a network is born, how much of the noise it follows, and what its bends cost;
everything after that is the page's own code.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps
from overfit_tutorial.studies.births import KEPT

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGE = EXAMPLES / "5_variants" / "plot_5_other_activations.py"


def ours(activation, unit=1.0, bias_std=0.0):
    """Who is born bent pays for its bends, and tanh does however it is born."""
    straight = activation in ("relu", "leaky_relu") and not bias_std
    bent = 1e-30 if straight else 0.2 / unit**2
    safe = straight or unit > 1 or callable(activation)
    cost = 3.0 if activation == "tanh" else 0.05 if safe else 0.5
    return {"bent": bent, "followed": 0.04 if safe else 0.09, "cost": cost}


def crooked(activation, unit=1.0, bias_std=0.0):
    """Even ReLU is born bent, a little."""
    return ours(activation, unit, bias_std) | {"bent": 1e-3}


def alike(activation, unit=1.0, bias_std=0.0):
    """All units pay the same."""
    return ours(activation, unit, bias_std) | {"cost": 0.05}


def reversed_costs(activation, unit=1.0, bias_std=0.0):
    """Who is born as a line pays more."""
    return ours(activation, unit, bias_std) | {"cost": 0.5 if activation == "relu" else 0.05}


def by_unit(activation, unit=1.0, bias_std=0.0):
    """The unit decides, however it is born."""
    followed = 0.04 if activation == "relu" else 0.09
    return ours(activation, unit, bias_std) | {"followed": followed}


def safe_when_straight(activation, unit=1.0, bias_std=0.0):
    """A straight birth is enough for tanh, too."""
    found = ours(activation, unit, bias_std)
    return found | {"cost": 0.05 if unit > 1 else found["cost"]}


def shape_alone(activation, unit=1.0, bias_std=0.0):
    """Whatever has the shape of tanh pays, with any room."""
    return ours(activation, unit, bias_std) | {"cost": 0.5}


BREAKS = {
    "two-are-born-as-lines": crooked,
    "bends-of-other-units": alike,
    "birth-decides": by_unit,
    "tanh-needs-room": safe_when_straight,
}
MORE = [("bends-of-other-units", reversed_costs), ("tanh-needs-room", shape_alone)]


def build(world, monkeypatch):
    def run_sweep(function, grid, *, seed, n_seeds, **options):
        told = world(**{name: values[0] for name, values in grid.items()})
        dice = np.random.default_rng([seed, n_seeds])
        columns = {f"born_{k}": np.ones(n_seeds) for k in range(KEPT.size)}
        columns |= {f"trained_{k}": np.ones(n_seeds) for k in range(KEPT.size)}
        quarters = told["followed"] + 0.03 * dice.normal(size=(n_seeds, 4))
        columns |= {f"followed_quarter_{k + 1}": quarters[:, k] for k in range(4)}
        cost = told["cost"] * dice.lognormal(sigma=0.3, size=n_seeds)
        straight = dice.lognormal(mean=-1, size=n_seeds)
        columns |= {"straight": straight, "risk": straight + cost}
        columns |= {"followed": quarters.mean(axis=1)}
        columns |= {"bent_at_birth": np.full(n_seeds, told["bent"])}
        return pd.DataFrame(columns)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(ours, monkeypatch)
    assert claims_of(page) == dict.fromkeys(BREAKS, True)


@pytest.mark.parametrize(("claim", "world"), [*BREAKS.items(), *MORE])
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    assert claims_of(page, waits_for={claim})[claim] is False, world.__doc__
