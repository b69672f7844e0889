"""The page on one's own data: each claim is false in some world, and its exercise is right."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps
from overfit_tutorial.statistics import Interval
from overfit_tutorial.studies import own_points

(PAGE,) = Path(__file__).parents[2].glob("examples/6_*/plot_5_your_own_data.py")
NOISE, N_KNOWN = 0.15, 128

# What becomes of the files' networks: how far they are from the truth, how much of the noise they
# follow by either count, how long the files' intervals are, by how much held-out points favor the
# line, and what the years do unscaled.
OURS = {"risk": 0.01, "shaken": 14.0, "known": 13.0, "doubt": 0.017, "raw": 50.0, "scatter": 0.008}
OURS |= {"tilt": 0.0}


def build(monkeypatch, **changes):
    world = OURS | changes

    def run_sweep(function, grid, *, seed, n_seeds, **options):
        dice = np.random.default_rng(seed)
        worse = 1.0 if grid["scaled"][0] else world["raw"]
        risk = world["risk"] * worse * dice.lognormal(sigma=0.4, size=n_seeds)
        bends = grid["truth"][0](1925) < -0.5
        line = dice.normal(0.058, 0.002, n_seeds) if bends else np.full(n_seeds, 3e-4)
        error = NOISE**2 + risk + world["scatter"] * dice.normal(size=n_seeds)
        columns = {
            "error": error,
            "scatter": np.full(n_seeds, world["scatter"]),
            "gap": risk - line + world["tilt"] + world["doubt"] * dice.normal(size=n_seeds),
            "doubt": np.full(n_seeds, world["doubt"]),
            "noise": np.full(n_seeds, NOISE),
            "risk": risk,
            "line": line,
        }
        for name, count in (("shaken", world["shaken"]), ("followed", world["known"])):
            columns[name] = (count + 5 * dice.normal(size=n_seeds)) / N_KNOWN
        return pd.DataFrame(columns)

    def told(*args, **options):
        return Interval(value=-0.05, low=-0.08, high=-0.02, confidence=0.95, n=32)

    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    monkeypatch.setattr(own_points, "count_parameters", told)
    monkeypatch.setattr(own_points, "compare_with_line", told)


CLAIMS = {
    "held-out-points-tell",
    "your-parameters-can-be-counted",
    "no-file-knows-its-excess-risk",
    "years-must-be-scaled",
}
BREAKS = [
    ("held-out-points-tell", {"doubt": 0.05}),
    ("held-out-points-tell", {"doubt": 0.001}),
    ("held-out-points-tell", {"tilt": -0.1}),
    ("your-parameters-can-be-counted", {"shaken": 2.0}),
    ("your-parameters-can-be-counted", {"known": 100.0}),
    ("no-file-knows-its-excess-risk", {"risk": 0.05}),
    ("years-must-be-scaled", {"raw": 1.2}),
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


def test_every_bad_file_is_refused_for_what_is_wrong_with_it(perform, monkeypatch, capsys):
    build(monkeypatch)
    bad = perform(PAGE, "large")["BAD"]
    lines = dict(
        line.split(": ", 1) for line in capsys.readouterr().out.splitlines() if ": " in line
    )
    expected = {
        "a gap": "ValueError: y must be finite, got nan at index 1",
        "a word": "TypeError: y must hold real numbers",
        "decimal commas": "TypeError: y must hold real numbers",
        "semicolons": "KeyError: 'year'",
        "one value only": "ValueError: y must not be constant",
    }
    assert bad.keys() == expected.keys()
    for name, words in expected.items():
        assert lines[name].startswith(words)


def test_with_four_times_the_noise_the_count_stays_and_the_comparison_blurs(perform):
    noisy = [
        (
            "N_READINGS, N_KNOWN, NOISE = 160, 128, 0.15",
            "N_READINGS, N_KNOWN, NOISE = 160, 128, 0.6",
        )
    ]
    after, before = (perform(PAGE, "gap", changes=c) for c in (noisy, ()))
    assert after["used"].value == pytest.approx(11, abs=2)
    widths = [page["gap"].high - page["gap"].low for page in (after, before)]
    assert widths[0] > 1.8 * widths[1]
    assert after["gap"].high > -0.02
