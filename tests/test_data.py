"""Samples of a known truth, and the distance of a prediction from it."""

import re

import numpy as np
import pytest
from scipy.integrate import quad

from overfit_tutorial import draws
from overfit_tutorial.data import (
    TRUE_LINE,
    Dataset,
    Line,
    excess_risk,
    noise_followed,
    sample_noisy,
    sample_noisy_many,
)
from overfit_tutorial.draws import Stream

NAN, INF = float("nan"), float("inf")


def wave(x):
    """Return a truth that is not a line."""
    return np.sin(x) + x / 5


def test_the_same_seed_draws_the_same_points():
    first, second = sample_noisy(seed=0), sample_noisy(seed=0)
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(first.y, second.y)


@pytest.mark.parametrize("seed", [3, np.random.SeedSequence(3, spawn_key=(1,))], ids=str)
def test_points_come_from_two_streams_of_their_seed(seed):
    points = sample_noisy(wave, 50, seed=seed, noise_std=0.5, low=-1.0, high=3.0)
    (u,), (z,) = draws.uniforms([seed], Stream.X, 50), draws.normals([seed], Stream.NOISE, 50)
    assert np.array_equal(points.x, -1 + 4 * u)
    assert np.array_equal(points.y, wave(points.x) + 0.5 * z)


def test_another_seed_draws_other_points():
    first, second = sample_noisy(seed=0), sample_noisy(seed=1)
    assert not np.any(first.x == second.x)
    assert not np.any(first.y == second.y)


def test_an_integer_seed_is_short_for_its_seed_sequence():
    assert np.array_equal(sample_noisy(seed=5).y, sample_noisy(seed=np.random.SeedSequence(5)).y)


def test_sampling_neither_reads_nor_moves_the_global_random_state():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    sample_noisy_many(2, seed=0)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_member_depends_on_the_seed_and_its_index_only(k):
    alone = sample_noisy(seed=np.random.SeedSequence(7, spawn_key=(k,)))
    for n_members in (3, 300):
        many = sample_noisy_many(n_members, seed=7)
        assert np.array_equal(many.x[k], alone.x)
        assert np.array_equal(many.y[k], alone.y)


def test_members_differ_from_each_other():
    many = sample_noisy_many(300, n_samples=5, seed=0)
    assert many.x.shape == many.y.shape == (300, 5)
    assert len(np.unique(many.x)) == len(np.unique(many.y)) == many.x.size


def test_sampling_many_twice_from_one_seed_sequence_gives_the_same():
    root = np.random.SeedSequence(3)  # spawning from it would count the calls
    first, second = sample_noisy_many(2, seed=root), sample_noisy_many(2, seed=root)
    assert np.array_equal(first.y, second.y)


def test_members_can_have_seeds_of_their_own():
    seeds = [5, np.random.SeedSequence(6, spawn_key=(1,))]
    many = sample_noisy_many(2, n_samples=4, seed=seeds)
    for x, y, seed in zip(many.x, many.y, seeds, strict=True):
        one = sample_noisy(n_samples=4, seed=seed)
        np.testing.assert_array_equal(x, one.x)
        np.testing.assert_array_equal(y, one.y)
    with pytest.raises(ValueError, match="seed must have one seed a member, 3, got 2"):
        sample_noisy_many(3, seed=seeds)
    with pytest.raises(ValueError, match="seed must not be negative, got -1"):
        sample_noisy_many(1, seed=[-1])


@pytest.mark.parametrize(
    "sample", [sample_noisy, lambda **options: sample_noisy_many(2, **options)]
)
def test_a_sample_remembers_where_it_came_from(sample):
    points = sample(truth=wave, n_samples=4, seed=0, noise_std=1, low=-1, high=3)
    assert isinstance(points, Dataset)
    assert (points.truth, points.noise_std, points.low, points.high) == (wave, 1.0, -1.0, 3.0)
    assert points.x.shape[-1] == points.y.shape[-1] == 4
    assert points.x.dtype == points.y.dtype == np.float64


@pytest.mark.parametrize("points", [sample_noisy(seed=0), sample_noisy_many(2, seed=0)])
def test_samples_are_read_only(points):
    for array in (points.x, points.y):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError, match="cannot assign to field 'x'"):
        points.x = points.y


def test_without_noise_every_point_is_on_the_truth():
    points = sample_noisy(wave, seed=0, noise_std=0)
    assert np.array_equal(points.y, wave(points.x))


def test_the_noise_is_independent_of_its_standard_deviation_and_of_the_truth():
    small = sample_noisy(seed=0, noise_std=1)
    large = sample_noisy(wave, seed=0, noise_std=3)
    # Subtracting the truth loses what adding it rounded away: some 1e-15 of values near 20.
    np.testing.assert_allclose(
        large.y - wave(large.x), 3 * (small.y - TRUE_LINE(small.x)), rtol=0, atol=1e-13
    )


