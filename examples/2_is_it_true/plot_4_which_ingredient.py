# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Which ingredient keeps it from overfitting?
===========================================

The story's network stops after 800 steps, sees its points in small batches
that are shuffled anew, gets raw inputs, and begins as a straight line. Take
one of these away: does it overfit? We expected one of them to be the cause.
Alone, none makes more than a few networks overfit. Without the batch noise and
one of two others, most do.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from overfit_tutorial import (
    figures,
    fingerprints,
    ladder,
    networks,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.recipe import follow_recipe
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
SEED, N_SEEDS = 40, 16
SHORT, LONG = 800, 4800

# %%
# It begins as a line
# -------------------
#
# This is the story's network before its first step, on raw inputs and on
# inputs shifted by 10, to their center.

CENTER = 10.0
model = networks.build_mlp(seed=SEED)
x = np.linspace(0, 20, 401)
raw = model(x[:, np.newaxis]).numpy()[:, 0]
centered = model(x[:, np.newaxis] - CENTER).numpy()[:, 0]

figure, ax = plt.subplots(figsize=(5.6, 3.0))
figures.plot_curve(ax, x, raw, role="network", label="raw inputs")
figures.plot_curve(ax, x, centered, role="series_a", label="centered inputs")
ax.set(xlabel="x", ylabel="output", title="One network, untrained")
ax.legend()
figures.show(
    figure,
    caption="The same first weights. What the network sees as zero is where "
    "all its bends are.",
    alt="Two curves of an untrained network. On raw inputs it is a straight "
    "line through zero. On centered inputs it is two straight pieces that "
    "meet in a corner in the middle.",
)

# %%
# What would count as overfitting
# -------------------------------
#
# We say what we look for before we look. A network *overfits* if it does both:
#
# - it fits its own points better than the line does by a tenth or more: its
#   training error is below 0.9 times the line's;
# - it pays for that: its excess risk lies above the place halfway between
#   least squares and joining the dots, on the ladder's logarithmic axis.
#
# One of them alone will not do. The unrest of the last steps raises the excess
# risk without any chase after the noise, and a slightly better fit alone does
# no harm.

CHASES, HALFWAY = 0.9, ladder.halfway_to_the_dots()

# %%
# Four ingredients, and what replaces them
# ----------------------------------------
#
# - *Few steps*: 4,800 instead of 800.
# - *Batch noise*: all points in every step. Halfway there is a frozen order:
#   the same small batches in every epoch.
# - *Raw inputs*: divided by their standard deviation instead.
# - *A line at birth*: with zero biases and positive inputs no unit has its
#   bend between 0 and 20, and the network begins as a straight line. Centered
#   inputs give it a corner; random biases put corners everywhere.
#
# These are the settings that replace the story's, steps aside:

UNIT = 20 / np.sqrt(12)
changes = {
    "nothing": {},
    "noise": {"batch_size": [100]},
    "new orders": {"reshuffle": [False]},
    "units": {"unit": [UNIT]},
    "line": {"center": [CENTER]},
    "line (biases)": {"bias_std": [1.0]},
}

# %%
# All networks train on the same data sets. The long ones are judged twice, on
# the way and at the end. Training errors are in units of the line's.


def train(ways, moments):
    """Return the networks by what is taken away, at each of the moments."""
    grid = [{"moments": [moments]} for _ in ways]
    for cell, way in zip(grid, ways, strict=True):
        for name in way.split(", "):
            cell |= changes[name]
    many = {"n_seeds": N_SEEDS, "seeds_per_block": N_SEEDS}
    table = run_sweep(follow_recipe, grid, seed=SEED, **many)
    found = {}
    for steps in moments:
        error = table[f"error_{steps}"] / table.line_error
        runs = pd.DataFrame({"error": error, "risk": table[f"risk_{steps}"]})
        runs["overfits"] = (runs.error < CHASES) & (runs.risk > HALFWAY)
        for k, way in enumerate(ways):
            name = way if steps == SHORT else f"{way}, steps"
            cell = runs[k * N_SEEDS : (k + 1) * N_SEEDS]
            found[name.removeprefix("nothing, ")] = cell.reset_index()
    return found


# %%
# One alone does not do it
# ------------------------
#
# Here is what becomes of them, by what has been taken away, with the median
# training error.

crossed = ["nothing", "noise", "line", "noise, line", "units"]
frozen = ["new orders", "new orders, line"]
cells = train([*crossed, *frozen], (SHORT, LONG))
cells |= train(
    ["noise, units", "units, line", "noise, line (biases)"], (SHORT,)
)
fingerprints.state(
    "ingredients", pd.concat(cells).reset_index(names=["way", "row"])
)
shown = [name for name in cells if "new orders" not in name]
shown.sort(key=lambda name: name.count(","))

tables.show(
    {
        "without": shown,
        "error": [cells[name].error.median() for name in shown],
        "overfit": [
            f"{cells[name].overfits.sum()} of {N_SEEDS}" for name in shown
        ],
    },
    error=".2f",
)

# %%
# So the answer to our question is: none alone, for most networks. We count the
# runs that overfit; the intervals come from drawing whole seeds again, since
# the cells share them.


def share_that_overfits(group):
    """Return the share of runs that overfit, with its interval over seeds."""
    shares = np.mean([cells[name].overfits for name in group], axis=0)
    return statistics.bootstrap_interval(
        shares, np.mean, seed=0, confidence=0.99
    )


ALONE = ["steps", "noise", "units", "line"]
PAIRS = ["noise, steps", "noise, line"]
alone = share_that_overfits(ALONE)
paired = share_that_overfits(PAIRS)

figure, ax = plt.subplots(figsize=(5.6, 4.6))
groups = {
    "nothing taken away": (["nothing"], "network", "o"),
    "one of the four": (ALONE, "series_b", "^"),
    "noise and steps, or noise and line": (PAIRS, "series_a", "s"),
}
ax.fill_between([0, CHASES], HALFWAY, 9, color=figures.LIGHT["interval"])
for label, (group, role, marker) in groups.items():
    dots = pd.concat([cells[name] for name in group])
    style = {"color": figures.LIGHT[role], "markersize": 4.5}
    ax.plot(dots.error, dots.risk, marker, label=label, **style)
ax.annotate("overfits", (0.41, 6.5))
ax.set(xlim=(0.4, 1.65), ylim=(0.006, 9), yscale="log")
ax.set(
    xlabel="training error over the line's", ylabel="excess risk (log scale)"
)
ax.set_title("One alone seldom does it, two can")
ax.legend(loc="lower right")
figures.show(
    figure,
    caption="Each mark is one network. Those in the shaded corner overfit: "
    "they fit their points well below the line's error, and pay for that.",
    alt="A map of training error against excess risk with a shaded corner at "
    "upper left. Nearly all networks with nothing or one ingredient taken "
    "away lie outside of it. Nearly all without the batch noise and one of "
    "the two others lie inside.",
    headline=True,
)

measured(
    "no-single-ingredient",
    "Take away one of the four ingredients, and {few} of {singles} networks "
    "overfit ({:.0%}). Take away the batch noise and either the few steps or "
    "the line at birth, and {many} of {doubles} do ({pairs:.0%}).",
    alone.below(0.3),
    pairs=paired.above(0.5),
    headline=True,
    few=sum(cells[name].overfits.sum() for name in ALONE),
    singles=len(ALONE) * N_SEEDS,
    many=sum(cells[name].overfits.sum() for name in PAIRS),
    doubles=len(PAIRS) * N_SEEDS,
)

# %%
# On the ladder, the rows of the table:

figure, ax = plt.subplots(figsize=(5.6, 6.4))
roles = ["network", "series_b", "series_a", "series_c"]
rows = {}
for name in shown:
    n_removed = 0 if name == "nothing" else name.count(",") + 1
    label = name if len(name) < 13 else "\n".join(name.rsplit(" ", 1))
    rows[label] = cells[name].risk, roles[n_removed]
rungs = {"least squares": ladder.least_squares(), "halfway": HALFWAY}
rungs["dots"] = ladder.join_the_dots()
figures.plot_studies(ax, rows, rungs)
ax.set_title("What is taken away, on the ladder")
figures.show(
    figure,
    caption="Each dot is one network, each diamond a median with its 99% "
    "interval. The rows name what was taken away: nothing, one ingredient, "
    "two, three.",
    alt=f"{len(shown)} rows of dots on a logarithmic axis of excess risk. "
    "Medians: "
    + ", ".join(f"{name}: {cells[name].risk.median():.2f}" for name in shown)
    + ".",
)

# %%
# The line at birth matters where nothing shakes it
# -------------------------------------------------
#
# After 800 steps with all points in every step, the network is still close to
# the line if it began as one. If it began with a corner, it is not. We compare
# each seed with itself.


def times(name, other, column="risk"):
    """Return the median of the ratios, seed by seed."""
    return statistics.quantile_interval(
        cells[name][column] / cells[other][column], confidence=0.99
    )


measured(
    "a-corner-at-birth",
    "Without batch noise, a network that begins with a corner ends the "
    "story's steps with {:.1f} times the excess risk of one that begins as a "
    "line, in the median.",
    times("noise, line", "noise").above(1),
)

# %%
# Batch noise holds back what has begun
# -------------------------------------
#
# Now take away the few steps and the line at birth. Whether this network
# overfits depends on its batches.

measured(
    "batch-noise-holds-back",
    "After {steps:,} steps from a corner at birth, taking the batch noise "
    "away multiplies the training error by {:.2f} and the excess risk by "
    "{excess_risk:.1f}, in the median.",
    times("noise, line, steps", "line, steps", "error").below(0.9),
    excess_risk=times("noise, line, steps", "line, steps").above(1),
    steps=LONG,
)

# %%
# Not only their size: it matters that batches change
# ---------------------------------------------------
#
# Is it that a batch is small, or that it is another one each time? Repeat one
# order of the same small batches in every epoch, and see. We average over both
# births.


def both_births(name):
    """Return error ratios over both births: their geometric mean."""
    births = [cells[f"{name}steps"], cells[f"{name}line, steps"]]
    return np.exp(np.mean([np.log(cell.error) for cell in births], axis=0))


fresh, repeated, whole = map(both_births, ("", "new orders, ", "noise, "))
less = statistics.quantile_interval(repeated / fresh, confidence=0.99)

figure, ax = plt.subplots(figsize=(5.6, 2.8))
rows = {
    "a new order\nin each epoch": (fresh, "network"),
    "one order,\nrepeated": (repeated, "series_b"),
    "all points\nin every step": (whole, "series_a"),
}
for row, (errors, role) in enumerate(rows.values()):
    shifts = row + np.linspace(-0.2, 0.2, N_SEEDS)
    color, ink = figures.LIGHT[role], figures.LIGHT["ink"]
    ax.plot(errors, shifts, "o", markersize=4, color=color)
    found = statistics.quantile_interval(errors, confidence=0.99)
    ax.plot(found.ends, [row, row], color=ink, linewidth=2.5)
    ax.plot(found.value, row, "D", markersize=7, color=ink)
ax.axvline(1, color=figures.LIGHT["line"], zorder=1)
ax.set_yticks(range(len(rows)), rows)
ax.set(ylim=(2.5, -0.5), xlabel="training error over the line's")
ax.set_title("Repeated batches are chased", x=0)
figures.show(
    figure,
    caption=f"After {LONG:,} steps. Each dot is one seed, its two births "
    "averaged; each diamond a median with its 99% interval. The vertical line "
    "is the straight line's own error.",
    alt="Three rows of dots left of a vertical line at one. Medians of the "
    "training error: "
    + ", ".join(
        f"{' '.join(name.split())} {np.median(errors):.2f}"
        for name, (errors, _) in rows.items()
    )
    + ".",
)

measured(
    "frozen-batches-chase",
    "After {steps:,} steps with batches of 32 in one order that repeats, the "
    "training error is {:.2f} times what it is with a new order in each "
    "epoch, in the median. Of networks that begin with a corner, {same} of "
    "{n} then overfit instead of {fresh}.",
    less.below(1),
    steps=LONG,
    same=cells["new orders, line, steps"].overfits.sum(),
    fresh=cells["line, steps"].overfits.sum(),
)

# %%
# Lessons
# -------
#
# The story's network is held back twice over. It begins as a line and has 800
# steps, too few to leave it; and the noise of fresh batches undoes the chase
# after single points. Without the noise, the short time from a line still
# protects. Without those two, the noise still protects some networks.
#
# What surprised us: raw inputs are no protection by themselves, and small
# batches protect less when their order repeats. The story's recipe has all of
# it by accident: nobody chose 800 steps, 32 points or zero biases to protect
# from anything.
#
# What this does not show: a limit. "Does not overfit" means after 4,800 steps,
# at one learning rate, with one number of points.
#
# .. exercise:: A milder verdict
#
#    Predict first: if a training error below 0.95 times the line's counted as
#    chasing, would an ingredient alone make most networks overfit? Set
#    ``CHASES = 0.95`` and read the table.
#
#    .. answer::
#
#       No. Long training alone comes nearest, and still makes fewer than half
#       of them overfit. Without the noise and either the few steps or the
#       line, most do.
