# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What did flatness explain?
==========================

The paper's argument: bad minima are sharp, sharp minima fill little space, so
training misses them. Here are the steps side by side, after a question that
comes first: is the story's network at a minimum at all? We expect that it is
not. Nor, of two minima that training finds, is the flatter one the better.
"""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, figures, landscapes, linear, statistics
from overfit_tutorial.claims import measured
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.minima import comparable, find_minima
from overfit_tutorial.training import STORY
from overfit_tutorial.weights.symmetries import rescale

plt.style.use(figures.STYLE)
N_STORIES, STORY_SEED, TRAINING_SEED = 40, 0, 1
N_MEMBERS, MINIMA_SEED, BOOTSTRAP_SEED = 32, 0, 1

# %%
# The story stops before any minimum
# ----------------------------------
#
# The paper :cite:`wu2017` compares minima with a training error near zero. The
# minima of this part are such ones: small networks on ten points, good ones,
# and bad ones that have made a detour over wrong points. The story's recipe
# has run on 40 data sets. Is its error near zero, too, or at least below that
# of the straight line?

samples = data.sample_noisy_many(N_STORIES, seed=STORY_SEED)
story = fit_ensemble(samples.x, samples.y, seed=TRAINING_SEED)
misses = story.last().predict(samples.x) - samples.y
good = find_minima(N_MEMBERS, seed=MINIMA_SEED)
bad = find_minima(N_MEMBERS, seed=MINIMA_SEED, offset=8)
assert story.recipe == STORY
noise_variance = samples.noise_std**2
story_error = np.mean(misses**2, axis=1) / noise_variance
pairs = list(zip(samples.x, samples.y, strict=True))
fitted = np.array([linear.fit_line(x, y)(x) for x, y in pairs])
line_error = np.mean((fitted - samples.y) ** 2, axis=1) / noise_variance

figure, ax = plt.subplots(figsize=(5.6, 3.8))
at_good, at_bad = (
    found.training_error[found.interpolates] / found.points.noise_std**2
    for found in (good, bad)
)
errors = {
    "straight line": (line_error, "line"),
    "the story": (story_error, "network"),
    "good minima": (at_good, "series_b"),
    "bad minima": (at_bad, "series_a"),
}
for row, (values, role) in enumerate(errors.values()):
    rows = row + np.linspace(-0.3, 0.3, len(values))
    ax.plot(values, rows, "o", markersize=4, color=figures.LIGHT[role])
ax.axvline(1, color=figures.LIGHT["muted"], linewidth=1)
ax.set_yticks(range(len(errors)), list(errors))
ax.set(xscale="log", ylim=(3.5, -0.5))
ax.set(xlabel="training error / noise variance (log scale)")
ax.set_title("The story ends at no minimum")
figures.show(
    figure,
    caption="Each dot is one run. The story's runs end where the straight "
    "line is, at the noise variance (vertical line). The argument is about "
    "the minima at the left.",
    alt="Four rows of dots. Those of the straight line and of the story lie "
    "together at the right end. Good and bad minima lie many decades to the "
    "left of them.",
    headline=True,
)

# %%
# On the same points, how do network and line compare?

below = story_error < line_error
closer = statistics.share_interval(below, confidence=0.99)
error = statistics.quantile_interval(story_error, confidence=0.99)
to_line = statistics.quantile_interval(
    story_error / line_error, confidence=0.99
)

figure, ax = plt.subplots()
ends = np.array([0.5, 1.1 * story_error.max()])
figures.plot_curve(ax, ends, ends, role="line", label="equal")
marks = {"color": figures.LIGHT["network"], "label": "the story"}
ax.plot(line_error, story_error, "o", markersize=5, **marks)
ax.set(xlabel="the line's training error / noise variance")
ax.set_ylabel("the network's")
ax.set(xlim=(0.5, 1.1 * line_error.max()), ylim=ends)
ax.set_title("Most fit their points no better than a line")
ax.legend(loc="upper left")
figures.show(
    figure,
    caption="Each dot is one data set. Below the diagonal, the network fits "
    "its points better than the straight line does.",
    alt="Dots along and above a diagonal. A few lie below it, none of them "
    "far, and none near zero.",
)
print(f"over the line's error, in pairs: {to_line:.2f}")
measured(
    "story-is-at-no-minimum",
    "The story's run ends at no minimum that the paper's argument is about: "
    "the median training error at its last step is {:.2f} noise variances. "
    "On {below} of {n} data sets ({runs_below_the_line:.0%}) it is below the "
    "straight line's.",
    error.above(0.5),
    runs_below_the_line=closer.below(1 / 2),
    headline=True,
    below=below.sum(),
)

# %%
# At minima, is the flatter the better?
# -------------------------------------
#
# So we leave the story for small networks on ten points, trained to a loss of
# zero. Take two minima of the same points, and guess that the flatter one is
# the better. How often is that right? We ask it of three kinds of pairs.
#
# *Found and made bad*: a minimum that plain training finds, and one that we
# made bad (:doc:`plot_1_are_bad_minima_sharper`).

kept = comparable(good, bad, at_least=20)
better = good.excess_risk[kept] < bad.excess_risk[kept]
flatter = good.eigenvalues[kept, 0] < bad.eigenvalues[kept, 0]
right = {
    "found and made bad": statistics.share_interval(
        flatter == better, confidence=0.99
    )
}

# %%
# *Rewritten and made bad*: the same, but the good one is written down
# differently. A ReLU unit does not mind if what enters it is multiplied by
# :math:`\alpha` and what leaves it divided by :math:`\alpha`
# :cite:`dinh2017`. With a power of two not even rounding changes.

ALPHA = 64
grid = np.linspace(0, 20, 401)
sharpness, unchanged = [], []
for k in kept:
    weights = rescale(good.weights(k), 0, ALPHA)
    twin = dataclasses.replace(good.fit[k], weights=tuple(weights))
    x, y = good.points.x[k], good.points.y[k]
    values = landscapes.gauss_newton_eigenvalues(twin.to_keras(), x, y)
    sharpness.append(values[0])
    unchanged.append(twin.predict(grid) == good.fit[k].predict(grid))
flatter = np.array(sharpness) < bad.eigenvalues[kept, 0]
right["rewritten and made bad"] = statistics.share_interval(
    flatter == better, confidence=0.99
)
assert np.all(unchanged)

# %%
# *Both found*: two minima that plain training finds from different first
# weights, five for each set of points. The share of right guesses is
# :math:`(1 + \tau) / 2` with Kendall's rank correlation :math:`\tau`
# of sharpness and risk, as in :doc:`plot_3_do_good_minima_fill_more_space`.

rows = []
for redraw in range(5):
    found = find_minima(N_MEMBERS, seed=MINIMA_SEED, redraw=redraw)
    rows += [
        (found.eigenvalues[k, 0], found.excess_risk[k], k)
        for k in np.flatnonzero(found.interpolates)
    ]
sharp, risk, points = np.transpose(rows)
tau = statistics.kendall_interval(
    sharp, risk, groups=points, seed=BOOTSTRAP_SEED, confidence=0.99
)
low, middle, high = ((1 + at) / 2 for at in (tau.low, tau.value, tau.high))
right["both found"] = statistics.Interval(
    value=middle, low=low, high=high, confidence=0.99, n=tau.n
)

figure, ax = plt.subplots(figsize=(5.6, 3.6))
ax.axvline(0.5, 0, 0.85, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("coin toss", (0.5, 2.4), ha="center", va="bottom")
color = figures.LIGHT["series_a"]
for row, share in enumerate(right.values()):
    ax.plot(share.ends, [row, row], color=color, linewidth=3)
    ax.plot(share.value, row, "D", markersize=9, color=color)
names = [name.replace(" and", "\nand") for name in right]
ax.set_yticks(range(len(right)), names)
ax.set(xlim=(-0.03, 1.03), ylim=(-0.5, 2.8))
ax.set(xlabel="how often the flatter is the better")
ax.set_title("It depends on who made them")
percent = [f"{share.value:.0%}" for share in right.values()]
figures.show(
    figure,
    caption="How often the flatter of two minima of the same points is the "
    "better one, with 99% intervals, for three kinds of pairs.",
    alt=f"Three rows: {percent[0]} for found and made bad, {percent[1]} for "
    f"rewritten and made bad, {percent[2]} where both were found. A vertical "
    "line marks one half.",
)
measured(
    "flatter-is-not-better-among-found",
    "Of two minima that plain training finds on the same points, the flatter "
    "one is the better one in {:.0%} of all cases. Of a good one and one that "
    "we made bad it is in {made_bad:.0%}, and in {rewritten:.0%} once the "
    "good one is written down differently.",
    right["both found"].below(2 / 3),
    made_bad=right["found and made bad"].above(0.75),
    rewritten=right["rewritten and made bad"].below(0.25),
    wrong_if="the flatter found one might be the better in two thirds of the "
    "cases, or the second share might be below three quarters, or the third "
    "above a quarter",
)

# %%
# What is left of the argument
# ----------------------------
#
# *Bad minima are sharp.* Yes, if somebody makes them bad, and as long as
# nobody rewrites the weights. Training does not get to the rewritten ones by
# itself, so this is a caution, not a refutation:
# :doc:`plot_5_can_sharp_be_good`.
#
# *Sharp minima fill little space.* Yes: bad minima are sharp, and small too.
#
# *So training finds good minima because they are large.* We find no support
# for this step. Minima that training finds hardly differ in risk, so there is
# little to choose, and neither volume nor flatness picks the better ones. By
# the interval above, the flatter one is the worse, if anything. And what keeps
# training from bad minima was not shown to be their size: there are paths from
# good ones to bad ones on which the loss is far lower than on the straight
# line between them (:doc:`plot_4_what_lies_between_minima`).
#
# *So the story's network does not overfit.* This does not follow at all. It
# has not come to a minimum. In the median it fits its points no better than a
# line does: :doc:`/auto_examples/2_is_it_true/plot_1_was_it_luck` has measured
# it. A network that does not fit the noise needs no theory of which way of
# fitting the noise is harmless.
#
# Lessons
# -------
#
# Flatness describes here what damage by wrong points does to a network. It
# does not say why a network without them is well-behaved.
#
# What would? A network starts as a straight line, it takes many steps to bend
# it, and fresh batches undo the chase after single points. That is about
# functions and training, not about the landscape: see
# :doc:`/auto_examples/2_is_it_true/plot_4_which_ingredient`.
#
# What this does not show: that flatness explains nothing elsewhere. These are
# small networks on one line, and one recipe.
#
# .. exercise:: A longer story
#
#    Predict first: does the story come to a minimum in ten times as many
#    steps? Train with ``STORY.replace(epochs=2000)`` on ten of the data sets.
#
#    .. answer::
#
#       No. On these ten, the median training error is still about one noise
#       variance. Some of the runs are below the line's, but none is near zero.
