"""What limits the engine? Its parts on one core, each alone, beside the whole.

The parts are the matrix products of a training, in the shapes in which it needs them, and Adam's
pass over weights and moments: no program that XLA compiles takes less than their sum. What the
whole takes beyond it goes to activations, copies, memory, and the loop's own steps.
"""

import os
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

# One core, in TensorFlow and in NumPy's matrix product: read when they are imported.
os.environ.update(
    TF_NUM_INTRAOP_THREADS="1", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"
)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import peers
import protocol
import report
import tensorflow as tf

from overfit_tutorial._engine import blocks
from overfit_tutorial._engine.updates import OPTIMIZERS
from overfit_tutorial.training import STORY

BLOCKS, ROUNDS = (1, 8), 7
STEPS = {32: 3 * STORY.epochs, 4: STORY.epochs}
LIMIT, ENGINE = "products and Adam together", "the engine"
#: How near the engine must be to the sum of its parts.
SHARE = 0.75


def main() -> None:
    """Measure, print, and write."""
    options = report.arguments(__doc__, "roofline")
    steps = {32: 3, 4: 1} if options.quick else STEPS
    rounds = 1 if options.quick else ROUNDS
    peak = peers.peak_gigaflops(256 if options.quick else 4096)
    blocks = [limits(n, steps, peak, rounds=rounds) for n in BLOCKS]
    for block in blocks:
        print(f"{block['n_members']} side by side, on one core, milliseconds a network")
        for name, seconds in block["seconds"].items():
            print(f"  {name:44s}{1e3 * seconds:8.1f}")
    bars = [] if options.quick else judge(blocks)
    report.print_bars(bars)
    report.write(
        options.output,
        bars=bars,
        peak_gigaflops_of_one_core=peak,
        gigabytes_a_second_in_cache=bandwidth(),
        gigaflop_a_model=protocol.gigaflop(epochs=steps[4]),
        blocks=blocks,
    )


def limits(n_members: int, steps: dict[int, int], peak: float, *, rounds: int) -> dict[str, Any]:
    """Return seconds a network of the parts and of the whole, all interleaved."""
    epochs = steps[4]
    jobs = {
        f"matrix products, {n} points a batch": products(n_members, n, steps[n]) for n in steps
    }
    jobs["Adam's steps"] = adam(n_members, sum(steps.values()))
    parts = list(jobs)
    jobs["loop, with networks of one unit a layer"] = train(n_members, (1,) * 5, epochs)
    jobs[ENGINE] = train(n_members, STORY.hidden_widths, epochs)
    for job in jobs.values():
        job()
    times = [{name: timed(job) / n_members for name, job in jobs.items()} for _ in range(rounds)]
    seconds = {name: float(np.median([row[name] for row in times])) for name in jobs}
    gigaflop = protocol.gigaflop(epochs=epochs)
    # Weight, gradient and two moments are read, all but the gradient are written.
    gigabytes = 7 * 4 * STORY.n_parameters() * sum(steps.values()) / 1e9
    return {
        "n_members": n_members,
        "seconds": {
            "arithmetic at the measured peak": gigaflop / peak,
            "Adam's memory traffic at the speed of the cache": gigabytes / bandwidth(),
            **{name: seconds[name] for name in parts},
            LIMIT: sum(seconds[name] for name in parts),
            **{name: seconds[name] for name in seconds if name not in parts},
        },
    }


def judge(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how near the engine is to what limits it."""
    seconds = blocks[-1]["seconds"]
    sentence = "ensemble on one core, share of the speed of its products and Adam alone"
    return [report.bar(sentence, seconds[LIMIT] / seconds[ENGINE], SHARE)]


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def bandwidth(n_floats: int = 300_000) -> float:
    """Return gigabytes a second of a sum of arrays that stay in the cache, as a block does."""
    arrays = np.ones((3, n_floats), np.float32)
    times = [timed(lambda: np.add(arrays[0], arrays[1], out=arrays[2])) for _ in range(200)]
    return 3 * 4 * n_floats / float(np.median(times)) / 1e9


def products(n_members: int, n_points: int, n_steps: int) -> Callable[[], Any]:
    """Return a loop of nothing but the products between the hidden layers, and back."""
    generator = np.random.default_rng(0)
    shapes = list(pairwise(STORY.hidden_widths))
    # Orthogonal, so that nothing grows or vanishes.
    kernels = [
        tf.constant(np.linalg.qr(generator.standard_normal((n_members, *shape)))[0], tf.float32)
        for shape in shapes
    ]
    values = tf.ones((n_members, n_points, shapes[0][0]))

    @tf.function(jit_compile=True, autograph=False)
    def run(h: Any, g: Any, gradients: list[Any], kernels: list[Any]) -> Any:
        def step(index: Any, h: Any, g: Any, gradients: list[Any]) -> Any:
            inputs = []
            for kernel in kernels:
                inputs.append(h)
                h = tf.matmul(h, kernel)
            gradients = []
            for kernel, layer_input in zip(kernels[::-1], inputs[::-1], strict=True):
                gradients.append(tf.matmul(layer_input, g, transpose_a=True))
                g = tf.matmul(g, kernel, transpose_b=True)
            return index + 1, h, g, gradients

        return tf.while_loop(lambda i, *_: i < n_steps, step, (0, h, g, gradients))

    return lambda: run(values, values, kernels, kernels)[1].numpy()


def adam(n_members: int, n_steps: int) -> Callable[[], Any]:
    """Return a loop of nothing but Adam's updates."""
    pairs = pairwise((1, *STORY.hidden_widths, 1))
    layers = [tf.ones((n_members, n_in + 1, n_out)) for n_in, n_out in pairs]
    rule, rate = OPTIMIZERS["adam"].rule, tf.constant(protocol.LEARNING_RATE)

    @tf.function(jit_compile=True, autograph=False)
    def run(layers: list[Any], slots: list[Any], gradients: list[Any]) -> Any:
        def step(t: Any, layers: list[Any], slots: list[Any]) -> Any:
            rows = zip(layers, gradients, slots, strict=True)
            updated = [rule(w, g, s, rate, t + 1) for w, g, s in rows]
            return t + 1, [w for w, _ in updated], [s for _, s in updated]

        return tf.while_loop(lambda t, *_: t < n_steps, step, (0.0, layers, slots))

    zeros = [(tf.zeros_like(w), tf.zeros_like(w)) for w in layers]
    return lambda: run(layers, zeros, layers)[1][0].numpy()


def train(n_members: int, hidden_widths: Any, epochs: int) -> Callable[[], Any]:
    """Return the engine's training of one block."""
    x, y = (z.astype(np.float64) for z in protocol.points(list(range(n_members))))
    recipe = STORY.replace(hidden_widths=hidden_widths, epochs=epochs)
    seeds = [np.random.SeedSequence(k) for k in range(n_members)]
    return lambda: blocks.train_block(x, y, recipe, seeds)


if __name__ == "__main__":
    main()
