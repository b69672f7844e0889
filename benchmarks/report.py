"""What a benchmark says of itself: on which machine, with which versions, in which file."""

import argparse
import importlib.metadata
import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
_LIBRARIES = ("jax", "keras", "numpy", "scikit-learn", "tensorflow", "tensorflow-cpu", "torch")


def arguments(description: str | None, name: str) -> argparse.Namespace:
    """Return the options that every benchmark has: a short run, and where to write."""
    parser = argparse.ArgumentParser(description=(description or name).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json")
    options = parser.parse_args()
    if options.quick and options.output == RESULTS / f"{name}.json":
        # A short run must not replace what is published.
        options.output = Path(os.devnull)
    return options


def write(path: Path, **content: Any) -> None:
    """Write results with the machine that they are of."""
    text = json.dumps({"date": str(date.today()), "machine": machine(), **content}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def summary(seconds: list[float]) -> dict[str, Any]:
    """Return the median of several times, and their range."""
    return {
        "seconds": float(np.median(seconds)),
        "range": [min(seconds), max(seconds)],
        "repeats": len(seconds),
    }


def bar(sentence: str, value: float, required: float, *, at_most: bool = False) -> dict[str, Any]:
    """Return a bar that was set beforehand, what was measured, and whether it is reached."""
    holds = value <= required if at_most else value >= required
    return {
        "bar": sentence,
        "value": float(value),
        "required": required,
        "at_most": at_most,
        "holds": bool(holds),
    }


def print_bars(bars: list[dict[str, Any]]) -> None:
    """Print each bar with its figure."""
    for row in bars:
        verdict = "reached" if row["holds"] else "missed"
        print(f"{verdict:8s}{row['bar']}: {row['value']:.3g}, required {row['required']:.3g}")


def machine() -> dict[str, Any]:
    """Return what a reader must know of the machine and the versions; not its name."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _processor() -> str:
    """Return the model of the processor and its widest vectors."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in cpuinfo.read_text().splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", "").split()
    vectors = next((n for n in ("avx512f", "avx2", "avx") if n in flags), platform.machine())
    return f"{fields.get('model name', platform.machine())} ({vectors.upper()})"
