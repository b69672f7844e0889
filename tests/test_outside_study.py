"""Outside of the points: networks one by one, the line against NumPy's, knots against a grid."""

import numpy as np
import pytest
from scipy import stats

from overfit_tutorial import data
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies import outside
from overfit_tutorial.studies.outside import TOLERANCE, judge_outside, line_and_band
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.training import STORY, fit_network
from overfit_tutorial.weights.dots import join_the_dots

SMALL = STORY.replace(hidden_widths=(8, 8), steps=40)
PLACES = (-20.0, 10.0, 40.0)


def root(seed, *children):
    return np.random.SeedSequence(seed, spawn_key=children)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(outside, "STORY", SMALL)


@pytest.mark.usefixtures("small")
def test_the_study_is_one_network_after_the_other():
    found = judge_outside(seeds=[3, 4], n_members=3)
    for k, seed in enumerate([3, 4]):
        sample = data.sample_noisy(seed=root(seed, 1000))
        seeds = [root(seed), root(seed, 2001), root(seed, 2002)]
        fits = [fit_network(sample.x, sample.y, SMALL, seed=s) for s in seeds]
        for place in PLACES:
            off = [fit.predict([place])[0] - data.TRUE_LINE(place) for fit in fits]
            told = {
                "mean": np.mean(off),
                "spread": stats.tstd(off),
                "lowest": min(off),
                "highest": max(off),
                "first": off[0],
            }
            for name, value in told.items():
                # Sums of three float64 numbers.
                assert found[f"{name}_{place:g}"][k] == pytest.approx(value, rel=1e-9), name


@pytest.mark.usefixtures("small")
def test_members_of_other_seeds_change_nothing():
    both, one = (judge_outside(seeds=seeds, n_members=2) for seeds in ([3, 4], [4]))
    for name, values in both.items():
        np.testing.assert_array_equal(values[1:], one[name], err_msg=name)


@pytest.mark.usefixtures("small")
def test_the_first_network_and_the_points_are_those_of_the_recipe_study():
    mean_of = judge_outside(seeds=[5], places=(10.0,), n_members=2)
    sample = data.sample_noisy(seed=root(5, 1000))
    fit = fit_network(sample.x, sample.y, SMALL, seed=5)
    assert mean_of["first_10"][0] == fit.predict([10.0])[0] - data.TRUE_LINE(10.0)
    judged = judge_recipe(seeds=[5], hidden_widths=(8, 8), steps=40)
    error = np.mean((fit.predict(sample.x) - sample.y) ** 2)
    assert judged["error"][0] == pytest.approx(error, rel=1e-12)


@pytest.mark.usefixtures("small")
def test_beyond_its_knots_a_network_is_straight():
    found = judge_outside(seeds=[3], n_members=2)
    sample = data.sample_noisy(seed=root(3, 1000))
    fit = fit_network(sample.x, sample.y, SMALL, seed=3)
    curve = PiecewiseLinear.from_weights(fit.weights)
    knots = curve.knots
    assert found["knots_left"][0] == np.count_nonzero(knots < 0)
    assert found["knots_right"][0] == np.count_nonzero(knots > 20)
    assert found["outermost_left"][0] == knots.min()
    assert found["outermost_right"][0] == knots.max()
    for side, sign in (("left", -1), ("right", 1)):
        slope, end = found[f"slope_{side}"][0], found[f"outermost_{side}"][0]
        at = end + sign * np.array([1.0, 50.0])
        rise = np.diff(curve(at))[0] / np.diff(at)[0]
        assert rise == pytest.approx(slope, rel=1e-9, abs=1e-9)
        # Just inside of the place from which on it is straight the slope is another, by more than
        # the tolerance, and outside of it never.
        place = found[f"straight_{side}"][0]
        both = place + np.array([-1e-6, 0, 1e-6])
        slopes = np.diff(curve(both)) / 1e-6
        within, beyond = slopes if side == "right" else slopes[::-1]
        assert abs(within - slope) > TOLERANCE > abs(beyond - slope)
        between = np.sort(knots[(knots - place) * sign > 0])
        middles = (between[1:] + between[:-1]) / 2
        tiny = np.array([-1e-7, 1e-7])
        for middle in middles:
            rise = np.diff(curve(middle + tiny))[0] / 2e-7
            assert abs(rise - slope) < TOLERANCE + 1e-5


