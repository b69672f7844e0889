# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
How wrong can a curve be, and how much noise can it follow?
===========================================================

A network that is too big *overfits*, one hears. It takes two numbers to say
what that means: how wrong a curve is, and how much of the noise it follows.
Before we train anything, we measure both on curves that need no network.

We expect a curve that runs through every noisy point to be a catastrophe. Let
us see what it costs.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial import Polynomial

from overfit_tutorial import data, figures, ladder, linear, statistics, tables
from overfit_tutorial.claims import measured

plt.style.use(figures.STYLE)
STORY_SEED, MANY_SEED = 0, 1
N_DATASETS = 5000

# %%
# A hundred points on a noisy line
# --------------------------------
#
# The truth is a straight line, :math:`t(x) = 3 + 0.7 x`. We read it at a
# hundred random places between 0 and 20, and each reading has Gaussian noise
# with standard deviation 2 on it. These are the data of the whole story. The
# seed is in the code, so anybody can draw the same ones.

story = data.sample_noisy(seed=STORY_SEED)

figure, ax = plt.subplots()
grid = np.linspace(0, 20, 1000)
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
# Some ways to turn points into a curve
# -------------------------------------
#
# The first is least squares, the textbook answer for a line. Some of the
# others are deliberately silly, such as ignoring x altogether.


def join_the_dots(x, y):
    """Run straight from point to point, and level beyond the last ones."""
    order = np.argsort(x)
    return lambda at: np.interp(at, x[order], y[order])


def copy_the_nearest(x, y):
    """Repeat whatever the nearest point says."""
    order = np.argsort(x)
    halfway = (x[order][1:] + x[order][:-1]) / 2
    return lambda at: y[order][np.searchsorted(halfway, at)]


rules = {
    "least squares": linear.fit_line,
    "join the dots": join_the_dots,
    "copy the nearest": copy_the_nearest,
    "always the mean": lambda x, y: Polynomial.fit(x, y, 0),
    "cubic": lambda x, y: Polynomial.fit(x, y, 3),
    "degree nine": lambda x, y: Polynomial.fit(x, y, 9),
}

figure, axes = plt.subplots(2, 2, figsize=(5.6, 5.4), sharex=True, sharey=True)
shown = [name for name in rules if name not in ("always the mean", "cubic")]
for ax, name in zip(axes.flat, shown, strict=True):
    fit = rules[name](story.x, story.y)
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
    "up and down with every point. A polynomial of degree nine waves gently, "
    "and leaves the truth at both ends.",
)

# %%
# Excess risk says how wrong, noise followed says how overfitted
# --------------------------------------------------------------
#
# We know the truth, so we need no test set. The *excess risk* of a curve
# :math:`f` is its mean squared distance to the truth, over all places between
# 0 and 20. It is zero for the truth itself. The noise of future readings is
# left out, because nobody can predict it.
#
# A curve may be very wrong and overfit nothing: the mean does. So we also ask
# what a curve does where the noise :math:`\varepsilon_i = y_i - t(x_i)` was.
# The *noise followed* is the share of it that the curve reproduces,
#
# .. math:: s = \frac{\sum_i (f(x_i) - t(x_i)) \, \varepsilon_i}
#               {\sum_i \varepsilon_i^2}.
#
# The truth follows none of it, a curve through all points all of it.

truth = story.truth(story.x)
noise = story.y - truth
off, slope = {}, {}
for name, rule in rules.items():
    off[name] = rule(story.x, story.y)(story.x) - truth
    slope[name] = np.sum(off[name] * noise) / np.sum(noise**2)

figure, axes = plt.subplots(1, 3, figsize=(5.6, 2.9), sharex=True, sharey=True)
three = ("least squares", "degree nine", "join the dots")
for ax, name in zip(axes, three, strict=True):
    ax.plot(noise, off[name], **figures.mark("data"))
    role = "line" if name == "least squares" else "series_a"
    color = figures.LIGHT[role]
    ends = np.array([-6, 6])
    ax.plot(ends, slope[name] * ends, color=color)
    ax.set_title(f"{name}\n{slope[name]:.0%}")
    ax.set(xticks=[-5, 0, 5], yticks=[-5, 0, 5], aspect="equal")
