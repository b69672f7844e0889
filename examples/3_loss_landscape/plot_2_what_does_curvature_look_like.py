# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What does curvature look like?
==============================

"Flat" and "sharp" sound like one number. The curvature of a loss is a matrix,
with as many eigenvalues as parameters. Ten points can hold a network in ten
directions. So we expect ten large ones at a minimum, and zeros beside them.
Ten there are, but they are far from equal.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, figures, landscapes, statistics
from overfit_tutorial.claims import measured, number
from overfit_tutorial.curvature.spectra import estimate_spectrum
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.minima import find_minima

plt.style.use(figures.STYLE)
N_MEMBERS, SEED = 32, 0
N_STORIES, DATA_SEED, TRAINING_SEED = 20, 0, 1

# %%
# Two ways to look at one matrix
# ------------------------------
#
# The Hessian is the matrix of second derivatives of the loss. For the mean
# squared error it is a sum. One part, the **Gauss–Newton** matrix
# :math:`\frac{2}{n} J^\top J`, needs only first derivatives: *J* says how each
# prediction moves with each parameter. The other part is proportional to the
# residuals, and vanishes where the network fits all points.
#
# The nonzero eigenvalues of the Gauss–Newton matrix are those of the small
# matrix :math:`\frac{2}{n} J J^\top`, with a row for each point. So they are
# exact. The Hessian itself is too large to write down for big networks, but
# products with it are cheap.
#
# We look at both for the good minima of :doc:`plot_1_are_bad_minima_sharper`:
# small networks that fit their ten points exactly.

found = find_minima(N_MEMBERS, seed=SEED)
members = np.flatnonzero(found.interpolates)
x, y = found.points.x, found.points.y
networks = {k: found.fit[k].to_keras() for k in members}
print(f"{len(members)} of {N_MEMBERS} networks interpolate")


def hessian(k):
    """Return the Hessian of a member at its minimum."""
    return landscapes.hessian_operator(networks[k], x[k], y[k])


# %%
# Ten spikes in an ocean of zeros
# -------------------------------
#
# A few dozen products with the Hessian tell where eigenvalues lie:
# *stochastic Lanczos quadrature* :cite:`ghorbani2019`. Each probe starts from
# a random vector, and knows nothing of the Jacobian. We count how many
# eigenvalues it sees beyond each value, and draw the exact ones of
# Gauss–Newton as stairs.

first = members[0]
exact = found.eigenvalues[first]
spectrum = estimate_spectrum(
    hessian(first), seed=SEED, n_probes=20, n_lanczos_steps=40
)
n_parameters = spectrum.n_eigenvalues
grid = np.geomspace(exact[0] * 1e-5, exact[0] * 2, 300)
counts = [spectrum.trace(lambda t, v=v: t > v) for v in grid]

figure, ax = plt.subplots()
middle = np.array([c.value for c in counts])
spread = 2 * np.array([c.standard_error for c in counts])
shade = figures.LIGHT["interval"]
ax.fill_between(grid, middle - spread, middle + spread, color=shade)
figures.plot_curve(
    ax, grid, middle, role="network", label="Lanczos, 20 probes"
)
stairs = (exact[:, None] > grid).sum(axis=0)
figures.plot_curve(ax, grid, stairs, role="series_b", label="exact")
ax.set(xscale="log", ylim=(0, 14), xlabel="value", ylabel="eigenvalues beyond")
ax.set_title(f"Of {n_parameters:,}, ten are not zero")
ax.legend()
figures.show(
    figure,
    caption="How many eigenvalues of the Hessian lie beyond a value, at one "
    "minimum. The band is two standard errors of the estimate.",
    alt="A staircase falls from ten to zero over several decades, one step "
    f"for each eigenvalue, the largest at {exact[0]:.0f}. The estimated count "
    "steps down at the same values, a little above or below the stairs.",
)

# %%
# The places agree, since Lanczos finds outliers quickly. The counts are noisy,
# since a random vector contains more of one eigenvector than of another.
#
# A cliff behind the tenth
# ------------------------
#
# Is the rest really zero? We estimate a bound. No eigenvalue of the Hessian
# differs from Gauss–Newton's by more than the Frobenius norm of the difference
# of the two matrices. For a vector *z* of random signs, the mean square of the
# difference times *z* is the square of that norm.


def remainder(k, n_probes=20):
    """Return the norm of what is not Gauss–Newton's, of the largest value."""
    generator = np.random.default_rng(SEED)
    z = generator.choice([-1.0, 1.0], (n_parameters, n_probes))
    jacobian = landscapes.jacobian(networks[k], x[k])
    rest = hessian(k) @ z - 2 / len(x[k]) * jacobian.T @ (jacobian @ z)
    norm = np.sqrt(np.mean(np.sum(rest**2, axis=0)))
    return norm / found.eigenvalues[k, 0]


share = 1e9 * np.array([remainder(k) for k in members])
largest = statistics.quantile_interval(share, confidence=0.99)
values = found.eigenvalues[members]

