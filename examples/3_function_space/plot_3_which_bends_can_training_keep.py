# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Which bends can training keep?
==============================

Training prefers flat minima, they say, and flat minima are harmless. For
networks of one hidden layer there is a theorem about a part of that: bends
make weights sharp, and steps of a given size cannot stay where it is too sharp
:cite:`mulayoff2021`. It speaks of gradient descent on one layer, not of the
story's recipe. We expected it to be too loose to matter here. Then we
put the wild curve into such a network and tried to stay there.
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
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.studies.keeping import (
    NUDGE,
    bend_at_rate,
    least_sharpness,
    leave_the_dots,
    sharpness,
)
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY
from overfit_tutorial.weights.dots import join_from_the_middle, join_the_dots
from overfit_tutorial.weights.symmetries import flatten

plt.style.use(figures.STYLE)
RANDOM_SEED, SEED, DATA_SEED, RATE_SEED = 80, 2, 81, 82
N_RANDOM, N_DATASETS, N_SEEDS, N_TRAINED = 1000, 200, 20, 64

# %%
# .. guess:: How large may its steps be, if gradient descent is to stay there?
#
#    A network of one hidden layer joins the dots of the story. Its training
#    error is zero, and so is its gradient.
#
#    .. answer:: as large as we like: no gradient, no step
#
#       Until something nudges it. Then the question is whether it comes back.
#
#    .. answer:: about as large as the story's, 0.01
#
#       There it is thrown out at once.
#
#    .. answer:: hundreds of times smaller
#
#       Yes, at most. And that holds whatever weights draw the curve.
#
# Rate times sharpness decides
# ----------------------------
#
# A network fits its points. We nudge it a little, and it misses them by
# residuals :math:`r`. With the derivatives :math:`J` of its outputs by all
# weights, a step of gradient descent is :math:`-\eta \, \tfrac{2}{n} J^\top
# r`, and it moves the outputs by :math:`J` times that:
#
# .. math:: r \;\to\; r - 2 \eta \, \tfrac{1}{n} J J^\top r
#
# There is the tangent kernel :math:`J J^\top` of
# :doc:`plot_1_why_does_it_start_as_a_line` again. Let the *sharpness*
# :math:`\lambda` be the largest eigenvalue of :math:`J J^\top / n`. In its
# direction, a step multiplies the residuals by :math:`1 - 2 \eta \lambda`. If
# :math:`\eta \lambda` is below one, they shrink; above it, they change sign
# and grow. (The paper halves Keras' loss, so its rates are twice ours; and on
# other pages sharpness is of the whole loss, twice this :math:`\lambda`.)
#
# Every bend has a price
# ----------------------
#
# How flat can weights for a given curve be? The theorem: for one hidden layer,
# wherever the derivatives exist,
#
# .. math:: \lambda \;\ge\; 1 + 2 \int |f''| \, g
#
# The integral is a sum over bends. Each counts by its change of slope, times a
# price :math:`g` that depends on where it is. Why a price? A unit has a weight
# before its bend and one behind it, and the change of slope is their product.
# The outputs are as sensitive to the one as the other is large. If one is
# small, the other must be large.

points = data.sample_noisy(seed=DATA_SEED)
places = np.linspace(-2, 22, 481)
price = [
    (least_sharpness([[[1.0]], [-at], [[1.0]], [0.0]], points.x) - 1) / 2
    for at in places
]
cheap = np.interp(2, places, price) / max(price)
print(f"at x = 2, the price is {cheap:.1%} of the highest")

figure, ax = plt.subplots(figsize=(5.6, 3.4))
ax.plot(places, price, color=figures.LIGHT["network"])
ax.plot(points.x, 0 * points.x, "|", color=figures.LIGHT["data"])
ax.set(xlabel="where it bends", ylabel="price")
ax.set_title("Bends amid the points are dear")
figures.show(
    figure,
    caption="What a bend costs, per unit of slope, if the points are those of "
    "the short marks. Outside of them it is free.",
    alt="A curve that is zero left of the points, rises slowly, has a sharp "
    "peak near their middle, and falls to zero at the last point.",
)

