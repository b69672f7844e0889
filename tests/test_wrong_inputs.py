"""Whoever calls the package wrongly is told which argument, which rule and which value.

Each public function gets, one argument at a time, values that cannot be meant: of other types and
shapes, undefined, infinite, masked, huge, negative, empty. None may pass in silence, warn, crash
or hang, and each error has the name of the argument.
"""

import random
import re
import warnings

import numpy as np
import pytest

from overfit_tutorial import (
    curvature,
    data,
    ensembles,
    interpolants,
    ladder,
    linear,
    networks,
    shaking,
    statistics,
    streams,
    sweeps,
    training,
)
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies import held_out, interpolation, keeping, minima, poison, recipe, wild
from overfit_tutorial.weights import directions, dots, paths, symmetries, tangents

SEED, N_DRAWS = 20261126, 15
NAN, INF = float("nan"), float("inf")
LINE, POINTS = data.TRUE_LINE, data.sample_noisy(n_samples=40, seed=0)
PAIRS, OF_PAIRS = np.stack([POINTS.x, POINTS.y], axis=1), {"recipe": Recipe(n_inputs=2), "seed": 0}
NET = [np.ones((1, 3)), np.zeros(3), np.ones((3, 1)), np.zeros(1)]

# -- Values that cannot be meant, by what is asked for -------------------------------------------

NO_NUMBERS = [None, "3", "", b"1", 1j, [], {}, object, np.array([1.0, 2.0]), "x" * 50]
WRONG = {
    "count": [*NO_NUMBERS, 0, -1, 1.5, 2.0, NAN, INF, True, np.float64(3), -(10**30)],
    "number": [*NO_NUMBERS, NAN, INF, -INF, True],
    "positive": [*NO_NUMBERS, NAN, INF, 0, 0.0, -1, -1e-300, True],
    "not negative": [*NO_NUMBERS, NAN, INF, -1, -1e-300, True],
    "fraction": [*NO_NUMBERS, NAN, INF, 0, 1, -0.5, 1.5, True],
    "seed": [None, "0", 1.0, NAN, -1, True, np.array(5), np.random.default_rng(0), {}],
    "vector": [
        *(None, "abc", 3.0, [], [[1.0], [2.0, 3.0]], ["a", "b"], [1j], np.zeros((2, 3, 4))),
        *(np.full(40, NAN), np.full(40, INF), np.array([object()] * 40), np.zeros(0)),
        np.ma.masked_array(np.arange(40.0), mask=np.arange(40) == 3),
    ],
    "sample": [None, "abc", 3.0, [], [[1.0], [2.0, 3.0]], ["a"], [1j], np.full(40, NAN)],
    "many weights": [None, 3, "abc", [], [np.array([NAN])], [np.array([["a"]])]],
    "callable": [None, 3, "sin", [], np.zeros(3)],
    "flags": [None, "abc", [], [1.0, 2.0], np.zeros((2, 2), bool), np.array([1, 0, 1])],
    "weights": [
        *(None, 3, "abc", [], [np.ones((1, 1))], [np.ones((2, 3)), np.zeros(3)]),
        *([np.ones((1, 1)), np.array([NAN])], [np.array([["a"]]), np.zeros(1)]),
        [np.ones((1, 3)), np.zeros(2), np.ones((3, 1)), np.zeros(1)],
    ],
    "recipe": [None, "story", 3, {}, Recipe],
    "widths": [None, 3, "abc", (0,), (1.5,), (-1,), (True,), ((3,),)],
    "grid": [None, 3, "abc", [], {"a": []}, {"a": 3}, {"a": "text"}, {1: [2]}, [3]],
    "operator": [None, 3, "abc", [], np.zeros((2, 3)), np.array([[NAN]]), np.array([["a"]])],
}


# -- Functions, with one call that is right ------------------------------------------------------


def study(*, seeds, power=1):
    return {"value": [power] * len(seeds)}


