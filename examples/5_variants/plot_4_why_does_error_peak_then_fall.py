# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Why does error peak, then fall?
===============================

Give a model one parameter after the other. Its error rises to a peak where it
has just enough of them to visit every point, and then, against the textbook,
falls again: *double descent* :cite:`belkin2019`. We expected smoother curves
to end lower, and trained networks to level off. But the smoothest of ours
ended among the worst, and the networks rose, slowly.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial.legendre import legvander

from overfit_tutorial import data, figures, ladder, linear, statistics, tables
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.kernels import min_norm_fit
from overfit_tutorial.recipes import Recipe

plt.style.use(figures.STYLE)
TRUTH, SIGMA, N_POINTS = data.Line(intercept=0.3, slope=0.7), 0.3, 20
N_SETS, RCOND = 72, 1e-15
DATA_SEED, KINK_SEED, TRAINING_SEED = 0, 1, 2

# %%
# Double descent: the error falls, the noise stays
# ------------------------------------------------
#
# Twenty points lie around a straight line, from -1 to 1. The model is a sum of
# *Legendre polynomials*, :math:`\sum_{k < p} c_k P_k(x)`, one parameter each.
# Two of them make a straight line, and each further one wiggles once more.
#
# Up to twenty parameters we take least squares. Beyond, many choices visit all
# points, and we take the *least norm*: the smallest :math:`\sum c_k^2`, where
# gradient descent from zero would end. But small in which units? A feature
# written twice as tall costs a quarter. So we write the same features in four
# ways: by their mean square, the later ones are as tall as the first, or fade.

SIZES = {
    "all as tall": lambda k: np.sqrt(2 * k + 1),  # orthonormal
    "fading as 1/k": lambda k: np.ones(len(k)),  # plain Legendre
    "fading as 1/k²": lambda k: np.sqrt(2 * k + 1) / np.maximum(k, 1),
    "fading as 1/k³": lambda k: 1 / np.maximum(k, 1),
}

# %%
# The fit is linear in its targets, so the luck of the noise can be averaged
# away by formula. The expected excess risk is a *bias*, the squared error
# without noise, and a *variance*, :math:`\sigma^2` times a sum of squares.
# The noise followed is the trace of the matrix that takes targets to fitted
# values, over :math:`n`. The pseudo-inverse is least squares and least norm in
# one, and ten lines are all.


def judge(x, p, sizes, rcond=RCOND):
    """Return bias, variance and noise followed of p features."""
    k = np.arange(p)
    heights = sizes(k)
    features = legvander(x, p - 1) * heights
    inverse = np.linalg.pinv(features, rcond=rcond)
    off = np.einsum("...pn,...n->...p", inverse, TRUTH(x))
    off[..., :2] -= [TRUTH.intercept, TRUTH.slope] / heights[:2]
    mean_squares = heights**2 / (2 * k + 1)
    variance = SIGMA**2 * (inverse**2).sum(axis=-1) @ mean_squares
    followed = np.trace(features @ inverse, axis1=-2, axis2=-1) / x.shape[-1]
    return off**2 @ mean_squares, variance, followed


# %%
# Seventy-two sets of places, from two parameters to two thousand:

interval = {"noise_std": SIGMA, "low": -1, "high": 1}
points = data.sample_noisy_many(
    N_SETS, TRUTH, N_POINTS, seed=DATA_SEED, **interval
)
x, y = points.x, points.y
counts = [*range(2, 31), 40, 60, 100, 200, 500, 1000, 2000]
bias, variance, followed = np.moveaxis(
    [[judge(x, p, sizes) for p in counts] for sizes in SIZES.values()], 2, 0
)
risk = bias + variance  # of each way, number of parameters, and set
at_peak, at_end = counts.index(N_POINTS), -1

figure, axes = plt.subplots(
    3, 1, figsize=(5.6, 7.4), sharex=True, height_ratios=[1.1, 1, 0.7]
)
roles = dict(
    zip(SIZES, ("muted", "series_a", "series_b", "series_c"), strict=True)
)
middle = np.median(risk, axis=-1)
for height, name in zip(middle, SIZES, strict=True):
    style = {"color": figures.LIGHT["muted"]}
    style = style if roles[name] == "muted" else figures.mark(roles[name])
    for ax in axes[:2]:
        ax.plot(counts, height, label=name, **style)
