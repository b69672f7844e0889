"""NumPy by hand: backpropagation written out, Adam in place on one flat vector."""

from itertools import pairwise
from typing import Any

import numpy as np
import protocol

from overfit_tutorial.recipes import Recipe


def _views(
    flat: protocol.Array, recipe: Recipe
) -> tuple[list[protocol.Array], list[protocol.Array]]:
    """Return the kernels and the biases that lie one after the other in a vector."""
    kernels, biases, start = [], [], 0
    for n_in, n_out in pairwise(protocol.widths(recipe)):
        middle, end = start + n_in * n_out, start + (n_in + 1) * n_out
        kernels.append(flat[start:middle].reshape(n_in, n_out))
        biases.append(flat[middle:end])
        start = end
    return kernels, biases


def _forward(
    kernels: list[protocol.Array], biases: list[protocol.Array], x: protocol.Array
) -> list[protocol.Array]:
    """Return the input of each layer, and the output."""
    values = [x]
    for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        z = values[-1] @ kernel
        z += bias
        values.append(np.maximum(z, 0, out=z) if layer < len(kernels) - 1 else z)
    return values


def _fit(
    x: protocol.Array, y: protocol.Array, generator: np.random.Generator, recipe: Recipe
) -> tuple[protocol.Array, float]:
    flat, gradient, first, second = np.zeros((4, recipe.n_parameters()), np.float32)
    batch_size = recipe.batch_size or len(x)
    kernels, biases = _views(flat, recipe)
    kernel_gradients, bias_gradients = _views(gradient, recipe)
    for kernel in kernels:
        limit = np.sqrt(6 / sum(kernel.shape))
        kernel[:] = generator.uniform(-limit, limit, kernel.shape)
    step, scratch = 0, np.empty_like(flat)
    for _ in range(recipe.n_epochs(len(x))):
        order, total = generator.permutation(len(x)), 0.0
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            values = _forward(kernels, biases, x[batch])
            error = values[-1] - y[batch]
            total += float(np.vdot(error, error))
            delta = error * np.float32(2 / len(batch))
            for layer in range(len(kernels) - 1, -1, -1):
                np.matmul(values[layer].T, delta, out=kernel_gradients[layer])
                delta.sum(axis=0, out=bias_gradients[layer])
                if layer:
                    delta = delta @ kernels[layer].T
                    delta *= values[layer] > 0
            step += 1
            first += (gradient - first) * np.float32(1 - protocol.BETA_1)
            np.square(gradient, out=gradient)
            second += (gradient - second) * np.float32(1 - protocol.BETA_2)
            np.sqrt(second, out=scratch)
            scratch += np.float32(protocol.EPSILON)
            np.divide(first, scratch, out=scratch)
            rate = np.sqrt(1 - protocol.BETA_2**step) / (1 - protocol.BETA_1**step)
            scratch *= np.float32(protocol.LEARNING_RATE * rate)
            flat -= scratch
    return flat, total / len(x)


def build() -> protocol.Trainer:
    """Return the loop."""

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        fits = [
            _fit(points[:, None], targets[:, None], np.random.default_rng(seed), recipe)
            for points, targets, seed in zip(x, y, seeds, strict=True)
        ]

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return np.stack(
                [_forward(*_views(flat, recipe), column)[-1][:, 0] for flat, _ in fits]
            )

        return protocol.Networks(np.array([loss for _, loss in fits]), predict)

    return train
