# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
More noise, fewer points?
=========================

Loud noise and few points: that is where one fears 40,701 parameters most. We
expected the reverse. What keeps the story's network from the truth is mostly
the unrest of its last steps. That should not grow as fast with the noise as a
straight line's error does, and more points should not calm it. So the network
should lose to the line by most where points are many and quiet. With small
batches it does. With all points in every step we were wrong, and the fear is
right.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from scipy.stats import gmean

from overfit_tutorial import (
    figures,
    fingerprints,
    ladder,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
SEED, N_SEEDS, N_FEW = 50, 64, 20
N_POINTS, FEW = 32, 8
POINTS, NOISES = [10, 32, 128, 3200], [0.5, 2, 8]
QUIET, LOUD = NOISES[0], NOISES[-1]
SURE = {"seed": 0, "confidence": 0.99}

# %%
# .. guess:: Much louder noise, same points. Compared with the line, the
#    network gets ...
#
#    .. answer:: worse
#
#       If every step sees all points, yes.
#
#    .. answer:: better
#
#       If a step sees a few of the points, yes.
#
#    .. answer:: neither: both suffer alike
#
#       Noise is not just a unit. See the figure at the top.
#
# The same points, louder
# -----------------------
#
# Places, first weights and luck stay; only the scale of the noise changes,
# from a quarter of the story's standard deviation to four times as much. One
# more thing must change with the number of points: a batch of 32 needs 32 of
# them. So we begin there and have it both ways, all 32 points in every step,
# or eight. All networks train for 800 steps.


def train(cells, n_seeds=N_FEW):
    """Return the table of some networks, each with some changes."""
    grid = []
    for cell in cells:
        most = {"batch_size": min(32, cell["n_samples"])}
        grid.append({name: [value] for name, value in (most | cell).items()})
    many = {"seed": SEED, "n_seeds": n_seeds, "seeds_per_block": 4}
    table = run_sweep(judge_recipe, grid, **many)
    return table.assign(ratio=table.risk / table.line_risk)


steps = {"n_samples": N_POINTS, "steps": 800}
kinds = [steps | {"batch_size": size} for size in (N_POINTS, FEW)]
louder = train(
    [kind | {"noise_std": std} for kind in kinds for std in (QUIET, LOUD)],
    N_SEEDS,
)
fingerprints.state("louder", louder)

# %%
# How many times the line's excess risk is the network's, and how does that
# change, seed by seed, from quiet to loud?


def typical(values):
    """Return the geometric mean over seeds with its 99% interval."""
    return statistics.bootstrap_interval(values, gmean, **SURE)


def mean(values):
    """Return the mean over seeds with its 99% interval."""
    return statistics.bootstrap_interval(values, np.mean, **SURE)


groups = louder.groupby(["batch_size", "noise_std"])
ratios = {cell: group.ratio.to_numpy() for cell, group in groups}
of_whole = typical(ratios[N_POINTS, QUIET] / ratios[N_POINTS, LOUD])
of_few = typical(ratios[FEW, LOUD] / ratios[FEW, QUIET])

figure, ax = plt.subplots(figsize=(5.6, 4.9))
kinds = {N_POINTS: (f"all {N_POINTS} in every step", "series_a", "s")}
kinds[FEW] = (f"{FEW} in every step", "network", "D")
for size, (label, role, marker) in kinds.items():
    found = [
        statistics.quantile_interval(ratios[size, std], confidence=0.99)
        for std in (QUIET, LOUD)
    ]
    places = np.array([QUIET, LOUD]) * (1.03 if size == N_POINTS else 0.97)
    style = {"color": figures.LIGHT[role], "linewidth": 2}
    heights = [ratio.value for ratio in found]
    ax.plot(places, heights, f"{marker}-", markersize=8, label=label, **style)
    ax.vlines(places, *zip(*(r.ends for r in found), strict=True), **style)
ax.axhline(1, color=figures.LIGHT["line"], linewidth=2, zorder=1)
ax.annotate("as near as the line", (8, 0.9), ha="right", va="top")
ax.set(xscale="log", yscale="log", ylim=(0.5, 70))
ax.set_xticks([QUIET, LOUD], [QUIET, LOUD])
ax.minorticks_off()
ax.set(xlabel="standard deviation of the noise")
ax.set_ylabel("excess risk, in units of the line's")
ax.set_title("Louder is worse, or better")
ax.legend(loc="upper center")
figures.show(
    figure,
    caption="The same points with quiet and with loud noise. Medians of "
    f"{N_SEEDS} networks with their 99% intervals.",
    alt="Two lines that cross, from quiet to loud noise. With all points in "
    "every step, the network's excess risk in units of the line's rises from "
    f"{np.median(ratios[N_POINTS, QUIET]):.1f} to "
    f"{np.median(ratios[N_POINTS, LOUD]):.1f}. With few points in every step "
    f"it falls from {np.median(ratios[FEW, QUIET]):.1f} to "
    f"{np.median(ratios[FEW, LOUD]):.1f}.",
    headline=True,
)

measured(
    "louder-is-worse-or-better",
    "With all {points} points in every step, noise of 8 instead of 0.5 takes "
    "the network from {quiet:.1f} to {loud:.1f} times the line's excess risk. "
    "With {few} points in every step, the same noise takes it from "
    "{few_quiet:.1f} down to {few_loud:.1f} times. (The smaller over the "
    "larger, seed by seed, in the geometric mean: {:.2f} and "
    "{small_batches:.2f}.)",
    of_whole.below(1),
    small_batches=of_few.below(1),
    wrong_if="one of the two intervals reached 1, where noise hurts network "
    "and line alike",
    headline=True,
    threshold_from="theory",
    points=N_POINTS,
    few=FEW,
    quiet=np.median(ratios[N_POINTS, QUIET]),
    loud=np.median(ratios[N_POINTS, LOUD]),
    few_quiet=np.median(ratios[FEW, QUIET]),
    few_loud=np.median(ratios[FEW, LOUD]),
)

# %%
# The two have different troubles. With all points in every step, nothing
# shakes the network. On quiet points it ends close to the line; loud ones it
# chases. The table has the noise followed, times the number of points: how
# many parameters a fit effectively uses. A line uses two. Eight in every step
# are also a quarter of the passes through the points. By the pass, the chase
# may differ less; we compare by the step.


used = groups.followed.apply(lambda share: mean(N_POINTS * share))
tables.show(
    {
        "noise": [QUIET, LOUD],
        **{
            f"{size} in every step": list(used[size])
            for size in (N_POINTS, FEW)
        },
    },
    noise="g",
    **{f"{size}_in_every_step": ".1f" for size in (N_POINTS, FEW)},
)

# %%
# With eight in every step, batches disagree, and that shakes the last steps.
# Adam, the optimizer, divides gradients by their usual size: if all are twice
# as large, its steps are as they were. So the unrest grows with the noise
# rather than with its square, and the louder it is, the less the unrest
# counts. Without any noise, no batch disagrees:


silent = train([{"n_samples": 128, "noise_std": 0.0, "steps": 800}], 8)
print(f"without noise, 128 points: excess risk {silent.risk.median():.0e}")

# %%
# That is next to nothing, but the line's is nothing at all.
#
# In 800 steps, more points help the line, hardly the network
# -----------------------------------------------------------
#
# Nor should the unrest care how many points there are. We train 800 steps with
# the story's batches of 32, or all points where there are fewer. We take 128
# points for the story's 100, and 3,200: then every batch is full, and 800
# steps are whole epochs, 800 of them with 10 or 32 points, 200 with 128, and 8
# with 3,200.


combinations = [
    {"n_samples": n, "noise_std": std, "steps": 800}
    for n in POINTS
    for std in NOISES
]
table = train(combinations)
fingerprints.state("points", table)

figure, ax = plt.subplots(figsize=(5.6, 5.4))
cells = table.groupby(["n_samples", "noise_std"])
risk, line_risk = cells.risk.median(), cells.line_risk.median()
for std in NOISES:
    ax.plot(POINTS, risk[:, std], "D-", color=figures.LIGHT["network"])
    style = {"color": figures.LIGHT["line"], "markersize": 5}
    ax.plot(POINTS, line_risk[:, std], "o-", **style)
    right = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(f"noise {std:g}", (3200, line_risk[3200, std]), **right)
ax.set(xscale="log", yscale="log", xlim=(8, 14_000), xlabel="points")
ax.set_xticks(POINTS, [f"{n:,}" for n in POINTS])
ax.minorticks_off()
ax.set_ylabel("excess risk (log scale)")
ax.set_title("From 128 points on, more help the line")
ax.plot([], [], "D-", color=figures.LIGHT["network"], label="network")
ax.plot([], [], "o-", color=figures.LIGHT["line"], label="line")
ax.legend(loc="lower left")
figures.show(
    figure,
    caption=f"Medians over {N_FEW} seeds, the loudest noise on top of both "
    "kinds. The gap between two curves of the same noise is how many times "
    "the line's excess risk the network's is.",
    alt="Three straight lines fall to the right, one for each noise, sixteen "
    "times apart. The network's curve of the same noise is above each. It "
    "falls at first, and is about level from 128 points on.",
)

# %%
# By what factor does a seed's excess risk fall for ten times the points, from
# 128 on, and grow with four times the noise?

many = table[table.n_samples >= 128]
logs = np.log(many.set_index(["n_samples", "noise_std", "seed"]).risk)
of_points = logs.groupby(["n_samples", "seed"]).mean()
of_noise = logs.groupby(["noise_std", "seed"]).mean()
tenfold = np.exp((of_points[128] - of_points[3200]) / np.log10(25))
fourfold = np.exp((of_noise[8] - of_noise[0.5]) / 2)
for std in NOISES:
    fall = (logs[128, std] - logs[3200, std]) / np.log10(25)
    divisor = typical(np.exp(fall))
    print(f"noise {std}: ten times the points divide by {divisor:.1f}")
wins = mean((table.ratio < 1).groupby(table.seed).mean())

measured(
    "more-points-do-not-help",
    "From 128 points on, ten times the points divide the line's excess risk "
    "by 10, and that of the network after 800 steps by {:.1f}, on average "
    "over three noises. Four times the noise multiplies the line's by 16, and "
    "the network's by {noise:.1f}. Over all {combinations} combinations the "
    "network is nearer to the truth than the line in {wins:.0%} of the runs.",
    typical(tenfold).below(10),
    noise=typical(fourfold).below(16),
    wins=wins.below(0.5),
    wrong_if="the first interval reached the 10 of the line, or that of the "
    "noise its 16, or that of the wins one half",
    threshold_from="theory",
    combinations=len(combinations),
)

# %%
# The unrest alone would multiply by 4, not by 16. What is more than 4 would be
# noise that is chased. And who wins?

tables.show(
    {
        "the network wins with": [f"{n:,} points" for n in POINTS],
        **{
            f"noise {std:g}": [
                statistics.share_interval(
                    cells.get_group((n, std)).ratio < 1, confidence=0.99
                )
                for n in POINTS
            ]
            for std in NOISES
        },
    },
    **{f"noise_{std:g}": ".0%" for std in NOISES},
)

# %%
# Ten points or 3,200: a handful of parameters
# --------------------------------------------
#
# On the plane of the two numbers, more points lead the line down and to the
# left, to the truth. The network they soon lead left only. Weights averaged
# over the second half of the steps lose most of the unrest, and follow the
# line for a long way.


row = table[table.noise_std == 2].groupby("n_samples")
paths = {
    "the network": ("risk", "followed", "network"),
    "averaged": ("averaged_risk", "averaged_followed", "series_b"),
    "the line": ("line_risk", "line_followed", "line"),
}

figure, ax = plt.subplots(figsize=(5.6, 5.6))
dots = (1, ladder.join_the_dots())
figures.plot_plane(ax, {"": dots})  # its name stands above: left are marks
above = {"xytext": (6, 9), "textcoords": "offset points", "ha": "right"}
ax.annotate("join the dots", dots, **above)
for name, (up, across, role) in paths.items():
    xs, ys = row[across].mean(), row[up].median()
    ax.plot(xs, ys, "D-", color=figures.LIGHT[role], label=name)
    side = (0, 9) if role == "network" else (20, -12)
    beside = {"xytext": side, "textcoords": "offset points", "ha": "center"}
    for n in (128, 3200) if role != "series_b" else ():
        ax.annotate(f"{n:,}", (xs[n], ys[n]), **beside)
ax.set(ylim=(6e-4, 8), title="Soon, more points lead left only")
ax.legend(loc="lower right")
figures.show(
    figure,
    caption="From 10 to 3,200 points, with the story's noise. Across: means; "
    f"upward: medians over {N_FEW} seeds.",
    alt="Three paths begin near the upper right, below joining the dots, and "
    "go left. The line's goes down to the lower left corner. The network's "
    "soon runs level. That of averaged weights stays with the line's until it "
    "turns level, too.",
)

# %%
# To the left, because a handful of parameters is a smaller share of more
# points.


used = (many.averaged_followed * many.n_samples).groupby(many.seed).mean()
ten = train([{"n_samples": 10, "noise_std": 2, "steps": 800}], N_SEEDS)
measured(
    "a-handful-of-parameters",
    "From 128 to 3,200 points, on average over the three noises, the network "
    "with averaged weights effectively uses {:.1f} of its 40,701 parameters. "
    "With ten points, all in every step, it uses {with_ten:.1f}, and so "
    "follows {followed:.0%} of the noise.",
    mean(used).below(8),
    with_ten=mean(10 * ten.averaged_followed).above(2),
    followed=ten.averaged_followed.mean(),
    wrong_if="the first interval reached 8, or the second the 2 of a line",
    threshold_from="after seeing",
)

# %%
# Fewer points need fewer steps
# -----------------------------
#
# In practice one fixes epochs, not steps. Two hundred are 200 steps with ten
# points. With 3,200 they would be 20,000, too dear for this page. Here we take
# the last weights again, which use more than averaged ones do.


brief = train([{"n_samples": 10, "epochs": 200}], N_SEEDS)

tables.show(
    {
        "ten points, steps": [200, 800],
        "times the line's": [t.ratio.median() for t in (brief, ten)],
        "effective parameters": [mean(10 * t.followed) for t in (brief, ten)],
    },
    **{"times_the_line's": ".1f"},
    effective_parameters=".1f",
)

measured(
    "fewer-points-need-fewer-steps",
    "With ten points, all in every step, 200 steps end {:.2f} times as far "
    "from the truth as 800, in excess risk.",
    typical(brief.risk / ten.risk).below(1),
    threshold_from="theory",
)

# %%
# Points and quiet let the network win on lower waves
# ---------------------------------------------------
#
# All this was on a straight truth. If the truth has a wave, the line must miss
# it: :doc:`/auto_examples/5_variants/plot_1_what_if_the_truth_curves`. There,
# it was a tie near a height of 2, that of the noise. Was it the noise that set
# it, or the hundred points?


HEIGHTS = [0, 2, 4]
waves = {
    "points": [{"n_samples": n, "noise_std": 2} for n in (10, 128)],
    "noise": [{"n_samples": 128, "noise_std": std} for std in NOISES],
}
beside = {}
for name, columns in waves.items():
    cells = [
        column | {"steps": 800} | ({"wave_height": height} if height else {})
        for column in columns
        for height in HEIGHTS
    ]
    ratio = train(cells).ratio.to_numpy()
    beside[name] = ratio.reshape(len(columns), len(HEIGHTS), N_FEW)

ratio = {"width_ratios": (2, 3)}
figure, axes = plt.subplots(1, 2, figsize=(5.6, 4.4), sharey=True, **ratio)
labels = {"points": [10, 128], "noise": NOISES}
for ax, (name, outcomes) in zip(axes, beside.items(), strict=True):
    shares = (outcomes < 1).mean(axis=2)
    ties = []
    for column, share in enumerate(shares):
        for level, value in enumerate(share):
            patch = {"facecolor": figures.LIGHT["network"]}
            patch["alpha"] = 0.7 * value
            ax.add_patch(Rectangle((column, level), 0.96, 0.96, **patch))
            place = (column + 0.48, level + 0.48)
            ax.annotate(f"{value:.0%}", place, ha="center", va="center")
        # The lowest place where half of the seeds are won, between two rows.
        ties.append(np.interp(0.5, share, range(len(HEIGHTS)), right=3))
    middle = np.arange(len(shares)) + 0.48
    ink = figures.LIGHT["ink"]
    heights = np.array(ties) + 0.48
    ax.hlines(heights, middle - 0.48, middle + 0.48, color=ink)
    ax.set(xlim=(0, len(shares)), ylim=(0, len(HEIGHTS)), xlabel=name)
    ax.set_xticks(middle, labels[name])
    ax.set_yticks(np.arange(len(HEIGHTS)) + 0.48, HEIGHTS)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
axes[0].set(
    ylabel="height of the wave", title="Above the bars, the network wins"
)
figures.show(
    figure,
    caption="For how many seeds the network is nearer to the truth than the "
    "line fitted to the same points. Left: noise of 2; right: 128 points. "
    "A bar is where it would be a tie; where there is none, it is higher.",
    alt="Two heat maps, of the height of a wave over points and over noise. "
    "The network wins at the top right of the first and at the top left of "
    "the second. The bar of the tie falls with more points, and rises with "
    "the noise.",
)

few, many = beside["points"][:, 1:]
quiet, *_, loud = beside["noise"][:, 1:]
of_points = np.log(many).mean(axis=0) - np.log(few).mean(axis=0)
of_noise = np.log(quiet).mean(axis=0) - np.log(loud).mean(axis=0)
measured(
    "points-and-quiet-lower-the-tie",
    "On waves of height 2 and 4, {few:.0%} of the networks win with ten "
    "points, and {many:.0%} with 128: beside the line's, their excess risk is "
    "{:.2f} times as large. With noise of 8, {loud:.0%} win, and with 0.5 "
    "{quiet:.0%}: {of_noise:.2f} times.",
    typical(np.exp(of_points)).below(1),
    of_noise=typical(np.exp(of_noise)).below(1),
    wrong_if="one of the two factors might be 1",
    threshold_from="theory",
    few=np.mean(few < 1),
    many=np.mean(many < 1),
    loud=np.mean(loud < 1),
    quiet=np.mean(quiet < 1),
)

# %%
# Lessons
# -------
#
# Noise hurts a network in two ways. It can be chased, and it can shake. Which
# of them, depends on how many of the points a step sees, and with that on the
# passes through them that so many steps make. More points are less chased, but
# they do not calm the shaking: smaller steps or averaged weights do.
#
# What beats a line is a wave that rises out of the noise. Both set the tie:
# louder noise raises it, and 128 points in place of ten lower it.
#
# What this does not show: why loud noise is chased more than quiet noise.
# Adam's steps should not depend on that. Our guess, not tested: it remembers
# the large gradients of its first steps, and beside them quiet noise is small.
#
# .. exercise:: A larger batch
#
#    Predict first: with 128 points, all in every step or 32 of them, is the
#    figure at the top the same? Set ``N_POINTS, FEW = 128, 32``; to save time,
#    20 will do for ``N_SEEDS``.
#
#    .. answer::
#
#       The same cross. With all points, 1.1 times the line's excess risk
#       becomes 11 times; with 32 in every step, 15 becomes 4. It is the share
#       of the points that a step sees, or the passes that go with it, not
#       their number.
#
# .. exercise:: A wave for ten points
#
#    Predict first: with ten points, how high a wave does it take to make the
#    network win for most seeds? Put ``"wave_height": 6.0`` and 8.0 into
#    ``train([{"n_samples": 10, "steps": 800}]).ratio < 1``, and take the mean.
#
#    .. answer::
#
#       A height of 6, three times the noise, is enough for most of the seeds.
#       At 8 it is nearly all. Ten points on a wave are few, but the line
#       cannot use them at all.
