"""JAX: one training is one compiled `scan` over epochs; `vmap` makes it an ensemble.

An epoch has its four steps written out, so that all shapes are known. `chunk` networks are
trained side by side on each of `devices` virtual devices; with one device, XLA spreads the work
over the cores by itself.
"""

import functools
import os
from itertools import pairwise
from typing import Any

import numpy as np
import protocol


def build(*, devices: int = 1, chunk: int | None = None) -> protocol.Trainer:
    """Return `jit`, in a loop, or, with a `chunk`, `vmap`."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    import jax
    from jax import numpy as jnp
    from jax.sharding import AxisType, PartitionSpec

    def initial(key: Any) -> list[Any]:
        layers = []
        pairs = list(pairwise(protocol.WIDTHS))
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

    def fit(key: Any, x: Any, y: Any, epochs: int) -> Any:
        key, orders = jax.random.split(key)
        layers = initial(key)
        zeros = jax.tree.map(jnp.zeros_like, layers)

        def epoch(state: Any, key: Any) -> Any:
            order, total = jax.random.permutation(key, len(x)), 0.0
            columns = x[order, None], y[order, None]
            for start in range(0, len(x), protocol.BATCH_SIZE):
                batch = slice(start, start + protocol.BATCH_SIZE)
                state, loss = step(state, *(column[batch] for column in columns))
                total += loss
            return state, total / len(x)

        state = (layers, zeros, zeros, 0.0)
        (layers, *_), losses = jax.lax.scan(epoch, state, jax.random.split(orders, epochs))
        return layers, losses[-1]

    @functools.cache
    def compiled(epochs: int) -> Any:
        one = functools.partial(fit, epochs=epochs)
        if chunk is None:
            return jax.jit(one)
        if devices == 1:
            return jax.jit(jax.vmap(one))
        mesh = jax.make_mesh((devices,), ("members",), axis_types=(AxisType.Auto,))
        spec = PartitionSpec("members")
        return jax.jit(
            jax.shard_map(jax.vmap(one), mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
        )

    def train(
        x: protocol.Array, y: protocol.Array, seeds: list[int], epochs: int
    ) -> protocol.Networks:
        run, keys = compiled(epochs), jax.vmap(jax.random.key)(np.array(seeds))
        if chunk is None:
            parts = [run(keys[k], x[k], y[k]) for k in range(len(seeds))]
            layers = jax.tree.map(lambda *arrays: np.stack(arrays), *[p[0] for p in parts])
            losses = np.stack([loss for _, loss in parts])
        else:
            size = chunk * devices
            # The last call is filled up with members that are then dropped: one shape for all.
            rows = np.arange(-(-len(seeds) // size) * size) % len(seeds)
            parts = [run(keys[r], x[r], y[r]) for r in rows.reshape(-1, size)]
            layers, losses = jax.tree.map(
                lambda *arrays: np.concatenate(arrays)[: len(seeds)], *parts
            )

        def predict(places: Any) -> Any:
            column = np.asarray(places, np.float32)[:, None]
            return jax.vmap(forward, (0, None))(layers, column)[..., 0]

        return protocol.Networks(losses, predict)

    return train
