"""The answers of the exercises are what a reader finds who makes the change."""

from pathlib import Path

import numpy as np
import pytest

from overfit_tutorial import draws
from overfit_tutorial.exact import definition
from overfit_tutorial.weights.tangents import tangent_kernel

EXAMPLES = Path(__file__).parents[2] / "examples"
LADDER = EXAMPLES / "1_story" / "plot_1_how_wrong_can_a_curve_be.py"
NOISE = EXAMPLES / "1_story" / "plot_2_do_parameters_chase_noise.py"
COMPARED = EXAMPLES / "1_story" / "plot_3_compared_with_what.py"
CURVED = EXAMPLES / "5_variants" / "plot_1_what_if_the_truth_curves.py"
OPTIMIZER = EXAMPLES / "5_variants" / "plot_6_optimizer_or_regularizer.py"
LUCK = EXAMPLES / "2_is_it_true" / "plot_1_was_it_luck.py"
LONGER = EXAMPLES / "2_is_it_true" / "plot_2_what_if_we_keep_training.py"
RECIPE = EXAMPLES / "2_is_it_true" / "plot_3_is_it_the_recipe.py"
INGREDIENT = EXAMPLES / "2_is_it_true" / "plot_4_which_ingredient.py"
KNOWN = EXAMPLES / "2_is_it_true" / "plot_5_could_i_have_known.py"
BIRTH = EXAMPLES / "3_function_space" / "plot_1_why_does_it_start_as_a_line.py"
BENDS = EXAMPLES / "3_function_space" / "plot_2_where_does_it_bend.py"
SIZES = EXAMPLES / "5_variants" / "plot_3_wider_or_deeper.py"
UNITS = EXAMPLES / "5_variants" / "plot_5_other_activations.py"
BITS = EXAMPLES / "6_builders" / "plot_3_same_bits_everywhere.py"


def test_with_four_times_the_points_only_least_squares_gains(perform):
    more = [
        ("sample_noisy(seed=", "sample_noisy(n_samples=400, seed="),
        (
            "sample_noisy_many(N_DATASETS, seed",
            "sample_noisy_many(N_DATASETS, n_samples=400, seed",
        ),
    ]
    cost = perform(LADDER, "floor", changes=more)["cost"]
    assert cost["least squares"].value == pytest.approx(0.02, abs=0.002)
    assert cost["join the dots"].value == pytest.approx(2.67, abs=0.02)


def test_joining_every_second_dot_costs_as_much_and_follows_half(perform):
    half = [
        ("order = np.argsort(x)\n    return lambda at: np.interp", "HERE"),
        ("HERE", "order = np.argsort(x)[::2]\n    return lambda at: np.interp"),
    ]
    found, before = (perform(LADDER, "floor", changes=c) for c in (half, ()))
    assert found["cost"]["join the dots"].value == pytest.approx(2.73, abs=0.02)
    assert before["cost"]["join the dots"].value == pytest.approx(2.69, abs=0.02)
    assert found["freedom"]["join the dots"].value == pytest.approx(50, abs=0.5)


def test_another_order_moves_the_excess_risk_most(perform):
    orders = [[("BATCH_SEED = 0", f"BATCH_SEED = {k}")] for k in (0, 1)]
    pages = [perform(NOISE, "network_risk", changes=order) for order in orders]
    found = {name: [page[name] for page in pages] for name in ("network_risk", "network_error")}
    found["loss"] = [page["history"].history["loss"][-1] for page in pages]
    ratio = {name: max(pair) / min(pair) for name, pair in found.items()}
    assert ratio["network_risk"] > 2
    assert ratio["network_error"] < 1.2
    assert ratio["loss"] < 1.6


def test_straight_layers_hold_no_wild_curve(perform):
    linear = [('activation="relu"', 'activation="linear"')]
    page = perform(NOISE, "line_error", changes=linear)
    assert page["wild_error"] >= page["line_error"]


