"""Sweeps: one tidy table, nothing computed twice, and nothing lost, whoever is killed."""

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from concurrent.futures import BrokenExecutor
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import sweeps
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.sweeps import StoreError, StoreWarning, run, run_sweep, store_info
from overfit_tutorial.sweeps.grid import cells_of
from overfit_tutorial.sweeps.identity import Identity
from overfit_tutorial.sweeps.store import Store

PROVENANCE = ["root_seed", "seconds", "machine", "versions"]
calls = threading.local()


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Let the default store be a fresh one."""
    monkeypatch.setenv("OVERFIT_TUTORIAL_STORE", str(tmp_path / "store"))
    calls.made = []
    return tmp_path / "store"


def noise(*, seeds, scale, shift=0.0):
    calls.made.append((scale, shift, [seed.spawn_key[-1] for seed in seeds]))
    draws = np.array([np.random.default_rng(seed).normal(shift, scale) for seed in seeds])
    return {"draw": draws, "is_low": draws < shift, "rank": [seed.spawn_key[-1] for seed in seeds]}


def results(table):
    """Return the table without what differs from run to run."""
    return table.drop(columns=PROVENANCE)


def exactly_equal(table, other):
    pd.testing.assert_frame_equal(table, other, check_exact=True)
    for name in table:
        if table[name].dtype.kind == "f":
            assert table[name].to_numpy().tobytes() == other[name].to_numpy().tobytes()


# -- The table ---------------------------------------------------------------


def test_the_table_is_that_of_a_naive_loop():
    table = run_sweep(noise, {"shift": [1.0, 2.0], "scale": [3.0, 4.0]}, seed=7, n_seeds=10)
    rows = []
    for scale in (3.0, 4.0):
        for shift in (1.0, 2.0):
            for k in range(10):
                seed = np.random.SeedSequence(7, spawn_key=(k,))
                draw = np.random.default_rng(seed).normal(shift, scale)
                rows.append([shift, scale, k, draw, draw < shift, k])
    names = ["shift", "scale", "seed", "draw", "is_low", "rank"]
    exactly_equal(results(table), pd.DataFrame(rows, columns=names))


def test_every_row_says_where_it_comes_from():
    seed = np.random.SeedSequence(7, spawn_key=(1, 2))
    start = time.perf_counter()
    table = run_sweep(noise, {"scale": [1.0]}, seed=seed, n_seeds=3)
    assert list(table.columns[-4:]) == PROVENANCE
    assert set(table.root_seed) == {"7/1/2"}
    assert (table.seconds > 0).all()
    assert table.seconds.sum() < time.perf_counter() - start
    assert all(f"numpy {np.__version__}" in text for text in table.versions)
    assert table.machine.nunique() == 1


def test_cells_come_in_the_order_of_scikit_learns_parameter_grid():
    # The two examples of its documentation.
    assert cells_of({"a": [1, 2], "b": [True, False]}) == [
        {"a": 1, "b": True},
        {"a": 1, "b": False},
        {"a": 2, "b": True},
        {"a": 2, "b": False},
    ]
    grid = [{"kernel": ["linear"]}, {"kernel": ["rbf"], "gamma": [1, 10]}]
    assert cells_of(grid) == [
        {"kernel": "linear"},
        {"kernel": "rbf", "gamma": 1},
        {"kernel": "rbf", "gamma": 10},
    ]


def test_a_sequence_of_grids_is_one_table_with_none_where_a_cell_has_no_value():
    table = run_sweep(
        noise, [{"scale": [1.0]}, {"scale": [2.0], "shift": [5.0]}], seed=0, n_seeds=1
    )
    assert list(table["scale"]) == [1.0, 2.0]
    assert list(table["shift"]) == [None, 5.0]


def describe(*, seeds, value):
    return {"text": [repr(value)] * len(seeds)}


@pytest.mark.parametrize(
    "values",
    [
        [None, 32],
        [(100,) * 5, (100,) * 5, (10, 10)],
        [Recipe(), Recipe(batch_size=None)],
        ["a", None],
        [True, 2],
        [1, 2.5],
        [np.mean, np.median],
    ],
)
def test_values_of_the_grid_come_back_as_they_are(values):
    table = run_sweep(describe, {"value": values}, seed=0, n_seeds=2)
    assert list(table["value"]) == [value for value in values for _ in range(2)]
    assert list(table["text"]) == [repr(value) for value in values for _ in range(2)]


def test_a_vector_of_numpy_is_a_list_of_numbers():
    vector = run_sweep(noise, {"scale": np.array([0.5, 1.0])}, seed=0, n_seeds=2)
    plain = run_sweep(noise, {"scale": [0.5, 1.0]}, seed=0, n_seeds=2)
    exactly_equal(vector, plain)
    assert len(calls.made) == 2


def test_no_parameters_make_one_cell():
    def nothing(*, seeds):
        return {"k": [seed.spawn_key[0] for seed in seeds]}

    assert list(run_sweep(nothing, {}, seed=0, n_seeds=3).k) == [0, 1, 2]


# -- Computed once -----------------------------------------------------------


def extremes(*, seeds):
    values = [0.1, -0.0, 5e-324, np.inf, -np.inf, np.nan, 1e308, 1 / 3][: len(seeds)]
    return {
        "double": values,
        "single": np.array(values, dtype="float32"),
        "whole": [2**62] * len(seeds),
        "truth": [True] * len(seeds),
        "text": ["größer"] * len(seeds),
    }


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_a_warm_sweep_is_the_cold_one_bit_for_bit():
    cold = run_sweep(extremes, {}, seed=0, n_seeds=8)
    exactly_equal(run_sweep(extremes, {}, seed=0, n_seeds=8), cold)
    assert cold["single"].dtype == "float32"


def test_nothing_is_computed_twice():
    first = run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=20)
    assert Counter(scale for scale, _, _ in calls.made) == {1.0: 3, 2.0: 3}
    calls.made = []
    exactly_equal(run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=20), first)
    assert calls.made == []
    run_sweep(noise, [{"scale": [2.0, 3.0]}], seed=0, n_seeds=24)
    assert calls.made == [
        (2.0, 0.0, [16, 17, 18, 19, 20, 21, 22, 23]),
        *((3.0, 0.0, [*range(first, first + 8)]) for first in (0, 8, 16)),
    ]


def test_equal_cells_are_computed_once_and_have_rows_of_their_own():
    table = run_sweep(noise, [{"scale": [1.0, 1.0]}, {"scale": [1.0]}], seed=0, n_seeds=2)
    assert len(calls.made) == 1
    assert list(table.seed) == [0, 1] * 3


def test_another_seed_is_another_sweep():
    one, two = (run_sweep(noise, {"scale": [1.0]}, seed=seed, n_seeds=4) for seed in (1, 2))
    assert not np.isin(one.draw, two.draw).any()


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_the_size_of_blocks_changes_no_result(size):
    whole = run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=10, seeds_per_block=10)
    calls.made = []
    parts = run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=10, seeds_per_block=size)
    exactly_equal(results(parts), results(whole))
    assert len(calls.made) == (0 if size == 100 else -(-10 // size))


def test_cells_share_their_seeds():
    table = run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=5)
    wide = table.pivot(index="seed", columns="scale", values="draw")
    np.testing.assert_allclose(2 * wide[1.0], wide[2.0], rtol=1e-15)


def train(*, seeds, learning_rate):
    from overfit_tutorial import data, ensembles

    point_seeds, training_seeds = split_seeds(seeds, 2)
    points = data.sample_noisy_many(len(seeds), n_samples=8, seed=point_seeds)
    recipe = Recipe(hidden_widths=(4,), learning_rate=learning_rate, epochs=3, batch_size=4)
    fits = ensembles.fit_ensemble(points.x, points.y, recipe, seed=training_seeds)
    return {"risk": data.excess_risk(fits.predict, points.truth), "loss": fits.loss[:, -1]}


def test_trained_networks_do_not_depend_on_their_block(tmp_path):
    tables = [
        run_sweep(
            train,
            {"learning_rate": [0.01, 0.1]},
            seed=0,
            n_seeds=5,
            seeds_per_block=size,
            store=tmp_path / str(size),
        )
        for size in (1, 2, 5)
    ]
    exactly_equal(results(tables[0]), results(tables[1]))
    exactly_equal(results(tables[0]), results(tables[2]))
    assert tables[0].risk.nunique() == 10
    assert "keras" in tables[0].versions[0]


# -- Several processes -------------------------------------------------------


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork.*was called:RuntimeWarning")  # JAX, if imported
def test_every_backend_gives_the_same_table(tmp_path, monkeypatch, backend):
    # Other tests of this process may have computed with TensorFlow, which `describe` does not.
    monkeypatch.setitem(sys.modules, "tensorflow.python.eager.context", None)
    grid = {"value": list(range(5))}
    alone = run_sweep(describe, grid, seed=0, n_seeds=3)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        exactly_equal(
            results(run_sweep(describe, grid, seed=0, n_seeds=3, store=tmp_path / "other")),
            results(alone),
        )


LOG = """
import json, os, signal, sys, time
from pathlib import Path
import joblib, numpy as np
from overfit_tutorial import sweeps

