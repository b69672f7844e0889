"""JAX: one training is one compiled `scan` over epochs; `vmap` makes it an ensemble.

An epoch has its steps written out, so that all shapes are known. `chunk` networks are trained
side by side on each of `devices` virtual devices; with one device, XLA spreads the work over the
cores by itself.
"""

import functools
import os
from itertools import pairwise
from typing import Any

import numpy as np
import protocol

from overfit_tutorial.recipes import Recipe


def build(*, devices: int, chunk: int) -> protocol.Trainer:
    """Return `vmap`."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    import jax
    from jax import numpy as jnp
    from jax.sharding import AxisType, PartitionSpec

    def initial(key: Any, recipe: Recipe) -> list[Any]:
        layers = []
        pairs = list(pairwise(protocol.widths(recipe)))
        for layer_key, (n_in, n_out) in zip(jax.random.split(key, len(pairs)), pairs, strict=True):
            limit = (6 / (n_in + n_out)) ** 0.5
            kernel = jax.random.uniform(layer_key, (n_in, n_out), minval=-limit, maxval=limit)
            layers.append((kernel, jnp.zeros(n_out)))
        return layers

    def forward(layers: list[Any], x: Any) -> Any:
        for kernel, bias in layers[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        kernel, bias = layers[-1]
        return x @ kernel + bias

    @jax.value_and_grad
    def loss_and_gradient(layers: list[Any], x: Any, y: Any) -> Any:
        return jnp.mean((forward(layers, x) - y) ** 2)

    def step(state: Any, x: Any, y: Any) -> Any:
        layers, first, second, t = state
        loss, gradient = loss_and_gradient(layers, x, y)
        t = t + 1
        rate = jnp.sqrt(1 - protocol.BETA_2**t) / (1 - protocol.BETA_1**t)
        rate = protocol.LEARNING_RATE * rate

        def mix(beta: float, old: Any, new: Any) -> Any:
            return jax.tree.map(lambda a, b: a + (b - a) * (1 - beta), old, new)

        first = mix(protocol.BETA_1, first, gradient)
        second = mix(protocol.BETA_2, second, jax.tree.map(jnp.square, gradient))
        layers = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + protocol.EPSILON), layers, first, second
        )
        return (layers, first, second, t), loss * len(x)

    def fit(key: Any, x: Any, y: Any, recipe: Recipe) -> Any:
        batch_size = recipe.batch_size or len(x)
        key, orders = jax.random.split(key)
        layers = initial(key, recipe)
        zeros = jax.tree.map(jnp.zeros_like, layers)

        def epoch(state: Any, key: Any) -> Any:
            order, total = jax.random.permutation(key, len(x)), 0.0
            columns = x[order, None], y[order, None]
            for start in range(0, len(x), batch_size):
                batch = slice(start, start + batch_size)
                state, loss = step(state, *(column[batch] for column in columns))
                total += loss
            return state, total / len(x)

        state = (layers, zeros, zeros, 0.0)
        keys = jax.random.split(orders, recipe.n_epochs(len(x)))
        (layers, *_), losses = jax.lax.scan(epoch, state, keys)
        return layers, losses[-1]

    @functools.cache
    def compiled(recipe: Recipe) -> Any:
        one = functools.partial(fit, recipe=recipe)
        if devices == 1:
            return jax.jit(jax.vmap(one))
        mesh = jax.make_mesh((devices,), ("members",), axis_types=(AxisType.Auto,))
        spec = PartitionSpec("members")
        return jax.jit(
            jax.shard_map(jax.vmap(one), mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
        )

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], recipe: Recipe
    ) -> protocol.Networks:
        run, keys = compiled(recipe), jax.vmap(jax.random.key)(np.array(seeds))
        size = chunk * devices
        # The last call is filled up with members that are then dropped: one shape for all.
        rows = np.arange(-(-len(seeds) // size) * size) % len(seeds)
        parts = [run(keys[r], x[r], y[r]) for r in rows.reshape(-1, size)]
        layers, losses = jax.tree.map(lambda *arrays: np.concatenate(arrays)[: len(seeds)], *parts)

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return jax.vmap(forward, (0, None))(layers, column)[..., 0]

        return protocol.Networks(losses, predict)

    return train
