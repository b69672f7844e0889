# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What does the landscape look like?
==================================

Pictures of loss landscapes have peaks, and separate valleys between them. Ours
has 2,701 dimensions, so we feel our way: how it curves at a minimum, how it
rises around it, and what lies between two of them. We expect as many curved
directions as points, narrow valleys around bad minima, and mountains on the
way. A bent path avoids the mountains.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import figures, landscapes, statistics
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.minima import comparable, find_minima
from overfit_tutorial.weights import directions, paths
from overfit_tutorial.weights.symmetries import align_permutation

plt.style.use(figures.STYLE)
N_MEMBERS, SEED, PROBE_SEED, DIRECTION_SEED, PATH_SEED = 24, 0, 0, 1, 2
N_PAIRS, N_DIRECTIONS, N_PROBES = 20, 3, 8

# %%
# Curved in ten directions, flat in all others
# --------------------------------------------
#
# *Good* and *bad* minima fit the same ten points exactly, and come from the
# same first weights; the bad one has made a detour over points wrong by 8, as
# in :doc:`plot_1_are_bad_minima_sharper`. *Other* is a second good one, from
# other first weights.

good = find_minima(N_MEMBERS, seed=SEED)
bad = find_minima(N_MEMBERS, seed=SEED, offset=8)
other = find_minima(N_MEMBERS, seed=SEED, redraw=1)
chosen = comparable(good, other, bad, at_least=16)[:N_PAIRS]
losses = {k: good.loss(k) for k in chosen}  # of any weights, on these points
noise_variance = good.points.noise_std**2

# %%
# The Hessian is the matrix of second derivatives of the loss. Where a network
# fits all points, it is the **Gauss–Newton** matrix :math:`\frac{2}{n} J^\top
# J`, in which *J* says how each prediction moves with each parameter. It has
# at most one nonzero eigenvalue for each point, and these are exact.
#
# Is the rest of the Hessian really zero? None of its eigenvalues differs from
# Gauss–Newton's by more than the Frobenius norm of the difference of the two
# matrices. For a vector *z* of random signs, the mean square of the difference
# times *z* is the square of that norm. Products with the Hessian are exact,
# and know nothing of *J*.

model = good.fit[0].to_keras()


def remainder(k):
    """Return the norm of what is not Gauss–Newton's, per largest value."""
    model.set_weights(good.weights(k))
    jacobian = landscapes.jacobian(model, good.points.x[k])
    generator = np.random.default_rng(PROBE_SEED)
    z = generator.choice([-1.0, 1.0], (jacobian.shape[1], N_PROBES))
    hessian = landscapes.hessian_operator(
        model, good.points.x[k], good.points.y[k]
    )
    rest = hessian @ z - 2 / len(jacobian) * jacobian.T @ (jacobian @ z)
    norm = np.sqrt(np.mean(np.sum(rest**2, axis=0)))
    return norm / good.eigenvalues[k, 0]


rest = 1e9 * np.array([remainder(k) for k in chosen])
largest = statistics.quantile_interval(rest, confidence=0.99)
values = good.eigenvalues[chosen]
relative = values / values[:, :1]
top = statistics.quantile_interval(
    values[:, 0] / values.sum(axis=1), confidence=0.99
)
decades = statistics.quantile_interval(
    -np.log10(relative[:, -1]), confidence=0.99
)

