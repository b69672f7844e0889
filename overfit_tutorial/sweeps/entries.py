"""Results as text, the same bit for bit when they are read, with a checksum against damage."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]

_FORMAT = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A result: columns of one length, and whatever is to be known of their origin.

    Parameters
    ----------
    columns : dict of str to ndarray
        Numbers, truth values or text.
    origin : dict
        Plain JSON values.
    """

    columns: Columns
    origin: Mapping[str, Any]

    def to_bytes(self, key: str) -> bytes:
        """Return the entry as text with a checksum."""
        columns = {
            name: {"dtype": column.dtype.str, "values": column.tolist()}
            for name, column in self.columns.items()
        }
        body = json.dumps({"key": key, "origin": self.origin, "columns": columns})
        return f"{_head(body)}\n{body}\n".encode()

    @classmethod
    def from_bytes(cls, content: bytes, key: str) -> "Entry":
        """Return the entry that was written; refuse one that is damaged."""
        head, _, body = content.decode(errors="replace").partition("\n")
        if not body.endswith("\n"):
            raise ValueError("it is truncated")
        body = body[:-1]
        if head != _head(body):
            raise ValueError("its checksum is wrong")
        read = json.loads(body)
        if read["key"] != key:
            raise ValueError("it is another's")
        columns = {
            name: np.array(column["values"], dtype=column["dtype"])
            for name, column in read["columns"].items()
        }
        return cls(columns=columns, origin=read["origin"])


def _head(body: str) -> str:
    return json.dumps({"format": _FORMAT, "sha256": hashlib.sha256(body.encode()).hexdigest()})
