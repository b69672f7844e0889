"""Do all implementations train the same network? Times of those that do not would mean nothing.

Each trains many seeds, on the same data; what is compared is the distribution of the last epoch's
loss and of the excess risk. The 90 % interval of the ratio of medians to that of Keras `fit` must
lie within a margin that was fixed beforehand. So must, for the engine's single and double
precision, the distance of the distributions. Interrupted, it goes on where it was.
"""

import argparse
import ast
import hashlib
import importlib.metadata
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import report
import worker
from implementations import ENSEMBLE, IMPLEMENTATIONS, PRECISE, REFERENCE, Implementation
from numpy.typing import NDArray

from overfit_tutorial import statistics

FILE = report.RESULTS / "agreement_seeds.json"
MARGIN = (0.8, 1.25)
CONFIDENCE = 0.9
# Of the Kolmogorov–Smirnov distance between single and double precision: its upper 95 % bound.
MOST_DISTANCE = 0.1
# The excess risk of a last iterate is a lottery: its median needs hundreds of seeds, that of the
# loss dozens. `fit` has time for the dozens; so risks are compared with those of the engine, of
# which there can be a thousand, and only losses decide.
N_SEEDS, N_REFERENCE, N_ENSEMBLE = 64, 32, 1024
_BLOCK = 8
_saving = threading.Lock()


def main() -> None:
    """Train what is missing, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="implementations at a time")
    jobs = parser.parse_args().jobs
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(complete, [i for i in (*IMPLEMENTATIONS, PRECISE) if i.installed]))
    rows = compare(load())
    precision = compare_precision(load())
    report.write(report.RESULTS / "agreement.json", margin=MARGIN, rows=rows, bars=precision)
    for row in rows:
        name, n = row["name"], row["n"]
        print(f"{name:36s} {n:5d} seeds, " + ", ".join(map(_sentence, row["ratios"])))
    report.print_bars(precision)
    # The medians of few seeds may lie outside by chance: more seeds, not another margin.
    if missing := disagreeing():
        sys.exit(f"not shown to train the same network: {', '.join(missing)}")


def n_seeds(implementation: Implementation) -> int:
    """Return how many seeds an implementation is given."""
    if implementation.module == REFERENCE.module:
        return N_REFERENCE
    return N_ENSEMBLE if implementation in (ENSEMBLE, PRECISE) else N_SEEDS


def complete(implementation: Implementation) -> None:
    """Train the seeds that the file does not have, or all if the implementation has changed."""
    print_of_it = fingerprint(implementation)
    record = load().get(implementation.name, {})
    if record.get("fingerprint") != print_of_it:
        record = {"fingerprint": print_of_it, "loss": [], "risk": []}
    if len(record["loss"]) >= n_seeds(implementation):
        return
    with worker.Worker(implementation) as process:
        while (done := len(record["loss"])) < n_seeds(implementation):
            outcome = process.run(range(done, done + _BLOCK), risk=True)
            for key in ("loss", "risk"):
                record[key] += [float(f"{value:.4g}") for value in getattr(outcome, key)]
            save(implementation.name, record)


def fingerprint(implementation: Implementation) -> str:
    """Return what the losses depend on, as a short text."""
    folder = Path(__file__).parent
    files = (folder / "protocol.py", folder / "implementations" / f"{implementation.module}.py")
    trees = [ast.dump(ast.parse(path.read_text(encoding="utf-8"))) for path in files]
    code = hashlib.sha256("".join(trees).encode()).hexdigest()[:12]
    versions = {name: importlib.metadata.version(name) for name in implementation.packages}
    return f"{code} {versions} {implementation.options}"


def load() -> dict[str, Any]:
    """Return the losses and risks of each implementation."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def save(name: str, record: dict[str, Any]) -> None:
    """Keep one implementation's results."""
    with _saving:
        FILE.write_text(json.dumps({**load(), name: record}) + "\n")


def compare(records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ratios of medians, with their intervals, and whether they are in the margin."""
    references = {"loss": REFERENCE, "risk": ENSEMBLE}
    rows = []
    names = [i.name for i in IMPLEMENTATIONS if i.name in records]
    for name in names:
        record = records[name]
        ratios = [
            {
                "what": key,
                **_ratio(np.array(record[key]), np.array(records[reference.name][key])),
            }
            for key, reference in references.items()
        ]
        rows.append({"name": name, "n": len(record["loss"]), "ratios": ratios})
    return rows


def compare_precision(records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how far apart single and double precision can be, for losses and risks."""
    single, double = (records[i.name] for i in (ENSEMBLE, PRECISE))
    return [
        report.bar(
            f"{what}: distance of single from double precision",
            statistics.ks_distance_bound(single[key], double[key]).high,
            MOST_DISTANCE,
            at_most=True,
        )
        for key, what in (("loss", "training error"), ("risk", "excess risk"))
    ]


def disagreeing() -> list[str]:
    """Return the installed implementations whose losses are not shown to agree with Keras'."""
    records = load()
    current = {
        i.name: records[i.name]
        for i in IMPLEMENTATIONS
        if i.name in records and records[i.name]["fingerprint"] == fingerprint(i)
    }
    if not {REFERENCE.name, ENSEMBLE.name} <= current.keys():
        return [REFERENCE.name, ENSEMBLE.name]
    agreeing = [r["name"] for r in compare(current) if r["ratios"][0]["inside_margin"]]
    return [i.name for i in IMPLEMENTATIONS if i.installed and i.name not in agreeing]


def _ratio(values: NDArray[np.float64], reference: NDArray[np.float64]) -> dict[str, Any]:
    """Return a ratio of medians and its bootstrap interval."""
    generator = np.random.default_rng(0)

    def medians(sample: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = generator.integers(sample.size, size=(4000, sample.size))
        return np.median(sample[rows], axis=1)

    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians(values) / medians(reference), [tail, 1 - tail])
    return {
        "ratio": float(np.median(values) / np.median(reference)),
        "interval": [float(low), float(high)],
        "inside_margin": bool(MARGIN[0] <= low and high <= MARGIN[1]),
    }


def _sentence(ratio: dict[str, Any]) -> str:
    low, high = ratio["interval"]
    verdict = "inside" if ratio["inside_margin"] else "not shown to be inside"
    return f"{ratio['what']} {ratio['ratio']:.3f} [{low:.3f}, {high:.3f}] {verdict} the margin"


if __name__ == "__main__":
    main()
