"""The playground as a reader meets it: its address, its controls, its curves."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import playground
import pytest

from overfit_tutorial import data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.training import STORY as STORY_RECIPE
from overfit_tutorial.training import fit_network

HERE = Path(__file__).parent
SCRIPTS = Path(playground.__file__).parents[1] / "_static" / "play"
STORY = {"seed": 0, "n": 100, "noise": 2, "truth": {"kind": "line"}, "width": 100, "depth": 5}
STORY |= {"steps": 800, "batch": 32, "rate": 0.01, "center": 0, "biasStd": 0, "start": "born"}

Found = dict[str, Any]


def ask(*fragments: str) -> list[Found]:
    """Return what the page makes of some fragments of its address."""
    asked = {
        "engine": playground.engine(SCRIPTS),
        "scripts": playground.body(SCRIPTS, ("state", "python")),
        "reads": fragments,
    }
    script = [str(HERE / "play_state.js")]
    told = subprocess.run(
        ["node", *script], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found: list[Found] = json.loads(told.stdout)
    return found


# -- The address ---------------------------------------------------------------------------


def test_no_fragment_is_the_story() -> None:
    (found,) = ask("")
    assert found["state"] == STORY
    assert (found["messages"], found["fragment"]) == ([], "")


def random_fragment(generator: np.random.Generator) -> str:
    """Return a fragment with some valid settings, in the form in which the page writes them."""
    number = generator.uniform
    every = {
        "batch": "0",
        "biasStd": repr(number(0.1, 2)),
        "center": "10",
        "depth": str(generator.integers(6, 9)),
        "fan": "1",
        "n": str(generator.integers(3, 99)),
        "noise": repr(number(0, 10)),
        "points": ";".join(f"{number(0, 20)!r},{number(-9, 9)!r}" for _ in range(5)),
        "pointsSeed": "0/3/1000",
        "rate": repr(number(1e-5, 1e-3)),
        "seed": str(generator.integers(1, 2**53)),
        "steps": str(generator.integers(1, 799)),
        "truth": f"drawn:{','.join(repr(number(0, 20)) for _ in range(4))}",
    }
    return "&".join(f"{k}={v}" for k, v in every.items() if generator.random() < 0.6)


def settings_of(fragment: str) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each setting; 1e-05 and 0.00001 are one number."""
    for pair in filter(None, fragment.split("&")):
        name, value = pair.split("=")
        words = re.split("([,;:/])", value)
        yield name, [float(word) if word[-1:].isdigit() else word for word in words]


def test_a_link_brings_every_bit_back() -> None:
    fragments = [random_fragment(np.random.default_rng(k)) for k in range(20)]
    answers = ask(*fragments)
    written = ask(*(found["fragment"] for found in answers))
    for fragment, found, again in zip(fragments, answers, written, strict=True):
        assert found["messages"] == []
        given, back = (dict(settings_of(text)) for text in (fragment, found["fragment"]))
        assert back == given
        assert again["state"] == found["state"]


HOSTILE = {
    "steps=1e9": ("steps", 20000),
    "steps=-5": ("steps", 1),
    "steps=1200.4": ("steps", 1200),
    "steps=Infinity": ("steps", 20000),
    "steps=NaN": ("steps", 800),
    "steps=": ("steps", 800),
    "steps=%F0%9F": ("steps", 800),
    "width=1e308": ("width", 200),
    "width=0": ("width", 1),
    "depth=99": ("depth", 8),
    "n=1": ("n", 2),
    "n=100000": ("n", 300),
    "noise=-1": ("noise", 0),
    "noise=<script>": ("noise", 2),
    "rate=0": ("rate", 1e-6),
    "batch=-3": ("batch", 0),
    "seed=-1": ("seed", 0),
    "seed=1e400": ("seed", 2**53 - 1),
    "seed=a/b": ("seed", 0),
    "seed=1/2/3/4/5/6": ("seed", "1/2/3/4"),
    "truth=circle": ("truth", {"kind": "line"}),
    "truth=wave:1e9": ("truth", {"kind": "wave", "height": 20}),
    "truth=drawn:1": ("truth", {"kind": "line"}),
    "truth=drawn:1,1e9": ("truth", {"kind": "drawn", "values": [1, 50]}),
    "points=1,2": ("points", None),
    "points=1,2;3,x;500,-500": ("points", [[1, 2], [20, -30]]),
    "start=wild&width=99": ("start", "born"),
    "start=wild&depth=0": ("start", "born"),
    "start=tame": ("start", "born"),
    "fan=maybe": ("fan", None),
    "__proto__=1": ("steps", 800),
    "constructor=1": ("steps", 800),
    "nonsense": ("steps", 800),
}


