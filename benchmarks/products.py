"""Products with the Hessian of the story's network, by each library that can make them.

Each function is given weights and points, and returns a function from vector to vector, both
NumPy arrays: a product as its users get it. Nothing heavy is imported before it is called.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Product = Callable[[Array], Array]


def by_this_package(weights: list[Array], x: Array, y: Array) -> Product:
    """Return the products of `landscapes.hessian_operator`."""
    from overfit_tutorial.landscapes import hessian_operator
    from overfit_tutorial.networks import build_mlp

    model = build_mlp(tuple(len(bias) for bias in weights[1:-1:2]), seed=0)
    model.set_weights(weights)
    return hessian_operator(model, x, y, dtype=weights[0].dtype.name).matvec  # type: ignore[no-any-return]


def by_jax(weights: list[Array], x: Array, y: Array) -> Product:
    """Return JAX' products: forward over reverse, as its documentation recommends, compiled."""
    import jax
    from jax import numpy as jnp
    from jax.flatten_util import ravel_pytree

    jax.config.update("jax_enable_x64", True)
    center, unravel = ravel_pytree([jnp.asarray(w) for w in weights])
    points = jnp.asarray(x), jnp.asarray(y)

    def loss(center: Any, x: Any, y: Any) -> Any:
        signal, (*hidden, last) = x[:, None], _pairs(unravel(center))
        for kernel, bias in hidden:
            signal = jax.nn.relu(signal @ kernel + bias)
        return jnp.mean(((signal @ last[0] + last[1])[:, 0] - y) ** 2)

    @jax.jit
    def product(center: Any, x: Any, y: Any, vector: Any) -> Any:
        # Arguments, since XLA would compute what follows from constants once and for all.
        return jax.jvp(lambda at: jax.grad(loss)(at, x, y), (center,), (vector,))[1]

    return lambda vector: np.asarray(product(center, *points, vector))


def by_torch_reverse(weights: list[Array], x: Array, y: Array, *, threads: int) -> Product:
    """Return PyTorch's products by two backward passes, of which the first is kept."""
    import torch

    torch.set_num_threads(threads)
    center = [torch.tensor(w, requires_grad=True) for w in weights]
    loss = _torch_loss(center, torch.tensor(x), torch.tensor(y))
    gradient = torch.autograd.grad(loss, center, create_graph=True)
    flat = torch.cat([part.reshape(-1) for part in gradient])

    def product(vector: Array) -> Array:
        parts = torch.autograd.grad(flat @ torch.from_numpy(vector), center, retain_graph=True)
        return torch.cat([part.reshape(-1) for part in parts]).numpy()  # type: ignore[no-any-return]

    return product


def by_torch_forward(weights: list[Array], x: Array, y: Array, *, threads: int) -> Product:
    """Return PyTorch's products by `torch.func`, forward over reverse."""
    import torch

    torch.set_num_threads(threads)
    center = tuple(torch.tensor(w) for w in weights)
    places, targets = torch.tensor(x), torch.tensor(y)
    sizes = [w.size for w in weights]

    def loss(*parts: Any) -> Any:
        return _torch_loss(parts, places, targets)

    gradient = torch.func.grad(loss, argnums=tuple(range(len(center))))

    def product(vector: Array) -> Array:
        pieces = torch.from_numpy(vector).split(sizes)
        direction = tuple(p.reshape(w.shape) for p, w in zip(pieces, center, strict=True))
        _, parts = torch.func.jvp(gradient, center, direction)
        return torch.cat([part.reshape(-1) for part in parts]).numpy()  # type: ignore[no-any-return]

    return product


def _torch_loss(parts: Any, places: Any, targets: Any) -> Any:
    import torch

    signal, (*hidden, last) = places[:, None], _pairs(parts)
    for kernel, bias in hidden:
        signal = torch.relu(signal @ kernel + bias)
    return (((signal @ last[0] + last[1])[:, 0] - targets) ** 2).mean()


def _pairs(parts: Any) -> list[tuple[Any, Any]]:
    return list(zip(parts[::2], parts[1::2], strict=True))
