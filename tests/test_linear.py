"""Least squares on a line, against other ways to compute it."""

import re

import numpy as np
import pytest

from overfit_tutorial.data import TRUE_LINE, Line, excess_risk, sample_noisy, sample_noisy_many
from overfit_tutorial.linear import expected_excess_risk, fit_line

STORY = sample_noisy(seed=0)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_that_of_numpys_polyfit(seed):
    points = sample_noisy(n_samples=30, seed=seed)
    line = fit_line(points.x, points.y)
    slope, intercept = np.polyfit(points.x, points.y, 1)
    # Rounding only: of sixteen digits, centering and sums of thirty terms lose two or three.
    np.testing.assert_allclose([line.slope, line.intercept], [slope, intercept], rtol=1e-12)


def test_points_on_a_line_give_that_line():
    line = fit_line(STORY.x, TRUE_LINE(STORY.x))
    # Rounding only, as above.
    np.testing.assert_allclose([line.intercept, line.slope], [3.0, 0.7], rtol=1e-12)


def test_the_residuals_are_orthogonal_to_the_features():
    residuals = STORY.y - fit_line(STORY.x, STORY.y)(STORY.x)
    # A sum of a hundred terms of size 40 rounds at 1e-12.
    np.testing.assert_allclose([residuals.sum(), residuals @ STORY.x], 0, atol=1e-11)


def test_the_fit_follows_a_shift_and_a_scale_of_the_targets():
    line, moved = fit_line(STORY.x, STORY.y), fit_line(STORY.x, 5 - 3 * STORY.y)
    expected = [5 - 3 * line.intercept, -3 * line.slope]
    # Rounding only: the two fits add other numbers.
    np.testing.assert_allclose([moved.intercept, moved.slope], expected, rtol=1e-12)


def test_reversing_the_axis_reverses_the_slope():
    line, mirrored = fit_line(STORY.x, STORY.y), fit_line(-STORY.x, STORY.y)
    # Negation is exact, so both fits round alike.
    assert mirrored == Line(intercept=line.intercept, slope=-line.slope)


def test_the_order_of_the_points_does_not_matter():
    line, reordered = fit_line(STORY.x, STORY.y), fit_line(STORY.x[::-1], STORY.y[::-1])
    # Sums in another order round otherwise.
    np.testing.assert_allclose(
        [reordered.intercept, reordered.slope], [line.intercept, line.slope], rtol=1e-12
    )


def test_the_slope_keeps_its_digits_far_from_zero():
    far = fit_line(STORY.x + 1e6, STORY.y)
    # Adding 1e6 rounds the places at 1e-10; sums of squares not centered would lose 1e-5.
    np.testing.assert_allclose(far.slope, fit_line(STORY.x, STORY.y).slope, rtol=1e-9)


def test_fitting_accepts_lists_and_integers():
    assert fit_line([0, 1, 2], (1, 3, 5)) == Line(intercept=1.0, slope=2.0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 20.0), (-3.0, 5.0)])
def test_the_expected_risk_is_that_of_the_matrix_formula(low, high):
    features = np.stack([np.ones_like(STORY.x), STORY.x], axis=1)
    moments = np.array(
        [
            [1, (low + high) / 2],
            [(low + high) / 2, (low**2 + low * high + high**2) / 3],
        ]
    )
    # σ² E[φ(x)ᵀ (ΦᵀΦ)⁻¹ φ(x)], the expectation taken of φ(x) φ(x)ᵀ.
    expected = 1.5**2 * np.trace(np.linalg.inv(features.T @ features) @ moments)
    # The naive inverse has condition 400 and loses three digits.
    np.testing.assert_allclose(
        expected_excess_risk(STORY.x, 1.5, low=low, high=high), expected, rtol=1e-12
    )


def test_the_expected_risk_is_the_mean_of_the_risks_of_many_fits():
    many = sample_noisy_many(2000, n_samples=20, seed=0)
    surplus = [
        excess_risk(fit_line(x, y), TRUE_LINE, n_points=201) - expected_excess_risk(x, 2.0)
        for x, y in zip(many.x, many.y, strict=True)
    ]
    # Each difference has mean zero; the mean of all lies within four standard errors. (The
    # midpoint rule with 201 points is off by 1e-5, a thousandth of one.)
    assert abs(np.mean(surplus)) < 4 * np.std(surplus, ddof=1) / np.sqrt(len(surplus))


def test_over_uniform_places_the_expected_risk_is_about_two_variances_per_point():
    many = sample_noisy_many(500, seed=0)
    mean = np.mean([expected_excess_risk(x, 2.0) for x in many.x])
    # Of first order in 1/n: the rest is a few parts in n = 100.
    np.testing.assert_allclose(mean, 2 * 2.0**2 / 100, rtol=0.03)


def test_the_expected_risk_grows_with_the_variance_of_the_noise():
    assert expected_excess_risk(STORY.x, 0) == 0.0
    # Powers of two scale without rounding.
    assert expected_excess_risk(STORY.x, 4.0) == 16 * expected_excess_risk(STORY.x, 1.0)


BAD_POINTS = [
    ([0, 1], [0, 1, 2], "x and y must have the same length, got 2 and 3"),
    ([0, NAN], [0, 1], "x must be finite, got nan at index 1"),
    ([INF, 0], [0, 1], "x must be finite, got inf at index 0"),
    ([0, 1], [0, NAN], "y must be finite, got nan at index 1"),
    ([0, 1], [-INF, 0], "y must be finite, got -inf at index 0"),
    ([2, 2, 2], [0, 1, 2], "x must hold at least two different values, got 2 3 times"),
    ([2], [0], "x must hold at least two different values, got 2 1 times"),
    ([], [], "x must be a vector of at least one number, got shape (0,)"),
    ([[0], [1]], [0, 1], "x must be a vector of at least one number, got shape (2, 1)"),
    ([0, 1], 3, "y must be a vector of at least one number, got shape ()"),
]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (["a", "b"], TypeError, "x must hold real numbers, got <U1"),
        ([1j, 2], TypeError, "x must hold real numbers, got complex128"),
        ([[1], [1, 2]], ValueError, "x must be numbers in rows of one length, got [[1], [1, 2]]"),
    ],
)
def test_places_that_are_no_vector_of_numbers_are_named(x, error, message):
    with pytest.raises(error, match=re.escape(message)):
        fit_line(x, [0, 1])


@pytest.mark.parametrize(("x", "y", "message"), BAD_POINTS)
def test_bad_points_are_named(x, y, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fit_line(x, y)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x": [1, 1]}, ValueError, "x must hold at least two different values, got 1 2 times"),
        ({"x": [0, NAN]}, ValueError, "x must be finite, got nan at index 1"),
        ({"noise_std": -2}, ValueError, "noise_std must not be negative, got -2"),
        ({"noise_std": "2"}, TypeError, "noise_std must be a number, got '2'"),
        ({"low": 20}, ValueError, "low must be below high, got low=20, high=20"),
    ],
)
def test_a_bad_argument_of_the_expected_risk_is_named(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        expected_excess_risk(**{"x": [0, 1], "noise_std": 1, **options})
