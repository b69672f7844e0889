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

from overfit_tutorial import figures, ladder, networks, statistics
from overfit_tutorial.claims import claim
from overfit_tutorial.studies.recipe import follow_recipe
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
SEED = 40
N_SEEDS = 16
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
figure, ax = plt.subplots(figsize=figures.LADDER)
for role, center in {"network": 0.0, "series_a": CENTER}.items():
    label = f"{'centered' if center else 'raw'} inputs"
    born = model(x[:, np.newaxis] - center).numpy()[:, 0]
    figures.plot_curve(ax, x, born, role=role, label=label)
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
# These are the cells of the sweep, by the settings that differ from the
# story's:

UNIT = 20 / np.sqrt(12)
crossed = [
    # Steps, batch noise and birth:
    {"batch_size": [32, 100], "center": [0.0, CENTER]},
    {"reshuffle": [False], "center": [0.0, CENTER]},
    # Other units:
    {"unit": [UNIT]},
]
short = [
    # Other units, and one more; random biases, without batch noise:
    {"unit": [UNIT], "batch_size": [100]},
    {"unit": [UNIT], "center": [CENTER]},
    {"bias_std": [1.0], "batch_size": [100]},
]

# %%
# All cells train on the same data sets. What a cell does not name is as
# in the story.


def sweep(cells, moments):
    """Return the runs of some cells, at each of the moments."""
    grid = [{"moments": [moments], **cell} for cell in cells]
    options = {"n_seeds": N_SEEDS, "seeds_per_block": N_SEEDS}
    found = run_sweep(follow_recipe, grid, seed=SEED, **options)
    return [
        found.assign(
            steps=steps,
            error=found[f"error_{steps}"] / found.line_error,
            risk=found[f"risk_{steps}"],
        )
        for steps in moments
    ]


story = {"batch_size": 32, "reshuffle": True, "center": 0.0}
story |= {"unit": 1.0, "bias_std": 0.0}
runs = pd.concat(sweep(crossed, (SHORT, LONG)) + sweep(short, (SHORT,)))
runs = runs.astype({"reshuffle": object}).fillna(story)
runs["overfits"] = (runs.error < CHASES) & (runs.risk > HALFWAY)


def without(**removed):
    """Return the runs in which these settings replace the story's."""
    wanted = pd.Series({"steps": SHORT, **story, **removed})
    chosen = (runs[wanted.index] == wanted).all(axis=1)
    return runs[chosen].set_index("seed")


# %%
# One alone does not do it
# ------------------------
#
# Here are the cells, by what has been taken away.

steps, noise = {"steps": LONG}, {"batch_size": 100}
frozen, units = {"reshuffle": False}, {"unit": UNIT}
corner, biases = {"center": CENTER}, {"bias_std": 1.0}
one = {
    "steps": without(**steps),
    "noise": without(**noise),
    "units": without(**units),
    "line": without(**corner),
}
two = {
    "steps, units": without(**steps, **units),
    "units, line": without(**units, **corner),
    "steps, line": without(**steps, **corner),
    "noise, units": without(**noise, **units),
    "noise, steps": without(**noise, **steps),
    "noise, line": without(**noise, **corner),
    "noise, line (biases)": without(**noise, **biases),
}
three = {"noise, steps, line": without(**noise, **steps, **corner)}
cells = {"nothing": without(), **one, **two, **three}
print(f"{'without':21}{'error':>7}{'risk':>7}{'overfit':>9}")
for name, cell in cells.items():
    medians = f"{cell.error.median():7.2f}{cell.risk.median():7.2f}"
    print(f"{name:21}{medians}{cell.overfits.sum():6} of {len(cell)}")

# %%
# (Medians; the error is the training error in units of the line's.) On the
# ladder:

shown = ["nothing", *one, "steps, line", "noise, steps"]
shown += ["noise, line", "noise, steps, line"]
roles = {0: "network", 1: "series_b", 2: "series_a", 3: "series_c"}
rows = {}
for name in shown:
    n_removed = 0 if name == "nothing" else name.count(",") + 1
    label = name.replace(", line", ",\nline")
    rows[label] = cells[name].risk, roles[n_removed]
rungs = {"least squares": ladder.least_squares(), "halfway": HALFWAY}
rungs["dots"] = ladder.join_the_dots()
figure, ax = plt.subplots(figsize=(5.6, 5.2))
figures.plot_studies(ax, rows, rungs)
ax.set_title("What is taken away, on the ladder")
figures.show(
    figure,
    caption="Each dot is one network, each diamond a median with its 99% "
    "interval. The rows name what was taken away: nothing, one ingredient, "
    "two, three.",
    alt="Nine rows of dots on a logarithmic axis of excess risk. Medians: "
    + ", ".join(f"{name}: {cells[name].risk.median():.2f}" for name in shown),
)