SMALL = {"seeds": [0]}
CALLS = [
    (data.sample_noisy, {"truth": LINE, "n_samples": 3, "seed": 0, "noise_std": 1.0}, {}),
    (data.sample_noisy_many, {"n_members": 2, "n_samples": 3, "seed": 0}, {}),
    (data.excess_risk, {"predict": LINE, "truth": LINE, "n_points": 5}, {}),
    (linear.fit_line, {"x": POINTS.x, "y": POINTS.y}, {}),
    (linear.expected_excess_risk, {"x": POINTS.x, "noise_std": 1.0}, {}),
    (ladder.rungs, {"n_samples": 100, "noise_std": 2.0}, {}),
    (
        shaking.added_noise_followed,
        {"fit": lambda y: y, "y": POINTS.y, "size": 1.0, "seed": 0},
        {},
    ),
    (statistics.bootstrap_interval, {"values": POINTS.y, "seed": 0, "confidence": 0.9}, {}),
    (statistics.quantile_interval, {"values": POINTS.y, "q": 0.5, "confidence": 0.9}, {}),
    (statistics.ratio_interval, {"numerator": POINTS.x, "denominator": POINTS.x, "seed": 0}, {}),
    (statistics.share_interval, {"outcomes": [True, False], "confidence": 0.9}, {}),
    (statistics.ks_distance_bound, {"first": POINTS.x, "second": POINTS.y}, {}),
    (statistics.kendall_interval, {"first": POINTS.x, "second": POINTS.y, "seed": 0}, {}),
    (streams.split_seeds, {"seeds": [0], "n_streams": 2}, {"seeds": None}),
    (curvature.largest_eigenvalue, {"operator": np.eye(2), "seed": 0, "rtol": 1e-3}, {}),
    (curvature.estimate_trace, {"operator": np.eye(2), "seed": 0, "n_probes": 3}, {}),
    (ensembles.fit_ensemble, {"x": POINTS.x, "y": POINTS.y, "seed": 0, "n_members": 2}, {}),
    (training.fit_network, {"x": POINTS.x, "y": POINTS.y, "recipe": Recipe(), "seed": 0}, {}),
    (ensembles.fit_ensemble, {"x": PAIRS, "y": POINTS.y, "n_members": 2}, OF_PAIRS),
    (training.fit_network, {"x": PAIRS, "y": POINTS.y}, OF_PAIRS),
    (networks.build_mlp, {"hidden_widths": (2,), "seed": 0}, {}),
    (dots.join_the_dots, {"x": POINTS.x, "y": POINTS.y, "hidden_widths": (40,)}, {}),
    (dots.join_from_the_middle, {"x": POINTS.x, "y": POINTS.y}, {}),
    (interpolants.join_the_dots, {"x": POINTS.x, "y": POINTS.y}, {}),
    (interpolants.least_norm, {"x": POINTS.x, "y": POINTS.y}, {}),
    (interpolants.natural_spline, {"x": POINTS.x, "y": POINTS.y}, {}),
    (symmetries.flatten, {"weights": NET, "x": POINTS.x}, {}),
    (tangents.tangent_kernel, {"weights": NET, "x": POINTS.x}, {}),
    (PiecewiseLinear.from_weights, {"weights": NET}, {}),
    (directions.random_direction, {"weights": NET, "seed": 0}, {}),
    (paths.line_path, {"weights_a": NET, "weights_b": NET}, {"ts": [0.5]}),
    (keeping.sharpness, {"weights": NET, "x": POINTS.x}, {}),
    (keeping.least_sharpness, {"weights": NET, "x": POINTS.x}, {}),
    (
        recipe.judge_recipe,
        {"center": 0.0, "unit": 1.0, "n_samples": 12, "noise_std": 1.0, "wave_height": 1.0},
        SMALL,
    ),
    (held_out.compare_held_out, {"recipe": Recipe(), "n_train": 5, "few": 2, "many": 4}, SMALL),
    (held_out.shake_points, {"size": 1.0, "n_train": 5}, SMALL),
    (wild.train_from_the_dots, {"n_samples": 12}, {**SMALL, "start": "by hand"}),
    (
        interpolation.judge_curve,
        {"n_samples": 12, "center": 0.0, "noise_std": 1.0},
        {**SMALL, "curve": "join the dots"},
    ),
    (minima.find_minima, {"n_members": 1, "seed": 0, "offset": 4.0}, {}),
    (poison.poison_between, {"x": POINTS.x, "y": POINTS.y, "offset": 4.0, "seed": 0}, {}),
    (sweeps.run_sweep, {"function": study, "grid": {"power": [1]}, "seed": 0, "n_seeds": 1}, {}),
]
KINDS = {
    **dict.fromkeys(["n_samples", "n_members", "n_points", "n_probes", "n_streams"], "count"),
    **dict.fromkeys(["n_train", "few", "many", "n_seeds"], "count"),
    **dict.fromkeys(["x", "y", "values", "first", "second"], "vector"),
    **dict.fromkeys(["numerator", "denominator"], "vector"),
    **dict.fromkeys(["truth", "predict", "fit", "function"], "callable"),
    **dict.fromkeys(["weights", "weights_a", "weights_b"], "weights"),
    **dict.fromkeys(["confidence", "q"], "fraction"),
    **dict.fromkeys(["size", "unit", "rtol"], "positive"),
    "noise_std": "not negative",
    **dict.fromkeys(["center", "wave_height"], "number"),
    "offset": "number",
    "seed": "seed",
    "hidden_widths": "widths",
    "recipe": "recipe",
    "outcomes": "flags",
    "grid": "grid",
    "operator": "operator",
    "seeds": "seed",
}
# Those that take more: infinite values, and networks with several inputs.
MORE = {
    (statistics.quantile_interval, "values"): "sample",
    (statistics.ks_distance_bound, "first"): "sample",
    (statistics.ks_distance_bound, "second"): "sample",
    (directions.random_direction, "weights"): "many weights",
}


