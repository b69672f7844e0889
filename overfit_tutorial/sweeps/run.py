"""Run a function over a grid and seeds, on processes, and gather one table."""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from platform import machine, node, system
from typing import TYPE_CHECKING, Any

import numpy as np

from overfit_tutorial import _arguments, _forks
from overfit_tutorial.streams import child_seed
from overfit_tutorial.sweeps.entries import Entry
from overfit_tutorial.sweeps.grid import Cell, Grid, cells_of
from overfit_tutorial.sweeps.identity import Conditions, Identity, differences
from overfit_tutorial.sweeps.store import Store, open_store
from overfit_tutorial.sweeps.table import build_table, check_columns

if TYPE_CHECKING:
    import pandas as pd

_logger = logging.getLogger(__name__)

# How often in a row all workers may die without having finished anything.
_FRUITLESS = 2


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A cell and a block of seeds: what a worker computes at a time."""

    key: str
    cell: Cell
    conditions: Conditions
    root: np.random.SeedSequence
    block: range  # of numbers of seeds


def run_sweep(
    function: Callable[..., Mapping[str, Any]],
    grid: Grid,
    *,
    seed: _arguments.Seed,
    n_seeds: int,
    n_jobs: int | None = None,
    store: str | os.PathLike[str] | None = None,
    seeds_per_block: int = 8,
) -> "pd.DataFrame":
    """Call a function for each cell of a grid and each seed; compute only what is not yet known.

    Whatever is finished is on disk at once. After a kill, a call with the same arguments computes
    the rest, and the table is the same, bit for bit, provenance included. A block of seeds is
    computed again when the cell's values, the function, code that it imports (docstrings and
    comments do not count), globals that a function of a script reads, or versions of libraries
    that it imports have changed. The processor, environment variables and files do not count.
    Modules are read from their files: after changing one, start Python afresh.

    Parameters
    ----------
    function : callable
        ``function(seeds=..., **cell)`` returns a dict of vectors with one number, truth value or
        text for each seed. `seeds` is a list of ``SeedSequence``, a block of the sweep's; what
        comes out for a seed must not depend on the others in its block. Whoever draws twice
        from a seed splits it, see `overfit_tutorial.streams.split_seeds`.
    grid : dict of lists, or a sequence of such dicts
        All combinations, as scikit-learn's ``ParameterGrid`` takes them and in its order. Values
        are numbers, text, tuples, arrays, dataclasses such as `Recipe`, or functions.
    seed : int or SeedSequence
        Seed *k* of each cell is ``SeedSequence(seed, spawn_key=(k,))``. Cells share their seeds,
        so that they can be compared seed by seed.
    n_seeds : int
        How many.
    n_jobs : int or None
        As in ``joblib.Parallel``. None computes in this process, one block after another, unless
        ``joblib.parallel_config`` says otherwise: best for `ensembles`, which keep all processors
        busy by themselves.
    store : path or None
        A folder. None takes the one that ``OVERFIT_TUTORIAL_STORE`` names, or else one in the
        user's folder for caches; see `store_info`.
    seeds_per_block : int
        How many seeds the function gets at a time. A block that was shorter, at the end of an
        earlier sweep with fewer seeds, is computed again.

    Returns
    -------
    DataFrame
        One row a cell and seed, cells in the grid's order. Columns: those of the grid, ``seed``
        (the *k* above), those of the function, and the row's provenance: ``root_seed``, its
        share of the ``seconds`` that its block took, ``machine``, ``versions``.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, before anything is computed.
    StoreError
        If the store cannot be written. What it holds is unharmed.

    Warns
    -----
    StoreWarning
        If an entry was damaged. It is computed again.
    RuntimeWarning
        If a worker died. The others go on.

    Examples
    --------
    >>> def squares(*, seeds, power):
    ...     return {"value": [seed.spawn_key[0] ** power for seed in seeds]}
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = run_sweep(squares, {"power": [1, 2]}, seed=0, n_seeds=3, store=folder)
    >>> table[["power", "seed", "value"]].values.tolist()
    [[1, 0, 0], [1, 1, 1], [1, 2, 2], [2, 0, 0], [2, 1, 1], [2, 2, 4]]
    """
    if not callable(function):
        raise TypeError(f"function must be callable, got {function!r}")
    cells, root = cells_of(grid), _arguments.check_seed(seed)
    n_seeds = _arguments.check_count("n_seeds", n_seeds)
    size = _arguments.check_count("seeds_per_block", seeds_per_block)
    blocks = [range(n_seeds)[first : first + size] for first in range(0, n_seeds, size)]
    identity = Identity(function)
    tasks = [_task(identity, cell, root, block) for cell in cells for block in blocks]
    kept = open_store(store)
    entries = _entries(function, {task.key: task for task in tasks}, kept, n_jobs)
    return build_table(
        [task.cell for task in tasks],
        [task.block for task in tasks],
        [entries[task.key] for task in tasks],
    )


def _task(identity: Identity, cell: Cell, root: np.random.SeedSequence, block: range) -> _Task:
    inputs = {f"grid[{name!r}]": value for name, value in cell.items()}
    key, conditions = identity.of(**inputs, seeds=[root, block.start, block.stop])
    return _Task(key=key, cell=cell, conditions=conditions, root=root, block=block)


def _entries(
    function: Callable[..., Any],
    tasks: Mapping[str, _Task],
    kept: Store,
    n_jobs: int | None,
) -> dict[str, Entry]:
    """Return the entry of each task: what is in the store, and then what has to be computed."""
    found = {key: kept.read(key) for key in tasks}
    entries = {key: entry for key, entry in found.items() if entry is not None}
    waiting = {key: task for key, task in tasks.items() if key not in entries}
    known = f"{len(entries)} of {len(tasks)} blocks"
    _logger.info("%s are in the store %s", known, kept.path)
    if not waiting:
        return entries
    from tqdm import tqdm

    kept.prepare()
    # Silent where nobody watches, and for the first two seconds.
    with tqdm(total=len(waiting), unit=" blocks", delay=2, disable=None, leave=False) as bar:
        for key, entry in _computed(function, waiting, kept, n_jobs):
            entries[key] = entry
            bar.update()
    return entries


def _computed(
    function: Callable[..., Any],
    tasks: Mapping[str, _Task],
    kept: Store,
    n_jobs: int | None,
) -> Iterator[tuple[str, Entry]]:
    """Yield entries as they are finished; go on after the death of a worker."""
    import joblib

    waiting, fruitless, wait = dict(tasks), 0, False
    while waiting:
        n_before = len(waiting)
        work = joblib.delayed(_work)
        calls = [work(function, task, kept, _here(), wait) for task in waiting.values()]
        try:
            for key, entry in _parallel(n_jobs)(calls):
                if entry is not None:
                    kept.keep(key, entry)
                    del waiting[key]
                    yield key, entry
        except Exception as error:
            if not _is_death(error):
                raise
            for key in list(waiting):
                entry = kept.read(key)
                if entry is not None:
                    del waiting[key]
                    yield key, entry
            fruitless = fruitless + 1 if len(waiting) == n_before else 0
            if fruitless == _FRUITLESS:
                raise RuntimeError(
                    f"workers died {_FRUITLESS} times in a row without finishing anything; is "
                    f"there enough memory for n_jobs={n_jobs}?"
                ) from error
            left = f"{len(waiting)} of {len(tasks)} blocks are left"
            warnings.warn(f"a worker died; {left}", RuntimeWarning, stacklevel=4)
        wait = True  # for what other sweeps compute


def _parallel(n_jobs: int | None) -> Any:
    """Return joblib's runner, one that yields results as they come, where the backend can."""
    import joblib

    try:
        return joblib.Parallel(n_jobs=n_jobs, batch_size=1, return_as="generator_unordered")
    except ValueError:  # multiprocessing
        return joblib.Parallel(n_jobs=n_jobs, batch_size=1)


