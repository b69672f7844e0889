"""The page on double descent: its closed forms, its exercises, and worlds where it is wrong."""

import functools
from pathlib import Path

import numpy as np
import pytest
from numpy.polynomial import legendre
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import PolynomialFeatures

from overfit_tutorial import data, ensembles

(PAGE,) = Path(__file__).parents[2].glob("examples/5_*/plot_4_why_does_error_peak*.py")
FEWER = [("N_SETS, RCOND = 72, 1e-15", "N_SETS, RCOND = 30, 1e-15")]
FEW_WIDTHS = [*FEWER, ("[1, 2, 4, 5, 7, 10, 20, 50, 128]", "[4, 128]")]
# A quadrature that is exact for squares of polynomials of degree 79, as a mean.
AT, WEIGHTS = legendre.leggauss(80)
WEIGHTS = WEIGHTS / 2


@pytest.fixture
def page(perform):
    return functools.partial(perform, PAGE, changes=FEWER)


@pytest.fixture
def x():
    return np.random.default_rng(7).uniform(-1, 1, 20)


def truth(x):
    return 0.3 + 0.7 * x


def expected_risk(shares, x, weights=WEIGHTS, at=AT):
    """Return bias and variance of a smoother, from what it makes of each target at each place."""
    return weights @ (shares @ truth(x) - truth(at)) ** 2, 0.09 * weights @ (shares**2).sum(1)


# -- The closed form -----------------------------------------------------------------------------


@pytest.mark.parametrize("p", [2, 6, 40])
def test_expectations_are_what_simulated_noise_gives(p, page, x):
    names = page("judge")
    noise = np.random.default_rng(8).normal(scale=0.3, size=(20, 4000))
    for sizes in names["SIZES"].values():
        heights = sizes(np.arange(p))
        table = legendre.legvander(x, p - 1) * heights
        found = np.linalg.lstsq(table, truth(x)[:, np.newaxis] + noise, rcond=None)[0]
        curves = (legendre.legvander(AT, p - 1) * heights) @ found
        risks = WEIGHTS @ (curves - truth(AT)[:, np.newaxis]) ** 2
        y = truth(x) + noise.T
        followed = data.noise_followed((table @ found).T, truth, np.tile(x, (len(y), 1)), y)
        bias, variance, share = names["judge"](x, p, sizes)
        # Five standard errors.
        assert bias + variance == pytest.approx(
            risks.mean(), abs=5 * risks.std() / len(risks) ** 0.5
        )
        assert share == pytest.approx(
            followed.mean(), abs=5 * followed.std() / len(risks) ** 0.5 + 1e-9
        )


def test_few_features_are_the_least_squares_of_another_library(page, x):
    names = page("judge")
    columns = PolynomialFeatures(5).fit_transform(np.r_[x, AT][:, np.newaxis])
    unit = LinearRegression(fit_intercept=False).fit(columns[:20], np.eye(20))
    bias, variance = expected_risk(unit.predict(columns[20:]), x)
    for sizes in names["SIZES"].values():
        found = names["judge"](x, 6, sizes)
        assert found == pytest.approx((bias, variance, 6 / 20), rel=1e-6, abs=1e-12)


def test_many_features_are_a_ridge_whose_penalty_vanishes(page, x):
    names = page("judge")
    for sizes in names["SIZES"].values():
        columns = legendre.legvander(np.r_[x, AT], 59) * sizes(np.arange(60))
        ridge = Ridge(alpha=1e-13, fit_intercept=False, solver="svd")
        unit = ridge.fit(columns[:20], np.eye(20))
        bias, variance = expected_risk(unit.predict(columns[20:]), x)
        found = names["judge"](x, 60, sizes)
        # What penalty is left pulls the smallest singular values by about a millionth.
        assert found == pytest.approx((bias, variance, 1), rel=1e-3, abs=1e-9)


