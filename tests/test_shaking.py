import numpy as np
import pytest
from scipy.stats import norm

from overfit_tutorial import data, linear
from overfit_tutorial.shaking import added_noise_followed

POINTS = data.sample_noisy(n_samples=30, seed=0)


def line(y):
    """Return the least-squares lines of some rows of targets, at their points."""
    rows = [linear.fit_line(POINTS.x, row)(POINTS.x) for row in np.atleast_2d(y)]
    return np.reshape(rows, np.shape(y))


@pytest.mark.parametrize("size", [0.1, 3.0])
def test_a_line_follows_two_of_n_parts_of_what_is_added(size):
    rows = np.tile(POINTS.y, (4000, 1))
    found = 30 * added_noise_followed(line, rows, size=size, seed=1)
    # The trace of a linear smoother; each shake is a quadratic form around it.
    assert abs(found.mean() - 2) < 4 * found.std() / np.sqrt(len(found))
    assert found.std() > 1


def test_one_shake_of_a_linear_fit_is_a_quadratic_form():
    design = np.stack([np.ones(30), POINTS.x], axis=1)
    smoother = design @ np.linalg.pinv(design)
    asked = []

    def fit(y):
        asked.append(y)
        return smoother @ y

    found = added_noise_followed(fit, POINTS.y, size=0.7, seed=2)
    noise = (asked[0] - asked[1]) / 2
    np.testing.assert_allclose(asked[0] + asked[1], 2 * POINTS.y, rtol=1e-12)
    np.testing.assert_allclose(found, noise @ smoother @ noise / (noise @ noise), rtol=1e-9)
    assert abs(noise.std() - 0.7) < 0.3


def test_of_a_fit_that_is_not_linear_it_is_the_followed_noise_at_the_larger_noise():
    # Soft thresholding of pure noise uses as many parameters as there are values beyond the
    # threshold (Stein): a count that depends on the noise.
    threshold, noise_std, size, n = 1.5, 1.0, 0.75, 200
    y = noise_std * np.random.default_rng(3).standard_normal((4000, n))

    def fit(y):
        return np.sign(y) * np.maximum(np.abs(y) - threshold, 0)

    found = added_noise_followed(fit, y, size=size, seed=4)
    beyond = {std: 2 * norm.sf(threshold / std) for std in (1.0, np.hypot(noise_std, size))}
    error = found.std() / np.sqrt(len(found))
    # By the sum of squares, not its expectation: off by a share of about 2 / n.
    assert abs(found.mean() - beyond[1.25]) < 4 * error + 2 / n * beyond[1.25]
    assert abs(found.mean() - beyond[1.0]) > 20 * error
    followed = data.noise_followed(fit(1.25 * y), lambda x: 0 * x, y, 1.25 * y)
    assert abs(followed.mean() - found.mean()) < 5 * error


def test_a_member_depends_on_its_own_seed_only():
    rows = np.tile(POINTS.y, (5, 1))
    found = added_noise_followed(line, rows, size=1.0, seed=6)
    assert np.array_equal(added_noise_followed(line, rows[:2], size=1.0, seed=6), found[:2])
    one = np.random.SeedSequence(6, spawn_key=(3,))
    assert added_noise_followed(line, POINTS.y, size=1.0, seed=one) == found[3]
    assert added_noise_followed(line, rows[:1], size=1.0, seed=[one])[0] == found[3]
    assert len(set(found)) == 5


def test_a_fit_that_diverged_follows_nothing_that_could_be_said():
    found = added_noise_followed(lambda y: np.inf * y, POINTS.y, size=1.0, seed=0)
    assert np.isnan(found)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"y": 3.0},
            r"y must have the shape \(n_samples,\) or \(n_members, n_samples\), got \(\)",
        ),
        ({"y": ["a"]}, "y must"),
        ({"size": 0.0}, "size must be above zero, got 0"),
        ({"fit": lambda y: y[:2]}, r"fit must return the shape of y, \(30,\), got \(2,\)"),
        ({"y": np.ones((3, 4)), "seed": [0, 1]}, "seed must have one seed a member, 3, got 2"),
        ({"fit": 5}, "fit must be callable, got 5"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    options = {"fit": line, "y": POINTS.y, "size": 1.0, "seed": 0} | changes
    with pytest.raises((TypeError, ValueError), match=message):
        added_noise_followed(options.pop("fit"), options.pop("y"), **options)