def test_tiny_steps_stay_on_the_wild_curve(perform):
    tiny = [
        ('("rescaled", "adam"): [0.01]', '("rescaled", "adam"): [1e-6]'),
        ("MANY_SEED, N_SEEDS = 2, 20", "MANY_SEED, N_SEEDS = 2, 5"),
    ]
    table = perform(NOISE, "cells", changes=tiny)["table"]
    assert (table.followed[table.start == "rescaled"].median()) > 0.99


def test_averaged_weights_seldom_beat_the_line(perform):
    table = perform(LUCK, "table")["table"]
    averaged, last = ((table[name] < table.line_risk).mean() for name in ("averaged_risk", "risk"))
    assert last < 1 / 8
    assert last < averaged < 1 / 4


def test_twenty_seeds_show_that_the_network_loses_but_not_by_how_much(perform):
    few = [("N_SEEDS, N_DRAWN = 200, 20", "N_SEEDS, N_DRAWN = 20, 2")]
    page = perform(LUCK, "loses", "times", changes=few)
    assert page["loses"].low > 0.6
    assert 5 * page["times"].low < page["times"].high
    assert page["times"].low < 4


def test_knots_are_found_where_the_slope_changes_and_nowhere_else(perform):
    page = perform(LONGER, "find_knots")
    grid, find_knots = page["grid"], page["find_knots"]
    curve = grid + np.maximum(grid - 5, 0) - 0.06 * np.maximum(grid - 12.5, 0)
    rounded = (curve + 0.04 * np.maximum(grid - 17, 0)).astype(np.float32)
    assert find_knots(rounded.astype(float)) == pytest.approx([5, 12.5])


def test_batches_of_ten_are_not_slower_than_batches_of_32(perform):
    page = perform(LONGER, "small")
    small, smaller = page["small"], page["train"]((4000,), batch_size=10)
    found = smaller.followed_4000.mean()
    assert found == pytest.approx(0.09, abs=0.005)
    assert small.followed_3200.mean() < found < small.followed_6400.mean()
    assert small.followed_1600.mean() == pytest.approx(0.05, abs=0.005)


def test_small_batches_slow_the_smaller_network_too(perform):
    page = perform(LONGER, "long")
    slow = page["train"]((5000,), page["N_FEW"], batch_size=32, **page["eager"])
    for table, followed, risk in ((slow, 0.14, 0.6), (page["long"], 0.52, 2.1)):
        assert table.followed_5000.mean() == pytest.approx(followed, abs=0.005)
        assert table.risk_5000.median() == pytest.approx(risk, abs=0.05)


def test_the_order_of_the_points_is_a_lottery(perform):
    orders = [[("BATCH_SEED = 0", f"BATCH_SEED = {k}")] for k in (0, 1)]
    pages = [perform(COMPARED, "error", "risk", changes=order) for order in orders]
    risks, errors = ([page[name]["network"] for page in pages] for name in ("risk", "error"))
    assert max(risks) / min(risks) > 2
    assert max(errors) / min(errors) < 1.2


def test_of_a_lower_wave_a_third_is_learned(perform):
    lower = [("HEIGHT = 4", "HEIGHT = 2"), ("[0, 1, 2, 4, 6]", "[2]")]
    learned = perform(CURVED, "learned", changes=lower)["learned"]
    assert learned.value == pytest.approx(1 / 3, abs=0.1)


def test_with_more_points_the_line_still_wins_on_a_low_wave(perform):
    more = [
        ("[0, 1, 2, 4, 6]", "[1, 4]"),
        ("sample_noisy_many(N_SEEDS, truth,", "sample_noisy_many(N_SEEDS, truth, n_samples=400,"),
        ("N_SEEDS, DATA_SEED, TRAINING_SEED = 64,", "N_SEEDS, DATA_SEED, TRAINING_SEED = 48,"),
    ]
    wins = perform(CURVED, "wins", changes=more)["wins"]
    assert wins[1].value == pytest.approx(1 / 3, abs=0.15)
    assert wins[4].value > 0.9


def test_averaging_pales_the_map_of_the_risk_and_not_that_of_the_noise(perform):
    averaged = [("table.risk /", "table.averaged_risk /"), (".followed.", ".averaged_followed.")]
    after, before = (perform(RECIPE, "found", changes=c)["found"] for c in (averaged, ()))
    fell = before["ratio"] / after["ratio"]
    assert fell.loc[False, [10, 32], :].median() > 2
    assert fell.loc[:, 100, :].median() < 2
    assert (before["followed"] / after["followed"]).median() < 1.3