few = np.array(counts) <= N_POINTS
once = {"color": figures.LIGHT["ink"], "linewidth": 2.5, "zorder": 4}
for ax in axes[:2]:
    ax.plot(np.array(counts)[few], middle[0, few], **once)
axes[2].plot(counts, 100 * np.median(followed[0], axis=-1), **once)
axes[0].set(yscale="log", ylabel="expected excess risk", ylim=(2e-3, 1e14))
axes[0].set_title("The error comes down ...")
axes[0].legend(loc="upper right")
axes[0].annotate("all four", (9, 30), ha="right")
axes[1].set(yscale="log", ylabel="the same, closer", ylim=(5e-3, 10))
axes[1].set_title("... to four different levels ...")
axes[2].set_title("... and all of the noise is still followed")
axes[2].set(xscale="log", ylim=(0, 108), ylabel="noise followed, %")
axes[2].set(xlabel="number of parameters")
for ax in axes:
    ax.axvline(N_POINTS, color=figures.LIGHT["muted"], linewidth=1, zorder=1)
axes[2].annotate("as many\nas points", (22, 12))
figures.show(
    figure,
    caption="Medians over the places. Up to twenty parameters the four ways "
    "to write the features are one; beyond, they part.",
    alt="Three panels over the number of parameters, from 2 to 2,000. First, "
    "on a logarithmic axis, one curve rises steeply to a sharp peak at "
    "twenty, and four come down from it, steeply at first. Second, the same "
    "from nearby: the four end at different levels, fading as 1/k lowest. "
    "Last, the noise followed rises to all of it at twenty, and stays there.",
    headline=True,
)

exact(
    "noise-followed-stays-at-all",
    "With p parameters for n points, least norm follows p/n of the noise up "
    "to p = n, and all of it from there on, however the features are written.",
    number(
        np.abs(
            np.median(followed, axis=-1)
            - np.minimum(np.array(counts) / N_POINTS, 1)
        ).max()
    ).below(1e-6),
    wrong_if="the noise followed by the median fit differed from that by a "
    "millionth",
    threshold_from="theory",
)
measured(
    "peak-where-no-choice-is-left",
    "With as many parameters as points, only one curve visits them all, and "
    "at random places it is wild: there the error is highest, for {:.0%} of "
    "{n} sets of places. With more there is a choice, and the error falls by "
    "{fall:.0f} orders of magnitude. All of the noise is followed all the way "
    "down.",
    statistics.share_interval(
        risk[1].argmax(axis=0) == at_peak, confidence=0.99
    ).above(0.6),
    fall=statistics.quantile_interval(
        np.log10(risk[1, at_peak] / risk[1, at_end]), confidence=0.99
    ).above(6),
    wrong_if="the interval of the share went down to 60%, or the error fell "
    "by no more than six orders of magnitude, with features fading as 1/k",
    headline=True,
    threshold_from="after seeing",
)

# %%
# So the second descent is not less overfitting. It is overfitting that costs
# less. Noise followed counts parameters at the points; whoever counts them at
# unseen places gets one valley, as in the textbook :cite:`curth2023`.
#
# Leave out what is nearly zero, and the peak is gone
# ---------------------------------------------------
#
# Among sums of twenty features, some are nearly zero at all twenty points.
# Still they must account for some of the noise, so they are taken many times,
# and swing between the points. ``pinv`` leaves out what is smaller than
# ``RCOND`` times the largest. What if it leaves out more?

cuts = [1e-15, 1e-6, 1e-4, 1e-2, 1e-1]
cut = [judge(x, N_POINTS, SIZES["all as tall"], rcond) for rcond in cuts]

tables.show(
    {
        "left out below": [f"{rcond:.0e}" for rcond in cuts],
        "excess risk at the peak": [np.median(a + b) for a, b, _ in cut],
        "noise followed": [np.median(share) for _, _, share in cut],
    },
    excess_risk_at_the_peak=".1g",
    noise_followed=".0%",
)

# %%
# Each sum that is left out costs a twentieth of the noise followed, and brings
# the error down by orders of magnitude.
#
# The end is decided by how features fade
# ---------------------------------------
#
# Least squares does not care for units, so up to twenty parameters the four
# ways are one. Least norm does. With two thousand, for one set of points:

k = np.arange(2000)
at = np.sort(np.append(np.linspace(-1, 1, 2000), x[0]))
curves = {}
for name, sizes in SIZES.items():
    at_points, anywhere = (legvander(z, 1999) * sizes(k) for z in (x[0], at))
    curves[name] = anywhere @ min_norm_fit(at_points, y[0], rcond=RCOND)

figure, axes = plt.subplots(2, 2, figsize=(5.6, 5.0), sharex=True, sharey=True)
for ax, (name, curve) in zip(axes.flat, curves.items(), strict=True):
    color = figures.LIGHT[roles[name]]
    ax.plot(at, curve, color=color, linewidth=1.2)
    ax.plot(x[0], y[0], **figures.mark("data"))
    figures.plot_curve(ax, at, TRUTH(at), role="truth")
    ax.set_title(name)
for ax in axes[:, 0]:
    ax.set(ylabel="y", ylim=(-1.6, 2.2))
for ax in axes[1]:
    ax.set(xlabel="x")
figures.show(
    figure,
    caption="All four visit all points, with the same features. Dashed is the "
    "truth.",
    alt="Four panels with the same twenty points and the same dashed line. "
    "First, a curve that is zero nearly everywhere, with a thin spike at each "
    "point. Second, spikes on top of a curve that rises with the line. Third, "
    "nearly the joined dots. Fourth, a smooth curve that swings wide where "
    "two points are close.",
)

# %%
# If all features are as tall, thin spikes are the cheapest way to visit. The
# line is lost, which is bias: this ends at predicting zero. If features fade
# quickly, a visit is a smooth swing that carries noise far, which is variance.

at_200 = counts.index(200)
tables.show(
    {
        "features": list(SIZES),
        "bias at 200": np.median(bias[:, at_200], axis=-1),
        "bias at 2,000": np.median(bias[:, at_end], axis=-1),
        "variance": np.median(variance[:, at_end], axis=-1),
        "excess risk": np.median(risk[:, at_end], axis=-1),
    },
    **dict.fromkeys(["bias_at_200", "bias_at_2,000"], ".3f"),
    variance=".3f",
    excess_risk=".3f",
)

line_risk = [
    linear.expected_excess_risk(row, SIGMA, low=-1, high=1) for row in x
]
straight = {"noise_std": SIGMA, "slope": TRUTH.slope, "length": 2}
dots = ladder.join_the_dots(N_POINTS, **straight)
share = ladder.noise_followed(N_POINTS)

