# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Why is fit slow?
================

An error bar needs hundreds of networks, and ``model.fit`` takes seconds for
each, most of which is not arithmetic. We expect that Python between the steps
costs more than the steps. But look at the arithmetic, too: with which numbers
is it done?
"""

import cProfile
import pstats
import timeit

import keras
import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, draws, figures, networks, statistics, tables
from overfit_tutorial.claims import exact, measured, number, timing
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
DATA_SEED, WEIGHT_SEED, SEED = 0, 1, 2
N_NETWORKS, STEPS, BATCH = 20, 4, 32  # four steps an epoch

# %%
# A step is milliseconds of Python
# --------------------------------
#
# First we time ``fit`` with the story's network, and count what Python does
# meanwhile. Of three times we take the least: the first one compiles.


def seconds(work):
    """Return the least of three times."""
    return min(timeit.repeat(work, number=1, repeat=3))


points = data.sample_noisy(seed=DATA_SEED)
x, y = (z[:, np.newaxis].astype("float32") for z in (points.x, points.y))
model = networks.build_mlp(seed=WEIGHT_SEED)
model.compile(keras.optimizers.Adam(0.01), loss="mse")
fit_seconds = seconds(lambda: model.fit(x, y, epochs=5, verbose=0))
with cProfile.Profile() as profile:
    model.fit(x, y, epochs=5, verbose=0)
calls = pstats.Stats(profile).total_calls / (5 * STEPS)

# %%
# How much arithmetic is in a step? Each of the 40,701 parameters takes part in
# one multiplication and one addition on the way forward, and in twice that on
# the way back, for each of 25 points on average. How fast this machine can
# multiply and add, a product of large matrices says.

flop = 6 * model.count_params() * len(x) / STEPS
product = np.ones((1000, 1000), "float32")
least_seconds = flop * seconds(lambda: product @ product) / (2 * 1000**3)

figure, ax = plt.subplots(figsize=(5.6, 4.2))
bars = {
    f"fit,\n{calls:,.0f} calls": fit_seconds / (5 * STEPS),
    "its\narithmetic": least_seconds,
}
roles = "network", "series_a"
for row, (seconds_a_step, role) in enumerate(
    zip(bars.values(), roles, strict=True)
):
    time = 1000 * seconds_a_step
    ax.barh(row, time, color=figures.LIGHT[role])
    ax.annotate(f" {time:.2g} ms", (time, row), va="center")
ax.set_yticks(range(2), bars)
ax.set(xlabel="milliseconds a step", title="Little of a step is arithmetic")
ax.margins(x=0.15)
ax.grid(axis="y", visible=False)
figures.show(
    figure,
    caption="One step of the story's network: by fit, with all its calls of "
    "Python functions, and what its multiplications and additions would take "
    "at the best.",
    alt="Two bars of time. The bar of the arithmetic is a small part of that "
    "of fit.",
)

# %%
# The whole training in one call
# ------------------------------
#
# The remedy is one call of a compiled program, with nothing of Python between
# its steps. The package has two such programs. One is a loop that TensorFlow
# compiles by XLA. The other, which trains nearly all networks of this site, is
# a file of C, compiled beforehand to WebAssembly: it rounds in the same way on
# every machine, so that a seed means the same network everywhere, as
# :doc:`/auto_examples/6_builders/plot_3_same_bits_everywhere` shows.
#
# Is it the same training? We begin at Keras' weights. The order of the points
# in each epoch is a function of the seed, so that Keras can be given the same
# batches, one by one. Guess: after fifty epochs, in how many digits do the two
# programs still agree?

epochs = 1, 2, 5, 10, 20, 50
model = networks.build_mlp(seed=WEIGHT_SEED)
model.compile(keras.optimizers.Adam(0.01), loss="mse")
start = {"initial_weights": model.get_weights(), "checkpoints": epochs}
fit = fit_network(points.x, points.y, seed=SEED, **start)
orders = draws.Orders([SEED], len(x)).next(max(epochs))[0]
gaps, apart = {}, {}
for epoch, order in enumerate(orders, start=1):
    for begin in range(0, len(x), BATCH):
        batch = order[begin : begin + BATCH]
        model.train_on_batch(x[batch], y[batch])
    if epoch in epochs:
        pairs = zip(model.get_weights(), fit.checkpoints[epoch], strict=True)
        gaps[STEPS * epoch] = max(np.abs(a - b).max() for a, b in pairs)
        ours, theirs = fit.at(epoch).predict(points.x), model(x).numpy()[:, 0]
        apart[STEPS * epoch] = np.abs(ours - theirs).max()

figure, ax = plt.subplots()
ax.plot(gaps.keys(), gaps.values(), "o-", color=figures.LIGHT["network"])
ax.axhline(0.01, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("what one step moves a weight", (STEPS, 0.007), va="top")
ax.set(xscale="log", yscale="log", xlabel="steps (log scale)")
ax.set(ylabel="largest difference", title="Rounding drives them apart")
figures.show(
    figure,
    caption="The largest difference between a weight of the compiled program "
    "and Keras' own. The horizontal line is what one step moves a weight.",
    alt="A rising curve on two logarithmic axes: the difference between two "
    "programs that take the same steps, over the steps. It begins far below "
    "the horizontal line of one step.",
)

exact(
    "loop-is-keras",
    "After eight steps from the same weights, the curve of the compiled loop "
    "is Keras' at all points, to {:.0e}.",
    number(apart[8]).below(0.02),
    wrong_if="it differed somewhere by 0.02, a hundredth of the noise",
    threshold_from="after seeing",
)

# %%
# In single precision any two programs round differently, and training
# multiplies the differences. After eight steps this has hardly begun.
#
# Most units are on for all points, or for none
# ---------------------------------------------
#
# What is left is arithmetic. A ReLU that is off hands on a zero, and what is
# multiplied by zero need not be computed. The first layer's units bend at
# ``x = 0``, where no point is, so each begins on for all points, or off for
# all. Does it stay like that, in all layers? Here is every unit, after every
# epoch.


def where_on(weights, x):
    """Return which units are on, by point, layer and unit."""
    signal, on = x, []
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        signal = np.maximum(signal @ kernel + bias[..., None, :], 0)
        on.append(signal > 0)
    return np.stack(on, axis=-2)


every = range(1, STORY.epochs + 1)
fit = fit_network(points.x, points.y, seed=SEED, checkpoints=every)
on = np.array([where_on(fit.checkpoints[epoch], x) for epoch in every])
states = {"some": on.any(axis=1) & ~on.all(axis=1), "all": on.all(axis=1)}

figure, ax = plt.subplots()
rank = np.argsort(-states["all"].sum(axis=0) - on.any(axis=1).sum(axis=0))
for (name, state), role in zip(
    states.items(), ("line", "network"), strict=True
):
    rows = np.take_along_axis(state, rank[np.newaxis], axis=-1)
    rows = rows.reshape(len(state), -1).T.astype(int)
    edges = np.diff(rows, axis=1, prepend=0, append=0)
    (unit, begin), (_, end) = np.nonzero(edges > 0), np.nonzero(edges < 0)
    ax.hlines(unit, begin, end, color=figures.LIGHT[role], linewidth=0.6)
    label = f"on for {name} points, {state.mean():.0%}"
    ax.plot([], [], color=figures.LIGHT[role], linewidth=4, label=label)
for border in range(100, 500, 100):
    ax.axhline(border - 0.5, color=figures.LIGHT["ink"], linewidth=1)
ax.set_yticks(range(50, 500, 100), [f"layer {k}" for k in range(1, 6)])
ax.set(xlim=(0, STORY.epochs), ylim=(499.5, -0.5), xlabel="epochs")
ax.set_title("Most units are off for all points")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
ax.grid(visible=False)
figures.show(
    figure,
    caption="Each row is one of the five hundred units, each layer sorted by "
    "how long its units are on. Where it is empty, all products are zero.",
    alt="A raster of five layers of a hundred rows over the epochs. In each "
    "layer some rows are filled from end to end, a few are broken or of "
    "another color, and most of the area is empty.",
)

# %%
# So the program keeps, for each layer and batch, a list of the units that are
# on anywhere in it. On the way forward only they hand on anything; on the way
# back, twice the work, a weight counts only if the units at both of its ends
# are on. What is left of the products between hidden layers?


def products_left(fits, inputs):
    """Return shares of the products, forward and in all, for each network."""
    forward, pairs = [], []
    for weights in fits.checkpoints.values():
        on = where_on(weights, inputs[:, :BATCH, np.newaxis])
        n_on = on.any(axis=1).sum(axis=-1)
        forward.append(n_on[:, :-1].mean(axis=1) / 100)
        pairs.append((n_on[:, :-1] * n_on[:, 1:]).mean(axis=1) / 100**2)
    forward, back = np.mean(forward, axis=0), np.mean(pairs, axis=0)
    return forward, (forward + 2 * back) / 3


many = data.sample_noisy_many(N_NETWORKS, seed=DATA_SEED)
units = (many.x - many.x.mean(1, keepdims=True)) / many.x.std(1, keepdims=True)
left = {}
for name, inputs in {"as they are": many.x, "standardized": units}.items():
    fits = fit_ensemble(inputs, many.y, seed=SEED, checkpoints=every[::10])
    left[name] = products_left(fits, inputs)
tables.show(
    {
        "inputs": list(left),
        "forward": [np.median(forward) for forward, _ in left.values()],
        "in all": [np.median(both) for _, both in left.values()],
    },
    forward=".0%",
    in_all=".0%",
)

measured(
    "products-with-zeros",
    "Of the multiplications of the story's training, {:.0%} are left in the "
    "median of {n} networks when units that are off for the whole batch are "
    "skipped.",
    statistics.quantile_interval(left["as they are"][1]).below(0.25),
    wrong_if="a quarter were left, at the upper end of the interval",
    threshold_from="after seeing",
)

# %%
# Standardized inputs lie on both sides of zero, and more is left. Nothing but
# additions of zero is skipped, so the results are the same, to the last bit.
#
# What it buys
# ------------
#
# We time ``fit`` and both compiled programs, with one network and with
# twenty at once. As a counterexample we begin at weights that are all
# positive, and hold them there by a tiny rate: then every unit is on.


def epoch_seconds(engine, n_networks, recipe=STORY, **options):
    """Return the seconds that an epoch of one network takes."""
    x, y = many.x[:n_networks], many.y[:n_networks]
    options = {"seed": SEED, "engine": engine, **options}
    whole = seconds(lambda: fit_ensemble(x, y, recipe, **options))
    return whole / n_networks / recipe.epochs


held = STORY.replace(learning_rate=1e-9)
positive = [np.abs(weight)[np.newaxis] for weight in model.get_weights()]
fit_epoch = seconds(lambda: model.fit(x, y, epochs=20, verbose=0)) / 20
spent = {}
for engine in ("xla", "exact"):
    one, many_at_once = (epoch_seconds(engine, n) for n in (1, N_NETWORKS))
    all_on = epoch_seconds(engine, 1, held, initial_weights=positive)
    spent[engine] = one, many_at_once, all_on

figure, ax = plt.subplots(figsize=(5.6, 4.2))
names = {"xla": "XLA", "exact": "zeros\nskipped"}
faster = {
    f"{names[engine]}{among}": (1000 * time, role)
    for engine, role in (("xla", "series_a"), ("exact", "network"))
    for among, time in zip(("", ",\nof 20"), spent[engine], strict=False)
}
figures.plot_ladder(ax, {"fit": 1000 * fit_epoch}, fits=faster)
ax.set_xlabel("ms an epoch of one network (log scale)")
ax.set_title("The same training, in less time")
figures.show(
    figure,
    caption="An epoch of the story's network: by fit, by the loop that XLA "
    "compiles, and by the program that skips zeros, alone and one of 20. The "
    "axis is logarithmic.",
    alt="Five places on a logarithmic axis of time. That of fit is by far the "
    "furthest right; far to the left lie one network and one of twenty, "
    "by XLA and by the program that skips zeros.",
    headline=True,
)

timing(
    "engine-is-faster",
    "Compiled as one loop, without the zeros, and trained many at a time, a "
    "network takes 1/{:.0f} of the time that model.fit takes, on the machine "
    "that built this page.",
    number(fit_epoch / spent["exact"][1]).above(30),
    wrong_if="it were less than thirty times faster",
    headline=True,
    threshold_from="after seeing",
)
timing(
    "zeros-cost-time",
    "The same program takes {:.1f} times as long for a network in which no "
    "unit is ever off, on the machine that built this page.",
    number(spent["exact"][2] / spent["exact"][0]).above(1.5),
    wrong_if="that network took less than one and a half times as long",
    threshold_from="after seeing",
)

# %%
# Where no unit is off there is nothing to skip. Which program is then the
# faster? In milliseconds an epoch of one network:

tables.show(
    {
        "program": [name.replace("\n", " ") for name in names.values()],
        "the story": [1000 * times[0] for times in spent.values()],
        "no unit off": [1000 * times[2] for times in spent.values()],
    },
    the_story=".2f",
    no_unit_off=".2f",
)

# %%
# Lessons
# -------
#
# ``fit`` is built for networks whose steps take longer than Python. Ours take
# less, so the loop has to go where Python is not. Then look at the numbers
# themselves: what is known to be zero need not be multiplied. Hundreds of
# seeds become affordable.
#
# What this does not show: larger networks, for which ``fit`` is fast enough,
# or other processors. :doc:`How fast is the engine? </development/speed>` has
# other libraries and widths.