def test_a_network_that_joins_the_dots_has_no_knots_outside(monkeypatch):
    def set_by_hand(x, y, recipe, *, seed):
        wild = [join_the_dots(*pair) for pair in zip(x, y, strict=True)]
        # In float32 this rate is zero: nothing moves.
        still = STORY.replace(optimizer="sgd", learning_rate=1e-60, epochs=1)
        first = [np.stack(layer) for layer in zip(*wild, strict=True)]
        return fit_ensemble(x, y, still, seed=seed, initial_weights=first)

    monkeypatch.setattr(outside, "fit_ensemble", set_by_hand)
    found = judge_outside(seeds=[3], n_members=2)
    x = data.sample_noisy(seed=root(3, 1000)).x
    assert found["knots_left"][0] == found["knots_right"][0] == 0
    # The trainer rounds places to float32.
    ends = [found["outermost_left"][0], found["outermost_right"][0]]
    assert ends == pytest.approx([x.min(), x.max()], abs=1e-5)
    # What joins the dots is level beyond them, up to the rounding of slopes of thousands.
    assert [found["slope_left"][0], found["slope_right"][0]] == pytest.approx([0, 0], abs=0.01)
    assert found["spread_40"][0] == 0


def test_what_diverged_is_undefined_and_the_line_is_not(monkeypatch):
    monkeypatch.setattr(outside, "STORY", SMALL.replace(optimizer="sgd", learning_rate=1e9))
    found = judge_outside(seeds=[3], n_members=2)
    for name, values in found.items():
        assert np.isnan(values).all() != name.startswith(("line", "band")), name


def test_the_band_is_that_of_the_covariance_of_both_coefficients():
    sample = data.sample_noisy_many(3, n_samples=9, seed=0)
    heights, widths = line_and_band(sample.x, sample.y, PLACES, confidence=0.9)
    assert heights.shape == widths.shape == (3, 3)
    for k in range(3):
        coefficients, covariance = np.polyfit(sample.x[k], sample.y[k], 1, cov=True)
        rows = np.stack([PLACES, np.ones(3)], axis=1)
        error = np.sqrt(np.einsum("ki,ij,kj->k", rows, covariance, rows))
        # NumPy solves by another factorization.
        np.testing.assert_allclose(heights[k], rows @ coefficients, rtol=1e-9)
        np.testing.assert_allclose(widths[k], stats.t.ppf(0.95, 7) * error, rtol=1e-8)
        one = line_and_band(sample.x[k], sample.y[k], PLACES, confidence=0.9)
        np.testing.assert_allclose(one, (heights[k], widths[k]), rtol=1e-12)


def test_the_band_covers_as_often_as_it_promises_far_outside_too():
    sample = data.sample_noisy_many(4000, n_samples=5, seed=1)
    heights, widths = line_and_band(sample.x, sample.y, (-20.0, 40.0), confidence=0.8)
    covered = np.abs(heights - data.TRUE_LINE([-20.0, 40.0])) < widths
    # Up to four standard deviations of a binomial share.
    assert covered.mean(axis=0) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 4000))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_members": 1}, ValueError, "n_members must be at least 2, got 1"),
        ({"places": [np.nan]}, ValueError, "places must be finite, got nan at index 0"),
        ({"places": ["left"]}, TypeError, "places must hold real numbers"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        judge_outside(seeds=[0], **arguments)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0, 1], [0, 1], r"one shape of three points or more, got \(2,\)"),
        ([0, 1, 2], [0, 1], r"one shape of three points or more, got \(3,\)"),
        ([1, 1, 1], [0, 1, 2], "at least two different places"),
    ],
)
def test_points_without_a_band_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        line_and_band(x, y, [0])
