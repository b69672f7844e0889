"""Keeps results on disk: each in a file of its own, whole or not at all.

A file is written beside its place, under a lock, and moved there when it is complete. The lock is
the operating system's, so that it ends with its holder, however that dies. Room is reserved before
a result is computed: where the disk is full or read-only, nothing is computed in vain.
"""

import contextlib
import errno
import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from overfit_tutorial.sweeps.entries import Entry

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


@dataclass(frozen=True, kw_only=True)
class StoreInfo:
    """What a store holds.

    Parameters
    ----------
    path : Path
        The folder.
    n_entries : int
        How many blocks of seeds are in it.
    n_bytes : int
        How much room they take.
    """

    path: Path
    n_entries: int
    n_bytes: int


def store_info(store: str | os.PathLike[str] | None = None) -> StoreInfo:
    """Return where a store is, what it holds, and how large it is.

    Parameters
    ----------
    store : path or None
        As in `run_sweep`.
    """
    kept = open_store(store)
    sizes = [file.stat().st_size for file in kept.files()]
    return StoreInfo(path=kept.path, n_entries=len(sizes), n_bytes=sum(sizes))


def clear_store(store: str | os.PathLike[str] | None = None) -> None:
    """Remove all entries of a store; other files in its folder stay.

    Parameters
    ----------
    store : path or None
        As in `run_sweep`.
    """
    open_store(store).clear()


def open_store(store: str | os.PathLike[str] | None) -> "Store":
    """Return a store by its path, or the one in the user's folder for caches.

    The environment variable ``OVERFIT_TUTORIAL_STORE`` names another one.
    """
    if store is not None and not isinstance(store, str | os.PathLike):
        raise TypeError(f"store must be a path or None, got {store!r}")
    if store is None:
        caches = user_cache_path("overfit-tutorial", appauthor=False, opinion=False)
        store = os.environ.get("OVERFIT_TUTORIAL_STORE") or caches / "sweeps"
    try:
        return Store(Path(store).expanduser().absolute())
    except RuntimeError:
        raise StoreError(
            f"store must be in a folder that is known, got {store} and no home folder: give a "
            "path, or let OVERFIT_TUTORIAL_STORE name one"
        ) from None


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
        file = self._file(key)
        with self._locked(file, wait) as lock:
            if lock is None:
                return None
            if (entry := self.read(key, warn=False)) is not None:
                return entry
            # Where there are no locks, two may be at work.
            part = file.with_suffix(".part" if lock.is_locked else f".{uuid.uuid4().hex}.part")
            try:
                with self._explained():
                    _write(part, bytes(_RESERVED))
                content = compute().to_bytes(key)
                with self._explained():
                    _write(part, content)
                    part.replace(file)
            finally:
                part.unlink(missing_ok=True)
            return Entry.from_bytes(content, key)

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
        for file in [*self.files(), *self.path.glob("??/*.part"), *self.path.glob("??/*.lock")]:
            file.unlink(missing_ok=True)
        (self.path / _TAG).unlink()
        with contextlib.suppress(OSError):  # somebody else's files stay
            for folder in self.path.glob("??"):
                folder.rmdir()
            self.path.rmdir()

    def _file(self, key: str) -> Path:
        return self.path / key[:2] / f"{key[2:]}.jsonl"

    @contextlib.contextmanager
    def _locked(self, file: Path, wait: bool) -> Iterator[FileLock | None]:
        """Hold the lock of an entry, if the disk has locks; None if another process does."""
        path = file.with_suffix(".lock")
        lock = FileLock(path, timeout=-1 if wait else 0)
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
                is_free = True
            except Timeout:
                is_free = False
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                is_free = True
        try:
            yield lock if is_free else None
        finally:
            if is_free:
                with contextlib.suppress(OSError):  # where an open file cannot be removed
                    path.unlink(missing_ok=True)
                lock.release()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"store must be a folder with room that can be written, got {self.path}: {error}. "
                "What is in it is unharmed, and a sweep goes on from there"
            ) from error


def _write(path: Path, content: bytes) -> None:
    """Write a file into the room that it has taken, and have it on the disk."""
    path.touch()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