folder = Path(sys.argv[1])

def log(word, cell, seeds):
    line = json.dumps([word, cell, seeds[0].spawn_key[0]]) + "\\n"
    with (folder / "log").open("a") as file:
        file.write(line)

def study(*, seeds, cell):
    log("begin", cell, seeds)
    {extra}
    time.sleep(0.1)
    draws = [np.random.default_rng(seed).normal(cell) for seed in seeds]
    log("end", cell, seeds)
    return {{"draw": draws}}

def sweep(n_jobs=None, n_cells=8):
    grid = {{"cell": list(range(n_cells))}}
    table = sweeps.run_sweep(
        study, grid, seed=0, n_seeds=4, n_jobs=n_jobs, store=folder / "store", seeds_per_block=2
    )
    table.to_pickle(folder / f"table-{{sys.argv[2]}}")

if __name__ == "__main__":
    {main}
"""
N_BLOCKS = 16
# Die once, at the third cell.
DIE = """
    if cell == 3 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


class Script:
    """A sweep in a process of its own, which writes down what it computes."""

    def __init__(self, folder, main="sweep()", extra=""):
        self.folder = folder
        self.file = folder / "script.py"
        text = LOG.format(main=main, extra=textwrap.dedent(extra).replace("\n", "\n    ").strip())
        self.file.write_text(text, encoding="utf-8")

    def start(self, name="first"):
        command = [sys.executable, "-W", "error", str(self.file), str(self.folder), name]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": paths},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, name="first"):
        process = self.start(name)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return self.table(name)

    def table(self, name="first"):
        return pd.read_pickle(self.folder / f"table-{name}")

    def log(self, word):
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(tuple(rest) for said, *rest in map(json.loads, lines) if said == word)

    def wait_for(self, word, count):
        deadline = time.monotonic() + 60
        while self.log(word).total() < count:
            assert time.monotonic() < deadline
            time.sleep(0.01)


