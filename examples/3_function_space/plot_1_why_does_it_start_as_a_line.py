# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Why does it start as a line?
============================

Forty thousand random numbers ought to draw something random. What they draw,
before the first step, is a line through zero, as straight as a ruler's edge.
Why is that, and how far from it does training get?
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from overfit_tutorial import (
    data,
    draws,
    figures,
    fingerprints,
    linear,
    statistics,
)
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies.recipe import follow_recipe, judge_recipe
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY
from overfit_tutorial.weights.tangents import tangent_kernel

plt.style.use(figures.STYLE)
BIRTH_SEED, SEED, SIZE_SEED = 70, 2, 71
N_SEEDS, N_FULL, N_FEW = 64, 32, 24
DEPTHS = range(1, 9)

# %%
# .. guess:: How often does an untrained network bend between 0 and 20?
#
#    Five hidden layers, five hundred ReLU units. Each unit can bend once, and
#    a layer can fold what the layer before it bent.
#
#    .. answer:: some hundred times, at random places
#
#       It could, if its biases were not zero.
#
#    .. answer:: a few times
#
#       So it is after some training.
#
#    .. answer:: never
#
#       Yes. Keras begins with biases of zero, and then all bends lie at zero.
#
# None, and for a reason
# ----------------------
#
# A ReLU unit without bias knows no scale: give it twice the input, and it
# gives twice the output. Layers of such units know none either. Keras begins
# with biases of zero. So for :math:`x > 0` the untrained network is
# :math:`f(x) = x f(1)`, whatever its depth: all its bends lie on one spot, at
# zero. (That usual first weights make flat functions is known for one hidden
# layer :cite:`sahs2022`.)

points = data.sample_noisy(seed=BIRTH_SEED)
newborn, bent = {}, []
for depth in DEPTHS:
    seeds = [np.random.SeedSequence([BIRTH_SEED, k]) for k in range(20)]
    weights = draws.first_weights(seeds, (100,) * depth, dtype=np.float64)
    newborn[depth] = weights
    for k in range(20):
        curve = PiecewiseLinear.from_weights([array[k] for array in weights])
        bent.append(curve.total_curvature(1e-9, np.inf))

figure, ax = plt.subplots(figsize=(5.6, 4.4))
grid = np.linspace(-6, 20, 400)
for k in range(8):
    curve = PiecewiseLinear.from_weights([array[k] for array in newborn[5]])
    ax.plot(grid, curve(grid), color=figures.LIGHT["network"], linewidth=1.5)
ax.axvline(0, color=figures.LIGHT["muted"], linewidth=1)
ax.set(xlabel="x", ylabel="y", title="Eight networks before their first step")
figures.show(
    figure,
    caption="The points lie between 0 and 20. There each network is a line; "
    "it bends at zero, and nowhere else.",
    alt="Eight straight lines fan out from zero to the right, and with other "
    "slopes to the left.",
    headline=True,
)

exact(
    "born-a-line",
    "Of {networks} untrained networks, with one to eight hidden layers, {} "
    "bend anywhere right of zero.",
    number(np.count_nonzero(bent)).equal_to(0),
    wrong_if="any of them had a bend at a place above zero",
    headline=True,
    networks=len(bent),
    threshold_from="theory",
)

# %%
# And the first step can only tilt or lift it
# -------------------------------------------
#
# What can a small step do? It adds a little of each parameter's own shape, the
# derivative of the curve by that parameter. Here the scale helps again: a
# derivative by a weight grows in proportion to :math:`x`, and a derivative by
# a bias is the same everywhere. All 40,701 shapes are multiples of two,
# :math:`x` and 1. The eigenvalues of the tangent kernel count such shapes
# :cite:`jacot2018`. Networks that see inputs with their center at zero have
# four: two lines, one to each side.

ranks = {}
for center, rank in ((0, 2), (10, 4)):
    kernels = [tangent_kernel(w, points.x - center) for w in newborn.values()]
    values = np.linalg.eigvalsh(np.concatenate(kernels))[:, ::-1]
    ranks[center] = np.abs(values / values[:, :1])
    assert (ranks[center][:, rank - 1] > 1e-9).all()

exact(
    "rank-two",
    "At birth, the curve can change in two ways only: of {kernels} tangent "
    "kernels, all have a third largest eigenvalue of less than a trillionth "
    "of the first. With centered inputs it can change in four: that is true "
    "of the fifth.",
    number(ranks[0][:, 2].max()).below(1e-12),
    fifth=number(ranks[10][:, 4].max()).below(1e-12),
    kernels=len(ranks[0]),
    wrong_if="any of these untrained networks had a third eigenvalue, or a "
    "fifth, above a trillionth of the first",
    threshold_from="theory",
)