# %%
# So the answer to our question is: none alone, for most networks. We count the
# runs that overfit; the intervals come from drawing whole seeds again, since
# the cells share them.


def share_that_overfits(group):
    """Return the share of runs that overfit, with its interval over seeds."""
    shares = np.mean([cell.overfits for cell in group], axis=0)
    return statistics.bootstrap_interval(
        shares, np.mean, seed=0, confidence=0.99
    )


alone = share_that_overfits(one.values())
paired = share_that_overfits([two["noise, steps"], two["noise, line"]])
claim(
    "no-single-ingredient",
    "With one of the four ingredients taken away, {value:.0%} of all "
    "networks overfit ({low:.0%} to {high:.0%}), at most {most} of {n} for "
    "one of them. With the batch noise and either the few steps or the line "
    "at birth taken away, {paired:.0%} do ({paired_low:.0%} to "
    "{paired_high:.0%}).",
    value=alone.value,
    interval=alone.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=alone.high < 0.3 and paired.low > 0.5,
    threshold=0.3,
    wrong_if="three in ten networks might overfit with one ingredient away, "
    "or fewer than half with one of the two pairs away",
    headline=True,
    most=max(cell.overfits.sum() for cell in one.values()),
    paired=paired.value,
    paired_low=paired.low,
    paired_high=paired.high,
)

# %%
# The line at birth matters where nothing shakes it
# -------------------------------------------------
#
# After 800 steps with all points in every step, the network is still close to
# the line if it began as one. If it began with a corner, it is not. We compare
# each seed with itself.


def times(cell, other, column="risk"):
    """Return the median of the ratios, seed by seed."""
    return statistics.quantile_interval(
        cell[column] / other[column], confidence=0.99
    )


birth = times(two["noise, line"], one["noise"])
claim(
    "a-corner-at-birth",
    "Without batch noise, a network that begins with a corner ends the "
    "story's steps with {value:.1f} times the excess risk of one that "
    "begins as a line ({low:.1f} to {high:.1f}), in the median.",
    value=birth.value,
    interval=birth.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=birth.low > 1,
    threshold=1,
    wrong_if="the corner might cost nothing",
)

# %%
# Batch noise holds back what has begun
# -------------------------------------
#
# Now take away the few steps and the line at birth. Whether this network
# overfits depends on its batches.

chase = times(three["noise, steps, line"], two["steps, line"], "error")
price = times(three["noise, steps, line"], two["steps, line"])
claim(
    "batch-noise-holds-back",
    "After {steps:,} steps from a corner at birth, taking the batch noise "
    "away multiplies the training error by {value:.2f} ({low:.2f} to "
    "{high:.2f}) and the excess risk by {price:.1f} ({price_low:.1f} to "
    "{price_high:.1f}), in the median.",
    value=chase.value,
    interval=chase.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=chase.high < 0.9 and price.low > 1,
    threshold=0.9,
    wrong_if="nine tenths of the training error might be left, or the excess "
    "risk might not grow",
    steps=LONG,
    price=price.value,
    price_low=price.low,
    price_high=price.high,
)

# %%
# Not only their size: it matters that batches change
# ---------------------------------------------------
#
# Is it that a batch is small, or that it is another one each time? Repeat one
# order of the same small batches in every epoch, and see. We average over both
# births.


def both_births(**removed):
    """Return error ratios over both births: their geometric mean."""
    births = [without(**removed), without(**removed, **corner)]
    return np.exp(np.mean([np.log(cell.error) for cell in births], axis=0))


repeated = statistics.quantile_interval(
    both_births(**steps, **frozen) / both_births(**steps), confidence=0.99
)
claim(
    "frozen-batches-chase",
    "After {steps:,} steps with batches of 32 in one order that repeats, the "
    "training error is {value:.2f} times what it is with a new order in each "
    "epoch ({low:.2f} to {high:.2f}), in the median. Of networks that begin "
    "with a corner, {same} of {n} then overfit instead of {fresh}.",
    value=repeated.value,
    interval=repeated.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=repeated.high < 1,
    threshold=1,
    wrong_if="repeating the order might not help the chase",
    steps=LONG,
    same=without(**steps, **frozen, **corner).overfits.sum(),
    fresh=two["steps, line"].overfits.sum(),
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
