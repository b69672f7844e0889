# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What if we keep training?
=========================

The story stops after 800 steps. Perhaps the network only had no time to chase
the noise. So we train on, with small batches and with all points in every
step. Guess first: where in *x* does it begin to overfit, and does it, with
small batches, at all?
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import gmean

from overfit_tutorial import data, figures, fingerprints, ladder, statistics
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.recipe import follow_recipe
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
N_SEEDS, N_FULL, N_FEW = 64, 32, 24
DATA_SEED, TRAINING_SEED, SEED, CENTERED_SEED = 0, 1, 2, 40

# %%
# The bends come in from the left
# -------------------------------
#
# First one data set, the same first weights, and eight times the story's
# steps, once with fresh batches of 32 points and once with all points in every
# step. On the way we keep the weights. A *knot* is a place where the slope of
# the curve changes. All knots are born at *x* = 0, as all biases begin at 0.

one, grid = data.sample_noisy(seed=DATA_SEED), np.linspace(0, 20, 2001)
SHOWN, IN_MOTION = (100, 800, 3200, 6400), range(160, 6401, 160)
curves = {}
for name, size in (("batches of 32", 32), ("all points", None)):
    recipe, kept = STORY.replace(batch_size=size), {*SHOWN, *IN_MOTION}
    epochs = {m: recipe.replace(steps=m).n_epochs(100) for m in sorted(kept)}
    options = {"seed": TRAINING_SEED, "checkpoints": list(epochs.values())}
    fit = fit_network(one.x, one.y, recipe.replace(steps=6400), **options)
    curves[name] = {m: fit.at(epochs[m]).predict(grid) for m in epochs}


def find_knots(curve):
    """Return where the slope changes by more than a twentieth."""
    turn = np.diff(curve, n=2) / (grid[1] - grid[0])
    return grid[1:-1][np.abs(turn) > 0.05]


figure, axes = plt.subplots(2, 4, figsize=(5.6, 4.6), sharex=True, sharey=True)
for row, role, (name, stages) in zip(
    axes, ("network", "series_a"), curves.items(), strict=True
):
    row[0].set_ylabel(name)
    for ax, steps in zip(row, SHOWN, strict=True):
        curve = stages[steps]
        ax.plot(one.x, one.y, "o", markersize=2, color=figures.LIGHT["data"])
        ax.plot(grid, curve, color=figures.LIGHT[role], linewidth=1.8)
        knots = find_knots(curve)
        tick = {"markersize": 9, "markeredgewidth": 0.8}
        low = np.full(len(knots), -2.5)
        ax.plot(knots, low, "|", color=figures.LIGHT["ink"], **tick)
        ax.annotate(f"{steps:,}", (0.04, 0.88), xycoords="axes fraction")
# No panel is as wide as these words.
title = {"x": 0.02, "ha": "left", "fontsize": 13, "fontweight": "bold"}
figure.suptitle("Overfitting comes in from the left", **title)
axes[0, 0].set_xticks([0, 10, 20])
figure.supxlabel("x", fontsize=12)
figures.show(
    figure,
    caption="One data set, the same first weights, after 100 to 6,400 steps: "
    "above with fresh batches of 32, below with all points in every step. The "
    "ticks are knots, the places where the curve bends.",
    alt="Two rows of four small panels with the same points. After 100 steps "
    "both curves are straight and have no ticks. Ticks then appear at the "
    "left end and spread to the right. With batches of 32 the curve has a few "
    "jags left of 2 after 6,400 steps; with all points it zigzags from point "
    "to point over the left third, and is straight further right.",
    headline=True,
)

# %%
# Here is the lower row in motion: all points in every step.

figure, ax = plt.subplots(figsize=(5.6, 3.6))
figures.plot_data(ax, one)
frames = []
for steps in IN_MOTION:
    curve = curves["all points"][steps]
    knots = find_knots(curve)
    # One line: the curve, and after a gap a tick for each knot.
    ticks = np.stack([knots, knots, np.full(len(knots), np.nan)], axis=1)
    x = np.concatenate([grid, [np.nan], ticks.ravel()])
    heights = np.tile([-3, -2, np.nan], len(knots))
    y = np.concatenate([curve, [np.nan], heights])
    style = {"color": figures.LIGHT["series_a"], "linewidth": 1.6}
    frames += ax.plot(x, y, label=f"{steps:,} steps", **style)
