# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Why does error peak, then fall?
===============================

Give a model one parameter after the other. Its error rises to a peak where it
has just enough of them to visit every point, and then, against the textbook,
falls again: *double descent* :cite:`belkin2019`. We expected it to fall
because the larger model follows less of the noise, and we expected the same
peak from random bends and from trained networks. All three were wrong.
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
N_SETS, RCOND = 100, 1e-15
DATA_SEED, KINK_SEED, TRAINING_SEED = 0, 1, 2

# %%
# The error falls, the noise stays
# --------------------------------
#
# Twenty points lie around a straight line, from -1 to 1. The model is a sum of
# *Legendre polynomials*, :math:`\sum_{k < p} c_k P_k(x)`, with a parameter
# each: :math:`P_0` is constant and :math:`P_1` is :math:`x`, so two make a
# straight line, and each further one can wiggle once more.
#
# With up to twenty parameters we take least squares. With more, many choices
# visit all points, and we take the one with the least :math:`\sum c_k^2`,
# where gradient descent from zero would end. But *least* depends on units:
# write a feature twice as tall, and what it costs is a quarter. So we take
# four ways to write the same features. By their mean square, later ones stay
# as tall as the first, or fade.

SIZES = {
    "all as tall": lambda k: np.sqrt(2 * k + 1),  # orthonormal
    "fading as 1/k": lambda k: np.ones(len(k)),  # plain Legendre
    "fading as 1/k²": lambda k: np.sqrt(2 * k + 1) / np.maximum(k, 1),
    "fading as 1/k³": lambda k: 1 / np.maximum(k, 1),
}

# %%
# The fit is linear in its targets. So we need no luck of the noise: given the
# places, the expected excess risk is a squared *bias*, which is what the fit
# makes of points without noise, and a *variance*, which is :math:`\sigma^2`
# times a sum of squares. And the noise followed is the trace of the matrix
# that takes targets to fitted values, over :math:`n`. Ten lines do it all; the
# pseudo-inverse is both, least squares and least norm.


def judge(x, p, sizes, rcond=RCOND):
    """Return squared bias, variance and noise followed of p features."""
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
# A hundred sets of places, from two parameters to two thousand:

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

figure, axes = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
roles = dict(
    zip(SIZES, ("muted", "series_a", "series_b", "series_c"), strict=True)
)
middle = np.median(risk, axis=-1)
for height, name in zip(middle, SIZES, strict=True):
    style = {"color": figures.LIGHT["muted"]}
    style = style if roles[name] == "muted" else figures.mark(roles[name])
    axes[0].plot(counts, height, label=name, **style)
few = np.array(counts) <= N_POINTS
once = {"color": figures.LIGHT["ink"], "linewidth": 2.5}
axes[0].plot(np.array(counts)[few], middle[0, few], **once)
axes[1].plot(counts, 100 * np.median(followed[0], axis=-1), **once)
axes[0].set(yscale="log", ylabel="expected excess risk", ylim=(2e-3, 1e14))
axes[0].set_title("The error comes down ...")
axes[0].legend(loc="upper right")
axes[0].annotate("all four", (9, 30), ha="right")
axes[1].set_title("... and all of the noise is still followed")
axes[1].set(xscale="log", ylim=(0, 108), ylabel="noise followed, %")
axes[1].set(xlabel="number of parameters")
for ax in axes:
    ax.axvline(N_POINTS, color=figures.LIGHT["muted"], linewidth=1, zorder=1)
