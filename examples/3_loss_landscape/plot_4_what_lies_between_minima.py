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

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import figures, statistics
from overfit_tutorial.claims import claim
from overfit_tutorial.studies.minima import comparable, find_minima
from overfit_tutorial.weights import directions, paths
from overfit_tutorial.weights.symmetries import align_permutation

plt.style.use(figures.STYLE)
N_MEMBERS, SEED, DIRECTION_SEED, PATH_SEED = 32, 0, 1, 2
N_PAIRS, N_DIRECTIONS = 20, 4

# %%
# Out of two minima
# -----------------
#
# One of two was made bad: see :doc:`plot_1_are_bad_minima_sharper`.

good = find_minima(N_MEMBERS, seed=SEED)
bad = find_minima(N_MEMBERS, seed=SEED, offset=8)
steps = np.linspace(-0.1, 0.1, 61)
figure, ax = plt.subplots(figsize=figures.LADDER)
for name, found, role in (("bad", bad, "series_a"), ("good", good, "network")):
    loss, weights = found.loss(0), found.weights(0)
    way = [directions.random_direction(weights, seed=DIRECTION_SEED)]
    values = directions.loss_slice(loss, weights, way, steps)
    figures.plot_curve(ax, steps, values, role=role, label=name)
ax.set(xlabel="step", ylabel="loss", title="One is narrower")
ax.set_xticks([-0.1, -0.05, 0, 0.05, 0.1])
ax.legend(loc="upper center")
figures.show(
    figure,
    caption="The loss on the way through two minima of the same ten points.",
    alt="Two valleys with the same lowest point. The bad one is narrower.",
)

# %%
# Three minima of the same points
# -------------------------------
#
# *Good* and *bad* have the same ten points and the same first weights; the bad
# one has made a detour over points wrong by 8. *Other* is a second good one,
# from other first weights. We take sets of points on which all three
# interpolate.

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


# %%
# The curves are medians over sets of points.

slices = {
    name: np.array([mean_slice(found, k) for k in chosen])
    for name, found in {"good": good, "bad": bad}.items()
}
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

