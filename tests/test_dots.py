"""Networks that are set by hand to the curve through all points."""

import re

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.landscapes.losses import build_loss
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.recipes import STORY
from overfit_tutorial.weights.dots import join_from_the_middle, join_the_dots

POINTS = data.sample_noisy(seed=3)
BOTH = pytest.mark.parametrize("funnel", [False, True])


def outputs(weights, x):
    """Return the values of a ReLU network."""
    signal = np.reshape(x, (-1, 1))
    for kernel, bias in list(zip(weights[::2], weights[1::2], strict=True))[:-1]:
        signal = np.maximum(signal @ kernel + bias, 0)
    return (signal @ weights[-2] + weights[-1])[:, 0]


def interpolate(x, y, at):
    order = np.argsort(x)
    return np.interp(at, x[order], y[order])


@BOTH
@pytest.mark.parametrize("widths", [(100,) * 5, (100,), (130, 101, 117), (100, 300)])
def test_the_network_is_the_joined_dots_and_level_beyond_them(widths, funnel):
    weights = join_the_dots(POINTS.x, POINTS.y, hidden_widths=widths, funnel=funnel)
    at = np.linspace(-5, 25, 10_001)
    # Slopes of some thousand times places of some ten, in float64, a hundred times added up.
    gap = outputs(weights, at) - interpolate(POINTS.x, POINTS.y, at)
    assert np.abs(gap).max() < 1e-8
    shapes = [weights[0].shape[0], *(len(bias) for bias in weights[1::2])]
    assert shapes == [1, *widths, 1]


@BOTH
def test_the_storys_network_has_room_for_a_hundred_dots(funnel):
    weights = join_the_dots(POINTS.x, POINTS.y, funnel=funnel)
    model = build_mlp(seed=0)
    assert [w.shape for w in weights] == [w.shape for w in model.get_weights()]
    assert sum(w.size for w in weights) == STORY.n_parameters() == 40_701
    assert build_loss(model, POINTS.x, POINTS.y)(weights) < 1e-18


def test_a_funnel_passes_one_number_on():
    weights = join_the_dots(POINTS.x, POINTS.y, funnel=True)
    assert [np.count_nonzero(kernel) for kernel in weights[::2]] == [100, 100, 1, 1, 1, 1]


@pytest.mark.parametrize("n_points", [3, 4, 5, 100])
def test_from_the_middle_it_is_the_joined_dots_between_them(n_points):
    x, y = POINTS.x[:n_points], POINTS.y[:n_points]
    weights = join_from_the_middle(x, y)
    at = np.linspace(x.min(), x.max(), 10_001)
    assert np.abs(outputs(weights, at) - interpolate(x, y, at)).max() < 1e-9
    # Beyond them it goes on as between the two outermost.
    order = np.argsort(x)
    for near, far in (order[:2], order[:-3:-1]):
        slope = (y[near] - y[far]) / (x[near] - x[far])
        at = x[near] + np.array([0.5, 1.0, 2.0]) * np.sign(x[near] - x[far])
        expected = y[near] + slope * (at - x[near])
        assert outputs(weights, at) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n_points", [3, 4, 99, 100])
def test_from_the_middle_no_unit_is_on_at_more_than_half_of_the_points(n_points):
    x, y = POINTS.x[:n_points], POINTS.y[:n_points]
    kernel, bias, *_ = join_from_the_middle(x, y)
    assert bias.size == n_points - 1
    assert ((x[:, np.newaxis] @ kernel + bias > 0).sum(axis=0) <= n_points / 2).all()


def test_from_the_middle_it_takes_three_points():
    with pytest.raises(ValueError, match="x must hold at least three places, got 2"):
        join_from_the_middle([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="x must hold no place twice, got 1 twice"):
        join_from_the_middle([0.0, 1.0, 1.0], [0.0, 1.0, 2.0])


def test_fewer_points_than_units_and_one_point_do():
    two = join_the_dots([4.0, 1.0], [2.0, 5.0], hidden_widths=(7, 3, 2))
    assert outputs(two, [0.0, 1.0, 2.0, 4.0, 9.0]) == pytest.approx([5, 5, 4, 2, 2])
    one = join_the_dots([4.0], [2.0], hidden_widths=(1, 1))
    assert outputs(one, [0.0, 4.0, 9.0]) == pytest.approx([2, 2, 2])


@pytest.mark.parametrize(
    ("x", "widths", "funnel", "message"),
    [
        ([1.0, 2.0, 1.0], (3,), False, "x must hold no place twice, got 1 twice"),
        ([1.0, 2.0], (3,), False, "x and y must have the same length, got 2 and 3"),
        ([1.0, 2.0, 3.0], (), False, "hidden_widths must be at least [3] to join 3 dots, got []"),
        ([1.0, 2.0, 3.0], (3, 2), False, "must be at least [3, 3] to join 3 dots, got [3, 2]"),
        ([1.0, 2.0, 3.0], (2, 1), True, "must be at least [3, 1] to join 3 dots, got [2, 1]"),
    ],
)
def test_what_cannot_be_joined_is_refused(x, widths, funnel, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        join_the_dots(x, [0.0, 1.0, 0.0], hidden_widths=widths, funnel=funnel)
