"""What a study says of its networks is what one finds by asking each of them."""

import numpy as np
import pytest

from overfit_tutorial import data, linear
from overfit_tutorial.studies.recipe import follow_recipe, judge_recipe
from overfit_tutorial.training import STORY, fit_network

SMALL = {"hidden_widths": (8, 8), "epochs": 6}


def points(seed):
    return data.sample_noisy(seed=np.random.SeedSequence(seed, spawn_key=(1000,)))


def errors(fit, sample, *, center=0.0, unit=1.0):
    """Return training error and excess risk of one network, from scratch."""
    places = (np.arange(501) + 0.5) * 20 / 501
    distance = fit.predict((places - center) / unit) - (3 + 0.7 * places)
    residual = fit.predict((sample.x - center) / unit) - sample.y
    return [np.mean(residual**2), np.mean(distance**2)]


@pytest.mark.parametrize("view", [{}, {"center": 10.0, "unit": 5.0}])
def test_a_study_is_one_network_after_the_other(view):
    found = judge_recipe(seeds=[3, 4], **view, **SMALL)
    recipe = STORY.replace(**SMALL, average_last=3)
    for k, seed in enumerate([3, 4]):
        sample = points(seed)
        seen = (sample.x - view.get("center", 0.0)) / view.get("unit", 1.0)
        fit = fit_network(seen, sample.y, recipe, seed=seed)
        averaged = [found[f"averaged_{name}"][k] for name in ("error", "risk")]
        # Sums of some hundred float64 numbers.
        assert averaged == pytest.approx(errors(fit, sample, **view), rel=1e-10)
        last = fit_network(seen, sample.y, STORY.replace(**SMALL), seed=seed)
        at_last = [found[name][k] for name in ("error", "risk")]
        assert at_last == pytest.approx(errors(last, sample, **view), rel=1e-10)