def wrong(function, name):
    """Return values that cannot be meant for an argument."""
    values = WRONG[MORE.get((function, name), KINDS[name])]
    dice = random.Random(f"{SEED} {function.__qualname__} {name}")
    return dice.sample(values, min(N_DRAWS, len(values)))


CASES = [
    pytest.param(function, right, fixed, name, id=f"{function.__qualname__}-{name}")
    for function, right, fixed in CALLS
    for name in right
    if name in KINDS
]


@pytest.mark.parametrize(("function", "right", "fixed", "name"), CASES)
def test_a_wrong_argument_is_named(function, right, fixed, name, tmp_path, monkeypatch):
    monkeypatch.setenv("OVERFIT_TUTORIAL_STORE", str(tmp_path))
    silent = []
    for value in wrong(function, name):
        print(f"seed {SEED}: {function.__qualname__}({name}={value!r})")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                function(**(fixed | right | {name: value}))
        except (TypeError, ValueError) as error:
            told = str(error)
            if not re.search(rf"\b{name}?\b", told) or not re.search(r"must|got", told):
                silent.append(f"{value!r} said {type(error).__name__}: {told}")
        except Exception as error:
            silent.append(f"{value!r} raised {type(error).__name__}: {error}")
        else:
            silent.append(f"{value!r} passed")
    assert silent == []


def test_the_calls_are_right_where_nothing_is_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("OVERFIT_TUTORIAL_STORE", str(tmp_path))
    slow = {training.fit_network, minima.find_minima, *(f for f, _, x in CALLS if "seeds" in x)}
    for function, right, fixed in CALLS:
        if function not in slow | {streams.split_seeds}:
            function(**(fixed | right))


def test_a_thousand_calls_are_wrong():
    assert sum(len(wrong(case.values[0], case.values[3])) for case in CASES) >= 1000