figure, ax = plt.subplots()
rungs = {"least squares": (share["least squares"], np.median(line_risk))}
figures.plot_plane(ax, rungs)
ax.axhline(dots, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("join the dots", (0, dots), va="bottom")
middle_followed = np.median(followed, axis=-1)
ax.plot(middle_followed[0, few], middle[0, few], **once)
ax.plot([1, 1], [middle[:, -1].min(), 1e6], **once)
for name, end, marker in zip(SIZES, middle[:, -1], "Ds^v", strict=True):
    color = figures.LIGHT[roles[name]]
    edge = {"markeredgecolor": figures.LIGHT["paper"], "markersize": 10}
    ax.plot(
        1,
        end,
        marker,
        color=color,
        label=name,
        zorder=6,
        clip_on=False,
        **edge,
    )
ax.set(ylim=(4e-3, 1e3), title="Up along the noise, then straight down")
ax.legend(loc="upper left")
figures.show(
    figure,
    caption="From two parameters up to twenty, the black path leaves the "
    "picture at the top right. From there it comes straight down, to another "
    "place for each way to write the features.",
    alt="On the plane of noise followed and excess risk, a black path starts "
    "at least squares, rises to the right and leaves the picture before it "
    "reaches all of the noise. A vertical line comes down at all of the "
    "noise, with four marks on it, around joining the dots: fading as 1/k a "
    "little below, the others above.",
)

worse = risk[3, at_end] / risk[1, at_end]
measured(
    "the-end-is-how-features-fade",
    "With 2,000 parameters, all four follow all of the noise. For {:.0%} of "
    "{n} sets of places, fading as 1/k³ is more than twice as wrong as fading "
    "as 1/k; in the median it is {times:.0f} times. Fading as 1/k is "
    "{line:.1f} times as wrong as the straight line.",
    statistics.share_interval(worse > 2, confidence=0.99).above(0.5),
    times=np.median(worse),
    line=statistics.ratio_interval(
        risk[1, at_end], line_risk, seed=0, confidence=0.99
    ).above(2),
    wrong_if="the interval of the share went down to one half, or that of the "
    "last factor to two",
    threshold_from="after seeing",
)

# %%
# Random bends do not peak there
# ------------------------------
#
# Now draw the first layer of a small network at random, biases included, and
# fit the last one. The features are ReLU units, each with a kink at a random
# place and open to a random side. Again we take the least norm.

PLACES = np.linspace(-1, 1, 500)


def judge_kinks(x, kinks, sides):
    """Return expected excess risk and noise followed for one set of places."""

    def features(at):
        return np.maximum(0, sides * (at[:, np.newaxis] - kinks))

    inverse = np.linalg.pinv(features(x), rcond=1e-10)
    shares = features(PLACES) @ inverse  # of each target at each place
    off = shares @ TRUTH(x) - TRUTH(PLACES)
    risk = np.mean(off**2 + SIGMA**2 * (shares**2).sum(axis=-1))
    return risk, np.trace(features(x) @ inverse) / len(x)


# %%
# The same places get two kinks, then five, up to 640.

generator = np.random.default_rng(KINK_SEED)
kinks = generator.uniform(-1, 1, (N_SETS, 640))
sides = generator.choice([-1, 1], (N_SETS, 640))
units = [2, 5, 10, 20, 40, 80, 160, 320, 640]
sets = range(N_SETS)
found = [
    [judge_kinks(x[k], kinks[k, :p], sides[k, :p]) for k in sets]
    for p in units
]
kink_risk, kink_followed = np.moveaxis(found, 2, 0)
all_followed = kink_followed > 1 - 1e-6

# %%
# Between two neighboring kinks the sum is straight. So it cannot visit three
# points that have no kink between the outer two. (We expected the closest
# *pair* to matter. But a pair is no trouble for a straight piece.) Of twenty
# points some three are close together, and it takes far more than twenty
# random kinks until each such gap has one.

measured(
    "kinks-need-more",
    "With as many random kinks as points, {:.0%} of {n} fits follow all of "
    "the noise, and with four times as many, {late:.0%} still do not. No "
    "number of kinks is special: of nine, {points} is the worst for "
    "{worst:.0%} of the sets.",
    statistics.share_interval(
        all_followed[units.index(N_POINTS)], confidence=0.99
    ).below(0.2),
    late=statistics.share_interval(
        ~all_followed[units.index(4 * N_POINTS)], confidence=0.99
    ).above(0.1),
    worst=statistics.share_interval(
        kink_risk.argmax(axis=0) == units.index(N_POINTS), confidence=0.99
    ).below(0.7),
    points=N_POINTS,
    wrong_if="the interval of the first share reached a fifth, that of the "
    "second went down to a tenth, or that of the last reached 70%",
    threshold_from="after seeing",
)

# %%
# Nor do they descend much: such features fade even faster, and least norm
# draws a wild smooth curve
# (:doc:`/auto_examples/3_function_space/plot_5_is_the_smoothest_curve_safe`).
#
# Trained networks cross no threshold
# -----------------------------------
#
# And if the kinks may move? A network with one hidden layer of *w* units has
# :math:`3 w + 1` parameters. We train all of them for 2,000 steps of Adam,
# with all points in each.

widths = [1, 2, 4, 5, 7, 10, 20, 50, 128]
early, late, left = [], [], []
for width in widths:
    recipe = Recipe(hidden_widths=(width,), batch_size=None, epochs=2000)
    fits = fit_ensemble(
        x, y, recipe, seed=TRAINING_SEED, checkpoints=[500, 2000]
    )
    for step, judgments in ((500, early), (2000, late)):
        predict = fits.at(step).predict
        network_risk = data.excess_risk(predict, TRUTH, low=-1, high=1)
        fitted = predict(x)
        shares = data.noise_followed(fitted, TRUTH, x, y)
        judgments.append((network_risk, shares))
    left.append(np.mean((fitted - y) ** 2, axis=-1) / SIGMA**2)

figure, axes = plt.subplots(2, 1, figsize=(5.6, 6.4), sharex=True)
size = [3 * width + 1 for width in widths]
thin = {"color": figures.LIGHT["network"], "linewidth": 1.2}
for ax, row, of_kinks, of_sum in zip(
    axes,
    (0, 1),
    (kink_risk, kink_followed),
    (risk[1], followed[1]),
    strict=True,
):
    scale = 100 if row else 1
    for values, places, label, style in (
        (of_sum, counts, "polynomials, 1/k", figures.mark("series_a")),
        (of_kinks, units, "random kinks", figures.mark("series_b")),
        ([one[row] for one in early], size, None, thin),
        (
            [one[row] for one in late],
            size,
            "trained networks",
            figures.mark("network"),
        ),
    ):
        middle_one = scale * np.median(values, axis=-1)
        ax.plot(places, middle_one, label=label, **style)
    ax.axvline(N_POINTS, color=figures.LIGHT["muted"], linewidth=1, zorder=1)
axes[0].set(yscale="log", ylim=(5e-3, 1e4), ylabel="excess risk")
axes[0].set_title("Kinks do not peak there,\nnetworks never get there")
axes[0].legend(loc="upper right")
axes[1].set(xscale="log", ylim=(0, 108), ylabel="noise followed, %")
axes[1].set(xlabel="number of fitted parameters")
figures.show(
    figure,
    caption="Medians. The vertical line is at as many parameters as points. "
    "The thin line is the networks after 500 steps of their 2,000.",
    alt="Two panels over the number of fitted parameters. Above, the "
    "polynomials leave the picture at twenty and come back; random kinks rise "
    "to a broad plateau and stay; networks rise slowly, far below. Below, "
    "polynomials reach all of the noise at twenty, random kinks much later, "
    "and networks never; after fewer steps they follow less.",
)

rise = late[-1][0] / late[widths.index(4)][0]
measured(
    "networks-cross-no-threshold",
    "With {parameters} parameters for {points} points, the median network "
    "keeps a training error of {:.2f} noise variances. So it does not visit "
    "its points. Its excess risk is {risk:.3f}; for {rises:.0%} of the sets "
    "it is higher than with {fewer} parameters, {times:.1f} times as high in "
    "the median. The closest of all {count} networks keeps {closest:.2f}.",
    statistics.quantile_interval(left[-1], confidence=0.99).above(1e-6),
    risk=statistics.quantile_interval(late[-1][0], confidence=0.99).below(
        TRUTH.intercept**2 + TRUTH.slope**2 / 3
    ),
    rises=statistics.share_interval(rise > 1, confidence=0.99).above(0.5),
    times=np.median(rise),
    parameters=size[-1],
    fewer=size[widths.index(4)],
    points=N_POINTS,
    count=N_SETS * len(widths),
    closest=np.min(left),
    wrong_if="the interval of the training error went down to a millionth of "
    "the noise variance, which is what we call interpolation, that of the "
    "excess risk reached the price of predicting zero, or that of the share "
    "went down to one half",
    threshold_from="fixed beforehand",
)

# %%
# No threshold was crossed, so these networks say nothing about a peak. And
# part of their slow rise is pace: a step of Adam moves each parameter by about
# as much, so it moves the curve of a wider network further. After 500 steps,
# the thin line, the wide ones follow less.
#
# Lessons
# -------
#
# Error peaks where a fit must follow all of the noise, has no choice how, and
# some sum of its features is nearly zero at all points. At well-placed points
# none is, and there is no such peak (the second exercise). Where a fit has a
# choice, what falls is not overfitting but its price. The units of the
# features set that price, and a count of parameters does not know them.
#
# What this does not show: that larger is better. Fading as 1/k, the bias is
# still growing at two thousand parameters. As the sum of all 1/k is infinite,
# spikes will be free in the end, and the line is lost there, too.
#
# .. exercise:: No noise
#
#    Predict first: what is left of the peak if ``SIGMA`` is 0? Run the page up
#    to the first figure.
#
#    .. answer::
#
#       Nothing: the peak is variance. Up to twenty parameters the line is
#       found. Beyond, the error *rises*, as other features take over a part of
#       what the line should do.
#
# .. exercise:: Better places
#
#    Let the points stand where Gauss would have put them, closer near the
#    ends: after ``x, y`` are set, add
#    ``x = np.polynomial.legendre.leggauss(20)[0][np.newaxis]``. Predict first:
#    how high is the peak? Run the page up to the first figure.
#
#    .. answer::
#
#       As high as the noise variance, 0.09. At these places no sum of twenty
#       features is nearly zero.