# %%
# Bends near the ends are nearly free. So the theorem has little to say of the
# left end, where the story's networks bend
# (:doc:`/auto_examples/2_is_it_true/plot_1_was_it_luck`).
#
# We check the theorem on random networks whose units are rescaled at random,
# on trained ones that we come back to, and on the wild curve in three
# settings. *By hand* and *rescaled* are those of
# :doc:`/auto_examples/1_story/plot_2_do_parameters_chase_noise`. *Both ways*
# is the flattest that we know: units in the left half look left, so that none
# sees more than half of the points.

seeds = [np.random.SeedSequence([RANDOM_SEED, k]) for k in range(N_RANDOM)]
drawn = draws.first_weights(seeds, (20,), bias_std=1.0, dtype=np.float64)
generator = np.random.default_rng(RANDOM_SEED)
cloud = []
for into, bias, out, last in zip(*drawn, strict=True):
    scale = np.exp(generator.normal(size=20))
    out = out * 100 ** generator.random() / scale[:, np.newaxis]
    weights = [into * scale, bias * scale, out, last]
    x = generator.normal(size=10)
    cloud.append((least_sharpness(weights, x), sharpness(weights, x)))

rates = {"learning_rate": [0.02, 0.05, 0.12]}
trained = run_sweep(bend_at_rate, rates, seed=RATE_SEED, n_seeds=N_TRAINED)
fingerprints.state("at several rates", trained[["error", "followed"]])

# %%
# The next sweep lifts networks off the wild curve by 0.01 and lets gradient
# descent take 200 steps, at rates that are multiples of :math:`1 / \lambda`.

starts = ["by hand", "rescaled", "both ways"]
wild = run_sweep(
    leave_the_dots,
    [
        {"start": starts[:2], "times": [0.9, 1.1]},
        {"start": starts[2:], "times": [0.9, 1.1, 16, 512]},
    ],
    seed=SEED,
    n_seeds=N_SEEDS,
)

figure, ax = plt.subplots(figsize=(5.6, 4.8))
groups = {
    "random": np.transpose(cloud),
    "trained": [1 + 2 * trained.curvature, trained.sharpness],
}
for start in starts:
    rows = wild[(wild.start == start) & (wild.times == 0.9)]
    groups[f"wild, {start}"] = [rows.least, rows.sharpness]
slack = {name: pair[1] / pair[0] for name, pair in groups.items()}
roles = ("data", "line", "series_c", "series_a", "network")
for (name, pair), role in zip(groups.items(), roles, strict=True):
    color = figures.LIGHT[role]
    ax.plot(*pair, "o", markersize=3, color=color, label=name)
ends = np.array([1, 3e6])
ax.plot(ends, ends, color=figures.LIGHT["ink"], linewidth=2)
ax.annotate("none below", (3e3, 1.2e3), va="top", ha="left")
ax.set(xscale="log", yscale="log", ylabel="sharpness")
ax.set_xlabel("1 + 2 × weighted bends")
ax.set_xticks([1, 100, 10_000, 1_000_000], ["1", "100", "10,000", "1e6"])
ax.set_title("No network is flatter than its bends allow")
ax.legend(loc="upper left", handletextpad=0.2, markerscale=2)
figures.show(
    figure,
    caption="Each dot is a network of one hidden layer. On the line, the "
    "theorem would be tight. The same wild curve, at the right, is far above "
    "it or near it, depending on its weights.",
    alt="Five clouds of dots on logarithmic axes, all of them above the "
    "diagonal. Random and trained networks are at the lower left. The wild "
    "curve is at the upper right: set by hand far above the diagonal, "
    "rescaled nearer, both ways nearest.",
)
tables.show(
    {
        "networks": list(slack),
        "times the bound, least": [min(values) for values in slack.values()],
        "median": [np.median(values) for values in slack.values()],
    },
    **{"times_the_bound,_least": ",.1f", "median": ",.1f"},
)

exact(
    "bends-make-weights-sharp",
    "Of {networks:,} networks of one hidden layer, random, trained or set by "
    "hand, none is flatter than its bends allow: the least sharpness is "
    "{:.2f} times the theorem's bound.",
    number(min(map(min, slack.values()))).above(1 - 1e-9),
    networks=sum(len(values) for values in slack.values()),
    wrong_if="one of them had a sharpness below the bound",
    threshold_from="theory",
)

