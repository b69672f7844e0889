"""The exact trainer as WebAssembly: `trainer.c`, compiled once for all machines.

A trainer has a memory of its own; once it is gone, the thread's next trainer takes that over.
While it computes it does not hold Python's lock.
"""

import atexit
import ctypes
import functools
import importlib.resources
import itertools
import math
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial.exact.plan import N_SLOTS, Array, Plan, plan_of
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.weights.arrays import Weights, split_biases

_OPTIMIZERS = tuple(N_SLOTS)  # in the order of the enumeration in trainer.c
_IN_ORDER, _SHUFFLED_ONCE, _SHUFFLED = range(3)


def is_available() -> bool:
    """Return whether WebAssembly runs here."""
    try:
        import wasmtime  # noqa: F401
    except (ImportError, OSError, RuntimeError):  # what it raises on a platform it does not know
        return False
    return True


@functools.cache
def _module() -> tuple[Any, Any]:
    """Return the engine and the compiled module, which all threads share."""
    import wasmtime

    engine = wasmtime.Engine()
    binary = importlib.resources.files(__package__).joinpath("trainer.wasm").read_bytes()
    module = wasmtime.Module(engine, binary)
    # Later its library is half gone: Python would complain as it ends.
    for part in (module, engine):
        atexit.register(part.close)
    return engine, module


_COMPILING, _THREAD = threading.Lock(), threading.local()


class _Instance:
    """The functions of `trainer.c`, with a memory of their own."""

    def __init__(self) -> None:
        import wasmtime

        with _COMPILING:
            engine, module = _module()
        self._store = wasmtime.Store(engine)
        weakref.finalize(self, self._store.close)
        exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._functions: dict[str, Any] = {name: exports[name] for name in exports}
        self._memory = self._functions.pop("memory")

    def call(self, name: str, *arguments: float) -> Any:
        """Call a function of `trainer.c`."""
        return self._functions[name](self._store, *arguments)

    def array(self, address: int, dtype: Any, *shape: int) -> NDArray[Any]:
        """Return an array in the memory; it moves when the next network is laid out."""
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        size = math.prod(shape) * np.dtype(dtype).itemsize
        return np.ndarray(shape, dtype, (ctypes.c_ubyte * size).from_address(start + address))


def _instance(owner: object) -> _Instance:
    """Return an instance for as long as its owner lives: a new one, or one that is given back."""
    free: list[_Instance] = _THREAD.__dict__.setdefault("free", [])
    found = free.pop() if free else _Instance()
    weakref.finalize(owner, free.append, found).atexit = False
    return found