ROOT = Path(sweeps.__file__).parents[2]


@pytest.fixture
def expected(tmp_path):
    """Return what the scripts' sweep gives, undisturbed."""
    rows = [
        [cell, k, np.random.default_rng(np.random.SeedSequence(0, spawn_key=(k,))).normal(cell)]
        for cell in range(8)
        for k in range(4)
    ]
    return pd.DataFrame(rows, columns=["cell", "seed", "draw"])


@pytest.mark.parametrize(("word", "count"), [("begin", 1), ("end", 3), ("begin", 9), ("end", 12)])
def test_after_a_kill_the_rest_is_computed_and_nothing_twice(tmp_path, expected, word, count):
    script = Script(tmp_path)
    process = script.start()
    script.wait_for(word, count)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = store_info(tmp_path / "store").n_entries
    ended, began = script.log("end"), script.log("begin")
    assert ended.total() - 1 <= kept <= ended.total() < N_BLOCKS

    table = script.run("second")
    exactly_equal(results(table), expected)
    assert script.log("begin").total() - began.total() == N_BLOCKS - kept, "the rest, once"
    # What was under way when the process died is all that was begun twice.
    assert sum(script.log("begin").values()) - N_BLOCKS == began.total() - kept <= 1
    exactly_equal(script.run("third"), table)
    assert script.log("begin").total() - began.total() == N_BLOCKS - kept


