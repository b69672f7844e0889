# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Can sharp be good?
==================

The first page of this part found bad minima sharp. Is every sharp minimum bad,
then? An old trick of one line rewrites a network. We expect it to make good
minima sharper than any bad one, and to change nothing else.
"""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, figures, landscapes, statistics, tables
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.minima import RECIPE, comparable, find_minima
from overfit_tutorial.weights import symmetries

plt.style.use(figures.STYLE)
N_MEMBERS, SEED, ALPHA = 32, 0, 2.0**6

# %%
# Up before the kink, down after it
# ---------------------------------
#
# A ReLU unit does not mind being scaled: :math:`\max(0, \alpha z) = \alpha
# \max(0, z)` for any positive :math:`\alpha`. Dinh and others made use of it
# in 2017 :cite:`dinh2017`. So multiply the weights and biases that enter the
# first hidden layer by :math:`\alpha`, and divide those that leave it. The
# function is the same. Its place among all weights is not. In the smallest
# case, one unit has a weight before its kink and one behind:

figure, ax = plt.subplots(figsize=(5.6, 3.4))
before, after = np.meshgrid(*2 * [np.linspace(0.05, 4, 200)])
loss, along = (before * after - 1) ** 2, np.geomspace(0.25, 4)
edges = figures.LIGHT["muted"]
ax.contour(before, after, loss, [0.1, 0.5, 2], colors=edges)
name = "one function, loss zero"
figures.plot_curve(ax, along, 1 / along, role="network", label=name)
ax.set(xlabel="weight before the kink", ylabel="weight behind it")
ax.set_title("A valley that gets narrower")
ax.legend(loc="upper right")
figures.show(
    figure,
    caption="Gray: lines of equal loss. Along the floor only the product of "
    "the weights counts, and the walls come closer.",
    alt="A bent valley along a hyperbola. Lines of equal loss lie furthest "
    "apart in the middle, and close in on both of its ends.",
)

# %%
# We take good and bad minima as before, ten points each, and give every good
# one such a twin. Powers of two do not round, so nothing may change at all.

good = find_minima(N_MEMBERS, seed=SEED)
bad = find_minima(N_MEMBERS, offset=8, seed=SEED)
both = comparable(good, bad, at_least=20)
print(f"{len(both)} of {N_MEMBERS} pairs interpolate")


def twin(k, alpha):
    """Return a good minimum, rescaled."""
    weights = symmetries.rescale(good.weights(k), 0, alpha)
    return dataclasses.replace(good.fit[k], weights=tuple(weights))


def sharpness(fit, k):
    """Return the largest eigenvalue of the loss around a minimum."""
    x, y = good.points.x[k], good.points.y[k]
    return landscapes.gauss_newton_eigenvalues(fit.to_keras(), x, y)[0]


grid = np.linspace(0, 20, 2001)
difference = max(
    np.abs(twin(k, ALPHA).predict(grid) - good.fit[k].predict(grid)).max()
    for k in both
)
exact(
    "the-twin-is-the-same-function",
    "Scaled up by {alpha:.0f} before the kinks and down after them, {members} "
    "networks predict the same at 2,001 places, to the last bit: the largest "
    "difference is {:g}.",
    number(difference).equal_to(0),
    wrong_if="one prediction differed in its last digit",
    alpha=ALPHA,
    members=len(both),
)

# %%
# As sharp as you like
# --------------------
#
# The gradients of the weights behind the layer are :math:`\alpha` times as
# large as before, since what arrives there is. Curvature goes with their
# square. Those of the other weights do not grow. So twice the factor makes a
# network at most four times as sharp, and nearly that once the weights behind
# the layer are what counts.

alphas = 2.0 ** np.arange(-4, 9)
curves = np.array(
    [[sharpness(twin(k, alpha), k) for alpha in alphas] for k in both]
)
growth = curves[:, 1:] / curves[:, :-1]
bads = bad.eigenvalues[both, 0]

figure, ax = plt.subplots()
ax.axhspan(*np.quantile(bads, [0, 1]), color=figures.LIGHT["interval"])
ax.text(0.8, np.median(bads), "all bad minima", va="center")
ax.plot(alphas, curves[:8].T, color=figures.LIGHT["network"], linewidth=0.8)
middle = np.median(curves, axis=0)
ax.plot(alphas, middle, color=figures.LIGHT["network"], linewidth=3)
ax.set(xlabel="factor α (log scale)", ylabel="largest eigenvalue (log scale)")
ax.set(xscale="log", yscale="log", title="One function, as sharp as you like")
ax.set_xticks([1 / 16, 1, 16, 256], ["1/16", "1", "16", "256"])
figures.show(
    figure,
    caption="Thin: eight good minima, rescaled by α. Thick: the median of "
    "all. The band holds the sharpness of all bad minima. Along a thin curve, "
    "the network's function is the same.",
    alt="On logarithmic axes, curves fall to a minimum near a factor of one "
    "and rise to the right along straight lines of slope two. They cross the "
    "band of the bad minima and leave it far below.",
)
exact(
    "sharpness-grows-like-the-square",
    "Twice the factor is at most four times the sharpness, over {members} "
    "minima and {doublings} doublings: the most is {:.4f}. The last one, from "
    "{before:.0f} to {after:.0f}, gives at least {least:.4f}.",
    number(growth.max()).below(4 * (1 + 1e-9)),
    least=number(growth[:, -1].min()).above(4 * 0.99),
    wrong_if="a ratio were above four by more than rounding, or the last one "
    "below it by more than a hundredth",
    before=alphas[-2],
    after=alphas[-1],
    doublings=len(alphas) - 1,
    members=len(both),
)

# %%
# Beside the bad ones
# -------------------
#
# Now the three side by side, with medians below. The twins are sharper than
# the bad minima, pair by pair, and as good as ever. Their weights are large,
# too: so the norm of the weights, which also told good from bad, is no better
# a judge.

twins = [twin(k, ALPHA) for k in both]
sharp = np.array([sharpness(f, k) for f, k in zip(twins, both, strict=True)])
risks = np.array(
    [data.excess_risk(f.predict, good.points.truth) for f in twins]
)
sizes = [np.sqrt(sum(np.sum(w**2) for w in f.weights)) for f in twins]
kinds = {
    "good": (
        good.eigenvalues[both, 0],
        good.excess_risk[both],
        good.norm[both],
    ),
    "bad": (bads, bad.excess_risk[both], bad.norm[both]),
    "good, rescaled": (sharp, risks, sizes),
}
wins = (sharp > bads) & (risks < bad.excess_risk[both])
share = statistics.share_interval(wins, confidence=0.99)

figure, ax = plt.subplots()
ends = [np.array([kinds[name][i] for name in kinds]) for i in (0, 1)]
joined = {"color": figures.LIGHT["grid"], "linewidth": 1, "zorder": 1}
ax.plot(ends[0][[0, 2]], ends[1][[0, 2]], **joined)
for name, role, marker in zip(
    kinds, ("network", "series_a", "series_b"), "oD^", strict=True
):
    style = {"color": figures.LIGHT[role], "markersize": 5, "label": name}
    ax.plot(*kinds[name][:2], marker, **style)
ax.set(xscale="log", yscale="log", ylabel="excess risk (log scale)")
ax.set(xlabel="sharpness: largest eigenvalue (log scale)")
ax.set_title("Sharper than the bad, as good as the good")
ax.legend(loc="upper left")
figures.show(
    figure,
    caption="Each mark is one minimum on its ten points. Gray lines join a "
    "good one and its rescaled twin: the same function, written down with "
    "other weights.",
    alt="Three clouds on logarithmic axes. Good minima lie at the lower left, "
    "bad ones high in the middle. The rescaled good ones lie at the lower "
    "right, beyond all bad ones, each at the height of its good twin.",
    headline=True,
)
tables.show(
    {
        "kind": ["good", "bad", "twins"],
        "sharpness": [np.median(top) for top, _, _ in kinds.values()],
        "excess risk": [np.median(risk) for _, risk, _ in kinds.values()],
        "norm": [np.median(size) for *_, size in kinds.values()],
    },
    sharpness=",.0f",
    excess_risk=".3f",
    norm=".0f",
)
measured(
    "sharper-and-better",
    "Written down with other weights, the function of a good minimum is "
    "sharper than a bad minimum on the same points, and still closer: in "
    "{count} of {n} cases ({:.0%}).",
    share.above(0.75),
    headline=True,
    count=wins.sum(),
)

# %%
# Training does not go there
# --------------------------
#
# So sharpness of a point among the weights proves nothing about the function.
# Does that make the first page worthless? Not quite. Training does not rescale
# layers at will. Let *D* be what enters the layer less what leaves it:
# :math:`D = \lVert W_1 \rVert^2 + \lVert b_1 \rVert^2 - \lVert W_2 \rVert^2`.
#
# The rescaling leaves the loss as it is, so the gradient is at a right angle
# to it. Follow the gradient in infinitely small steps, and *D* stays as it
# was. In steps of size :math:`\eta` it may drift, in proportion to
# :math:`\eta`. We check with gradient descent: four thousand steps, and eight
# thousand of half the size. (It has not come to a minimum by then: the loss is
# printed.)


def balance(weights):
    """Return D for each member."""
    entering, biases, leaving = (w**2 for w in weights[:3])
    return entering.sum(axis=(1, 2)) + biases.sum(axis=1) - leaving.sum((1, 2))


descent = RECIPE.replace(
    optimizer="sgd", dtype="float64", standardize_x=True, standardize_y=True
)
x, y = good.points.x, good.points.y
drift, loss = {}, {}
for rate, steps in ((0.02, 4000), (0.01, 8000)):
    recipe = descent.replace(learning_rate=rate, steps=steps)
    fits = fit_ensemble(x, y, recipe, seed=SEED, checkpoints=[1, steps])
    start, end = (balance(fits.at(step).weights) for step in (1, steps))
    drift[rate], loss[rate] = np.abs(end - start), fits.loss[:, -1]

stacked = [np.stack([f.weights[part] for f in twins]) for part in range(3)]
there = balance(stacked) - balance(good.fit.weights)[both]
needed = np.median(there)
halved = statistics.quantile_interval(
    drift[0.01] / drift[0.02], confidence=0.99
)
descended = ", ".join(f"{np.median(end):.3f}" for end in loss.values())
print(f"median loss after gradient descent: {descended}")
measured(
    "descent-keeps-the-balance",
    "With half the step and as long a way, D drifts {:.2f} times as far under "
    "gradient descent, in the median over {n} seeds. Even with the larger "
    "step it moves by at most {most:.2f}. To the twins it would have to move "
    "by {needed:,.0f}, in the median.",
    halved.inside(0.4, 0.6),
    most=number(drift[0.02].max()).below(needed / 100),
    wrong_if="the drift did not about halve with the step, or came within a "
    "hundredth of what the twins need",
    needed=needed,
)

# %%
# Adam promises nothing of the kind, and Adam has made the minima of this page.
# Its *D* does move, but not to where the twins are.

born = find_minima(N_MEMBERS, seed=SEED, recipe=RECIPE.replace(steps=1))
moved = np.abs(balance(good.fit.weights) - balance(born.fit.weights))[both]
assert moved.max() < needed / 10
print(f"Adam moves D by {np.median(moved):.0f}, at most {moved.max():.0f}")

figure, ax = plt.subplots(figsize=(5.6, 3.2))
changes = {f"descent, step {rate}": change for rate, change in drift.items()}
changes |= {"Adam": moved, "needed for\nthe twin": there}
roles = ("network", "network", "series_a", "series_b")
for row, (values, role) in enumerate(
    zip(changes.values(), roles, strict=True)
):
    jitter = row + np.linspace(-0.25, 0.25, len(values))
    ax.plot(values, jitter, "o", markersize=3, color=figures.LIGHT[role])
    ax.plot(np.median(values), row, "D", color=figures.LIGHT["ink"])
ax.set_yticks(range(len(changes)), list(changes))
ax.set(xscale="log", ylim=(3.5, -0.5), xlabel="change of D (log scale)")
ax.set_title("Training stays far from the twins")
figures.show(
    figure,
    caption="How far D moves, for each seed: under gradient descent with two "
    "step sizes, under Adam, and from a good minimum to its twin. Diamonds "
    "are medians.",
    alt="Four rows of dots on a logarithmic axis that spans many decades. "
    "Gradient descent hardly moves D, with half the step about half as far. "
    "Adam moves it by tens. The twins lie far to the right of all of them.",
)

# %%
# Lessons
# -------
#
# A good network has sharp twins. Sharpness is no property of a function, but
# of a function *and* the weights that one has chosen to write it down. "Flat
# minima generalize" cannot be true of all minima, and a number that proves it
# must not change when the units of a layer do.
#
# It may still be true of the minima that training finds, since training does
# not rescale. That is a weaker statement, one about an optimizer and its
# starting point. Had we started from unbalanced weights, gradient descent in
# small enough steps would have kept them so.
#
# What this does not show: that sharpness is useless. Between minima that were
# made good and bad from like starts, it told them apart on the first page.
# Measures that are blind to rescaling exist, too; none is tested here.
#
# .. exercise:: The flattest twin
#
#    Predict first: which factor makes the norm of the weights smallest, and
#    does it make the sharpness smallest, too? The norm has a closed form: the
#    fourth power of the best factor is the squared length of what leaves the
#    layer over that of what enters it.
#
#    .. answer::
#
#       The norm is smallest at a factor of 1.9, the sharpness at about 1.15,
#       in the median of the first sixteen minima. Where the norm is smallest,
#       the sharpness is 17% above its least. Both prefer balanced weights,
#       though not quite the same ones, and neither knows the function.
