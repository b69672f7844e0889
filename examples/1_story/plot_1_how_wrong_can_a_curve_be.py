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

from overfit_tutorial import data, figures, linear
from overfit_tutorial.claims import claim

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

dots = join_the_dots(story.x, story.y)
line = linear.fit_line(story.x, story.y)

figure, ax = plt.subplots()
fear = {"color": figures.LIGHT["data"], "linewidth": 1}
ax.plot(grid, dots(grid), label="join the dots", **fear)
figures.plot_data(ax, story)
figures.plot_curve(ax, grid, line(grid), role="line", label="least squares")
figures.plot_curve(ax, grid, story.truth(grid), role="truth")
ax.set(xlabel="x", ylabel="y", title="Wild, but how wrong?")
ax.legend()
figures.show(
    figure,
    caption="The thin gray curve visits every point. It looks far worse than "
    "the line.",
    alt="The same points. A thin jagged curve connects them all, swinging up "
    "and down. Through the middle run two nearly identical straight lines, "
    "the least squares fit and the dashed truth.",
)

# %%
# Two thousand data sets, not one
# -------------------------------
#
# One data set can be lucky. So we draw many, apply each rule to each, and
# average. An interval of 99% says how well the average is known.

many = data.sample_noisy_many(N_DATASETS, seed=MANY_SEED)
pairs = list(zip(many.x, many.y, strict=True))
mean, interval = {}, {}
for name, rule in rules.items():
    risks = [data.excess_risk(rule(x, y), many.truth) for x, y in pairs]
    mean[name] = np.mean(risks)
    half_width = 2.576 * np.std(risks, ddof=1) / np.sqrt(N_DATASETS)
    interval[name] = mean[name] - half_width, mean[name] + half_width

# %%
# Theory agrees
# -------------
#
# All four averages can be worked out with pencil and paper. With noise
# variance :math:`\sigma^2`, :math:`n` points, slope :math:`b` and an interval
# of length :math:`L`:
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

n, sigma, slope = len(story.x), story.noise_std, story.truth.slope
length = story.high - story.low
cubed = (n + 1) * (n + 2) * (n + 3)
next_door = 6 * length**2 * ((n - 1) / 12 + 2 / 3) / cubed
beyond = 4 * (slope * length) ** 2 / cubed
theory = {
    "least squares": np.mean(
        [linear.expected_excess_risk(x, sigma) for x in many.x]
    ),
    "join the dots": 2 / 3 * sigma**2 * (n + 2) / (n + 1) + beyond,
    "copy the nearest": sigma**2 + slope**2 * next_door,
    "always the mean": (slope * length) ** 2 / 12 * (1 + 1 / n) + sigma**2 / n,
}
print(f"{'rule':18}{'theory':>9}{'measured':>10}{'99% interval':>20}")
for name, (low, high) in interval.items():
    measured = f"{theory[name]:9.4f}{mean[name]:10.4f}"
    print(f"{name:18}{measured}{low:10.4f} to {high:7.4f}")

# %%
# The first claim checks the yardstick of the whole site, the second answers
# the question of this page.

low, high = interval["least squares"]
expected = theory["least squares"]
claim(
    "least-squares-floor",
    "Least squares has a mean excess risk of {value:.4f} over {n:,} data "
    "sets. The closed form says {theory:.4f}, the rule of thumb 2σ²/n says "
    "{rule:.2f}.",
    value=mean["least squares"],
    quantity="excess risk",
    interval=(low, high),
    confidence=0.99,
    n=N_DATASETS,
    holds=0.9 * expected < low and high < 1.1 * expected,
    threshold=(0.9 * expected, 1.1 * expected),
    wrong_if="the interval left the margin of 10% around the closed form",
    theory=expected,
    rule=2 * sigma**2 / n,
)

low, high = interval["join the dots"]
expected = theory["join the dots"]
claim(
    "dots-cost-two-thirds",
    "Joining all {points} dots, noise and all, gives a mean squared distance "
    "to the truth of {value:.1f}: about two thirds of the noise variance of "
    "{variance:g}. That is {times:.0f} times that of least squares, and less "
    "than copying the nearest point gives ({nearest:.1f}).",
    value=mean["join the dots"],
    quantity="excess risk",
    interval=(low, high),
    confidence=0.99,
    n=N_DATASETS,
    holds=expected - 0.1 < low
    and high < expected + 0.1
    and high < interval["copy the nearest"][0],
    threshold=(expected - 0.1, expected + 0.1),
    wrong_if="the interval left the margin of 0.1 around the closed form, or "
    "reached that of copying the nearest point",
    variance=sigma**2,
    points=n,
    times=mean["join the dots"] / mean["least squares"],
    nearest=mean["copy the nearest"],
    headline=True,
)

# %%
# The ladder
# ----------
#
# On one axis, the four rules make a ladder. The fits of the next pages will
# stand somewhere on it. "It overfits" is a place on this ladder, not a
# verdict.

figure, ax = plt.subplots(figsize=figures.LADDER)
figures.plot_ladder(ax, theory)
ax.set_title("The ladder of excess risk")
places = ", ".join(f"{name} {risk:.2f}" for name, risk in theory.items())
figures.show(
    figure,
    caption="Further right is further from the truth. The axis is "
    "logarithmic: a step to the right multiplies the distance.",
    alt=f"Four rungs on a logarithmic axis of excess risk: {places}.",
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
#       About the same: 2.71 on average over the 2,000 data sets, after 2.70.
#       Each stretch is still a mean of two noisy points, and two thirds of
#       the noise remain. Which points are believed matters little; how many
#       are averaged is what counts.
