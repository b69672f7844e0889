"""Whether two machines have computed the same table: one word that says so.

What the exact trainer computes, and whatever is made of it by sums, products and roots, is the
same bits everywhere. A page states the fingerprint of each such table, the site keeps them, and
whoever runs the page elsewhere can compare.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from overfit_tutorial import publishing
from overfit_tutorial.sweeps.table import PROVENANCE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fingerprint", "state"]

_LENGTH = 16  # hexadecimal digits: two tables of 10**4 have the same with odds of one in 10**11


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What stands for a table.

    Parameters
    ----------
    study : str
        Name of what was computed, unique on a page.
    digest : str
        The first digits of a SHA-256 of all values.
    n_rows : int
        Length of the table.
    """

    study: str
    digest: str
    n_rows: int

    @property
    def sentence(self) -> str:
        """What is stated, as the site and a script say it."""
        return (
            f"The table {self.study}, {self.n_rows:,} rows, has the fingerprint {self.digest}, "
            "here and on every machine."
        )

    def _ipython_display_(self) -> None:
        """Show nothing at the end of a notebook's cell: the sentence has been printed."""


def state(study: str, table: "pd.DataFrame | Mapping[str, ArrayLike]") -> Fingerprint:
    """State the fingerprint of what a study has computed.

    Parameters
    ----------
    study : str
        A name, unique on the page.
    table : DataFrame or dict of array_like
        Columns of one length, of numbers, truth values or text. Where and when a sweep has
        computed its rows does not count, and neither do the signs of zeros.

    Returns
    -------
    Fingerprint

    Raises
    ------
    ValueError
        If columns differ in length, or there are none.

    Examples
    --------
    >>> stated = state("halves", {"half": [0.5, 1.0]})
    The table halves, 2 rows, has the fingerprint bcbc7c2ae30b3d3f, here and on every machine.
    """
    columns = {str(name): np.asarray(values) for name, values in table.items()}
    columns = {name: column for name, column in columns.items() if name not in PROVENANCE}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise ValueError(f"table must have columns of one length, got lengths {sorted(lengths)}")
    digest = hashlib.sha256()
    for name, column in columns.items():
        digest.update(f"{name}\0".encode())
        digest.update(_bytes(column))
    stated = Fingerprint(study=study, digest=digest.hexdigest()[:_LENGTH], n_rows=lengths.pop())
    if not publishing.hand_over(stated):
        publishing.say(stated.sentence)
    return stated


def _bytes(column: Any) -> bytes:
    """Return a column's values, alike on machines of either byte order."""
    if column.dtype.kind == "f":
        values = np.where(np.isnan(column), np.nan, column + 0.0)  # one zero, one not-a-number
        return bytes(values.astype("<f8").tobytes())
    if column.dtype.kind in "biu":
        return bytes(column.astype("<i8").tobytes())
    return "\0".join(map(str, column)).encode()
