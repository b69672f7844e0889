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
    """Yield what each implementation takes for a network, slowest first."""
    yield (
        "implementation",
        "networks",
        "seconds each",
        "times Keras",
        "GFLOP/s",
        "of the peak",
        "MB",
    )
    for row in peers["rows"]:
        yield (
            row["name"],
            str(row["n_members"]),
            f"{row['seconds']:.3g}",
            f"{row['ratio_to_keras']:.3g}",
            f"{row['gigaflops']:.3g}",
            f"{row['share_of_peak']:.0%}",
            f"{row['megabytes']:,.0f}",
        )


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


def limit_rows(roofline: Results, peers: Results) -> Iterable[tuple[str, ...]]:
    """Yield the parts of a training, by the number of networks side by side on one core.

    Below them stands what the bars allow: for one network that of Keras, for several the others.
    """
    blocks = roofline["blocks"]
    counts = (block["n_members"] for block in blocks)
    yield ("milliseconds a network", *("alone" if n == 1 else f"{n} side by side" for n in counts))
    for name in blocks[0]["seconds"]:
        yield (name, *(f"{1000 * block['seconds'][name]:.1f}" for block in blocks))
    for name, alone, seconds in allowed(peers):
        cells = (f"{1000 * seconds:.1f}" if alone == (b["n_members"] == 1) else "" for b in blocks)
        yield (f"allowed by the bar: {name}", *cells)


def first_call_rows(peers: Results) -> Iterable[tuple[str, ...]]:
    """Yield the parts of the engine's first call, and what its bar allows."""
    yield ("part", "seconds")
    for name, seconds in peers["first_call"].items():
        yield (name, f"{seconds:.2f}")
    for bar in peers["bars"]:
        if bar["bar"] == "its first call, with compilation":
            seconds = seconds_of_plain_fit(peers["rows"]) / bar["required"]
            yield ("allowed by its bar", f"{seconds:.2f}")


def allowed(peers: Results) -> Iterable[tuple[str, bool, float]]:
    """Yield each bar on warm speed, whether it is of one network, and the seconds on one core."""
    rows, cores = peers["rows"], peers["machine"]["cores"]

    def fastest(name: str) -> Results:
        mine = (row for row in rows if row["name"].startswith(name))
        return min(mine, key=lambda row: float(row["seconds"]))

    ours = fastest("this engine")
    at_peak = ours["seconds"] * ours["share_of_peak"]
    known = {
        "one network, ratio to Keras fit": (True, seconds_of_plain_fit(rows)),
        "ensemble, share of the matrix-product peak": (False, cores * at_peak),
    }
    if any(row["name"].startswith("JAX vmap") for row in rows):
        best = fastest("JAX vmap")["seconds"]
        known["ensemble, a member, ratio to the best of JAX vmap"] = (False, cores * best)
    for bar in peers["bars"]:
        if bar["bar"] in known:
            alone, seconds = known[bar["bar"]]
            yield bar["bar"], alone, seconds / bar["required"]


def seconds_of_plain_fit(rows: list[Results]) -> float:
    """Return the seconds of Keras' `fit` as most people call it."""
    return next(float(row["seconds"]) for row in rows if row["name"] == "Keras fit")


TABLES: dict[str, tuple[tuple[str, ...], Callable[..., Iterable[tuple[str, ...]]]]] = {
    "peers": (("peers",), peer_rows),
    "agreement": (("agreement",), agreement_rows),
    "products": (("curvature",), product_rows),
    "bars": (("peers", "growth", "roofline", "agreement", "curvature"), bar_rows),
    "limits": (("roofline", "peers"), limit_rows),
    "first-call": (("peers",), first_call_rows),
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
