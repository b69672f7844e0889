# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Is the smoothest curve safe?
============================

Many curves run through all points, so whoever follows all of the noise still
has a choice. A comforting thought says: training will choose a smooth one, and
smooth is harmless. We expected the smoothest curves to be alike, and about as
wrong as the joined dots. Smooth in which sense, and wrong by which measure?
(The story's network passes through no points at all. This page is about
curves that do.)
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import linprog

from overfit_tutorial import (
    data,
    figures,
    fingerprints,
    interpolants,
    ladder,
    statistics,
    tables,
)
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.studies.interpolation import judge_curve
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
STORY_SEED, SEED, LUCK_SEED = 0, 31, 2
N_SEEDS, N_FEW = 200, 40

# %%
# .. guess:: The story's points, and the smoothest curve through all of them
#
#    Joining the dots costs two thirds of the noise variance. How far from the
#    truth is a curve that is chosen for its smoothness?
#
#    .. answer:: closer: it has fewer corners
#
#       It may have fewer corners and still be further away.
#
#    .. answer:: about as far
#
#       One of them is, and it is the jagged one.
#
#    .. answer:: it depends on what smooth means
#
#       Yes, and on what far means.
#
# Two curves bend equally little
# ------------------------------
#
# How much does a curve bend? For a network of one hidden layer there is a
# natural measure: the least sum of squared weights with which it can draw the
# curve. With as many units as it likes, and if neither biases nor a straight
# line cost anything, that is :math:`\int |f''|`, the sum of all changes of
# slope :cite:`savarese2019`. Joining the dots has the least of it: any curve
# through the points takes on the slope of each segment somewhere, in this
# order.
#
# But it is not alone. Where two neighbors bend to the same side, a curve may
# as well run straight on past the first, and bend once, where the outer two
# segments cross. If biases have a price as well, it even must: then a bend at
# :math:`x` costs :math:`\sqrt{1 + x^2}` times its change of slope, one curve
# is the cheapest, and it has few bends :cite:`boursier2023`. We call it the
# curve of *least norm*.


def norm(curve):
    """Return the price of all bends, biases included."""
    return np.abs(curve.turns) @ np.sqrt(1 + curve.knots**2)


story = data.sample_noisy(seed=STORY_SEED)
dots = interpolants.join_the_dots(story.x, story.y)
cheapest = interpolants.least_norm(story.x, story.y)
PLACES = np.linspace(0, 20, 20_001)

figure, axes = plt.subplots(2, 1, figsize=(5.6, 6.4))
spike = PLACES[np.argmax(cheapest(PLACES) - dots(PLACES))]
sorted_x = np.sort(story.x)
at = np.searchsorted(sorted_x, spike)
near = sorted_x[at - 3] - 0.02, sorted_x[at + 2] + 0.02
for ax, ends in zip(axes, ((0, 20), near), strict=True):
    shown = PLACES[(ends[0] <= PLACES) & (ends[1] >= PLACES)]
    for curve, role, label in (
        (dots, "muted", "joined dots"),
        (cheapest, "series_a", "least norm"),
    ):
        color = figures.LIGHT[role]
        ax.plot(shown, curve(shown), color=color, label=label, linewidth=1.5)
    inside = (story.x >= ends[0]) & (story.x <= ends[1])
    ax.plot(story.x[inside], story.y[inside], **figures.mark("data"))
    figures.plot_curve(ax, shown, story.truth(shown), role="truth")
    ax.set(xlim=ends, ylabel="y")
axes[0].set_title("Both bend as little as a curve can")
axes[0].legend(loc="upper left")
axes[1].set(xlabel="x", title="One bend instead of two")
figures.show(
    figure,
    caption="Below, the highest spike from near by: the curve of least norm "
    "runs on as it came from both sides, and bends where the two lines cross.",
    alt="Above, a jagged gray curve through a hundred points, and a purple "
    "one that follows it and leaves it in some narrow spikes. Below, the "
    "highest spike: from two points on each side the purple curve runs on "
    "straight until both lines meet, far from the gray segment between them.",
)

# %%
# Over many data sets, each of a hundred points:

points = data.sample_noisy_many(N_SEEDS, seed=SEED)
pairs = [
    (interpolants.join_the_dots(x, y), interpolants.least_norm(x, y))
    for x, y in zip(points.x, points.y, strict=True)
]
bends = np.array([[f.total_curvature() for f in pair] for pair in pairs])

exact(
    "two-curves-bend-as-little",
    "Two curves through the same hundred points bend as little as any: the "
    "joined dots, and the curve of least norm. Over {data_sets} data sets, "
    "their sums of all changes of slope agree to a billionth.",
    number(np.abs(bends[:, 1] / bends[:, 0] - 1).max()).below(1e-9),
    wrong_if="in one data set they differed by a billionth",
    data_sets=N_SEEDS,
    threshold_from="theory",
)