figure, ax = plt.subplots()
color = figures.LIGHT["network"]
ranks = np.arange(1, values.shape[1] + 1)
relative = (values / values[:, :1]).T
ax.plot(ranks, relative, color=color, linewidth=0.7, alpha=0.5)
ax.plot(ranks, np.median(relative, axis=1), color=color, linewidth=3)
others = 12.5 + np.linspace(-0.8, 0.8, len(share))
ax.plot(others, share / 1e9, "v", color=figures.LIGHT["series_a"])
ax.annotate("all others:\nbelow this", (12.5, 3e-7), ha="center", va="bottom")
ax.set_xticks([*range(1, 11), 12.5], [*range(1, 11), "11 and on"])
ax.set(yscale="log", ylim=(3e-9, 3), xlabel="rank")
ax.set(ylabel="eigenvalue / largest (log scale)")
ax.set_title("Ten unequal directions, and then a cliff")
figures.show(
    figure,
    caption="The eigenvalues at a minimum, as shares of the largest: thin "
    "lines are networks, the thick one is their median. Triangles: for each "
    "network, the bound on all the others.",
    alt="A bundle of lines falls over several decades from the first to the "
    "tenth eigenvalue, in about the same way for all networks. Right of it, "
    "further decades below, a row of triangles marks how large the remaining "
    "eigenvalues can be at most.",
    headline=True,
)
measured(
    "all-but-ten-are-zero",
    "At a minimum, all but {points} of {parameters:,} eigenvalues of the "
    "Hessian are zero, to an estimated {:.0f} billionths of the largest in "
    "the median over {n} networks, and {most:.0f} in the worst.",
    largest.below(1000),
    most=number(share.max()).below(1000),
    wrong_if="one of the networks might have another eigenvalue of a "
    "millionth of the largest",
    headline=True,
    points=len(exact),
    parameters=n_parameters,
)

# %%
# Few directions carry it all
# ---------------------------
#
# How unequal are the ten? The trace is the sum of all eigenvalues. We add them
# up, the largest first.

held = np.cumsum(values, axis=1) / values.sum(axis=1, keepdims=True)
top = statistics.quantile_interval(
    values[:, 0] / values.sum(axis=1), confidence=0.99
)
decades = statistics.quantile_interval(
    np.log10(values[:, 0] / values[:, -1]), confidence=0.99
)

figure, ax = plt.subplots()
ax.plot(ranks, held.T, color=color, linewidth=0.7, alpha=0.5)
ax.plot(ranks, np.median(held, axis=0), color=color, linewidth=3)
equal = ranks / len(ranks)
figures.plot_curve(
    ax, ranks, equal, role="series_b", label="if all were alike"
)
ax.set(xlabel="directions, the steepest first", ylabel="share of the trace")
ax.set(xticks=ranks, ylim=(0, 1.03))
ax.set_title("Three directions are nearly all of it")
ax.legend(loc="lower right")
figures.show(
    figure,
    caption="How much of the trace the steepest directions hold together: "
    "thin lines are networks, the thick one is their median.",
    alt="Curves start above one half and level off close to one from the "
    "third direction on. A dotted straight line, for ten equal eigenvalues, "
    "runs far below them.",
)
measured(
    "one-direction-is-half-of-it",
    "In the median over {n} minima, the steepest direction holds {:.0%} of "
    "the trace, and {decades:.1f} decades lie between it and the tenth.",
    top.above(0.3),
    decades=decades.above(1),
)

# %%
# The story's network is at no minimum
# ------------------------------------
#
# All of this was at minima that fit every point. The story's run stops after
# 800 steps, with residuals as large as the noise. Then the second part of the
# Hessian is there, and it has eigenvalues of both signs. A negative one says
# that the loss would still fall: this is no minimum.
#
# Any value that Lanczos finds lies between the true extremes. So the lowest of
# thirty steps shows that there is an eigenvalue at least as negative.

samples = data.sample_noisy_many(N_STORIES, seed=DATA_SEED)
fits = fit_ensemble(samples.x, samples.y, seed=TRAINING_SEED)
edges = []
for fit, u, v in zip(fits, samples.x, samples.y, strict=True):
    model = fit.to_keras()
    operator = landscapes.hessian_operator(model, u, v, dtype="float32")
    seen = estimate_spectrum(
        operator, seed=SEED, n_probes=2, n_lanczos_steps=30
    ).nodes
    edges.append(seen.min() / seen.max())
negative = statistics.quantile_interval(edges, confidence=0.99)

figure, ax = plt.subplots(figsize=(5.6, 3.2))
ax.bar(range(1, N_STORIES + 1), 100 * np.sort(edges), color=color)
ax.set(xlabel="seed, in order", ylabel="lowest / largest, %")
ax.set_xticks([1, 5, 10, 15, 20])
ax.grid(axis="x", visible=False)
ax.set_title("At its last step, the loss would still fall")
figures.show(
    figure,
    caption="The lowest eigenvalue that is found at the story's last step, in "
    "percent of the largest, for each seed.",
    alt="Twenty bars that hang down from zero, in order of their length. The "
    "longest reach several percent, the shortest hardly leave zero.",
)
n_negative = np.sum(np.less(edges, -1e-5))
print(f"of {N_STORIES} seeds, {n_negative} have a negative one")
measured(
    "the-story-ends-on-a-slope",
    "At the story's last step the Hessian has a negative eigenvalue: the "
    "lowest that is found is {:.1%} of the largest, in the median over {n} "
    "seeds.",
    negative.below(-1e-3),
)

# %%
# Lessons
# -------
#
# At a minimum that fits *n* points, a loss is curved in at most *n* directions
# and flat in all others, however many there are. The number of parameters does
# not show in the number of curved directions. And what is called sharpness,
# the largest eigenvalue, is one of *n* numbers that span decades: another
# choice, the trace or the volume, may rank minima differently.
#
# What this does not show: flatness in the flat directions. Zero curvature
# means that the loss rises more slowly than any parabola nearby, not that it
# never rises. And the story's network stops where neither picture applies.
#
# .. exercise:: More points than ten
#
#    Predict first: how many nonzero eigenvalues does the Gauss–Newton matrix
#    of the *story's* network have, which has 100 points? Count those of
#    ``landscapes.gauss_newton_eigenvalues(model, u, v)`` above 1e-10 of the
#    largest.
#
#    .. answer::
#
#       At most 100, and in fact far fewer: 33 in the median of these seeds,
#       from 16 to 45. The number of points is only a bound.
