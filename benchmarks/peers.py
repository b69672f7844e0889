"""How long does the training of one network take, with each library?

Each implementation runs in a process of its own; jobs are interleaved, so that all of them see
the same machine. Ratios are those of one round, and their median counts. Times do not include
imports.
"""

import dataclasses
import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

import numpy as np
import report
import skipped
from implementations import EXACT, IMPLEMENTATIONS, JAX, KERAS, XLA, Implementation
from protocol import FULL_BATCH, STORY_TASK, TASKS, Task, points
from worker import Worker

ROUNDS = 3
ENSEMBLES = EXACT.module, JAX.module
# An implementation whose networks take longer is asked once.
SECONDS_TO_ASK_AGAIN = 15
JAX_CHUNKS = (4, 8, 16)
#: Bars that were set beforehand: how many times faster the exact trainer is than its peers.
REQUIRED = {
    STORY_TASK.name: {XLA.name: 2, JAX.name: 2, KERAS.name: 300},
    FULL_BATCH.name: {XLA.name: 2, JAX.name: 2},
    "standardized inputs": {XLA.name: 1.3, JAX.name: 1.3},
}
FIRST_CALL, MOST_SECONDS_TO_START = 8, 0.1


def main() -> None:
    """Measure, print the table and the bars, and write both."""
    options = report.arguments(__doc__, "peers")
    tasks, rounds, n_members = TASKS, ROUNDS, 32
    if options.quick:
        tasks, rounds, n_members = tuple(map(shortened, TASKS)), 1, 2
    search = [] if options.quick or not JAX.installed else find_chunks()
    rows, left = [], {task.name: skipped.share_left(task) for task in tasks}
    with ExitStack() as stack:
        for task in tasks:
            rows += measure(cases_of(task, n_members, search), task, rounds, stack)
    for row in rows:
        print(
            f"{row['task']:24s}{row['name']:40s}{row['n_members']:3d} {row['seconds']:9.4f} s "
            f"{row['ratio']:7.2f} x {row['megabytes']:6.0f} MB"
        )
    print({name: f"{share:.0%} of the products are left" for name, share in left.items()})
    calls = first_calls(tasks[0], rounds)
    starts = [in_a_process(seconds_to_start) for _ in range(rounds)]
    n_imported = in_a_process(n_modules_of_tensorflow)
    bars = judge(rows, calls[EXACT.name], float(np.median(starts)), n_imported)
    report.print_bars(bars)
    content = {"rows": rows, "left": left, "first_calls": calls, "bars": bars}
    report.write(options.output, jax_search=search, **content)


def shortened(task: Task) -> Task:
    """Return a task of two epochs."""
    n_steps = 2 * task.recipe.n_steps(100) // task.recipe.n_epochs(100)
    return dataclasses.replace(task, recipe=task.recipe.replace(steps=n_steps))


def find_chunks() -> list[dict[str, Any]]:
    """Return the seconds a member of JAX' ensembles of each shape; where a batch is full, too."""
    rows = []
    for devices in sorted({1, os.cpu_count() or 1}):
        for chunk in JAX_CHUNKS:
            options = {"devices": devices, "chunk": chunk}
            with Worker(dataclasses.replace(JAX, options=options)) as process:
                for task in (STORY_TASK, FULL_BATCH):
                    short = dataclasses.replace(task, recipe=task.recipe.replace(steps=200))
                    members = range(2 * devices * chunk)
                    process.run(members, short)
                    spent = min(process.run(members, short).seconds for _ in range(2))
                    how = {"full_batch": task == FULL_BATCH, **options}
                    rows.append({**how, "seconds": spent / len(members)})
    return rows


def cases_of(
    task: Task, n_members: int, search: list[dict[str, Any]]
) -> list[tuple[Implementation, int]]:
    """Return what is installed, with the number of networks; of JAX, the best shape."""
    full = task.recipe.batch_size is None
    best = min(
        (row for row in search if row["full_batch"] == full),
        key=lambda row: float(row["seconds"]),
        default={"chunk": 1, "devices": 1},
    )
    options = {key: best[key] for key in ("devices", "chunk")}
    name = f"{JAX.name}, chunks of {best['chunk']}, devices: {best['devices']}"
    cases = [(EXACT, 1), (XLA, 1)]
    for one in IMPLEMENTATIONS:
        fast = dataclasses.replace(JAX, name=name, options=options) if one is JAX else one
        cases.append((fast, n_members if one.module in ENSEMBLES else 1))
    return [case for case in cases if case[0].installed]


