"""Do all implementations train the same network? Times of those that do not would mean nothing.

Each trains many seeds, on the same data; what is compared is the distribution of the last epoch's
loss and of the excess risk. The 90 % interval of the ratio of medians to that of Keras `fit` must
lie within a margin that was fixed beforehand. So must, for the exact trainer and XLA in single
and double precision, the distance of the distributions. Interrupted, it goes on where it was.
"""

import ast
import hashlib
import importlib.metadata
import json
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import report
import worker
from implementations import DOUBLE, EXACT, IMPLEMENTATIONS, KERAS, XLA, Implementation
from numpy.typing import NDArray
from protocol import STORY_TASK, Task

from overfit_tutorial import statistics

MARGIN = (0.8, 1.25)
CONFIDENCE = 0.9
# Of the Kolmogorov–Smirnov distance: its upper 95 % bound.
MOST_DISTANCE = 0.1
# The excess risk of a last iterate is a lottery: its median needs hundreds of seeds, that of the
# loss dozens. `fit` has time for the dozens; so risks are compared with those of the exact
# trainer, of which there can be a thousand, and only losses decide.
N_SEEDS, N_KERAS, N_OURS = 64, 32, 1024
_BLOCK = 8
_saving = threading.Lock()


def main() -> None:
    """Train what is missing, and print a table."""
    options = report.arguments(__doc__, "agreement")
    path, task, most = report.RESULTS / "agreement_seeds.json", STORY_TASK, N_OURS
    if options.quick:
        path, most = Path(tempfile.mkdtemp()) / path.name, _BLOCK
        task = Task("two epochs", STORY_TASK.recipe.replace(steps=8))
    cases = [i for i in (*IMPLEMENTATIONS, DOUBLE) if i.installed]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: complete(case, task, min(n_seeds(case), most), path), cases))
    records = load(path)
    rows, bars = compare(records), compare_distributions(records)
    for row in rows:
        name, n = row["name"], row["n"]
        print(f"{name:36s} {n:5d} seeds, " + ", ".join(map(_sentence, row["ratios"])))
    report.print_bars(bars)
    report.write(options.output, margin=MARGIN, rows=rows, bars=bars)
    # The medians of few seeds may lie outside by chance: more seeds, not another margin.
    missing = [row["name"] for row in rows if not row["ratios"][0]["inside_margin"]]
    if missing and not options.quick:
        sys.exit(f"not shown to train the same network: {', '.join(missing)}")


def n_seeds(implementation: Implementation) -> int:
    """Return how many seeds an implementation is given."""
    known = {KERAS.name: N_KERAS, EXACT.name: N_OURS, XLA.name: N_OURS, DOUBLE.name: N_OURS}
    return known.get(implementation.name, N_SEEDS)


def complete(implementation: Implementation, task: Task, n: int, path: Path) -> None:
    """Train the seeds that the file does not have, or all if the implementation has changed."""
    print_of_it = fingerprint(implementation)
    record = load(path).get(implementation.name, {})
    if record.get("fingerprint") != print_of_it:
        record = {"fingerprint": print_of_it, "loss": [], "risk": []}
    if len(record["loss"]) >= n:
        return
    with worker.Worker(implementation) as process:
        while (done := len(record["loss"])) < n:
            outcome = process.run(range(done, done + _BLOCK), task, risk=True)
            for key in ("loss", "risk"):
                record[key] += [float(f"{value:.4g}") for value in getattr(outcome, key)]
            save(implementation.name, record, path)


def fingerprint(implementation: Implementation) -> str:
    """Return what the losses depend on, as a short text."""
    folder = Path(__file__).parent
    files = (folder / "protocol.py", folder / "implementations" / f"{implementation.module}.py")
    trees = [ast.dump(ast.parse(path.read_text(encoding="utf-8"))) for path in files]
    code = hashlib.sha256("".join(trees).encode()).hexdigest()[:12]
    versions = {name: importlib.metadata.version(name) for name in implementation.packages}
    return f"{code} {versions} {implementation.options}"


def load(path: Path) -> dict[str, Any]:
    """Return the losses and risks of each implementation."""
    return json.loads(path.read_text()) if path.exists() else {}


def save(name: str, record: dict[str, Any], path: Path) -> None:
    """Keep one implementation's results."""
    with _saving:
        path.write_text(json.dumps({**load(path), name: record}) + "\n")


def compare(records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ratios of medians, with their intervals, and whether they are in the margin."""
    references = {"loss": KERAS, "risk": EXACT}
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


def compare_distributions(records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how far the exact trainer's losses and risks can be from XLA's.

    Both begin at the same weights and take the same batches. The bound is for independent samples;
    for such pairs, which go the same way at first, it is on the safe side.
    """
    return [
        report.bar(
            f"{what}: distance of {EXACT.name}, from {other.name}",
            statistics.ks_distance_bound(records[EXACT.name][key], records[other.name][key]).high,
            MOST_DISTANCE,
            at_most=True,
        )
        for other in (XLA, DOUBLE)
        for key, what in (("loss", "training error"), ("risk", "excess risk"))
    ]


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
