# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
More than one dimension?
========================

Every page so far has one input, and most problems have more. So the line
becomes a plane over 2, 5, 10 or 50 inputs, and all else is the story's. We
expected the network to follow more noise with each input, a third of it with
ten, and nearly all of it with fifty. We also expected that to be a matter of
step size. We were wrong twice: ten inputs are enough, and with five, no step
size that we tried keeps the noise out.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from overfit_tutorial import (
    draws,
    exact,
    figures,
    fingerprints,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured, number
from overfit_tutorial.studies.dimensions import judge_dimensions, true_plane
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
SEED, CROSS_SEED, BIRTH_SEED, N_SEEDS, N_FEW = 110, 111, 112, 64, 20
INPUTS = [1, 2, 5, 10, 50]

# %%
# .. guess:: How much of the noise does the network follow with ten inputs?
#
#    With one, it is a few percent. There are a hundred points, as before, and
#    a plane has eleven parameters.
#
#    .. answer:: about a tenth, like the plane
#
#       So it would be, if it still were nearly a plane.
#
#    .. answer:: about a third
#
#       So we thought.
#
#    .. answer:: nearly all of it
#
#       Yes. It runs through its points, after the same 800 steps.
#
# The same plane in more directions
# ---------------------------------
#
# Each of *d* inputs is uniform on 0 to 20. The truth is
#
# .. math:: t(x) = 10 + \frac{0.7}{\sqrt d} \sum_j (x_j - 10) ,
#
# the story's line if *d* is one. It has the same mean and the same variance
# for every *d*, so the noise is as large beside it as ever. The network gains
# a hundred weights with each input, on top of 40,701. Its rival is no longer
# the least-squares line but the plane, which has :math:`d + 1` parameters, and
# uses as many.


def judge(n_seeds=N_FEW, seed=CROSS_SEED, **changes):
    """Return the table of some networks with several inputs."""
    many = {"seed": seed, "n_seeds": n_seeds, "seeds_per_block": N_FEW}
    grid = {name: [value] for name, value in changes.items()}
    return run_sweep(judge_dimensions, grid, **many)


found = {d: judge(N_SEEDS, SEED, n_inputs=d) for d in (1, 2, 10)}
found |= {d: judge(n_inputs=d) for d in (5, 50)}
said = ["n_inputs", "followed", "error", "risk"]
fingerprints.state("inputs", pd.concat(found.values())[said])


def mean(values):
    """Return the mean over seeds with its 99% interval."""
    options = {"seed": 0, "confidence": 0.99}
    return statistics.bootstrap_interval(values, np.mean, **options)


def middle(values):
    """Return the median over seeds with its 99% interval."""
    return statistics.quantile_interval(values, confidence=0.99)


followed = {d: mean(found[d].followed) for d in INPUTS}
planes = {d: mean(found[d].plane_followed) for d in INPUTS}

figure, ax = plt.subplots(figsize=(5.6, 4.4))
every = np.arange(1, 61)
ax.plot(every, every + 1, color=figures.LIGHT["line"], label="plane: d + 1")
heights = [100 * planes[d].value for d in INPUTS]
ax.plot(INPUTS, heights, "o", color=figures.LIGHT["line"], markersize=7)
color = figures.LIGHT["network"]
heights = [100 * followed[d].value for d in INPUTS]
ax.plot(INPUTS, heights, "D-", color=color, markersize=8, label="network")
ends = 100 * np.array([followed[d].ends for d in INPUTS])
ax.vlines(INPUTS, *ends.T, color=color, linewidth=3)
for d, height in zip(INPUTS, heights, strict=True):
    side = {"xytext": (8, -14)}
    if d < 10:
        side = {"xytext": (-8, 4), "ha": "right"}
    side["textcoords"] = "offset points"
    ax.annotate(f"{height:.0f}", (d, height), **side)
ax.axhline(100, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("all of the noise", (1, 101), va="bottom")
ax.set(xscale="log", xlim=(0.8, 62), ylim=(0, 110), xlabel="inputs d")
ax.set_xticks(INPUTS, INPUTS)
ax.minorticks_off()
ax.set_ylabel("effective parameters, of 100 points")
ax.legend(loc="center right")
ax.set_title("One input is the exception")
figures.show(
    figure,
    caption=f"The noise followed, times the hundred points: means over "
    f"{N_SEEDS} seeds, or {N_FEW} with five and with fifty inputs. Bars are "
    "99% intervals. Blue dots are least-squares planes, the curve what is "
    "expected of them.",
    alt="Effective parameters over the number of inputs. The plane's are one "
    "more than the inputs. The network's are "
    + ", ".join(f"{100 * followed[d].value:.0f} at {d}" for d in INPUTS)
    + ".",
    headline=True,
)

measured(
    "a-fact-about-lines",
    "That the network leaves the noise alone is a fact about one input. With "
    "one it follows {with_one:.0%} of it in 800 steps, with two "
    "{with_two:.0%}, with ten {:.0%}. Least squares with ten, a plane, "
    "follows {the_plane:.0%}.",
    followed[10].above(0.75),
    with_one=followed[1].below(0.1),
    with_two=followed[2].above(0.04),
    the_plane=planes[10].below(0.25),
    headline=True,
    wrong_if="with ten inputs it might follow three quarters or less, with "
    "one a tenth or more, with two 4% or less, or the plane a quarter or "
    "more",
    threshold_from="after seeing",
)

# %%
# It is born with its bends among the points
# ------------------------------------------
#
# With one input, :doc:`all bends are born at zero
# </auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line>`, left
# of all points. In 800 steps :doc:`those that count stay near there
# </auto_examples/3_function_space/plot_2_where_does_it_bend>`. Biases are zero
# here, too, and the network still knows no scale: half the input gives half
# the output. But a unit bends where :math:`w \cdot x = 0`, and that now is a
# line, a plane, a wall through the corner of the cube. It misses the cube only
# if all weights of the unit have one sign. Of random weights,
# :math:`2^{1-d}` do.

born = {}
for d in INPUTS[1:]:
    first = draws.first_weights([BIRTH_SEED], (100,) * 5, n_inputs=d)
    born[d] = [array[0] for array in first]
    u = draws.uniforms([BIRTH_SEED], draws.Stream.X, 1000 * d)
    places = (20 * u).astype(np.float32).reshape(1000, d)
    whole = exact.predict(born[d], places)
    half = exact.predict(born[d], places / 2)
    assert (whole == 2 * half).all()  # to the last bit

tables.show(
    {
        "inputs": INPUTS,
        "units that bend in the cube": [1 - 2.0 ** (1 - d) for d in INPUTS],
        "among the points": [
            mean(found[d].born_cutting).value for d in INPUTS
        ],
        "variance in bends": [found[d].born_bent.median() for d in INPUTS],
    },
    units_that_bend_in_the_cube=".0%",
    among_the_points=".0%",
    variance_in_bends=".0%",
)

# %%
# The last column is the share of the newborn network's variance that is left
# if the nearest plane is taken away. Here is one with two inputs, from above.

axis = np.linspace(0, 20, 101)
square = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
x = 20 * draws.uniforms([BIRTH_SEED], draws.Stream.X, 200).reshape(100, 2)
noise = 2 * draws.normals([BIRTH_SEED], draws.Stream.NOISE, 100)[0]
recipe = STORY.replace(n_inputs=2)
fit = fit_network(x, true_plane(x) + noise, recipe, seed=BIRTH_SEED)

figure, axes = plt.subplots(1, 2, figsize=(5.6, 3.4), sharey=True)
heights = {
    "newborn": exact.predict(born[2], square.astype(np.float32)),
    "trained, minus truth": fit.predict(square) - true_plane(square),
}
spacings = 0.1, 0.5  # of the contour lines
for ax, (name, values), apart in zip(
    axes, heights.items(), spacings, strict=True
):
    levels = apart * np.arange(-40, 41)
    lines = {"colors": figures.LIGHT["network"], "linewidths": 1.2}
    ax.contour(axis, axis, values.reshape(101, 101), levels, **lines)
    ax.plot(*x.T, **{**figures.mark("data"), "markersize": 2.5})
    ax.set(aspect="equal", xlabel="first input")
    ax.set_title(name, fontweight="normal")
axes[0].set_ylabel("second input")
title = {"x": 0.02, "ha": "left", "fontsize": 13, "fontweight": "bold"}
figure.suptitle("Bends run through the corner, and the points", **title)
figures.show(
    figure,
    caption="Contour lines, dashed below zero, and the points. Those of a "
    "plane would be straight and parallel. Left: they bend on rays from the "
    f"corner at zero; lines are {spacings[0]} apart. Right: what this network "
    f"gets wrong after 800 steps; lines are {spacings[1]} apart.",
    alt="Two squares with contour lines and the same hundred dots. In the "
    "left one the lines are straight pieces that meet on rays from the lower "
    "left corner. In the right one they are bent, too, and crowd in places.",
)

measured(
    "born-with-bends",
    "With one input, no unit of the first layer is born with its bend among "
    "the points. With two inputs it is {with_two:.0%} of them, with ten "
    "{:.0%}. And a newborn with ten is no plane: in the median, "
    "{in_bends:.0%} of its variance is bends.",
    mean(found[10].born_cutting).above(0.75),
    with_one=number(found[1].born_cutting.max()).equal_to(0),
    with_two=mean(found[2].born_cutting).above(0.25),
    in_bends=middle(found[10].born_bent).above(0.1),
    wrong_if="with ten inputs it might be three quarters of the units or "
    "less, with one a single unit, with two a quarter or less, or bends a "
    "tenth of the variance or less",
    threshold_from="after seeing",
)

# %%
# And here it is no bargain
# -------------------------
#
# With one input, :doc:`to follow all of the noise
# </auto_examples/1_story/plot_1_how_wrong_can_a_curve_be>` need not cost much.
# Here are both numbers. The excess risk of a plane is known exactly. That of a
# network is the mean over a thousand fresh places, with an error that is
# printed here; the intervals count it.

error = {d: (t.risk_error / t.risk).median() for d, t in found.items()}
print(f"typical error of a network's risk: {max(error.values()):.0%} at most")
costs = {d: table.plane_cost.mean() for d, table in found.items()}
signal = 0.7**2 * 20**2 / 12  # the variance of the truth

figure, ax = plt.subplots(figsize=(5.6, 5.0))
fits, left = {}, -0.02
roles = {1: "network", 2: "series_a", 10: "series_b", 50: "series_c"}
for d, role in roles.items():
    fits[f"plane, {d}"] = (d + 1) / 100, costs[d], "line"
    fits[f"{d}"] = found[d].followed.clip(lower=left), found[d].risk, role
figures.plot_plane(ax, {}, fits=fits)
ax.axhline(signal, color=figures.LIGHT["muted"], linewidth=1, zorder=1)
ax.annotate("always the mean", (-0.02, signal * 1.05), va="bottom")
ax.set(xlim=(-0.025, 2.2), ylim=(0.03, 60))
ax.set_title("To the right, and up")
figures.show(
    figure,
    caption="A dot is a network, of a color for each number of inputs, and a "
    "diamond with this number stands at the medians. Dots below "
    f"{left:.0%} are drawn there. Blue: what is expected of planes.",
    alt="The plane of noise followed and excess risk. Planes with more inputs "
    "stand further to the right and higher, along a diagonal. Networks start "
    "near the plane with one input and move right and up much faster, to all "
    "of the noise at ten inputs. At fifty they are above the level of always "
    "answering the mean.",
)

times = middle(found[10].risk / found[10].plane_risk)
measured(
    "following-costs-more",
    "With ten inputs the network is {:.0f} times as far from the truth as "
    "the plane, in the median. With fifty, its excess risk of "
    "{with_fifty:.0f} is above that of a rule that always answers with the "
    "true mean, {mean_rule:.1f}. There the plane, with half as many "
    "parameters as points, has {plane_with_fifty:.1f}.",
    times.above(4),
    with_fifty=mean(found[50].risk).above(signal),
    plane_with_fifty=mean(found[50].plane_risk).below(signal / 2),
    mean_rule=signal,
    wrong_if="the first might be four or less, the second no larger than the "
    "variance of the truth, or the plane's half of that or more",
    threshold_from="after seeing",
)

# %%
# It is not the size of the steps
# -------------------------------
#
# More inputs change something else. A point with *d* inputs is
# :math:`\sqrt d` times as long, and a step of 0.01 for each weight moves the
# output further. So we divide the inputs by :math:`\sqrt d`, or take a tenth
# of the rate, or leave out the small batches, all with five inputs. One more
# doubt: a hundred points are few for ten inputs. So the last row has 550,
# fifty for each of the plane's parameters as in the story, and as many steps.

WAYS = {
    "as it was": {},
    "divided by √5": {"unit": 5**0.5},
    "a tenth of the rate": {"learning_rate": 0.001},
    "all points in each step": {"batch_size": None, "steps": 800},
}

cross = {name: judge(n_inputs=5, **way) for name, way in WAYS.items()}
dense = {"n_inputs": 10, "n_samples": 550, "epochs": 44}
cross["10 inputs, 550 points"] = judge(**dense)
shares = {name: mean(table.followed) for name, table in cross.items()}
least = min((shares[name] for name in WAYS), key=lambda share: share.low)
more = shares["10 inputs, 550 points"]
full = cross["all points in each step"]

figure, ax = plt.subplots(figsize=(5.6, 3.6))
for row, (name, share) in enumerate(shares.items()):
    plane = 100 * cross[name].plane_followed.mean()
    ax.plot(plane, row, "o", color=figures.LIGHT["line"], markersize=7)
    color = figures.LIGHT["network"]
    ends = [100 * end for end in share.ends]
    ax.plot(ends, [row, row], color=color, linewidth=3)
    ax.plot(100 * share.value, row, "D", color=color, markersize=8)
ax.set_yticks(range(len(shares)), list(shares))
ax.set(xlim=(0, 103), ylim=(len(shares) - 0.5, -0.5))
ax.grid(axis="y", visible=False)
ax.set_xlabel("noise followed, %")
ax.set_title("However one steps, it follows", x=-0.55)
risks = [cross[name].risk.median() for name in WAYS]
figures.show(
    figure,
    caption="Orange: networks with five inputs, but for the last row; means "
    f"over {N_FEW} seeds with 99% intervals. Blue: planes. In the median the "
    f"networks' excess risks are {min(risks):.1f} to {max(risks):.1f}, the "
    f"planes' {cross['as it was'].plane_risk.median():.2f}.",
    alt="Five rows, in each an orange mark far to the right of a blue one. "
    + ", ".join(f"{name}: {share.value:.0%}" for name, share in shares.items())
    + ".",
)

measured(
    "not-the-step-size",
    "With five inputs, none of {ways} ways to scale them or to step keeps the "
    "noise out: the network follows {:.0%} of it, or more. Step for step, "
    "small batches slow it: all points in each, and so more passes, follow "
    "{full_batch:.0%} more. With ten inputs and 550 points it follows "
    "{dense:.0%}, and uses some {parameters:.0f} parameters in place of 11.",
    least.above(0.3),
    full_batch=mean(full.followed - cross["as it was"].followed).above(0.1),
    dense=more.above(0.15),
    parameters=550 * more.value,
    ways=len(WAYS),
    wrong_if="any of the ways might follow 30% or less, full batches no more "
    "than 10% beyond small ones, or the network 15% of 550 points or less",
    threshold_from="after seeing",
)

# %%
# What is a fact about lines, and what is not
# -------------------------------------------
#
# This is where the site ends, so here are its limits. These are facts about
# one input:
#
# - The network is :doc:`born as a line
#   </auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line>`, and
#   its first steps can only tilt or lift it.
# - Its bends have to travel before they can chase a point, so
#   :doc:`overfitting comes from the left
#   </auto_examples/2_is_it_true/plot_2_what_if_we_keep_training>`, and late.
# - Eight hundred steps of small batches :doc:`follow hardly any noise
#   </auto_examples/2_is_it_true/plot_1_was_it_luck>`.
# - To join the dots costs :doc:`two thirds of the noise variance
#   </auto_examples/1_story/plot_1_how_wrong_can_a_curve_be>`.
#
# These are not:
#
# - The two numbers, and that a fit is judged by both of them. The plane's
#   count, :math:`d + 1`, is as exact as the line's.
# - :doc:`Counting parameters
#   </auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line>` tells
#   nothing: nine more inputs bring 900 weights on top of 40,701, and a few
#   percent of the noise become nearly all.
# - :doc:`Small batches
#   </auto_examples/2_is_it_true/plot_4_which_ingredient>` slow it, step for
#   step.
# - One seed proves little, and "looks fine" is not a number.
#
# What this does not show: which counts more with ten inputs, that bends are
# born among the points or that a hundred points are few; with one input,
# :doc:`bends at birth
# </auto_examples/5_variants/plot_5_other_activations>` alone do much less. The
# truth at the corner, where all newborns are zero, falls with each input, and
# is not held fixed. And there are truths that are no planes, where a plane
# does not play at home, and inputs that hang together, as those of a picture
# do.
#
# So *why no wild curve?* has an answer for the line: it is born straight,
# stopped early, and shaken by its batches. For your own problem it is a
# question that you now know how to ask.
