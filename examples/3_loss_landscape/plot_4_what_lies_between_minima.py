# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What lies between minima?
=========================

Pictures of loss landscapes have peaks, and separate valleys between them. Ours
has thousands of dimensions, so we walk: out of minima, and from one to
another. We expect bad minima in narrow valleys of their own, and mountains on
the way. A bent path avoids most of them.
"""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import figures, statistics
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.minima import comparable, find_minima
from overfit_tutorial.weights import directions, paths
from overfit_tutorial.weights.symmetries import align_permutation

plt.style.use(figures.STYLE)
N_MEMBERS, SEED, DIRECTION_SEED, PATH_SEED = 32, 0, 1, 2
N_PAIRS, N_DIRECTIONS = 20, 4

# %%
# Three minima of the same points
# -------------------------------
#
# *Good* and *bad* have the same ten points and the same first weights; the bad
# one has made a detour over points wrong by 8, as in
# :doc:`plot_1_are_bad_minima_sharper`. *Other* is a second good one, from
# other first weights. We take sets of points on which all three interpolate.

good = find_minima(N_MEMBERS, seed=SEED)
bad = find_minima(N_MEMBERS, seed=SEED, offset=8)
other = find_minima(N_MEMBERS, seed=SEED, redraw=1)
noise_variance = good.points.noise_std**2

usable = comparable(good, other, bad, at_least=N_PAIRS)
print(f"all three interpolate: {len(usable)} of {N_MEMBERS} sets of points")
chosen = usable[:N_PAIRS]
losses = {k: good.loss(k) for k in chosen}  # of any weights, on these points

# %%
# A slice shows a narrow valley
# -----------------------------
#
# A random step that moves each weight by the same amount is large for small
# weights and small for large ones. So each unit's part of the direction is
# scaled to the size of the unit: *filter normalization* :cite:`li2018`. A
# step of 0.1 then changes each unit by a tenth of its size, in good and bad
# minima alike.

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
narrower = statistics.quantile_interval(
    slices["bad"][:, near] / slices["good"][:, near], confidence=0.99
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
    "A random step of a tenth of each unit's size raises the loss {:,.0f} "
    "times as much at a bad minimum as at the good one, in the median.",
    narrower.above(10),
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

times = np.linspace(0, 1, 41)
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

bending = {"seed": PATH_SEED, "learning_rate": 0.01}
for name, n_steps in {"other": 200, "bad": 1000}.items():
    ways[f"curve to {name}"] = []
    for k in chosen:
        first, last = good.weights(k), bad.weights(k)
        if name == "other":
            last = align_permutation(first, other.weights(k))
        control = paths.fit_bezier(
            losses[k], first, last, n_steps=n_steps, **bending
        )
        curve = paths.bezier_path(first, control, last, times)
        ways[f"curve to {name}"].append(curve)

# %%
# Along each way we take the highest loss, in noise variances. The mountain is
# real on the straight line. Between two good minima, most of it comes from the
# order of the units. Between good and bad, another order does not help. The
# bent paths avoid most of both.


def losses_along(way):
    """Return the loss along the paths of all sets of points."""
    each = zip(chosen, way, strict=True)
    return np.array([paths.loss_along(losses[k], path) for k, path in each])


profiles = {n: losses_along(way) / noise_variance for n, way in ways.items()}
heights = {name: values.max(axis=1) for name, values in profiles.items()}
height = {
    name: statistics.quantile_interval(values, confidence=0.99)
    for name, values in heights.items()
}
wall = height["line to bad, as listed"]
shorter = height["line to other, aligned"]
assert shorter.high < height["line to other, as listed"].low
left = statistics.quantile_interval(
    heights["curve to bad"] / heights["line to bad, as listed"],
    confidence=0.99,
)

figure, ax = plt.subplots()
for row, (name, values) in enumerate(heights.items()):
    role = "series_b" if name.startswith("curve") else "series_a"
    jitter = row + np.linspace(-0.25, 0.25, len(values))
    ax.plot(values, jitter, "o", markersize=3, color=figures.LIGHT[role])
    ink = {"color": figures.LIGHT["ink"], "zorder": 3}
    ax.plot(height[name].ends, [row, row], linewidth=2.5, **ink)
    ax.plot(height[name].value, row, "D", **ink)
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
    "the loss rises to {:.0f} noise variances, in the median.",
    wall.above(3),
)
measured(
    "a-curve-goes-around",
    "A bent path from good to bad avoids all but {:.1%} of the height of the "
    "mountain on the straight line, in the median.",
    left.below(0.2),
    headline=True,
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
    headline=True,
)

# %%
# What the network is on the way, for the first set of points:

k, grid = chosen[0], np.linspace(0, 20, 801)
stops = {}
for name, stop in {"bad": 40, "three quarters": 30, "good": 0}.items():
    weights = tuple(np.float32(w) for w in curves[k][stop])
    network = dataclasses.replace(good.fit[k], weights=weights)
    stops[name] = network.predict(grid)

figure, ax = plt.subplots()
roles = ("series_a", "series_b", "network")
for (name, curve), role in zip(stops.items(), roles, strict=True):
    figures.plot_curve(ax, grid, curve, role=role, label=name)
mark = figures.mark("data") | {"markersize": 7, "zorder": 6}
ax.plot(good.points.x[k], good.points.y[k], label="points", **mark)
ax.set(xlabel="x", ylabel="y")
ax.set_ylim(top=25)
ax.set_title("It swings out, and holds on to the points")
ax.legend(loc="upper left", ncols=2)
figures.show(
    figure,
    caption="Three networks on one bent path: its two ends, and the one at "
    "three quarters of the way.",
    alt="Three curves through or close by the same ten points. The good one "
    "joins them nearly straight, the bad one swings far away between them, "
    "and the one at three quarters swings less.",
)

# %%
# No wall on all sides
# --------------------
#
# A slice shows what curvature has told: the loss rises faster around bad
# minima. The straight line shows a mountain, which is what most pictures of
# landscapes are made of.
#
# Both mislead about what matters here. The mountain is no wall on all sides of
# the good minimum. A path leads from one to the other, and while a network
# turns from good to bad on it, the loss stays far below the mountain, though
# not at zero. Whether these are two basins or one is a matter of what one
# calls low. Most of these paths rise above a hundredth of the noise variance,
# the tolerance with which the page before measured volume.

assert np.median(heights["curve to bad"]) > 0.01
print(f"median height of the bent paths: {height['curve to bad'].value:.2f}")

# %%
# Lessons
# -------
#
# A picture of a landscape is a choice of directions. Look along another one
# before you believe that two minima are apart.
#
# What this does not show: that the valley's floor is level. Our paths have one
# control point, and their loss is small, not zero. Nor that training ever
# walks there: from the good end it has no reason to leave.
#
# .. exercise:: A shorter search
#
#    Predict first: how much of the mountain is left if the control point is
#    trained for 100 steps only? Change ``n_steps`` for the bad minimum.
#
#    .. answer::
#
#       Less than two percent, in the median over these sets of points. The
#       way around is not hard to find.