def measure(
    cases: list[tuple[Implementation, int]], task: Task, rounds: int, stack: ExitStack
) -> list[dict[str, Any]]:
    """Return a row for each implementation, slowest first; the stack ends their processes."""
    workers = [worker_of(case, stack) for case, _ in cases]
    seconds = np.full((len(cases), rounds), np.nan)
    memory = [0.0] * len(cases)
    # The first call compiles; Keras compiles in every call.
    warm = {KERAS.name: shortened(task)}
    for worker, (case, n) in zip(workers, cases, strict=True):
        worker.run(range(n), warm.get(case.name, task))
    for turn in range(rounds):
        for k, (worker, (_, n)) in enumerate(zip(workers, cases, strict=True)):
            if turn and seconds[k, 0] * n > SECONDS_TO_ASK_AGAIN:
                continue
            outcome = worker.run(range(n), task)
            seconds[k, turn], memory[k] = outcome.seconds / n, outcome.megabytes
    ours = seconds[max(k for k, (case, _) in enumerate(cases) if case is EXACT)]
    rows = []
    for (case, n), times, megabytes in zip(cases, seconds, memory, strict=True):
        ratios = (times / ours)[np.isfinite(times)]
        rows.append(
            {
                "task": task.name,
                "name": case.name,
                "n_members": n,
                **report.summary(times[np.isfinite(times)].tolist()),
                "ratio": float(np.median(ratios)),
                "range_of_ratio": [float(ratios.min()), float(ratios.max())],
                "megabytes": megabytes,
            }
        )
    return sorted(rows, key=lambda row: -float(row["seconds"]))


_workers: dict[str, Worker] = {}


def worker_of(case: Implementation, stack: ExitStack) -> Worker:
    """Return the process of an implementation, which lives as long as the stack."""
    if case.name not in _workers:
        _workers[case.name] = stack.enter_context(Worker(case))
    return _workers[case.name]


def first_calls(task: Task, rounds: int) -> dict[str, float]:
    """Return the seconds of the first network in a process, for what is compiled."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for case in (EXACT, XLA, JAX):
            if case.installed:
                options = case.options | ({"chunk": 1} if case is JAX else {})
                with Worker(dataclasses.replace(case, options=options)) as process:
                    found.setdefault(case.name, []).append(process.run(range(1), task).seconds)
    return {name: float(np.median(times)) for name, times in found.items()}


def in_a_process(function: Callable[[], Any]) -> Any:
    """Return what a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function)


def seconds_to_start() -> float:
    """Return what it takes to compile and start the exact trainer."""
    import wasmtime  # noqa: F401

    from overfit_tutorial.exact import webassembly

    start = perf_counter()
    webassembly._Instance()
    return perf_counter() - start


def n_modules_of_tensorflow() -> int:
    """Return how many modules of TensorFlow and Keras an ensemble has imported."""
    from overfit_tutorial.ensembles import fit_ensemble

    x, y = points([0, 1])
    assert fit_ensemble(x, y, seed=0).engine == "exact"
    return sum(name.split(".")[0] in ("tensorflow", "keras") for name in sys.modules)


def judge(
    rows: list[dict[str, Any]], first_call: float, start: float, n_imported: int
) -> list[dict[str, Any]]:
    """Return the bars that were set beforehand."""
    bars = []
    for task, peers in REQUIRED.items():
        for peer, required in peers.items():
            here = (row for row in rows if row["task"] == task)
            mine = [row for row in here if row["name"].startswith(peer)]
            if mine:
                # Of XLA there are one network and many: many are compared with many.
                most = max(mine, key=lambda row: int(row["n_members"]))
                sentence = f"{task}: a network, times {peer}"
                bars.append(report.bar(sentence, most["ratio"], required))
    fit = next(r["seconds"] for r in rows if r["name"] == KERAS.name)
    return [
        *bars,
        report.bar("one network, first call, times Keras fit", fit / first_call, FIRST_CALL),
        report.bar("seconds to start WebAssembly", start, MOST_SECONDS_TO_START, at_most=True),
        report.bar("modules of TensorFlow in an ensemble's process", n_imported, 0, at_most=True),
    ]


if __name__ == "__main__":
    main()
