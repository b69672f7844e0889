"""A whole study, once by the engine and once by a loop in NumPy that shares no code with it.

The page `examples/6_builders/plot_4_would_other_code_agree.py` does it for the story's network.
Here the network is small, so that both slips and their absence can be shown in seconds.
"""

import itertools

import numpy as np
import pytest

from overfit_tutorial import data, ensembles, statistics
from overfit_tutorial.training import STORY

N_SEEDS, EPOCHS, WIDTHS = 40, 100, (1, 16, 16, 1)
# Fixed before the first run. The mean of the logarithms of the ratios, seed by seed, at 99 %.
MARGIN = (0.95, 1.05)
SAMPLES = data.sample_noisy_many(N_SEEDS, seed=70)


def by_hand(x, y, generator, *, rate=0.01, batch_size=32):
    """Return the training error of one network, averaged over the last half of the weights."""
    shapes = list(itertools.pairwise(WIDTHS))
    limits = [np.sqrt(6 / sum(shape)) for shape in shapes]
    weights = [
        part
        for shape, limit in zip(shapes, limits, strict=True)
        for part in (generator.uniform(-limit, limit, shape), np.zeros(shape[1]))
    ]
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    mean, step, x, y = [0.0 * w for w in weights], 0, x[:, None], y[:, None]
    for epoch in range(EPOCHS):
        order = generator.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            *values, output = forward(weights, x[batch])
            delta, gradient = 2 * (output - y[batch]) / len(batch), []
            for kernel, value in zip(weights[-2::-2], reversed(values), strict=True):
                gradient = [value.T @ delta, delta.sum(axis=0), *gradient]
                delta = delta @ kernel.T * (value > 0)
            step += 1
            correction = np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for w, g, m, v in zip(weights, gradient, first, second, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g**2 - v)
                w -= rate * correction * m / (np.sqrt(v) + 1e-7)
            if epoch >= EPOCHS // 2:
                mean = [m + w for m, w in zip(mean, weights, strict=True)]
    n_averaged = EPOCHS // 2 * -(-len(x) // batch_size)
    return np.mean((forward([m / n_averaged for m in mean], x)[-1] - y) ** 2)


def forward(weights, x):
    values = [x]
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values.append(np.maximum(values[-1] @ kernel + bias, 0))
    return [*values, values[-1] @ weights[-2] + weights[-1]]


@pytest.fixture(scope="module")
def engine():
    recipe = STORY.replace(hidden_widths=WIDTHS[1:-1], epochs=EPOCHS, average_last=EPOCHS // 2)
    fits = ensembles.fit_ensemble(SAMPLES.x, SAMPLES.y, recipe, seed=71)
    return np.mean((fits.predict(SAMPLES.x) - SAMPLES.y) ** 2, axis=1)


def ratio_to(engine, **slip):
    errors = [
        by_hand(x, y, np.random.default_rng([72, k]), **slip)
        for k, (x, y) in enumerate(zip(SAMPLES.x, SAMPLES.y, strict=True))
    ]
    logs = np.log(errors / engine)
    return statistics.bootstrap_interval(logs, np.mean, seed=0, confidence=0.99)


def test_the_engines_study_is_that_of_a_loop_in_numpy(engine):
    assert ratio_to(engine).within(*np.log(MARGIN))


@pytest.mark.parametrize(
    "slip", [{"rate": 0.001}, {"batch_size": 100}], ids=["a tenth of the rate", "full batches"]
)
def test_another_recipe_is_not_taken_for_agreement(engine, slip):
    assert not ratio_to(engine, **slip).within(*np.log(MARGIN))