def test_after_as_many_epochs_no_row_of_the_map_stands_out(perform):
    epochs = [
        ('"steps": [800]', '"epochs": [200]'),
        ("SEED, N_SEEDS = 30, 14", "SEED, N_SEEDS = 30, 7"),
    ]
    after, before = (perform(RECIPE, "found", changes=c)["found"] for c in (epochs, ()))
    whole, tens = ([f["followed"][True, k].mean() for f in (before, after)] for k in (100, 10))
    assert whole[0] > 2 * tens[0]
    assert 1 / 2 < whole[1] / tens[1] < 3 / 2


def test_a_stricter_verdict_leaves_the_order_of_the_ingredients(perform):
    strict = [("FOLLOWS, HALFWAY = 0.1,", "FOLLOWS, HALFWAY = 0.2,")]
    counts = perform(INGREDIENT, "counts", changes=strict)["counts"]
    assert max(counts[name] for name in ("steps", "noise", "line", "line, steps")) < 5
    assert counts["noise, steps"] == pytest.approx(12, abs=5)
    assert counts["noise, line"] > 12
    assert counts["noise, line, steps"] > 21


def test_who_follows_the_noise_pays_for_it(perform):
    one = [("0.1, ladder.halfway_to_the_dots()", "0.1, 0.0")]
    more, both = (perform(INGREDIENT, "counts", changes=c)["counts"] for c in (one, ()))
    rises = [more[name] - both[name] for name in both]
    assert 0 <= min(rises) <= max(rises) <= 4
    assert both["nothing"] == 0 < more["nothing"]


def test_the_sign_of_the_gap_is_right_more_often_than_not(perform):
    page = perform(KNOWN, "truth")
    few, many = (
        np.mean((page["table"][gap] > 0) == (page["truth"] > 0)) for gap in ("gap_few", "gap_many")
    )
    assert few == pytest.approx(0.7, abs=0.08)
    assert many > 0.9


def test_another_order_of_sums_changes_a_third_of_the_weights(perform, monkeypatch):
    monkeypatch.setattr(definition, "batch_sums", definition.batch_sums)  # as it was, afterwards
    line = "definition.batch_sums = lambda inputs, slopes: inputs @ slopes.T\n"
    page = perform(BITS, "by_numpy", changes=[("by_numpy = train(", line + "by_numpy = train(")])
    ours, machines, start = (
        np.concatenate([weight.ravel() for weight in weights])
        for weights in (page["run"][-1], page["by_numpy"][-1], page["first"])
    )
    is_other, never_moves = ours != machines, (ours == start) & (machines == start)
    assert is_other.mean() == pytest.approx(1 / 3, abs=0.1)
    assert never_moves.sum() > 0.6 * (~is_other).sum()


def test_a_push_five_thousand_times_as_strong_ends_no_further_away(perform):
    push = [("np.nextafter(y[0], np.float32(np.inf))", "y[0] + np.float32(0.01)")]
    far, near = (perform(BITS, "wakes", changes=changes) for changes in (push, ()))
    assert (far["moved"][0] - far["y"][0]) / np.spacing(far["y"][0]) == pytest.approx(
        5000, rel=0.1
    )
    assert far["wakes"]["one last digit"] + 1 == 12
    assert near["wakes"]["one last digit"] + 1 == 33
    for page in (far, near):
        pairs = zip(page["run"][-1], page["changed"]["one last digit"][-1], strict=True)
        assert max(abs(a - b).max() for a, b in pairs) == pytest.approx(1, rel=0.5)


def test_with_random_biases_a_newborn_network_bends_in_many_ways(claims_of, perform):
    biases = [("(100,) * depth, dtype", "(100,) * depth, bias_std=1.0, dtype")]
    ranks = perform(BIRTH, "line", changes=biases)["ranks"][0]
    assert np.median((ranks > 1e-6).sum(axis=1)) > 10
    found = claims_of(BIRTH, waits_for={"born-a-line", "rank-two"}, changes=biases)
    assert found == {"born-a-line": False, "rank-two": False}


