"""Random directions, slices and rays."""

import re

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.landscapes import jacobian
from overfit_tutorial.landscapes.losses import build_loss
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.weights.directions import loss_slice, random_direction, ray_radius

NAN = float("nan")


def flat(weights):
    """Return all weights as one vector."""
    return np.concatenate([np.ravel(w) for w in weights])


def filter_norms(weights):
    """Return the norm of what enters each unit, its bias included, layer by layer."""
    return [
        np.sqrt(sum(row**2 for row in kernel.astype(np.float64)) + np.float64(bias) ** 2)
        for kernel, bias in zip(weights[::2], weights[1::2], strict=True)
    ]


def bowl(eigenvalues):
    """Return a quadratic loss with these eigenvalues of its Hessian, and value one at zero."""
    return lambda weights: float(1 + eigenvalues @ weights[0] ** 2 / 2)


# Directions


def test_a_loss_that_jumps_at_once_leaves_no_room():
    def wall(weights):
        return float(weights[0].any())

    assert ray_radius(wall, [np.zeros(2)], tolerance=0.5, seed=0, n_rays=1) < 1e-300


def test_weights_in_single_precision_are_no_obstacle():
    def bowl(weights):
        return float(np.sum((weights[0] - single) ** 2))

    single = np.array([0.3, 0.1], dtype=np.float32)
    radii = ray_radius(bowl, [single], tolerance=1e-12, seed=0, n_rays=2)
    np.testing.assert_allclose(radii, 1e-6, rtol=1e-4)  # to a millionth, and rounding of the loss


def test_a_direction_has_the_norms_of_the_filters():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=w.shape) for w in build_mlp(seed=0).get_weights()]
    direction = random_direction(weights, seed=1)
    assert [d.shape for d in direction] == [w.shape for w in weights]
    for found, expected in zip(filter_norms(direction), filter_norms(weights), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)  # rounding


def test_a_unit_that_is_zero_does_not_move():
    weights = build_mlp((4,), seed=0).get_weights()
    weights[0][:, 2] = 0
    direction = random_direction(weights, seed=0)
    assert direction[0][0, 2] == direction[1][2] == 0
    assert np.all(direction[0][0, [0, 1, 3]] != 0)


def test_scaling_a_unit_scales_its_part_of_the_direction_only():
    weights = build_mlp((4, 3), seed=0).get_weights()
    scaled = [w.copy() for w in weights]
    scaled[2][:, 1] *= 8
    scaled[3][1] *= 8
    first, second = random_direction(weights, seed=0), random_direction(scaled, seed=0)
    first[2][:, 1] *= 8
    first[3][1] *= 8
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)  # rounding


def test_directions_of_wide_layers_are_gaussian():
    weights = [np.ones((500, 400)), np.zeros(400)]
    kernel, bias = random_direction(weights, seed=0)
    # Each filter has norm √500, and so nearly unit variance: four standard errors.
    assert abs(kernel.mean()) < 4 / np.sqrt(kernel.size)
    np.testing.assert_allclose((kernel**4).mean(), 3, rtol=4 * np.sqrt(96 / 9 / kernel.size))
    assert bias.std() > 0.8