class Trainer:
    """One network on its way; see `definition.Trainer`, whose parameters these are."""

    def __init__(self, plan: Plan, x: Array, y: Array, weights: Weights, number: int) -> None:
        recipe = plan.recipe
        self.plan, self._trainer = plan, _instance(self)
        begin = self._trainer.call("begin", len(plan.widths) - 1)
        self._trainer.array(begin, np.int32, len(plan.widths))[:] = plan.widths
        order = _SHUFFLED if recipe.reshuffle else _SHUFFLED_ONCE
        self._trainer.call(
            "prepare",
            begin,
            plan.n_train,
            plan.n_validation,
            plan.batch_size,
            recipe.keep_short_batch,
            _IN_ORDER if recipe.batch_size is None else order,
            _OPTIMIZERS.index(recipe.optimizer),
            plan.n_epochs,
            plan.rates.size,
            plan.average_from,
            recipe.patience or 0,
            recipe.weight_decay,
            number,
        )
        self._array("points", np.float32, *x.T.shape)[:] = x.T
        self._array("targets", np.float32, y.size)[:] = y
        self._array("rates", np.float64, plan.rates.size)[:] = plan.rates
        for kind in ("weights", "best") if plan.n_validation else ("weights",):
            for old, new in zip(self._layers(kind), weights, strict=True):
                old[:] = new
        self._n_epochs = 0

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to do."""
        return bool(self._trainer.call("is_over"))

    @property
    def has_diverged(self) -> bool:
        """Return whether a unit, a weight or a momentum was not finite after any step."""
        return bool(self._trainer.call("diverged"))

    def advance(self, until: int, most_steps: int) -> int:
        """Go on to the end of epoch `until`, for some steps at most; return the epochs done."""
        self._n_epochs = self._trainer.call("advance", until, most_steps)
        return self._n_epochs

    def weights(self) -> tuple[Array, ...]:
        """Return the weights after the last step."""
        return self._copies("weights")

    def slots(self) -> tuple[tuple[Array, ...], ...]:
        """Return what the optimizer keeps, like the weights, for each kind."""
        self._trainer.call("settle")
        kinds = range(N_SLOTS[self.plan.recipe.optimizer])
        return tuple(self._copies("slot", kind) for kind in kinds)

    def best(self) -> tuple[Array, ...]:
        """Return the weights with the smallest validation loss after an epoch."""
        return self._copies("best")

    def average(self) -> tuple[Array, ...]:
        """Return the mean of the weights since the plan's `average_from`."""
        self._trainer.call("settle")
        n_averaged = self._trainer.call("steps_done") - self.plan.average_from + 1
        sums = self._layers("sums", dtype=np.float64)
        return tuple((total / n_averaged).astype(np.float32) for total in sums)

    def losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the losses of the epochs done, in training and on what is held out."""
        training = self._array("losses", np.float64, self._n_epochs)
        n_validated = self._n_epochs if self.plan.n_validation else 0
        validation = self._array("validation_losses", np.float64, n_validated)
        return training.copy(), validation.copy()

    def _array(self, name: str, dtype: Any, *shape: int) -> NDArray[Any]:
        return self._trainer.array(self._trainer.call(name), dtype, *shape)

    def _layers(self, name: str, *kind: int, dtype: Any = np.float32) -> tuple[NDArray[Any], ...]:
        """Return views of kernel and bias of each layer."""
        address, found = self._trainer.call(name, *kind), []
        for n_in, n_out in itertools.pairwise(self.plan.widths):
            shape = n_in + 1, (n_out + 3) // 4 * 4  # rows are filled up to a multiple of four
            rows = self._trainer.array(address, dtype, *shape)
            found.append(rows[:, :n_out])
            address += (rows.nbytes + 15) // 16 * 16
        return split_biases(found)

    def _copies(self, name: str, *kind: int) -> tuple[Array, ...]:
        lost = self.has_diverged
        views = self._layers(name, *kind)
        return tuple(np.full_like(view, np.nan) if lost else view.copy() for view in views)


def predict(weights: Weights, x: Array) -> Array:
    """Return a network's values; see `definition.predict`."""
    values: Array = predict_each([array[None] for array in weights], x[None])[0]
    return values


def predict_each(weights: Sequence[Array], x: Array) -> Array:
    """Return the values of some networks; see `exact.predict_each`."""
    widths = [bias.shape[-1] for bias in weights[1:-1:2]]
    recipe = Recipe(
        n_inputs=weights[0].shape[-2],
        hidden_widths=widths,
        optimizer="sgd",
        batch_size=1,
        epochs=1,
    )
    values: Array = np.empty(x.shape[:2], np.float32)
    plan = plan_of(recipe, values.shape[1], np.zeros(values.shape[1]))
    trainer = Trainer(plan, x[0], values[0], [array[0] for array in weights], 0)
    # To lay a network out takes longer than to ask it: each takes the place of the one before.
    points = trainer._array("points", np.float32, *x[0].T.shape)
    layers = trainer._layers("weights")
    answers = trainer._array("targets", np.float32, values.shape[1])
    for k, places in enumerate(x):
        points[:] = places.T
        for old, new in zip(layers, weights, strict=True):
            old[:] = new[k]
        trainer._trainer.call("predict")
        values[k] = answers
    return values
