"""Each claim of the page on optimizers is false in some world, and holds in one nobody trained.

A world says how far from the truth a recipe ends, and how much of the noise it follows, instead of
networks; everything after that is the page's own code.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_6_optimizer_or_regularizer.py")


def ours(recipe, *, averaged=True):
    """A falling rate helps the story, a weight decay where noise is followed."""
    eager = recipe.batch_size is None
    risk, followed = (0.8, 0.2) if eager else (0.32, 0.035)
    if callable(recipe.learning_rate) or (recipe.average_last and averaged):
        risk, followed = (0.65, 0.165) if eager else (0.1, 0.03)
    if recipe.steps in (400, 800) and recipe.average_last == 0:
        risk, followed = (0.5, 0.135) if eager else (0.4, 0.03)
    if recipe.weight_decay == 1:
        risk, followed = (0.17, 0.06) if eager else (0.9, 0.01)
    if recipe.patience:
        risk, followed = (0.3, 0.05) if eager else (0.2, 0.02)
    if recipe.dropout:
        risk, followed = (1.2, 0.12) if eager else (0.8, 0.05)
    if recipe.optimizer == "sgd":
        risk = 0.6
    if recipe.optimizer in ("momentum", "lion"):
        risk = 0.15
    return risk, followed


def indifferent(recipe, **options):
    """Nothing that one adds makes a difference."""
    return (0.8, 0.2) if recipe.batch_size is None else (0.32, 0.035)


def always_calm(recipe, **options):
    """A falling rate is the best of all, whatever is followed."""
    return (0.05, 0.03) if callable(recipe.learning_rate) else ours(recipe, **options)


def steady(recipe, **options):
    """Plain SGD ends at the line."""
    return (0.08, 0.02) if recipe.optimizer == "sgd" else ours(recipe, **options)


def shorter(recipe, **options):
    """What a falling rate takes away is as much as a weight decay does."""
    risk, followed = ours(recipe, **options)
    return risk, 0.05 if callable(recipe.learning_rate) else followed


def robust(recipe, **options):
    """A network with dropout ends at the line."""
    return (0.05, 0.02) if recipe.dropout else ours(recipe, **options)


BREAKS = {
    "optimizer-here-regularizer-there": indifferent,
    "the-two-change-places": always_calm,
    "a-falling-rate-beats-sgd": steady,
    "shrink-or-stop": shorter,
    "dropout-follows-less-and-gains-little": robust,
}


def build(world, monkeypatch):
    def run_sweep(function, grid, *, seed, n_seeds, **options):
        dice = np.random.default_rng([seed, n_seeds])
        line = 0.08 * np.exp(dice.normal(size=n_seeds))
        tables = []
        for recipe in grid["recipe"]:
            columns = {"recipe": [recipe] * n_seeds, "line_risk": line, "line_held_out": 4 + line}
            for name, averaged in (("", True), ("last_", False)):
                risk, followed = world(recipe, averaged=averaged)
                columns[f"{name}risk"] = risk * np.exp(0.3 * dice.normal(size=n_seeds))
                columns[f"{name}followed"] = followed + 0.02 * dice.normal(size=n_seeds)
            columns["held_out"] = 4 + columns["risk"]
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


def test_the_rate_of_an_optimizer_is_that_of_the_least_held_out_error(perform, monkeypatch):
    def world(recipe, **options):
        rate = recipe.learning_rate
        away = abs(np.log(0.001 / rate)) if not callable(rate) else 0.0
        return 0.01 * np.exp(away), 0.03

    build(world, monkeypatch)
    assert set(perform(PAGE, "best")["best"].values()) == {0.001}