def test_the_noise_has_the_stated_mean_and_variance_and_ignores_x():
    points = sample_noisy(n_samples=200_000, seed=0, noise_std=2.0)
    noise = (points.y - TRUE_LINE(points.x)) / 2
    n = len(noise)
    # Four standard errors: 1/√n of the mean and of a correlation, √(2/n) of a normal variance.
    assert abs(noise.mean()) < 4 / np.sqrt(n)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.corrcoef(points.x, noise)[0, 1]) < 4 / np.sqrt(n)


def test_the_places_are_uniform_on_the_interval():
    x = np.sort(sample_noisy(n_samples=100_000, seed=0, low=-1, high=3).x)
    assert x[0] >= -1
    assert x[-1] < 3
    # Kolmogorov-Smirnov: a distance of 2.23/√n has probability 1e-4 under uniformity.
    distance = np.max(np.abs((x + 1) / 4 - np.arange(len(x)) / len(x)))
    assert distance < 2.23 / np.sqrt(len(x))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (3, 1)])
def test_a_line_keeps_the_shape_of_its_input(shape):
    x = np.full(shape, 2)
    assert np.array_equal(Line(intercept=1.0, slope=0.5)(x), np.full(shape, 2.0))


def test_a_line_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot assign to field 'slope'"):
        TRUE_LINE.slope = 0.0


def test_the_tutorials_truth_is_three_plus_seven_tenths_x():
    assert Line(intercept=3.0, slope=0.7) == TRUE_LINE


@pytest.mark.parametrize("truth", [TRUE_LINE, wave])
def test_excess_risk_of_the_truth_is_zero(truth):
    assert excess_risk(truth, truth) == 0.0


def test_excess_risk_is_symmetric():
    assert excess_risk(wave, TRUE_LINE) == excess_risk(TRUE_LINE, wave)


def test_excess_risk_between_two_lines_has_a_closed_form():
    line, low, high, n_points = Line(intercept=1.0, slope=1.2), -2.0, 7.0, 2001
    height = line((low + high) / 2) - TRUE_LINE((low + high) / 2)
    # The variance of n midpoints is (1 − 1/n²) times that of the interval.
    spread = (high - low) ** 2 / 12 * (1 - 1 / n_points**2)
    expected = height**2 + 0.5**2 * spread
    # Rounding only: a mean of 2001 squares keeps 14 digits.
    actual = excess_risk(line, TRUE_LINE, low=low, high=high)
    np.testing.assert_allclose(actual, expected, rtol=1e-13)


def test_excess_risk_agrees_with_adaptive_quadrature():
    integral, _ = quad(lambda x: (wave(x) - TRUE_LINE(x)) ** 2, 0, 20, epsabs=1e-11, limit=200)
    # The midpoint rule errs by h²/24, here 4e-6, times the mean of the second derivative, here
    # below 1; the risk itself is above 10.
    np.testing.assert_allclose(excess_risk(wave, TRUE_LINE), integral / 20, rtol=1e-6)


