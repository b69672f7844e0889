"""Results of `nox -s bench` in the documentation: the machine, tables and figures.

The benchmarks write one file each into `benchmarks/results`, with the machine that they ran on.
Pages show them as they are, and nobody types a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import twin_figures
from docutils import nodes
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from overfit_tutorial import figures

_NAMES = {"tensorflow-cpu": "TensorFlow", "tensorflow": "TensorFlow", "torch": "PyTorch"}
_NAMES |= {"jax": "JAX", "keras": "Keras", "numpy": "NumPy"}

Results = dict[str, Any]


class _ResultsDirective(SphinxDirective):
    """What the directives share: reading a file of results."""

    required_arguments = 1

    def results(self, name: str) -> Results:
        """Return the content of a file; the page is read again when it changes."""
        path = Path(self.env.srcdir, self.config.benchmark_results, f"{name}.json").resolve()
        if not path.exists():
            raise self.error(f"there is no {path.name} among the results: run `nox -s bench`")
        self.env.note_dependency(str(path))
        results: Results = json.loads(path.read_text(encoding="utf-8"))
        return results


class BenchmarkMachine(_ResultsDirective):
    """Say when and where the results of a file were measured."""

    def run(self) -> list[nodes.Node]:
        results = self.results(self.arguments[0])
        return [nodes.paragraph("", machine_sentence(results))]


class BenchmarkTable(_ResultsDirective):
    """Show one of the tables."""

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] not in TABLES:
            raise self.error(f"the table must be one of {', '.join(TABLES)}")
        files, rows = TABLES[self.arguments[0]]
        head, *body = rows(*(self.results(name) for name in files))
        return [table(head, body)]


class BenchmarkFigure(_ResultsDirective):
    """Draw one of the figures."""

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in FIGURES:
            raise self.error(f"the figure must be one of {', '.join(FIGURES)}")
        file, draw = FIGURES[name]
        folder = Path(self.env.srcdir, "development", "images")
        folder.mkdir(parents=True, exist_ok=True)
        with plt.style.context(figures.STYLE):
            figure = draw(self.results(file))
            saved = twin_figures.save_twins(figure, folder / f"{name}.png")
            plt.close(figure)
        return self.parse_text_to_nodes(twin_figures.directive(saved, "/development/images/"))


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


def table(head: Iterable[str], body: Iterable[Iterable[str]]) -> nodes.table:
    """Return a table; all columns but the first are numbers."""
    head, body = list(head), [list(row) for row in body]
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=3 if k == 0 else 1) for k in range(len(head))]
    group += nodes.thead("", _row(head))
    group += nodes.tbody("", *map(_row, body))
    return nodes.table("", group, classes=["benchmark", "colwidths-auto"])


def _row(cells: Iterable[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


# -- Tables ------------------------------------------------------------------


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


# -- Figures -----------------------------------------------------------------


def draw_peers(peers: Results) -> Figure:
    """Draw the seconds a network takes with each implementation."""
    rows = [row for row in peers["rows"] if not row["cold"]]
    figure, ax = plt.subplots(figsize=(figures.PANEL[0], 0.6 + 0.34 * len(rows)))
    for place, row in enumerate(reversed(rows)):
        ours = row["name"].startswith("this engine")
        color = figures.LIGHT["network" if ours else "muted"]
        ax.plot(row["range"], [place, place], color=color, linewidth=4)
        ax.plot(row["seconds"], place, marker="D" if ours else "o", markersize=8, color=color)
    names = [f"{row['name']} ({row['n_members']})" for row in reversed(rows)]
    ax.set_yticks(range(len(rows)), [name.replace(", shared out to", ",") for name in names])
    ax.set(xscale="log", xlabel="seconds (log scale)", title="The same training")
    ax.grid(axis="y", visible=False)
    figures.describe(
        figure,
        caption="Median and range of the time that one network takes, slowest on top; in "
        "brackets, how many were trained at once.",
        alt="A chart of times on a logarithmic axis. Keras fit takes longest by far; ensembles "
        "of this engine and of JAX, at the bottom, take the least.",
    )
    return figure


def draw_growth(growth: Results) -> Figure:
    """Draw the time a step by the number of members, the width and the number of steps."""
    figure, axes = plt.subplots(3, figsize=(figures.PANEL[0], 8.4))
    panels = (
        ("members", "n_members", "networks in the ensemble", "A network's step"),
        ("widths", "width", "units in each of five layers", "By width, one network"),
        ("steps", "n_steps", "steps of training", "By length, one network"),
    )
    for ax, (part, key, label, title) in zip(axes, panels, strict=True):
        rows = growth[part]
        ours = [1e6 * row["seconds_a_step"] for row in rows]
        _grow(ax, [row[key] for row in rows], ours, role="network", label="this engine")
        if "keras_seconds_a_step" in rows[0]:
            theirs = [1e6 * row["keras_seconds_a_step"] for row in rows]
            _grow(ax, [row[key] for row in rows], theirs, role="series_b", label="Keras fit")
            ax.legend()
        ax.set(xscale="log", yscale="log", xlabel=label, ylabel="µs a step", title=title)
    figures.describe(
        figure,
        caption="Time a step of one network, by how many are trained, how wide they are, and how "
        "long.",
        alt="Three curves on logarithmic axes. With more members the time a step falls and then "
        "stays level; with width it hardly changes at first, then rises, and stays below that of "
        "Keras; with the length of training it is level.",
    )
    return figure


def _grow(ax: Axes, x: list[float], y: list[float], *, role: str, label: str) -> None:
    figures.plot_curve(ax, x, y, role=role, label=label)
    ax.plot(x, y, linestyle="", marker="o", color=figures.LIGHT[role], markersize=5)


FIGURES: dict[str, tuple[str, Callable[[Results], Figure]]] = {
    "peers": ("peers", draw_peers),
    "growth": ("growth", draw_growth),
}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("benchmark_results", "../benchmarks/results", "env", str)
    app.add_directive("benchmark-machine", BenchmarkMachine)
    app.add_directive("benchmark-table", BenchmarkTable)
    app.add_directive("benchmark-figure", BenchmarkFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
