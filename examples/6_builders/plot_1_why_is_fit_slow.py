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
from time import perf_counter

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from overfit_tutorial import data, figures, networks
from overfit_tutorial.claims import claim
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
DATA_SEED, WEIGHT_SEED, ORDER_SEED = 0, 1, 2
EPOCHS, STEPS = 50, 4  # a quarter of the story; four batches an epoch


# %%
# The same training, twice
# ------------------------

points = data.sample_noisy(seed=DATA_SEED)
x, y = (z[:, np.newaxis].astype("float32") for z in (points.x, points.y))
model = networks.build_mlp(seed=WEIGHT_SEED)
model.compile(keras.optimizers.Adam(0.01), loss="mse")
model.fit(x, y, verbose=0)  # to warm up, as below
start = perf_counter()
model.fit(x, y, epochs=EPOCHS, verbose=0)
fit_seconds = (perf_counter() - start) / EPOCHS
fit_network(points.x, points.y, seed=0)
start = perf_counter()
fit_network(points.x, points.y, seed=0)
call_seconds = (perf_counter() - start) / STORY.epochs

figure, ax = plt.subplots(figsize=figures.LADDER)
bars = {"compiled": 1000 * call_seconds, "fit": 1000 * fit_seconds}
ax.barh(bars.keys(), bars.values(), color=figures.LIGHT["network"])
ax.set(xlabel="milliseconds an epoch", title="The same arithmetic")
figures.show(
    figure,
    caption="One epoch of the story's network, by fit and in one compiled "
    "call.",
    alt="Two bars of time. The bar of the compiled call is a small part of "
    "that of fit.",
)

# %%
# A step is milliseconds of Python
# --------------------------------
#
# Where does the time go? We count what Python does during ``fit``.

with cProfile.Profile() as profile:
    model.fit(x, y, epochs=5, verbose=0)
calls = pstats.Stats(profile).total_calls / (5 * STEPS)
print(
    f"fit: {1000 * fit_seconds / STEPS:.1f} ms and {calls:,.0f} calls a step"
)

# %%
# How much arithmetic is in a step? Each of the 40,701 parameters takes part in
# one multiplication and one addition on the way forward, and in twice that on
# the way back, for each of 25 points on average.

n_parameters = model.count_params()
flop = 6 * n_parameters * len(x) / STEPS
product = np.ones((1000, 1000), "float32")
product @ product
start = perf_counter()
product @ product
peak = 2 * 1000**3 / (perf_counter() - start)
print(
    f"{flop / 1e6:.1f} MFLOP a step: {1000 * flop / peak:.2f} ms at the best"
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
# And the loop, which takes all steps of all epochs.


@tf.function(jit_compile=True)
def train(weights, orders):
    """Train through all epochs; ``orders`` is (n_epochs, n_points)."""
    zeros = [tf.zeros_like(w) for w in weights]

    def epoch(index, *state):
        order = tf.gather(orders, index)
        for begin in range(0, len(x), 32):
            state = step(*state, order[begin : begin + 32])
        return index + 1, *state

    def not_done(index, *state):
        return index < len(orders)

    state = tf.while_loop(not_done, epoch, (0, weights, zeros, zeros, 0.0))
    return state[1]


# %%
# It is the same training
# -----------------------
#
# From the same weights and in the same order, we let Keras take the steps of
# two epochs one by one, and compare. After many steps single-precision
# rounding would drive any two programs apart; after eight it has hardly begun.

generator = np.random.default_rng(ORDER_SEED)
orders = np.stack([generator.permutation(len(x)) for _ in range(EPOCHS)])
model = networks.build_mlp(seed=WEIGHT_SEED)
model.compile(keras.optimizers.Adam(0.01), loss="mse")
weights = [tf.constant(w) for w in model.get_weights()]
for order in orders[:2]:
    for begin in range(0, len(x), 32):
        batch = order[begin : begin + 32]
        model.train_on_batch(x[batch], y[batch])
ours = train(weights, tf.constant(orders[:2]))
keras_weights = model.get_weights()
gap = max(
    np.abs(a - b).max() for a, b in zip(keras_weights, ours, strict=True)
)
claim(
    "loop-is-keras",
    "After eight steps from the same weights, no weight of the compiled loop "
    "differs from Keras' by more than {value:.0e}.",
    value=float(gap),
    holds=gap < 1e-4,
    kind="exact",
    threshold=1e-4,
    wrong_if="a weight differed by 0.0001, a hundredth of what one step moves "
    "it",
)

# %%
# What it buys
# ------------
#
# We time the loop above, and what the package makes of it: one network, and
# thirty-two at once. Compilation is paid once and left out here.


def seconds_an_epoch(work, n_epochs):
    """Return the least of three times, an epoch; the first call compiles."""
    work()
    times = []
    for _ in range(3):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times) / n_epochs


many = data.sample_noisy_many(32, seed=DATA_SEED)
seconds = {
    "fit": fit_seconds,
    "loop above": seconds_an_epoch(
        lambda: train(weights, tf.constant(orders))[0].numpy(), EPOCHS
    ),
    "fit_network": call_seconds,
    "fit_ensemble": seconds_an_epoch(
        lambda: fit_ensemble(many.x, many.y, seed=0), 32 * STORY.epochs
    ),
}
for name, spent in seconds.items():
    faster = f"{fit_seconds / spent:6.0f} times"
    print(f"{name:14}{1000 * spent:8.2f} ms an epoch of one network {faster}")

claim(
    "engine-is-faster",
    "Trained many at a time, a network takes 1/{value:.0f} of the time that "
    "fit takes, on the machine that built this page.",
    value=fit_seconds / seconds["fit_ensemble"],
    holds=fit_seconds / seconds["fit_ensemble"] > 30,
    kind="timing",
    threshold=30,
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