def test_the_peak_is_that_of_the_polynomials_of_lagrange(page, x):
    names = page("judge")
    others = [np.delete(x, k) for k in range(20)]
    shares = [
        np.prod((AT[:, np.newaxis] - other) / (x[k] - other), axis=1)
        for k, other in enumerate(others)
    ]
    _, variance = expected_risk(np.transpose(shares), x)
    assert variance > 1e3
    for sizes in names["SIZES"].values():
        # The rounding of double precision times the condition number, a millionth of a billion.
        assert names["judge"](x, 20, sizes)[1] == pytest.approx(variance, rel=1e-3)


def test_at_gauss_places_the_peak_is_the_noise_variance(page):
    names = page("judge")
    places = legendre.leggauss(20)[0]
    for sizes in names["SIZES"].values():
        assert names["judge"](places, 20, sizes) == pytest.approx((0, 0.09, 1), abs=1e-12)


def test_features_all_as_tall_end_at_the_null_predictor(page, x):
    # In their own norm nothing is longer than in the mean square: the risk has a form without
    # parameters, and their kernel grows until only the truth's own mean square is left.
    names = page("judge")
    null = 0.09 + 0.49 / 3
    distances = []
    for p in (100, 1000, 4000):
        table = legendre.legvander(x, p - 1) * np.sqrt(2 * np.arange(p) + 1)
        kernel = np.linalg.inv(table @ table.T)
        bias, variance, _ = names["judge"](x, p, names["SIZES"]["all as tall"])
        assert bias == pytest.approx(null - truth(x) @ kernel @ truth(x), rel=1e-6)
        assert variance == pytest.approx(0.09 * np.trace(kernel), rel=1e-6)
        distances.append(abs(bias + variance - null))
    assert distances[2] < distances[1] < distances[0]
    assert distances[2] < 0.002


def test_features_that_fade_as_one_over_k_lose_the_line_slowly(page, x):
    # The diagonal of their kernel grows as the sum of 1/k does, everything else has a limit.
    names = page("judge")
    kernels, biases = [], []
    for p in (250, 500, 1000, 2000, 4000):
        table = legendre.legvander(x, p - 1)
        kernels.append(table @ table.T)
        biases.append(names["judge"](x, p, names["SIZES"]["fading as 1/k"])[0])
    growth = np.diff([np.diag(kernel) for kernel in kernels], axis=0)
    expected = np.log(2) / (np.pi * np.sqrt(1 - x**2))
    assert growth[-1] == pytest.approx(expected, rel=0.05)
    others = ~np.eye(20, dtype=bool)
    assert np.median(abs(kernels[-1] - kernels[-2])[others]) < 0.01 * np.median(growth[-1])
    assert (np.diff(biases) > 0).all()


def test_random_kinks_are_judged_as_least_squares_of_another_library(page, x):
    names = page("judge_kinks", "sides")
    places = names["PLACES"]
    for p in (10, 80):
        kinks, sides = names["kinks"][0, :p], names["sides"][0, :p]
        table = np.maximum(0, sides * (np.r_[x, places][:, np.newaxis] - kinks))
        unit = np.linalg.lstsq(table[:20], np.eye(20), rcond=1e-10)[0]
        weights = np.full(len(places), 1 / len(places))
        parts = expected_risk(table[20:] @ unit, x, weights, places)
        risk, followed = names["judge_kinks"](x, kinks, sides)
        assert risk == pytest.approx(sum(parts), rel=1e-6)
        assert followed == pytest.approx(np.linalg.matrix_rank(table[:20], tol=1e-9) / 20)


def test_three_points_without_a_kink_are_not_all_visited(page):
    names = page("kink_followed", "all_followed")
    x = np.sort(names["x"])
    lone = np.zeros_like(names["all_followed"])
    for row, p in enumerate(names["units"]):
        kinks = names["kinks"][:, np.newaxis, :p]
        between = (kinks > x[:, :-2, np.newaxis]) & (kinks < x[:, 2:, np.newaxis])
        lone[row] = ~between.any(axis=2).all(axis=1)
    assert 0 < lone.mean() < 1
    assert not (lone & names["all_followed"]).any()