def test_the_seed_decides_the_direction():
    weights = build_mlp((4, 3), seed=0).get_weights()
    first, second, other = (flat(random_direction(weights, seed=s)) for s in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.any(first == other)


# Slices


def test_a_slice_is_the_loss_at_its_points():
    center, ways = [np.array([1.0, 2.0])], ([np.array([1.0, 0.0])], [np.array([0.0, 10.0])])
    ts = [-1.0, 0.0, 2.0]

    def loss(weights):
        return weights[0][0] + weights[0][1]

    assert loss_slice(loss, center, ways[:1], ts).tolist() == [2.0, 3.0, 5.0]
    plane = loss_slice(loss, center, ways, ts)
    assert plane.tolist() == [[3 + s + 10 * t for t in ts] for s in ts]
    assert loss_slice(loss, center, [*ways, ways[0]], ts).shape == (3, 3, 3)


def test_a_slice_of_a_network_has_its_loss_in_the_middle():
    points = data.sample_noisy(n_samples=10, seed=0)
    model = build_mlp((5,), seed=0)
    weights, loss = model.get_weights(), build_loss(model, points.x, points.y)
    ways = [random_direction(weights, seed=seed) for seed in range(2)]
    plane = loss_slice(loss, weights, ways, [-0.5, 0.0, 0.5])
    assert plane[1, 1] == loss(weights)
    moved = [w - 0.5 * a + 0.5 * b for w, a, b in zip(weights, *ways, strict=True)]
    np.testing.assert_allclose(plane[0, 2], loss(moved), rtol=1e-13)  # rounding


# Rays


def test_the_radius_in_a_round_bowl_is_exact():
    # 1 + 3 r² / 2 exceeds 1 + ε at r = √(2ε/3); the search ends within a millionth.
    radii = ray_radius(bowl(np.full(5, 3.0)), [np.zeros(5)], tolerance=0.06, seed=0)
    np.testing.assert_allclose(radii, np.sqrt(0.04), rtol=1e-6)
    assert radii.shape == (10,)


def test_in_many_dimensions_the_radius_measures_the_trace():
    eigenvalues = np.concatenate([np.zeros(9_000), np.linspace(0, 4, 1_000)])
    radii = ray_radius(bowl(eigenvalues), [np.zeros(10_000)], tolerance=0.5, seed=0, n_rays=40)
    expected = np.sqrt(2 * 0.5 * len(eigenvalues) / eigenvalues.sum())
    # A ray's mean curvature varies by √(2 Σλ²)/Σλ, here 5 percent, and its root by half of that.
    spread = np.sqrt(2 * np.sum(eigenvalues**2)) / eigenvalues.sum() / 2
    np.testing.assert_allclose(radii.mean(), expected, rtol=4 * spread / np.sqrt(40))
    np.testing.assert_allclose(radii.std() / expected, spread, rtol=4 / np.sqrt(80))


def test_near_an_interpolating_network_the_radius_is_that_of_the_gauss_newton_matrix():
    x = np.linspace(-2, 2, 15)
    model = build_mlp((20, 20), seed=0, activation="tanh")
    y = model.predict(x[:, np.newaxis], verbose=0)[:, 0]
    weights, rows = model.get_weights(), jacobian(model, x)
    options = {"tolerance": 1e-8, "seed": 0, "n_rays": 5, "low": 1e-5, "high": 1.0}
    radii = ray_radius(build_loss(model, x, y), weights, **options)
    for k, radius in enumerate(radii):
        child = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(k,)))
        direction = flat([child.standard_normal(w.shape) for w in weights])
        slopes = rows @ direction / np.linalg.norm(direction)
        # The loss rises by the mean square of what the outputs move.
        expected = np.sqrt(1e-8 / np.mean(slopes**2))
        # Beyond the quadratic: the radius, some 1e-3, times ratios of derivatives of order one.
        np.testing.assert_allclose(radius, expected, rtol=1e-2)


def test_the_first_of_several_crossings_counts():
    def loss(weights):
        radius = np.abs(weights[0][0])
        return float(5 < radius < 7 or radius > 50)

    radii = ray_radius(loss, [np.zeros(1)], tolerance=0.5, seed=0, n_rays=3)
    np.testing.assert_allclose(radii, 5, rtol=1e-6)


def test_the_loss_is_looked_at_often_enough_and_not_beyond_the_range():
    radii = []

    def loss(weights):
        radii.append(np.abs(weights[0][0]))
        return 0.0

    options = {"tolerance": 1.0, "seed": 0, "n_rays": 1, "low": 0.3, "high": 10.0}
    ray_radius(loss, [np.zeros(1)], **options)
    assert radii[:2] == [0.0, 0.3]
    assert radii[-1] == 10.0
    ratios = np.divide(radii[2:], radii[1:-1])
    assert np.all(ratios > 1)
    assert np.all(ratios < 2 ** (1 / 8) * (1 + 1e-12))