def test_excess_risk_converges_with_the_square_of_the_number_of_points():
    def predict(x):
        return np.exp(x / 10)

    def zero(x):
        return 0 * x

    exact = (np.exp(4) - 1) / 4  # the mean of exp(x/5) over [0, 20]
    errors = [abs(excess_risk(predict, zero, n_points=n) - exact) for n in (10, 20, 40, 80)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    # The error is c h² + O(h⁴): the next term moves the order by less than a hundredth.
    np.testing.assert_allclose(orders, 2, atol=0.01)


def test_many_fits_get_one_risk_each():
    heights = np.array([0.0, 1.0, -2.0])
    risk = excess_risk(lambda x: TRUE_LINE(x) + heights[:, np.newaxis], TRUE_LINE)
    # Adding and taking away the truth rounds at 1e-15.
    np.testing.assert_allclose(risk, heights**2, rtol=1e-13)


def test_one_fit_gets_a_python_float():
    assert type(excess_risk(wave, TRUE_LINE)) is float


def test_a_diverged_prediction_has_no_finite_risk():
    heights = np.array([[NAN], [INF], [1.0]])
    risk = excess_risk(lambda x: 0 * x + heights, lambda x: 0 * x)
    np.testing.assert_array_equal(risk, [NAN, INF, 1.0])


def test_the_column_that_keras_returns_is_refused_by_name():
    with pytest.raises(ValueError, match=r"column \(50, 1\) that Keras' predict returns"):
        excess_risk(lambda x: wave(x)[:, np.newaxis], wave, n_points=50)


@pytest.mark.parametrize(("shape", "got"), [((), "()"), ((49,), "(49,)"), ((50, 2), "(50, 2)")])
def test_a_prediction_of_another_shape_is_refused(shape, got):
    message = f"predict must return shape (..., 50), got {got}"
    with pytest.raises(ValueError, match=re.escape(message)):
        excess_risk(lambda x: np.zeros(shape), wave, n_points=50)


SEED_RULE = "seed must be an int or a numpy.random.SeedSequence, got "
BAD_SAMPLES = [
    ({"n_samples": 0}, ValueError, "n_samples must be at least 1, got 0"),
    ({"n_samples": 2.0}, TypeError, "n_samples must be a whole number, got 2.0"),
    ({"n_samples": True}, TypeError, "n_samples must be a whole number, got True"),
    ({"noise_std": -1.0}, ValueError, "noise_std must not be negative, got -1"),
    ({"noise_std": NAN}, ValueError, "noise_std must be finite, got nan"),
    ({"noise_std": "2"}, TypeError, "noise_std must be a number, got '2'"),
    ({"low": 3, "high": 3}, ValueError, "low must be below high, got low=3, high=3"),
    ({"low": 4, "high": 3}, ValueError, "low must be below high, got low=4, high=3"),
    ({"low": -INF}, ValueError, "low must be finite, got -inf"),
    ({"high": NAN}, ValueError, "high must be finite, got nan"),
    ({"truth": 3.0}, TypeError, "truth must be callable, got 3.0"),
    ({"truth": np.sum}, ValueError, "truth must return the shape of its input (100,), got ()"),
    ({"truth": lambda x: x / 0}, ValueError, "truth must return finite values, got inf"),
    ({"seed": None}, TypeError, SEED_RULE + "None"),
    ({"seed": 1.5}, TypeError, SEED_RULE + "1.5"),
    ({"seed": np.random.default_rng(0)}, TypeError, SEED_RULE + "Generator(PCG64)"),
    ({"seed": -1}, ValueError, "seed must not be negative, got -1"),
]


@pytest.mark.parametrize(
    "sample", [sample_noisy, lambda **options: sample_noisy_many(2, **options)]
)
@pytest.mark.parametrize(("options", "error", "message"), BAD_SAMPLES)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_bad_argument_of_sampling_is_named(sample, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        sample(**{"seed": 0, **options})


def write_into(x):
    """Return values as a careless function might: in the place of its argument."""
    x += 1
    return x


def test_a_function_that_writes_into_its_argument_is_refused():
    with pytest.raises(ValueError, match="read-only"):
        sample_noisy(write_into, seed=0)
    with pytest.raises(ValueError, match="read-only"):
        excess_risk(write_into, wave)


def test_the_seed_is_required():
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        sample_noisy()
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        sample_noisy_many(2)


def test_at_least_one_member_is_required():
    with pytest.raises(ValueError, match="n_members must be at least 1, got 0"):
        sample_noisy_many(0, seed=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"low": 1, "high": 0}, ValueError, "low must be below high, got low=1, high=0"),
        ({"n_points": 0}, ValueError, "n_points must be at least 1, got 0"),
        ({"truth": None}, TypeError, "truth must be callable, got None"),
        ({"predict": 3.0}, TypeError, "predict must be callable, got 3.0"),
        ({"truth": lambda x: x[:3]}, ValueError, "truth must return the shape of its input"),
    ],
)
def test_a_bad_argument_of_the_risk_is_named(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        excess_risk(**{"predict": wave, "truth": wave, **options})


def test_a_line_refuses_what_is_not_a_finite_number():
    with pytest.raises(ValueError, match="slope must be finite, got nan"):
        Line(intercept=0.0, slope=NAN)
    with pytest.raises(TypeError, match="intercept must be a number, got '0'"):
        Line(intercept="0", slope=0.0)


def smoother_of_the_line(x):
    """Return the matrix that takes targets to the values of the least-squares line."""
    design = np.stack([np.ones_like(x), x], axis=1)
    return design @ np.linalg.pinv(design)


def smoother_of_the_nearest(x, k):
    """Return the matrix that takes targets to the means of the k nearest points."""
    nearest = np.abs(x[:, np.newaxis] - x).argsort(axis=1, kind="stable")[:, :k]
    matrix = np.zeros((len(x), len(x)))
    np.put_along_axis(matrix, nearest, 1 / k, axis=1)
    return matrix


SMOOTHERS = {
    "line": (smoother_of_the_line, 2),
    "mean": (lambda x: np.full((len(x), len(x)), 1 / len(x)), 1),
    "dots": (lambda x: np.eye(len(x)), 40),
    "three nearest": (lambda x: smoother_of_the_nearest(x, 3), 40 / 3),
    "ridge": (lambda x: np.outer(x, x) / (x @ x + 50.0), None),
}


@pytest.mark.parametrize("name", SMOOTHERS)
def test_times_n_the_noise_followed_is_on_average_the_trace_of_a_linear_smoother(name):
    smoother, degrees_of_freedom = SMOOTHERS[name]
    x = sample_noisy(n_samples=40, seed=0).x
    matrix = smoother(x)
    if degrees_of_freedom is not None:
        assert np.trace(matrix) == pytest.approx(degrees_of_freedom, rel=1e-9)
    draws_of_noise = np.random.default_rng(0).normal(size=(4000, 40))
    y = TRUE_LINE(x) + draws_of_noise
    found = noise_followed(y @ matrix.T, TRUE_LINE, np.broadcast_to(x, y.shape), y)
    # Four standard errors of the mean: seed and margin were not tuned.
    margin = 4 * found.std() / np.sqrt(len(found)) + 1e-12
    assert found.mean() == pytest.approx(np.trace(matrix) / 40, abs=margin)


def test_the_truth_follows_no_noise_and_a_visit_to_every_point_all_of_it():
    points = sample_noisy(wave, seed=0)
    assert noise_followed(points.truth, points.truth, points.x, points.y) == 0.0
    assert noise_followed(points.y, points.truth, points.x, points.y) == 1.0


def test_the_noise_followed_is_the_slope_of_a_regression_through_zero():
    points = sample_noisy(wave, 30, seed=1)
    noise, off = points.y - wave(points.x), np.cos(points.x)
    (slope,), *_ = np.linalg.lstsq(noise[:, np.newaxis], off, rcond=None)
    found = noise_followed(wave(points.x) + off, wave, points.x, points.y)
    assert found == pytest.approx(slope, rel=1e-12)


def test_the_training_error_hides_the_noise_that_a_shaking_curve_follows():
    points = sample_noisy(seed=2)
    fitted = points.truth(points.x) + np.sin(points.x)
    noise, off = points.y - points.truth(points.x), np.sin(points.x)
    followed = noise_followed(fitted, points.truth, points.x, points.y)
    error = np.mean((fitted - points.y) ** 2)
    assert error == pytest.approx(np.mean(noise**2) * (1 - 2 * followed) + np.mean(off**2))


def test_the_noise_followed_of_parts_adds_up_by_their_noise():
    points = sample_noisy_many(3, seed=3)
    fitted = np.sin(points.x)
    parts = [points.x < 7, points.x >= 7]
    noise = [np.sum((points.y - points.truth(points.x)) ** 2 * part, axis=1) for part in parts]
    followed = [
        noise_followed(fitted, points.truth, points.x, points.y, where=part) for part in parts
    ]
    whole = noise_followed(fitted, points.truth, points.x, points.y)
    assert whole == pytest.approx(np.average(followed, axis=0, weights=noise))
    with np.errstate(all="raise"):
        nowhere = noise_followed(fitted, points.truth, points.x, points.y, where=points.x < 0)
    assert np.isnan(nowhere).all()


def test_many_fits_of_the_same_points_get_one_share_each():
    points = sample_noisy(seed=0)
    values = np.stack([points.y, points.truth(points.x)])
    found = noise_followed(values, points.truth, points.x, points.y)
    assert found.tolist() == [1.0, 0.0]
    assert np.isnan(noise_followed(points.y * NAN, points.truth, points.x, points.y))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.zeros(3)}, re.escape("x and y must have one shape")),
        ({"x": np.zeros((1, 1, 4)), "y": np.zeros((1, 1, 4))}, "x and y must have one shape"),
        (
            {"fitted": np.zeros((4, 1))},
            re.escape("one value for each of the points (4,), got (4, 1)"),
        ),
        ({"fitted": lambda x: x[:, np.newaxis]}, "fitted must have one value for each"),
        ({"fitted": 0.0}, re.escape("got ()")),
        ({"y": TRUE_LINE([0, 1, 2, 3])}, "y must differ from the truth"),
        ({"truth": lambda _x: np.zeros(2)}, "truth must return the shape of its input"),
    ],
)
def test_a_bad_argument_of_the_noise_followed_is_named(changes, message):
    good = {"fitted": np.zeros(4), "truth": TRUE_LINE, "x": np.arange(4.0), "y": np.zeros(4)}
    with pytest.raises(ValueError, match=message):
        noise_followed(**good | changes)


def test_masked_points_are_refused():
    points = sample_noisy(seed=0)
    masked = np.ma.masked_less(points.y, 5)
    for x, y in ((points.x, masked), (np.ma.masked_less(points.x, 5), points.y)):
        with pytest.raises(TypeError, match="must not be masked"):
            noise_followed(points.y, TRUE_LINE, x, y)
    with pytest.raises(TypeError, match="fitted must not be masked"):
        noise_followed(masked, TRUE_LINE, points.x, points.y)
    with pytest.raises(TypeError, match="predict must not be masked"):
        excess_risk(lambda x: np.ma.masked_less(x, 5), TRUE_LINE)