def test_absurd_settings_become_the_nearest_valid_ones_and_it_is_said() -> None:
    answers = ask(*HOSTILE)
    written = ask(*(found["fragment"] for found in answers))
    for fragment, found, again in zip(HOSTILE, answers, written, strict=True):
        name, value = HOSTILE[fragment]
        assert found["state"].get(name) == value, fragment
        assert found["messages"], fragment
        assert (again["state"], again["messages"]) == (found["state"], []), fragment


def test_a_very_long_address_has_no_more_points_than_are_allowed() -> None:
    (found,) = ask("points=" + ";".join(f"{k / 500},1" for k in range(5000)))
    assert len(found["state"]["points"]) == 300
    assert max(map(len, found["messages"])) < 200


# -- The lines of Python -------------------------------------------------------------------

STATES = [
    "",
    "batch=0&center=10&depth=3&seed=3&steps=400&width=30",
    "biasStd=1&n=40&noise=0.5&rate=0.001&seed=0/3&truth=wave:4&width=20",
    "n=12&start=wild&steps=60&truth=step:4&width=12",
    "depth=1&points=1,2;3,4.5;7.25,1;12,9;12,3&truth=drawn:2,8,1&width=8",
    "depth=0&noise=0&steps=200",
]


@pytest.mark.parametrize("fragment", STATES)
def test_the_lines_of_python_print_what_the_page_shows(
    board: Callable[..., Any], fragment: str
) -> None:
    tab = board(fragment)
    tab.get_by_text("The picture as tables").click()
    tab.get_by_text("The same network in Python").click()
    row = tab.locator(".play-tables tbody tr").first
    row.wait_for()
    shown = row.locator("td").all_inner_texts()
    tab.locator(".play-code", has_text="print").wait_for()
    script = tab.locator(".play-code").inner_text()
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    printed = [float(word) for word in re.findall(r"-?\d[\d.e+-]*", told.stdout)]
    wanted = [float(cell) for cell in shown if cell != "–"]
    assert [float(f"{value:.3g}") for value in printed] == wanted
    assert len(printed) == (2 if "noise=0&" in fragment else 3)


# -- The states of pages -------------------------------------------------------------------


def weights_of(state: str) -> list[Any]:
    """Return the weights that the lines of Python train."""
    known: dict[str, Any] = {}
    exec(ask(state)[0]["python"], known)
    return list(known["fit"].weights)


def test_states_of_pages_are_valid_and_written_as_the_page_writes_them() -> None:
    for state, found in zip(
        playground.STATES.values(), ask(*playground.STATES.values()), strict=True
    ):
        assert (found["fragment"], found["messages"]) == (state, [])


def test_the_network_of_a_page_is_the_page_s_own() -> None:
    samples = data.sample_noisy_many(1, seed=0)
    luck = fit_ensemble(samples.x, samples.y, seed=1).weights
    for ours, theirs in zip(weights_of("pointsSeed=0/0&seed=1/0"), luck, strict=True):
        assert (ours == theirs[0]).all()
    one = data.sample_noisy(seed=40)
    recipe = STORY_RECIPE.replace(batch_size=100, steps=800)
    corner = fit_network(one.x - 10.0, one.y, recipe, seed=40).weights
    for ours, theirs in zip(weights_of("batch=100&center=10&seed=40"), corner, strict=True):
        assert (ours == theirs).all()


def test_the_network_of_a_sweep_is_the_sweep_s_own(capsys: Any) -> None:
    seed = np.random.SeedSequence(30, spawn_key=(0,))
    found = judge_recipe(seeds=[seed], learning_rate=0.001)
    weights_of("pointsSeed=30/0/1000&rate=0.001&seed=30/0")
    printed = float(capsys.readouterr().out.split()[2].rstrip(","))
    assert printed == pytest.approx(found["error"][0], rel=1e-6)


# -- The page ------------------------------------------------------------------------------

# The curve is that of the address, trained to its end, and nothing else is to come.
DONE = """fragment => {
    const svg = document.querySelector("#play-curves");
    return svg?.dataset.state === fragment && svg.dataset.steps > 0 &&
        document.querySelector(".play-status").textContent.includes("rain");
}"""


@pytest.fixture
def board(tab: Any, address: str) -> Callable[..., Any]:
    """Give a function that opens the playground and waits for its curve."""

    def opened(fragment: str = "", *, wanted: str | None = None) -> Any:
        tab.goto("about:blank")
        tab.goto(f"{address}play.html#{fragment}")
        tab.wait_for_function(DONE, arg=fragment if wanted is None else wanted)
        return tab

    return opened


