"""The answers of the exercises are what a reader finds who makes the change."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.build

EXAMPLES = Path(__file__).parents[2] / "examples"
STORY = EXAMPLES / "1_story"
LADDER = STORY / "plot_1_how_wrong_can_a_curve_be.py"
NOISE = STORY / "plot_2_do_parameters_chase_noise.py"
COMPARED = STORY / "plot_3_compared_with_what.py"
CURVED = EXAMPLES / "5_variants" / "plot_1_what_if_the_truth_curves.py"
LUCK = EXAMPLES / "2_is_it_true" / "plot_1_was_it_luck.py"
LONGER = EXAMPLES / "2_is_it_true" / "plot_2_what_if_we_keep_training.py"
INGREDIENT = EXAMPLES / "2_is_it_true" / "plot_4_which_ingredient.py"
KNOWN = EXAMPLES / "2_is_it_true" / "plot_5_could_i_have_known.py"
LANDSCAPE = EXAMPLES / "3_loss_landscape"
BAD = LANDSCAPE / "plot_1_are_bad_minima_sharper.py"
CURVATURE = LANDSCAPE / "plot_2_what_does_curvature_look_like.py"
VOLUME = LANDSCAPE / "plot_3_do_good_minima_fill_more_space.py"
BETWEEN = LANDSCAPE / "plot_4_what_lies_between_minima.py"
SHARP = LANDSCAPE / "plot_5_can_sharp_be_good.py"
EDGE = LANDSCAPE / "plot_6_why_does_sharpness_stop_rising.py"
FLATNESS = LANDSCAPE / "plot_7_what_did_flatness_explain.py"
EAGER = "hidden_widths=(30,) * 5, standardize_x=True, standardize_y=True"
# Claims and figures are not asked for, and a changed page may rightly break the former.
SILENCE = """
import overfit_tutorial.claims, overfit_tutorial.figures
overfit_tutorial.claims.claim = overfit_tutorial.figures.show = lambda *a, **k: None
"""


def change(script, *replacements):
    """Return a page's text with changes, each of which must fit."""
    text = script.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def run(text, folder):
    """Return what a page prints."""
    (folder / "page.py").write_text(SILENCE + text, encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def begin(script, end, *more, replacements=()):
    """Return a changed page's text up to its first line with `end`, and lines after it."""
    head, found, _ = change(script, *replacements).partition(end)
    assert found
    return head.rpartition("\n")[0] + "\n" + "\n".join(more)


def numbers(printed):
    """Return the numbers on the last line of what a page prints."""
    return [float(number) for number in printed.strip().rpartition("\n")[2].split()]


def costs(printed):
    """Return the measured costs that the first page prints, by rule."""
    rows = re.findall(r"^(\w.*?)  +([\d.]+) +([\d.]+) +[\d.]+ to", printed, re.MULTILINE)
    return {name: float(measured) for name, _, measured in rows}


def errors(printed):
    """Return the numbers that the second page prints."""
    names = {"line": "training error, line", "network": "training error, network"}
    names |= {"loss": "last loss that Keras said", "risk": "excess risk, network"}
    return {key: float(re.search(rf"{name} +([\d.]+)", printed)[1]) for key, name in names.items()}


def test_with_four_times_the_points_only_least_squares_gains(tmp_path):
    more = change(
        LADDER,
        ("sample_noisy(seed=", "sample_noisy(n_samples=400, seed="),
        (
            "sample_noisy_many(N_DATASETS, seed",
            "sample_noisy_many(N_DATASETS, n_samples=400, seed",
        ),
    )
    found = costs(run(more, tmp_path))
    assert found["least squares"] == pytest.approx(0.02, abs=0.002)
    assert found["join the dots"] == pytest.approx(2.67, abs=0.02)


def test_joining_every_second_dot_costs_as_much(tmp_path):
    half = change(LADDER, ("order = np.argsort(x)\n    return lambda at: np.interp", "HERE"))
    half = half.replace("HERE", "order = np.argsort(x)[::2]\n    return lambda at: np.interp")
    half = half.replace("    assert np.allclose(rule", "    assert len(story.x) or (rule")
    found, before = costs(run(half, tmp_path)), costs(run(change(LADDER), tmp_path))
    assert found["join the dots"] == pytest.approx(2.71, abs=0.02)
    assert before["join the dots"] == pytest.approx(2.70, abs=0.02)


def test_another_order_moves_the_excess_risk_most(tmp_path):
    seeds = [run(change(NOISE, ("BATCH_SEED = 0", f"BATCH_SEED = {k}")), tmp_path) for k in (3, 4)]
    one, other = map(errors, seeds)
    ratio = {name: max(one[name], other[name]) / min(one[name], other[name]) for name in one}
    assert ratio["risk"] > 5 > 1.5 > max(ratio["network"], ratio["loss"])


def test_straight_layers_cannot_beat_the_line(tmp_path):
    linear = errors(run(change(NOISE, ('activation="relu"', 'activation="linear"')), tmp_path))
    assert linear["network"] >= linear["line"]


def test_smaller_steps_end_nearer_to_the_line(tmp_path):
    small = errors(run(change(NOISE, ("learning_rate=0.01", "learning_rate=0.001")), tmp_path))
    large = errors(run(change(NOISE), tmp_path))
    assert small["network"] == pytest.approx(small["line"], rel=0.01)
    assert small["risk"] < large["risk"] / 10


def test_averaged_weights_seldom_beat_the_line(tmp_path):
    shares = (
        "print(*[(table[name] < table.line_risk).mean() for name in ('averaged_risk', 'risk')])"
    )
    averaged, last = numbers(run(begin(LUCK, "closer = statistics", shares), tmp_path))
    assert last < 1 / 8
    assert last < averaged < 1 / 4


def test_twenty_seeds_show_that_the_network_loses_but_not_by_how_much(tmp_path):
    few = begin(
        LUCK,
        "# On the ladder",
        "print(loses.low, times.low, times.high)",
        replacements=[("N_SEEDS, N_DRAWN = 200, 20", "N_SEEDS, N_DRAWN = 20, 20")],
    )
    loses, low, high = numbers(run(few, tmp_path))
    assert loses > 0.75
    assert 5 * low < high
    assert low < 4


@pytest.mark.parametrize(
    ("moments", "settings", "error", "risk"),
    [
        ("(6400,)", "learning_rate=0.001", 3.6, 0.4),
        ("(20000,)", f"learning_rate=0.001, {EAGER}", 2.7, 0.9),
    ],
    ids=["a tenth of the step", "the eager recipe"],
)
def test_small_batches_hold_back_other_recipes_too(moments, settings, error, risk, tmp_path):
    train = f"errors, risks, _ = train({moments}, '', batch_size=32, {settings})"
    medians = "print(np.median(errors[-1]), np.median(risks[-1]))"
    found = numbers(run(begin(LONGER, "# Both recipes", train, medians), tmp_path))
    assert found == [pytest.approx(error, abs=0.06), pytest.approx(risk, abs=0.06)]


def test_the_order_of_the_points_is_a_lottery(tmp_path):
    draws = [
        run(change(COMPARED, ("BATCH_SEED = 0", f"BATCH_SEED = {k}")), tmp_path) for k in (3, 4)
    ]
    rows = [re.search(r"^network +([\d.]+) +([\d.]+)", draw, re.MULTILINE) for draw in draws]
    (error, risk), (other_error, other_risk) = (map(float, row.groups()) for row in rows)
    assert max(risk, other_risk) / min(risk, other_risk) > 10
    assert max(error, other_error) / min(error, other_error) < 1.2


def test_on_a_lower_wave_nobody_wins(tmp_path):
    low = run(change(CURVED, ("HEIGHT = 4.0", "HEIGHT = 2.0")), tmp_path)
    loses, of = map(int, re.search(r"^curved .* (\d+) of (\d+)$", low, re.MULTILINE).groups())
    assert abs(loses / of - 1 / 2) < 1 / 8


def test_one_ingredient_is_not_enough_for_a_milder_verdict_either(tmp_path):
    mild = [("CHASES, HALFWAY = 0.9,", "CHASES, HALFWAY = 0.95,")]
    printed = run(begin(INGREDIENT, "alone = share", replacements=mild), tmp_path)
    rows = re.findall(r"^(\w.*?)  .* (\d+) of 16$", printed, re.MULTILINE)
    counts = {name: int(count) for name, count in rows}
    alone = [counts[name] for name in ("steps", "noise", "units", "line")]
    assert max(alone) < 8
    assert counts["steps"] >= max(alone) - 1
    assert min(counts["noise, steps"], counts["noise, line"]) > 8


def test_the_sign_of_the_gap_is_right_more_often_than_not(tmp_path):
    signs = "[np.mean((table[gap] > 0) == (truth > 0)) for gap in ('gap_few', 'gap_many')]"
    few, many = numbers(run(begin(KNOWN, "# Two claims", f"print(*{signs})"), tmp_path))
    assert few == pytest.approx(0.7, abs=0.05)
    assert many > 0.9


def test_points_that_are_a_little_wrong_make_a_minimum_a_little_sharper(tmp_path):
    lines = (
        "good, some = (find_minima(N_MEMBERS, offset=o, seed=SEED) for o in (0, 1))",
        "both = good.interpolates & some.interpolates",
        "sharper = np.median(some.eigenvalues[both, 0] / good.eigenvalues[both, 0])",
        "print(sharper, np.median(some.excess_risk[both] / good.excess_risk[both]))",
    )
    sharper, worse = numbers(run(begin(BAD, "minima = {", *lines), tmp_path))
    assert sharper == pytest.approx(2, abs=0.25)
    assert 1.5 < worse < 2


def test_the_storys_network_has_fewer_eigenvalues_than_points(tmp_path):
    lines = (
        "from overfit_tutorial.training import Fit",
        "samples = data.sample_noisy_many(N_STORIES, seed=DATA_SEED)",
        "fits = fit_ensemble(samples.x, samples.y, seed=TRAINING_SEED)",
        "triples = zip(map(Fit.to_keras, fits), samples.x, samples.y, strict=True)",
        "spectra = [landscapes.gauss_newton_eigenvalues(*triple) for triple in triples]",
        "counts = [(values > 1e-10 * values[0]).sum() for values in spectra]",
        "print(np.median(counts), min(counts), max(counts))",
    )
    found = numbers(run(begin(CURVATURE, "found = find_minima", *lines), tmp_path))
    # Rounding moves the smallest of them across the bound.
    assert found == [pytest.approx(count, abs=2) for count in (34, 24, 46)]


def test_across_data_sets_volume_goes_with_risk_a_little(tmp_path):
    lines = (
        "found = correlation(volume[level == 0], risk[level == 0])",
        "print(found.value, found.low, found.high)",
    )
    value, low, high = numbers(run(begin(VOLUME, "# Kendall's rank", *lines), tmp_path))
    assert value == pytest.approx(-1 / 5, abs=0.05)
    assert low < 0 < high


def test_a_hundred_steps_find_the_way_around(tmp_path):
    short = begin(
        BETWEEN,
        '"a-curve-goes-around"',
        replacements=[('"other": 200, "bad": 1000', '"other": 200, "bad": 100')],
    )
    short = short.rpartition("claim(")[0] + "print(left.value)"
    (left,) = numbers(run(short, tmp_path))
    assert 0 < left < 0.02


def test_norm_and_sharpness_prefer_nearly_the_same_balance(tmp_path):
    lines = (
        "ways, rows = np.geomspace(0.5, 4, 121), []",
        "for k in both[:16]:",
        "    kernel, bias, behind = good.weights(k)[:3]",
        "    best = (np.sum(behind**2) / (np.sum(kernel**2) + np.sum(bias**2))) ** 0.25",
        "    values = np.array([sharpness(twin(k, alpha), k) for alpha in ways])",
        "    above = sharpness(twin(k, best), k) / values.min()",
        "    rows.append((best, ways[values.argmin()], above))",
        "print(*np.median(rows, axis=0))",
    )
    norm, sharp, above = numbers(run(begin(SHARP, "grid = np.linspace", *lines), tmp_path))
    assert norm == pytest.approx(1.9, abs=0.06)
    assert sharp == pytest.approx(1.15, abs=0.03)
    assert above == pytest.approx(1.16, abs=0.01)


def test_half_the_step_of_gradient_descent_ends_twice_as_sharp(tmp_path):
    lines = (
        "even = ratios['gradient descent'][:, -40:]",
        "arrives = 100 * (1 + (even >= 0.85).argmax(axis=1))",
        "print(np.median(even[:, 20:]), np.median(arrives))",
    )
    half = [('optimizer="sgd", learning_rate=0.2', 'optimizer="sgd", learning_rate=0.1')]
    settled, arrives = numbers(
        run(begin(EDGE, "# It rises, and then", *lines, replacements=half), tmp_path)
    )
    assert settled == pytest.approx(0.95, abs=0.02)
    assert arrives == pytest.approx(1500, abs=200)


def test_ten_times_the_story_is_at_no_minimum_either(tmp_path):
    lines = (
        "samples = data.sample_noisy_many(N_STORIES, seed=STORY_SEED)",
        "x, y = samples.x[:10], samples.y[:10]",
        "story = fit_ensemble(x, y, STORY.replace(epochs=2000), seed=TRAINING_SEED)",
        "errors = np.mean((story.last().predict(x) - y) ** 2, axis=1)",
        "fitted = [linear.fit_line(*pair)(pair[0]) for pair in zip(x, y, strict=True)]",
        "below = np.mean(errors < np.mean((fitted - y) ** 2, axis=1))",
        "errors /= samples.noise_std**2",
        "print(np.median(errors), errors.min(), below)",
    )
    median, least, below = numbers(run(begin(FLATNESS, "samples = data", *lines), tmp_path))
    assert median == pytest.approx(1, abs=0.1)
    assert least > 0.5
    assert below > 0.2