def test_two_points_without_a_kink_are_no_trouble(page):
    # Kinks everywhere but between the fifth point and the sixth.
    names = page("judge_kinks")
    x = np.linspace(-0.95, 0.95, 20)
    kinks = np.delete((x[1:] + x[:-1]) / 2, 4)
    kinks = np.r_[kinks - 0.01, kinks + 0.01]
    for sides in (np.ones(36), -np.ones(36), np.tile([-1, 1], 18)):
        columns = np.r_[kinks, -1, 1], np.r_[sides, 1, -1]
        assert names["judge_kinks"](x, *columns)[1] == pytest.approx(1, abs=1e-9)


# -- The exercises -------------------------------------------------------------------------------


def test_without_noise_there_is_no_peak(perform):
    quiet = [*FEWER, ("slope=0.7), 0.3, 20", "slope=0.7), 0.0, 20")]
    names = perform(PAGE, "middle", changes=quiet)
    few = np.array(names["counts"]) <= 20
    assert names["middle"][:, few].max() < 1e-9
    assert (np.diff(names["middle"][:, ~few]) > 0).all()
    assert names["middle"][0, -1] == pytest.approx(0.09 + 0.49 / 3, rel=0.02)


def test_at_better_places_the_peak_is_low(perform):
    line = "x, y = points.x, points.y\n"
    gauss = f"{line}x = np.polynomial.legendre.leggauss(20)[0][np.newaxis]\n"
    names = perform(PAGE, "middle", changes=[*FEWER, (line, gauss)])
    at_peak = names["counts"].index(20)
    assert names["middle"][:, at_peak] == pytest.approx(0.09, rel=1e-6)
    assert names["middle"][:, : at_peak + 1].max() == pytest.approx(0.09, rel=1e-6)


# -- Worlds in which the page is wrong -----------------------------------------------------------


class Dots:
    """Networks that join their points, whatever their width."""

    def __init__(self, x, y, *args, **options):
        self.x, self.y = x, y

    def predict(self, at):
        rows = np.broadcast_to(at, (len(self.x), np.shape(at)[-1]))
        order = np.argsort(self.x)
        x, y = (np.take_along_axis(z, order, 1) for z in (self.x, self.y))
        return np.stack([np.interp(*row) for row in zip(rows, x, y, strict=True)])

    def at(self, step):
        return self


SHRUNK = ("np.linalg.pinv(features, rcond=rcond)", "np.linalg.pinv(features, rcond=0.1)")
ONE_WAY = ("heights = sizes(k)", "heights = np.ones(p)")
WAVES = (
    "np.maximum(0, sides * (at[:, np.newaxis] - kinks))",
    "np.cos(20 * at[:, np.newaxis] * kinks + sides)",
)
WORLDS = {
    "what is small is left out": (
        [SHRUNK],
        {"noise-followed-stays-at-all", "peak-where-no-choice-is-left"},
    ),
    "there is one way to write features": ([ONE_WAY], {"the-end-is-how-features-fade"}),
    "features wave everywhere": ([WAVES], {"kinks-need-more"}),
    "networks join the dots": ([], {"networks-cross-no-threshold"}),
}


def test_every_claim_holds_where_nothing_is_changed(claims_of):
    found = claims_of(PAGE, changes=FEW_WIDTHS)
    assert found == dict.fromkeys(set.union(*(false for _, false in WORLDS.values())), True)


@pytest.mark.parametrize("world", WORLDS)
def test_every_claim_is_false_in_some_world(world, claims_of, monkeypatch):
    changes, false = WORLDS[world]
    if not changes:
        monkeypatch.setattr(ensembles, "fit_ensemble", Dots)
    found = claims_of(PAGE, waits_for=false, changes=[*FEW_WIDTHS, *changes])
    assert false == {claim for claim in false if found[claim] is False}
