"""Each claim of the page on noise and points is false in some world, and holds in an invented one.

A world says how far networks and lines are from the truth, and how much of the noise they follow,
instead of training them; everything after that is the page's own code. Its exercises are here,
too, and do train.
"""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_2_more_noise_fewer_points.py")


def ours(*, n, noise, height, batch, steps):
    """What all points show is chased, loud noise more; what a few show shakes."""
    whole = batch == n
    used = 2 + 8 * whole * (steps >= 800) * noise / 8
    shaken = 0.0 if whole else 0.2 * noise
    return {
        "risk": used * noise**2 / n + shaken + 0.06 * height**2,
        "averaged_risk": used * noise**2 / n + 0.06 * height**2,
        "followed": used / n,
        "averaged_followed": used / n,
    }


def indifferent(*, n, noise, **cell):
    """Noise and points mean the same to a network as to a line."""
    return ours(n=n, noise=noise, **cell) | {"risk": 6 * noise**2 / n}


def still(*, n, noise, height, batch, steps):
    """Nothing shakes a network, whatever its batches."""
    return ours(n=n, noise=noise, height=height, batch=n, steps=steps)


def deaf(*, noise, **cell):
    """Loud noise shakes, and is not chased."""
    return ours(noise=noise, **cell) | {"risk": 0.1 * noise}


def chasers(**cell):
    """A third of the noise is followed, of however many points."""
    return ours(**cell) | {"averaged_followed": 0.3}


def timeless(*, steps, **cell):
    """All has happened after 200 steps."""
    return ours(steps=800, **cell)


def fixed(*, n, noise, height, **cell):
    """The height of the wave alone decides who wins."""
    line = 2 * noise**2 / n + 0.2 * height**2
    told = ours(n=n, noise=noise, height=height, **cell)
    return told | {"risk": (0.5 if height >= 2 else 2) * line}


BREAKS = {
    "louder-is-worse-or-better": [indifferent, still, deaf],
    "more-points-do-not-help": [indifferent],
    "a-handful-of-parameters": [chasers],
    "fewer-points-need-fewer-steps": [timeless],
    "points-and-quiet-lower-the-tie": [fixed],
}
CASES = [(claim, world) for claim, worlds in BREAKS.items() for world in worlds]


def build(world, monkeypatch):
    def run_sweep(function, grid, *, seed, n_seeds, seeds_per_block):
        tables = []
        for part, place in zip(grid, itertools.count(), strict=False):
            cell = {name: values[0] for name, values in part.items()}
            n, noise = cell["n_samples"], cell.get("noise_std", 2.0)
            height, batch = cell.get("wave_height", 0.0), cell["batch_size"]
            steps = cell.get("steps") or cell["epochs"] * n // batch
            told = world(n=n, noise=noise, height=height, batch=batch, steps=steps)
            dice = np.random.default_rng([seed, place])
            columns = {
                name: value * dice.lognormal(sigma=0.2, size=n_seeds)
                for name, value in told.items()
            }
            columns["line_risk"] = np.full(n_seeds, 2 * noise**2 / n + 0.2 * height**2)
            columns["line_followed"] = np.full(n_seeds, 2 / n)
            columns |= {"n_samples": n, "noise_std": noise, "batch_size": batch}
            tables.append(pd.DataFrame({**columns, "seed": range(n_seeds)}))
        return pd.concat(tables, ignore_index=True)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)


@pytest.mark.parametrize("page", [PAGE])
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(ours, monkeypatch)
    assert claims_of(page) == dict.fromkeys(BREAKS, True)


@pytest.mark.parametrize(("claim", "world"), CASES)
@pytest.mark.parametrize("page", [PAGE])
def test_a_claim_is_false_where_the_world_is_another(page, claim, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    assert claims_of(page, waits_for={claim})[claim] is False, world.__doc__


def test_a_larger_batch_makes_the_same_cross(perform):
    larger = [
        ("N_POINTS, FEW = 32, 8", "N_POINTS, FEW = 128, 32"),
        ("N_FEW = 50, 64, 20", "N_FEW = 50, 20, 20"),
    ]
    ratios = perform(PAGE, "of_few", changes=larger)["ratios"]
    found = {cell: np.median(values) for cell, values in ratios.items()}
    assert found[128, 0.5] == pytest.approx(1.1, abs=0.05)
    assert found[128, 8] == pytest.approx(11, abs=0.5)
    assert found[32, 0.5] == pytest.approx(15, abs=0.5)
    assert found[32, 8] == pytest.approx(4, abs=0.5)


def test_a_wave_of_six_is_high_enough_for_ten_points(perform):
    train = perform(PAGE, "train")["train"]
    shares = [
        np.mean(train([{"n_samples": 10, "steps": 800, "wave_height": height}]).ratio < 1)
        for height in (6.0, 8.0)
    ]
    assert 0.6 < shares[0] < 0.9 < shares[1]
