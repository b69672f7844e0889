"""The rungs against simulation, against exact integrals, and against each other."""

import numpy as np
import pytest
from scipy import integrate

from overfit_tutorial import data, ladder, linear

STORY = {"noise_std": 2.0, "slope": 0.7, "length": 20.0}


def join_the_dots(x, y, at):
    order = np.argsort(x)
    return np.interp(at, x[order], y[order])


def copy_the_nearest(x, y, at):
    return y[np.abs(at[:, None] - x).argmin(axis=1)]


def always_the_mean(x, y, at):
    return np.full_like(at, y.mean())


RULES = {
    "join_the_dots": join_the_dots,
    "copy_the_nearest": copy_the_nearest,
    "always_the_mean": always_the_mean,
}


@pytest.mark.parametrize("n_samples", [5, 100])
@pytest.mark.parametrize("name", RULES)
def test_a_rung_is_the_mean_over_many_data_sets(name, n_samples):
    truth = data.Line(intercept=1.0, slope=0.7)
    many = data.sample_noisy_many(2000, truth, n_samples, seed=5)
    risks = [
        data.excess_risk(lambda at, x=x, y=y: RULES[name](x, y, at), truth, n_points=401)
        for x, y in zip(many.x, many.y, strict=True)
    ]
    # Four standard errors: one false alarm in some sixteen thousand.
    tolerance = 4 * np.std(risks) / np.sqrt(len(risks))
    assert getattr(ladder, name)(n_samples, **STORY) == pytest.approx(
        np.mean(risks), abs=tolerance
    )


@pytest.mark.parametrize(("n_samples", "rtol"), [(25, 0.01), (100, 0.002), (400, 0.001)])
def test_least_squares_is_the_mean_of_the_exact_risk_given_x(n_samples, rtol):
    x = data.sample_noisy_many(10_000, n_samples=n_samples, seed=1).x
    exact = np.mean([linear.expected_excess_risk(row, 2.0) for row in x])
    assert ladder.least_squares(n_samples) == pytest.approx(exact, rel=rtol)


def test_the_second_order_of_least_squares_is_needed():
    x = data.sample_noisy_many(10_000, n_samples=25, seed=1).x
    exact = np.mean([linear.expected_excess_risk(row, 2.0) for row in x])
    assert pytest.approx(exact, rel=0.05) != 2 * 2.0**2 / 25


def test_the_nearest_is_as_far_as_an_integral_says():
    # P(d > t) at place u is the chance that no point falls in [u - t, u + t] of the unit interval.
    n = 7

    def beyond(t, u):
        return 2 * t * (1 - (min(u + t, 1) - max(u - t, 0))) ** n

    mean_square, _ = integrate.dblquad(beyond, 0, 1, 0, 1, epsabs=1e-10)
    rung = ladder.copy_the_nearest(n, noise_std=0.0, slope=1.0, length=1.0)
    assert rung == pytest.approx(mean_square, rel=1e-6)


def test_between_two_points_two_thirds_of_the_noise_remain():
    # With endlessly many points the ends and the slope no longer matter.
    assert ladder.join_the_dots(10**7, noise_std=3.0) == pytest.approx(6.0, rel=1e-6)


def test_one_point_makes_one_constant():
    costs = {getattr(ladder, name)(1, **STORY) for name in RULES}
    assert max(costs) == pytest.approx(min(costs), rel=1e-12)


def test_the_rungs_are_in_order_for_the_story():
    rungs = ladder.rungs()
    assert list(rungs.values()) == sorted(rungs.values())
    assert rungs == {name: getattr(ladder, name.replace(" ", "_"))() for name in rungs}


def test_the_noise_that_a_rule_follows_is_the_mean_over_many_data_sets():
    many = data.sample_noisy_many(4000, n_samples=10, seed=6)
    rules = {name.replace("_", " "): rule for name, rule in RULES.items()}
    rules["least squares"] = lambda x, y, at: linear.fit_line(x, y)(at)
    expected = ladder.noise_followed(10)
    assert list(expected) == list(ladder.rungs())
    for name, rule in rules.items():
        fitted = [rule(x, y, x) for x, y in zip(many.x, many.y, strict=True)]
        found = data.noise_followed(fitted, many.truth, many.x, many.y)
        # Four standard errors; none at all for the rules that visit every point.
        tolerance = 4 * np.std(found) / np.sqrt(len(found)) + 1e-12
        assert expected[name] == pytest.approx(np.mean(found), abs=tolerance)


def test_halfway_is_as_many_times_least_squares_as_the_dots_are_of_it():
    halfway, dots = ladder.halfway_to_the_dots(), ladder.join_the_dots(slope=0.0)
    assert halfway / ladder.least_squares() == pytest.approx(dots / halfway, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ladder.least_squares(24), "n_samples must be at least 25"),
        (lambda: ladder.join_the_dots(0), "n_samples must be at least 1, got 0"),
        (lambda: ladder.copy_the_nearest(noise_std=-1.0), "noise_std must not be negative"),
        (lambda: ladder.always_the_mean(length=0.0), "length must be above zero"),
        (lambda: ladder.noise_followed(1), "n_samples must be at least 2 for a line, got 1"),
        (lambda: ladder.rungs(slope=float("nan")), "slope must be finite"),
    ],
)
def test_what_makes_no_rung_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