ax.set(xlabel="x", ylabel="y", title="The bends travel")
ax.set_xticks(range(0, 21, 5))
figures.show(
    figure,
    caption="All points in every step, as above. The still shows the last "
    "step.",
    alt="A curve through scattered points zigzags over its left third, where "
    "ticks below it crowd, and is nearly straight further right. In motion, "
    "the ticks appear at the left end and move to the right, and the curve "
    "bends where they are.",
    frames=frames,
)

# %%
# It overfits, and small batches slow it
# --------------------------------------
#
# One data set can be lucky; here are 64, at the same moments. All points in
# every step take longer, so there it is half of them. We count steps, not
# epochs: an epoch of batches of 32 is four steps, one of all points a single
# step.

MOMENTS = (100, 200, 400, 800, 1600, 3200, 6400)


def train(moments, n_seeds=N_SEEDS, **changes):
    """Return the table of a recipe that is judged at several moments."""
    grid = {name: [value] for name, value in changes.items()}
    many = {"seed": SEED, "n_seeds": n_seeds, "seeds_per_block": n_seeds}
    return run_sweep(follow_recipe, {**grid, "moments": [moments]}, **many)


def mean(values):
    """Return the mean over seeds with its 99% interval."""
    kwargs = {"seed": 0, "confidence": 0.99}
    return statistics.bootstrap_interval(values, np.mean, **kwargs)


small = train(MOMENTS, batch_size=32)
full = train(MOMENTS, N_FULL, batch_size=None)
fingerprints.state("small", small.drop(columns="moments"))
fingerprints.state("full", full.drop(columns="moments"))

# %%
# A training error may hide the noise that is followed, as we have seen. So
# look at the noise followed itself, by quarter of *x*.

figure, axes = plt.subplots(2, 1, figsize=(5.6, 6.2), sharex=True, sharey=True)
quarters = ("0 to 5", "5 to 10", "10 to 15", "15 to 20")
roles = ("network", "series_a", "series_b", "series_c")
tables = {
    "With batches of 32 it creeps in ...": small,
    "... with all points it runs": full,
}
for ax, (title, table) in zip(axes, tables.items(), strict=True):
    for k, (name, role) in enumerate(zip(quarters, roles, strict=True), 1):
        found = [mean(table[f"followed_quarter_{k}_{m}"]) for m in MOMENTS]
        color = figures.LIGHT[role]
        ends = np.array([interval.ends for interval in found])
        ax.vlines(MOMENTS, *ends.T, color=color, linewidth=1)
        figures.plot_curve(
            ax,
            MOMENTS,
            [interval.value for interval in found],
            role=role,
            label=f"x from {name}",
        )
    ax.set(ylabel="noise followed", title=title, xscale="log")
    ax.yaxis.set_major_formatter("{x:.0%}")
axes[0].legend(loc="upper left")
axes[1].set(xlabel="steps")
axes[1].set_xticks(MOMENTS, [f"{moment:,}" for moment in MOMENTS])
axes[1].minorticks_off()
figures.show(
    figure,
    caption="Means over 64 seeds above and 32 below, by quarter of x, with "
    "their 99% intervals. The story stops at 800 steps.",
    alt="Two panels over the number of steps, with four lines each. Above, "
    "with batches of 32, the line of the first quarter rises from about 5% "
    "to about 25%, the others stay below a tenth. Below, with all points, "
    "the first quarter rises to about 70%, the second to about a third, the "
    "third and the fourth to less than 20%.",
)

ratio = full.risk_6400 / full.risk_800
measured(
    "full-batch-overfits",
    "With all points in every step, the network overfits: after 6,400 steps "
    "it follows {:.0%} of the noise, on average, and its excess risk is "
    "{ratio:.1f} times that after 800, in the median. It has more than "
    "doubled for {doubled:.0%} of the seeds.",
    mean(full.followed_6400).above(0.2),
    doubled=statistics.share_interval(ratio > 2, confidence=0.99).above(0.5),
    ratio=ratio.median(),
    headline=True,
    wrong_if="the network might follow a fifth of the noise or less, or the "
    "excess risk not have doubled for half of the seeds",
    threshold_from="after seeing",
)

# %%
# A batch of 32 is another sample in each step and pulls the network to other
# points; all points pull it to the same ones each time. That delays the chase.
# It does not end it. We compare each seed with itself.

