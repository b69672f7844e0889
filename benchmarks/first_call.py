"""What the engine's first call in a process spends its time on."""

from time import perf_counter
from typing import Any

import protocol

from overfit_tutorial._engine import draws, loop
from overfit_tutorial.training import STORY, fit_network

TRACING, COMPILATION = "TensorFlow traces the loop", "XLA compiles it, and the rest"


def parts() -> dict[str, float]:
    """Return the seconds of each part, in a process that has not trained before."""
    (x,), (y,) = protocol.points([0])
    seconds: dict[str, float] = {}
    _time("the first weights", draws, "initial_weights_of", seconds)
    _time(TRACING, loop.Loop, "_run", seconds)
    start = perf_counter()
    fit_network(x, y, STORY, seed=0)
    whole = perf_counter() - start
    spent = sum(seconds.values())
    start = perf_counter()
    fit_network(x, y, STORY, seed=0)
    training = perf_counter() - start
    return {
        **{name: seconds[name] for name in ("the first weights", TRACING)},
        COMPILATION: whole - spent - training,
        "the training itself": training,
        "the first call": whole,
    }


def _time(name: str, owner: Any, function: str, seconds: dict[str, float]) -> None:
    """Note how long the first call of a function takes."""
    original = getattr(owner, function)

    def timed(*arguments: Any) -> Any:
        start = perf_counter()
        result = original(*arguments)
        seconds.setdefault(name, perf_counter() - start)
        return result

    setattr(owner, function, timed)