# %%
# So a network that kept its shapes, however long it trained, would find the
# best of all lines, and nothing else. That is least squares, with two
# parameters.

line = linear.fit_line(points.x, points.y)
first = tangent_kernel([w[0] for w in newborn[5]], points.x)
_, shapes = np.linalg.eigh(first)
kept = shapes[:, -2:] @ (shapes[:, -2:].T @ points.y)
exact(
    "linearized-is-least-squares",
    "Trained to the end with the shapes it is born with, the network's "
    "predictions are those of least squares, to a billionth.",
    number(np.abs(kept - line(points.x)).max()).below(1e-9),
    wrong_if="a prediction differed by a billionth",
    threshold_from="theory",
)

# %%
# Training leaves the line slowly
# -------------------------------
#
# But the shapes change while it trains, and the network leaves the line. How
# far? We count the parameters that it effectively uses: the share of the noise
# that it follows, times the number of points
# (:doc:`/auto_examples/1_story/plot_1_how_wrong_can_a_curve_be`). A line uses
# two, a curve through all dots a hundred. The networks are those of
# :doc:`What if we keep training?
# </auto_examples/2_is_it_true/plot_2_what_if_we_keep_training>`.

MOMENTS, LONG = (100, 200, 400, 800, 1600, 3200, 6400), 12_800


def follow(batch_size, moments, n_seeds):
    """Return the effective parameters at some moments, with intervals."""
    table = run_sweep(
        follow_recipe,
        {"batch_size": [batch_size], "moments": [moments]},
        seed=SEED,
        n_seeds=n_seeds,
        seeds_per_block=n_seeds,
    )
    return [
        statistics.bootstrap_interval(
            100 * table[f"followed_{moment}"], np.mean, seed=0, confidence=0.99
        )
        for moment in moments
    ]


# All points take longer, and so do more steps: of these there are fewer.
used = {
    "batches of 32": follow(32, MOMENTS, N_SEEDS) + follow(32, (LONG,), N_FEW),
    "full batch": follow(None, MOMENTS, N_FULL),
}

figure, ax = plt.subplots(figsize=(5.6, 4.8))
roles = {"batches of 32": ("network", "o"), "full batch": ("series_a", "s")}
for name, (role, marker) in roles.items():
    color = figures.LIGHT[role]
    middle = [found.value for found in used[name]]
    steps = (*MOMENTS, LONG)[: len(middle)]
    ax.plot(steps, middle, marker=marker, color=color, label=name)
    ends = np.transpose([found.ends for found in used[name]])
    ax.vlines(steps, *ends, color=color, linewidth=1.5)
for height, label in ((2, "a line"), (100, "all dots")):
    ax.axhline(height, color=figures.LIGHT["muted"], linewidth=1)
    ax.annotate(label, (LONG, height), ha="right", va="bottom")
ax.axvline(800, color=figures.LIGHT["grid"], linewidth=6, zorder=0)
ax.set(xscale="log", yscale="log", ylim=(1, 150), xlabel="steps")
ax.set_ylabel("effective parameters")
ticks = (100, 400, 1600, 6400, LONG)
ax.set_xticks(ticks, [f"{moment:,}" for moment in ticks])
ax.minorticks_off()
ax.legend(loc=(0.02, 0.6))
ax.set_title("It takes many steps to use many parameters")
figures.show(
    figure,
    caption=f"Means over {N_SEEDS} networks, at {LONG:,} steps {N_FEW}, and "
    f"over {N_FULL} with all points in every step, with their 99% intervals. "
    "The story stops at 800 steps, the gray bar. Both axes are logarithmic.",
    alt="Two rising curves over the number of steps. They begin near two, the "
    "count of a straight line, and end below a hundred. At 800 steps "
    "batches of 32 are at "
    f"{used['batches of 32'][3].value:.0f}, full batches at "
    f"{used['full batch'][3].value:.0f}; at {MOMENTS[-1]:,} steps, "
    f"{used['batches of 32'][-2].value:.0f} and "
    f"{used['full batch'][-1].value:.0f}.",
)

measured(
    "uses-a-few",
    "After {steps:,} steps, eight times the story's, a network of "
    "{parameters:,} parameters effectively uses {:.0f}, and {later:.0f} after "
    "{long:,}. With all points in every step, {steps:,} steps make it use "
    "{full_batch:.0f}.",
    used["batches of 32"][-2].inside(2, 20),
    later=used["batches of 32"][-1].inside(2, 30),
    full_batch=used["full batch"][-1].inside(20, 100),
    wrong_if="the first two intervals reached two, the count of a line, or "
    "twenty and thirty, or the last one reached down to twenty",
    parameters=STORY.n_parameters(),
    steps=MOMENTS[-1],
    long=LONG,
    threshold_from="after seeing",
)