# %%
# No curve through the dots can stay at the story's rate
# ------------------------------------------------------
#
# The bound knows nothing of weights. So for each set of points we can say at
# which rates nothing keeps the wild curve: above :math:`1 / (1 + 2 \int |f''|
# g)`.
#
# Is another curve through the same points cheaper? No. Between two neighboring
# points, the price is the smaller of two straight lines. So one bend there
# costs no less than two at these points that do the same to all others. And
# with bends at points only, one curve goes through them all: the joined dots.
# (That needs inputs above zero. For centered ones we speak of the dots only.)
# We try three hundred other curves.

samples = data.sample_noisy_many(N_DATASETS, seed=DATA_SEED)
least = {"raw": [], "standardized": []}
for x, y in zip(samples.x, samples.y, strict=True):
    for name, at in (("raw", x), ("standardized", (x - x.mean()) / x.std())):
        least[name].append(least_sharpness(join_from_the_middle(at, y), at))

x, y, others = samples.x[0], samples.y[0], []
for size in np.geomspace(0.01, 100, 300):
    knots, turns = generator.uniform(0, 20, 5), size * generator.normal(size=5)
    detour = np.maximum(x[:, np.newaxis] - knots, 0) @ turns
    into, bias, out, last = join_from_the_middle(x, y - detour)
    into, bias = np.append(into, np.ones((1, 5)), 1), np.append(bias, -knots)
    weights = [into, bias, np.append(out, turns[:, np.newaxis], 0), last]
    others.append(least_sharpness(weights, x) / least["raw"][0])
assert min(others) > 1 - 1e-9

smaller = {
    name: statistics.quantile_interval(
        STORY.learning_rate * np.array(values), confidence=0.99
    )
    for name, values in least.items()
}
measured(
    "no-curve-through-the-dots-can-stay",
    "With one hidden layer, plain gradient descent can stay on no curve "
    "through the story's points, whatever the weights, unless its rate is "
    "{:.0f} times smaller than 0.01: the median over {n} sets of points. On "
    "standardized inputs, joining the dots takes steps {standardized:.0f} "
    "times smaller.",
    smaller["raw"].above(100),
    standardized=smaller["standardized"].above(30),
    wrong_if="the first interval reached a hundred, or the second thirty",
    headline=True,
    threshold_from="after seeing",
)

# %%
# Thrown out where predicted
# --------------------------
#
# That is what must be. What happens? The networks below are set both ways and
# nudged, at four rates for each of twenty sets of points.

came_back = wild.error < NUDGE**2
comes_back, leaves = (
    statistics.share_interval(kept[wild.times == t].groupby(wild.seed).all())
    for kept, t in ((came_back, 0.9), (~came_back, 1.1))
)

figure, ax = plt.subplots(figsize=(5.6, 5.0))
flattest = wild[wild.start == "both ways"]
rate, stays = flattest.times / flattest.sharpness, came_back[flattest.index]
limits = (1 / flattest.groupby("seed").least.first()).sort_values()
row = flattest.seed.map({seed: k for k, seed in enumerate(limits.index)})
styles = ((stays, "network", "o"), (~stays, "data", "x"))
for chosen, role, marker in styles:
    style = {"color": figures.LIGHT[role], "markersize": 6}
    ax.plot(rate[chosen], row[chosen], marker, **style)
ax.vlines(
    limits,
    np.arange(N_SEEDS) - 0.5,
    np.arange(N_SEEDS) + 0.5,
    color=figures.LIGHT["ink"],
    linewidth=2.5,
)
ax.axvline(STORY.learning_rate, color=figures.LIGHT["line"], linewidth=2.5)
ax.annotate("the story's rate ", (0.01, -2), ha="right", va="center")
ax.annotate("stays", (rate[stays].min(), -2), ha="left", va="center")
ax.annotate("theorem", (limits.max(), -2), ha="center", va="center")
ax.set(xscale="log", xlabel="learning rate", yticks=[], ylim=(-3, 19.8))
ax.set_ylabel("sets of points")
ax.grid(axis="y", visible=False)
ax.set_title("Where the wild curve can stay")
figures.show(
    figure,
    caption="Each row is a set of points. Dots: gradient descent comes back "
    "to the wild curve. Crosses: it leaves. Right of the black line, no "
    "weights of one hidden layer could stay on any curve through the points.",
    alt="Twenty rows. From the left, each has a dot and then crosses. In "
    "each row a black line stands a little to the right of the dot. The "
    "story's rate is a vertical line far to the right, among the last "
    "crosses.",
    headline=True,
)