def test_two_sweeps_on_one_store_share_the_work(tmp_path, expected):
    script = Script(tmp_path)
    processes = [script.start(name) for name in ("one", "two")]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert script.log("begin") == script.log("end")
    assert set(script.log("end").values()) == {1}
    assert script.log("end").total() == N_BLOCKS
    exactly_equal(script.table("one"), script.table("two"))
    exactly_equal(results(script.table("one")), expected)


def test_of_two_sweeps_one_is_killed_and_the_other_does_not_wait_for_it(tmp_path, expected):
    script = Script(tmp_path)
    one, two = script.start("one"), script.start("two")
    script.wait_for("end", 4)
    one.kill()
    one.communicate()
    _, errors = two.communicate(timeout=120)
    assert two.returncode == 0, errors
    exactly_equal(results(script.table("two")), expected)
    assert script.log("end").total() <= N_BLOCKS + 1
    assert not list((tmp_path / "store").rglob("*.part"))


def test_after_the_death_of_a_local_worker_the_sweep_goes_on(tmp_path, expected):
    main = """
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sweep(n_jobs=2)
    said = [str(w.message) for w in caught if w.category is RuntimeWarning]
    assert len(said) == 1 and said[0].startswith("a worker died; "), said
    """
    script = Script(tmp_path, main=textwrap.dedent(main).replace("\n", "\n    "), extra=DIE)
    exactly_equal(results(script.run()), expected)
    assert (tmp_path / "died").exists()
    # joblib then kills the other worker, too: perhaps between its last word and its writing.
    ended = script.log("end")
    assert len(ended) == N_BLOCKS
    assert ended.total() <= N_BLOCKS + 1, "what was kept is not computed again"


def dying(n_finished):
    """Return a runner that computes a few, hands over all of these but the last, and breaks."""

    def parallel(**options):
        def run(calls):
            results = (function(*args, **options) for function, args, options in calls)
            if len(calls) <= 2:
                yield from results
                return
            finished = [next(results) for _ in range(n_finished)]
            yield from finished[:-1]
            raise BrokenExecutor("a process was killed")

        return run

    return parallel


def test_what_a_dying_pool_had_finished_is_taken_from_the_store(monkeypatch):
    grid = {"scale": [1.0, 2.0, 3.0, 4.0, 5.0]}
    expected = run_sweep(noise, grid, seed=0, n_seeds=2)
    sweeps.clear_store()
    calls.made = []
    monkeypatch.setattr(joblib, "Parallel", dying(3))
    with pytest.warns(RuntimeWarning, match="a worker died; 2 of 5 blocks are left"):
        table = run_sweep(noise, grid, seed=0, n_seeds=2)
    exactly_equal(results(table), results(expected))
    assert len(calls.made) == 5


@pytest.mark.filterwarnings("ignore:a worker died; 5 of 5 blocks are left:RuntimeWarning")
def test_a_pool_that_finishes_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(joblib, "Parallel", dying(0))
    with pytest.raises(RuntimeError, match=r"died 2 times in a row .* n_jobs=3\?"):
        run_sweep(noise, {"scale": [1, 2, 3, 4, 5]}, seed=0, n_seeds=2, n_jobs=3)
    assert calls.made == []


