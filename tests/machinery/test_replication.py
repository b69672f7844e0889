"""Pages run again with other seeds: every seed is another one, and each claim is counted."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from overfit_tutorial import _arguments, claims

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "replication.py"
_spec = importlib.util.spec_from_file_location("replication", SCRIPT)
replication = importlib.util.module_from_spec(_spec)
sys.modules["replication"] = replication
_spec.loader.exec_module(replication)

PAGE = """
import numpy as np
from overfit_tutorial import data, statistics
from overfit_tutorial.claims import claim, exact, measured, number, one_seed, timing

N_SEEDS, SEED, OTHER_SEED = 24, 3, 4
points = data.sample_noisy_many(N_SEEDS, seed=SEED)
errors = ((points.y - points.truth(points.x)) ** 2).mean(axis=1)
noise = statistics.quantile_interval(errors)
measured("variance", "It is {:.1f}.", noise.inside(2, 6))
"""


@pytest.fixture
def page(tmp_path):
    """Give a function that writes a page that goes on in some way."""

    def write(more, begin=PAGE):
        script = tmp_path / "plot_1_toy.py"
        script.write_text(begin + more, encoding="utf-8")
        return script

    return write


# -- Seeds ---------------------------------------------------------------------------------------


def shifted(code):
    return ast.unparse(replication._Shift(70_000).visit(ast.parse(code)))


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("SEED = 0", "SEED = 70000"),
        ("STOP_SEED = 51", "STOP_SEED = 70051"),
        ("N, SEED, N_SEEDS = (5, 1, 9)", "N, SEED, N_SEEDS = (5, 70001, 9)"),
        ("f(seed=2)", "f(seed=70002)"),
        ("a = {'seed': 2, 'n': 3}", "a = {'seed': 70002, 'n': 3}"),
        ("np.random.default_rng(0)", "np.random.default_rng(70000)"),
        ("keras.utils.set_random_seed(0)", "keras.utils.set_random_seed(70000)"),
    ],
)
def test_a_seed_that_a_page_names_is_shifted(code, other):
    assert shifted(code) == other


@pytest.mark.parametrize(
    "code",
    ["N_SEEDS = 20", "f(seeds=3)", "f(seed=SEED + 1)", "f(seed=one)", "f(0)", "a = {'n': 3}"],
)
def test_nothing_else_is_shifted(code):
    assert shifted(code) == code


@pytest.mark.parametrize("code", ["SEED = 10000", "f(seed=123456)"])
def test_two_draws_cannot_meet(code):
    with pytest.raises(ValueError, match=r"a page's seed must be below 10,000, got 1\d+"):
        shifted(code)


SEEDED = {
    "the package's": "data.sample_noisy(seed={})",
    "of a child": "data.sample_noisy(seed=np.random.SeedSequence([{}], spawn_key=(1,)))",
    "of a list": "data.sample_noisy_many(2, seed=[{}, {}])",
    "NumPy's": "np.random.default_rng({})",
    "NumPy's, of a list": "np.random.default_rng([{}, 5])",
    "Keras'": "import keras; keras.utils.set_random_seed({})",
    "TensorFlow's": "import tensorflow as tf; tf.random.set_seed({})",
    "of batches": "import tensorflow as tf; tf.data.Dataset.range(3).shuffle(3, seed={})",
}


@pytest.mark.parametrize("call", SEEDED.values(), ids=SEEDED)
def test_a_seed_that_is_the_same_in_every_draw_is_found_out(page, call):
    hidden = page(f"hidden = 3\n{call.replace('{}', 'hidden')}\n")
    found = replication.run_draw(hidden, 2)
    assert found.stopped.endswith("the same in every draw")
    assert "StaleSeedError" in found.stopped
    assert replication.run_draw(page(call.replace("{}", "SEED")), 2).stopped is None


def test_what_watches_the_seeds_is_gone_afterwards(page):
    before = _arguments.check_seed, np.random.default_rng, claims.claim
    replication.run_draw(page(""), 1)
    assert before == (_arguments.check_seed, np.random.default_rng, claims.claim)


def test_a_draw_has_other_points_and_is_the_same_again(page):
    first, again, other = (replication.run_draw(page(""), k).distances for k in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_page_prints_nothing_and_leaves_nothing(page, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    script = page("print('words')\nwith open('left', 'w') as left:\n    left.write('something')\n")
    assert replication.run_draw(script, 1).stopped is None
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [script]


def test_draws_begin_at_one(page):
    with pytest.raises(ValueError, match="draw must be at least 1, got 0"):
        replication.run_draw(page(""), 0)


# -- Claims --------------------------------------------------------------------------------------


def test_a_claim_that_fails_is_counted_and_the_page_goes_on(page):
    script = page(
        'measured("low", "It is {:.1f}.", noise.above(9))\n'
        'exact("sum", "It is {}.", number(1 + 1).equal_to(2))\n'
        'timing("late", "It is {}.", number(1).above(2))\n'
        'one_seed("bad", "It is {}.", number(1).equal_to(1), other=float("nan"))\n'
    )
    found = replication.replicate(script, 3)
    assert found["draws"] == 3
    assert found["stopped"] == {}
    told = {name: (c["kind"], c["held"], c["reached"]) for name, c in found["claims"].items()}
    assert told == {
        "variance": ("measured", 3, 3),
        "low": ("measured", 0, 3),
        "sum": ("exact", 3, 3),
        "late": ("timing", 0, 3),
        "bad": ("one seed", 0, 3),
    }
    assert found["claims"]["sum"]["distances"] == [None] * 3


def test_a_distance_is_counted_in_half_widths_and_below_zero_where_a_claim_fails(page):
    script = page(
        "known = statistics.Interval(value=2.0, low=1.5, high=2.5, confidence=0.99, n=24)\n"
        'measured("held", "", known.below(7))\n'
        'measured("failed", "", known.above(3))\n'
        'measured("nearest", "", known.below(7), other=known.above(1.25))\n'
    )
    found = replication.run_draw(script, 1)
    assert found.distances["held"] == 9
    assert found.distances["failed"] == -3
    assert found.distances["nearest"] == 0.5


def test_a_claim_that_one_seed_makes_true_is_found_out(page):
    """It holds with the page's own seed, for which it was made."""
    script = page(
        "story = data.sample_noisy(seed=0).y[:1]\n"
        'claim("lucky", "It is {:.3f}.", value=story[0], holds=round(story[0], 3) == WHAT)\n'
    )
    from overfit_tutorial import data

    known = round(data.sample_noisy(seed=0).y[0], 3)
    script.write_text(script.read_text("utf-8").replace("WHAT", str(known)), encoding="utf-8")
    subprocess.run([sys.executable, str(script)], check=True, cwd=ROOT, capture_output=True)
    assert replication.replicate(script, 3)["claims"]["lucky"]["held"] == 0