axes[0].set_ylabel("curve − truth")
axes[1].set_xlabel("noise of the point")
figures.show(
    figure,
    caption="Each point: what it is off the truth, and what the curve is off "
    "there. The slope is the share of the noise that the curve follows, on "
    "this one data set.",
    alt="Three scatter plots with a line through zero each. For least squares "
    "the line is nearly level, for degree nine it rises a little, for joining "
    "the dots all points lie on the diagonal.",
)

# %%
# And what does the training error say? It is :math:`(1 - 2s)` times the mean
# of :math:`\varepsilon_i^2`, plus the mean of :math:`(f(x_i) - t(x_i))^2`. So
# of two curves with one training error, the one further from the truth has
# followed more noise.

for name in rules:
    assert np.isclose(
        (1 - 2 * slope[name]) * np.mean(noise**2) + np.mean(off[name] ** 2),
        np.mean((off[name] - noise) ** 2),
    )

# %%
# Noise followed counts parameters
# --------------------------------
#
# .. guess:: How much noise do ten parameters follow?
#
#    A polynomial of degree nine is fitted to a hundred points. On average it
#    follows
#
#    .. answer:: all of the noise: it bends enough
#
#       No. It bends, but ten numbers cannot visit a hundred points.
#
#    .. answer:: a tenth of it
#
#       Yes: ten parameters for a hundred points, exactly a tenth on average.
#
#    .. answer:: none, since the truth is a line
#
#       No. Least squares never leaves a parameter unused: each one fits a
#       hundredth of the noise, whether the truth needs it or not.
#
# For a formula that is linear in its parameters and fitted by least squares,
# the expectation of :math:`s` is the number of parameters over the number of
# points: :math:`1/n` for the mean, :math:`2/n` for the line. The mean of the
# :math:`k` nearest points follows :math:`1/k`, so whoever copies the nearest
# one follows all.
#
# That lets us turn the rule around. Times :math:`n`, the expectation is called
# the *degrees of freedom* of a fit :cite:`efron1986,efron2004`: how many
# parameters it effectively uses. It needs no formula for the fit, so we can
# ask it of a network, too. (The name is a metaphor. Rules that choose among
# fits can use more than they have :cite:`janson2015`.)
#
# Is the theory right? One data set can be lucky. So we draw many, apply each
# rule to each, and average.

many = data.sample_noisy_many(N_DATASETS, seed=MANY_SEED)
pairs = list(zip(many.x, many.y, strict=True))


def average(values):
    """Return the mean over data sets with its interval."""
    half_width = 2.576 * np.std(values, ddof=1) / np.sqrt(N_DATASETS)
    mean = np.mean(values)
    ends = {"low": mean - half_width, "high": mean + half_width}
    return statistics.Interval(
        value=mean, **ends, confidence=0.99, n=len(values)
    )


cost, freedom = {}, {}
for name, rule in rules.items():
    fits = [rule(x, y) for x, y in pairs]
    values = np.stack([fit(x) for fit, x in zip(fits, many.x, strict=True)])
    followed = data.noise_followed(values, many.truth, many.x, many.y)
    freedom[name] = average(len(story.x) * followed)
    cost[name] = average([data.excess_risk(f, many.truth) for f in fits])

# %%
# Pencil and paper put them on a plane
# ------------------------------------
#
# The averages of the first four can be worked out. With noise variance
# :math:`\sigma^2`:
#
# - *least squares* costs nearly :math:`2 \sigma^2 / n`: one share of the noise
#   for the height, one for the slope.
# - *join the dots*: between two points the curve is a weighted mean of both.
#   Averaged over the weights, :math:`\tfrac{2}{3} \sigma^2` of the noise
#   remains. Beyond the outermost points all of it does.
# - *copy the nearest*: all of the noise remains, and a little for looking next
#   door.
# - *always the mean* misses the slope, by a twelfth of the squared rise.

