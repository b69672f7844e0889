"""Each claim about trained recipes is false in some world that it speaks of.

A page's claims hold on the site, or it would not be built. Here the same page runs in worlds where
the answer is another: its networks are replaced by curves that nobody trained, and everything
after the training is the page's own code. A claim that held in all of them could not fail.
"""

import functools
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import data, draws, ensembles, linear, sweeps, training
from overfit_tutorial.studies import held_out
from overfit_tutorial.studies import recipe as recipe_study

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = {page.stem: page for page in EXAMPLES.glob("2_*/plot_*.py")}
PAGES |= {page.stem: page for part in "35" for page in EXAMPLES.glob(f"{part}_*/plot_1_*.py")}
CURVED = "plot_1_what_if_the_truth_curves"
BIRTH = "plot_1_why_does_it_start_as_a_line"
LUCK, LONGER = "plot_1_was_it_luck", "plot_2_what_if_we_keep_training"


# -- Curves that nobody trained ------------------------------------------------------------------


def chase(amount, x, y):
    """Return a curve part of the way from the least-squares line to the joined dots."""
    line, order = linear.fit_line(x, y), np.argsort(x)
    return lambda at: (1 - amount) * line(at) + amount * np.interp(at, x[order], y[order])


def wave(amount, curve, generator):
    """Return a curve with a wave on it that has nothing to do with the points."""
    phase = generator.uniform(0, 2 * np.pi)
    return lambda at: curve(at) + amount * np.sin(at + phase)


# A world says what a network has become: from its points, its recipe, the share of its training
# that is behind it, whether its weights are averaged, and its own luck.


def lines(x, y, recipe, share, averaged, generator):
    """Every network is the least-squares line."""
    return chase(0.0, x, y)


def dots(x, y, recipe, share, averaged, generator):
    """Every network joins the dots from the first step on, whatever the recipe."""
    return chase(0.99, x, y)


def restless(x, y, recipe, share, averaged, generator):
    """Every network is a line with a wave of its own, averaged or not."""
    return wave(0.5, chase(0.0, x, y), generator)


def outliers(x, y, recipe, share, averaged, generator):
    """Noise is followed where it is large."""
    line, order = linear.fit_line(x, y), np.argsort(x)
    off = y - line(x)
    followed = np.where(abs(off) > 3, off, 0)[order]
    return lambda at: line(at) + np.interp(at, x[order], followed)


def cornered(x, y, recipe, share, averaged, generator):
    """Networks are born with biases, see `build`."""
    return ours(x, y, recipe, share, averaged, generator)


def fate(x, y, recipe, share, averaged, generator):
    """How far a network is off is decided by its points, and by nothing else."""
    return wave(abs(y.mean() - 10), chase(0.0, x, y), np.random.default_rng(0))


def wild(x, y, recipe, share, averaged, generator):
    """Every network is far off, by the same wave, whatever its points."""
    return wave(20.0, chase(0.0, x, y), generator)


def rate_rules(x, y, recipe, share, averaged, generator):
    """The learning rate alone decides how far a network chases its points."""
    return chase(0.8 if recipe.learning_rate > 0.005 else 0.1, x, y)


def ours(x, y, recipe, share, averaged, generator):
    """Roughly what training does: the stage itself lets every claim hold."""
    steps = share * recipe.n_steps(len(x))
    corner = recipe.standardize_x or recipe.bias_std > 0 or x.min() < 0
    whole = recipe.batch_size in (None, len(x))
    if recipe.standardize_y:
        chased, unrest = 0.9, 0.5
    elif whole:
        chased = min(0.3 * corner + steps / 12_000, 0.6)
        unrest = min(0.4 + steps / 3_000 + 0.8 * corner * (steps >= 800), 1.8)
    else:
        chased, unrest = 0.02 + 0.06 * corner, 0.9
        chased += 0.1 * (not recipe.reshuffle) * (steps > 1000)
    luck = 1 if whole else generator.lognormal(sigma=0.5)
    calm = 0.3 if averaged and not whole else 1.0
    calm *= min(1.0, recipe.learning_rate / 0.01) ** 0.5
    return wave(calm * luck * unrest, chase(chased, x, y), generator)


