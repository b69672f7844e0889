"""An implementation in a process of its own: its threads, its memory, its first call.

Each is started with `spawn`, builds itself, and then trains what it is told to, one job at a
time, so that jobs of several implementations can be interleaved.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import protocol
from implementations import Implementation
from protocol import Task


@dataclass(frozen=True)
class Outcome:
    """One job: how long it took, what came out, and the most memory so far."""

    seconds: float
    loss: list[float]
    risk: list[float]
    megabytes: float


class Worker:
    """A process with one implementation; a context manager that ends it."""

    def __init__(self, implementation: Implementation) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, implementation), daemon=True)
        self._process.start()
        other.close()
        self._ready = False

    def wait(self) -> None:
        """Wait until the library is imported."""
        if not self._ready:
            self._receive()
            self._ready = True

    def run(self, seeds: range, task: Task, *, risk: bool = False) -> Outcome:
        """Train a network for each seed."""
        self.wait()
        self._connection.send((list(seeds), task, risk))
        return Outcome(*self._receive())

    def _receive(self) -> Any:
        failed, answer = self._connection.recv()
        if failed:
            raise RuntimeError(answer)
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.join(timeout=5)
        self._process.terminate()


def _serve(connection: Any, implementation: Implementation) -> None:
    """Be the process: build, say so, then answer jobs."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        module = importlib.import_module(f"implementations.{implementation.module}")
        train = module.build(**implementation.options)
        connection.send((False, None))
        while True:
            seeds, task, wants_risk = connection.recv()
            x, y = protocol.points(seeds, standardized=task.standardized)
            start = perf_counter()
            networks = train(x, y, seeds, task.recipe)
            loss = [float(value) for value in networks.loss]
            seconds = perf_counter() - start
            risk = protocol.excess_risk(networks).tolist() if wants_risk else []
            connection.send((False, (seconds, loss, risk, _peak_megabytes())))
    except EOFError:
        pass
    except Exception:
        connection.send((True, traceback.format_exc()))


def _peak_megabytes() -> float:
    """Return the most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        # What `getrusage` says on Linux includes the process that started this one.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 2**10
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
