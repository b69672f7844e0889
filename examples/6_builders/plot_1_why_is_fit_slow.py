# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Why is fit slow?
================

An error bar needs hundreds of networks, and ``model.fit`` takes seconds for
each, most of which is not arithmetic. We expect that Python between the steps
costs more than the steps.
"""

import cProfile
import pstats
import timeit

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from overfit_tutorial import data, figures, networks
from overfit_tutorial.claims import exact, number, timing
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
DATA_SEED, WEIGHT_SEED, ORDER_SEED = 0, 1, 2
EPOCHS, STEPS = 50, 4  # a quarter of the story; four batches an epoch

# %%
# A step is milliseconds of Python
# --------------------------------
#
# First we time ``fit`` with the story's network, and count what Python does
# meanwhile. Of four times we take the least: the first one compiles.


def seconds(work):
    """Return the least of four times."""
    return min(timeit.repeat(work, number=1, repeat=4))


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
# Below is the same training, with nothing left between the steps. XLA
# compiles the loop as a whole: take a batch, go forward, go back, let Adam
# move the weights. It is written with plain arrays; this is all of it.


def forward(weights, h):
    """Return the network's output for inputs of shape (n_points, 1)."""
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        h = tf.nn.relu(h @ kernel + bias)
    return h @ weights[-2] + weights[-1]


# %%
# A step is Adam's, with its two running means of each gradient.


def step(weights, first, second, count, batch):
    """Take one step of Adam, as Keras does it."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        inputs, targets = tf.gather(x, batch), tf.gather(y, batch)
        loss = tf.reduce_mean((forward(weights, inputs) - targets) ** 2)
    gradients = tape.gradient(loss, weights)
    count += 1.0
    rate = 0.01 * tf.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    moved = []
    for w, m, v, g in zip(weights, first, second, gradients, strict=True):
        m = m + (g - m) * 0.1
        v = v + (g**2 - v) * 0.001
        moved.append((w - rate * m / (tf.sqrt(v) + 1e-7), m, v))
    return *map(list, zip(*moved, strict=True)), count


# %%
# And the loop, which takes all steps of all epochs. Each epoch has its order
# of the points, a row of ``orders``.


@tf.function(jit_compile=True)
def train(weights, orders, n_epochs):
    """Train for some epochs, the first rows of ``orders``."""
    zeros = [tf.zeros_like(w) for w in weights]

    def epoch(index, *state):
        order = tf.gather(orders, index)
        for begin in range(0, len(x), 32):
            state = step(*state, order[begin : begin + 32])
        return index + 1, *state

    start = (0, weights, zeros, zeros, 0.0)
    return tf.while_loop(lambda i, *_: i < n_epochs, epoch, start)[1]


# %%
# It is the same training
# -----------------------
#
# From the same weights and in the same order, we let Keras take the steps one
# by one, and compare all weights after one epoch, and later. Guess: after
# fifty epochs, in how many digits do the two programs still agree?

generator = np.random.default_rng(ORDER_SEED)
orders = np.stack([generator.permutation(len(x)) for _ in range(EPOCHS)])
model = networks.build_mlp(seed=WEIGHT_SEED)
model.compile(keras.optimizers.Adam(0.01), loss="mse")
weights = [tf.constant(w) for w in model.get_weights()]
gaps = {}
for epoch, order in enumerate(orders, start=1):
    for begin in range(0, len(x), 32):
        batch = order[begin : begin + 32]
        model.train_on_batch(x[batch], y[batch])
    if epoch in (1, 2, 5, 10, 20, EPOCHS):
        ours = train(weights, tf.constant(orders), tf.constant(epoch))
        pairs = zip(model.get_weights(), ours, strict=True)
        gaps[STEPS * epoch] = max(np.abs(a - b).max() for a, b in pairs)

figure, ax = plt.subplots()
ax.plot(gaps.keys(), gaps.values(), "o-", color=figures.LIGHT["network"])
ax.axhline(0.01, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("what one step moves a weight", (STEPS, 0.007), va="top")
ax.set(xscale="log", yscale="log", xlabel="steps (log scale)")
ax.set(ylabel="largest difference", title="Rounding drives them apart")
figures.show(
    figure,
    caption="The largest difference between a weight of the compiled loop and "
    "Keras' own. The horizontal line is what one step moves a weight.",
    alt="A rising curve on two logarithmic axes: the difference between two "
    "programs that take the same steps, over the steps. It begins far below "
    "the horizontal line of one step.",
)

exact(
    "loop-is-keras",
    "After eight steps from the same weights, no weight of the compiled loop "
    "differs from Keras' by more than {:.0e}.",
    number(gaps[8]).below(1e-4),
    wrong_if="a weight differed by 0.0001, a hundredth of what one step moves "
    "it",
)

# %%
# In single precision any two programs round differently, and training
# multiplies the differences. After eight steps this has hardly begun.
#
# What it buys
# ------------
#
# We time ``fit``, the loop above, and what the package makes of it: one
# network, and thirty-two at once.

many = data.sample_noisy_many(32, seed=DATA_SEED)
all_epochs = tf.constant(orders), tf.constant(EPOCHS)
n = STORY.epochs
ways = {
    "fit": (lambda: model.fit(x, y, epochs=20, verbose=0), 20),
    "loop by hand": (lambda: train(weights, *all_epochs)[0].numpy(), EPOCHS),
    "fit_network": (lambda: fit_network(points.x, points.y, seed=0), n),
    "fit_ensemble": (lambda: fit_ensemble(many.x, many.y, seed=0), 32 * n),
}
spent = {name: seconds(way) / n for name, (way, n) in ways.items()}

figure, ax = plt.subplots(figsize=(5.6, 4.2))
faster = {
    name: (1000 * time, "network")
    for name, time in spent.items()
    if name != "fit"
}
figures.plot_ladder(ax, {"fit": 1000 * spent["fit"]}, fits=faster)
ax.set_xlabel("milliseconds an epoch of one network (log scale)")
ax.set_title("The same arithmetic, in less time")
figures.show(
    figure,
    caption="An epoch of the story's network: by fit, by the loop of this "
    "page, and by the package, alone (fit_network) and among 32 "
    "(fit_ensemble). The axis is logarithmic.",
    alt="Four places on a logarithmic axis of time. That of fit is by far the "
    "furthest right; the others are the compiled loop of this page, one "
    "network by the package, and one among thirty-two.",
    headline=True,
)

timing(
    "engine-is-faster",
    "Compiled as one loop, and trained many at a time, a network takes "
    "1/{:.0f} of the time that model.fit takes, on the machine that built "
    "this page.",
    number(spent["fit"] / spent["fit_ensemble"]).above(30),
    wrong_if="it were less than thirty times faster",
    headline=True,
)

# %%
# Lessons
# -------
#
# ``fit`` is built for networks whose steps take longer than Python. Ours take
# less, so the loop has to go where Python is not. The arithmetic is the same;
# hundreds of seeds become affordable.
#
# What this does not show: larger networks, for which ``fit`` is fast enough,
# or other processors.