def test_workers_that_always_die_are_given_up(tmp_path):
    extra = "os.kill(os.getpid(), signal.SIGKILL)"
    main = 'import warnings; warnings.simplefilter("ignore"); sweep(n_jobs=2)'
    process = Script(tmp_path, main=main, extra=extra).start()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "RuntimeError: workers died 2 times in a row without finishing anything" in errors


DASK = """
    import distributed
    quiet = {"dashboard_address": ":0", "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        sweep()
"""


@pytest.mark.parametrize("extra", ["", DIE], ids=["undisturbed", "a worker is killed"])
def test_on_a_dask_cluster_the_table_is_the_same(tmp_path, expected, extra):
    pytest.importorskip("distributed")
    main = textwrap.dedent(DASK).replace("\n", "\n    ").strip()
    script = Script(tmp_path, main=main, extra=extra)
    exactly_equal(results(script.run()), expected)
    assert (tmp_path / "died").exists() == bool(extra)
    assert set(script.log("end").values()) == {1}, "what was finished is not computed again"


def test_a_worker_with_other_code_is_refused(monkeypatch):
    task = _task()
    run._become_worker(task)
    monkeypatch.setattr(run, "differences", lambda conditions: ("numpy 1 there", "b"))
    with pytest.raises(
        RuntimeError, match=r"workers must have the code and versions .* 1 there; b"
    ):
        run._work(describe, task, Store(Path("nowhere")), ("elsewhere", 0), True)


def test_a_worker_uses_as_many_threads_as_it_is_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    run._become_worker(_task())
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == "3"
    assert os.environ["TF_NUM_INTEROP_THREADS"] == "1", "what the user has set stays"


def _task():
    identity = Identity(describe)
    return run._task(identity, {"value": 1}, np.random.SeedSequence(0), range(2))


# -- What goes wrong ---------------------------------------------------------


def test_a_damaged_entry_is_said_and_computed_again(store):
    table = run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=4)
    calls.made = []
    entry = sorted(store.rglob("*.jsonl"))[0]
    entry.write_bytes(entry.read_bytes()[:100])
    with pytest.warns(StoreWarning, match=f"{entry.name} is damaged, it is truncated"):
        again = run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=4)
    assert len(calls.made) == 1
    exactly_equal(results(again), results(table))
    exactly_equal(run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=4), again)


def test_a_disk_that_fills_up_in_mid_sweep_loses_nothing(tmp_path, expected):
    resource = pytest.importorskip("resource")
    # A limit on the size of files is the nearest that a process can get to a full disk.
    full = """
        if cell == 5:
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    """
    main = "if sys.argv[2] == 'again': folder.joinpath('freed').touch()\n    sweep()"
    full = full.replace("cell == 5", "cell == 5 and not (folder / 'freed').exists()")
    script = Script(tmp_path, main=main, extra=full)
    process = script.start()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "StoreError: store must be a folder with room" in errors
    assert "File too large" in errors
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = script.log("end").total()
    assert done == store_info(tmp_path / "store").n_entries > 0, "nothing was computed in vain"
    exactly_equal(results(script.run("again")), expected)
    assert set(script.log("end").values()) == {1}


def test_a_store_that_cannot_be_written_is_said_before_anything_is_computed(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="store must be a folder"):
        run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=1, store=tmp_path / "file" / "store")
    assert calls.made == []


