"""Do the claims of the pages hold with other seeds?

Each page runs again in a few fresh draws: every seed that it names is another one, everything else
is the page's own code. Draw *d* adds ``d`` times ten thousand to each seed. A claim that does not
hold is counted, with its distance from its bound, and the page goes on; an error ends the page,
and the claims after it are not reached.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from overfit_tutorial import _arguments, claims, publishing
from overfit_tutorial.statistics import Bounded
from overfit_tutorial.sweeps import changes

EXAMPLES = Path(__file__).parents[1] / "examples"
RESULTS = Path(__file__).parent / "results" / "replication.json"

# Between the seeds of two draws. A page names seeds below it, so none is met twice.
STRIDE = 10_000
_SEED_NAME = re.compile(r"(\w+_)?SEED")
# They take a seed as their first argument.
_SEEDED = {"default_rng", "set_random_seed", "set_seed", "SeedSequence"}
_KINDS = {
    "measured": "measured",
    "claim": "measured",
    "exact": "exact",
    "one_seed": "one seed",
    "timing": "timing",
}


# -- A page with other seeds ---------------------------------------------------------------------


class _Shift(ast.NodeTransformer):
    """Adds a number to every seed that a script names.

    These are constants called ``SEED`` or ``..._SEED``, and numbers that are given as ``seed``, by
    keyword or in a dictionary, or to a function of a library that takes one.
    """

    def __init__(self, shift: int) -> None:
        self.shift = shift

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        for target in node.targets:
            several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            names = target.elts if several else [target]
            values = node.value.elts if several else [node.value]
            for name, value in zip(names, values, strict=True):
                if isinstance(name, ast.Name) and _SEED_NAME.fullmatch(name.id):
                    self._move(value)
        return self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg == "seed":
            self._move(node.value)
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "seed":
                self._move(value)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _name(node.func) in _SEEDED and node.args:
            self._move(node.args[0])
        return self.generic_visit(node)

    def _move(self, value: ast.expr) -> None:
        """Add the number to a seed, if it is one and not what was made of one elsewhere."""
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            if not 0 <= value.value < STRIDE:
                raise ValueError(f"a page's seed must be below {STRIDE:,}, got {value.value}")
            value.value += self.shift


def _name(function: ast.expr) -> str:
    """Return the last name of what is called."""
    return getattr(function, "attr", getattr(function, "id", ""))


def stated_claims(tree: ast.AST) -> dict[str, str]:
    """Return the kinds of the claims that a script states, by their ids, in their order."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return {
        call.args[0].value: _KINDS[_name(call.func)]
        for call in calls
        if _name(call.func) in _KINDS and isinstance(call.args[0], ast.Constant)
    }


class StaleSeedError(Exception):
    """A seed that is the same in every draw."""


def check_fresh(seed: object) -> None:
    """Refuse a seed that a page names, and that was not shifted."""
    if isinstance(seed, np.random.SeedSequence):
        seed = seed.entropy
    first = next(iter(seed), None) if isinstance(seed, list | tuple) else seed
    if isinstance(first, int | np.integer) and first < STRIDE:
        raise StaleSeedError(f"the seed {seed} is the same in every draw")


@contextlib.contextmanager
def _seeds_are_fresh() -> Iterator[None]:
    """Look at each seed that the package, NumPy, Keras or TensorFlow is given."""
    import keras
    import tensorflow as tf

    watched = [
        (_arguments, "check_seed"),
        (np.random, "default_rng"),
        (keras.utils, "set_random_seed"),
        (tf.random, "set_seed"),
        (tf.data.Dataset, "shuffle"),
    ]
    with contextlib.ExitStack() as stack:
        # What is watched computes as before: the store may keep it.
        stack.enter_context(mock.patch.object(changes, "check_unchanged"))
        for owner, name in watched:
            stack.enter_context(mock.patch.object(owner, name, _watch(getattr(owner, name))))
        yield