# %%
# The price hardly tells them apart
# ---------------------------------
#
# Is this the cheapest curve indeed? We found it by geometry
# (:func:`overfit_tutorial.interpolants.least_norm`). Another way needs no
# idea: let a curve bend at the places of a grid only, and the least price is a
# *linear program*. Each bend adds its share to the change of slope that the
# dots have at the points around it.

x, y = np.array(sorted(zip(story.x, story.y, strict=True))).T
turns = np.diff(np.diff(y) / np.diff(x))


def least_price(between):
    """Return the least norm with some places for bends between neighbors."""
    steps = np.arange(99 * (between + 1) + 1) / (between + 1)
    places = np.interp(steps, np.arange(100), x)
    shares = [np.interp(places, x[k : k + 3], [0, 1, 0]) for k in range(98)]
    return linprog(
        np.tile(np.sqrt(1 + places**2), 2),  # of bends up and bends down
        A_eq=np.hstack([shares, np.negative(shares)]),
        b_eq=turns,
    ).fun


grids = [0, 1, 4, 16, 64]
tables.show(
    {
        "places between neighbors": grids,
        "above our price, in millionths": [
            1e6 * (least_price(between) / norm(cheapest) - 1)
            for between in grids
        ],
    },
    **{"above_our_price,_in_millionths": ".3f"},
)

# %%
# With bends at the points only, the linear program joins the dots. The finer
# its grid, the closer it comes to our price, from above. But look at the unit!
# To join the dots costs hardly more. And what do the two curves leave?

dearer = [norm(first) / norm(second) - 1 for first, second in pairs]
risks = np.array(
    [[data.excess_risk(f, data.TRUE_LINE) for f in pair] for pair in pairs]
)
times_as_wrong = statistics.ratio_interval(
    risks[:, 1], risks[:, 0], seed=0, confidence=0.99
)

measured(
    "the-norm-hardly-tells",
    "To join the dots costs {:.4%} more norm than the cheapest curve, in the "
    "median. The cheapest one is {times_as_wrong:.1f} times as wrong.",
    statistics.quantile_interval(dearer, confidence=0.99).below(1e-4),
    times_as_wrong=times_as_wrong.above(1.5),
    wrong_if="the interval of the price reached a hundredth of a percent, or "
    "that of the excess risks went down to 1.5",
    threshold_from="after seeing",
)

# %%
# Two kernels draw two old curves
# -------------------------------
#
# There are other ideas of smoothness. The *natural spline* has the least
# :math:`\int f''^2`. And each kernel has its own: of all curves through the
# points, it takes the one of least norm in its own space. We take two of
# infinitely wide networks with random biases
# (:doc:`/auto_examples/3_function_space/plot_4_is_it_a_kernel`): the *tangent
# kernel*, where all layers are trained, and *random features*, where only the
# last one is.
#
# Beyond the outermost points each curve goes on as it likes, and one steep
# last piece can spoil a mean. So we judge between the points, and on the whole
# interval.

