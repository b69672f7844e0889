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

from overfit_tutorial import curvature, ensembles, landscapes
from overfit_tutorial.studies import minima, sharpness
from overfit_tutorial.weights import paths, symmetries

PART = Path(__file__).parents[2] / "examples" / "4_loss_landscape"
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


def far_worse_where_sharper(found):
    """The sharper a minimum, the more risk, and by far."""
    return found.eigenvalues.sum(axis=1) ** 6


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


def long_story(fit_ensemble):
    """The network ends on its points: join the dots instead of what training has found."""

    def fit(x, y, *recipe, **options):
        fits = fit_ensemble(x, y, *recipe, **options)
        if len(x[0]) < 100:  # not the story's points
            return fits
        ended = copy.copy(fits)
        object.__setattr__(ended, "last", lambda: Dots(x, y))
        return ended

    return fit


class Dots:
    """Fits without an error."""

    def __init__(self, x, y):
        self.y = y

    def predict(self, x):
        return self.y


def poisoned_placebo(find_minima):
    """The placebo is no better than the wrong points."""
    return lambda *args, placebo=False, offset=0.0, **options: find_minima(
        *args, offset=4.0 if placebo else offset, **options
    )


BAD = "plot_1_are_bad_minima_sharper"
SHAPE = "plot_2_what_does_the_landscape_look_like"
EDGE = "plot_3_why_does_sharpness_stop_rising"
FLATNESS = "plot_4_what_did_flatness_explain"
EDGES = {"gradient-descent-at-the-edge", "heavy-ball-at-the-edge", "adam-at-the-edge"}
CASES = {
    "bad minima from harmless points": (
        BAD,
        (minima, "find_minima", harmless_points),
        {"bad-minima-are-sharper", "the-worse-the-sharper"},
    ),
    "half of the runs do not arrive": (
        BAD,
        (minima, "find_minima", but_seen(training_error=half_missed)),
        {"bad-minima-are-sharper"},
    ),
    "a placebo that is poison": (
        BAD,
        (minima, "find_minima", poisoned_placebo),
        {"the-worse-the-sharper"},
    ),
    "good minima that are very good": (
        BAD,
        (minima, "find_minima", but_seen(excess_risk=lambda found: found.excess_risk / 10)),
        {"good-minima-fit-the-noise"},
    ),
    "flat twins": (BAD, (symmetries, "rescale", no_rescaling), {"sharper-and-better"}),
    "twins that are rounded": (
        BAD,
        (symmetries, "rescale", rescaling_that_rounds),
        {"sharper-and-better"},
    ),
    "no descent along the gradient": (
        BAD,
        (ensembles, "fit_ensemble", adam_instead),
        {"descent-keeps-the-balance"},
    ),
    "no flat direction": (
        SHAPE,
        (landscapes, "hessian_operator", bowl_on_top),
        {"all-but-ten-are-zero"},
    ),
    "all directions alike": (
        SHAPE,
        (minima, "find_minima", but_seen(eigenvalues=all_directions_alike)),
        {"one-direction-is-half-of-it"},
    ),
    "nothing between good and bad": (
        SHAPE,
        (minima, "find_minima", harmless_points),
        {"bad-valleys-are-narrow", "straight-lines-cross-a-mountain"},
    ),
    "paths that do not bend": (
        SHAPE,
        (paths, "fit_bezier", no_bend),
        {"a-curve-goes-around"},
    ),
    "another edge": (EDGE, (sharpness, "stability_threshold", half_the_threshold), EDGES),
    "steps too small for an edge": (
        EDGE,
        (ensembles, "fit_ensemble", tiny_steps),
        EDGES | {"loss-rises-and-falls"},
    ),
    "a story that has fitted its points": (
        FLATNESS,
        (ensembles, "fit_ensemble", long_story),
        {"story-is-at-no-minimum"},
    ),
    "a Hessian without its second part": (
        FLATNESS,
        (landscapes, "hessian_operator", gauss_newton),
        {"the-story-ends-on-a-slope"},
    ),
    "volume upside down": (
        FLATNESS,
        (curvature, "log_volume", volume_upside_down),
        {"volume-orders-good-and-bad", "volume-orders-bad-minima"},
    ),
    "found minima that differ": (
        FLATNESS,
        (minima, "find_minima", but_seen(excess_risk=far_worse_where_sharper)),
        {"found-minima-are-nearly-alike"},
    ),
}


def test_every_claim_of_the_part_has_its_world():
    written = re.compile(r'(?:claim|exact|measured|one_seed)\(\s*"([^"]+)"')
    claimed = [
        name for page in PART.glob("plot_*.py") for name in written.findall(page.read_text())
    ]
    assert sorted(claimed) == sorted(set().union(*(broken for *_, broken in CASES.values())))


LOOKS_AT_MINIMA = pytest.mark.xdist_group("minima")
WORLDS = [
    pytest.param(*case, id=name, marks=[] if case[0] == EDGE else [LOOKS_AT_MINIMA])
    for name, case in CASES.items()
]


@pytest.mark.parametrize(("page", "change", "broken"), WORLDS)
def test_the_claims_that_speak_of_it_are_false(page, change, broken, claims_of, monkeypatch):
    module, name, world = change
    monkeypatch.setattr(module, name, world(getattr(module, name)))
    # A page asserts more than its claims.
    found = claims_of(
        PART / f"{page}.py",
        waits_for=broken,
        may_stop_at=[AssertionError],
    )
    assert broken <= found.keys()
    assert {name: holds for name, holds in found.items() if name in broken and holds} == {}


@LOOKS_AT_MINIMA
def test_training_that_stops_early_is_not_compared(claims_of, monkeypatch):
    monkeypatch.setattr(minima, "find_minima", few_steps(minima.find_minima))
    with pytest.raises(ValueError, match="interpolate"):
        claims_of(PART / f"{BAD}.py")