sigma, n_points = story.noise_std, len(story.x)
theory = ladder.rungs(n_points, noise_std=sigma)
theory["least squares"] = np.mean(
    [linear.expected_excess_risk(x, sigma) for x in many.x]
)
share = ladder.noise_followed(n_points)
share |= {"cubic": 4 / n_points, "degree nine": 10 / n_points}

tables.show(
    {
        "rule": list(rules),
        "excess risk by theory": [theory.get(name, "") for name in rules],
        "measured": [found.value for found in cost.values()],
        "parameters": [round(n_points * share[name]) for name in rules],
        "degrees of freedom": [found.value for found in freedom.values()],
    },
    excess_risk_by_theory=".2f",
    measured=".2f",
    degrees_of_freedom=".1f",
)

figure, ax = plt.subplots()
rungs = {name: (share[name], theory[name]) for name in theory}
polynomials = {
    name: ([freedom[name].value / 100], [cost[name].value], "series_a")
    for name in ("cubic", "degree nine")
}
figures.plot_plane(ax, rungs, fits=polynomials)
ax.set_title("How wrong, and how overfitted?")
places = ", ".join(
    f"{name} {share[name]:.0%} and {cost[name].value:.2f}" for name in rules
)
figures.show(
    figure,
    caption="Up is further from the truth, to the right is more noise "
    "followed. Wrong and overfitted are two things: always the mean is the "
    "most wrong, and follows the least. Circles: by theory. Diamonds: "
    "polynomials, averaged over many data sets.",
    alt=f"Six marks on a plane of noise followed and excess risk: {places}.",
    headline=True,
)

# %%
# The fits of the next pages will stand somewhere on this plane. To overfit is
# to be on its right. Where only the height matters, it is drawn alone: a
# *ladder* of excess risks.

floor, expected = cost["least squares"], theory["least squares"]
measured(
    "least-squares-floor",
    "Over {n:,} data sets, least squares has an excess risk of {:.3f} on "
    "average. The closed form says {closed_form:.3f}.",
    floor.inside(0.9 * expected, 1.1 * expected),
    quantity="excess risk",
    wrong_if="the interval left the margin of 10% around the closed form",
    closed_form=expected,
    threshold_from="fixed beforehand",
)

measured(
    "noise-counts-parameters",
    "The noise that a fit follows counts its parameters. Over {n:,} data "
    "sets, a line uses {:.1f}, a cubic {cubic:.1f}, a polynomial of degree "
    "nine {degree_nine:.1f}, and joining the dots {dots:.0f}.",
    freedom["least squares"].inside(1.5, 2.5),
    cubic=freedom["cubic"].inside(3.5, 4.5),
    degree_nine=freedom["degree nine"].inside(9.5, 10.5),
    dots=freedom["join the dots"].value,
    wrong_if="one of the intervals did not round to 2, 4 and 10 parameters",
    threshold_from="theory",
)

dots, costs = cost["join the dots"], theory["join the dots"]
measured(
    "dots-cost-two-thirds",
    "Joining all {points} dots follows all of the noise, and leaves a mean "
    "squared distance to the truth of {:.2f}: about two thirds of the noise "
    "variance. That is {times:.0f} times what least squares leaves, and less "
    "than copying the nearest point does ({nearest_point:.2f}).",
    dots.inside(costs - 0.1, costs + 0.1),
    nearest_point=cost["copy the nearest"].above(dots.high),
    quantity="excess risk",
    wrong_if="the interval left the margin of 0.1 around the closed form, or "
    "reached that of copying the nearest point",
    headline=True,
    points=len(story.x),
    times=dots.value / floor.value,
    threshold_from="fixed beforehand",
)

# %%
# Lessons
# -------
#
# Overfitting is following noise, and one can count it. How much it costs is
# another question. Joining the dots follows all of the noise and is not as bad
# as it looks, since it averages the noise of neighbors. A curve through all
# points can do worse, by copying instead of averaging, or by swinging between
# the points.
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
#    more, less, or about the same? And how much of the noise does it follow?
#
#    .. answer::
#
#       It costs about the same: 2.73 on average over all data sets, after
#       2.69. Each stretch is still a mean of two noisy points, and two thirds
#       of the noise remain. But it follows only half of the noise: 50 degrees
#       of freedom. The two numbers are two things.