def state_of(tab: Any) -> str:
    found: str = tab.locator("#play-curves").get_attribute("data-state")
    return found


def test_a_key_on_a_slider_gives_another_curve(board: Callable[..., Any]) -> None:
    tab = board()
    path = tab.locator("#play-curves .network")
    before = path.get_attribute("d")
    tab.get_by_label("Noise", exact=True).press("ArrowRight")
    tab.wait_for_function(DONE, arg="noise=2.1")
    assert path.get_attribute("d") != before
    tab.wait_for_function("() => location.hash === '#noise=2.1'")
    tab.get_by_label("Noise", exact=True).press("ArrowLeft")
    tab.wait_for_function(DONE, arg="")
    assert path.get_attribute("d") == before


def test_a_point_is_dragged_added_and_removed(board: Callable[..., Any]) -> None:
    tab = board("depth=2&n=5&steps=60&width=10")
    dots = tab.locator("#play-curves .points circle")
    box = dots.first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x, y - 60, steps=10)
    tab.wait_for_function("() => location.hash.includes('points=')")
    tab.wait_for_function(DONE, arg=tab.evaluate("location.hash.slice(1)"))
    moved = dots.first.bounding_box()
    assert moved["y"] + moved["height"] / 2 == pytest.approx(y - 60, abs=1.5)
    tab.mouse.up()
    tab.get_by_label("A pointer on the picture").select_option("adds points")
    tab.mouse.click(x + 40, y)
    tab.wait_for_function(
        "() => document.querySelectorAll('#play-curves .points circle').length === 6"
    )
    tab.get_by_text("Move, add and remove points by their numbers").click()
    tab.get_by_role("button", name="Remove it").click()
    tab.get_by_label("its y").fill("19")
    tab.get_by_label("its y").press("Tab")
    tab.wait_for_function("() => location.hash.includes(',19')")
    assert dots.count() == 5


def test_a_curve_is_never_drawn_with_the_points_of_another_state(
    board: Callable[..., Any],
) -> None:
    """Watch every drawing while the noise is dragged: one state has one curve and one cloud."""
    tab = board("depth=2&width=20")
    tab.evaluate("""() => {
        const svg = document.querySelector("#play-curves");
        window.seen = [];
        new MutationObserver(() => window.seen.push([
            svg.dataset.state, svg.dataset.steps,
            svg.querySelector(".network").getAttribute("d"),
            svg.querySelector(".points").innerHTML,
        ])).observe(svg, { attributes: true, attributeFilter: ["data-state", "data-steps"] });
    }""")
    slider = tab.get_by_label("Noise", exact=True)
    for key in ["ArrowRight"] * 20 + ["ArrowLeft"] * 20:
        slider.press(key)
    tab.wait_for_function(DONE, arg="depth=2&width=20")
    seen = tab.evaluate("window.seen")
    pictures: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for state, steps, curve, points in seen:
        pictures.setdefault((state, steps), set()).add((curve, points))
    assert len(pictures) > 3
    assert [state for state, found in pictures.items() if len(found) > 1] == []


def test_a_new_curve_comes_soon(board: Callable[..., Any]) -> None:
    """Ten inputs, one after the other; the bound is generous, for a machine that is busy."""
    tab = board("depth=3&width=50")
    taken = tab.evaluate("""async () => {
        const svg = document.querySelector("#play-curves");
        const slider = document.querySelector("input[name=noise]"), taken = [];
        for (let k = 0; k < 10; k++) {
            const began = performance.now();
            slider.value = Number(slider.value) + 1;
            const drawn = new Promise((done) => {
                const watch = new MutationObserver(() => (watch.disconnect(), done()));
                watch.observe(svg, { attributes: true, attributeFilter: ["data-state"] });
            });
            slider.dispatchEvent(new Event("input"));
            await drawn;
            taken.push(performance.now() - began);
        }
        return taken;
    }""")
    assert np.median(taken) < 1000  # no measurement: beside other work it is some 200 ms


def test_a_thousand_inputs_leave_nothing_behind(board: Callable[..., Any]) -> None:
    """Any control, anywhere; in 10,000 inputs the memory grew by 1 %."""
    tab = board("width=10")
    memory = tab.context.new_cdp_session(tab)

    def used(times: int) -> float:
        tab.evaluate(
            """async (times) => {
                const inputs = document.querySelectorAll(".play-side input[type=range]");
                for (let k = 0; k < times; k++) {
                    const input = inputs[k % inputs.length];
                    if (input.name === "depth" || input.name === "width") continue;
                    const share = ((k * 2654435761) % 4294967296) / 4294967296;
                    input.value = Math.floor(share * Number(input.max));
                    input.dispatchEvent(new Event("input"));
                    await new Promise((done) => setTimeout(done, 2));
                }
            }""",
            times,
        )
        tab.wait_for_timeout(1000)
        memory.send("HeapProfiler.collectGarbage")
        found: float = memory.send("Runtime.getHeapUsage")["usedSize"]
        return found

    before = used(300)
    assert used(1000) < 1.2 * before


