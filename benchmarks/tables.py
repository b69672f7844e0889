"""Write what the documentation shows of the results: a CSV file a table, and the machine.

The benchmarks write one JSON file each, with the machine that they ran on. The tables beside them
are shown as they are, so nobody types a time.
"""

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_NAMES = {"tensorflow-cpu": "TensorFlow", "tensorflow": "TensorFlow", "torch": "PyTorch"}
_NAMES |= {"jax": "JAX", "keras": "Keras", "numpy": "NumPy"}

Results = dict[str, Any]


def machine_sentence(results: Results) -> str:
    """Return date, machine and versions in one sentence."""
    machine = results["machine"]
    versions = ", ".join(
        f"{_NAMES.get(name, name)} {version}" for name, version in machine["versions"].items()
    )
    return (
        f"Measured on {results['date']}, on {machine['cores']} cores of {machine['processor']} "
        f"under {machine['system']}, with Python {machine['python']}, {versions}."
    )


def peer_rows(peers: Results) -> Iterable[tuple[str, ...]]:
    """Yield what each implementation takes for a network of each task, slowest first."""
    yield ("task", "implementation", "networks", "seconds each", "times exact", "range", "MB")
    for row in peers["rows"]:
        low, high = row["range_of_ratio"]
        yield (
            row["task"],
            row["name"],
            str(row["n_members"]),
            f"{row['seconds']:.3g}",
            f"{row['ratio']:.3g}",
            f"{low:.3g} to {high:.3g}",
            f"{row['megabytes']:,.0f}",
        )


def left_rows(peers: Results) -> Iterable[tuple[str, ...]]:
    """Yield which share of the products is left, by task."""
    yield ("task", "products left")
    for task, share in peers["left"].items():
        yield (task, f"{share:.0%}")


def first_call_rows(peers: Results) -> Iterable[tuple[str, ...]]:
    """Yield what the first network in a process takes."""
    yield ("implementation", "seconds")
    for name, seconds in peers["first_calls"].items():
        yield (name, f"{seconds:.2f}")


def crossover_rows(crossover: Results) -> Iterable[tuple[str, ...]]:
    """Yield how the two engines compare, by width, and where they meet."""
    yield ("networks", "units in a layer", "products left", "XLA / exact")
    for row in crossover["rows"]:
        share, ratio = f"{row['share_left']:.0%}", f"{row['ratio']:.2f}"
        yield (row["case"], f"{row['width']:,}", share, ratio)
    for case, width in crossover["crossover"].items():
        where = "above all of these" if width is None else f"about {width:,.0f}"
        yield (f"{case}: both are as fast", where, "", "1.00")


def agreement_rows(agreement: Results) -> Iterable[tuple[str, ...]]:
    """Yield how near each implementation's median loss is to that of Keras."""
    yield ("implementation", "seeds", "median loss to Keras'", "90% interval")
    for row in agreement["rows"]:
        ratio = row["ratios"][0]
        low, high = ratio["interval"]
        yield (row["name"], str(row["n"]), f"{ratio['ratio']:.2f}", f"{low:.2f} to {high:.2f}")


def bar_rows(*files: Results) -> Iterable[tuple[str, ...]]:
    """Yield each bar that was set beforehand, and whether it is reached."""
    yield ("bar", "required", "measured", "verdict")
    for bar in (bar for results in files for bar in results["bars"]):
        verdict = "reached" if bar["holds"] else "missed"
        sign = "at most" if bar["at_most"] else "at least"
        yield (bar["bar"], f"{sign} {bar['required']:.3g}", f"{bar['value']:.3g}", verdict)


def product_rows(curvature: Results) -> Iterable[tuple[str, ...]]:
    """Yield what a product with the Hessian takes in each library, by precision."""
    yield ("implementation", "precision", "milliseconds", "times ours")
    for row in curvature["rows"]:
        seconds, ratio = row["seconds"], row["ratio_to_ours"]
        yield (row["name"], row["dtype"], f"{1000 * seconds:.2f}", f"{ratio:.2f}")


TABLES: dict[str, tuple[tuple[str, ...], Callable[..., Iterable[tuple[str, ...]]]]] = {
    "peers": (("peers",), peer_rows),
    "left": (("peers",), left_rows),
    "first-call": (("peers",), first_call_rows),
    "crossover": (("crossover",), crossover_rows),
    "agreement": (("agreement",), agreement_rows),
    "products": (("curvature",), product_rows),
    "bars": (("peers", "agreement", "curvature"), bar_rows),
}


def read(name: str) -> Results:
    """Return what a benchmark has written."""
    results: Results = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return results


def write(folder: Path) -> None:
    """Write every table, and the sentence on the machine, into a folder."""
    for name, (files, rows) in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows(*map(read, files)))
    sentence = machine_sentence(read("peers"))
    (folder / "machine.txt").write_text(f"{sentence}\n", encoding="utf-8")


if __name__ == "__main__":
    write(RESULTS)