# %%
# In 800 steps, no size uses many
# -------------------------------
#
# Perhaps the story's network is a lucky size. Here are others, from hundreds
# of parameters to a million, with the same 800 steps.

shapes = [(100,) * depth for depth in (1, 2, 3, 5, 8)]
shapes += [(10,) * 5, (30,) * 5, (1000, 1000)]
sizes = pd.concat(
    [
        run_sweep(
            judge_recipe,
            {"hidden_widths": some},
            seed=SIZE_SEED,
            n_seeds=n_seeds,
        )
        for some, n_seeds in ((shapes[:-1], N_SEEDS), (shapes[-1:], N_FEW))
    ],
    ignore_index=True,
)
fingerprints.state("sizes", sizes)
parameters, effectively = [], []
for widths in shapes:
    recipe = STORY.replace(hidden_widths=widths)
    parameters.append(recipe.n_parameters())
    followed = 100 * sizes.followed[sizes.hidden_widths == widths]
    effectively.append(
        statistics.bootstrap_interval(
            followed, np.mean, seed=0, confidence=0.99
        )
    )

figure, ax = plt.subplots(figsize=(5.6, 5.4))
order = np.argsort(parameters)
for row, k in enumerate(order):
    story = shapes[k] == STORY.hidden_widths
    color = figures.LIGHT["network" if story else "series_a"]
    ax.plot(effectively[k].ends, [row, row], color=color, linewidth=2)
    ax.plot(effectively[k].value, row, "o", color=color, markersize=8)
ax.axvline(2, color=figures.LIGHT["line"], linewidth=2)
ax.annotate("a line", (2.1, len(order) - 0.6), va="bottom")
names = [f"{len(widths)} × {widths[0]:,}" for widths in shapes]
ax.set_yticks(
    range(len(order)), [f"{names[k]}: {parameters[k]:,}" for k in order]
)
ax.set(xlim=(0, 12), ylim=(-0.6, len(order) + 0.2))
ax.grid(axis="y", visible=False)
ax.set_xlabel("effective parameters")
times = max(parameters) / min(parameters)
ax.set_title(f"{times:,.0f} times the parameters, a few in use", x=-0.5)
figures.show(
    figure,
    caption="Layers × units of each, and all parameters. Means over "
    f"{N_SEEDS} networks after 800 steps, over {N_FEW} of the largest, with "
    "99% intervals. The story's network is in orange.",
    alt="Eight rows from three hundred to a million parameters, with marks "
    "between "
    f"{min(found.value for found in effectively):.1f} and "
    f"{max(found.value for found in effectively):.1f} effective parameters. "
    "A vertical line at two runs through the intervals or left of them.",
)

most = max(effectively, key=lambda found: found.high)
measured(
    "size-does-not-matter",
    "From {smallest:,} to {largest:,} parameters, all sizes of network "
    "effectively use a few in 800 steps: {:.1f} at most, on average.",
    most.below(10),
    wrong_if="the interval of the largest of these eight means reached ten",
    smallest=min(parameters),
    largest=max(parameters),
    threshold_from="after seeing",
)

# %%
# Lessons
# -------
#
# It starts as a line because nothing in it has a scale: no bias, so no place
# to bend but zero. Then 800 steps are too few to make much else of it. To
# count parameters is to count what could be used, not what is.
#
# What this does not show: why the bends then come from the left. That is
# :doc:`the next page's
# </auto_examples/3_function_space/plot_2_where_does_it_bend>` question. And it
# is a fact about biases of zero and one input: with random biases a network is
# born with bends everywhere.
#
# All of this was judged by a truth that one does not have at home.
# :doc:`/auto_examples/2_is_it_true/plot_5_could_i_have_known` says what can be
# seen without it.
#
# .. exercise:: Biases of its own
#
#    Predict first: if the biases are drawn with a standard deviation of 1
#    instead of zero, what is the rank of the tangent kernel at birth? Give
#    ``bias_std=1.0`` to ``draws.first_weights``, and look where the page
#    stops.
#
#    .. answer::
#
#       The page stops at its first claim: the networks now bend right of zero.
#       Each bend is a shape of its own, and the kernel has as many sizable
#       eigenvalues as the bends among the points can tell apart.
#
# .. exercise:: Divide instead of shift
#
#    Predict first: if the inputs are divided by 10 instead of shifted by 10,
#    in how many ways can the curve change at birth? Write ``points.x /
#    max(center, 1)`` in the place of ``points.x - center``, and look where the
#    page stops.
#
#    .. answer::
#
#       In two, as before: what knows no scale does not mind another one. The
#       page stops where it finds no third and fourth way.