def test_a_store_that_cannot_be_written_can_still_be_read(monkeypatch):
    table = run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=4)

    def refuse(*arguments, **options):
        raise OSError("Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    exactly_equal(run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=4), table)


def test_what_fails_is_named_with_its_cell_and_the_rest_is_kept(store):
    def failing(*, seeds, cell):
        return {"value": [1 / (cell - 2)] * len(seeds)}

    with pytest.raises(ZeroDivisionError) as caught:
        run_sweep(failing, {"cell": [0, 1, 2, 3]}, seed=0, n_seeds=10)
    assert caught.value.__notes__ == ["in the cell {'cell': 2}, seeds 0 to 7"]
    assert store_info().n_entries == 4


@pytest.mark.parametrize(
    ("error", "match", "changes"),
    [
        (TypeError, "function must be callable, got 3", {"function": 3}),
        (TypeError, "grid must be a dict of lists .* got 3", {"grid": 3}),
        (TypeError, "grid must be a dict of lists .* got 'scale'", {"grid": "scale"}),
        (TypeError, "grid must be a dict of lists .* got 3", {"grid": [3]}),
        (ValueError, r"grid must have at least one cell, got \[\]", {"grid": []}),
        (TypeError, r"grid\['scale'\] must be a list .* got 1.0", {"grid": {"scale": 1.0}}),
        (TypeError, r"grid\['scale'\] must be a list .* got 'ab'", {"grid": {"scale": "ab"}}),
        (ValueError, r"grid\['scale'\] must have at least one .* \[\]", {"grid": {"scale": []}}),
        (ValueError, "grid must have names of parameters, got 3", {"grid": {3: [1]}}),
        (ValueError, "grid must have names of parameters, got 'a b'", {"grid": {"a b": [1]}}),
        (ValueError, "grid must not use the names .* got 'seeds'", {"grid": {"seeds": [1]}}),
        (ValueError, "grid must not use the names .* got 'machine'", {"grid": {"machine": [1]}}),
        (
            TypeError,
            r"^grid\['scale'\] must consist of numbers.* got object",
            {"grid": {"scale": [object()]}},
        ),
        (TypeError, "seed must be an int .* got 'a'", {"seed": "a"}),
        (ValueError, "seed must not be negative, got -1", {"seed": -1}),
        (ValueError, "n_seeds must be at least 1, got 0", {"n_seeds": 0}),
        (TypeError, "n_seeds must be a whole number, got 1.5", {"n_seeds": 1.5}),
        (ValueError, "seeds_per_block must be at least 1, got 0", {"seeds_per_block": 0}),
        (TypeError, "store must be a path or None, got 3", {"store": 3}),
    ],
)
def test_an_argument_that_breaks_its_rule_is_named(store, error, match, changes):
    arguments = {"function": noise, "grid": {"scale": [1.0]}, "seed": 0, "n_seeds": 2} | changes
    function, grid = arguments.pop("function"), arguments.pop("grid")
    with pytest.raises(error, match=match):
        run_sweep(function, grid, **arguments)
    assert calls.made == []
    assert not store.exists()


def returning(result):
    def function(*, seeds, a):
        return result

    return function


@pytest.mark.parametrize(
    ("error", "match", "result"),
    [
        (TypeError, r"must return a dict of vectors, got \[1, 2\]", [1, 2]),
        (TypeError, r"must return a dict of vectors, got \{\}", {}),
        (ValueError, r"of shape \(2,\), one value a seed, got \(3,\) for 'x'", {"x": [1, 2, 3]}),
        (ValueError, r"of shape \(2,\), .* got \(2, 1\) for 'x'", {"x": [[1], [2]]}),
        (ValueError, r"of shape \(2,\), .* got \(\) for 'x'", {"x": 1}),
        (TypeError, "numbers, truth values or text, got complex128 for 'x'", {"x": [1j, 2j]}),
        (TypeError, "numbers, truth values or text, got object for 'x'", {"x": [None, 1]}),
        (TypeError, "numbers, .*, got float128 for 'x'", {"x": np.ones(2, dtype="longdouble")}),
        (ValueError, "names of columns other than .*, got 'seconds'", {"seconds": [1, 2]}),
        (ValueError, "names of columns other than .*, got 'a'", {"a": [1, 2]}),
        (ValueError, "names of columns other than .*, got 3", {3: [1, 2]}),
    ],
)
def test_a_function_that_returns_something_else_is_told(store, error, match, result):
    with pytest.raises(error, match=match):
        run_sweep(returning(result), {"a": [1]}, seed=0, n_seeds=2)
    assert store_info().n_entries == 0


def test_columns_must_be_the_same_for_all_cells():
    def fickle(*, seeds, a=0, b=0):
        return {f"x{a}": [0] * len(seeds)}

    with pytest.raises(
        ValueError, match=r"the same columns .* \['x1'\] and \['x2'\] for {'a': 2}"
    ):
        run_sweep(fickle, {"a": [1, 2]}, seed=0, n_seeds=1)


def test_columns_must_not_be_those_of_another_grid():
    def clash(*, seeds, a=0, b=0):
        return {"b": [0] * len(seeds)}

    with pytest.raises(ValueError, match=r"must return names of columns other than .* got 'b'"):
        run_sweep(clash, [{"a": [1]}, {"b": [1]}], seed=0, n_seeds=1)


# -- Tidiness ----------------------------------------------------------------


def test_a_store_says_where_it_is_and_how_large(store):
    assert store_info() == sweeps.StoreInfo(path=store, n_entries=0, n_bytes=0)
    run_sweep(noise, {"scale": [1.0, 2.0]}, seed=0, n_seeds=9)
    info = store_info()
    assert (info.path, info.n_entries) == (store, 4)
    files = [path for path in store.rglob("*") if path.suffix == ".jsonl"]
    assert info.n_bytes == sum(path.stat().st_size for path in files)
    assert 100 < info.n_bytes / info.n_entries < 2000, "small beside what is computed"
    sweeps.clear_store()
    assert not store.exists()


def test_what_is_known_is_told_to_the_log(caplog, store):
    with caplog.at_level(logging.INFO):
        run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=9)
        run_sweep(noise, {"scale": [1.0]}, seed=0, n_seeds=17)
    assert caplog.messages == [
        f"0 of 2 blocks are in the store {store}",
        f"1 of 3 blocks are in the store {store}",
    ]


