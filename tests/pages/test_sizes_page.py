"""Each claim of the page on sizes is false in some world, and holds in one that nobody trained.

A world says how much noise a network follows, how far off it is, and whether it is dead, by its
size and its training; everything after that is the page's own code.
"""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import draws, sweeps
from overfit_tutorial.training import STORY

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_3_wider_or_deeper.py")


def ours(n_parameters, *, depth=5, steps=800, full=False, rate=0.01):
    """Size adds little in 800 steps, and speed later."""
    followed = 0.03
    if full:
        followed = min(0.02 + 2e-6 * steps * np.log10(n_parameters) * depth**0.7, 0.5)
    return followed, 0.1 * n_parameters**0.1


def counted(n_parameters, **training):
    """Half of all parameters are used, up to one for each point."""
    return min(n_parameters / 2, 90) / 100, 0.1 * n_parameters**0.1


def heavy(n_parameters, **training):
    """The largest networks follow a fifth of the noise, and only they."""
    followed, risk = ours(n_parameters, **training)
    return followed + 0.2 * (n_parameters > 1e6), risk


def dear(n_parameters, **training):
    """Ten times the parameters, and four times the excess risk."""
    return ours(n_parameters, **training)[0], 0.01 * n_parameters**0.6


def restless(n_parameters, *, rate=0.01, **training):
    """Smaller steps make it worse."""
    followed, risk = ours(n_parameters, **training)
    return followed, risk * (0.01 / rate) ** 0.7


def timeless(n_parameters, *, steps=800, **training):
    """Nothing is followed that was not followed after 800 steps."""
    return ours(n_parameters, **training)


def shallow(n_parameters, *, depth=5, **training):
    """One layer gets as far as five."""
    return ours(n_parameters, depth=3, **training)


def safe(n_parameters, *, steps=800, **training):
    """Small networks do not go on after 6,400 steps."""
    return ours(n_parameters, steps=min(steps, 6400), **training)


def lively(n_parameters, **training):
    """No network ends as a constant, whatever its first weights, see below."""
    return ours(n_parameters, **training)


def positive(n_parameters, **training):
    """First weights are positive, see below."""
    return ours(n_parameters, **training)


BREAKS = {
    "size-adds-little": [counted, heavy],
    "born-dead": [positive],
    "death-is-in-the-first-weights": [lively],
    "size-costs-little": [dear, restless],
    "size-is-speed": [timeless, shallow, safe],
}


def doomed(widths, roots):
    """Return which networks of one small layer have no unit that can be saved, in plain words."""
    found = np.zeros(len(roots), bool)
    if len(widths) == 1 and widths[0] <= 5:
        first, _, second, _ = draws.first_weights(roots, widths, dtype=np.float64)
        for k, (w, v) in enumerate(zip(first[:, 0], second[..., 0], strict=True)):
            units = zip(w, v, strict=True)
            found[k] = not any(a > 0 and (b > 0 or -b < 20 / 21 * a) for a, b in units)
    return found


def build(world, monkeypatch):
    def cell_of(*, roots, hidden_widths=STORY.hidden_widths, moments=(), **changes):
        dice = np.random.default_rng([7, *hidden_widths[:1], len(hidden_widths), len(roots)])
        training = {"depth": len(hidden_widths), "full": "batch_size" in changes}
        training["rate"] = changes.get("learning_rate", STORY.learning_rate)
        n_parameters = STORY.replace(hidden_widths=hidden_widths).n_parameters()
        dead = doomed(hidden_widths, roots) & (world is not lively)
        columns = {}
        for moment in moments or (800,):
            followed, risk = world(n_parameters, steps=moment, **training)
            end = f"_{moment}" if moments else ""
            columns[f"followed{end}"] = followed + 0.02 * dice.normal(size=len(roots))
            risks = risk * np.exp(0.3 * dice.normal(size=len(roots)))
            columns[f"risk{end}"] = np.where(dead & (moment == 800), 20.0, np.minimum(risks, 16))
        return columns

    def run_sweep(function, grid, *, seed, n_seeds, **options):
        roots = np.random.SeedSequence(seed).spawn(n_seeds)
        tables = []
        for part in [grid] if isinstance(grid, dict) else grid:
            for values in itertools.product(*part.values()):
                cell = dict(zip(part, values, strict=True))
                columns = {name: [value] * n_seeds for name, value in cell.items()}
                tables.append(pd.DataFrame(columns | cell_of(roots=roots, **cell)))
        return pd.concat(tables, ignore_index=True)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    if world is positive:
        first_weights = draws.first_weights

        def turned(*args, **options):
            return [np.abs(weights) for weights in first_weights(*args, **options)]

        monkeypatch.setattr(draws, "first_weights", turned)


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(ours, monkeypatch)
    assert claims_of(page) == dict.fromkeys(BREAKS, True)


CASES = [(claim, world) for claim, worlds in BREAKS.items() for world in worlds]


@pytest.mark.parametrize(("claim", "world"), CASES)
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    assert claims_of(page, waits_for={claim})[claim] is False, world.__doc__