def test_divided_inputs_are_as_raw_ones_at_birth(perform):
    divided = [("points.x - center", "points.x / max(center, 1)")]
    with pytest.raises(AssertionError):
        perform(BIRTH, "line", changes=divided)
    page = perform(BIRTH, "curve")  # the last that the births leave behind
    kernels = [tangent_kernel(w, page["points"].x / 10) for w in page["newborn"].values()]
    values = np.linalg.eigvalsh(np.concatenate(kernels))[:, ::-1]
    assert (values[:, 1] > 1e-9 * values[:, 0]).all()
    assert (values[:, 2] < 1e-12 * values[:, 0]).all()


def test_with_inputs_divided_by_ten_knots_get_not_even_twice_as_far(perform):
    unit = '"sees x + 20": {"unit": %s}'
    there = [
        perform(BENDS, "least", changes=[('"sees x + 20": {"center": -20.0}', unit % by)])["early"]
        for by in ("10.0", "0.1")
    ]
    story = there[0]["as in the story"].middle.median()
    far, near = (early["sees x + 20"].middle.median() / story for early in there)
    assert 1.3 < far < 2
    assert near == pytest.approx(0.1, abs=0.03)


def test_a_story_in_the_mirror_sends_its_knots_out_on_the_right(perform):
    view = '"center": 20.0, "unit": -1.0'
    lowered = [(view, view + ', "intercept": -17.0')]
    early = perform(BENDS, "least", changes=lowered)["early"]
    middle, story = early["sees 20 - x"].middle, early["as in the story"].middle
    assert (middle > 20).mean() > 0.95
    assert middle.median() - 20 == pytest.approx(-story.median(), rel=0.2)


def test_a_tenth_of_the_weight_decay_takes_a_quarter_of_the_parameters(perform):
    only = [
        ("RATES = (0.0001, 0.0003, 0.001, 0.003)", "RATES = (0.0003,)"),
        (
            "N_TUNING, N_FEW, N_EAGER, N_SEEDS = 6, 20, 48, 64",
            "N_TUNING, N_EAGER, N_SEEDS = 1, 48, 1",
        ),
        ("tuned = judge(tuned, seed=SEED, n_seeds=N_FEW)", "del tuned"),
    ]
    weak = [("weight_decay=1.0", "weight_decay=0.1")]
    pages = [perform(OPTIMIZER, "eager", changes=only + c)["eager"] for c in ([], weak)]
    before = pages[0]["nothing"].followed.mean()
    strong, tenth = (1 - page["weight decay"].followed.mean() / before for page in pages)
    assert strong == pytest.approx(2 / 3, abs=0.12)
    assert tenth == pytest.approx(1 / 4, abs=0.12)


def test_of_fifty_narrow_layers_two_in_three_die(perform):
    fifty = [("    8: (2, 5, 10, 30, 100),\n", "    8: (2, 5, 10, 30, 100),\n    50: (10,),\n")]
    page = perform(SIZES, "wider", changes=fifty)
    dead = (page["sizes"][(10,) * 50].risk >= page["best_constant"]).to_numpy()
    assert dead.mean() == pytest.approx(2 / 3, abs=0.15)
    seeds = np.random.SeedSequence(page["SIZE_SEED"]).spawn(page["N_SEEDS"])
    signal = np.ones((len(seeds), 1, 1))
    for kernel in draws.first_weights(seeds, (10,) * 50, dtype=np.float64)[:-2:2]:
        signal = np.maximum(signal @ kernel, 0)
    born = ~signal.any(axis=(1, 2))
    assert born.sum() <= 8
    assert dead[born].all()


def test_three_times_the_room_is_not_enough_for_tanh(perform):
    three, ten = (
        perform(UNITS, "calm", changes=[("ROOM = 10.0", f"ROOM = {room}")]) for room in (3.0, 10.0)
    )
    assert 2 * ten["calm"].median() < three["calm"].median()
    assert three["calm"].median() < three["stretched"]["tanh"].risk.median()
