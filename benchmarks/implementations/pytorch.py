"""PyTorch, as its tutorials write it, with the fused Adam and the faster number of threads."""

from itertools import pairwise
from typing import Any

import numpy as np
import protocol
import torch
from torch import nn

from overfit_tutorial.recipes import Recipe


def _network(recipe: Recipe) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(protocol.widths(recipe)):
        linear = nn.Linear(n_in, n_out)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def build(*, threads: int) -> protocol.Trainer:
    """Return a training loop in eager mode."""
    torch.set_num_threads(threads)

    def fit(x: Any, y: Any, recipe: Recipe) -> tuple[nn.Sequential, float]:
        network = _network(recipe)
        adam = torch.optim.Adam(
            network.parameters(), lr=protocol.LEARNING_RATE, eps=protocol.EPSILON, fused=True
        )
        for _ in range(recipe.n_epochs(len(x))):
            order, total = torch.randperm(len(x)), 0.0
            for batch in order.split(recipe.batch_size or len(x)):
                loss = nn.functional.mse_loss(network(x[batch]), y[batch])
                adam.zero_grad()
                loss.backward()
                adam.step()
                total += loss.item() * len(batch)
        return network, total / len(x)

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        fits = []
        for points, targets, seed in zip(x, y, seeds, strict=True):
            torch.manual_seed(seed)
            columns = torch.from_numpy(points[:, None]), torch.from_numpy(targets[:, None])
            fits.append(fit(*columns, recipe))

        @torch.no_grad()
        def predict(places: Any) -> Any:
            column = torch.tensor(places[:, None], dtype=torch.float32)
            return np.stack([network(column)[:, 0].numpy() for network, _ in fits])

        return protocol.Networks(np.array([loss for _, loss in fits]), predict)

    return train
