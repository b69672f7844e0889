"""How does the engine's time grow: with the members, the width, the number of steps?

Sizes are interleaved, and the median of several rounds counts. Keras `fit` stands beside the
widths.
"""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import protocol
import report
from implementations import ENSEMBLE
from worker import Worker

from overfit_tutorial import networks
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.training import STORY, fit_network

MEMBERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
WIDTHS = (10, 30, 100, 300, 1000)
STEPS = (200, 800, 2_000, 8_000, 20_000)
MEMORY_OF_MEMBERS = (2, 8, 32, 128, 512)
ROUNDS, EPOCHS, EPOCHS_OF_WIDTHS = 3, 50, 20


def main() -> None:
    """Measure, print, and write."""
    options = report.arguments(__doc__, "growth")
    quick = options.quick
    rounds = 1 if quick else ROUNDS
    members = by_members((2,) if quick else MEMBERS, epochs=3 if quick else EPOCHS, rounds=rounds)
    widths = by_width(
        (3,) if quick else WIDTHS, epochs=2 if quick else EPOCHS_OF_WIDTHS, rounds=rounds
    )
    steps = by_steps((4, 8) if quick else STEPS, rounds=rounds)
    for name, rows in (("members", members), ("width", widths), ("steps", steps)):
        for row in rows:
            print(name, {key: value for key, value in row.items() if key != "range"})
    bars = [] if quick else judge(members)
    report.print_bars(bars)
    report.write(options.output, members=members, widths=widths, steps=steps, bars=bars)


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    start = perf_counter()
    function()
    return perf_counter() - start


def interleaved(jobs: dict[Any, Callable[[], Any]], *, rounds: int) -> dict[Any, dict[str, Any]]:
    """Return the times of each job, after a first call that compiles."""
    for job in jobs.values():
        job()
    times = [{key: timed(job) for key, job in jobs.items()} for _ in range(rounds)]
    return {key: report.summary([row[key] for row in times]) for key in jobs}


def by_members(sizes: tuple[int, ...], *, epochs: int, rounds: int) -> list[dict[str, Any]]:
    """Return time a member and step by ensemble size, and memory in processes of their own."""
    recipe = STORY.replace(epochs=epochs)
    x, y = protocol.points(list(range(max(sizes))))

    def job(n: int) -> Callable[[], Any]:
        return lambda: fit_ensemble(x[:n], y[:n], recipe, seed=0, n_members=n)

    rows = []
    summaries = interleaved({n: job(n) for n in sizes}, rounds=rounds)
    for n, summary in summaries.items():
        a_step = summary["seconds"] / n / recipe.n_steps(protocol.N_SAMPLES)
        rows.append({"n_members": n, "seconds_a_step": a_step, **summary})
        if n in MEMORY_OF_MEMBERS:
            with Worker(ENSEMBLE) as process:
                rows[-1]["megabytes"] = process.run(range(n), epochs=epochs).megabytes
    return rows


def by_width(widths: tuple[int, ...], *, epochs: int, rounds: int) -> list[dict[str, Any]]:
    """Return the time a step of one network by the width of its five hidden layers."""
    x, y = (z[0] for z in protocol.points([0]))
    recipes = {w: STORY.replace(hidden_widths=(w,) * 5, epochs=epochs) for w in widths}

    def engine(width: int) -> Callable[[], Any]:
        return lambda: fit_network(x, y, recipes[width], seed=0)

    def fit(width: int) -> Callable[[], Any]:
        def job() -> None:
            model = networks.build_mlp((width,) * 5, seed=0)
            model.compile(keras.optimizers.Adam(protocol.LEARNING_RATE), loss="mse")
            model.fit(x[:, None], y[:, None], batch_size=32, epochs=epochs, verbose=0)

        return job

    jobs = {(w, name): make(w) for w in widths for name, make in (("", engine), ("keras", fit))}
    summaries = interleaved(jobs, rounds=rounds)
    rows = []
    for width, recipe in recipes.items():
        n_steps = recipe.n_steps(protocol.N_SAMPLES)
        flop = protocol.gigaflop(widths=(1, *recipe.hidden_widths, 1), epochs=epochs)
        seconds = summaries[width, ""]["seconds"]
        rows.append(
            {
                "width": width,
                "n_parameters": recipe.n_parameters(),
                "seconds_a_step": seconds / n_steps,
                "keras_seconds_a_step": summaries[width, "keras"]["seconds"] / n_steps,
                "gigaflops": flop / seconds,
                "range": summaries[width, ""]["range"],
            }
        )
    return rows


def by_steps(counts: tuple[int, ...], *, rounds: int) -> list[dict[str, Any]]:
    """Return the time a step of one network by the number of steps."""
    x, y = (z[0] for z in protocol.points([0]))

    def job(steps: int) -> Callable[[], Any]:
        return lambda: fit_network(x, y, STORY.replace(steps=steps), seed=0)

    summaries = interleaved({steps: job(steps) for steps in counts}, rounds=rounds)
    return [
        {"n_steps": n, "seconds_a_step": summary["seconds"] / n, **summary}
        for n, summary in summaries.items()
    ]


def judge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bars that were set beforehand."""
    few, many = (next(r for r in rows if r["n_members"] == n) for n in (32, 512))
    return [
        report.bar(
            "time a member, 512 members to 32",
            many["seconds_a_step"] / few["seconds_a_step"],
            1.15,
            at_most=True,
        ),
        report.bar(
            "memory, 512 members to 32", many["megabytes"] / few["megabytes"], 1.25, at_most=True
        ),
    ]


if __name__ == "__main__":
    main()