# A tenth of larger weights is a longer step, which is part of the difference.
near = np.argmin(np.abs(steps - 0.1))
narrower = statistics.quantile_interval(
    slices["bad"][:, near] / slices["good"][:, near], confidence=0.99
)
claim(
    "bad-valleys-are-narrow",
    "A random step of a tenth of each unit's size raises the loss "
    "{value:.0f} times as much at a bad minimum as at the good one, in the "
    "median ({low:.0f} to {high:.0f}).",
    value=narrower.value,
    interval=narrower.ends,
    confidence=0.99,
    n=len(chosen),
    holds=narrower.low > 10,
    threshold=10,
    wrong_if="the factor might be less than ten",
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


def highest(path, k):
    """Return the highest loss on a path, in noise variances."""
    return paths.loss_along(losses[k], path).max() / noise_variance


heights = {}
for name, end in {"other": other, "bad": bad}.items():
    lines, aligned = [], []
    for k in chosen:
        first, last = good.weights(k), end.weights(k)
        lines.append(highest(paths.line_path(first, last, times), k))
        last = align_permutation(first, last)
        aligned.append(highest(paths.line_path(first, last, times), k))
    heights[f"line to {name}, as listed"] = lines
    heights[f"line to {name}, aligned"] = aligned

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
curves = {"other": {}, "bad": {}}
for name, n_steps in {"other": 200, "bad": 1000}.items():
    for k in chosen:
        first, last = good.weights(k), bad.weights(k)
        if name == "other":
            last = align_permutation(first, other.weights(k))
        control = paths.fit_bezier(
            losses[k], first, last, n_steps=n_steps, **bending
        )
        curves[name][k] = paths.bezier_path(first, control, last, times)
    heights[f"curve to {name}"] = [highest(curves[name][k], k) for k in chosen]

print(f"{'highest loss / noise variance':30}{'median':>8}{'99% interval':>18}")
height = {}
for name, values in heights.items():
    height[name] = statistics.quantile_interval(values, confidence=0.99)
    interval = f"{height[name].low:.3g} to {height[name].high:.3g}"
    print(f"{name:30}{height[name].value:8.3g}{interval:>18}")

# %%
# The mountain is real on the straight line. Between two good minima, most of
# it comes from the order of the units. Between good and bad, another order
# does not help. The bent paths avoid most of both.

shorter = height["line to other, aligned"]
assert shorter.high < height["line to other, as listed"].low
wall = height["line to bad, as listed"]
claim(
    "straight-lines-cross-a-mountain",
    "On the straight line from a good to a bad minimum of the same points, "
    "the loss rises to {value:.0f} noise variances, in the median ({low:.0f} "
    "to {high:.0f}).",
    value=wall.value,
    interval=wall.ends,
    confidence=0.99,
    n=len(chosen),
    holds=wall.low > 3,
    threshold=3,
    wrong_if="the median line might stay below three noise variances",
)
left = statistics.quantile_interval(
    np.divide(heights["curve to bad"], heights["line to bad, as listed"]),
    confidence=0.99,
)
claim(
    "a-curve-goes-around",
    "A bent path from good to bad avoids all but {value:.1%} of the height of "
    "the mountain on the straight line, in the median ({low:.1%} to "
    "{high:.1%}).",
    value=left.value,
    interval=left.ends,
    confidence=0.99,
    n=len(chosen),
    holds=left.high < 0.2,
    threshold=0.2,
    wrong_if="a fifth of the mountain might remain",
    headline=True,
)

# %%
# Along it, good turns into bad
# -----------------------------
#
# We walk along the curves from good to bad, and look at both: the loss, which
# training sees, and the excess risk, which it does not.

straight = {
    k: paths.line_path(good.weights(k), bad.weights(k), times) for k in chosen
}


def losses_along(ways):
    """Return the loss along the path of each set of points."""
    return np.array([paths.loss_along(losses[k], ways[k]) for k in chosen])


risk = np.array([[good.risk(k, w) for w in curves["bad"][k]] for k in chosen])
drawn = {
    "straight": (losses_along(straight), "series_a"),
    "bent": (losses_along(curves["bad"]), "series_b"),
    "risk, bent": (risk, "network"),
}

# %%
# Everything is in units of the noise variance.

figure, axes = plt.subplots(2, sharex=True, figsize=(5.6, 5.6))
for (name, (values, role)), ax in zip(
    drawn.items(), axes[[0, 0, 1]], strict=True
):
    scaled = values / noise_variance
    color = figures.LIGHT[role]
    if name != "straight":
        ax.plot(times, scaled.T, color=color, linewidth=0.5, alpha=0.5)
    middle = np.median(scaled, axis=0)
    ax.plot(times, middle, color=color, linewidth=3, label=name)
    ax.set(yscale="log")
axes[0].set(ylabel="loss", ylim=(1e-3, 100))
axes[0].legend(loc="lower center", ncols=2)
axes[1].set(ylabel="excess risk", xlabel="way from good (0) to bad (1)")
axes[0].set_title("On the bent path, the loss stays low")
figures.show(
    figure,
    caption="Above, the loss along straight and bent paths; below, the excess "
    "risk along the bent ones. Thick: medians; thin: each set of points.",
    alt="Above, a high arch for straight paths and a low one for bent paths; "
    "both begin and end near zero. Below, curves that climb from left to "
    f"right, from a median of {np.median(risk[:, 0]) / noise_variance:.1f} to "
    f"{np.median(risk[:, -1]) / noise_variance:.0f} noise variances.",
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
# not at zero: the table has its height. Whether these are two basins or one is
# a matter of what one calls low. Most of these paths rise above a hundredth of
# the noise variance, the tolerance with which the page before measured volume.

assert np.median(heights["curve to bad"]) > 0.01

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
