"""Keeps results on disk: each in a file of its own, whole or not at all.

A file is written beside its place, under a lock, and moved there when it is complete. The lock is
the operating system's, so that it ends with its holder, however that dies. Room is reserved before
a result is computed: where the disk is full or read-only, nothing is computed in vain.
"""

import contextlib
import errno
import hashlib
import json
import os
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

try:
    import fcntl
except ImportError:  # Windows: two sweeps may then compute the same
    fcntl = None  # type: ignore[assignment]

Columns = Mapping[str, NDArray[Any]]

_FORMAT = 1
# What a file system without locks says.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
# More than a result takes: some hundred bytes a seed.
_RESERVED = 2**16
# By this file backup programs know that they may pass by, and `Store.clear` that it may remove.
_TAG = "CACHEDIR.TAG"
_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55"


class StoreError(OSError):
    """The store cannot be written; what it already holds is unharmed."""


class StoreWarning(UserWarning):
    """Something in the store was damaged and is computed again."""


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


@dataclass(frozen=True)
class Store:
    """A folder of entries.

    Parameters
    ----------
    path : Path
        It is made when something is to be written.
    """

    path: Path

    def read(self, key: str, *, warn: bool = True) -> Entry | None:
        """Return an entry, or None if there is none, or none that is whole."""
        try:
            with self._explained():
                content = self._file(key).read_bytes()
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        try:
            return Entry.from_bytes(content, key)
        except ValueError as error:
            if warn:
                damage = f"the entry {self._file(key)} is damaged, {error}: it is computed again"
                warnings.warn(damage, StoreWarning, stacklevel=2)
            return None

    def add(self, key: str, compute: Callable[[], Entry], *, wait: bool = True) -> Entry | None:
        """Compute an entry and keep it, or return the one that another process has kept.

        Parameters
        ----------
        key : str
            Equal for equal entries.
        compute : callable
            Called at most once, and only if there is no entry.
        wait : bool
            What to do while another process computes the entry: wait for it, or return None.

        Raises
        ------
        StoreError
            If the store cannot be written, before anything is computed.
        """
        with self._part(key, wait) as part:
            if part is None:
                return None
            entry = self.read(key, warn=False)
            return self._write(part, key, compute()) if entry is None else entry

    def keep(self, key: str, entry: Entry) -> None:
        """Make sure that an entry is here: a worker may have written it to another disk."""
        if not self._file(key).exists():
            self.add(key, lambda: entry)

    def prepare(self) -> None:
        """Make the folder, or say why it cannot be written."""
        with self._explained():
            self.path.mkdir(parents=True, exist_ok=True)
            if not (self.path / _TAG).exists():
                text = f"{_SIGNATURE}\n# Results of overfit_tutorial.sweeps; safe to remove.\n"
                (self.path / _TAG).write_text(text, encoding="utf-8")

    def files(self) -> Iterator[Path]:
        """Yield the files of the entries."""
        return self.path.glob("??/*.jsonl")

    def clear(self) -> None:
        """Remove all entries, and the folder if nothing else is in it."""
        if not (self.path / _TAG).is_file():
            return
        for file in [*self.files(), *self.path.glob("??/*.part")]:
            file.unlink(missing_ok=True)
        (self.path / _TAG).unlink()
        with contextlib.suppress(OSError):  # somebody else's files stay
            for folder in self.path.glob("??"):
                folder.rmdir()
            self.path.rmdir()

    def _file(self, key: str) -> Path:
        return self.path / key[:2] / f"{key[2:]}.jsonl"

    @contextlib.contextmanager
    def _part(self, key: str, wait: bool) -> Iterator[IO[bytes] | None]:
        """Hold the file in which an entry is prepared; None if another process does."""
        part = None
        try:
            with self._explained():
                part = self._claim(self._file(key).with_suffix(".part"), wait)
                if part is not None and not self._file(key).exists():
                    _write_from_start(part, bytes(_RESERVED))
            yield part
        finally:
            if part is not None:
                _remove(part)

    def _claim(self, path: Path, wait: bool) -> IO[bytes] | None:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            part = _open(path)
            try:
                is_ours = _lock(part, wait)
            except OSError as error:
                part.close()
                if error.errno not in _NO_LOCKS:
                    raise
                # Two sweeps may then compute the same, each in a file of its own.
                return _open(path.with_suffix(f".{uuid.uuid4().hex}.part"))
            if is_ours and _is_at(part, path):
                return part
            part.close()
            if not is_ours:
                return None
            # Its last holder had finished, and moved the file away.

    def _write(self, part: IO[bytes], key: str, entry: Entry) -> Entry:
        content = entry.to_bytes(key)
        with self._explained():
            _write_from_start(part, content)
            os.fsync(part.fileno())
            if sys.platform == "win32":  # where an open file cannot be moved
                part.close()
            Path(part.name).replace(self._file(key))
        return Entry.from_bytes(content, key)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"store must be a folder with room that can be written, got {self.path}: {error}. "
                "What is in it is unharmed, and a sweep goes on from there"
            ) from error


def default_path() -> Path:
    """Return where the store is if nothing else is said.

    The folder that the environment variable ``OVERFIT_TUTORIAL_STORE`` names, or else one in the
    user's folder for caches.
    """
    if named := os.environ.get("OVERFIT_TUTORIAL_STORE"):
        return Path(named)
    if sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "overfit-tutorial" / "sweeps"


def _head(body: str) -> str:
    return json.dumps({"format": _FORMAT, "sha256": hashlib.sha256(body.encode()).hexdigest()})


def _open(path: Path) -> IO[bytes]:
    """Open a file for writing, without a buffer, and leave what is in it as it is."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    file = os.fdopen(descriptor, "r+b", buffering=0)
    file.name = path
    return file


def _lock(file: IO[bytes], wait: bool) -> bool:
    """Lock a file until it is closed; return whether nobody else has."""
    if fcntl is None:
        raise OSError(errno.ENOLCK, "no locks")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _write_from_start(file: IO[bytes], content: bytes) -> None:
    """Replace what is in a file, and keep the room that it has taken until then."""
    file.seek(0)
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    file.truncate()


def _remove(part: IO[bytes]) -> None:
    """Close a file and remove it, unless it has been moved and its name is another's by now."""
    path = Path(part.name)
    if sys.platform == "win32":
        part.close()
        path.unlink(missing_ok=True)
        return
    if _is_at(part, path):
        path.unlink()
    part.close()


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Return whether an open file is the one at a path."""
    try:
        return not file.closed and os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
