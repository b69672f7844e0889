# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What did flatness explain?
==========================

The paper's argument: bad minima are sharp, sharp minima fill little space, so
training misses them. Here are the steps side by side, after a question that
comes first: is the story's network at a minimum at all? It is not. And good
minima do fill more space, each of them. How many of each kind there are,
nobody has counted here.
"""

import functools
import itertools

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import (
    curvature,
    data,
    figures,
    landscapes,
    linear,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.curvature.spectra import estimate_spectrum
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.minima import comparable, find_minima

plt.style.use(figures.STYLE)
N_STORIES, STORY_SEED, TRAINING_SEED, PROBE_SEED = 20, 0, 1, 0
N_MEMBERS, MINIMA_SEED, BOOTSTRAP_SEED = 20, 0, 1

# %%
# The story stops before any minimum
# ----------------------------------
#
# The paper :cite:`wu2017` compares minima with a training error near zero. The
# minima of this part are such ones: small networks on ten points, good ones,
# and bad ones that have made a detour over points wrong by 4
# (:doc:`plot_1_are_bad_minima_sharper`). Is the error of the story's network
# near zero, too, or at least below that of the straight line?

samples = data.sample_noisy_many(N_STORIES, seed=STORY_SEED)
story = fit_ensemble(samples.x, samples.y, seed=TRAINING_SEED)
misses = story.last().predict(samples.x) - samples.y
find = functools.cache(
    functools.partial(find_minima, N_MEMBERS, seed=MINIMA_SEED)
)
minima = {
    "no detour": find(offset=0, redraw=0),
    "right points": find(placebo=True),
    "wrong points": find(offset=4, redraw=0),
}
noise_variance = samples.noise_std**2
story_error = np.mean(misses**2, axis=1) / noise_variance
pairs = list(zip(samples.x, samples.y, strict=True))
fitted = np.array([linear.fit_line(x, y)(x) for x, y in pairs])
line_error = np.mean((fitted - samples.y) ** 2, axis=1) / noise_variance

figure, ax = plt.subplots(figsize=(5.6, 4.8))
at_good, at_bad = (
    found.training_error[found.interpolates] / found.points.noise_std**2
    for found in (minima["no detour"], minima["wrong points"])
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
error, to_line = (
    statistics.quantile_interval(values, confidence=0.99)
    for values in (story_error, story_error / line_error)
)
measured(
    "story-is-at-no-minimum",
    "The story's run ends at no minimum that the paper's argument is about: "
    "the training error at its last step is {:.2f} noise variances, and "
    "{to_line:.2f} times the straight line's, in the median.",
    error.above(0.5),
    to_line=to_line.above(0.8),
    wrong_if="it might be half the noise variance, or four fifths of the "
    "line's",
    headline=True,
    threshold_from="after seeing",
)

# %%
# Its Hessian says the same. With residuals that large, it has eigenvalues of
# both signs, and along a negative one the loss still falls. We look for some
# by Lanczos' method: any value that it finds lies between the true extremes
# :cite:`ghorbani2019`.

model, edges = story[0].to_keras(), []
for fit, (x, y) in zip(story, pairs, strict=True):
    model.set_weights(list(fit.weights))
    hessian = landscapes.hessian_operator(model, x, y, dtype="float32")
    seen = estimate_spectrum(
        hessian, seed=PROBE_SEED, n_probes=2, n_lanczos_steps=12
    ).nodes
    edges.append(seen.min() / seen.max())
lowest = statistics.bootstrap_interval(
    edges, np.mean, seed=BOOTSTRAP_SEED, confidence=0.99
)

figure, ax = plt.subplots(figsize=(5.6, 3.8))
bars = 100 * np.sort(edges)
ax.bar(range(1, N_STORIES + 1), bars, color=figures.LIGHT["network"])
ax.set(xlabel="seed, in order", ylabel="lowest / largest, %")
ax.set_xticks([1, 5, 10, 15, 20])
ax.grid(axis="x", visible=False)
ax.set_title("At its last step, the loss would still fall")
figures.show(
    figure,
    caption="The lowest eigenvalue that is found at the story's last step, in "
    "percent of the largest, for each seed.",
    alt="Twenty bars that hang down from zero, in order of their length. The "
    "longest reach several percent, the shortest hardly leave zero.",
)
measured(
    "the-story-ends-on-a-slope",
    "At the story's last step the Hessian has a negative eigenvalue: the "
    "lowest that is found is {:.1%} of the largest, on average over {n} "
    "seeds.",
    lowest.below(-1e-3),
    threshold_from="after seeing",
)

# %%
# A good bowl is larger, hundreds of millions of times
# ----------------------------------------------------
#
# Now the argument itself. In one direction, a flat valley has a little more
# room than a sharp one. In many directions, such factors multiply. Near a
# minimum the loss is a bowl, with the Hessian :math:`H` as its shape. How much
# of the space around it has a low loss? Draw a step from a Gaussian of
# standard deviation :math:`\tau`, and count it with the weight
# :math:`e^{-\text{rise} / \varepsilon}`. The mean is the bowl's *volume*. Its
# logarithm is exact:
#
# .. math:: -\tfrac12 \log\det\Bigl(I + \tfrac{\tau^2}{\varepsilon} H\Bigr)
#
# Someone has to choose the reach :math:`\tau` and the tolerance
# :math:`\varepsilon`, but only :math:`\tau^2 / \varepsilon` matters. Ours:
# :math:`\tau = 0.2` in units of a weight, and a hundredth of the noise
# variance.

SCALE = 0.2**2 / (0.01 * minima["no detour"].points.noise_std ** 2)


def volumes(found, scale=SCALE):
    """Return the logarithm to base ten of the volume of each minimum."""
    logarithms = [
        curvature.log_volume(values, prior_std=scale**0.5, tolerance=1.0)
        for values in found.eigenvalues
    ]
    return np.array(logarithms) / np.log(10)


kept = comparable(*minima.values())


def smaller(name, scale=SCALE):
    """Return by how many decades a bowl is smaller than the good one."""
    good = volumes(minima["no detour"], scale)
    gap = (good - volumes(minima[name], scale))[kept]
    return statistics.quantile_interval(gap, confidence=0.99)


figure, ax = plt.subplots(figsize=(5.6, 3.8))
roles = dict(zip(minima, ("network", "line", "series_a"), strict=True))
for row, (name, role) in enumerate(roles.items()):
    if name == "no detour":
        ax.annotate(" the good bowl", (0, row), va="center")
        continue
    found = smaller(name)
    ax.barh(row, found.value, height=0.6, color=figures.LIGHT[role])
    ink = {"color": figures.LIGHT["ink"], "linewidth": 2.5}
    ax.plot(found.ends, [row, row], **ink)
    text = f"  $10^{{{found.value:.0f}}}$"
    ax.annotate(text, (found.high, row), va="center", fontsize=18)
ticks = [0, 3, 6, 9]
ax.set_xticks(ticks, ["1", "1,000", "1e6", "1e9"])
ax.set_yticks(range(len(roles)), list(roles))
ax.set(xlim=(0, 12.2), ylim=(2.6, -0.6), xlabel="times smaller (log scale)")
ax.grid(axis="y", visible=False)
ax.set_title("How much smaller than the good bowl")
figures.show(
    figure,
    caption="The volume of a good minimum over that of one after a detour, on "
    "the same points: medians, with 99% intervals.",
    alt="Bars on a logarithmic axis. After right points a bowl is about a "
    "hundred times smaller. After wrong points it is ten to the "
    f"{smaller('wrong points').value:.0f} times smaller.",
)
measured(
    "volume-orders-good-and-bad",
    "On the same points, the bowl of a good minimum is ten to the {:.1f} "
    "times as large as that of a bad one, in the median.",
    smaller("wrong points").above(6),
    wrong_if="it might be less than a million times",
    threshold_from="after seeing",
)

# %%
# A detour over right points does not sharpen a minimum, but it does cost
# volume. And the exponents depend on the scale that we chose:

scales = SCALE * 10.0 ** np.array([-4, -2, 0, 2, 4])
tables.show(
    {
        "scale": ["1/10,000 of ours", "1/100", "ours", "100", "10,000"],
        "right points": [smaller("right points", s).value for s in scales],
        "wrong points": [smaller("wrong points", s).value for s in scales],
    },
    right_points=".1f",
    wrong_points=".1f",
)

# %%
# Does the larger bowl give the better network?
# ---------------------------------------------
#
# Between good and bad, yes; but we made them so. What of minima of the same
# loss, with the same history? From other first weights, the same detour over
# the same wrong points leads to another bad minimum, and plain training to
# another good one. We compare those of the same points only.


def gather(offset, n_draws):
    """Return volume, log risk, sharpness and points of minima."""
    columns = []
    for redraw in range(n_draws):
        found = find(offset=offset, redraw=redraw)
        size, risk = volumes(found), np.log(found.excess_risk)
        for k in np.flatnonzero(found.interpolates):
            columns.append((size[k], risk[k], found.eigenvalues[k, 0], k))
    return np.array(columns).T


def right_guesses(measure, risk, points):
    """Return how often the smaller measure goes with the smaller risk."""
    shares = []
    for mine in (np.flatnonzero(points == k) for k in np.unique(points)):
        pairs = np.array([*itertools.combinations(mine, 2)], int)
        pairs = pairs.reshape(-1, 2).T
        smaller, better = (v[pairs[0]] < v[pairs[1]] for v in (measure, risk))
        shares += [np.mean(smaller == better)] if pairs.size else []
    return statistics.bootstrap_interval(
        shares, np.mean, seed=BOOTSTRAP_SEED, confidence=0.99
    )


made_bad, found = gather(4, n_draws=5), gather(0, n_draws=3)

figure, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.6, 5.6))


def beside_its_own(values, points):
    """Return values less their mean over the minima of the same points."""
    return values - [np.mean(values[points == k]) for k in points]


titles = ("Made bad: the larger is often the better", "Found: all alike")
roles = ("series_a", "network")
for ax, cloud, title, role in zip(
    axes, (made_bad, found), titles, roles, strict=True
):
    size, risk, _, points = cloud
    ax.axhline(1, color=figures.LIGHT["muted"], linewidth=1)
    ax.axvline(0, color=figures.LIGHT["muted"], linewidth=1)
    beside = [beside_its_own(values, points) for values in (size, risk)]
    style = {"color": figures.LIGHT[role], "markersize": 4}
    ax.plot(beside[0], np.exp(beside[1]), "o", **style)
    ax.set(title=title, yscale="log", ylabel="risk / mean")
    ax.set_yticks([0.5, 1, 2], ["0.5", "1", "2"], minor=False)
    ax.minorticks_off()
axes[1].set_xlabel("volume, in decades beyond the mean")
figures.show(
    figure,
    caption="Minima of the same points and the same history, relative to "
    "their (geometric) mean. Above, after a detour over wrong points; below, "
    "by plain training. To the right: more volume. Down: nearer to the truth.",
    alt="Two clouds on the same axes. The upper one slopes from the upper "
    "left to the lower right. The lower one is a flat strip around one: "
    "volumes differ, excess risks hardly.",
)

# %%
# Take two minima of a panel, on the same points and with the same history, and
# guess that the larger bowl is the better network. How often is that right?

size, risk, _, points = made_bad
measured(
    "volume-orders-bad-minima",
    "Of two bad minima of the same loss, made by the same detour from other "
    "first weights, the larger is the better in {:.0%} of cases.",
    right_guesses(-size, risk, points).above(1 / 2),
    threshold_from="theory",
)

# %%
# And of those that training finds by itself? There is little to order. We
# guess by flatness this time, since the argument has both.

_, risk, top, points = found
ratios = np.exp([np.ptp(risk[points == k]) for k in np.unique(points)])
spread = statistics.quantile_interval(ratios, confidence=0.99)
measured(
    "found-minima-are-nearly-alike",
    "From three first weights, plain training finds minima that are nearly "
    "alike: the worst has {:.2f} times the excess risk of the best, in the "
    "median over {n} sets of points.",
    spread.below(1.5),
    wrong_if="the worst might have one and a half times the risk of the best",
    threshold_from="after seeing",
)
flatter = right_guesses(top, risk, points)
print(f"the flatter of two is the better: {flatter:.0%} of cases")

# %%
# Where the risks are nearly alike, a measure has nothing to predict, and no
# correlation can speak for it or against it. That takes networks which differ.
# A large study of such found surprising failures, and promising measures, too
# :cite:`jiang2020`; where such a study can obscure failures and successes was
# shown in turn :cite:`dziugaite2020`.
#
# What is left of the argument
# ----------------------------
#
# *Bad minima are sharp.* Yes, if somebody makes them bad, and as long as
# nobody rewrites the weights.
#
# *Sharp minima fill little space.* Yes, each of them.
#
# *So training finds good minima because they are large.* This was not tested.
# We know the size of a bowl of either kind, but not how many there are. If
# there are hundreds of millions of times as many bad ones, both kinds fill the
# same space. There is a way to find out: draw weights at random until some
# fit, and look. In that, size and number both count. Chiang and others did so
# with few samples :cite:`chiang2023`. They report about the test accuracy of
# stochastic gradient descent, and conclude that its bias is not needed. We
# have not tried it here. And a bowl is not all the space around a minimum:
# paths of low loss lead from good ones to bad ones
# (:doc:`plot_2_what_does_the_landscape_look_like`).
#
# *So the story's network does not overfit.* This does not follow at all. It
# has not come to a minimum. A network that does not fit the noise needs no
# theory of which way of fitting the noise is harmless.
#
# Lessons
# -------
#
# Flatness describes what wrong points do to a network. It does not say why the
# story's network, without them and at no minimum, is well-behaved.
#
# What would? A network starts as a straight line, it takes many steps to bend
# it, and fresh small batches make it take more. That is about
# functions and training, not about the landscape: see
# :doc:`/auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line`.
#
# One part of the argument stands, as a theorem: in networks of one hidden
# layer, bends amid the points make weights sharp, and the steps of gradient
# descent cannot stay there:
# :doc:`/auto_examples/3_function_space/plot_3_which_bends_can_training_keep`.
#
# What this does not show: whether good minima fill more space *together* than
# bad ones do; nor anything about other networks than these small ones, on ten
# points along a line.
#
# .. exercise:: A longer story
#
#    Predict first: does the story come to a minimum in ten times as many
#    steps? Train with ``STORY.replace(epochs=2000)``, from
#    ``overfit_tutorial.training``, on ten of the data sets.
#
#    .. answer::
#
#       No. On these ten, the median training error is still about one noise
#       variance. Some of the runs are below the line's, but none is near zero.
#
# .. exercise:: Walking out of a bowl
#
#    One could measure a bowl by walking from its bottom in random directions
#    until the loss has risen by :math:`\varepsilon`. Predict first: do such
#    radii know the volume? In a bowl of :math:`P` dimensions, the mean of
#    :math:`1/r^2` is :math:`\operatorname{tr} H / 2 \varepsilon P`. Take eight
#    rays from each bad minimum by ``directions.ray_radius(bad.loss(k),
#    bad.weights(k), tolerance=0.00025, seed=k, n_rays=8)``, from
#    ``overfit_tutorial.weights``, with ``bad = minima["wrong points"]``, and
#    turn them back into a trace.
#
#    .. answer::
#
#       They know the trace, and no more: what they say of it is 0.87
#       times the exact one, in the mean over bad minima. The volume needs all
#       eigenvalues. Even so, one ray is a poor measure: of eight, the longest
#       is more than twice the shortest, in the median.
#
# .. exercise:: Worse points
#
#    Predict first: is the larger bowl the better network after points wrong by
#    8, too? Compute ``right_guesses`` for ``gather(8, n_draws=5)``.
#
#    .. answer::
#
#       In two cases of three: somewhat less often than after points wrong by
#       4.