error = statistics.quantile_interval(
    small.error_6400 / small.line_error, confidence=0.99
)
measured(
    "small-batches-slow-it",
    "Fresh batches of 32 slow it; they do not stop it. After 6,400 steps "
    "{:.0%} of the noise is followed. That has grown by {growth:.0%} of the "
    "noise since step 800, though the training error still is "
    "{training_error:.2f} times a straight line's. With all points in every "
    "step, another {ahead:.0%} of the noise is followed.",
    mean(small.followed_6400).above(0.05),
    growth=mean(small.followed_6400 - small.followed_800).above(0),
    training_error=error.above(0.75),
    ahead=mean(full.followed_6400 - small.followed_6400[:N_FULL]).above(0.1),
    wrong_if="batches of 32 might follow 5% of the noise or less, not have "
    "followed more with time, fit their points better than 0.75 times the "
    "line's error, or be within 10% of the noise of full batches",
    threshold_from="after seeing",
)

# %%
# Slow by the step, that is. A step with all points is a whole pass over them,
# four steps with batches of 32 are one. By the pass there is little between
# them. Noise followed, first with all points, then with batches of 32:

for steps in (200, 400, 800, 1600):
    one_way, other = full[f"followed_{steps}"], small[f"followed_{4 * steps}"]
    print(f"{steps:,} passes: {mean(one_way):.1%}, {mean(other):.1%}")

# %%
# From where the knots are born
# -----------------------------
#
# Why from the left? If the reason is that the knots start there, overfitting
# must start elsewhere if they do. So we give the network *x* - 10 instead of
# *x*. Nothing else is changed: all points in every step, 3,200 steps. Now the
# knots are born in the middle. Guess first: which quarters follow the noise?
# (These networks are some of those of :doc:`Which ingredient keeps it from
# overfitting? </auto_examples/2_is_it_true/plot_4_which_ingredient>`.)

middle = run_sweep(
    follow_recipe,
    {"moments": [(800, 3200)], "batch_size": [100], "center": [10.0]},
    seed=CENTERED_SEED,
    n_seeds=N_FEW,
    seeds_per_block=N_FEW,
)
fingerprints.state("middle", middle.drop(columns="moments"))


def by_quarter(table, steps):
    """Return the noise followed in each quarter of x, a column each."""
    names = [f"followed_quarter_{k}_{steps}" for k in (1, 2, 3, 4)]
    return table[names].to_numpy()


born = {
    "x = 0": (by_quarter(full, 3200), "series_a"),
    "x = 10": (by_quarter(middle, 3200), "series_b"),
}

figure, ax = plt.subplots(figsize=(5.6, 3.6))
for shift, (name, (values, role)) in zip(
    (-0.2, 0.2), born.items(), strict=True
):
    found, at = [mean(column) for column in values.T], np.arange(4) + shift
    heights = [interval.value for interval in found]
    ends = np.array([interval.ends for interval in found])
    color, words = figures.LIGHT[role], f"knots born at {name}"
    ax.bar(at, heights, width=0.36, color=color, label=words)
    ax.vlines(at, *ends.T, color=figures.LIGHT["ink"], linewidth=1.5)
ax.set_xticks(range(4), quarters)
ax.yaxis.set_major_formatter("{x:.0%}")
ax.grid(axis="x", visible=False)
ax.set(xlabel="x", ylabel="noise followed", ylim=(0, 0.95))
ax.set_title("It starts where knots are")
ax.legend()
figures.show(
    figure,
    caption="Means over 32 seeds, and 24 where knots are born at 10, with "
    "their 99% intervals, after 3,200 steps with all points in each.",
    alt="Four groups of two bars, one for each quarter of x. The bars of "
    "knots born at 0 are highest in the first quarter and fall to the right. "
    "Those of knots born at 10 are higher in the two middle quarters than at "
    "either end.",
)

left = {
    name: by_quarter(table, 6400) @ [1, 0, 0, -1]
    for name, table in {"small": small, "full": full}.items()
}
inside = born["x = 10"][0] @ [-0.5, 0.5, 0.5, -0.5]
measured(
    "from-where-knots-are-born",
    "Overfitting comes from where the knots are born. After 6,400 steps with "
    "all points in each, the first quarter of x is ahead of the last by "
    "{:.0%} of its noise; with batches of 32, by {with_batches:.0%}. Where "
    "knots are born in the middle, the middle half is ahead of the rest by "
    "{in_the_middle:.0%}.",
    mean(left["full"]).above(0.3),
    with_batches=mean(left["small"]).above(0.05),
    in_the_middle=mean(inside).above(0.05),
    wrong_if="the first quarter might be ahead by 30% or less, with batches "
    "of 32 by 5% or less, or the middle half by 5% or less",
    threshold_from="after seeing",
)

