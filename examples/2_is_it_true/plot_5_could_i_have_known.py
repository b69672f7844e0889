# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Could I have known?
===================

We judge every fit by the truth. Outside a tutorial nobody has it; one holds
some points back instead. We expect twenty held-out points to tell the network
from the line, since the network is several times as far from the truth. They
do not, and could not. Nor do they say well when to stop.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from overfit_tutorial import (
    data,
    figures,
    fingerprints,
    ladder,
    linear,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.held_out import (
    compare_held_out,
    shake_points,
    stop_held_out,
)
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
SEED, STOP_SEED, OTHER_SEED = 50, 51, 2
N_SEEDS, N_STOPS = 120, 24
N_TRAIN, FEW, MANY = 100, 20, 2000

# %%
# A hundred to train on, twenty to judge by
# -----------------------------------------
#
# Say that somebody has taken 120 readings and keeps twenty of them back. The
# network trains on a hundred: it is the story's, with the story's batches and
# its 800 steps. (Held out of the hundred, they would leave eighty, three
# batches instead of four and 600 steps: another recipe.)

one = data.sample_noisy(n_samples=N_TRAIN + FEW, seed=SEED)
known, held = slice(0, N_TRAIN), slice(N_TRAIN, None)
network = fit_network(one.x[known], one.y[known], seed=STOP_SEED)
line = linear.fit_line(one.x[known], one.y[known])

figure, ax = plt.subplots()
grid = np.linspace(0, 20, 1000)
ax.plot(one.x[known], one.y[known], label="trained on", **figures.mark("data"))
kept_back = {"color": figures.LIGHT["series_a"], "markerfacecolor": "none"}
ax.plot(one.x[held], one.y[held], "s", label="held out", **kept_back)
figures.plot_curve(ax, grid, network.predict(grid), role="network")
figures.plot_curve(ax, grid, line(grid), role="line")
ax.set(xlabel="x", ylabel="y", title="Which is better? Ask the squares")
ax.legend()
figures.show(
    figure,
    caption="Both curves were fitted to the dots. Only the hollow squares may "
    "say which of them is better.",
    alt="A hundred dots and twenty hollow squares scatter around two curves "
    "that rise from lower left to upper right: a network and a straight line, "
    "close together compared with the scatter.",
)

# %%
# Now for 120 data sets, with 2,000 fresh points beside the twenty: a held-out
# set that nobody with a hundred points has, to see what twenty lack. All are
# judged by the squared error on them, and the difference gets two intervals.
# The *paired* one looks at the differences point by point: both fits met the
# same noise there. The *unpaired* one treats the two errors as if each had
# points of its own.

table = run_sweep(
    compare_held_out,
    {"n_train": [N_TRAIN], "few": [FEW], "many": [MANY]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=40,
)
fingerprints.state("judges", table)

# %%
# Twenty points cannot tell
# -------------------------
#
# For each seed the truth says how much worse the network is. For how many of
# the seeds does an interval of held-out points say so, too?

truth = (table.risk - table.line_risk).to_numpy()


def tells(name, which):
    """Return where an interval says, rightly, that the network is worse."""
    return (table[f"gap_{name}"] > table[f"{which}_{name}"]) & (truth > 0)


# %%
# It cannot say so of all. Where the true gap is small against the scatter of
# the squared errors, twenty points tell by luck only. Gap and scatter, known
# from the truth and from the 2,000 points, say how likely an interval tells of
# each network. The mean over the networks is the *ceiling*: the share that so
# many points can be expected to tell.


def ceiling(n_points):
    """Return how often a 95% interval from so many points tells, expected."""
    error = table.paired_many / 1.96 * np.sqrt(MANY / n_points)
    return norm.cdf(truth / error - 1.96).mean()


sizes = {"few": FEW, "many": MANY}
pairs = [(name, which) for name in sizes for which in ("paired", "unpaired")]
tables.show(
    {
        "points": [f"{sizes[name]:,}, {which}" for name, which in pairs],
        "half width": [
            table[f"{which}_{name}"].median() for name, which in pairs
        ],
        "tells for": [np.mean(tells(*pair)) for pair in pairs],
    },
    half_width=".2f",
    tells_for=".0%",
)

figure, axes = plt.subplots(2, 1, figsize=(5.6, 5.6), sharex=True)
for ax, name in zip(axes, sizes, strict=True):
    gap, half = table[f"gap_{name}"][:40], table[f"paired_{name}"][:40]
    ax.errorbar(
        truth[:40],
        gap,
        half,
        fmt="o",
        markersize=4,
        elinewidth=1,
        color=figures.LIGHT["network"],
    )
    ends = [truth[:40].min(), truth[:40].max()]
    ax.plot(ends, ends, **figures.mark("truth"))
    ax.axhline(0, color=figures.LIGHT["muted"], linewidth=1)
    ax.set(ylabel="measured")
axes[0].set_title(f"{FEW} points held out: noise hides the gap")
axes[1].set_title(f"{MANY:,} points held out: they find it")
axes[1].set_xlabel("how much worse the network is than the line, in truth")
figures.show(
    figure,
    caption="Forty of the seeds. Each bar is the 95% interval of the paired "
    "difference of squared errors; on the dashed line, measurement and truth "
    "agree. A bar that crosses zero does not tell.",
    alt="Two panels of points with error bars against the true difference. "
    "With twenty points most of the bars are long and cross zero. With two "
    "thousand they are short, lie along the dashed diagonal, and mostly stay "
    "above zero.",
    headline=True,
)

# %%
# Two claims: what twenty points tell, and what pairing is worth. The networks
# differ from the line by less than the noise of the readings; only where the
# same noise is subtracted does the difference show.

few, many, unpaired = (
    statistics.share_interval(tells(*pair), confidence=0.99)
    for pair in (("few", "paired"), ("many", "paired"), ("many", "unpaired"))
)
measured(
    "twenty-points-cannot-tell",
    "The network is worse than the line for {worse:.0%} of {n} seeds. With "
    "twenty held-out points, a 95% interval tells so for {:.0%}; its ceiling "
    "is {ceiling:.0%}. With {points:,} points it tells for "
    "{two_thousand_points:.0%}.",
    few.below(0.33),
    two_thousand_points=many.above(0.5),
    headline=True,
    worse=np.mean(truth > 0),
    ceiling=ceiling(FEW),
    points=MANY,
    threshold_from="after seeing",
)
measured(
    "pair-the-points",
    "Even with {points:,} held-out points, the interval that forgets that "
    "both fits met the same points tells for only {:.0%} of the seeds, where "
    "the paired one tells for {paired:.0%}.",
    unpaired.below(many.low),
    wrong_if="the interval reached that of the paired one",
    paired=many,
    points=MANY,
    threshold_from="theory",
)

# %%
# Which interval for the error itself?
# ------------------------------------
#
# An interval around the network's own error should cover the noise variance
# plus the excess risk. Squared errors are skewed, and Student's t is made for
# what is not; the chi-squared interval is made for squares of Gaussian
# residuals. We cut the 2,000 points of each network into a hundred sets of
# twenty, and count how often an interval of 95% keeps its promise.

covers = {
    name: statistics.bootstrap_interval(
        table[f"{name}_covers"], np.mean, seed=0, confidence=0.99
    )
    for name in ("t", "chi2")
}

figure, ax = plt.subplots(figsize=figures.LADDER)
rows = {"Student's t": ("t", "series_a"), "chi-squared": ("chi2", "network")}
for row, (name, role) in enumerate(rows.values()):
    color = figures.LIGHT[role]
    ends = 100 * np.array(covers[name].ends)
    ax.plot(ends, [row, row], color=color, linewidth=3)
    ax.plot(100 * covers[name].value, row, "D", markersize=8, color=color)
ax.axvline(95, color=figures.LIGHT["ink"], linewidth=1)
ax.annotate("promised", (95, -0.45), xytext=(94.8, -0.4), ha="right")
ax.set_yticks(range(len(rows)), rows)
ax.set(xlim=(87, 97), ylim=(1.6, -0.9), xlabel="how often it covers, in %")
ax.grid(axis="y", visible=False)
ax.set_title("A promise, and who keeps it", x=0)
figures.show(
    figure,
    caption="Intervals of 95% around a mean squared error from twenty points, "
    f"over {N_SEEDS} networks; bars are 99% intervals.",
    alt="Two marks with short bars on an axis of coverage, and a vertical "
    f"line at 95%. Student's t stands at {covers['t'].value:.1%}, well left "
    f"of the line. Chi-squared stands at {covers['chi2'].value:.1%}, at it.",
)

measured(
    "t-promises-too-much",
    "Around a mean squared error from twenty points, the 95% interval of "
    "Student's t covers the truth in {:.1%} of cases, the chi-squared "
    "interval in {chi_squared_one:.1%}.",
    covers["t"].below(0.93),
    chi_squared_one=covers["chi2"].inside(0.93, 0.97),
    wrong_if="the interval of Student's t came within two points of the "
    "promised 95%, or that of the chi-squared one did not stay there",
    threshold_from="after seeing",
)

# %%
# Twenty points stop better than never
# ------------------------------------
#
# Choosing should be easier than measuring. We train the recipe of
# :doc:`the map </auto_examples/2_is_it_true/plot_3_is_it_the_recipe>` that
# overfits soonest, standardized inputs with all points in every step, look at
# the held-out points every 100 steps, and keep the weights with the least
# error on them. That is early stopping.

MOMENTS = tuple(range(100, 1601, 100))
stops = run_sweep(
    stop_held_out,
    {
        "recipe": [STORY.replace(batch_size=None, standardize_x=True)],
        "moments": [MOMENTS],
        "n_train": [N_TRAIN],
        "few": [FEW],
        "many": [MANY],
    },
    seed=STOP_SEED,
    n_seeds=N_STOPS,
    seeds_per_block=N_STOPS,
)
fingerprints.state("stops", stops.drop(columns=["recipe", "moments"]))
kept = statistics.ratio_interval(
    stops.by_few, stops.end, seed=0, confidence=0.99
)

figure, ax = plt.subplots(figsize=(5.6, 3.6))
every = ladder.rungs(N_TRAIN)
rungs = {"least squares": every["least squares"]}
rungs["dots"] = every["join the dots"]
rows = {
    "never": (stops.end, "network"),
    "always at 100": (stops.start, "line"),
    "20 points": (stops.by_few, "series_a"),
    "2,000 points": (stops.by_many, "series_b"),
    "the truth": (stops.by_truth, "series_c"),
}
figures.plot_studies(ax, rows, rungs)
ax.set_title("Who says when to stop")
figures.show(
    figure,
    caption="Stopped where the row's judge sees the least error, or without a "
    "judge. Each dot is one seed, each diamond a median with its 99% "
    "interval.",
    alt="Five rows of dots on a logarithmic axis of excess risk. Medians: "
    + ", ".join(
        f"{name}: {np.median(risks):.2f}" for name, (risks, _) in rows.items()
    )
    + ".",
)

measured(
    "twenty-points-stop-better-than-never",
    "Stopped where twenty held-out points see the least error, the median "
    "network has {:.0%} of the excess risk that it has after {steps:,} steps, "
    "and follows {few:.0%} of the noise instead of {end:.0%}. Stopped by the "
    "truth, it would follow {best:.0%}.",
    kept.below(1),
    steps=MOMENTS[-1],
    few=stops.followed_by_few.mean(),
    end=stops.followed_end.mean(),
    best=stops.followed_by_truth.mean(),
    threshold_from="theory",
)

# %%
# Better than never is a low bar. Who always stops at the first look asks no
# held-out point, and stops where the truth would stop most:

first = statistics.ratio_interval(stops.by_few, stops.start, seed=0)
print(f"twenty points over always at {MOMENTS[0]}: {first:.1f}, at 95%")

# %%
# Noise of one's own counts parameters
# ------------------------------------
#
# How many parameters a network effectively uses we have counted by the noise
# in its points, which nobody knows. But noise that one adds oneself is known.
# We add as much as there is, train on the points plus that noise and on the
# points minus it, from the same first weights, and see what share of it the
# network follows. Times the number of points, that is the same count without
# the truth :cite:`ye1998`.
#
# We expect both ways to agree. Before this ran we fixed what that is to mean:
# a difference of less than two, the count of a line. One network's count is
# uncertain, whichever way it is done, and the luck of the last steps adds to
# that. So we count for weights that are averaged over the second half of the
# steps, and take many networks: 120 here, and as many of those of :doc:`Was it
# luck? </auto_examples/2_is_it_true/plot_1_was_it_luck>`
#
# Any fit agrees with some noise by chance, and the least-squares line does so
# along with the network. The line uses exactly two parameters. So we count how
# much more than the line a network follows of the same noise, and add two:
# that leaves much of the chance out. (The margin was fixed before; this came
# after a look.)

SIZE, MARGIN, CALM = 2.0, 2.0, STORY.replace(average_last=100)
shaken = run_sweep(
    shake_points,
    {"n_train": [N_TRAIN], "size": [SIZE], "recipe": [CALM]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=40,
)
fingerprints.state("shaken", shaken.drop(columns="recipe"))
others = run_sweep(
    judge_recipe,
    {"redraw": [0]},
    seed=OTHER_SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=40,
)
beyond = others.averaged_followed - others.line_followed
in_them = 2 + N_TRAIN * beyond.to_numpy()
added = 2 + N_TRAIN * (shaken.followed - shaken.line_followed).to_numpy()
used = {
    name: statistics.bootstrap_interval(
        values, np.mean, seed=0, confidence=0.99
    )
    for name, values in (
        ("the noise in them", in_them),
        ("noise added", added),
        ("difference", added - in_them),
    )
}

figure, ax = plt.subplots(figsize=figures.LADDER)
rows = {"the noise in them": "network", "noise added": "series_a"}
for row, (name, role) in enumerate(rows.items()):
    color = figures.LIGHT[role]
    ax.plot(used[name].ends, [row, row], color=color, linewidth=3)
    ax.plot(used[name].value, row, "D", markersize=8, color=color)
ax.axvline(2, color=figures.LIGHT["line"], linewidth=2)
ax.annotate("a line", (2.1, -0.45))
ax.set_yticks(range(len(rows)), rows)
ax.set(xlim=(0, 8), ylim=(1.6, -0.9), xlabel="effective parameters")
ax.grid(axis="y", visible=False)
ax.set_title("Counted with the truth, and without", x=0)
figures.show(
    figure,
    caption=f"Means over {N_SEEDS} networks with averaged weights, and 99% "
    "intervals. The upper row needs to know which part of each point is "
    "noise.",
    alt="Two marks with short bars on an axis of effective parameters, right "
    "of a line at two: by the noise in the points "
    f"{used['the noise in them'].value:.1f}, by added noise "
    f"{used['noise added'].value:.1f}.",
)

measured(
    "shaking-counts-parameters",
    "By the noise that is added to its points, for which no truth is needed, "
    "the network with averaged weights effectively uses {shaken:.1f} "
    "parameters on average; by the noise that is in them, {known:.1f}. The "
    "difference is {:+.1f}.",
    used["difference"].inside(-MARGIN, MARGIN),
    wrong_if="the interval of the difference reached two, up or down",
    shaken=used["noise added"].value,
    known=used["the noise in them"].value,
    threshold_from="fixed beforehand",
)

# %%
# Lessons
# -------
#
# Could I have known that a line would have been better? Not from twenty
# points. The noise of the readings hides the gap; two thousand points,
# compared pair by pair, mostly bring it out.
#
# A held-out set that is too small to measure with sees that training went on
# too long. When it should have stopped, it does not see well: among many
# looks, one is low by luck.
#
# What this does not show: what to do with 120 readings. Keeping twenty of them
# back costs a sixth of the points.
#
# .. exercise:: Without any interval
#
#    Predict first: for what share of the seeds is the *sign* of the measured
#    gap right, with twenty points? Print
#    ``np.mean((table.gap_few > 0) == (truth > 0))``, and the same for the
#    many.
#
#    .. answer::
#
#       For some seven of ten seeds with twenty points, for nearly all with two
#       thousand. That is no way to choose, either: who always says "the line"
#       is right more often, as the line printed above the table tells.