three = ["join the dots", "least norm", "natural spline"]
far = run_sweep(
    judge_curve,
    {"curve": three, "n_samples": [25, 100, 1600]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=100,
)
by_kernel = run_sweep(
    judge_curve,
    {"curve": ["tangent kernel", "random features"], "n_places": [501]},
    seed=SEED,
    n_seeds=N_FEW,
)

# %%
# For comparison, the story's networks after 800 steps:

networks = run_sweep(
    judge_recipe,
    {"redraw": [0]},
    seed=LUCK_SEED,
    n_seeds=N_FEW,
    seeds_per_block=N_FEW,
)
fingerprints.state("networks", networks)
few = pd.concat([far[(far.n_samples == 100) & (far.seed < N_FEW)], by_kernel])
middle = few.groupby("curve")[["followed", "square", "risk"]].median()
middle = middle.sort_values("square")

tables.show(
    {
        "curve": list(middle.index),
        "noise followed": middle.followed,
        "excess risk between the points": middle.square,
        "from 0 to 20": middle.risk,
    },
    noise_followed=".1%",
    excess_risk_between_the_points=".1f",
    from_0_to_20=".1f",
)

figure, ax = plt.subplots()
rungs = {
    name: (ladder.noise_followed()[name], ladder.rungs()[name])
    for name in ("least squares", "join the dots")
}
fits = {
    name: (1.0, middle.square[name], role)
    for name, role in (
        ("least norm", "series_a"),
        ("natural spline", "series_c"),
    )
}
seen = networks.followed.clip(lower=-0.02)
fits["network"] = seen, networks.risk, "network"
figures.plot_plane(ax, rungs, fits=fits)
ax.set_title("All follow the noise, not all pay alike")
figures.show(
    figure,
    caption="Medians over 40 data sets; for the story's networks, which do "
    "not pass through their points, each dot is one of them. The tangent "
    "kernel stands with the joined dots, random features stand with the "
    "natural spline.",
    alt="On the right, at all of the noise followed, three marks above each "
    "other: joining the dots, least norm at {:.0f}, and the natural spline at "
    "{:.0f}. On the ".format(*middle.square[["least norm", "natural spline"]])
    + "left, far below, a cloud of networks above least squares.",
)
# %%
# In the second table, the last two rows are nearly the same, and so are the
# first two. Data set by data set:


def measure(curve, column="square", n_samples=100):
    """Return a measure of a curve for each data set."""
    if curve in three:
        same = (far.curve == curve) & (far.n_samples == n_samples)
        return far[column][same].to_numpy()
    return by_kernel[column][by_kernel.curve == curve].to_numpy()


def times(one, other, n_sets=N_FEW):
    """Return how many times as wrong as another, in the median data set."""
    ratios = measure(one)[:n_sets] / measure(other)[:n_sets]
    return statistics.quantile_interval(ratios, confidence=0.99)


measured(
    "each-smooth-in-its-way",
    "Through the same hundred points, the natural spline is {:.0f} times as "
    "wrong as the joined dots. Of the first {few} data sets, random features "
    "draw practically that spline, {features:.2f} times as wrong, and the "
    "tangent kernel practically the dots, {tangent_kernel:.2f} times as wrong "
    "as they.",
    times("natural spline", "join the dots", N_SEEDS).above(10),
    few=N_FEW,
    features=times("random features", "natural spline").inside(0.7, 1.4),
    tangent_kernel=times("tangent kernel", "join the dots").inside(0.8, 1.2),
    wrong_if="the first interval went down to ten, the second left 0.7 to "
    "1.4, or the last one left the margin of a fifth",
    threshold_from="after seeing",
)

# %%
# One measure is calm, the other is not
# -------------------------------------
#
# All of this counted squares. That is one way to count errors, and a harsh
# one. Here is the mean distance beside the mean square, for more and more
# points.

calm, square, greatest, jagged_growth = (
    statistics.ratio_interval(
        measure(curve, column, 1600),
        measure(curve, column, 25),
        seed=0,
        confidence=0.99,
    )
    for curve, column in (
        ("least norm", "distance"),
        ("least norm", "square"),
        ("least norm", "greatest"),
        ("join the dots", "square"),
    )
)

figure, axes = plt.subplots(1, 2, figsize=(5.6, 4.2), sharey=True)
sizes = (25, 100, 1600)
for column, title, ax in zip(
    ("distance", "square"), ("Mean distance", "Mean square"), axes, strict=True
):
    for name, role, marker in (
        ("natural spline", "series_c", "^"),
        ("least norm", "series_a", "s"),
        ("join the dots", "muted", "o"),
    ):
        found = [
            statistics.quantile_interval(
                measure(name, column, n), confidence=0.99
            )
            for n in sizes
        ]
        color = figures.LIGHT[role]
        heights = [interval.value for interval in found]
        ax.plot(sizes, heights, marker=marker, color=color, label=name)
        ends = np.transpose([interval.ends for interval in found])
        ax.vlines(sizes, *ends, color=color, linewidth=1.5)
    ax.set(xscale="log", yscale="log", xlabel="points", title=title)
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.minorticks_off()
axes[0].legend(loc="upper left")
figures.show(
    figure,
    caption=f"Medians over {N_SEEDS} data sets with their 99% intervals. The "
    "curve of least norm nearly keeps its mean distance; its mean square "
    "grows with the points.",
    alt="Two panels with one logarithmic axis, over 25 to 1,600 points. Left, "
    "mean distances: joined dots and least norm are level, the natural spline "
    "rises a little. Right, mean squares: the joined dots stay level, the "
    "least norm rises, and the natural spline rises steeply to the thousands.",
    headline=True,
)

measured(
    "the-measure-decides",
    "That depends on the measure. With {times} times as many points, the "
    "smoothest curve for a network has {:.1f} times its mean distance to the "
    "truth, {mean_square:.1f} times its mean squared distance, and "
    "{greatest:.0f} times its greatest distance. For joined dots, which cost "
    "a network hardly more, the mean square becomes {dots:.2f} times as "
    "large.",
    calm.below(1.4),
    mean_square=square.above(1.4),
    greatest=greatest.above(4),
    dots=jagged_growth.inside(0.7, 1.4),
    wrong_if="the intervals of the first two factors did not lie on two sides "
    "of 1.4, the third went down to four, or the last left 0.7 to 1.4",
    headline=True,
    times=1600 // 25,
    threshold_from="after seeing",
)

# %%
# It is the close neighbors
# -------------------------
#
# A spike is high where two close pairs of points have a wider gap between
# them. Each pair is ten times closer than the gap with a chance of about one
# in ten. So a spike ten times as high is a hundred times as rare: too rare to
# lift a mean of distances. But its square is a hundred times as large. Every
# scale of height adds as much to a mean of squares, and more points reach more
# scales. If that is all, the spikes must vanish when the points keep their
# distance. Here is the same noise again, at equally spaced places.

even = run_sweep(
    judge_curve,
    {"curve": three, "n_samples": [1600], "even": [True]},
    seed=SEED,
    n_seeds=N_FEW,
)
jagged, cheap, spline = (
    statistics.quantile_interval(
        even.square[even.curve == name], confidence=0.99
    )
    for name in three
)

figure, axes = plt.subplots(2, 1, figsize=(5.6, 5.6), sharex=True)
places = np.linspace(6, 14, 2001)
order = np.argsort(story.x)
spread = np.linspace(0.1, 19.9, len(order))
noise = (story.y - story.truth(story.x))[order]
for ax, x, title in (
    (axes[0], story.x[order], "Points at random"),
    (axes[1], spread, "Points at equal distances"),
):
    for draw, role, label in (
        (interpolants.natural_spline, "series_c", "natural spline"),
        (interpolants.least_norm, "series_a", "least norm"),
        (interpolants.join_the_dots, "muted", "joined dots"),
    ):
        curve = draw(x, story.truth(x) + noise)
        color = figures.LIGHT[role]
        ax.plot(places, curve(places), color=color, label=label, linewidth=1.5)
    shown = (x >= 6) & (x <= 14)
    ax.plot(x[shown], (story.truth(x) + noise)[shown], **figures.mark("data"))
    ax.set(ylim=(-12, 28), xlim=(6, 14), ylabel="y", title=title)
axes[0].legend(loc="lower right", ncols=1)
axes[1].set_xlabel("x")
figures.show(
    figure,
    caption="The story's noise, twice: at its own places, and at places as "
    "far apart as can be. It is close neighbors that make a curve swing.",
    alt="Above, the natural spline leaves the points in tall swings wherever "
    "two of them are close, and the curve of least norm has a spike or two. "
    "Below, all three curves stay near the points.",
)

measured(
    "equal-spacing-tames-all",
    "Through {points:,} equally spaced points, all are about as wrong: the "
    "natural spline by a mean square of {:.1f}, the curve of least norm by "
    "{least_norm:.1f}, the joined dots by {dots:.1f}.",
    spline.below(4),
    least_norm=cheap.below(4),
    dots=jagged.value,
    wrong_if="the interval of one of the first two reached four, the noise "
    "variance: what copying a noisy point costs",
    points=1600,
    threshold_from="theory",
)

# %%
# For networks of least norm, the contrast is a theorem: their overfitting is
# *tempered* if distances count as they are, and *catastrophic* if they are
# squared, or averaged over training sets :cite:`joshi2024`. That is why we
# quote medians.
#
# Lessons
# -------
#
# The smoothest curve in a network's own sense is one of many, and the price
# hardly prefers it. All of them follow all of the noise. Whether that is
# harmless is a matter of the measure and of close neighbors, not of
# smoothness.
#
# What this does not show: that training finds any of these curves. The story's
# network does not pass through its points at all, so no taste among curves
# that do can explain why it is not wild.
#
# .. exercise:: Twice the noise
#
#    Predict first: with twice the noise, by what factor does each excess risk
#    of the second table grow? Add ``"noise_std": [4.0]`` to the grids of
#    ``far`` and ``by_kernel``.
#
#    .. answer::
#
#       By four, for a spline as for joined dots. The truth is a straight line,
#       which costs these curves nothing. All else is noise, and each of them
#       is off by twice what it was. A kernel makes them pay a little for the
#       line, too little to see.
#
# .. exercise:: Another zero
#
#    The price of a bend depends on where zero is. Predict first: if the curve
#    of least norm sees inputs with their center at zero, by how much does its
#    excess risk change? Add ``"center": [10.0]`` to the grid of ``far``, and
#    look at the second table.
#
#    .. answer::
#
#       Hardly at all. Where two neighbors bend to the same side, the place of
#       their one bend is where two segments cross, whatever bends cost. Only
#       where three or more do is there something to choose.
