"""Why the playground keeps up with a slider: ratios of what one browser takes, in one run.

Seconds are those of a machine, and of what else it does; ratios travel.
"""

import base64
import importlib.resources
from pathlib import Path
from typing import Any

import playground
import pytest

SCRIPT = Path(__file__).with_name("playground_speed.js")
SCRIPTS = Path(playground.__file__).parents[1] / "_static" / "play"
# Where the plain trainer leaves out what is dead. Without it, nothing is left out.
LISTS = "if (isAlive) units.push(j);"
MEASURE = """([source, binary, asked]) => new Promise((resolve, reject) => {
  const address = URL.createObjectURL(new Blob([source]));
  const worker = new Worker(address);
  const bytes = Uint8Array.from(atob(binary), (sign) => sign.charCodeAt(0)).buffer;
  const end = (finish) => (value) => {
    worker.terminate();
    finish(value);
  };
  worker.onmessage = ({ data }) => end(resolve)(data);
  worker.onerror = ({ message }) => end(reject)(new Error(message));
  worker.postMessage([bytes, asked]);
})"""
N_COLD = 5
FASTER = "function {}Trainer("


@pytest.fixture(scope="module")
def source() -> str:
    parts = {name: playground.body(SCRIPTS, (name,)) for name in ("trainer", "plain")}
    dense = parts["plain"].replace(LISTS, "units.push(j);")
    assert dense != parts["plain"]
    dense = dense.replace(FASTER.format("plain"), FASTER.format("dense"))
    shared = playground.body(SCRIPTS, playground.SHARED)
    return "\n".join([shared, *parts.values(), dense, SCRIPT.read_text(encoding="utf-8")])


@pytest.fixture(scope="module")
def milliseconds(browser: Any, source: str) -> dict[str, float]:
    binary = importlib.resources.files("overfit_tutorial.exact").joinpath("trainer.wasm")
    tab = browser.new_page()
    tab.goto("about:blank")

    def measure(asked: str, name: int = 0) -> dict[str, float]:
        # A section that says nothing: a browser keeps what it has compiled, and finds it again.
        section = bytes([0, 2, 1, name])
        encoded = base64.b64encode(binary.read_bytes() + section).decode()
        found: dict[str, float] = tab.evaluate(MEASURE, [source, encoded, asked])
        return found

    cold = [measure("cold", 65 + k)["cold"] for k in range(N_COLD)]
    found = measure("rest") | {"cold": min(cold)}
    tab.close()
    return found


@pytest.mark.parametrize(
    ("slow", "fast", "least", "most"),
    [
        ("dense", "few", 12, None),  # JavaScript that does everything, and WebAssembly
        ("dense", "lists", 3, None),  # the same with and without lists of units that are alive
        # On an idle machine these are 13.3 and 1.75. A third more than the 15 and 3 that are
        # asked for is for machines that are not.
        ("long", "warm", None, 20),  # 20,000 steps and 800
        ("cold", "warm", None, 4),  # the first run, with the compilation, and others
    ],
)
def test_the_ratio_of(
    slow: str, fast: str, least: float | None, most: float | None, milliseconds: dict[str, float]
) -> None:
    ratio = milliseconds[slow] / milliseconds[fast]
    assert least is None or ratio >= least, milliseconds
    assert most is None or ratio <= most, milliseconds