axes[1].annotate("as many\nas points", (22, 12))
figures.show(
    figure,
    caption="Medians over the places. Up to twenty parameters the four ways "
    "to write the features are one; beyond, they part.",
    alt="Two panels over the number of parameters, from 2 to 2,000. Above, on "
    "a logarithmic axis, one curve rises steeply to a sharp peak at twenty, "
    "and four come down from it, steeply at first, to four different levels. "
    "Below, the noise followed rises to all of it at twenty, and stays there.",
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
at_peak, at_end = counts.index(N_POINTS), -1
fall = statistics.quantile_interval(
    np.log10(risk[1, at_peak] / risk[1, at_end]), confidence=0.99
)
measured(
    "peak-where-no-choice-is-left",
    "It peaks where only one curve is left: for {:.0%} of {n} sets of places, "
    "with exactly as many parameters as points. Beyond, there is a choice, "
    "and the error falls by {fall:.0f} orders of magnitude. But all of the "
    "noise is followed all the way down.",
    statistics.share_interval(
        (risk[1].argmax(axis=0) == at_peak), confidence=0.99
    ).above(0.6),
    fall=fall.above(6),
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
# The height of the peak is rounding
# ----------------------------------
#
# With twenty parameters, one curve visits all points: there is nothing to
# choose. Some sum of features is nearly zero at all the points, and still it
# must account for some of their noise, so it is taken many times, and swings
# between them. How small is nearly zero? ``pinv`` leaves out what is smaller
# than ``RCOND`` times the largest. Here it leaves out more.

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
# Each sum of features that is left out brings the error down by orders of
# magnitude, and costs a twentieth of the noise followed.
#
# The end is decided by how features fade
# ---------------------------------------
#
# Up to twenty parameters the four ways are one, since least squares does not
# care for units. Least norm does. This is one set of points, with two thousand
# parameters:

at = np.sort(np.concatenate([np.linspace(-1, 1, 2000), x[0]]))
table = legvander(at, counts[at_end] - 1)
visited = np.isin(at, x[0])
order = np.argsort(x[0])
curves = {}
for name, sizes in SIZES.items():
    features = table * sizes(np.arange(counts[at_end]))
    curves[name] = features @ min_norm_fit(
        features[visited], y[0][order], rcond=RCOND
    )

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
# If all features are as tall, thin spikes are the cheapest visit: the line is
# lost, and the end is the *null predictor*. If they fade quickly, a visit is a
# smooth swing, and noise is carried far. The bias says the one, the variance
# the other:

at_200 = counts.index(200)
tables.show(
    {
        "features": list(SIZES),
        "bias at 200": np.median(bias[:, at_200], axis=-1),
        "at 2,000": np.median(bias[:, at_end], axis=-1),
        "variance": np.median(variance[:, at_end], axis=-1),
        "excess risk": np.median(risk[:, at_end], axis=-1),
    },
    **dict.fromkeys(["bias_at_200", "at_2,000"], ".3f"),
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
ax.plot(middle_followed[0, few], middle[0, few], zorder=3, **once)
ax.plot([1, 1], [middle[:, -1].min(), 1e6], zorder=2, **once)
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

swing = statistics.ratio_interval(
    risk[3, at_end], risk[1, at_end], seed=0, confidence=0.99
)
to_line = statistics.ratio_interval(
    risk[1, at_end], line_risk, seed=0, confidence=0.99
)
measured(
    "the-end-is-how-features-fade",
    "With 2,000 parameters, all four follow all of the noise. Fading as 1/k³ "
    "is {:.1f} times as wrong as fading as 1/k, which is {line:.1f} times as "
    "wrong as the straight line.",
    swing.above(3),
    line=to_line.above(2),
    wrong_if="the interval of the first factor went down to three, or that of "
    "the second to two",
    threshold_from="after seeing",
)

# %%
# Random bends need no peak there
# -------------------------------
#
# Now the features are what a small network has at birth if only its last layer
# is fitted: ReLU units, each with a kink at a random place, and open to a
# random side. Again there are as many as we like, and again least norm.

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


generator = np.random.default_rng(KINK_SEED)
kinks = generator.uniform(-1, 1, (N_SETS, 640))
sides = generator.choice([-1, 1], (N_SETS, 640))
units = [2, 5, 10, 20, 40, 80, 160, 320, 640]
kink_risk, kink_followed = np.moveaxis(
    [
        [judge_kinks(x[k], kinks[k, :p], sides[k, :p]) for k in range(N_SETS)]
        for p in units
    ],
    2,
    0,
)
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
# Nor do they descend much. Such bends fade faster than all of the above, and
# what is left is a wild smooth curve
# (:doc:`/auto_examples/3_function_space/plot_5_is_the_smoothest_curve_safe`).
#
# Trained networks cross no threshold
# -----------------------------------
#
# And if the kinks may move? A network with one hidden layer of *w* units has
# :math:`3 w + 1` parameters. We train all of them, with all points in each
# step of Adam, for a thousand steps and for four thousand.

widths = [1, 2, 4, 5, 7, 10, 20, 64, 200]
early, late, left = [], [], []
for width in widths:
    recipe = Recipe(hidden_widths=(width,), batch_size=None, epochs=4000)
    fits = fit_ensemble(
        x, y, recipe, seed=TRAINING_SEED, checkpoints=[1000, 4000]
    )
    for step, judgments in ((1000, early), (4000, late)):
        predict = fits.at(step).predict
        network_risk = data.excess_risk(predict, TRUTH, low=-1, high=1)
        shares = data.noise_followed(predict, TRUTH, x, y)
        judgments.append((network_risk, shares))
    left.append(np.mean((fits.predict(x) - y) ** 2, axis=-1) / SIGMA**2)

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
axes[0].set_title("Neither peaks where the polynomials do")
axes[0].legend(loc="upper right")
axes[1].set(xscale="log", ylim=(0, 108), ylabel="noise followed, %")
axes[1].set(xlabel="number of fitted parameters")
figures.show(
    figure,
    caption="Medians. The vertical line is at as many parameters as points. "
    "The thin line is the networks after 1,000 steps of their 4,000.",
    alt="Two panels over the number of fitted parameters. Above, the "
    "polynomials leave the picture at twenty and come back; random kinks rise "
    "to a broad plateau and stay; networks rise slowly, far below. Below, "
    "polynomials reach all of the noise at twenty, random kinks much later, "
    "and networks never; after fewer steps they follow less.",
)

measured(
    "networks-cross-no-threshold",
    "With {parameters} parameters for {points} points, the median network "
    "keeps a training error of {:.2f} noise variances. So it does not visit "
    "its points, and its excess risk, {risk:.3f}, is below that of predicting "
    "zero. The closest of all {count} networks keeps {closest:.2f}.",
    statistics.quantile_interval(left[-1], confidence=0.99).above(1e-6),
    risk=statistics.quantile_interval(late[-1][0], confidence=0.99).below(
        TRUTH.intercept**2 + TRUTH.slope**2 / 3
    ),
    parameters=size[-1],
    points=N_POINTS,
    count=N_SETS * len(widths),
    closest=np.min(left),
    wrong_if="the interval of the training error went down to a millionth of "
    "the noise variance, which is what we call interpolation, or that of the "
    "excess risk reached the mean square of the truth",
    threshold_from="fixed beforehand",
)

# %%
# Twenty parameters are no threshold for these networks, because they have not
# reached it with six hundred. We expected a plateau. What we see is a slow
# rise, and part of it is pace: a step of Adam moves each parameter by about as
# much, so in a wider network it moves the curve further. Only training until
# the points are visited could show whether a peak is there.
#
# Lessons
# -------
#
# Error peaks where a fit must follow all of the noise and has no choice how.
# It falls where there is a choice. What falls is not overfitting but its
# price, and the price is set by the units of the features, which a count of
# parameters does not know. In this world a straight line beats them all.
#
# What this does not show: that larger is better. Fading as 1/k, the bias still
# grows at two thousand parameters, and given enough of them it is lost to
# spikes, too: the sum of all 1/k is infinite, so the spikes become free.
#
# .. exercise:: No noise
#
#    Predict first: what is left of the peak if ``SIGMA`` is 0? Run the page up
#    to the first figure.
#
#    .. answer::
#
#       Nothing. The line is among the features, so up to twenty parameters it
#       is found. Beyond, the error *rises*: other features take over a part of
#       what the line should do. The peak is made of noise.
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