def _watch(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that looks at its seed first: ``seed``, or what comes first."""

    def watched(*args: Any, **options: Any) -> Any:
        in_keyword = "seed" in options or function.__name__ == "shuffle"
        check_fresh(options.get("seed") if in_keyword else next(iter(args), None))
        return function(*args, **options)

    return watched


# -- A page in a draw ----------------------------------------------------------------------------


@dataclass
class Draw:
    """What came out of a page in one draw.

    Parameters
    ----------
    held : dict of str to bool
        Whether each claim held that was reached.
    distances : dict of str to float or None
        How far each is from failing, in half-widths of its interval; below zero if it fails.
    kinds : dict of str to str
        The kind of each.
    stopped : str or None
        What ended the page before its end.
    """

    held: dict[str, bool] = field(default_factory=dict)
    distances: dict[str, float | None] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None

    def judge(self, id: str, sentence: str, *, holds: object, **options: Any) -> None:
        """State a claim, and keep whether it holds instead of stopping where it does not."""
        found = [value for value in (holds, *options.values()) if isinstance(value, Bounded)]
        distances = [distance for bounded in found if (distance := _distance(bounded)) is not None]
        try:
            _STATE(id, sentence, holds=holds, **options)
            self.held[id] = True
        except claims.ClaimError:
            self.held[id] = False
        self.distances[id] = min(distances, default=None)
        self.kinds[id] = options.get("kind", "measured")


_STATE = claims.claim


def _distance(bounded: Bounded) -> float | None:
    """Return the half-widths from an interval's nearer end to its bound, below zero beyond it."""
    low, high = bounded.interval.ends
    if not high > low:
        return None
    return 2 * min(low - bounded.above, bounded.below - high) / (high - low)


def run_draw(script: Path, draw: int) -> Draw:
    """Run a page with its seeds shifted, in this process."""
    import keras
    import matplotlib.pyplot as plt
    import tensorflow as tf

    if draw < 1:
        raise ValueError(f"draw must be at least 1, got {draw}")
    text = script.read_text(encoding="utf-8")
    page = compile(_Shift(draw * STRIDE).visit(ast.parse(text)), str(script), "exec")
    found = Draw()
    keras.utils.clear_session()
    tf.random.set_seed(None)
    publishing.collect()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
        _seeds_are_fresh(),
        mock.patch.object(claims, "claim", found.judge),
    ):
        try:
            exec(page, {"__name__": "__main__"})
        except Exception as error:
            found.stopped = _where(error, script, text.splitlines())
        finally:
            publishing.stop()
            plt.close("all")
    return found


def _where(error: Exception, script: Path, lines: Sequence[str]) -> str:
    """Return the line of a page at which it stopped, and why."""
    trace, number = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(script):
            number = trace.tb_lineno
        trace = trace.tb_next
    why = f"{type(error).__name__}: {error}".strip().rstrip(":")
    return f"line {number}, {lines[number - 1].strip()}: {why}"


# -- Several draws of a page ---------------------------------------------------------------------


def replicate(script: Path, n_draws: int) -> dict[str, Any]:
    """Run a page in several fresh draws, and count how often each of its claims holds.

    Returns
    -------
    dict
        The number of ``draws``, the ``seconds`` that they took, why the page ``stopped``, if it
        did, by the number of the draw, and for each of the ``claims`` its kind, in how many draws
        it ``held`` and was ``reached``, and its ``distances`` from failing.
    """
    start = time.perf_counter()
    draws = {k: run_draw(script, k) for k in range(1, n_draws + 1)}
    kinds = stated_claims(ast.parse(script.read_bytes()))
    for draw in draws.values():
        kinds |= draw.kinds
    return {
        "date": str(date.today()),
        "draws": n_draws,
        "seconds": round(time.perf_counter() - start),
        "stopped": {str(k): draw.stopped for k, draw in draws.items() if draw.stopped},
        "claims": {
            name: {
                "kind": kind,
                "held": sum(draw.held.get(name, False) for draw in draws.values()),
                "reached": sum(name in draw.held for draw in draws.values()),
                "distances": [_rounded(draw.distances.get(name)) for draw in draws.values()],
            }
            for name, kind in kinds.items()
        },
    }


def _rounded(distance: float | None) -> float | None:
    """Return a distance as it is kept: finite, and no longer than it is known."""
    return None if distance is None or not np.isfinite(distance) else float(f"{distance:.3g}")


def report_page(name: str, page: dict[str, Any]) -> Iterable[str]:
    """Yield what a reader of the terminal must know of a page."""
    n = page["draws"]
    yield f"{name}: {n} draws in {page['seconds']} s"
    for draw, why in page["stopped"].items():
        yield f"  stopped in draw {draw}: {why}"
    for claim_id, claim in page["claims"].items():
        worst = min((d for d in claim["distances"] if d is not None), default=None)
        distance = "" if worst is None else f", at worst {worst:+.2g} half-widths from failing"
        missed = n - claim["reached"]
        unreached = f", not reached in {missed}" if missed else ""
        mark = " " if claim["held"] == n else "!"
        yield f"{mark} {claim['held']} of {n}  {claim_id} ({claim['kind']}{unreached}{distance})"


def pages(words: Sequence[str]) -> dict[str, Path]:
    """Return the pages, by part and name, whose names have one of some words; all without any."""
    scripts = {
        script.relative_to(EXAMPLES).with_suffix("").as_posix(): script
        for script in sorted(EXAMPLES.glob("*/plot_*.py"))
    }
    if unknown := [word for word in words if not any(word in name for name in scripts)]:
        raise ValueError(f"pages must be parts of their names, got {unknown}")
    return {
        name: script
        for name, script in scripts.items()
        if not words or any(word in name for word in words)
    }


def main() -> None:
    """Replicate pages, print, and keep; what is known of other pages stays."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("draws", type=int, nargs="?", default=5)
    parser.add_argument("pages", nargs="*", help="parts of the names of pages; all without any")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    os.environ["MPLBACKEND"] = "Agg"
    warnings.simplefilter("ignore")
    known = json.loads(options.output.read_text("utf-8")) if options.output.exists() else {}
    for name, script in pages(options.pages).items():
        known[name] = replicate(script, options.draws)
        print(*report_page(name, known[name]), sep="\n", flush=True)
        options.output.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
