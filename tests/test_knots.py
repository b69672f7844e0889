"""Where knots are is what the weights say, and what a fine grid sees, in every view."""

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies import knots
from overfit_tutorial.studies.knots import PLACES, judge_knots
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.training import STORY, fit_network
from overfit_tutorial.weights.dots import join_the_dots

SMALL = {"hidden_widths": (8, 8), "steps": 40}
MIRRORED = {"center": 20.0, "unit": -1.0}


def points(seed, **truth):
    child = np.random.SeedSequence(seed, spawn_key=(1000,))
    return data.sample_noisy(data.Line(**{"intercept": 3.0, "slope": 0.7, **truth}), seed=child)


@pytest.mark.parametrize("view", [{}, MIRRORED, {"center": 10.0, "unit": 5.0}])
def test_a_network_that_joins_the_dots_has_its_knots_at_them(monkeypatch, view):
    def set_by_hand(x, y, recipe, *, seed):
        wild = [join_the_dots(*pair) for pair in zip(x, y, strict=True)]
        # In float32 this rate is zero: nothing moves.
        still = STORY.replace(optimizer="sgd", learning_rate=1e-60, epochs=1)
        first = [np.stack(layer) for layer in zip(*wild, strict=True)]
        return fit_ensemble(x, y, still, seed=seed, initial_weights=first)

    monkeypatch.setattr(knots, "fit_ensemble", set_by_hand)
    found = judge_knots(seeds=[3, 4], **view)
    for k, seed in enumerate([3, 4]):
        sample = points(seed)
        order = np.argsort(sample.x)
        x, y = sample.x[order], sample.y[order]
        turns = np.abs(np.diff(np.diff(y) / np.diff(x), prepend=0, append=0))
        assert found["knots"][k] == 100
        # The trainer rounds places to float32.
        assert found["middle"][k] == pytest.approx(np.median(x), abs=1e-5)
        share = np.cumsum(turns) / turns.sum()
        assert found["reach"][k] == pytest.approx(x[np.argmax(share >= 0.9)], abs=1e-5)
        largest = np.sort(turns)[::-1]
        n = int(found["carrying"][k])
        assert largest[: n - 1].sum() < 0.9 * turns.sum() <= largest[:n].sum()
        counts = [found[f"knots_from_{low}"][k] for low in PLACES]
        assert counts == [np.count_nonzero((low <= x) & (x < low + 1)) for low in PLACES]
        # Slopes of thousands, added up in float32 and canceled.
        assert found["followed"][k] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("view", [{}, MIRRORED, {"center": 10.0, "unit": 5.0}])
@pytest.mark.parametrize("intercept", [3.0, -7.0])
def test_the_study_is_one_network_after_the_other(view, intercept):
    found = judge_knots(seeds=[3, 4], intercept=intercept, **view, **SMALL)
    for k, seed in enumerate([3, 4]):
        sample = points(seed, intercept=intercept)
        center, unit = view.get("center", 0.0), view.get("unit", 1.0)
        fit = fit_network((sample.x - center) / unit, sample.y, STORY.replace(**SMALL), seed=seed)
        places = PiecewiseLinear.from_weights(fit.weights).knots * unit + center
        assert found["middle"][k] == pytest.approx(np.median(places), rel=1e-12)
        assert found["knots"][k] == np.count_nonzero((places > 0) & (places < 20))
        off = fit.predict((sample.x - center) / unit) - sample.truth(sample.x)
        noise = sample.y - sample.truth(sample.x)
        for quarter in range(4):
            part = sample.x // 5 == quarter
            share = (off * noise)[part].sum() / np.sum(noise[part] ** 2)
            assert found[f"followed_quarter_{quarter + 1}"][k] == pytest.approx(share)


def test_networks_and_points_are_those_of_the_recipe_study():
    ours, theirs = (study(seeds=[3, 4], **SMALL) for study in (judge_knots, judge_recipe))
    for name in ("followed", "followed_quarter_1", "followed_quarter_4"):
        assert np.array_equal(ours[name], theirs[name])


def test_at_birth_all_knots_are_where_the_input_is_zero():
    still = {"learning_rate": 1e-9, "epochs": 1}
    for view in ({"center": 7.0}, {"center": 12.0, "unit": -3.0}):
        found = judge_knots(seeds=[3, 4], **view, **still)
        assert found["middle"] == pytest.approx([view["center"]] * 2, abs=1e-4)


def test_to_a_network_mirrored_inputs_are_shifted_ones():
    sample = points(3)
    mirrored = fit_network(20 - sample.x, sample.y, STORY.replace(**SMALL), seed=3)
    born = fit_network(sample.x, sample.y, STORY.replace(**SMALL, learning_rate=1e-60), seed=3)
    first = [-born.weights[0], *born.weights[1:]]
    shifted = fit_network(
        sample.x - 20, sample.y, STORY.replace(**SMALL), seed=3, initial_weights=first
    )
    # Signs of products are exact, so all bits are the same but those of the first kernel's signs.
    assert np.array_equal(mirrored.weights[0], -shifted.weights[0])
    for ours, theirs in zip(mirrored.weights[1:], shifted.weights[1:], strict=True):
        assert np.array_equal(ours, theirs)
    grid = np.linspace(0, 20, 101)
    assert np.array_equal(mirrored.predict(20 - grid), shifted.predict(grid - 20))


def test_where_a_network_diverges_nothing_is_known_of_it():
    bold = {"optimizer": "sgd", "learning_rate": 1e9, "hidden_widths": (8, 8), "epochs": 3}
    found = judge_knots(seeds=[3], **bold)
    assert all(np.isnan(values).all() for values in found.values())


def test_a_network_without_layers_has_no_knots():
    found = judge_knots(seeds=[3], hidden_widths=(), epochs=1)
    assert found["knots"] == found["carrying"] == found["knots_from_0"] == 0
    assert np.isnan([found["reach"][0], found["middle"][0]]).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"unit": 0.0}, "unit must not be zero, got 0"),
        ({"center": np.nan}, "center must be finite"),
        ({"intercept": np.inf}, "intercept must be finite"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        judge_knots(seeds=[0], **setting)
