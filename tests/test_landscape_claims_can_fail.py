"""Claims on the loss landscape are false where what they speak of does not happen."""

from pathlib import Path

import pytest

from overfit_tutorial import minima, sharpness, symmetries

pytestmark = pytest.mark.build

PART = Path(__file__).parents[1] / "examples" / "3_loss_landscape"
find_minima, stability_threshold = minima.find_minima, sharpness.stability_threshold


def harmless_points(*args, offset=0.0, **options):
    """Find minima after a detour over points that are hardly wrong, whatever the page asks for."""
    return find_minima(*args, offset=0.004 if offset else 0.0, **options)


def harmless_points_and_few_steps(*args, recipe=minima.RECIPE, **options):
    """Find minima in so few steps that the networks do not get there."""
    return find_minima(*args, recipe=recipe.replace(steps=200), **options)


def no_rescaling(weights, layer, factor):
    """Leave the weights as they are."""
    return weights


def a_wrong_theory(recipe):
    """Return half of the threshold, as if steps of twice the size were stable."""
    return stability_threshold(recipe) / 2


CASES = {
    "bad minima from harmless points": (
        "plot_1_are_bad_minima_sharper",
        (minima, "find_minima", harmless_points),
        {"bad-minima-are-bad", "bad-minima-are-sharper"},
    ),
    "flat twins": (
        "plot_5_can_sharp_be_good",
        (symmetries, "rescale", no_rescaling),
        {"sharpness-grows-like-the-square", "sharper-and-better"},
    ),
    "another edge": (
        "plot_6_why_does_sharpness_stop_rising",
        (sharpness, "stability_threshold", a_wrong_theory),
        {"gradient-descent-at-the-edge", "heavy-ball-at-the-edge", "adam-at-the-edge"},
    ),
    "flatness that says nothing of harm": (
        "plot_7_what_did_flatness_explain",
        (minima, "find_minima", harmless_points),
        {"flatter-is-not-better-among-found"},
    ),
}


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
