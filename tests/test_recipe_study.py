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


def test_a_network_that_diverged_is_infinitely_wrong():
    found = judge_recipe(seeds=[0], optimizer="sgd", learning_rate=1e6, **SMALL)
    names = ("error", "risk", "averaged_error", "averaged_risk")
    assert [found[name][0] for name in names] == [np.inf] * 4
    assert np.isfinite(found["line_risk"]).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"unit": 0.0}, "unit must be above zero, got 0"),
        ({"center": np.nan}, "center must be finite"),
        ({"average_share": 1.0}, "average_share must be between 0 and 1"),
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
