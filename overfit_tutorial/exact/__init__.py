"""A trainer with the same bits on every machine, in NumPy and in WebAssembly."""

import functools
import threading
import warnings
from collections.abc import Sequence

import numpy as np

from overfit_tutorial.exact import definition, webassembly
from overfit_tutorial.exact.plan import MOST_BYTES, Array, Plan, Trainer, n_bytes, plan_of
from overfit_tutorial.weights.arrays import Weights

__all__ = [
    "MOST_BYTES",
    "Plan",
    "Trainer",
    "n_bytes",
    "plan_of",
    "predict",
    "predict_each",
    "trainer_of",
]


def trainer_of(plan: Plan, x: Array, y: Array, weights: Weights, number: int) -> Trainer:
    """Return the faster trainer that this machine can run; see `definition.Trainer`."""
    kind = webassembly.Trainer if _has_webassembly() else definition.Trainer
    return kind(plan, x, y, weights, number)


def predict(weights: Weights, x: Array) -> Array:
    """Return a network's values; see `definition.predict`."""
    kind = webassembly if _has_webassembly() else definition
    values: Array = kind.predict(weights, x)
    return values


def predict_each(weights: Sequence[Array], x: Array) -> Array:
    """Return the values of some networks, each at places of its own.

    Parameters
    ----------
    weights : sequence of ndarray of shape (n_members, ...)
        Kernels and biases by turns, in float32.
    x : ndarray of shape (n_members, m) or (n_members, m, n_inputs)
        In float32.

    Returns
    -------
    ndarray of shape (n_members, m)
        In float32.
    """
    if _has_webassembly():
        return webassembly.predict_each(weights, x)
    members = zip(*weights, strict=True)
    return np.stack([definition.predict(own, at) for own, at in zip(members, x, strict=True)])


_ASKING = threading.Lock()


def _has_webassembly() -> bool:
    """Return whether WebAssembly runs here; warn once where it does not."""
    with _ASKING:  # threads that ask at once
        return _ask()


@functools.cache
def _ask() -> bool:
    if not webassembly.is_available():
        warnings.warn(
            "the package wasmtime is not here: networks are trained by NumPy, "
            "with the same results, far more slowly",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True