def followers(x, y, recipe, share, averaged, generator):
    """Every network goes most of the way to its points."""
    return chase(0.7, x, y)


def from_the_left(x, y, recipe, share, averaged, generator):
    """A line is badly aimed, and its bends have come as far as the steps have let them."""
    line, order = linear.fit_line(x, y), np.argsort(x)
    pace = (1 + recipe.standardize_y) * share * recipe.n_epochs(len(x)) / 6400
    level, tilt = generator.normal(scale=0.2 if averaged else 0.5, size=2)
    centered = recipe.standardize_x or x.min() < 0
    birth, reach = (x.mean(), 5 + 3 * pace) if centered else (0, 1.5 + 12 * pace)

    def curve(at):
        dots = np.interp(at, x[order], y[order])
        bends = min(0.2 + 0.6 * pace, 0.8) * (abs(at - birth) < reach)
        return line(at) + bends * (dots - line(at)) + level + tilt * (at - 10) / 5

    return curve


def skewed(x, y, recipe, share, averaged, generator):
    """Networks follow; it is the rule to judge by that is wrong, see `build`."""
    return chase(0.7, x, y)


def waving(x, y, recipe, share, averaged, generator):
    """Every network knows of the wave, and fits one beside a line."""

    def features(at):
        return np.stack([np.ones_like(at), at, np.sin(2 * np.pi * at / 20)], axis=-1)

    weights = np.linalg.lstsq(features(x), y, rcond=None)[0]
    return lambda at: features(at) @ weights


def patient(x, y, recipe, share, averaged, generator):
    """Networks hardly leave the line, but with all points in every step, and time."""
    steps = share * recipe.n_steps(len(x))
    return chase(0.4 if recipe.batch_size is None and steps > 3000 else 0.04, x, y)


STAGES = {CURVED: followers, LUCK: from_the_left, LONGER: from_the_left, BIRTH: patient}
WORLDS = [waving, skewed, lines, dots, restless, outliers, cornered, fate, wild, rate_rules]

# For each page and claim, the world in which it is false.
BREAKS = {
    LUCK: {
        "a-line-badly-aimed": dots,
        "no-noise-chased": dots,
        "network-loses-to-the-line": lines,
        "averaging-helps": restless,
        "mostly-luck-of-the-draw": fate,
    },
    LONGER: {
        "full-batch-overfits": lines,
        "small-batches-slow-it": dots,
        "from-where-knots-are-born": dots,
        "long-training-costs-the-dots": lines,
    },
    "plot_3_is_it_the_recipe": {
        "batch-and-scale-decide": rate_rules,
        "the-last-steps-are-large": lines,
        "the-rate-hardly-moves-the-noise": rate_rules,
    },
    "plot_4_which_ingredient": {
        "no-single-ingredient": dots,
        "a-corner-at-birth": lines,
        "batch-noise-holds-back": restless,
        "frozen-batches-chase": dots,
    },
    "plot_5_could_i_have_known": {
        "twenty-points-cannot-tell": wild,
        "pair-the-points": wild,
        "t-promises-too-much": wild,
        "twenty-points-stop-better-than-never": restless,
        "shaking-counts-parameters": outliers,
    },
    BIRTH: {
        "born-a-line": cornered,
        "rank-two": cornered,
        "linearized-is-least-squares": cornered,
        "uses-a-few": dots,
        "size-does-not-matter": dots,
    },
    CURVED: {
        "line-misses-the-wave": skewed,
        "wave-is-partly-learned": dots,
        "network-wins-on-the-wave": lines,
        "line-wins-on-a-low-wave": waving,
    },
}


# -- The stage -----------------------------------------------------------------------------------


