"""Where is XLA the faster of our two engines? By width, for the story and where no unit is off.

Weights that are positive, and hardly move, keep every unit on. Jobs are interleaved, in one
process, and the median of several rounds counts.
"""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import protocol
import report
import skipped

from overfit_tutorial import draws
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.recipes import STORY

ROUNDS = 3
# How many networks of each width.
MEMBERS = {10: 32, 30: 32, 100: 32, 300: 4, 1000: 2}
STEPS = 200
CASES = "the story", "no unit off"


def main() -> None:
    """Measure, print, and write."""
    options = report.arguments(__doc__, "crossover")
    members = {3: 2} if options.quick else MEMBERS
    rows = []
    for case in CASES:
        for width, n_members in members.items():
            rows.append(compare(case, width, n_members, 1 if options.quick else ROUNDS))
            print(rows[-1])
    meet = {case: crossing([row for row in rows if row["case"] == case]) for case in CASES}
    print(meet)
    report.write(options.output, rows=rows, crossover=meet)


def compare(case: str, width: int, n_members: int, rounds: int) -> dict[str, Any]:
    """Return how many times XLA's time is that of the exact trainer, and what that may skip."""
    recipe = STORY.replace(hidden_widths=(width,) * 5, steps=STEPS)
    seeds, start = list(range(n_members)), None
    x, y = protocol.points(seeds)
    if case == "no unit off":
        recipe = recipe.replace(learning_rate=1e-9)
        start = [
            np.abs(w) / (np.abs(w).sum(axis=1, keepdims=True) if w.ndim == 3 else 1)
            for w in draws.first_weights(seeds, recipe.hidden_widths)
        ]

    def job(engine: str) -> Callable[[], Any]:
        return lambda: fit_ensemble(x, y, recipe, seed=seeds, initial_weights=start, engine=engine)

    jobs = [job("exact"), job("xla")]
    for work in jobs:
        work()
    times = np.array([[timed(work) for work in jobs] for _ in range(rounds)])
    alone = None if start is None else tuple(w[:1] for w in start)
    exact, xla = np.median(times, axis=0) / n_members / STEPS
    return {
        "case": case,
        "width": width,
        "n_members": n_members,
        "exact_seconds_a_step": float(exact),
        "xla_seconds_a_step": float(xla),
        "ratio": float(np.median(times[:, 1] / times[:, 0])),
        "share_left": skipped.share_left(protocol.Task(case, recipe), alone),
    }


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def crossing(rows: list[dict[str, Any]]) -> float | None:
    """Return the width from which on XLA is faster, between two widths on logarithmic axes."""
    widths, ratios = np.log([[row["width"], row["ratio"]] for row in rows]).T
    if ratios[-1] >= 0:
        return None
    last = max(np.flatnonzero(ratios >= 0), default=None)
    if last is None:
        return float(np.exp(widths[0]))
    pair = slice(last, last + 2)
    return float(np.exp(np.interp(0, ratios[pair][::-1], widths[pair][::-1])))


if __name__ == "__main__":
    main()