# %%
# The long end is on the ladder
# -----------------------------
#
# How bad can it get? For a longer run we take a smaller network, five layers
# of 30 units, and a recipe that fits fast: inputs and targets standardized,
# all points in every step, a learning rate of 0.003. It still has 38
# parameters for each point. These runs are long, so there are fewer of them.

LONG = (100, 1000, 2500, 5000)
eager = {
    "hidden_widths": (30,) * 5,
    "learning_rate": 0.003,
    "standardize_x": True,
    "standardize_y": True,
}
assert STORY.replace(**eager).n_parameters() // 100 == 38
long = train(LONG, N_FEW, batch_size=None, **eager)
fingerprints.state("eager", long.drop(columns=["moments", "hidden_widths"]))

every = ladder.rungs()
dots, floor = every["join the dots"], every["least squares"]
end = statistics.bootstrap_interval(
    long.risk_5000, gmean, seed=0, confidence=0.99
)
rises = statistics.quantile_interval(long.risk_5000 / long.risk_2500)
largest = long.risk_5000.max() / dots
print(f"over the last half of the steps it grows to {rises:.2f} times, at 95%")
print(f"the largest of {N_FEW} is {largest:.1f} times the dots' cost")

figure, ax = plt.subplots(figsize=(5.6, 2.8))
rows = {
    f"{moment:,} steps": (long[f"risk_{moment}"], "series_b")
    for moment in (100, 1000, 5000)
}
figures.plot_studies(ax, rows, {"least squares": floor, "dots": dots})
ax.set_title("To the dots, and some beyond")
figures.show(
    figure,
    caption="The smaller network. Each dot is one seed, each diamond a median "
    "with its 99% interval.",
    alt="Three rows of dots on a logarithmic axis of excess risk. After 100 "
    "steps most lie a little right of the line of least squares, after 1,000 "
    "nearer to the dots. After 5,000 the median is near their line, and "
    f"the largest of the {N_FEW} is {largest:.1f} times as high.",
)

measured(
    "long-training-costs-the-dots",
    "After {steps:,} full-batch steps on standardized points, a network of "
    "{parameters:,} parameters follows {noise_followed:.0%} of the noise, at "
    "an excess risk of {:.1f} in the geometric mean: the order of joining "
    "the dots ({dots:.1f}).",
    end.inside(dots / 2, 2 * dots),
    noise_followed=mean(long.followed_5000).above(0.3),
    quantity="excess risk",
    wrong_if="the excess risk might be half the cost of the dots or twice "
    "that, or the noise followed might be less than three tenths",
    steps=LONG[-1],
    dots=dots,
    parameters=STORY.replace(**eager).n_parameters(),
    threshold_from="after seeing",
)

# %%
# Overfitting that costs something and not everything is called *tempered*
# :cite:`mallinar2022`. But the curve still moves away, some seeds end beyond
# the dots, and who squares errors, as we do, is the harder judge: for
# the networks of least norm that pass through noisy points in one dimension,
# overfitting is tempered if errors count as they are, and catastrophic if they
# are squared :cite:`joshi2024`.
#
# Lessons
# -------
#
# The network can overfit, and with time it does. It starts at the left,
# because there its knots are born, and they travel
# (:doc:`but where to?
# </auto_examples/3_function_space/plot_2_where_does_it_bend>`). The story's
# 800 steps are too few. Fresh small batches slow it, step by step, and hide
# it: their training error stays where a straight line's is.
#
# What this does not show: what a million steps with small batches would do,
# and how learning rate and scale of the inputs share in it. That is what
# :doc:`the map </auto_examples/2_is_it_true/plot_3_is_it_the_recipe>` is for.
#
# .. exercise:: Smaller still
#
#    Predict first: are batches of 10 slower still? Print the mean of
#    ``train((4000,), batch_size=10).followed_4000``, and compare it with what
#    ``small`` says of 3,200 and of 6,400 steps.
#
#    .. answer::
#
#       No. After 4,000 steps it follows about 9% of the noise, and batches of
#       32 follow as much between 3,200 and 6,400 steps. But 4,000 steps of 10
#       points are only 400 passes over the points. Batches of 32 follow about
#       5% after as many.
#
# .. exercise:: Small batches for the smaller network
#
#    Predict first: do batches of 32 slow the smaller network too? Call
#    ``train((5000,), N_FEW, batch_size=32, **eager)``, and print the mean
#    of the noise followed and the median of the excess risk.
#
#    .. answer::
#
#       They do. After as many steps it follows about 14% of the noise instead
#       of 52%, at an excess risk of about 0.6 instead of 2.1.