class Actors:
    """What a page takes for an `EnsembleFit`."""

    def __init__(self, world, x, y, recipe, seeds, share=1.0, averaged=True):
        self.world, self.x, self.y, self.recipe, self.seeds = world, x, y, recipe, seeds
        self.share, self.averaged = share, averaged
        self.diverged = np.zeros(len(x), bool)

    def curve(self, member):
        generator = np.random.default_rng(self.seeds[member])
        points = self.x[member], self.y[member]
        averaged = self.averaged and self.recipe.average_last > 0
        return self.world(*points, self.recipe, self.share, averaged, generator)

    def predict(self, at):
        rows = np.broadcast_to(at, (len(self.x), np.shape(at)[-1]))
        return np.stack([self.curve(member)(row) for member, row in enumerate(rows)])

    def at(self, epoch):
        share = epoch / self.recipe.n_epochs(self.x.shape[1])
        return Actors(self.world, self.x, self.y, self.recipe, self.seeds, share, False)

    def last(self):
        return Actors(self.world, self.x, self.y, self.recipe, self.seeds, 1.0, False)


class Actor:
    """What a page takes for a `Fit`."""

    def __init__(self, actors):
        self.actors = actors

    def predict(self, at):
        return self.actors.predict(at)[0]

    def at(self, epoch):
        return Actor(self.actors.at(epoch))


def run_sweep(function, grid, *, seed, n_seeds, **options):
    """Return the table of a sweep, and keep nothing: the store is for what has been trained."""
    seeds = [np.random.SeedSequence(seed, spawn_key=(k,)) for k in range(n_seeds)]
    tables = []
    for part in [grid] if isinstance(grid, dict) else grid:
        for values in itertools.product(*part.values()):
            cell = dict(zip(part, values, strict=True))
            columns = {name: [value] * n_seeds for name, value in cell.items()}
            columns |= {"seed": range(n_seeds), **function(seeds=seeds, **cell)}
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def build(world, monkeypatch):
    """Let every network of a page be what a world says."""

    def fit_ensemble(x, y, recipe=training.STORY, *, seed, checkpoints=()):
        seeds = seed if isinstance(seed, list) else [[seed, member] for member in range(len(x))]
        return Actors(world, x, y, recipe, seeds)

    def fit_network(x, y, recipe=training.STORY, *, seed, checkpoints=()):
        return Actor(Actors(world, np.array([x]), np.array([y]), recipe, [seed]))

    if world is skewed:
        excess_risk = data.excess_risk
        monkeypatch.setattr(data, "excess_risk", lambda *a, **k: 1.01 * excess_risk(*a, **k))
    if world is cornered:
        first_weights = functools.partial(draws.first_weights, bias_std=1.0)
        monkeypatch.setattr(draws, "first_weights", first_weights)
    for module in (ensembles, recipe_study, held_out):
        monkeypatch.setattr(module, "fit_ensemble", fit_ensemble)
    monkeypatch.setattr(sweeps, "run_sweep", run_sweep)
    monkeypatch.setattr(training, "fit_network", fit_network)


CASES = [
    pytest.param(PAGES[page], world, id=f"{page}-{world.__name__}")
    for page, world in itertools.product(BREAKS, WORLDS)
    if world in BREAKS[page].values()
]


@pytest.mark.parametrize(("script", "world"), CASES)
@pytest.mark.filterwarnings("ignore:.*divide|.*invalid value:RuntimeWarning")
def test_a_claim_is_false_where_the_world_is_another(script, world, claims_of, monkeypatch):
    build(world, monkeypatch)
    false = {name for name, breaker in BREAKS[script.stem].items() if breaker is world}
    found = claims_of(script, waits_for=false, may_stop_at=[AssertionError])
    assert false <= found.keys()
    assert [name for name in false if found[name]] == [], f"they hold where {world.__doc__}"


@pytest.mark.parametrize("page", BREAKS)
def test_the_stage_lets_claims_hold(page, claims_of, monkeypatch):
    build(STAGES.get(page, ours), monkeypatch)
    found = claims_of(PAGES[page], may_stop_at=[AssertionError])
    assert set(found) == set(BREAKS[page]), "each claim of the page has a world that breaks it"
    assert [name for name, holds in found.items() if not holds] == []


def test_every_page_of_the_parts_is_here():
    assert set(PAGES) == set(BREAKS)