def test_what_the_curve_is_like_is_what_polynomials_and_differences_say():
    found = judge_recipe(seeds=[3, 4], hidden_widths=(8, 8), steps=400)
    places = (np.arange(501) + 0.5) * 20 / 501
    for k, seed in enumerate([3, 4]):
        sample = points(seed)
        recipe = STORY.replace(hidden_widths=(8, 8), steps=400)
        fit = fit_network(sample.x, sample.y, recipe, seed=seed)
        off = fit.predict(places) - (3 + 0.7 * places)
        straight = np.polyval(np.polyfit(places, off, 1), places)
        assert found["straight"][k] == pytest.approx(np.mean(straight**2), rel=1e-9)
        assert found["straight"][k] < found["risk"][k]
        slopes = np.diff(fit.predict(places)) / (20 / 501)
        turns = np.abs(np.diff(slopes))
        assert found["turning"][k] == pytest.approx(turns.sum(), rel=1e-9)
        assert found["turning_left"][k] == pytest.approx(turns[places[1:-1] < 2].sum(), rel=1e-9)
        noise, fitted = sample.y - (3 + 0.7 * sample.x), fit.predict(sample.x)
        products = (fitted - (3 + 0.7 * sample.x)) * noise
        assert found["followed"][k] == pytest.approx(products.sum() / (noise @ noise))
        # A training error that does not fall hides noise that is followed if the curve shakes.
        parts = noise @ noise * (1 - 2 * found["followed"][k]) + np.sum((products / noise) ** 2)
        assert found["error"][k] == pytest.approx(parts / len(noise), rel=1e-12)
        for quarter in range(4):
            part = (sample.x // 5) == quarter
            share = products[part].sum() / np.sum(noise[part] ** 2)
            assert found[f"followed_quarter_{quarter + 1}"][k] == pytest.approx(share)


def test_a_network_without_layers_is_all_straight():
    line = {"hidden_widths": (), "learning_rate": 0.1, "batch_size": None, "steps": 2000}
    found = judge_recipe(seeds=[0, 1], **line)
    assert found["straight"] == pytest.approx(found["risk"], rel=1e-6)
    # Rounding of float32 predictions near 17, over spacings of 0.04, at 499 places.
    assert (found["turning"] < 0.1).all()
    assert found["followed"] == pytest.approx(found["line_followed"], rel=1e-3)


def test_the_line_beside_it_saw_the_same_points():
    found = judge_recipe(seeds=[5], **SMALL)
    sample = points(5)
    line = linear.fit_line(sample.x, sample.y)
    assert found["line_error"] == pytest.approx([np.mean((line(sample.x) - sample.y) ** 2)])
    assert found["line_risk"] == pytest.approx([data.excess_risk(line, data.TRUE_LINE)], rel=1e-4)


def test_a_seed_has_the_same_points_in_every_cell():
    one = judge_recipe(seeds=[1, 2], **SMALL)
    other = judge_recipe(seeds=[1, 2], learning_rate=0.1, **SMALL)
    assert np.array_equal(one["line_risk"], other["line_risk"])
    assert (one["risk"] != other["risk"]).all()


def test_a_wave_and_other_noise_are_judged_against_their_own_truth():
    changes = {"n_samples": 40, "noise_std": 0.5, "wave_height": 3.0}
    found = judge_recipe(seeds=[3, 4], **changes, **SMALL)

    def truth(x):
        return 3 + 0.7 * x + 3 * np.sin(np.pi * x / 10)

    places = (np.arange(501) + 0.5) * 20 / 501
    for k, seed in enumerate([3, 4]):
        origin = np.random.SeedSequence(seed, spawn_key=(1000,))
        sample = data.sample_noisy(truth, 40, seed=origin, noise_std=0.5)
        fit = fit_network(sample.x, sample.y, STORY.replace(**SMALL), seed=seed)
        off, noise = fit.predict(places) - truth(places), sample.y - truth(sample.x)
        followed = (fit.predict(sample.x) - truth(sample.x)) @ noise / (noise @ noise)
        straight = np.polyval(np.polyfit(places, off, 1), places)
        # Sums of some hundred float64 numbers.
        assert found["risk"][k] == pytest.approx(np.mean(off**2), rel=1e-10)
        assert found["straight"][k] == pytest.approx(np.mean(straight**2), rel=1e-9)
        assert found["followed"][k] == pytest.approx(followed, rel=1e-9)


def test_no_line_comes_nearer_to_a_wave_than_the_integral_says():
    many = {"n_samples": 4000, "noise_std": 0.0, "wave_height": 4.0, "batch_size": 4000}
    risk = judge_recipe(seeds=[0, 1], hidden_widths=(), epochs=1, **many)["line_risk"]
    floor = 16 * (1 / 2 - 3 / np.pi**2)
    # The midpoint rule at 501 places is off by 1e-5; what 4,000 places cost is of the order 1e-3.
    assert (risk > floor - 1e-4).all()
    assert risk == pytest.approx(floor, rel=0.01)


def test_other_noise_is_the_same_noise_on_another_scale():
    one, other = (judge_recipe(seeds=[1, 2], noise_std=std, **SMALL) for std in (2.0, 8.0))
    assert other["line_risk"] == pytest.approx(16 * one["line_risk"], rel=1e-9)
    assert other["line_followed"] == pytest.approx(one["line_followed"], rel=1e-9)
    assert (one["risk"] != other["risk"]).all()


def test_where_there_is_no_noise_none_is_followed_and_the_line_is_the_truth():
    found = judge_recipe(seeds=[1, 2], noise_std=0.0, **SMALL)
    followed = {name for name in found if "followed" in name}
    assert {"line_followed", "followed_quarter_4", "averaged_followed"} < followed
    assert all(np.isnan(found[name]).all() for name in followed)
    assert all(np.isfinite(found[name]).all() for name in found.keys() - followed)
    assert (found["line_risk"] < 1e-24).all()  # the squares of some roundings of 17


def test_a_network_that_diverged_is_infinitely_wrong():
    found = judge_recipe(seeds=[0], optimizer="sgd", learning_rate=1e6, **SMALL)
    names = ("error", "risk", "straight", "turning", "averaged_error", "averaged_risk")
    assert [found[name][0] for name in names] == [np.inf] * 6
    assert np.isnan([found["followed"][0], found["averaged_followed_quarter_1"][0]]).all()
    assert np.isfinite(found["line_risk"]).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"unit": 0.0}, "unit must be above zero, got 0"),
        ({"center": np.nan}, "center must be finite"),
        ({"average_share": 1.0}, "average_share must be between 0 and 1"),
        ({"noise_std": -1.0}, "noise_std must not be negative, got -1"),
        ({"wave_height": np.inf}, "wave_height must be finite"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        judge_recipe(seeds=[0], **setting)


def test_following_a_recipe_ends_where_judging_it_does():
    changes = {"hidden_widths": (8, 8), "learning_rate": 0.003}
    followed = follow_recipe(seeds=[3, 4], moments=(4, 24), **changes)
    for moment in (4, 24):
        judged = judge_recipe(seeds=[3, 4], steps=moment, **changes)
        for name in ("error", "risk"):
            assert np.array_equal(followed[f"{name}_{moment}"], judged[name])
        assert np.array_equal(followed["line_risk"], judged["line_risk"])


def test_a_redraw_has_the_same_points_and_other_luck():
    one, other, again = (
        judge_recipe(seeds=[1, 2], redraw=redraw, **SMALL) for redraw in (0, 1, 1)
    )
    assert np.array_equal(one["line_risk"], other["line_risk"])
    assert (one["risk"] != other["risk"]).all()
    assert np.array_equal(other["risk"], again["risk"])


@pytest.mark.parametrize("moments", [(), (8, 4), (4, 4)])
def test_moments_out_of_order_are_refused(moments):
    with pytest.raises(ValueError, match="moments must be some numbers in ascending order"):
        follow_recipe(seeds=[0], moments=moments)