def test_a_diverging_run_says_so(board: Callable[..., Any]) -> None:
    tab = board("rate=1&seed=1&start=wild&steps=2000")
    text = tab.locator(".play-status").inner_text()
    diverged = "diverged" in tab.locator(".play-numbers").inner_text()
    assert ("diverged" in text) == diverged


def test_rewind_goes_back_to_the_same_first_weights(board: Callable[..., Any]) -> None:
    tab = board("steps=100")
    path = tab.locator("#play-curves .network")
    end = path.get_attribute("d")
    tab.get_by_role("button", name="Rewind").click()
    born = path.get_attribute("d")
    assert born != end
    tab.get_by_role("button", name="Train", exact=True).click()
    tab.wait_for_function(DONE, arg="steps=100")
    assert path.get_attribute("d") == end
    tab.get_by_role("button", name="Rewind").click()
    assert path.get_attribute("d") == born


def test_slow_motion_ends_where_training_does_and_can_be_paused(board: Callable[..., Any]) -> None:
    tab = board("depth=2&steps=1200&width=20")
    path, steps = tab.locator("#play-curves .network"), tab.locator(".play-numbers dd").first
    end = path.get_attribute("d")
    tab.get_by_role("button", name="Slow motion").click()
    tab.wait_for_function("() => document.querySelector('#play-curves').dataset.steps > 20")
    tab.get_by_role("button", name="Pause").click()
    tab.wait_for_timeout(200)
    paused = steps.inner_text()
    tab.wait_for_timeout(200)
    assert steps.inner_text() == paused != "1,200"
    tab.get_by_role("button", name="Go on").click()
    tab.wait_for_function("() => document.querySelector('#play-curves').dataset.steps === '1200'")
    assert path.get_attribute("d") == end
    tab.emulate_media(reduced_motion="reduce")
    tab.get_by_role("button", name="Slow motion").wait_for(state="hidden")


def test_joining_the_dots_follows_all_of_the_noise(board: Callable[..., Any]) -> None:
    tab = board("depth=0&points=1,2;3,4;3,6;9,1;4,4.5&steps=40")
    tab.get_by_text("The picture as tables").click()
    row = tab.locator(".play-tables tbody tr", has_text="join the dots").locator("td")
    # At a place with two points, no curve visits both.
    assert float(row.nth(0).inner_text()) == pytest.approx(4 / 5, abs=1e-3)
    tab = board("depth=0&steps=40")
    row = tab.locator(".play-tables tbody tr", has_text="join the dots").locator("td")
    tab.get_by_text("The picture as tables").click()
    row.first.wait_for()
    assert [float(cell) for cell in row.all_inner_texts()[::2]] == [0, 1]


def test_sixteen_seeds_share_the_points(board: Callable[..., Any]) -> None:
    tab = board("depth=2&fan=1&steps=100&width=20")
    tab.get_by_text("With 16 other seeds").wait_for()
    assert tab.locator("#play-curves .fan").get_attribute("d").count("M") == 16


def test_a_hostile_address_is_answered_with_words(board: Callable[..., Any]) -> None:
    tab = board("steps=4e9&depth=-1&width=x", wanted="depth=0&steps=20000")
    assert "steps cannot be “4e9”: it is 20000." in tab.locator(".play-status").inner_text()
    tab.evaluate("location.hash = '#noise=1&steps=40'")
    tab.wait_for_function(DONE, arg="noise=1&steps=40")
    assert tab.locator(".play-notice").inner_text() == ""


AXE_STATES = ["depth=2&fan=1&truth=wave:4&width=10", "points=1,2;3,4;5,1&start=wild", "rate=1"]


@pytest.mark.parametrize("fragment", AXE_STATES)
def test_axe_finds_nothing_in_states(
    board: Callable[..., Any],
    axe: str,
    find_violations: Callable[..., list[str]],
    fragment: str,
) -> None:
    tab = board(fragment)
    tab.evaluate("document.querySelectorAll('.play details').forEach(d => { d.open = true })")
    tab.get_by_role("button", name="Copy as Python").click()
    assert find_violations(tab, axe, ".play") == []


