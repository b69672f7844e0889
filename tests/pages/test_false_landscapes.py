"""Each claim on the loss landscape is false in some world that it speaks of.

A page's claims hold on the site, or it would not be built. Here the same page runs where what it
speaks of does not happen: wrong points do no harm, a rescaling changes nothing.
"""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import eye_array
from scipy.sparse.linalg import aslinearoperator

from overfit_tutorial import curvature, data, ensembles, landscapes, linear
from overfit_tutorial.studies import minima, sharpness
from overfit_tutorial.weights import directions, paths, symmetries

pytestmark = pytest.mark.build

PART = Path(__file__).parents[2] / "examples" / "3_loss_landscape"
find_minima, stability_threshold = minima.find_minima, sharpness.stability_threshold
hessian_operator, ray_radius = landscapes.hessian_operator, directions.ray_radius
log_volume = curvature.log_volume
rescale, fit_ensemble = symmetries.rescale, ensembles.fit_ensemble


def harmless_points(*args, offset=0.0, **options):
    """Find minima after a detour over points that are hardly wrong, whatever the page asks for."""
    return find_minima(*args, offset=0.004 if offset else 0.0, **options)


def harmless_points_and_few_steps(*args, recipe=minima.RECIPE, **options):
    """Find minima in so few steps that the networks do not get there."""
    return find_minima(*args, recipe=recipe.replace(steps=200), **options)


def but_seen(**views):
    """Return a search for minima of which some properties are functions of the true ones."""

    def find(*args, **options):
        found = find_minima(*args, **options)
        seen = dataclasses.replace(found)  # the other one is kept for the next page
        vars(seen).update({name: view(found) for name, view in views.items()})
        return seen

    return find


def half_missed(found):
    """Every second run has not come to a minimum."""
    return np.where(np.arange(len(found)) % 2, np.inf, found.training_error)


def all_directions_alike(found):
    """The eigenvalues of a network are all the same."""
    return np.repeat(found.eigenvalues.mean(axis=1, keepdims=True), len(found.points.x[0]), axis=1)


def gauss_newton(model, x, y, *, dtype="float64"):
    """The Hessian is its first part only."""
    rows = aslinearoperator(landscapes.jacobian(model, x, dtype=dtype))
    return 2 / len(x) * (rows.T @ rows)


def bowl_on_top(model, x, y, **options):
    """All directions are curved, the flat ones, too."""
    operator = hessian_operator(model, x, y, **options)
    steepest = landscapes.gauss_newton_eigenvalues(model, x, y)[0]
    # In the operator's precision: rounding is judged by it.
    bowl = float(1e-3 * steepest) * eye_array(operator.shape[0], dtype=operator.dtype)
    return operator + aslinearoperator(bowl)


def volume_upside_down(*args, **options):
    """The sharper a minimum, the more volume it has."""
    return -log_volume(*args, **options)


def longer_rays(*args, **options):
    """Walks go on beyond where the loss has risen."""
    return 1.5 * ray_radius(*args, **options)


def no_bend(loss, weights_a, weights_b, **options):
    """The path stays as straight as it was."""
    return [(a + b) / 2 for a, b in zip(weights_a, weights_b, strict=True)]


def no_rescaling(weights, layer, factor):
    """Leave the weights as they are."""
    return weights


def rescaling_that_rounds(weights, layer, factor):
    """Scale by a factor that is no power of two."""
    return rescale(weights, layer, 1.1 * factor)


def adam_instead(x, y, recipe, **options):
    """Whatever optimizer the page asks for, it is Adam."""
    return fit_ensemble(x, y, recipe.replace(optimizer="adam"), **options)


def tiny_steps(x, y, recipe, **options):
    """Take steps of a hundredth of the size."""
    tiny = recipe.replace(learning_rate=recipe.learning_rate / 100)
    return fit_ensemble(x, y, tiny, **options)


def half_the_threshold(recipe):
    """Return half of the threshold, as if steps of twice the size were unstable."""
    return stability_threshold(recipe) / 2


def no_line(x, y):
    """The line beside the network is far from all points."""
    return data.Line(slope=0.0, intercept=0.0)


