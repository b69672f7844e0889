"""Each claim on the loss landscape is false in some world that it speaks of.

A page's claims hold on the site, or it would not be built. Here the same page runs where what it
speaks of does not happen: wrong points do no harm, a rescaling changes nothing.
"""

import copy
import functools
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import eye_array
from scipy.sparse.linalg import aslinearoperator

from overfit_tutorial import curvature, data, ensembles, landscapes, linear
from overfit_tutorial.studies import minima, sharpness
from overfit_tutorial.weights import directions, paths, symmetries

PART = Path(__file__).parents[2] / "examples" / "3_loss_landscape"
# A world changes a function of the package: it is given the true one, and returns another.


def harmless_points(find_minima):
    """Find minima after a detour over points that are hardly wrong, whatever the page asks for."""
    return lambda *args, offset=0.0, **options: find_minima(
        *args, offset=0.004 if offset else 0.0, **options
    )


def few_steps(find_minima):
    """Find minima in so few steps that the networks do not get there."""
    return functools.partial(find_minima, recipe=minima.RECIPE.replace(steps=200))


def but_seen(**views):
    """Return a world where some properties of minima are functions of the true ones."""

    def world(find_minima):
        def find(*args, **options):
            found = find_minima(*args, **options)
            seen = copy.copy(found)  # the other one is kept for the next page
            vars(seen).update({name: view(found) for name, view in views.items()})
            return seen

        return find

    return world


def half_missed(found):
    """Every second run has not come to a minimum."""
    return np.where(np.arange(len(found)) % 2, np.inf, found.training_error)


def all_directions_alike(found):
    """The eigenvalues of a network are all the same."""
    return np.repeat(found.eigenvalues.mean(axis=1, keepdims=True), len(found.points.x[0]), axis=1)


def gauss_newton(hessian_operator):
    """The Hessian is its first part only."""

    def operator(model, x, y, *, dtype="float64"):
        rows = aslinearoperator(landscapes.jacobian(model, x, dtype=dtype))
        return 2 / len(x) * (rows.T @ rows)

    return operator


def bowl_on_top(hessian_operator):
    """All directions are curved, the flat ones, too."""

    def operator(model, x, y, **options):
        true = hessian_operator(model, x, y, **options)
        steepest = landscapes.gauss_newton_eigenvalues(model, x, y)[0]
        # In the operator's precision: rounding is judged by it.
        bowl = float(1e-3 * steepest) * eye_array(true.shape[0], dtype=true.dtype)
        return true + aslinearoperator(bowl)

    return operator


def volume_upside_down(log_volume):
    """The sharper a minimum, the more volume it has."""
    return lambda *args, **options: -log_volume(*args, **options)


def longer_rays(ray_radius):
    """Walks go on beyond where the loss has risen."""
    return lambda *args, **options: 1.5 * ray_radius(*args, **options)


def no_bend(fit_bezier):
    """The path stays as straight as it was."""
    return lambda loss, weights_a, weights_b, **options: [
        (a + b) / 2 for a, b in zip(weights_a, weights_b, strict=True)
    ]


def no_rescaling(rescale):
    """Leave the weights as they are."""
    return lambda weights, layer, factor: weights


def rescaling_that_rounds(rescale):
    """Scale by a factor that is no power of two."""
    return lambda weights, layer, factor: rescale(weights, layer, 1.1 * factor)


def adam_instead(fit_ensemble):
    """Whatever optimizer the page asks for, it is Adam."""
    return lambda x, y, recipe, **options: fit_ensemble(
        x, y, recipe.replace(optimizer="adam"), **options
    )


def tiny_steps(fit_ensemble):
    """Take steps of a hundredth of the size."""
    return lambda x, y, recipe, **options: fit_ensemble(
        x, y, recipe.replace(learning_rate=recipe.learning_rate / 100), **options
    )


def half_the_threshold(stability_threshold):
    """Return half of the threshold, as if steps of twice the size were unstable."""
    return lambda recipe: stability_threshold(recipe) / 2


def no_line(fit_line):
    """The line beside the network is far from all points."""
    return lambda x, y: data.Line(slope=0.0, intercept=0.0)


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


# Minima that a page only prints something of take longest to train, and no claim looks at them.
LEFT_OUT = {
    "plot_3_do_good_minima_fill_more_space": [("for o in (4, 8, 0)", "for o in (8, 8, 0)")]
}


def test_every_claim_of_the_part_has_its_world():
    written = re.compile(r'(?:claim|exact|measured|one_seed)\(\s*"([^"]+)"')
    claimed = [
        name for page in PART.glob("plot_*.py") for name in written.findall(page.read_text())
    ]
    assert sorted(claimed) == sorted(set().union(*(broken for *_, broken in CASES.values())))


@pytest.mark.parametrize(("page", "change", "broken"), CASES.values(), ids=CASES)
def test_the_claims_that_speak_of_it_are_false(page, change, broken, claims_of, monkeypatch):
    module, name, world = change
    monkeypatch.setattr(module, name, world(getattr(module, name)))
    # A page asserts more than its claims.
    found = claims_of(
        PART / f"{page}.py",
        waits_for=broken,
        may_stop_at=[AssertionError],
        changes=LEFT_OUT.get(page, ()),
    )
    assert broken <= found.keys()
    assert {name: holds for name, holds in found.items() if name in broken and holds} == {}


def test_training_that_stops_early_is_not_compared(claims_of, monkeypatch):
    monkeypatch.setattr(minima, "find_minima", few_steps(minima.find_minima))
    with pytest.raises(ValueError, match="interpolate"):
        claims_of(PART / "plot_5_can_sharp_be_good.py")
