"""The columns that a function returns, checked, and the table that is made of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overfit_tutorial.sweeps.entries import Entry

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the table beside those of the grid and of the function.
PROVENANCE = ("root_seed", "seconds", "machine", "versions")
RESERVED = {"seed", "seeds", *PROVENANCE}


def check_columns(result: Any, n_seeds: int, cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return the function's columns as vectors, or say what is wrong with them."""
    if not isinstance(result, Mapping) or not result:
        raise TypeError(f"function must return a dict of vectors, got {result!r}")
    columns = {}
    for name, values in result.items():
        if not isinstance(name, str) or name in RESERVED or name in cell:
            raise ValueError(
                f"function must return names of columns other than {sorted({*RESERVED, *cell})}, "
                f"got {name!r}"
            )
        column = np.asarray(values)
        if column.shape != (n_seeds,):
            raise ValueError(
                f"function must return vectors of shape ({n_seeds},), one value a seed, "
                f"got {column.shape} for {name!r}"
            )
        is_long = column.dtype.kind in "iuf" and column.dtype.itemsize > 8
        if column.dtype.kind not in "biufU" or is_long:
            raise TypeError(
                f"function must return numbers, truth values or text, "
                f"got {column.dtype} for {name!r}"
            )
        columns[name] = column
    return columns


def build_table(
    cells: Sequence[Mapping[str, Any]], blocks: Sequence[range], entries: Sequence[Entry]
) -> "pd.DataFrame":
    """Return one row a cell and seed.

    Parameters
    ----------
    cells : sequence of dict
        The cell of each entry.
    blocks : sequence of range
        The numbers of the seeds of each entry.
    entries : sequence of Entry
        What was computed.
    """
    import pandas as pd

    names = list(entries[0].columns)
    for cell, entry in zip(cells, entries, strict=True):
        if set(entry.columns) != set(names):
            raise ValueError(
                f"function must return the same columns for every cell, got {sorted(names)} "
                f"and {sorted(entry.columns)} for {cell}"
            )
    sizes = [len(block) for block in blocks]
    parameters = dict.fromkeys(name for cell in cells for name in cell)
    if twice := parameters.keys() & set(names):
        raise ValueError(f"function must not return columns of the grid, got {sorted(twice)}")
    table = {
        name: _parameter_column([cell.get(name) for cell in cells], sizes) for name in parameters
    }
    table["seed"] = np.concatenate(blocks)
    for name in names:
        table[name] = np.concatenate([entry.columns[name] for entry in entries])
    for name in PROVENANCE:
        table[name] = np.repeat([entry.origin[name] for entry in entries], sizes)
    return pd.DataFrame(table)


def _parameter_column(values: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Repeat a parameter's values; those of several types stay as they are, None stays None."""
    import pandas as pd

    is_plain = {type(value) for value in values} in ({bool}, {int}, {float}, {int, float}, {str})
    if is_plain:
        return np.repeat(np.array(values), sizes)
    column = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        column[index] = value
    # Told the type, pandas does not guess one in which None is missing.
    return pd.Series(np.repeat(column, sizes), dtype=object)
