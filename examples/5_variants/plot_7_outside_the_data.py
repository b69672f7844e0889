# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Outside the data?
=================

The points end at 0 and at 20. What does a network say at 40, and at -20? To
learn what it does not know, one trains several on the same points and sees
whether they differ. We expected that left of all points they go on level, and
so are wrong together; that on the right they differ by about as much as they
are off. On the right they are no worse than that, and on the left much worse.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import (
    data,
    draws,
    figures,
    fingerprints,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured, number
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.outside import judge_outside, line_and_band
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY

plt.style.use(figures.STYLE)
DATA_SEED, TRAINING_SEED, SEED = 0, 1, 70
LINE_SEED, WORLD_SEED = 71, 72
N_SEEDS, N_MEMBERS, N_WORLDS, N_LINES = 44, 8, 20, 10_000
PLACES = (-20, 10, 40)

# %%
# .. guess:: Eight networks are trained on the same points, from other first
#    weights. Where is their error many times their spread?
#
#    .. answer:: left of the points
#
#       Yes. Look at the figure.
#
#    .. answer:: right of the points
#
#       There they differ, and the truth is mostly between them.
#
#    .. answer:: among the points
#
#       They are not wrong there by much, and differ by more.
#
# Eight networks on the same points
# ---------------------------------
#
# An *ensemble* is the same recipe several times on the same points, from other
# first weights and in other batches. Its spread is often taken for what it
# does not know :cite:`lakshminarayanan2017`. A line has a formula for that,
# its 95% band.

one = data.sample_noisy(seed=DATA_SEED)
eight = fit_ensemble(one.x, one.y, seed=TRAINING_SEED, n_members=N_MEMBERS)
grid = np.linspace(-25, 45, 701)
height, half = line_and_band(one.x, one.y, grid)

figure, ax = plt.subplots(figsize=(5.6, 5.0))
figures.plot_data(ax, one)
thin = {"color": figures.LIGHT["network"], "linewidth": 1}
curves = ax.plot(grid, eight.predict(grid).T, **thin)
curves[0].set_label("eight networks")
figures.plot_curve(ax, grid, height, role="line", label="line, 95% band")
edge = {"color": figures.LIGHT["line"], "linewidth": 0.8}
ax.plot(grid, height - half, grid, height + half, **edge)
figures.plot_curve(ax, grid, one.truth(grid), role="truth")
ax.set(xlabel="x", ylabel="y", title="On the left they all miss on one side")
ax.legend()
figures.show(
    figure,
    caption="Eight networks that were trained on the same points, and the "
    "least-squares line between the two thin lines of its band.",
    alt="Points between 0 and 20. Right of them eight thin curves fan out as "
    "straight lines around the dashed truth. Left of them, where the truth "
    "falls on, all eight turn and rise together, far from the truth. The line "
    "and its band stay with the truth on both sides.",
    headline=True,
)

# %%
# Straight, sooner or later
# -------------------------
#
# A ReLU network is straight beyond its outermost knot, and ``splines``
# knows where that is. Some of its knots are very far out, where two of its
# units hardly differ. So we also ask from where on its slope stays within
# 0.007 of its last one, a hundredth of the truth's slope.

table = run_sweep(
    judge_outside,
    {"places": [PLACES], "n_members": [N_MEMBERS]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=22,
)
said = [name for name in table if name.startswith(("mean", "spread"))]
fingerprints.state("outside", table[said])


def middle(values):
    """Return the median over seeds with its 99% interval."""
    return statistics.quantile_interval(values, confidence=0.99)


figure, ax = plt.subplots(figsize=(5.6, 3.0))
rows = {
    "slope within 1%\nfrom here": "straight",
    "exactly straight\nfrom here": "outermost",
}
shifts = 0.3 * (2 * (np.arange(N_SEEDS) * 0.618034 % 1) - 1)
for row, name in enumerate(rows.values()):
    for side in ("left", "right"):
        seen = table[f"{name}_{side}"]
        dots = {"markersize": 2.5, "color": figures.LIGHT["network"]}
        ax.plot(seen, row + shifts, "o", **dots)
        ax.plot(seen.median(), row, "D", color=figures.LIGHT["ink"])
ax.axvspan(0, 20, color=figures.LIGHT["grid"], zorder=0)
ax.set_xscale("symlog", linthresh=20)
ax.set_xticks([-1000, 0, 20, 1000], ["-1,000", "0", "20", "1,000"])
ax.minorticks_off()
ax.set_yticks(range(2), rows)
ax.set(
    ylim=(1.6, -0.6),
    xlabel="x",
    title="The last bend, and the last that counts",
)
ax.grid(axis="y", visible=False)
figures.show(
    figure,
    caption="Each dot is a network, each diamond a median; the band holds the "
    "points. Beyond the upper row the slope stays within 1% of the truth's, "
    "beyond the lower one it does not change.",
    alt="Two rows of dots on an axis from minus to plus thousands. In the "
    "upper row, those of the right side are among the points and those of the "
    "left are a little left of zero. In the lower row both are hundreds away.",
)

beyond = (table.outermost_right > 20) & (table.outermost_left < 0)
measured(
    "straight-before-the-end",
    "To the last digit, {beyond:.0%} of the networks bend outside the points, "
    "on both sides, the median network up to x = {right:.0f} and {left:.0f}. "
    "But right of {:.1f}, which is still among the points, its slope changes "
    "by no more than 1% of the truth's.",
    middle(table.straight_right).below(10),
    beyond=statistics.share_interval(beyond, confidence=0.99).above(0.5),
    right=table.outermost_right.median(),
    left=table.outermost_left.median(),
    wrong_if="the place might be at 10 or right of it, or half of the "
    "networks or fewer have knots outside on both sides",
    threshold_from="after seeing",
)

# %%
# A line knows how wrong it may be
# --------------------------------
#
# With the scatter of the points around it, :math:`s`, the band is
#
# .. math:: \pm \, t_{n-2} \; s \;
#           \sqrt{\frac1n + \frac{(x - \bar x)^2}{\sum_i (x_i - \bar x)^2}}
#
# and that is exact, however far out, if the truth is a line and the noise is
# Gaussian. As a check, here are ten thousand lines, each with points of its
# own. And how far off, beside the line, is one network?

many = data.sample_noisy_many(N_LINES, seed=LINE_SEED)
heights, widths = line_and_band(many.x, many.y, PLACES)
covered = np.abs(heights - many.truth(np.array(PLACES))) < widths
covers = statistics.share_interval(covered[:, -1], confidence=0.99)
mean_ratio = {"statistic": np.mean, "seed": 0, "confidence": 0.99}
squares, part = {}, {}
for x in PLACES:
    own = table[f"spread_{x}"] ** 2 * (N_MEMBERS - 1) / N_MEMBERS
    squares[x] = table[f"mean_{x}"] ** 2 + own
    line = table[f"line_{x}"] ** 2
    part[x] = statistics.ratio_interval(line, squares[x], **mean_ratio)
tables.show(
    {
        "x": PLACES,
        "network off by": [np.sqrt(squares[x].mean()) for x in PLACES],
        "line off by": [
            np.sqrt(np.mean(table[f"line_{x}"] ** 2)) for x in PLACES
        ],
        "half of its band": [table[f"band_{x}"].mean() for x in PLACES],
        "band covers": covered.mean(axis=0),
    },
    network_off_by=".2f",
    line_off_by=".2f",
    half_of_its_band=".2f",
    band_covers=".1%",
)

measured(
    "a-line-knows",
    "At x = 40, the 95% band of a line contains the truth for {:.1%} of "
    "{n:,} sets of points. There the line's mean squared error is "
    "{network:.0%} of a network's; at -20 it is {left:.1%}.",
    covers.inside(0.93, 0.97),
    network=part[40].below(1),
    left=part[-20].below(1),
    wrong_if="the share were not between 93% and 97%, or a network might be "
    "no further off than the line at 40 or -20",
    threshold_from="theory",
)

# %%
# Eight networks do not know
# --------------------------
#
# If the truth were one more network, drawn like the eight, it would lie within
# their range in seven cases of nine, whatever networks are like: as often as
# the ninth of nine numbers is neither the least nor the greatest. And the mean
# square of its distance from their mean would be 9/8 of the square of their
# spread. So we know what an ensemble that knows would look like.

KNOWS = (N_MEMBERS - 1) / (N_MEMBERS + 1)
inside, knows = {}, {}
for x in PLACES:
    between = (table[f"lowest_{x}"] < 0) & (table[f"highest_{x}"] > 0)
    inside[x] = statistics.share_interval(between, confidence=0.99)
    pair = table[f"spread_{x}"] ** 2, table[f"mean_{x}"] ** 2
    pair = pair if x < 0 else pair[::-1]
    knows[x] = statistics.ratio_interval(*pair, **mean_ratio)

figure, ax = plt.subplots(figsize=(5.6, 5.0))
roles = {-20: "network", 40: "series_a", 10: "series_b"}
marks = {-20: "o", 40: "s", 10: "^"}
for x, role in roles.items():
    style = {"color": figures.LIGHT[role], "markersize": 4.5}
    off = table[f"mean_{x}"].abs()
    ax.plot(table[f"spread_{x}"], off, marks[x], label=f"x = {x}", **style)
ax.set(xscale="log", yscale="log", ylim=(0.005, 100), xlim=(0.2, 60))
ends = np.array([0.2, 60])
ax.plot(ends, ends, color=figures.LIGHT["ink"], linewidth=1)
ax.annotate("too sure", (0.25, 8))
ax.annotate("too modest", (9, 0.8))
ax.set(xlabel="spread of eight networks", ylabel="their mean is off by")
ax.legend(loc="lower right")
ax.set_title("Too wide at 10 and 40, far too narrow at -20")
figures.show(
    figure,
    caption="Each mark is eight networks on one set of points. The spread is "
    "their standard deviation. On the line, they are as far off as they "
    "differ.",
    alt="Three clouds of marks around a rising line. Those of x = 10 and x = "
    "40 are below it. Those of x = -20 are high above it, at errors of about "
    "twenty with spreads of about five.",
)

# %%
# What do the eight have in common? Three parts add up to the mean square of
# one network's error: what is the same on all points, what is the same on the
# same points, whose noise all eight have seen, and what each has for itself.
# Only the last one can be seen in their spread.

parts = {"same for all": [], "from the points": [], "its own": []}
for x in PLACES:
    mean, own = table[f"mean_{x}"], (table[f"spread_{x}"] ** 2).mean()
    same = mean.mean() ** 2 - mean.var() / N_SEEDS
    points = mean.var() - own / N_MEMBERS
    for name, square in zip(parts, (same, points, own), strict=True):
        parts[name].append(np.sqrt(max(square, 0)))
line = [np.sqrt(np.mean(table[f"line_{x}"] ** 2)) for x in PLACES]
with_line = [table[f"mean_{x}"].corr(table[f"line_{x}"]) for x in PLACES]
two = [table[f"mean_{x}"].abs() < 2 * table[f"spread_{x}"] for x in PLACES]
tables.show(
    {"x": PLACES, **parts, "a line": line, "goes with the line's": with_line},
    **{f"{name.replace(' ', '_')}": ".2f" for name in parts},
    a_line=".2f",
    **{"goes_with_the_line's": ".2f"},
)
tables.show(
    {
        "x": PLACES,
        "truth within the range": [inside[x].value for x in PLACES],
        "within 2 standard deviations": [np.mean(within) for within in two],
    },
    truth_within_the_range=".0%",
    within_2_standard_deviations=".0%",
)

measured(
    "agree-and-are-wrong",
    "At x = -20, left of all points, eight networks are wrong together: their "
    "mean is off by {off:.0f}, in the median, {times:.0f} times their spread. "
    "For {:.0%} of {n} sets of points the truth is within their range. Were "
    "the truth one more network, it would be {one_more:.0%}. At 40 it is "
    "{at_40:.0%}.",
    inside[-20].below(0.4),
    off=middle(table["mean_-20"].abs()).above(10),
    times=middle(table["mean_-20"].abs() / table["spread_-20"]).above(2),
    at_40=inside[40].above(0.5),
    one_more=KNOWS,
    headline=True,
    wrong_if="the range might contain the truth for 40% or more at -20, for "
    "half or less at 40, or the mean be off by 10 or less at -20, or by no "
    "more than twice the spread",
    threshold_from="after seeing",
)
measured(
    "spread-is-not-error",
    "Squared and averaged, the spread of eight networks at -20 is {:.2f} "
    "times the error of their mean: they are too sure. At 10 it is the error "
    "that is small, {at_10:.2f} times the spread; at 40 it is {at_40:.2f} "
    "times, and not half as much again. If they knew, the two would be about "
    "alike.",
    knows[-20].below(8 / 9),
    at_10=knows[10].below(9 / 8),
    at_40=knows[40].below(3 / 2),
    wrong_if="the spread might be 8/9 of the error or more at -20, or the "
    "error 9/8 of the spread or more at 10, or 3/2 at 40",
    threshold_from="after seeing",
)

# %%
# Two zeros are in the way
# ------------------------
#
# Why the left? Two things are zero there: the input, at 0, where all knots are
# born, and the line, at -4.3, to which they travel
# (:doc:`/auto_examples/3_function_space/plot_2_where_does_it_bend`). We move
# the one, the other, or both: the network sees *x* + 40 instead of *x*, or all
# points are 30 higher. Places, noise, first weights and batches stay. (Larger
# inputs and targets also make larger steps. That is crossed, too.) And one
# more network has a single hidden layer.

WORLDS = {
    "as in the story": (0, 3, STORY),
    "sees x + 40": (-40, 3, STORY),
    "points 30 higher": (0, 33, STORY),
    "both": (-40, 33, STORY),
    "one hidden layer": (0, 3, STORY.replace(hidden_widths=(100,))),
}
grid, off, trained = np.linspace(-30, 50, 161), {}, {}
for name, (zero, intercept, recipe) in WORLDS.items():
    truth = data.Line(intercept=intercept, slope=0.7)
    points = data.sample_noisy_many(N_WORLDS, truth, seed=WORLD_SEED)
    seen = points.x - zero
    fits = fit_ensemble(seen, points.y, recipe, seed=TRAINING_SEED)
    off[name] = fits.predict(grid - zero) - truth(grid)
    trained[name] = fits

figure, ax = plt.subplots(figsize=(5.6, 5.0))
styles = ["network", "series_a", "series_b", "line", "series_c"]
for (name, curves), role in zip(off.items(), styles, strict=True):
    median = np.median(curves, axis=0)
    figures.plot_curve(ax, grid, median, role=role, label=name)
ax.axhline(0, **figures.mark("truth"))
ax.axvspan(0, 20, color=figures.LIGHT["grid"], zorder=0)
ax.set(xlabel="x", ylabel="curve - truth", ylim=(-8, 45))
ax.set_title("Only with both zeros out of the way")
ax.legend()
figures.show(
    figure,
    caption="At each x, the median of 20 networks minus the truth. The band "
    "holds the points.",
    alt="Five curves, all near zero among the points and to their right. Left "
    "of them, that with the points 30 higher rises steeply, that of the story "
    "less, those that see x + 40 or have one hidden layer less still. That "
    "with both changes stays at zero.",
)

# %%
# A unit of the first layer whose weight is negative is on left of zero only.
# No point is there, so no step has ever moved it. With one hidden layer, that
# leaves the curve about as level there as it was born. The layers behind have
# learned that more activity is more height, and for them the units of the left
# are as active as those of the right. And where the input is zero far away,
# the curve still ends at its own zero: left of -4.3 it stays level.

born = draws.first_weights(
    [
        np.random.SeedSequence(TRAINING_SEED, spawn_key=(k,))
        for k in range(N_WORLDS)
    ],
    STORY.hidden_widths,
)
looks_left = born[0][:, 0] < 0
now = trained["as in the story"].weights
moved = (now[0][:, 0] != born[0][:, 0]) | (now[1] != born[1])
left = np.flatnonzero(grid == -20)[0]
at_left = {
    name: middle(np.abs(curves[:, left])) for name, curves in off.items()
}
measured(
    "two-zeros-in-the-way",
    "At x = -20 the networks of the story are off by {story:.0f}, in the "
    "median; by {seen:.0f} if they see x + 40, by {lifted:.0f} if all points "
    "are 30 higher, and with both by {:.1f}. Of the {units:,} units of first "
    "layers that look left, {untold} have moved in training.",
    at_left["both"].below(4),
    story=at_left["as in the story"].above(5),
    seen=at_left["sees x + 40"].above(5),
    lifted=at_left["points 30 higher"].above(5),
    untold=number(np.count_nonzero(moved[looks_left])).equal_to(0),
    units=np.count_nonzero(looks_left),
    wrong_if="with both the distance might be 4 or more, with one of them or "
    "neither 5 or less, or a single such unit had moved",
    threshold_from="after seeing",
)

# %%
# Lessons
# -------
#
# Left of the points the networks are wrong together, because all of them were
# born with their bends at zero, were taught nothing there, and carry over the
# same lesson from the right. They differ there by more than anywhere else, and
# by far too little. What differs is where they start and which batches they
# see; the two we have not told apart. Among the points that luck is most of
# their error, so the spread says too much. The noise in the points, which all
# eight have seen, it cannot say at all.
#
# Far outside, a line is no better for being a line. It is better because the
# truth is one, and on this site we know that.
#
# What this does not show: other recipes, where the spread may be another. Nor
# other ways to make an ensemble, such as a new draw of the points for each
# member, which would let the noise be seen.