measured(
    "thrown-out-where-predicted",
    "Nudged off the wild curve, networks come back if rate times sharpness is "
    "0.9 ({:.0%} of {n} sets of points, in all three settings of the weights) "
    "and leave if it is 1.1 ({just_above:.0%}).",
    comes_back.above(0.5),
    just_above=leaves.above(0.5),
    wrong_if="half of them might leave below one, or stay above it",
    threshold_from="after seeing",
)
share = flattest[flattest.times == 1.1].followed.median()
print(f"just above, the flattest still follow {share:.0%} of the noise")

# %%
# To leave the wild curve is not to leave wildness: just above the threshold,
# 200 steps have lost some of the bends and kept others.
#
# (The wild curve bends *on* the points, where derivatives jump. The trial
# shows that it does not matter.) So a flat minimum is not what training
# prefers. A wild one is what its steps cannot stay at.
#
# Larger rates, smoother curves
# -----------------------------
#
# Nobody starts at the wild curve. So here networks start from random weights
# that bend everywhere, with ten points to fit, few enough to come near them.
# The product of rate and steps is the same for all, so that tiny steps of any
# size would end at the same curve. At a minimum without residuals, the theorem
# allows :math:`\int |f''| g \le \frac{1}{2 \eta} - \frac{1}{2}`.

by_rate = trained.pivot(index="seed", columns="learning_rate").dropna()
bends, followed = by_rate["curvature"], by_rate["followed"]
print(
    f"{N_TRAINED - len(by_rate)} of {N_TRAINED} networks diverge at some rate"
)
ratio = statistics.ratio_interval(
    bends[0.12], bends[0.02], statistic=np.mean, seed=0, confidence=0.99
)
less = statistics.bootstrap_interval(
    followed[0.02] - followed[0.12], np.mean, seed=0, confidence=0.99
)

figure, ax = plt.subplots(figsize=(5.6, 4.6))
color = figures.LIGHT["network"]
spread = np.exp(np.linspace(-0.12, 0.12, len(bends)))
for rate in bends:
    ax.plot(rate * spread, bends[rate], "o", markersize=3.5, color=color)
    style = {"color": figures.LIGHT["ink"], "linewidth": 2.5, "zorder": 4}
    ax.hlines(bends[rate].median(), rate * 0.82, rate * 1.22, **style)
at = np.geomspace(0.015, 0.16, 50)
ax.plot(at, 1 / (2 * at) - 1 / 2, color=figures.LIGHT["ink"], linewidth=2)
ax.annotate("theorem", (0.025, 23), va="bottom")
ax.set(xscale="log", yscale="log", xlabel="learning rate")
ax.set_xticks(list(bends), [f"{rate:g}" for rate in bends])
ax.minorticks_off()
ax.set_ylabel("weighted bends")
ax.set_title("The faster, the smoother")
figures.show(
    figure,
    caption="Each dot is a trained network, each bar their median. Above the "
    "line, a curve through the points could not be kept at that rate. No "
    "network is there, though these have not quite reached their points.",
    alt="Three columns of dots below a falling line on logarithmic axes. At "
    "the smallest rate they are far below the line and reach high. At the "
    "largest the line has come down to them, and the column is shorter and "
    "lower.",
)
tables.show(
    {
        "rate": list(bends),
        "rate × sharpness": by_rate["sharpness"].median() * list(bends),
        "training error": by_rate["error"].median(),
        "noise followed": followed.median(),
    },
    **{"rate_×_sharpness": ".2f"},
    training_error=".2f",
    noise_followed=".0%",
)
measured(
    "larger-rates-smoother-curves",
    "Six times the rate leaves {:.0%} of the weighted bends, as a ratio of "
    "means, and the share of the noise that is followed falls by "
    "{less_noise:.2f}, on average.",
    ratio.below(1),
    less_noise=less.above(0),
    wrong_if="the bends might be as many, or the noise followed as much",
    threshold_from="theory",
)