figure, ax = plt.subplots()
color = figures.LIGHT["network"]
ranks = np.arange(1, values.shape[1] + 1)
ax.plot(ranks, relative.T, color=color, linewidth=0.7, alpha=0.5)
ax.plot(ranks, np.median(relative, axis=0), color=color, linewidth=3)
beyond = 12.5 + np.linspace(-0.8, 0.8, len(rest))
ax.plot(beyond, rest / 1e9, "v", color=figures.LIGHT["series_a"])
ax.annotate("all others:\nbelow this", (12.5, 3e-7), ha="center", va="bottom")
ax.set_xticks([*range(1, 11), 12.5], [*range(1, 11), "11 and on"])
ax.set(yscale="log", ylim=(3e-9, 3), xlabel="rank")
ax.set(ylabel="eigenvalue / largest (log scale)")
ax.set_title("Ten unequal directions, and then a cliff")
figures.show(
    figure,
    caption="The eigenvalues at a minimum, as shares of the largest: thin "
    "lines are networks, the thick one is their median. Triangles: for each "
    "network, the estimated bound on all the others.",
    alt="A bundle of lines falls over several decades from the first to the "
    "tenth eigenvalue, in about the same way for all networks. Right of it, "
    "further decades below, a row of triangles marks how large the remaining "
    "eigenvalues can be at most.",
    headline=True,
)
measured(
    "all-but-ten-are-zero",
    "Of {parameters:,} curvatures at a minimum, {points} are not zero: one "
    "for each point. The others are below {:.0f} billionths of the largest, "
    "by an estimate, in the median over {n} networks.",
    largest.below(1000),
    wrong_if="the bound might be a millionth of the largest (set after "
    "seeing; single networks may miss it)",
    headline=True,
    points=values.shape[1],
    parameters=good.fit.recipe.n_parameters(),
    threshold_from="after seeing",
)
measured(
    "one-direction-is-half-of-it",
    "The ten are far from equal. The steepest direction holds {:.0%} of their "
    "sum, and {decades:.1f} decades lie between it and the tenth, in the "
    "median over {n} minima.",
    top.above(0.3),
    decades=decades.above(1),
    wrong_if="the steepest might hold less than three times its share, or a "
    "factor of ten be all that lies between it and the last",
    threshold_from="after seeing",
)

# %%
# The number of parameters does not show in the number of curved directions.
# And what is called sharpness, the largest eigenvalue, is one of *n* numbers
# that span decades: another choice, the trace or the volume, may rank minima
# differently.
#
# A slice shows a narrow valley
# -----------------------------
#
# Curvature speaks of the next few steps. How does the loss rise further out? A
# random step that moves each weight by the same amount is large for small
# weights and small for large ones. So each unit's part of the direction is
# scaled to the size of the unit: *filter normalization* :cite:`li2018`. A step
# of 0.1 then changes each unit by a tenth of its size, in good and bad minima
# alike.

steps = np.linspace(-0.3, 0.3, 16)  # not zero, where the loss is none


def mean_slice(found, k):
    """Return the mean loss over random directions, in noise variances."""
    weights, values = found.weights(k), []
    for seed in range(DIRECTION_SEED, DIRECTION_SEED + N_DIRECTIONS):
        way = [directions.random_direction(weights, seed=seed)]
        values.append(directions.loss_slice(losses[k], weights, way, steps))
    return np.mean(values, axis=0) / noise_variance


slices = {
    name: np.array([mean_slice(found, k) for k in chosen])
    for name, found in {"good": good, "bad": bad}.items()
}
# A tenth of larger weights is a longer step, which is part of the difference.
near = np.argmin(np.abs(steps - 0.1))
wider = statistics.quantile_interval(
    slices["good"][:, near] / slices["bad"][:, near], confidence=0.99
)

figure, ax = plt.subplots()
for name, role in {"bad": "series_a", "good": "network"}.items():
    low, middle, high = np.quantile(slices[name], [0.1, 0.5, 0.9], axis=0)
    thin = {"color": figures.LIGHT[role], "linewidth": 0.8}
    ax.plot(steps, low, steps, high, **thin)
    figures.plot_curve(ax, steps, middle, role=role, label=f"{name} minima")
ax.set(yscale="log", xlabel="step, as a share of each unit's size")
ax.set(ylabel="loss / noise variance (log scale)")
ax.set_title("Bad minima lie in narrower valleys")
ax.legend(loc="lower right")
figures.show(
    figure,
    caption="The loss on slices through minima, where it is zero in the "
    "middle: medians over sets of points, and thin lines around the middle "
    "four fifths of them.",
    alt="Two funnels over the same axis. That of the bad minima runs far "
    "above the other one everywhere.",
)
measured(
    "bad-valleys-are-narrow",
    "A random step of a tenth of each unit's size raises the loss at a good "
    "minimum by {:.1%} of what it does at the bad one, in the median.",
    wider.below(1 / 10),
    threshold_from="after seeing",
)