def test_nothing_is_printed_where_nobody_watches(capfd, monkeypatch):
    def slow(*, seeds):
        time.sleep(0.6)
        return {"x": [0] * len(seeds)}

    run_sweep(slow, {}, seed=0, n_seeds=4, seeds_per_block=1)
    assert capfd.readouterr() == ("", "")


def test_who_watches_sees_the_time_that_is_left(tmp_path):
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    main, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    script = Script(tmp_path, main="sweep(n_cells=25)")
    command = [sys.executable, str(script.file), str(tmp_path), "first"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    process = subprocess.Popen(command, stderr=child, env=environment)
    os.close(child)
    seen = b""
    while process.poll() is None or not seen:
        try:
            seen += os.read(main, 10_000)
        except OSError:  # the other side has closed
            break
    process.wait(timeout=60)
    os.close(main)
    assert b"/50 [" in seen
    assert b"blocks/s]" in seen
    assert b"<00:0" in seen


@pytest.mark.parametrize(
    "text",
    [
        "import collections\nS = collections.namedtuple('S', ['one', 'two'])",
        "import dataclasses as d\n@d.dataclass(slots=True)\nclass S:\n one: float\n two: int",
    ],
)
def test_a_grid_may_hold_named_tuples_and_classes_with_slots(text):
    scope = {"__name__": "__main__"}
    exec(f"{text}\ndef f(*, seeds, s):\n    return {{'v': [s.one + s.two] * len(seeds)}}", scope)
    grid = {"s": [scope["S"](1.0, 2), scope["S"](2.0, 2)]}
    for _ in range(2):
        assert run_sweep(scope["f"], grid, seed=0, n_seeds=1).v.tolist() == [3, 4]
