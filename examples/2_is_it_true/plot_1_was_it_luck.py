# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Was it luck?
============

Another seed draws other points, other first weights, other batches. We train
200 networks, each on its own hundred points, and ask of each what it is: how
much of its error is bends, and how much of the noise it follows. We expect
the picture to hold and the numbers to vary.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import (
    data,
    figures,
    fingerprints,
    ladder,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY

plt.style.use(figures.STYLE)
N_SEEDS, N_DRAWN = 200, 20
N_DATASETS, N_REDRAWS = 40, 4
DATA_SEED, TRAINING_SEED, SEED = 0, 1, 2

# %%
# Twenty networks, no wild curve
# ------------------------------
#
# ``STORY`` is the recipe of the experiment, with its 40,701 parameters and 800
# steps. ``fit_ensemble`` does what twenty calls of ``fit`` would, in seconds.
# What is left of such a curve if we subtract the truth?

assert STORY.n_parameters() == 40_701
samples = data.sample_noisy_many(N_DRAWN, seed=DATA_SEED)
fits = fit_ensemble(samples.x, samples.y, seed=TRAINING_SEED)
grid = np.linspace(0, 20, 401)
off = fits.predict(grid) - samples.truth(grid)

figure, axes = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
thin = {"color": figures.LIGHT["network"], "linewidth": 0.9}
straight = {"color": figures.LIGHT["truth"], "linestyle": (0, (5, 3))}
axes[0].plot(grid, (samples.truth(grid) + off).T, **thin)
axes[0].plot(grid, samples.truth(grid), **straight)
axes[0].set(ylabel="y", title="Twenty networks ...")
axes[1].plot(grid, off[:8].T, **thin)
axes[1].axhline(0, **straight)
axes[1].set(xlabel="x", ylabel="y - truth", title="... minus the truth")
axes[1].set_xticks(range(0, 21, 5))
figures.show(
    figure,
    caption="Each network was trained on its own points. Below, eight of them "
    "minus the dashed truth: mostly straight, and bent near the left end.",
    alt="Above, twenty thin curves run close to a rising dashed line, none of "
    "them wild. Below, the difference of eight of them from that line: nearly "
    "straight lines of different heights and tilts that fan out to the right, "
    "with bends at their left ends.",
)

# %%
# A straight line, badly aimed
# ----------------------------
#
# Straight lines, mostly! None has quite the right height and tilt. So we split
# the excess risk: one part is the straight line nearest to the curve, the rest
# is bends. And we count. The mean of the noise followed, times the number of
# points, is how many parameters such a fit effectively uses; least squares
# uses two for a line. Now for two hundred seeds. A sweep trains, judges, and
# keeps the numbers, so that the page is quick the next time.

table = run_sweep(
    judge_recipe,
    {"redraw": [0]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=N_DATASETS,
)
fingerprints.state("luck", table)
straight_share = statistics.quantile_interval(
    table.straight / table.risk, confidence=0.99
)
effective = statistics.bootstrap_interval(
    100 * table.followed, np.mean, seed=0, confidence=0.99
)

figure, ax = plt.subplots()
names = ("least squares", "join the dots", "always the mean")
rungs = {
    name: (ladder.noise_followed()[name], ladder.rungs()[name])
    for name in names
}
seen = table.followed.clip(lower=-0.02)
figures.plot_plane(ax, rungs, fits={"network": (seen, table.risk, "network")})
ax.set_title("Wrong, but hardly by following noise")
figures.show(
    figure,
    caption="Each dot is one of two hundred networks, the diamond their "
    "median. Upward is further from the truth, to the right is more noise "
    "followed. A line that is aimed by chance may follow less than none; "
    "those below -2% stand at the left edge.",
    alt="A tall cloud of dots: noise followed from below zero to a fifth, and "
    "excess risks from below that of least squares to about that of joining "
    "the dots. The diamond is close to least squares in noise followed, and "
    "well above it. Joining the dots stands alone at 100%.",
    headline=True,
)

measured(
    "a-line-badly-aimed",
    "The network is nearly a straight line, badly aimed: wrong height and "
    "tilt are {:.0%} of its excess risk, in the median. Of its 40,701 "
    "parameters it effectively uses {effective_parameters:.1f}, on average.",
    straight_share.above(0.67),
    effective_parameters=effective.inside(1, 8),
    headline=True,
    threshold_from="after seeing",
)

# %%
# It hardly chases the points
# ---------------------------
#
# Does it hide more? The training error alone would not tell. Exactly,
#
# .. math::
#
#    \text{training error} = \frac{1 - 2 s}{n} \sum_i \varepsilon_i^2
#    + \frac{1}{n} \sum_i (f(x_i) - t(x_i))^2
#
# for the noise :math:`\varepsilon_i` of the points and the share :math:`s` of
# it that is followed. So a training error that does not fall can hide noise
# that is followed, if the distance to the truth grows as fast.

noise = samples.y - samples.truth(samples.x)
fitted = fits.predict(samples.x)
s = data.noise_followed(fitted, samples.truth, samples.x, samples.y)
distance = np.mean((fitted - samples.truth(samples.x)) ** 2, axis=1)
parts = {
    "noise": np.mean(noise**2, axis=1),
    "gained by following": -2 * s * np.mean(noise**2, axis=1),
    "lost by distance": distance,
    "training error": np.mean((fitted - samples.y) ** 2, axis=1),
}
means = {name: [np.mean(values)] for name, values in parts.items()}
tables.show(means, **{name.replace(" ", "_"): ".2f" for name in means})

# %%
# So we look at both, and at where in *x* the noise is followed. The first
# quarter, from 0 to 5, is unlike the others. There the bends are.

quarters = table[[f"followed_quarter_{k}" for k in (1, 2, 3, 4)]].to_numpy()
rest = quarters[:, 1:].mean(axis=1)
means = [
    statistics.bootstrap_interval(values, np.mean, seed=0, confidence=0.99)
    for values in (*quarters.T, rest, quarters[:, 0] - rest)
]
left = statistics.quantile_interval(
    table.turning_left / table.turning, confidence=0.99
)
ratio = statistics.quantile_interval(
    table.error / table.line_error, confidence=0.99
)

figure, ax = plt.subplots(figsize=(5.6, 3.2))
# Of a least-squares line: its leverage, averaged over each quarter.
line_follows = np.array([11, 5, 5, 11]) / 400
values = np.array([found.value for found in means[:4]])
ends = np.array([found.ends for found in means[:4]])
ax.bar(range(4), values, color=figures.LIGHT["network"], width=0.6)
ax.vlines(range(4), *ends.T, color=figures.LIGHT["ink"], linewidth=2)
ax.hlines(
    line_follows,
    np.arange(4) - 0.4,
    np.arange(4) + 0.4,
    color=figures.LIGHT["line"],
    linewidth=3,
)
ax.set_xticks(range(4), ["0 to 5", "5 to 10", "10 to 15", "15 to 20"])
ax.yaxis.set_major_formatter("{x:.0%}")
ax.grid(axis="x", visible=False)
ax.set(xlabel="x", ylabel="noise followed", title="It follows on the left")
figures.show(
    figure,
    caption="Means over two hundred seeds with their 99% intervals, and what "
    "a least-squares line is expected to follow (short lines).",
    alt="Four bars. The first is about a tenth high, many times the line's "
    "share there; the other three are near the line's.",
)

measured(
    "no-noise-chased",
    "The network hardly chases its points: its error on them is {:.2f} times "
    "a straight line's, in the median. Right of x = 5 it follows "
    "{in_the_rest:.1%} of the noise, about as much as a line does. Left of it "
    "the chase has begun, with {more_on_the_left:.0%} of the noise on top. "
    "There it bends: {of_the_bends:.0%} of its turns are left of x = 2.",
    ratio.above(0.95),
    in_the_rest=means[4].below(0.05),
    more_on_the_left=means[5].above(0.01),
    of_the_bends=left.above(0.75),
    wrong_if="it might fit its points better than 0.95 times the line's "
    "error, follow 5% of the noise right of x = 5 or no more than 1% beyond "
    "that left of it, or turn less than three quarters left of x = 2",
    threshold_from="after seeing",
)

# %%
# But it is not as good as the line
# ---------------------------------
#
# "They look pretty similar" is a judgment of the eye. Excess risk has a long
# tail, so we quote medians and shares rather than means.

risk = {
    "network": table.risk.to_numpy(),
    "averaged": table.averaged_risk.to_numpy(),
    "line": table.line_risk.to_numpy(),
}
loses, twice = (
    statistics.share_interval(
        risk["network"] > factor * risk["line"], confidence=0.99
    )
    for factor in (1, 2)
)
times = statistics.quantile_interval(
    risk["network"] / risk["line"], confidence=0.99
)

figure, ax = plt.subplots(figsize=(5.6, 3.2))
rows = {
    "line": (risk["line"], "line"),
    "averaged\nweights": (risk["averaged"], "series_b"),
    "network": (risk["network"], "network"),
}
costs = {"least squares": ladder.least_squares()}
costs["dots"] = ladder.join_the_dots()
figures.plot_studies(ax, rows, costs)
ax.set_title("Two hundred seeds on the ladder")
figures.show(
    figure,
    caption="Each dot is one seed, each diamond a median with its 99% "
    "interval. Averaged weights are explained below.",
    alt="Three rows of dots on a logarithmic axis of excess risk. Medians: "
    f"line {np.median(risk['line']):.2f}, averaged weights "
    f"{np.median(risk['averaged']):.2f}, network "
    f"{np.median(risk['network']):.2f}. The network's row reaches beyond the "
    f"cost of joining the dots, {costs['dots']:.2f}.",
)

measured(
    "network-loses-to-the-line",
    "For {:.0%} of {n} seeds, the network is further from the truth than the "
    "line fitted to the same points. Its excess risk is more than twice the "
    "line's for {twice:.0%}, and {times:.1f} times the line's in the median.",
    loses.above(0.75),
    twice=twice.above(0.5),
    wrong_if="the network might lose for three quarters of the seeds or "
    "fewer, or by more than a factor of two for half of them or fewer",
    times=times.value,
    threshold_from="after seeing",
)

# %%
# The last step is a lottery
# --------------------------
#
# Why is it so badly aimed? Adam with a constant step size and small batches
# never settles: the line keeps shaking. The mean of the weights over the
# second half of the training does not shake :cite:`izmailov2018`. Nothing else
# changes: the same run, the same steps. So the factor above is largely the
# size of the last steps. :doc:`A tenth of the learning rate
# </auto_examples/2_is_it_true/plot_3_is_it_the_recipe>` shows the same.

shrinks = statistics.quantile_interval(
    risk["averaged"] / risk["network"], confidence=0.99
)
measured(
    "averaging-helps",
    "Averaging the weights over the last 100 epochs leaves {:.0%} of the "
    "excess risk, in the median.",
    shrinks.below(0.8),
    threshold_from="after seeing",
)

# %%
# .. guess:: Some networks end much nearer to the truth than others. Why?
#
#    .. answer:: they had better points
#
#       Little of it. On the same points, networks end nearly as far apart.
#
#    .. answer:: they had better first weights and batches
#
#       Yes, most of it: the same points do not make the same network.
#
#    .. answer:: half of it is this, half that
#
#       No. For averaged weights the points count for more, as the line that
#       is printed below says.
#
# So is it bad luck with the points, or with the last steps? Take the first 40
# of the data sets, and on each of them 4 networks that differ only in first
# weights and batches. An analysis of variance splits the spread of the
# logarithm of the risk: so much between data sets, so much within one.

nested = run_sweep(
    judge_recipe,
    {"redraw": range(N_REDRAWS)},
    seed=SEED,
    n_seeds=N_DATASETS,
    seeds_per_block=N_DATASETS,
)
fingerprints.state("nested", nested)
of_data = {}
for name in ("risk", "averaged_risk"):
    draws = nested.pivot(index="seed", columns="redraw", values=name)
    of_data[name] = statistics.variance_components(
        np.log(draws), seed=0, confidence=0.99
    ).share
print(f"with averaged weights: {of_data['averaged_risk']:.0%} from the data")

measured(
    "mostly-luck-of-the-draw",
    "Of the spread of the excess risk at the last step, as the variance of "
    "its logarithm, {:.0%} comes from the data. The rest is the luck of first "
    "weights and batches.",
    of_data["risk"].below(0.5),
    threshold_from="theory",
)

# %%
# Lessons
# -------
#
# It was not luck that no curve is wild: what 800 steps give is a straight line
# with a few bends at its left end, and it has hardly followed the noise. It
# *is* luck how well that line is aimed, and one picture says little of it. The
# median of two hundred is several times as far from the truth as least
# squares. Repeat the experiment before you believe its picture.
#
# What this does not show: what more steps would do. The bends may only need
# time: :doc:`the next page
# </auto_examples/2_is_it_true/plot_2_what_if_we_keep_training>` trains on.
#
# .. exercise:: Does averaging beat the line?
#
#    Predict first: for what share of the seeds are the averaged weights nearer
#    to the truth than the line is? Print
#    ``(table.averaged_risk < table.line_risk).mean()``, and the same for the
#    last step.
#
#    .. answer::
#
#       For fewer than one in four, after fewer than one in eight at the last
#       step. Less unrest brings the network closer to the line, seldom past
#       it: the truth is a line, and least squares knows that.
#
# .. exercise:: Would twenty seeds have been enough?
#
#    Predict first: how wide are the intervals with ``N_SEEDS = 20`` instead of
#    200? Which of the page's claims would stop it?
#
#    .. answer::
#
#       That the network loses to the line is clear after twenty seeds. By how
#       much is not: one end of the factor's interval is more than five times
#       the other, and whether "more than three times" can still be claimed is
#       luck.
