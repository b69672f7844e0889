"""One file for each library, all with one function, `build`; and what there is to compare.

Nothing heavy is imported here: each implementation runs in a process of its own.
"""

import importlib.metadata
import importlib.util
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Implementation:
    """A library, a way to use it, and how to say so."""

    name: str
    module: str
    library: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether this machine has the library."""
        return importlib.util.find_spec(self.library) is not None

    @property
    def packages(self) -> list[str]:
        """The distributions whose versions may change what is trained."""
        names = {"keras": ["keras", "tensorflow"], "sklearn": ["scikit-learn"]}
        tensorflow = set(importlib.metadata.packages_distributions().get("tensorflow", []))
        wanted = names.get(self.library, [self.library])
        return sorted(n for w in wanted for n in (tensorflow if w == "tensorflow" else [w]))


KERAS = Implementation("Keras fit", "keras_fit", "keras")
EXACT = Implementation("ours, exact", "ours", "wasmtime", {"engine": "exact"})
XLA = Implementation("ours, XLA", "ours", "tensorflow", {"engine": "xla"})
DOUBLE = Implementation(
    "ours, XLA, double precision", "ours", "tensorflow", {"engine": "xla", "dtype": "float64"}
)
JAX = Implementation("JAX vmap", "jax_scan", "jax", {"devices": 1, "chunk": 8})

#: Everything that must reach the same losses before its time counts.
IMPLEMENTATIONS = (
    KERAS,
    Implementation("scikit-learn MLPRegressor", "scikit", "sklearn"),
    Implementation("PyTorch, one thread", "pytorch", "torch", {"threads": 1}),
    Implementation("NumPy by hand", "numpy_loop", "numpy"),
    JAX,
    XLA,
    EXACT,
)
