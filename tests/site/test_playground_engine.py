"""The playground trains what the package trains, bit for bit, in Node and in a browser."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import playground
import pytest

from overfit_tutorial import data, draws, linear
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.training import Fit, fit_network
from overfit_tutorial.weights.dots import join_the_dots

SCRIPT = Path(__file__).with_name("playground_engine.js")
SCRIPTS = Path(playground.__file__).parents[1] / "_static" / "play"
STORY = {"n": 100, "noise": 2, "width": 100, "depth": 5, "steps": 800, "batch": 32, "rate": 0.01}
STORY |= {"seed": 0, "center": 0, "biasStd": 0, "start": "born", "truth": {"kind": "line"}}
ROUNDING = 1e-12  # of sums of some hundred numbers in double precision, in another order

State = dict[str, Any]


# -- What a state means, by the package ----------------------------------------------------


def seed_of(text: Any) -> np.random.SeedSequence:
    entropy, *path = map(int, str(text).split("/"))
    return np.random.SeedSequence(entropy, spawn_key=tuple(path))


def truth_of(truth: State) -> Callable[[Any], Any]:
    match truth:
        case {"kind": "wave", "height": height}:
            return lambda x: data.TRUE_LINE(x) + height * np.sin(2 * np.pi * x / 20)
        case {"kind": "step", "height": height}:
            return lambda x: np.where(x < 10, 10 - height / 2, 10 + height / 2)
        case {"kind": "drawn", "values": values}:
            return lambda x: np.interp(x, np.linspace(0, 20, len(values)), values)
    return data.TRUE_LINE


def points_of(state: State) -> tuple[Any, Any]:
    if "points" in state:
        return tuple(np.array(state["points"], dtype=float).T)
    found = data.sample_noisy(
        truth_of(state["truth"]),
        state["n"],
        seed=seed_of(state.get("pointsSeed", state["seed"])),
        noise_std=state["noise"],
    )
    return found.x, found.y


def fit_of(state: State) -> Fit:
    """Return the network of a state, as someone would train it with the package."""
    x, y = points_of(state)
    batch_size = min(state["batch"], len(x)) or None
    steps_per_epoch = -(-len(x) // batch_size) if batch_size else 1
    recipe = Recipe(
        hidden_widths=(state["width"],) * state["depth"],
        batch_size=batch_size,
        epochs=max(1, int(state["steps"] / steps_per_epoch + 0.5)),
        learning_rate=state["rate"],
        bias_std=state["biasStd"],
    )
    wild = None
    if state["start"] == "wild":
        wild = join_the_dots(x - state["center"], y, hidden_widths=recipe.hidden_widths)
    scaling = Scaling(x_mean=state["center"], x_std=1.0, y_mean=0.0, y_std=1.0)
    seed = seed_of(state["seed"])
    return fit_network(x, y, recipe, seed=seed, scaling=scaling, initial_weights=wild)


def random_state(seed: int) -> State:
    """Return a state with everything that one can set on the page set somehow."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(3, 60))
    truths = [
        {"kind": "line"},
        {"kind": "wave", "height": round(generator.uniform(-6, 6), 2)},
        {"kind": "step", "height": round(generator.uniform(-6, 6), 2)},
        {"kind": "drawn", "values": generator.uniform(0, 20, 9).round(1).tolist()},
    ]
    state = STORY | {
        "seed": [seed, f"{seed}/3", f"{seed}/1000/2", 2**53 - 1 - seed][seed % 4],
        "n": n,
        "noise": round(float(generator.uniform(0.1, 4)), 4),
        "truth": truths[seed // 2 % 4],
        "width": int(generator.integers(1, 40)),
        "depth": int(generator.integers(0, 7)),
        "steps": int(generator.integers(1, 300)),
        "batch": int(generator.choice([0, generator.integers(1, n), 200])),
        "rate": float(10 ** generator.uniform(-4, -1.5)),
        "center": float(generator.choice([0, 10])),
        "biasStd": float(generator.choice([0, 0.5])),
    }
    if seed % 5 == 0:
        state |= {"start": "wild", "width": n, "depth": max(state["depth"], 1), "rate": 1e-5}
    if seed % 7 == 0:
        state["points"] = generator.uniform(0, 20, (n, 2)).round(2).tolist()
    if seed % 3 == 0:
        state["pointsSeed"] = f"{seed}/1000"
    return state


STORIES = [STORY | {"seed": seed} for seed in range(20)]
RANDOM = [random_state(seed) for seed in range(20)]


@pytest.fixture(scope="module")
def fits() -> list[Fit]:
    return [fit_of(state) for state in STORIES + RANDOM]


# -- What the playground makes of it -------------------------------------------------------


def numbers(text: str, kind: str = "f8") -> Any:
    return np.frombuffer(base64.b64decode(text), kind)


@pytest.fixture(scope="module")
def engine() -> str:
    return playground.engine(SCRIPTS)


@pytest.fixture(scope="module")
def in_node(node: str, engine: str) -> Callable[..., dict[str, Any]]:
    def ask(*orders: Any, calls: Any = (), is_plain: bool = False) -> dict[str, Any]:
        asked = {"engine": engine, "orders": orders, "calls": calls, "isPlain": is_plain}
        done = subprocess.run(
            [node, str(SCRIPT)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        found["sent"] = [message for message in found["sent"] if message["kind"] != "asked"]
        return found

    return ask


def ends(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in sent if message["kind"] == "end"]


def find_differences(fits: list[Fit], sent: list[dict[str, Any]]) -> list[str]:
    """Return the networks of which any bit is another."""
    problems = []
    for k, (fit, end) in enumerate(zip(fits, ends(sent), strict=True)):
        if fit.diverged or end["diverged"]:
            problems += [f"divergence of network {k}"] if fit.diverged != end["diverged"] else []
            continue
        pairs = zip(fit.weights, end["weights"], strict=True)
        if any(weight.tobytes() != base64.b64decode(text) for weight, text in pairs):
            problems.append(f"weights of network {k}")
    return problems


@pytest.fixture(scope="module")
def by_webassembly(in_node: Callable[..., Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = in_node({"states": STORIES + RANDOM, "weights": True})["sent"]
    return sent


def test_webassembly_trains_the_same_bits(fits: list[Fit], by_webassembly: Any) -> None:
    assert by_webassembly[0]["engine"] == "wasm"
    assert find_differences(fits, by_webassembly) == []


def test_plain_javascript_trains_the_same_bits(
    fits: list[Fit], in_node: Callable[..., Any]
) -> None:
    states = [*STORIES[:2], *RANDOM]
    sent = in_node({"states": states, "weights": True}, is_plain=True)["sent"]
    assert sent[0]["engine"] == "plain"
    assert find_differences(fits[:2] + fits[20:], sent) == []


ASK = "(orders) => askAll(playTrainer, orders)"


def write_leaflet(folder: Path, engine: str, head: str = "") -> Path:
    """Write a page with the engine into a folder, and return its path."""
    (folder / "engine.js").write_text(engine, encoding="utf-8")
    path = folder / "page.html"
    path.write_text(f'<!doctype html>{head}<script src="engine.js"></script>', encoding="utf-8")
    return path


def open_leaflet(tab: Any, folder: Path, engine: str, head: str = "") -> Any:
    """Open a page of a folder: it may neither fetch a binary nor start a worker from a file."""
    tab.goto(write_leaflet(folder, engine, head).as_uri())
    tab.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    return tab


@pytest.fixture
def leaflet(tab: Any, tmp_path: Path, engine: str) -> Any:
    return open_leaflet(tab, tmp_path, engine)


@pytest.mark.parametrize(("allows", "expected"), [("'wasm-unsafe-eval'", "wasm"), ("", "plain")])
def test_where_a_page_forbids_webassembly_it_trains_without(
    allows: str, expected: str, tab: Any, tmp_path: Path, engine: str, fits: list[Fit]
) -> None:
    policy = f"script-src file: blob: 'unsafe-inline' {allows}; worker-src blob:"
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page = open_leaflet(tab, tmp_path, engine, head)
    told = json.loads(page.evaluate(ASK, [{"states": RANDOM[:2], "weights": True}]))
    assert [message["engine"] for message in told if message["kind"] == "ready"] == [expected]
    assert find_differences(fits[20:22], told) == []


@pytest.fixture(scope="module")
def in_firefox(node: str, tool: Callable[[str], Path]) -> Callable[..., Any]:
    tool("puppeteer-core/package.json")
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if firefox is None:
        pytest.skip("there is no Firefox on this machine")

    def ask(page: Path, *orders: Any) -> Any:
        done = subprocess.run(
            [node, str(SCRIPT.with_name("firefox.mjs")), firefox, str(page), str(SCRIPT)],
            input=json.dumps(orders),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


@pytest.mark.parametrize(
    ("allows", "expected", "first"), [("'wasm-unsafe-eval'", "wasm", 0), ("", "plain", 36)]
)
def test_firefox_trains_the_same_bits(
    allows: str, expected: str, first: int, in_firefox: Any, tmp_path: Path, engine: str, fits: Any
) -> None:
    policy = f"script-src file: blob: 'unsafe-inline' {allows}; worker-src blob:"
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    order = {"states": (STORIES + RANDOM)[first:], "weights": True}
    sent = in_firefox(write_leaflet(tmp_path, engine, head), order)
    assert [message["engine"] for message in sent if message["kind"] == "ready"] == [expected]
    assert find_differences(fits[first:], sent) == []


def test_a_browser_trains_the_same_bits_from_a_folder(leaflet: Any, fits: list[Fit]) -> None:
    sent = json.loads(leaflet.evaluate(ASK, [{"states": STORIES + RANDOM, "weights": True}]))
    assert sent[1]["engine"] == "wasm"
    assert find_differences(fits, sent) == []


# -- Points, curves and numbers ------------------------------------------------------------


def test_points_are_the_same_bits(in_node: Callable[..., Any]) -> None:
    calls = [["network", "pointsOf", state] for state in STORIES + RANDOM]
    answers = in_node(calls=calls)["answers"]
    for state, answer in zip(STORIES + RANDOM, answers, strict=True):
        x, y = points_of(state)
        assert (numbers(answer["x"]) == x).all()
        # NumPy has a sine of its own, and takes other steps between heights that one draws: some
        # roundings of numbers near twenty. Networks see single precision, where nothing is left.
        slack = 2e-14 if state["truth"]["kind"] in ("wave", "drawn") else 0
        np.testing.assert_allclose(numbers(answer["y"]), y, rtol=0, atol=slack)
        assert (numbers(answer["y"]).astype("f4") == y.astype("f4")).all()


def test_seeds_and_quantiles_are_the_same_bits_at_their_ends(in_node: Callable[..., Any]) -> None:
    seeds = [0, 1, 2**32 - 1, 2**32, 2**53 - 1, "0/0", "5/4294967295", "7/4294967294/1", "1/2/3/4"]
    u = [2.0**-53, 1e-12, 0.0749999, 0.075, 0.0750001, 0.3, 0.5, 0.925, 0.9250001, 1 - 2.0**-53]
    calls = [["draws", "numberOf", seed] for seed in seeds]
    calls += [["draws", "normalQuantile", place] for place in u]
    answers = in_node(calls=calls)["answers"]
    found = [high * 2**32 + low for high, low in answers[: len(seeds)]]
    assert found == [draws.number_of(seed_of(seed)) for seed in seeds]
    assert answers[len(seeds) :] == draws.normal_quantiles(u).tolist()


def test_the_curve_is_the_exact_one(fits: list[Fit], by_webassembly: Any) -> None:
    for fit, state, end in zip(fits, STORIES + RANDOM, ends(by_webassembly), strict=True):
        if fit.diverged:
            continue
        curve, center = PiecewiseLinear.from_weights(fit.weights), state["center"]
        knots = curve.knots + center
        inside = (knots > -1) & (knots < 21)
        first = (knots <= -1).sum()
        expected = {
            "knots": knots[inside],
            "values": curve.values[inside],
            "slopes": curve.slopes[first : first + inside.sum() + 1],
        }
        for name, values in expected.items():
            found = numbers(end["line"][name])
            np.testing.assert_allclose(found, values, rtol=ROUNDING, atol=1e-11, err_msg=name)
        x, y = points_of(state)
        truth = truth_of(state["truth"])

        def f(x: Any, curve: Any = curve, center: float = center) -> Any:
            return curve(x - center)

        numbers_of_it = {
            "risk": data.excess_risk(f, truth),
            "followed": data.noise_followed(f, truth, x, y),
            "error": np.mean((f(x) - y) ** 2),
            "curvature": curve.total_curvature(-center, 20 - center),
        }
        for name, value in numbers_of_it.items():
            assert end[name] == pytest.approx(value, rel=1e-9, abs=1e-10), (name, state)


def random_weights(seed: int, *, biases: bool) -> list[Any]:
    generator = np.random.default_rng(seed)
    widths = [1, *generator.integers(1, 9, size=seed % 5), 1]
    weights: list[Any] = []
    for n_in, n_out in itertools.pairwise(widths):
        weights += [generator.normal(size=(n_in, n_out)), biases * generator.normal(size=n_out)]
    return weights


@pytest.mark.parametrize("biases", [False, True])
def test_the_curve_is_exact_on_the_whole_line(biases: bool, in_node: Callable[..., Any]) -> None:
    networks = [random_weights(seed, biases=biases) for seed in range(30)]
    calls = [
        ["lines", "polyline", [part.ravel().tolist() for part in weights], widths]
        for weights in networks
        for widths in [[1, *(len(bias) for bias in weights[1::2])]]
    ]
    lines = in_node(calls=calls)["answers"]
    places = np.linspace(-9, 9, 37)
    curves = [PiecewiseLinear.from_weights(weights) for weights in networks]
    for curve, line in zip(curves, lines, strict=True):
        for name in ("knots", "slopes", "values"):
            found = numbers(line[name])
            np.testing.assert_allclose(found, getattr(curve, name), rtol=1e-9, atol=ROUNDING)
    plain = [
        {name: numbers(line[name]).tolist() for name in ("knots", "slopes", "values")}
        | {"anchor": line["anchor"]}
        for line in lines
    ]
    asked = [["lines", "at", line, place] for line in plain for place in places]
    values = np.reshape(in_node(calls=asked)["answers"], (len(lines), -1))
    expected = [curve(places) for curve in curves]
    np.testing.assert_allclose(values, expected, rtol=ROUNDING, atol=ROUNDING)
    # Not all are trivial: without biases, all bend in one place.
    assert sum(curve.knots.size > (3 if biases else 0) for curve in curves) > 10


def test_the_wild_weights_and_the_straight_line_are_those_of_the_package(
    in_node: Callable[..., Any],
) -> None:
    x, y = points_of(STORY)
    asked = [x.tolist(), y.tolist()]
    calls = [["network", "joinTheDots", *asked, [100, 120]], ["network", "fitLine", *asked]]
    weights, line = in_node(calls=calls)["answers"]
    for found, part in zip(weights, join_the_dots(x, y, hidden_widths=(100, 120)), strict=True):
        assert (numbers(found) == part.ravel()).all()
    fitted = linear.fit_line(x, y)
    assert line["slope"] == pytest.approx(fitted.slope, rel=ROUNDING)
    assert line["intercept"] == pytest.approx(fitted.intercept, rel=ROUNDING)


# -- On the way ----------------------------------------------------------------------------


def test_frames_are_what_the_network_is_at_their_steps(in_node: Callable[..., Any]) -> None:
    sent = in_node({"states": [STORY], "every": 200})["sent"][1:]
    assert [(m["kind"], m["steps"]) for m in sent] == [
        ("frame", 200),
        ("frame", 400),
        ("frame", 600),
        ("end", 800),
    ]
    ended = in_node({"states": [STORY | {"steps": 200}]})["sent"][1]
    same = ("line", "risk", "followed", "error", "curvature")
    assert [sent[0][name] for name in same] == [ended[name] for name in same]
    assert sent[1]["line"] != sent[0]["line"]


def test_long_runs_show_themselves_in_between(in_node: Callable[..., Any]) -> None:
    sent = in_node({"states": [STORY | {"steps": 8000}], "show": 20})["sent"][1:]
    kinds = [message["kind"] for message in sent]
    assert kinds[-1] == "end"
    assert kinds.count("frame") >= 2
    steps = [message["steps"] for message in sent]
    assert steps == sorted(set(steps))
    assert steps[-1] == 8000


def test_a_new_order_ends_the_old_one_at_once(leaflet: Any) -> None:
    long, other = STORY | {"steps": 20_000}, STORY | {"steps": 100, "width": 5, "seed": 4}
    # The binary is there after the first; the second has run for longer than the third waits.
    orders = [{"states": [other]}, [{"states": [long]}, 250], {"states": [other]}]
    told = json.loads(leaflet.evaluate(ASK, orders))
    assert [message["kind"] for message in told] == [
        "asked",
        "ready",
        "end",
        *["asked"] * 2,
        "end",
    ]
    assert told[-1]["line"] == told[2]["line"]
    # The rest of the second would take far longer.
    assert told[-1]["at"] - told[-2]["at"] < 300


def test_of_orders_in_a_row_the_last_is_answered(in_node: Callable[..., Any]) -> None:
    """While one drags: each is of its own state, those that came too fast are left out."""
    states = [STORY | {"steps": 200, "noise": 2 + k / 100} for k in range(20)]
    orders = [[{"states": [state]}, 2] for state in states]
    sent = in_node({"states": [STORY]}, *orders, {"states": states[-1:]})["sent"]
    found = ends(sent)[1:]
    assert 1 < len(found) < 21
    assert len({end["id"] for end in found}) == len(found)
    alone = ends(in_node({"states": states[-1:]})["sent"])
    assert found[-1]["line"] == alone[0]["line"]


def test_what_is_held_waits_and_what_is_stopped_says_nothing_more(
    in_node: Callable[..., Any],
) -> None:
    slow = {"states": [STORY], "every": 8, "pause": 5}
    orders = [[slow, 300], [{"kind": "hold"}, 50], [{"kind": "hold"}, 200], [{"kind": "go"}, 150]]
    sent = in_node(*orders, [{"kind": "stop"}, 20], [{"kind": "go"}, 200])["sent"]
    gaps = np.diff([message["at"] for message in sent[1:]])
    assert gaps.max() > 150
    assert (gaps > 150).sum() == 1
    steps = [message["steps"] for message in sent[1:]]
    assert steps == list(range(8, 8 * len(steps) + 1, 8))
    assert steps[-1] < 800


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_run_that_diverges_says_so(is_plain: bool, in_node: Callable[..., Any]) -> None:
    lost, fine = STORY | {"rate": 1e30, "width": 10}, STORY | {"width": 10}
    first, second = ends(in_node({"states": [lost, fine]}, is_plain=is_plain)["sent"])
    assert (first["diverged"], first["line"], first["risk"]) == (True, None, None)
    assert first["steps"] < 800
    assert not second["diverged"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed must be whole numbers, joined by /, got -1"),
        ({"seed": "1/x"}, "seed must be whole numbers, joined by /, got 1/x"),
        ({"start": "wild", "width": 99}, "a wild start needs a unit for each point"),
        ({"start": "wild", "depth": 0}, "a wild start needs a unit for each point"),
        ({"start": "wild", "points": [[1, 2], [1, 3]]}, "a wild start needs a unit for each"),
    ],
)
def test_an_order_that_cannot_be_followed_fails_and_the_next_does_not(
    change: State, message: str, in_node: Callable[..., Any]
) -> None:
    wrong, fine = STORY | change, STORY | {"width": 10}
    sent = in_node({"states": [wrong]}, {"states": [fine]})["sent"][1:]
    assert [answer["kind"] for answer in sent] == ["failed", "end"]
    assert message in sent[0]["message"]


# -- The script ----------------------------------------------------------------------------


def test_the_engine_has_all_scripts_and_no_more_than_a_page_may_weigh(engine: str) -> None:
    names = {path.stem for path in SCRIPTS.glob("*.js")}
    assert {*playground.SHARED, *playground.WORKER, *playground.PAGE} <= names
    # Of 40 kB, which is what the page's scripts may weigh on their way, the rest is the page's.
    assert len(zlib.compress(engine.encode(), 9)) < 26_000
    assert not re.search(r"^\s*//(?! Made)", engine, flags=re.MULTILINE)


# -- Each check can fail -------------------------------------------------------------------


def test_the_networks_are_trained_and_differ(fits: list[Fit]) -> None:
    assert sum(fit.diverged for fit in fits) < 3
    assert len({fit.weights[0].tobytes() + fit.weights[-2].tobytes() for fit in fits}) == len(fits)


@pytest.mark.parametrize(
    "change",
    [
        {"noise": 2.0001},
        {"rate": 0.0100001},
        {"seed": 1},
        {"pointsSeed": 1},
        {"batch": 31},
        {"center": 1e-6},
        {"steps": 804},
        {"truth": {"kind": "wave", "height": 1e-5}},
    ],
)
def test_a_small_change_of_the_state_is_seen(
    change: State, fits: list[Fit], in_node: Callable[..., Any]
) -> None:
    sent = in_node({"states": [STORY | change], "weights": True})["sent"]
    assert find_differences(fits[:1], sent) == ["weights of network 0"]


def test_a_divergence_on_one_side_is_seen(fits: list[Fit]) -> None:
    assert find_differences(fits[:1], [{"kind": "end", "diverged": True}]) == [
        "divergence of network 0"
    ]
