# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
How wrong can a curve be?
=========================

A network that is too big *overfits*, one hears. How much that costs, one hears
less often. Before we train anything, we want a scale on which every later fit
has its place.

We expect a curve that runs through every noisy point to be a catastrophe. Let
us see what it costs.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, figures, ladder, linear, statistics, tables
from overfit_tutorial.claims import measured

plt.style.use(figures.STYLE)
STORY_SEED, MANY_SEED = 0, 1
N_DATASETS = 2000

# %%
# A hundred points on a noisy line
# --------------------------------
#
# The truth is a straight line, :math:`t(x) = 3 + 0.7 x`. We read it at a
# hundred random places between 0 and 20, and each reading has Gaussian noise
# with standard deviation 2 on it. These are the data of the whole story. The
# seed is in the code, so anybody can draw the same ones.

story = data.sample_noisy(seed=STORY_SEED)
grid = np.linspace(0, 20, 1000)

figure, ax = plt.subplots()
figures.plot_data(ax, story)
figures.plot_curve(ax, grid, story.truth(grid), role="truth")
ax.set(xlabel="x", ylabel="y", title="A hundred noisy readings of a line")
ax.legend()
figures.show(
    figure,
    caption="The dashed truth is all that we want to learn. The scatter "
    "around it is noise.",
    alt="Scatter plot of a hundred points around a dashed line that rises "
    "from lower left to upper right. The points scatter widely to both "
    "sides.",
)

# %%
# Excess risk is the distance to the truth
# ----------------------------------------
#
# We know the truth, so we need no test set. The *excess risk* of a curve
# :math:`f` is its mean squared distance to the truth, over all places between
# 0 and 20:
#
# .. math:: \frac{1}{20} \int_0^{20} (f(x) - t(x))^2 \, \mathrm{d}x
#
# It is zero for the truth itself. The noise of future readings is left out,
# because nobody can predict it. What remains is the fault of the fit.
#
# Four rules, from careful to gullible
# ------------------------------------
#
# Here are four ways to turn points into a curve. The first is least squares,
# the textbook answer for a line. The others are deliberately silly.


def join_the_dots(x, y):
    """Run straight from point to point, and level beyond the last ones."""
    order = np.argsort(x)
    return lambda at: np.interp(at, x[order], y[order])


def copy_the_nearest(x, y):
    """Repeat whatever the nearest point says."""
    order = np.argsort(x)
    halfway = (x[order][1:] + x[order][:-1]) / 2
    return lambda at: y[order][np.searchsorted(halfway, at)]


def predict_the_mean(x, y):
    """Ignore x altogether."""
    return lambda at: np.full_like(at, y.mean())


rules = {
    "least squares": linear.fit_line,
    "join the dots": join_the_dots,
    "copy the nearest": copy_the_nearest,
    "always the mean": predict_the_mean,
}

# %%
# Joining the dots and copying the nearest point both fit the data perfectly.
# Their training error is zero: every bit of noise is in the curve.

for rule in (join_the_dots, copy_the_nearest):
    assert np.allclose(rule(story.x, story.y)(story.x), story.y)

figure, axes = plt.subplots(2, 2, figsize=(5.6, 5.2), sharex=True, sharey=True)
for ax, (name, rule) in zip(axes.flat, rules.items(), strict=True):
    fit = rule(story.x, story.y)
    figures.plot_data(ax, story)
    role = "line" if name == "least squares" else "series_a"
    color = figures.LIGHT[role]
    ax.plot(grid, fit(grid), color=color, linewidth=1.5, zorder=3)
    figures.plot_curve(ax, grid, story.truth(grid), role="truth")
    ax.set_title(name)
axes[1, 0].set(xlabel="x", ylabel="y")
figures.show(
    figure,
    caption="Wild, but how wrong? The two that visit every point look far "
    "worse than the line. Dashed: the truth.",
    alt="Four panels with the same points and the dashed truth. Least squares "
    "lies on the truth. Joining the dots and copying the nearest point swing "
    "up and down with every point. The mean is a level line.",
)

# %%
# Pencil and paper put them on a ladder
# -------------------------------------
#
# All four averages over many data sets can be worked out. With noise variance
# :math:`\sigma^2`, :math:`n` points, slope :math:`b` and an interval of length
# :math:`L`:
#
# - *least squares* has a closed form for given :math:`x`. It is close to
#   :math:`2 \sigma^2 / n`: one share of the noise for the height, one for the
#   slope.
# - *join the dots*: between two points the curve is a weighted mean of both.
#   Averaged over the weights, :math:`\tfrac{2}{3} \sigma^2` of the noise
#   remains. Beyond the outermost points all of it does, which makes it
#   :math:`\tfrac{2}{3} \sigma^2 \tfrac{n+2}{n+1}`, and a trifle for the slope.
# - *copy the nearest*: all of the noise remains, and a little for looking next
#   door: :math:`\sigma^2 + b^2 \, \mathrm{E} d^2`, where :math:`d` is the
#   distance to the nearest point.
# - *always the mean* misses the slope:
#   :math:`\tfrac{1}{12} b^2 L^2 (1 + \tfrac{1}{n}) + \tfrac{1}{n} \sigma^2`.

many = data.sample_noisy_many(N_DATASETS, seed=MANY_SEED)
sigma = story.noise_std
theory = ladder.rungs(len(story.x), noise_std=sigma)
theory["least squares"] = np.mean(
    [linear.expected_excess_risk(x, sigma) for x in many.x]
)

