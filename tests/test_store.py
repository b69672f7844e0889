"""Entries on disk: whole or not at all, one writer each, and nobody waits for the dead."""

import errno
import fcntl
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from overfit_tutorial.sweeps import store as store_module
from overfit_tutorial.sweeps.entries import Entry
from overfit_tutorial.sweeps.store import Store, StoreError, StoreWarning, store_info

KEY = "ab" * 32
COLUMNS = {
    "double": np.array([0.1, -0.0, 5e-324, np.inf, -np.inf, np.nan]),
    "single": np.array([0.1, -0.0, 1e-45, np.inf, -np.inf, np.nan], dtype="float32"),
    "half": np.array([0.1, -0.0, 6e-8, 0, 1, 2], dtype="float16"),
    "whole": np.array([0, 1, -1, 2**62, 3, 4]),
    "unsigned": np.array([0, 1, 2**64 - 1, 3, 4, 5], dtype="uint64"),
    "truth": np.array([True, False, True, False, True, False]),
    "text": np.array(["", "a", "größer", "\n", '"', "\\"]),
}
ENTRY = Entry(columns=COLUMNS, origin={"seconds": 0.1, "machine": "here"})


def bits(entry):
    return {name: (c.dtype, c.tobytes()) for name, c in entry.columns.items()}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def file(store):
    """Return the file of an entry that has been kept."""
    store.keep(KEY, ENTRY)
    (file,) = store.files()
    return file


def fail(*arguments):
    raise AssertionError("it must not be computed")


def leftovers(store):
    return [path.name for path in store.path.rglob("*") if path.suffix in (".part", ".lock")]


def test_what_comes_back_is_what_was_written_bit_for_bit(store):
    written = store.add(KEY, lambda: ENTRY)
    read = store.read(KEY)
    assert bits(written) == bits(read) == bits(ENTRY)
    assert read.origin == ENTRY.origin
    assert leftovers(store) == []


def test_an_entry_that_is_there_is_not_computed(store, file):
    assert bits(store.add(KEY, fail)) == bits(ENTRY)
    store.keep(KEY, Entry(columns={}, origin={}))
    assert bits(store.read(KEY)) == bits(ENTRY)


def test_what_is_not_there_is_not_read(store):
    assert store.read(KEY) is None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-1], "truncated"),
        (lambda content: content[: len(content) // 2], "truncated"),
        (lambda content: b"", "truncated"),
        (lambda content: content.replace(b"here", b"nere"), "its checksum is wrong"),
        (lambda content: content.replace(b"0.1", b"0.2", 1), "its checksum is wrong"),
        (lambda content: content.replace(b'"format": 1', b'"format": 0'), "checksum"),
        (lambda content: content[:300] + b"\xff" + content[301:], "its checksum is wrong"),
        (lambda content: bytes(len(content)), "truncated"),
        (lambda content: content + b"more\n", "its checksum is wrong"),
    ],
)
def test_a_damaged_entry_is_noticed_said_and_replaced(store, file, damage, said):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(StoreWarning, match=rf"{file.name} is damaged, .*{said}.* computed again"):
        assert store.read(KEY) is None
    assert bits(store.add(KEY, lambda: ENTRY)) == bits(ENTRY)
    assert bits(store.read(KEY)) == bits(ENTRY)


def test_every_flipped_bit_is_noticed(store, file):
    content = file.read_bytes()
    for index in range(len(content)):
        changed = bytearray(content)
        changed[index] ^= 1
        with pytest.raises(ValueError, match=r"it is truncated|its checksum is wrong"):
            Entry.from_bytes(bytes(changed), KEY)


def test_an_entry_at_the_place_of_another_is_noticed(store, file):
    other = "cd" * 32
    (store.path / "cd").mkdir()
    file.rename(store.path / "cd" / file.name.replace("ab", "cd"))
    with pytest.warns(StoreWarning, match="another's"):
        assert store.read(other) is None


def test_a_computation_that_fails_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError):
        store.add(KEY, lambda: 1 / 0)
    assert leftovers(store) == []
    assert list(store.files()) == []


# -- Several at once ---------------------------------------------------------