def test_a_page_that_stops_says_where_and_what_it_did_not_reach(page):
    script = page('assert SEED < 20_000, "luck"\nexact("sum", "", number(2).equal_to(2))\n')
    found = replication.replicate(script, 3)
    why = 'line 11, assert SEED < 20_000, "luck": AssertionError: luck'
    assert found["stopped"] == {"2": why, "3": why}
    assert found["claims"]["variance"]["reached"] == 3
    told = found["claims"]["sum"]
    assert (told["kind"], told["held"], told["reached"]) == ("exact", 1, 1)
    printed = "\n".join(replication.report_page("toy", found))
    assert "stopped in draw 2: line 11" in printed
    assert "! 1 of 3  sum (exact, not reached in 2)" in printed


# -- Results -------------------------------------------------------------------------------------


def test_what_is_known_of_other_pages_stays(page, tmp_path, monkeypatch):
    script, output = page(""), tmp_path / "known.json"
    output.write_text(json.dumps({"other": {"claims": {}}}), encoding="utf-8")
    monkeypatch.setattr(replication, "pages", lambda words: {"toy": script})
    monkeypatch.setattr(sys, "argv", ["replication", "2", "toy", "--output", str(output)])
    monkeypatch.setenv("MPLBACKEND", "Agg")
    replication.main()
    known = json.loads(output.read_text("utf-8"))
    assert known["other"] == {"claims": {}}
    assert known["toy"]["claims"]["variance"]["held"] == 2


def test_pages_are_found_by_parts_of_their_names():
    assert list(replication.pages(["1_story/plot_1"])) == [
        "1_story/plot_1_how_wrong_can_a_curve_be"
    ]
    assert len(replication.pages([])) == len(list(replication.EXAMPLES.glob("*/plot_*.py")))
    with pytest.raises(ValueError, match=r"pages must be parts of their names, got \['nowhere'\]"):
        replication.pages(["nowhere"])


def test_seeds_of_every_page_can_be_shifted():
    for script in replication.pages([]).values():
        tree = ast.parse(script.read_text("utf-8"))
        assert replication.stated_claims(tree)
        replication._Shift(replication.STRIDE).visit(tree)