# %%
# Where the explanation ends
# --------------------------
#
# The story's network has five layers. In a *funnel*, the second layer adds the
# wild curve up, and the others pass it on. Is it bound by the theorem?

few = slice(N_SEEDS)
ratios = {1: slack["wild, both ways"]}
for depth in (2, 3, 5):
    deep = []
    for x, y in zip(samples.x[few], samples.y[few], strict=True):
        layers = {"hidden_widths": (100,) * depth, "funnel": True}
        deep.append(sharpness(flatten(join_the_dots(x, y, **layers), x), x))
    ratios[depth] = np.divide(deep, least["raw"][few])
escapes = statistics.quantile_interval(ratios[5])
smallest = STORY.learning_rate * min(deep)
print(f"the story's rate is too large for a funnel: {smallest:.0f} times")

figure, ax = plt.subplots(figsize=(5.6, 3.6))
for row, values in enumerate(ratios.values()):
    heights = row + np.linspace(-0.3, 0.3, len(values))
    color = figures.LIGHT["network" if row == 0 else "series_a"]
    ax.plot(values, heights, "o", markersize=4, color=color)
ax.axvline(1, color=figures.LIGHT["ink"], linewidth=2.5)
ax.annotate("theorem ", (1, 3.55), ha="right", va="center")
ax.set_yticks(range(4), ["1 layer", *(f"{k} layers" for k in (2, 3, 5))])
ax.set(xscale="log", xlabel="sharpness / bound of one layer", ylim=(3.9, -0.6))
ax.grid(axis="y", visible=False)
ax.set_title("Depth makes wild curves flatter")
figures.show(
    figure,
    caption="Each dot is a wild curve in the flattest weights that we know, "
    "for twenty sets of points. Left of the line, it is flatter than any "
    "network of one hidden layer that draws it.",
    alt="Four rows of dots. With one layer they are right of the line, where "
    "the theorem has them. The more layers, the further left they are, and "
    "with five they are left of the line.",
)

measured(
    "depth-escapes",
    "Depth escapes the bound: in five layers, the wild curve has {:.2f} times "
    "the sharpness that it must have in one, in the median over {n} sets of "
    "points.",
    escapes.below(1),
    threshold_from="theory",
)

# %%
# That depth makes a difference is a theorem, too: of several inputs, there is
# a function that no stable network of one hidden layer comes near, and a
# stable network of two is :cite:`nacson2023`. Gradient descent at the story's
# rate could not stay at our funnels, either. But the story's recipe can: that
# is what :doc:`/auto_examples/1_story/plot_2_do_parameters_chase_noise` found.
# It is Adam, which divides its steps by the size of past gradients, and so has
# another threshold.
#
# And the story ends at no minimum. With residuals, curvature has a second part
# that this theorem does not know. Others have extended it to noisy points that
# are not fitted, with a further term for noise and error :cite:`qiao2024`; for
# one hidden layer and gradient descent again.
#
# Lessons
# -------
#
# This is what is true of flatness: sharp bends amid many points make sharp
# weights, whatever the weights, and gradient descent does not stay at these.
# No rescaling talks that away.
#
# What it does not show: why the story's network, deep and trained by Adam, is
# as straight as it is. To forbid is not to choose. Among the curves that a
# rate allows, it matters where training starts
# (:doc:`plot_1_why_does_it_start_as_a_line`), and how far it gets.
#
# .. exercise:: Fewer points
#
#    Predict first: with 25 points instead of a hundred, how much smaller must
#    the steps be? Write ``n_samples=25, seed=DATA_SEED`` where the two hundred
#    sets are drawn.
#
#    .. answer::
#
#       Some 20 times instead of 500. With four times the points, bends are
#       about four times as steep, there are four times as many, and each is
#       amid more. The more points, the more the theorem forbids.
#
# .. exercise:: Less noise
#
#    Predict first: and if the noise is half as strong? Write ``noise_std=1.0,
#    seed=DATA_SEED`` instead.
#
#    .. answer::
#
#       Half as much smaller. Nearly all bends of the wild curve are noise, and
#       the theorem is linear in them.