figure, ax = plt.subplots(figsize=figures.LADDER)
figures.plot_ladder(ax, theory)
ax.set_title("The ladder of excess risk")
places = ", ".join(f"{name} {risk:.2f}" for name, risk in theory.items())
figures.show(
    figure,
    caption="What each rule costs on average, by theory. Further right is "
    "further from the truth; each step to the right multiplies the distance.",
    alt=f"Four rungs on a logarithmic axis of excess risk: {places}.",
    headline=True,
)

# %%
# The fits of the next pages will stand somewhere on this ladder. "It overfits"
# is a place on it, not a verdict.
#
# Two thousand data sets agree
# ----------------------------
#
# Is the theory right? One data set can be lucky. So we draw many, apply each
# rule to each, and average. An interval of 99% says how well the average is
# known.

pairs = list(zip(many.x, many.y, strict=True))
risks, cost = {}, {}
for name, rule in rules.items():
    risks[name] = [data.excess_risk(rule(x, y), many.truth) for x, y in pairs]
    mean = np.mean(risks[name])
    half_width = 2.576 * np.std(risks[name], ddof=1) / np.sqrt(N_DATASETS)
    ends = {"low": mean - half_width, "high": mean + half_width}
    cost[name] = statistics.Interval(
        value=mean, **ends, confidence=0.99, n=N_DATASETS
    )

tables.show(
    {
        "rule": list(rules),
        "theory": [theory[name] for name in rules],
        "mean": list(cost.values()),
    },
    theory=".2f",
    mean=".2f",
)

figure, axes = plt.subplots(4, 1, figsize=(5.6, 4.2), sharex=True)
bins = np.geomspace(1e-3, 40, 120)
for ax, (name, values) in zip(axes, risks.items(), strict=True):
    role = "line" if name == "least squares" else "series_a"
    ax.hist(values, bins, color=figures.LIGHT[role])
    ax.axvline(theory[name], color=figures.LIGHT["ink"], linewidth=1.5)
    ax.annotate(name, (0.01, 0.6), xycoords="axes fraction")
    ax.set(xscale="log", yticks=[])
    ax.spines["left"].set_visible(False)
axes[0].set_title("One data set can be lucky, for the line above all")
axes[-1].set_xlabel("excess risk (log scale)")
figures.show(
    figure,
    caption="How often each excess risk occurs in 2,000 data sets. Vertical: "
    "the mean, as theory has it.",
    alt="Four histograms on a logarithmic axis of excess risk, a row for each "
    "rule, each around a vertical line. That of least squares is the furthest "
    "left, and by far the widest. The other three are narrow.",
)

# %%
# The line can be nearly perfect by luck. The gullible rules are reliably bad.
# The first claim checks the yardstick of the whole site, the second answers
# the question of this page.

floor, expected = cost["least squares"], theory["least squares"]
measured(
    "least-squares-floor",
    "Over {n:,} data sets, least squares has an excess risk of {:.3f} on "
    "average. The closed form says {closed_form:.3f}.",
    floor.inside(0.9 * expected, 1.1 * expected),
    quantity="excess risk",
    wrong_if="the interval left the margin of 10% around the closed form",
    closed_form=expected,
)

dots, costs = cost["join the dots"], theory["join the dots"]
measured(
    "dots-cost-two-thirds",
    "Joining all {points} dots, noise and all, leaves a mean squared distance "
    "to the truth of {:.2f}: about two thirds of the noise variance. That is "
    "{times:.0f} times what least squares leaves, and less than copying the "
    "nearest point does ({nearest_point:.2f}).",
    dots.inside(costs - 0.1, costs + 0.1),
    nearest_point=cost["copy the nearest"].above(dots.high),
    quantity="excess risk",
    wrong_if="the interval left the margin of 0.1 around the closed form, or "
    "reached that of copying the nearest point",
    headline=True,
    points=len(story.x),
    times=dots.value / floor.value,
)

# %%
# Lessons
# -------
#
# Fitting all the noise is bad, and not as bad as it looks: joining the dots
# averages the noise of neighbors. A curve through all points can do worse, by
# copying instead of averaging, or by swinging between the points.
#
# What this does not show: any of it for other shapes of truth, for places
# outside the data, or for the worst place rather than the mean. And no network
# has been trained yet.
#
# .. exercise:: Four times the points
#
#    Predict first: with 400 points instead of 100, what does joining the dots
#    cost, and what does least squares? Then give ``n_samples=400`` to both
#    calls that draw data, and look at the table.
#
#    .. answer::
#
#       Least squares becomes four times better, 0.02. Joining the dots still
#       costs 2.67: more points bring more noise, and each one is believed.
#       Closer points let a careful rule average; a gullible one never does.
#
# .. exercise:: Every second point
#
#    Throw half of the points away, but for this one rule: in
#    ``join_the_dots``, write ``order = np.argsort(x)[::2]``. Does it cost
#    more, less, or about the same? (Leave out the check that both curves visit
#    all points. It would now fail, and rightly.)
#
#    .. answer::
#
#       About the same: 2.73 on average over the 2,000 data sets, after 2.69.
#       Each stretch is still a mean of two noisy points, and two thirds of
#       the noise remain. Which points are believed matters little; how many
#       are averaged is what counts.