@pytest.mark.parametrize("wall", [NAN, np.inf])
def test_what_is_not_a_number_is_no_small_loss(wall):
    def loss(weights):
        return 0.0 if np.abs(weights[0][0]) < 0.3 else wall

    radii = ray_radius(loss, [np.zeros(1)], tolerance=1.0, seed=0, n_rays=2)
    np.testing.assert_allclose(radii, 0.3, rtol=1e-6)


def test_a_flat_loss_has_no_radius():
    assert np.all(np.isinf(ray_radius(lambda w: 1.0, [np.zeros(3)], tolerance=1.0, seed=0)))


@pytest.mark.parametrize("radius", [1e-5, 0.9, 1.0])
def test_a_radius_near_an_end_of_the_range_is_found(radius):
    def loss(weights):
        return float(np.abs(weights[0][0]) >= radius)

    options = {"tolerance": 0.5, "seed": 0, "n_rays": 1, "low": 0.01, "high": 1.0}
    found = ray_radius(loss, [np.zeros(1)], **options)
    np.testing.assert_allclose(found, radius, rtol=1e-6)


def test_a_rescaled_tolerance_scales_the_radius_of_a_quadratic():
    loss, center = bowl(np.array([1.0, 5.0, 20.0])), [np.zeros(3)]
    near, far = (ray_radius(loss, center, tolerance=t, seed=0) for t in (0.1, 0.4))
    np.testing.assert_allclose(far, 2 * near, rtol=3e-6)


def test_a_ray_depends_on_the_seed_and_its_index_only():
    loss, center = bowl(np.array([1.0, 5.0, 20.0])), [np.zeros(3)]
    few, many, other = (
        ray_radius(loss, center, tolerance=0.1, seed=s, n_rays=n)
        for s, n in ((0, 2), (0, 5), (1, 5))
    )
    assert np.array_equal(few, many[:2])
    assert len(np.unique(many)) == 5
    assert not np.any(many == other)


WEIGHTS = [np.ones((1, 1)), np.ones(1)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: random_direction([np.ones((1, 2))], seed=0),
            ValueError,
            "weights must be a kernel and a bias of each dense layer, got [(1, 2)]",
        ),
        (
            lambda: random_direction(WEIGHTS, seed=None),
            TypeError,
            "seed must be an int or a numpy.random.SeedSequence, got None",
        ),
        (
            lambda: loss_slice(len, WEIGHTS, [], [0.0]),
            ValueError,
            "directions must hold at least one direction, got none",
        ),
        (
            lambda: loss_slice(len, WEIGHTS, [[np.ones(1)]], [0.0]),
            ValueError,
            "directions must have the shapes of weights [(1, 1), (1,)], got [(1,)]",
        ),
        (
            lambda: ray_radius(len, WEIGHTS, tolerance=0.0, seed=0),
            ValueError,
            "tolerance must be above zero, got 0",
        ),
        (
            lambda: ray_radius(len, WEIGHTS, tolerance=1.0, seed=0, n_rays=0),
            ValueError,
            "n_rays must be at least 1, got 0",
        ),
        (
            lambda: ray_radius(len, WEIGHTS, tolerance=1.0, seed=0, low=0.0),
            ValueError,
            "low must be above zero, got 0",
        ),
        (
            lambda: ray_radius(len, WEIGHTS, tolerance=1.0, seed=0, low=2.0, high=1.0),
            ValueError,
            "low must be below high, got low=2, high=1",
        ),
        (
            lambda: ray_radius(lambda w: NAN, WEIGHTS, tolerance=1.0, seed=0),
            ValueError,
            "loss must be finite at weights, got nan",
        ),
    ],
)
def test_a_bad_argument_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