@pytest.fixture
def narrow(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True)
    yield context.new_page()
    context.close()


def test_a_finger_chooses_a_point_and_then_moves_it(narrow: Any, address: str) -> None:
    """On a narrow phone. A finger that scrolls the page begins on some point, too."""
    narrow.goto(f"{address}play.html#depth=1&n=4&steps=40&width=5")
    narrow.wait_for_function(DONE, arg="depth=1&n=4&steps=40&width=5")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 320
    dot = narrow.locator("#play-curves .points circle").first
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = narrow.context.new_cdp_session(narrow)

    def swipe(*ways: int) -> None:
        for way in ways:
            kind = "touchMove" if way else "touchStart"
            where = [{"x": x, "y": y - way}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(0)
    narrow.wait_for_function(
        "() => document.querySelector('#play-curves .chosen').getAttribute('visibility')"
        " === 'visible'"
    )
    narrow.wait_for_timeout(500)
    assert "points=" not in narrow.evaluate("location.hash")
    swipe(0, 20, 40)
    narrow.wait_for_function("() => location.hash.includes('points=')")
    assert "yours now" in narrow.locator(".play-status").inner_text()
    narrow.get_by_role("button", name="Drawn points again").click()
    narrow.wait_for_function("() => !location.hash.includes('points=')")


def test_a_swipe_on_the_picture_scrolls_the_page(narrow: Any, address: str) -> None:
    narrow.goto(f"{address}play.html#depth=1&n=4&steps=40&width=5")
    narrow.wait_for_function(DONE, arg="depth=1&n=4&steps=40&width=5")
    box = narrow.locator("#play-curves .points circle").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = narrow.context.new_cdp_session(narrow)
    for way in range(0, 160, 20):
        kind = "touchMove" if way else "touchStart"
        where = [{"x": x, "y": y - way}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    narrow.wait_for_function("() => scrollY > 0")
    narrow.wait_for_timeout(500)
    assert "points=" not in narrow.evaluate("location.hash")


def test_the_wild_curve_is_shown_before_it_is_trained(board: Callable[..., Any]) -> None:
    tab = board("n=20&steps=40&width=20")
    tab.get_by_label("start from the wild curve").check()
    tab.wait_for_function(
        "() => document.querySelector('#play-curves').dataset.steps === '0' &&"
        " document.querySelector('.play-status').innerText.includes('set by hand')"
    )
    assert tab.locator("#play-plane .dot").get_attribute("d") == ""
    tab.get_by_role("button", name="Train", exact=True).click()
    tab.wait_for_function(DONE, arg="n=20&start=wild&steps=40&width=20")


def test_own_points_have_no_noise_to_change(board: Callable[..., Any]) -> None:
    tab = board("depth=1&points=1,2;3,4;5,9&steps=40&width=5")
    assert tab.get_by_role("button", name="Noise + 0.0001").is_disabled()
    assert tab.get_by_label("Noise", exact=True).is_disabled()


def test_it_runs_from_a_folder(site: Any, tab: Any, record: Any) -> None:
    with record(tab) as visited:
        tab.goto((site.root / "play.html").as_uri() + "#steps=40")
        tab.wait_for_function(DONE, arg="steps=40")
    assert tab.locator(".play").get_attribute("data-engine") == "wasm"
    assert [error for error in visited.console_errors if "/play/" in error] == []


def test_without_scripts_there_is_a_figure_and_a_sentence(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}play.html")
    assert tab.locator(".play figure.twins img.only-light").is_visible()
    assert "Without JavaScript" in tab.locator(".play").inner_text()
    context.close()


def test_its_scripts_are_small(site: Any) -> None:
    """As they are sent, compressed."""
    names = ("engine", "page")
    sizes = [len(gzip.compress((site.root / f"_static/play/{n}.js").read_bytes())) for n in names]
    assert sum(sizes) <= 40 * 1024


def test_a_page_has_a_small_board_when_asked(tab: Any, address: str, site: Any) -> None:
    page = "auto_examples/1_story/plot_2_do_parameters_chase_noise.html"
    assert site.tree(page).select_one(".play-here a")["href"] == "../../play.html#start=wild"
    tab.goto(address + page)
    assert not tab.evaluate("'playTrainer' in window")
    tab.get_by_role("button", name="Play here").click()
    tab.wait_for_function(DONE, arg="start=wild")
    tab.get_by_label("Noise", exact=True).press("ArrowRight")
    tab.wait_for_function(DONE, arg="noise=2.1&start=wild")
    assert "#" not in tab.url
    tab.wait_for_function("() => document.querySelector('.play a').href.includes('noise=2.1')")
