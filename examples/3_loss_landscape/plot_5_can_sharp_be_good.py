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

from overfit_tutorial import data, figures, landscapes, statistics
from overfit_tutorial.claims import claim
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.minima import RECIPE, comparable, find_minima
from overfit_tutorial.training import Recipe
from overfit_tutorial.weights import symmetries

plt.style.use(figures.STYLE)
N_MEMBERS, SEED, ALPHA = 32, 0, 2.0**6

# %%
# Many weights, one function
# --------------------------
#
# The smallest case: one unit, a weight before its kink and one behind.

before, after = np.meshgrid(*2 * [np.linspace(0.05, 4, 200)])
figure, ax = plt.subplots()
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
    caption="Gray: lines of equal loss. Along the floor only their product "
    "counts, and the walls come closer.",
    alt="A bent valley along a hyperbola. Lines of equal loss lie furthest "
    "apart in the middle, and close in on both of its ends.",
)

# %%
# Up before the kink, down after it
# ---------------------------------
#
# A ReLU unit does not mind being scaled: :math:`\max(0, \alpha z) = \alpha
# \max(0, z)` for any positive :math:`\alpha`. Dinh and others made use of it
# in 2017 :cite:`dinh2017`. So multiply the weights and
# biases that enter the first hidden layer by :math:`\alpha`, and divide those
# that leave it. The function is the same. Its place among all weights is not.
#
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
claim(
    "the-twin-is-the-same-function",
    "Scaled up by {alpha:.0f} before the kinks and down after them, {members} "
    "networks predict the same at 2,001 places, to the last bit: the largest "
    "difference is {value:g}.",
    value=difference,
    holds=difference == 0,
    kind="exact",
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
claim(
    "sharpness-grows-like-the-square",
    "Twice the factor is at most four times the sharpness, over {members} "
    "minima and {doublings} doublings: the most is {value:.4f}. The last one, "
    "from {before:.0f} to {after:.0f}, gives at least {least:.4f}.",
    value=growth.max(),
    holds=growth.max() < 4 * (1 + 1e-9) and growth[:, -1].min() > 4 * 0.99,
    kind="exact",
    wrong_if="a ratio was above four by more than rounding, or the last one "
    "below it by more than a hundredth",
    least=growth[:, -1].min(),
    before=alphas[-2],
    after=alphas[-1],
    doublings=len(alphas) - 1,
    members=len(both),
)

figure, ax = plt.subplots()
bads = bad.eigenvalues[both, 0]
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
    caption="Sharpness of good minima, rescaled by α. Thick: median. The band "
    "holds the sharpness of all bad minima. Along a curve, the network's "
    "function is the same.",
    alt="On logarithmic axes, curves fall gently to a minimum near a factor "
    "of one and rise to the right along straight lines of slope two. They "
    "cross the band of the bad minima and leave it far below.",
)

# %%
# Beside the bad ones
# -------------------
#
# Here are the three side by side. The twins are sharper than the bad minima,
# pair by pair, and as good as ever. Their weights are large, too: so the size
# of the weights, which also told good from bad, is no better a judge.

twins = [twin(k, ALPHA) for k in both]
sharp = np.array([sharpness(f, k) for f, k in zip(twins, both, strict=True)])
risks = np.array(
    [data.excess_risk(f.predict, good.points.truth) for f in twins]
)
sizes = [np.sqrt(sum(np.sum(w**2) for w in f.weights)) for f in twins]
table = {
    "good": (
        good.eigenvalues[both, 0],
        good.norm[both],
        good.excess_risk[both],
    ),
    "bad": (bads, bad.norm[both], bad.excess_risk[both]),
    "good, rescaled": (sharp, sizes, risks),
}
print(f"{'medians':15}{'sharpness':>12}{'weights':>10}{'excess risk':>13}")
for name, columns in table.items():
    top, size, risk = (np.median(column) for column in columns)
    print(f"{name:15}{top:12,.0f}{size:10.1f}{risk:13.3f}")

wins = statistics.share_interval(
    (sharp > bads) & (risks < bad.excess_risk[both]), confidence=0.99
)
claim(
    "sharper-and-better",
    "{value:.0%} of the rescaled good minima are sharper than the bad minimum "
    "on the same points, and closer to the truth ({low:.0%} to {high:.0%}).",
    value=wins.value,
    interval=wins.ends,
    confidence=0.99,
    n=len(both),
    holds=wins.low > 0.75,
    threshold=0.75,
    wrong_if="a quarter of the bad minima might be sharper than the twin, or "
    "better",
    headline=True,
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
# :math:`\eta`. We check with gradient descent, and halve the step.


def balance(weights):
    """Return D for each member."""
    entering, biases, leaving = (w**2 for w in weights[:3])
    return entering.sum(axis=(1, 2)) + biases.sum(axis=1) - leaving.sum((1, 2))


descent = Recipe(
    hidden_widths=(50, 50),
    optimizer="sgd",
    batch_size=None,
    bias_std=0.3,
    standardize_x=True,
    standardize_y=True,
    dtype="float64",
)

# %%
# Four thousand steps, and eight thousand of half the size.

x, y = good.points.x, good.points.y
drift, loss = {}, {}
for rate, steps in ((0.02, 4000), (0.01, 8000)):
    recipe = descent.replace(learning_rate=rate, steps=steps)
    fits = fit_ensemble(x, y, recipe, seed=SEED, checkpoints=[1, steps])
    start, end = (balance(fits.at(step).weights) for step in (1, steps))
    drift[rate], loss[rate] = np.abs(end - start), fits.loss[:, -1]

halved = statistics.quantile_interval(
    drift[0.01] / drift[0.02], confidence=0.99
)
stacked = [np.stack([f.weights[part] for f in twins]) for part in range(3)]
there = balance(stacked) - balance(good.fit.weights)[both]
needed = np.median(there)
print(f"{'step size':>10}{'loss':>9}{'|change of D|':>15}")
for rate, change in drift.items():
    print(f"{rate:10}{np.median(loss[rate]):9.3f}{np.median(change):15.3f}")
print(f"{'for the twin':19}{needed:15,.0f}")
claim(
    "descent-keeps-the-balance",
    "With half the step and as long a way, D drifts {value:.2f} times as far "
    "under gradient descent, in the median over {n} seeds ({low:.2f} to "
    "{high:.2f}). Even with the larger step it moves by at most {most:.2f}. "
    "To the twins it would have to move by {needed:,.0f}, in the median.",
    value=halved.value,
    interval=halved.ends,
    confidence=0.99,
    n=N_MEMBERS,
    holds=halved.low > 0.4
    and halved.high < 0.6
    and drift[0.02].max() < needed / 100,
    threshold=(0.4, 0.6),
    wrong_if="the drift did not about halve with the step, or came within a "
    "hundredth of what the twins need",
    most=drift[0.02].max(),
    needed=needed,
)

# %%
# Adam promises nothing of the kind, and Adam has made the minima of this page.
# Its *D* does move, but not to where the twins are.

born = find_minima(N_MEMBERS, seed=SEED, recipe=RECIPE.replace(steps=1))
moved = np.abs(balance(good.fit.weights) - balance(born.fit.weights))[both]
print(f"Adam moves D by {np.median(moved):.0f}, at most {moved.max():.0f}")
print(f"to the twins it would have to move by {needed:,.0f}")
assert moved.max() < needed / 10

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
#       the sharpness is 16% above its least. Both prefer balanced weights,
#       though not quite the same ones, and neither knows the function.