def _is_death(error: Exception) -> bool:
    """Return whether a worker died: loky's TerminatedWorkerError, or Dask's KilledWorker."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


def _here() -> tuple[str, int]:
    return node(), os.getpid()


def _work(
    function: Callable[..., Any],
    task: _Task,
    kept: Store,
    caller: tuple[str, int],
    wait: bool,
) -> tuple[str, Entry | None]:
    """Compute a block of seeds, in whatever process, and keep it."""
    if _here() != caller:
        _become_worker(task)
    return task.key, kept.add(task.key, lambda: _compute(function, task), wait=wait)


def _become_worker(task: _Task) -> None:
    """Refuse other code and versions than the caller's; share the processors with others."""
    if not {"keras", "tensorflow", "tensorflow-cpu"}.isdisjoint(dict(task.conditions.versions)):
        _forks.check_not_copied()
    if found := differences(task.conditions):
        raise RuntimeError(
            f"workers must have the code and versions of the process that calls them, "
            f"got {'; '.join(found)}"
        )
    # joblib and Dask say in this way how many threads a worker may use; TensorFlow asks others.
    if threads := os.environ.get("OMP_NUM_THREADS"):
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(name, threads)


def _compute(function: Callable[..., Any], task: _Task) -> Entry:
    seeds = [child_seed(task.root, k) for k in task.block]
    start = time.perf_counter()
    try:
        columns = check_columns(function(seeds=seeds, **task.cell), len(seeds), task.cell)
    except Exception as error:
        error.add_note(f"in the cell {task.cell}, seeds {task.block[0]} to {task.block[-1]}")
        raise
    origin = {
        "cell": repr(task.cell),
        "root_seed": _say_seed(task.root),
        "seconds": (time.perf_counter() - start) / len(seeds),
        "machine": f"{node()}, {system()} {machine()}",
        "versions": str(task.conditions),
    }
    return Entry(columns=columns, origin=origin)


def _say_seed(root: np.random.SeedSequence) -> str:
    """Return a seed as text: its entropy, and the steps from there."""
    return "/".join(map(str, [root.entropy, *root.spawn_key]))