# %%
# The straight line crosses a mountain
# ------------------------------------
#
# We walk straight from the good minimum to the other good one, and to the bad
# one. Both ends have zero loss. The units of a layer have no order, so two
# networks may be far apart only since their units are listed differently.
# *Aligned* lists the second network's units in the order that brings it
# nearest to the first :cite:`ainsworth2023`.

times = np.linspace(0, 1, 31)
ways = {}
for name, end in {"other": other, "bad": bad}.items():
    pairs = [(good.weights(k), end.weights(k)) for k in chosen]
    aligned = [(a, align_permutation(a, b)) for a, b in pairs]
    for order, ends in {"as listed": pairs, "aligned": aligned}.items():
        ways[f"line to {name}, {order}"] = [
            paths.line_path(first, last, times) for first, last in ends
        ]

# %%
# A bent path goes around it
# --------------------------
#
# Two points are joined by more than one path, and often by one of low loss:
# *mode connectivity*. We bend the line by one control point, and train that so
# that the mean loss along the curve is small :cite:`garipov2018`. The other
# good minimum is aligned first. The bad one is not: it grew from the same
# first weights, so that its units already correspond.

bending = {"n_steps": 100, "learning_rate": 0.01, "seed": PATH_SEED}
for name in ("other", "bad"):
    ways[f"curve to {name}"] = []
    for k in chosen:
        first, last = good.weights(k), bad.weights(k)
        if name == "other":
            last = align_permutation(first, other.weights(k))
        control = paths.fit_bezier(losses[k], first, last, **bending)
        curve = paths.bezier_path(first, control, last, times)
        ways[f"curve to {name}"].append(curve)

# %%
# Along each way we take the highest loss, in noise variances. Between two good
# minima, most of the mountain comes from the order of the units. Between good
# and bad, another order does not help. The bent paths avoid most of both.


def losses_along(way):
    """Return the loss along the paths of all sets of points."""
    each = zip(chosen, way, strict=True)
    return np.array([paths.loss_along(losses[k], path) for k, path in each])


profiles = {n: losses_along(way) / noise_variance for n, way in ways.items()}
heights = {name: values.max(axis=1) for name, values in profiles.items()}


def height(name, base=None):
    """Return the median height of a kind of ways, or its share of another."""
    values = heights[name] / (1 if base is None else heights[base])
    return statistics.quantile_interval(values, confidence=0.99)


figure, ax = plt.subplots()
for row, (name, values) in enumerate(heights.items()):
    role = "series_b" if name.startswith("curve") else "series_a"
    jitter = row + np.linspace(-0.25, 0.25, len(values))
    ax.plot(values, jitter, "o", markersize=3, color=figures.LIGHT[role])
    ink = {"color": figures.LIGHT["ink"], "zorder": 3}
    ax.plot(height(name).ends, [row, row], linewidth=2.5, **ink)
    ax.plot(height(name).value, row, "D", **ink)
rows = [name.replace(", ", ",\n") for name in heights]
ax.set_yticks(range(len(rows)), rows)
ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
ax.set(xlabel="highest loss on the way / noise variance (log scale)")
ax.set_title("High on the line, low on the curve")
figures.show(
    figure,
    caption="From a good minimum to another good one, and to a bad one. Dots "
    "are sets of points, diamonds medians with 99% intervals.",
    alt="Six rows of dots on a logarithmic axis. Straight lines reach tens of "
    "noise variances, but for the aligned line to the other good minimum, "
    "which stays lower. The two curves stay below one in the median.",
)
measured(
    "straight-lines-cross-a-mountain",
    "On the straight line from a good to a bad minimum of the same points, "
    "the loss rises to {:.0f} noise variances, in the median. On that to "
    "another good one, it rises to {order:.0%} of its height once the units "
    "are in the same order.",
    height("line to bad, as listed").above(3),
    wrong_if="the mountain might be lower than three noise variances, or "
    "order make it less than half as low",
    order=height("line to other, aligned", "line to other, as listed").below(
        1 / 2
    ),
    threshold_from="after seeing",
)
measured(
    "a-curve-goes-around",
    "A bent path from good to bad avoids all but {:.1%} of the height of the "
    "mountain on the straight line, in the median.",
    height("curve to bad", "line to bad, as listed").below(0.2),
    threshold_from="after seeing",
)

