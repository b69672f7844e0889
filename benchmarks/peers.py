"""How long does the story's training take, with each library?

Each implementation runs in a process of its own; jobs are interleaved, so that all of them see
the same machine; the median of several counts. Times do not include imports.
"""

import dataclasses
import multiprocessing
import os
import sys
from contextlib import ExitStack
from time import perf_counter
from typing import Any

import agreement
import first_call
import numpy as np
import protocol
import report
from implementations import (
    ENGINE,
    ENSEMBLE,
    IMPLEMENTATIONS,
    JAX_ENSEMBLE,
    REFERENCE,
    Implementation,
)
from worker import Worker

from overfit_tutorial.recipes import STORY

ROUNDS, FIRST_CALLS = 3, 5
ENSEMBLE_SIZES = (1, 8, 32, 128)
JAX_MEMBERS = 64
JAX_CHUNKS = (4, 8, 16)
# Quick ones are repeated within a round.
REPEATS = {"Keras fit": 1, "this engine": 5, "JAX jit": 5, "NumPy by hand": 3}
COLD = ("this engine", "JAX jit")


def main() -> None:
    """Measure, print the table and the bars, and write both."""
    options = report.arguments(__doc__, "peers")
    if not options.quick and (missing := agreement.disagreeing()):
        sys.exit(f"run agreement.py first: {', '.join(missing)} not shown to agree with Keras")
    epochs = 3 if options.quick else STORY.epochs
    cases, search = quick_cases() if options.quick else all_cases()
    seconds, memory, peaks = measure(cases, epochs, rounds=1 if options.quick else ROUNDS)
    rows = table(cases, seconds, memory, max(peaks), protocol.gigaflop(epochs=epochs))
    for row in rows:
        print(
            f"{row['name']:42s}{row['n_members']:4d} {row['seconds']:8.3f} s "
            f"{row['ratio_to_keras']:7.1f} x {row['gigaflops']:6.1f} GFLOP/s "
            f"{row['share_of_peak']:6.1%} {row['megabytes']:6.0f} MB"
        )
    calls = [in_a_process(first_call.parts) for _ in range(1 if options.quick else FIRST_CALLS)]
    middle = sorted(calls, key=lambda parts: parts["the first call"])[len(calls) // 2]
    for name, spent in middle.items():
        print(f"{name:42s}{spent:8.3f} s")
    bars = [] if options.quick else judge(rows)
    report.print_bars(bars)
    report.write(
        options.output,
        gigaflop_a_model=protocol.gigaflop(epochs=epochs),
        peak_gigaflops=max(peaks),
        jax_search=search,
        rows=rows,
        first_call=middle,
        bars=bars,
    )


def quick_cases() -> tuple[list[Implementation], list[dict[str, Any]]]:
    """Return what the tests' environment has, two members at most."""
    small = (REFERENCE, ENGINE, dataclasses.replace(ENSEMBLE, n_members=2))
    return [*small, *(i for i in IMPLEMENTATIONS if i.library == "numpy")], []


def all_cases() -> tuple[list[Implementation], list[dict[str, Any]]]:
    """Return everything that is installed, with JAX' best chunks, and how they were found."""
    cases = [i for i in IMPLEMENTATIONS if i.installed and i not in (ENSEMBLE, JAX_ENSEMBLE)]
    cases += [
        dataclasses.replace(i, name=f"{i.name}, first call in a fresh process", cold=True)
        for i in cases
        if i.name in COLD
    ]
    search = []
    if JAX_ENSEMBLE.installed:
        for devices in (1, os.cpu_count() or 1):
            tried = [try_jax(devices, chunk) for chunk in JAX_CHUNKS]
            best = min(tried, key=lambda row: row["seconds"])
            how = "" if devices == 1 else f", shared out to {devices} devices"
            name = f"JAX vmap in chunks of {best['chunk']}{how}"
            case = dataclasses.replace(JAX_ENSEMBLE, name=name, options=options_of(best))
            cases.append(dataclasses.replace(case, n_members=JAX_MEMBERS))
            search += tried
    cases += [dataclasses.replace(ENSEMBLE, n_members=n) for n in ENSEMBLE_SIZES]
    return cases, search


def options_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the options of one row of the search."""
    return {"devices": row["devices"], "chunk": row["chunk"]}


def try_jax(devices: int, chunk: int) -> dict[str, Any]:
    """Return the seconds a member of JAX' ensemble in one shape."""
    row: dict[str, Any] = {"devices": devices, "chunk": chunk}
    n_members = 2 * devices * chunk
    with Worker(dataclasses.replace(JAX_ENSEMBLE, options=options_of(row))) as process:
        process.run(range(devices * chunk))
        times = [process.run(range(n_members)).seconds for _ in range(2)]
    return {**row, "seconds": min(times) / n_members}


def measure(
    cases: list[Implementation], epochs: int, *, rounds: int
) -> tuple[list[list[float]], list[float], list[float]]:
    """Return each case's seconds a member, each one's most megabytes, and the peaks."""
    seconds: list[list[float]] = [[] for _ in cases]
    memory, peaks = [0.0] * len(cases), []
    with ExitStack() as stack:
        workers = [None if c.cold else stack.enter_context(Worker(c)) for c in cases]
        for worker, case in zip(workers, cases, strict=True):
            if worker is not None:
                # The first call compiles; Keras compiles in every call.
                warm = 2 if case.module == REFERENCE.module else epochs
                worker.run(range(case.n_members), epochs=warm)
        for _ in range(rounds):
            peaks.append(in_a_process(peak_gigaflops))
            for index, (worker, case) in enumerate(zip(workers, cases, strict=True)):
                with ExitStack() as fresh:
                    process = worker or fresh.enter_context(Worker(case))
                    for _ in range(1 if case.cold else REPEATS.get(case.name, 1)):
                        outcome = process.run(range(case.n_members), epochs=epochs)
                        seconds[index].append(outcome.seconds / case.n_members)
                        memory[index] = outcome.megabytes
    return seconds, memory, peaks


def in_a_process(function: Any) -> Any:
    """Return what a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function)


def peak_gigaflops(size: int = 4096) -> float:
    """Return the rate of one large float32 matrix product on all cores, the best of ten.

    Five by NumPy and five by TensorFlow: a library may not know the processor's widest vectors.
    """
    import tensorflow as tf

    matrix = np.random.default_rng(0).random((size, size), dtype=np.float32)
    tensor, times = tf.constant(matrix), []
    for product in (lambda: matrix @ matrix, lambda: tf.matmul(tensor, tensor).numpy()):
        for _ in range(5):
            start = perf_counter()
            product()
            times.append(perf_counter() - start)
    return 2 * size**3 / min(times) / 1e9


def table(
    cases: list[Implementation],
    seconds: list[list[float]],
    memory: list[float],
    peak: float,
    gigaflop: float,
) -> list[dict[str, Any]]:
    """Return a row for each case, slowest first."""
    keras = np.median(seconds[cases.index(REFERENCE)])
    rows = []
    for case, times, megabytes in zip(cases, seconds, memory, strict=True):
        summary = report.summary(times)
        rows.append(
            {
                "name": case.name,
                "n_members": case.n_members,
                "cold": case.cold,
                **summary,
                "ratio_to_keras": keras / summary["seconds"],
                "gigaflops": gigaflop / summary["seconds"],
                "share_of_peak": gigaflop / summary["seconds"] / peak,
                "megabytes": megabytes,
            }
        )
    return sorted(rows, key=lambda row: -row["seconds"])


def judge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bars that were set beforehand."""
    one = next(r for r in rows if r["name"] == ENGINE.name)
    cold = next(r for r in rows if r["name"].startswith(ENGINE.name) and r["cold"])
    ensembles = [r for r in rows if r["name"] == ENSEMBLE.name]
    large = max(ensembles, key=lambda row: row["n_members"])
    bars = [
        report.bar("one network, ratio to Keras fit", one["ratio_to_keras"], 80),
        report.bar("its first call, with compilation", cold["ratio_to_keras"], 6),
        report.bar("ensemble, a member, ratio to Keras fit", large["ratio_to_keras"], 100),
        report.bar("ensemble, share of the matrix-product peak", large["share_of_peak"], 0.5),
    ]
    if jax := [r["seconds"] for r in rows if r["name"].startswith("JAX vmap")]:
        ratio = min(jax) / large["seconds"]
        bars.append(report.bar("ensemble, a member, ratio to the best of JAX vmap", ratio, 1.5))
    return bars


if __name__ == "__main__":
    main()
