"""Show results as a table: printed by a script, set as a real table on the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overfit_tutorial import publishing


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table whose cells are written.

    Parameters
    ----------
    head : tuple of str
        The names of the columns.
    rows : tuple of tuple of str
        The cells.
    is_text : tuple of bool
        Which columns hold words: these stand to the left, numbers to the right.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_text: tuple[bool, ...]

    def __str__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        parts = list(zip(widths, self.is_text, strict=True))
        return "\n".join(
            "  ".join(
                cell.ljust(width) if text else cell.rjust(width)
                for cell, (width, text) in zip(line, parts, strict=True)
            ).rstrip()
            for line in lines
        )


def show(columns: Mapping[str, Sequence[Any]], **formats: str) -> Table:
    """Show columns as a table.

    Parameters
    ----------
    columns : mapping of str to sequence
        The columns by name: a dictionary, or a pandas ``DataFrame``. All are of one length.
    **formats : str
        How the numbers of a column are written, such as ``risk=".2f"``. A name with spaces is
        given with underscores. The format of an `overfit_tutorial.statistics.Interval` is that of
        its value and its ends. Without one, whole numbers stay whole, others get four digits.

    Returns
    -------
    Table
        What was shown.

    Raises
    ------
    TypeError, ValueError
        If there are no columns, their lengths differ, a format is for a column that is not there,
        or does not fit its values.

    Examples
    --------
    >>> shown = show({"rule": ["line", "dots"], "excess risk": [0.0812, 2.7]}, excess_risk=".2f")
    rule  excess risk
    line         0.08
    dots         2.70
    """
    if not isinstance(columns, Mapping) and not hasattr(columns, "items"):
        raise TypeError(f"columns must be a mapping of names to columns, got {columns!r}")
    values = {str(name): list(column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in values.items()}
    if not lengths or 0 in lengths.values() or len(set(lengths.values())) > 1:
        raise ValueError(f"columns must be of one length above zero, got {lengths}")
    specs = {name: formats.pop(name.replace(" ", "_"), "") for name in values}
    if formats:
        raise ValueError(f"formats must be for columns, {list(values)}, got {sorted(formats)}")
    written = [[_cell(name, value, specs[name]) for value in values[name]] for name in values]
    table = Table(
        head=tuple(values),
        rows=tuple(zip(*written, strict=True)),
        is_text=tuple(all(isinstance(v, str) for v in column) for column in values.values()),
    )
    if not publishing.hand_over(table):
        publishing.say(table)
    return table


def _cell(name: str, value: Any, spec: str) -> str:
    """Return what a cell shows."""
    if isinstance(value, str):
        return value
    plain = value.item() if isinstance(value, np.generic) else value
    whole = isinstance(plain, int) and not isinstance(plain, bool)
    default = "," if whole else ".4g" if isinstance(plain, float) else ""
    try:
        return format(plain, spec or default)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the format of {name!r} must fit {plain!r}, got {spec!r}: {error}"
        ) from None
