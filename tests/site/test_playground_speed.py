"""Why the playground keeps up with a slider: ratios of what one browser takes, in one run.

Seconds are those of a machine, and of what else it does; ratios travel. What a reader waits for is
compared with what the worker alone takes for the story.
"""

import base64
import importlib.resources
from pathlib import Path
from typing import Any

import numpy as np
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


# Moves the slider of the noise, and again when the new curve is drawn, or after some milliseconds.
MOVE = """async ({times, pause}) => {
  const svg = document.querySelector("#play-curves"), taken = [], tasks = [];
  const slider = document.querySelector("input[name=noise]");
  const ended = () => svg.dataset.state !== before && Number(svg.dataset.steps) >= 800;
  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const watch = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  watch.observe({ entryTypes: ["longtask"] });
  let before, drawn = () => {}, nDrawn = 0;
  new MutationObserver(() => {
    if (!ended()) return;
    nDrawn++;
    before = svg.dataset.state;
    drawn();
  }).observe(svg, { attributes: true, attributeFilter: ["data-state", "data-steps"] });
  const began = performance.now();
  for (let k = 0; k < times; k++) {
    before = svg.dataset.state;
    slider.value = 10 + ((7 * k) % 40);
    const asked = performance.now(), isDrawn = new Promise((done) => (drawn = done));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await (pause === null ? isDrawn : sleep(pause));
    taken.push(performance.now() - asked);
    if (pause === null) await sleep(60);
  }
  const seconds = (performance.now() - began) / 1000;
  return { taken, tasks: tasks.map(({ duration }) => duration), aSecond: nDrawn / seconds };
}"""


def moved(tab: Any, url: str, fragment: str, times: int, pause: float | None) -> dict[str, Any]:
    """Move a slider of the page with some state, and return what became of it."""
    tab.goto("about:blank")
    tab.goto(f"{url}play.html#{fragment}")
    tab.wait_for_function("() => document.querySelector('.play-status').innerText.length > 9")
    tab.evaluate(MOVE, {"times": 10, "pause": None})
    found: dict[str, Any] = tab.evaluate(MOVE, {"times": times, "pause": pause})
    return found


# When nothing else computes, the worker takes 41 ms, the page 50 ms from an input to its curve,
# and at width 50 it draws 48 curves a second. No task of the page takes 50 ms.


def test_a_curve_is_drawn_soon_after_it_is_trained(
    tab: Any, address: str, milliseconds: dict[str, float]
) -> None:
    found = moved(tab, address, "", 40, None)
    assert np.median(found["taken"]) <= 2 * milliseconds["warm"], (found, milliseconds)
    assert max(found["tasks"], default=0) <= 2 * milliseconds["warm"], (found, milliseconds)


def test_narrow_networks_are_retrained_while_one_drags(
    tab: Any, address: str, milliseconds: dict[str, float]
) -> None:
    found = moved(tab, address, "width=50", 400, 4)
    assert found["aSecond"] >= 1000 / milliseconds["warm"], (found, milliseconds)
    assert max(found["tasks"], default=0) <= 2 * milliseconds["warm"], (found, milliseconds)