# %%
# Along it, good turns into bad
# -----------------------------
#
# We walk along the curves from good to bad, and look at both: the loss, which
# training sees, and the excess risk, which it does not.

curves = dict(zip(chosen, ways["curve to bad"], strict=True))
risk = np.array([[good.risk(k, w) for w in way] for k, way in curves.items()])
risk /= noise_variance

figure, axes = plt.subplots(2, sharex=True, figsize=(5.6, 5.6))
drawn = {
    "straight": (profiles["line to bad, as listed"], "series_a", axes[0]),
    "bent": (profiles["curve to bad"], "series_b", axes[0]),
    "risk, bent": (risk, "network", axes[1]),
}
for name, (values, role, ax) in drawn.items():
    color = figures.LIGHT[role]
    if name != "straight":
        ax.plot(times, values.T, color=color, linewidth=0.5, alpha=0.5)
    middle = np.median(values, axis=0)
    ax.plot(times, middle, color=color, linewidth=3, label=name)
    ax.set(yscale="log")
axes[0].set(ylabel="loss", ylim=(1e-3, 100))
axes[0].legend(loc="lower center", ncols=2)
axes[1].set(ylabel="excess risk", xlabel="way from good (0) to bad (1)")
axes[0].set_title("On the bent path, the loss stays low ...")
axes[1].set_title("... while good turns into bad")
figures.show(
    figure,
    caption="Above, the loss along straight and bent paths; below, the excess "
    "risk along the bent ones; both in noise variances. Thick: medians; thin: "
    "each set of points, on the bent paths.",
    alt="Above, a high arch for straight paths and a low one for bent paths; "
    "both begin and end near zero. Below, curves that climb from left to "
    f"right, from a median of {np.median(risk[:, 0]):.1f} to "
    f"{np.median(risk[:, -1]):.0f} noise variances.",
)
print(f"median height of the bent paths: {height('curve to bad').value:.2f}")

# %%
# So the mountain is no wall on all sides of the good minimum. A path leads
# from one to the other, and while a network turns from good to bad on it, the
# loss stays far below the mountain, though not at zero: its height is printed,
# in noise variances. Whether these are two basins or one is a matter of what
# one calls low.
#
# Lessons
# -------
#
# At a minimum that fits *n* points, a loss is curved in at most *n* directions
# and flat in all others, however many there are. And a picture of a landscape
# is a choice of directions. Look along another one before you believe that two
# minima are apart.
#
# What this does not show: flatness in the flat directions. Zero curvature
# means that the loss rises more slowly than any parabola nearby, not that it
# never rises. Nor that training ever walks along such a path: from the good
# end it has no reason to leave.
#
# .. exercise:: A shorter search
#
#    Predict first: how much of the mountain is left if the control point is
#    trained for 50 steps only? Change ``n_steps``.
#
#    .. answer::
#
#       About one and a half percent, in the median over these sets of points,
#       and little more than half of that in 100 steps. The way around is not
#       hard to find.
#
# .. exercise:: More points than ten
#
#    Predict first: how many nonzero eigenvalues does the Gauss–Newton matrix
#    of the *story's* network have, which has 100 points? Train some by
#    ``fit_ensemble(samples.x, samples.y, seed=1)`` on
#    ``samples = data.sample_noisy_many(20, seed=0)``, and count those of
#    ``landscapes.gauss_newton_eigenvalues(fit.to_keras(), x, y)`` above 1e-10
#    of the largest.
#
#    .. answer::
#
#       At most 100, and in fact far fewer: 33 in the median of these seeds,
#       from 16 to 45. The number of points is only a bound.