def test_of_many_threads_one_computes(store):
    calls, entries = [], []

    def compute():
        calls.append(1)
        time.sleep(0.1)
        return ENTRY

    threads = [
        threading.Thread(target=lambda: entries.append(store.add(KEY, compute))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(calls) == 1
    assert [bits(entry) for entry in entries] == [bits(ENTRY)] * 8
    assert leftovers(store) == []


def test_who_does_not_wait_gets_nothing_while_another_computes(store):
    def compute():
        assert store.add(KEY, fail, wait=False) is None
        return ENTRY

    assert store.add(KEY, compute) is not None


def test_what_a_dead_process_left_locks_nobody_out(store):
    part = store.path / KEY[:2] / f"{KEY[2:]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half" * 50_000)
    assert bits(store.add(KEY, lambda: ENTRY, wait=False)) == bits(ENTRY)
    assert bits(store.read(KEY)) == bits(ENTRY)
    assert leftovers(store) == []


def test_where_there_are_no_locks_two_may_compute_and_neither_is_harmed(store, monkeypatch):
    def flock(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    inner = []

    def compute():
        inner.append(store.add(KEY, lambda: ENTRY))
        return ENTRY

    assert bits(store.add(KEY, compute)) == bits(inner[0]) == bits(store.read(KEY))
    # The file that could not be locked is the only one that stays; it is used again and cleared.
    assert len(leftovers(store)) <= 1


def test_a_lock_that_fails_otherwise_is_said(store, monkeypatch):
    def flock(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match=r"store must be a folder .* Input/output error"):
        store.add(KEY, fail)


# -- Disks that cannot be written --------------------------------------------


def test_a_full_disk_is_found_before_anything_is_computed(store, file, monkeypatch):
    def write(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module, "_write", write)
    with pytest.raises(StoreError, match=r"store must be a folder with room.*No space left"):
        store.add("cd" * 32, fail)
    assert bits(store.read(KEY)) == bits(ENTRY)
    assert bits(store.add(KEY, fail)) == bits(ENTRY), "what is there can still be had"
    assert leftovers(store) == []


@pytest.mark.parametrize("action", ["prepare", "add"])
def test_a_folder_that_cannot_be_made_is_said(tmp_path, action):
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match=r"store must be a folder .*, got .*/file/store: "):
        store.prepare() if action == "prepare" else store.add(KEY, fail)


def test_a_read_only_folder_can_be_read(store, file, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    assert bits(store.read(KEY)) == bits(ENTRY)
    with pytest.raises(StoreError, match="Read-only file system"):
        store.add("cd" * 32, fail)


def test_an_entry_that_may_not_be_read_is_said(store, file):
    file.unlink()
    file.mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        store.read(KEY)


# -- The folder --------------------------------------------------------------


def test_clearing_removes_what_is_ours(store, file):
    store.prepare()
    (store.path / "ab" / "old.part").touch()
    store.clear()
    assert not store.path.exists()
    store.clear()


def test_clearing_keeps_what_is_somebody_elses(store, file):
    store.prepare()
    (store.path / "notes.txt").write_text("mine")
    store.clear()
    assert [path.name for path in store.path.rglob("*")] == ["notes.txt"]


def test_a_folder_that_is_no_store_is_not_cleared(tmp_path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "data.jsonl").touch()
    Store(tmp_path).clear()
    assert (tmp_path / "ab" / "data.jsonl").exists()


def test_backup_programs_pass_by(store):
    store.prepare()
    tag = (store.path / "CACHEDIR.TAG").read_bytes()
    assert tag.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"OVERFIT_TUTORIAL_STORE": "/named"}, "/named"),
        ({"HOME": "/h"}, "/h/.cache/overfit-tutorial/sweeps"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/overfit-tutorial/sweeps"),
    ],
)
def test_the_store_is_where_caches_are(monkeypatch, environment, path):
    for name in ("OVERFIT_TUTORIAL_STORE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert store_info().path == Path(path)


def test_without_a_home_folder_a_store_must_be_named(monkeypatch):
    monkeypatch.delenv("OVERFIT_TUTORIAL_STORE", raising=False)
    monkeypatch.setattr(
        store_module, "user_cache_path", lambda *a, **k: Path("~nobody-here/cache")
    )
    with pytest.raises(StoreError, match="no home folder: give a path, or let OVERFIT_TUTORIAL"):
        store_info()