EDGES = {"gradient-descent-at-the-edge", "heavy-ball-at-the-edge", "adam-at-the-edge"}
CASES = {
    "bad minima from harmless points": (
        "plot_1_are_bad_minima_sharper",
        (minima, "find_minima", harmless_points),
        {"bad-minima-are-bad", "bad-minima-are-sharper", "the-worse-the-sharper"},
    ),
    "half of the runs do not arrive": (
        "plot_1_are_bad_minima_sharper",
        (minima, "find_minima", but_seen(training_error=half_missed)),
        {"same-training-error"},
    ),
    "good minima that are very good": (
        "plot_1_are_bad_minima_sharper",
        (minima, "find_minima", but_seen(excess_risk=lambda found: found.excess_risk / 10)),
        {"good-minima-fit-the-noise"},
    ),
    "a Hessian without its second part": (
        "plot_2_what_does_curvature_look_like",
        (landscapes, "hessian_operator", gauss_newton),
        {"the-story-ends-on-a-slope"},
    ),
    "no flat direction": (
        "plot_2_what_does_curvature_look_like",
        (landscapes, "hessian_operator", bowl_on_top),
        {"all-but-ten-are-zero"},
    ),
    "all directions alike": (
        "plot_2_what_does_curvature_look_like",
        (minima, "find_minima", but_seen(eigenvalues=all_directions_alike)),
        {"one-direction-is-half-of-it"},
    ),
    "volume upside down": (
        "plot_3_do_good_minima_fill_more_space",
        (curvature, "log_volume", volume_upside_down),
        {"volume-orders-good-and-bad", "volume-orders-bad-minima"},
    ),
    "the paper is right": (
        "plot_3_do_good_minima_fill_more_space",
        (minima, "find_minima", but_seen(excess_risk=lambda found: found.eigenvalues.sum(axis=1))),
        {"volume-does-not-order-found-minima"},
    ),
    "rays that are too long": (
        "plot_3_do_good_minima_fill_more_space",
        (directions, "ray_radius", longer_rays),
        {"rays-measure-the-trace"},
    ),
    "nothing between good and bad": (
        "plot_4_what_lies_between_minima",
        (minima, "find_minima", harmless_points),
        {"bad-valleys-are-narrow", "straight-lines-cross-a-mountain"},
    ),
    "paths that do not bend": (
        "plot_4_what_lies_between_minima",
        (paths, "fit_bezier", no_bend),
        {"a-curve-goes-around"},
    ),
    "flat twins": (
        "plot_5_can_sharp_be_good",
        (symmetries, "rescale", no_rescaling),
        {"sharpness-grows-like-the-square", "sharper-and-better"},
    ),
    "twins that are rounded": (
        "plot_5_can_sharp_be_good",
        (symmetries, "rescale", rescaling_that_rounds),
        {"the-twin-is-the-same-function"},
    ),
    "no descent along the gradient": (
        "plot_5_can_sharp_be_good",
        (ensembles, "fit_ensemble", adam_instead),
        {"descent-keeps-the-balance"},
    ),
    "another edge": (
        "plot_6_why_does_sharpness_stop_rising",
        (sharpness, "stability_threshold", half_the_threshold),
        EDGES,
    ),
    "steps too small for an edge": (
        "plot_6_why_does_sharpness_stop_rising",
        (ensembles, "fit_ensemble", tiny_steps),
        EDGES | {"loss-rises-and-falls"},
    ),
    "a line that does not fit": (
        "plot_7_what_did_flatness_explain",
        (linear, "fit_line", no_line),
        {"story-is-at-no-minimum"},
    ),
    "flatness that says nothing of harm": (
        "plot_7_what_did_flatness_explain",
        (minima, "find_minima", harmless_points),
        {"flatter-is-not-better-among-found"},
    ),
}


def test_every_claim_of_the_part_has_its_world():
    written = re.compile(r'claim\(\s*"([^"]+)"')
    claimed = [
        name for page in PART.glob("plot_*.py") for name in written.findall(page.read_text())
    ]
    assert sorted(claimed) == sorted(set().union(*(broken for *_, broken in CASES.values())))


@pytest.mark.parametrize(("page", "change", "broken"), CASES.values(), ids=CASES)
def test_the_claims_that_speak_of_it_are_false(page, change, broken, claims_of, monkeypatch):
    monkeypatch.setattr(*change)
    found = claims_of(PART / f"{page}.py", may_stop_at=AssertionError)  # it asserts more than that
    assert broken <= found.keys()
    assert {name: holds for name, holds in found.items() if name in broken and holds} == {}


def test_training_that_stops_early_is_not_compared(claims_of, monkeypatch):
    monkeypatch.setattr(minima, "find_minima", harmless_points_and_few_steps)
    with pytest.raises(ValueError, match="interpolate"):
        claims_of(PART / "plot_5_can_sharp_be_good.py")
