"""The cells of a grid."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from overfit_tutorial.sweeps.table import RESERVED

Grid = Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Sequence[Any]]]
Cell = dict[str, Any]


def cells_of(grid: Any) -> list[Cell]:
    """Return the combinations of a grid, in the order of scikit-learn's ParameterGrid."""
    parts = [grid] if isinstance(grid, Mapping) else grid
    if isinstance(parts, str) or not isinstance(parts, Iterable):
        raise TypeError(f"grid must be a dict of lists or a sequence of them, got {grid!r}")
    cells: list[Cell] = []
    for part in parts:
        if not isinstance(part, Mapping):
            raise TypeError(f"grid must be a dict of lists or a sequence of them, got {part!r}")
        for name, values in part.items():
            _check_parameter(name, values)
        names = sorted(part)
        products = itertools.product(*(_plain(part[name]) for name in names))
        # In the order of the grid's names, which the table's columns follow.
        rows = (dict(zip(names, values, strict=True)) for values in products)
        cells += [{name: row[name] for name in part} for row in rows]
    if not cells:
        raise ValueError(f"grid must have at least one cell, got {grid!r}")
    return cells


def _check_parameter(name: Any, values: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"grid must have names of parameters, got {name!r}")
    if name in RESERVED:
        raise ValueError(f"grid must not use the names {sorted(RESERVED)}, got {name!r}")
    is_vector = isinstance(values, np.ndarray) and values.ndim == 1
    if isinstance(values, str | bytes) or not (is_vector or isinstance(values, Sequence)):
        raise TypeError(f"grid[{name!r}] must be a list of values, got {values!r}")
    if len(values) == 0:
        raise ValueError(f"grid[{name!r}] must have at least one value, got {values!r}")


def _plain(values: Sequence[Any]) -> list[Any]:
    """Return the values of a parameter, scalars as Python's own: what is equal is kept once."""
    return [value.item() if isinstance(value, np.generic) else value for value in values]
