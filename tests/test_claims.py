"""A claim is checked, filled in, and handed on."""

import dataclasses
import json
import re

import numpy as np
import pytest

from overfit_tutorial import publishing
from overfit_tutorial.claims import ClaimError, claim, describe

NAN, INF = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def _nobody_collects():
    publishing.stop()
    yield
    publishing.stop()


def state(sentence="It is {value}.", **options):
    """State a claim that holds, but for `options`."""
    return claim("an-id", sentence, **{"holds": True, "value": 1.5, **options})


@pytest.mark.parametrize("holds", [False, np.False_, np.array(False)])
def test_a_claim_that_does_not_hold_stops_the_page(holds, capsys):
    with pytest.raises(ClaimError, match=re.escape("claim 'an-id' does not hold: It is 1.5.")):
        state(holds=holds)
    assert capsys.readouterr().out == ""


def test_a_claim_error_is_a_failed_assertion():
    assert issubclass(ClaimError, AssertionError)


@pytest.mark.parametrize("holds", [1, "yes", None, np.array([True]), np.array([True, True])])
def test_holds_must_be_one_truth_value(holds):
    with pytest.raises(TypeError, match="claim 'an-id': holds must be one truth value, got"):
        state(holds=holds)


@pytest.mark.parametrize("bad", [NAN, INF, -INF, np.float32("nan"), np.float64("inf")])
@pytest.mark.parametrize("name", ["value", "threshold", "interval", "extra"])
def test_a_number_that_is_not_finite_fails(name, bad):
    with pytest.raises(ClaimError, match=f"claim 'an-id': {name} must be finite, got -?(nan|inf)"):
        state(**{name: (1, bad) if name == "interval" else bad})


@pytest.mark.parametrize("bad", [[1.0, NAN], np.array([INF])])
def test_a_list_with_a_number_that_is_not_finite_fails(bad):
    with pytest.raises(ClaimError, match="claim 'an-id': extra must be finite, got "):
        state(extra=bad)


@pytest.mark.parametrize("bad", ["1.5", True, np.True_, None, 1j, np.array([1.5]), [1.5]])
def test_the_value_must_be_one_number(bad):
    with pytest.raises(TypeError, match="claim 'an-id': value must be one number, got"):
        state(value=bad)


@pytest.mark.parametrize(
    "number", [np.int64(2), np.float32(2), np.float16(2), np.float64(2), np.array(2.0)]
)
def test_numpy_scalars_come_out_as_plain_json(number):
    stated = state(
        "{value} {low} {high} {threshold} {extra}",
        value=number,
        holds=number > 1,
        threshold=number,
        interval=(number, number),
        n=np.int64(3),
        extra=number,
    )
    assert_plain(stated)


def test_numpy_scalars_will_do_for_the_rest_too():
    stated = state(confidence=np.float32(0.5), headline=np.True_, n=np.int64(3))
    back = json.loads(json.dumps(stated.to_json(), allow_nan=False))
    assert (back["confidence"], back["headline"], back["n"]) == (0.5, True, 3)


def test_tensorflow_scalars_come_out_as_plain_json():
    tf = pytest.importorskip("tensorflow")
    number = tf.constant(2.0)
    stated = state(
        "{value} {low} {high} {threshold} {extra}",
        value=number,
        holds=number > 1,
        threshold=tf.Variable(2.0),
        interval=tf.stack([number, number]),
        extra=number,
    )
    assert_plain(stated)
    with pytest.raises(ClaimError, match="value must be finite, got nan"):
        state(value=tf.constant(NAN))
    with pytest.raises(ClaimError, match="does not hold"):
        state(holds=number > 3)


def assert_plain(stated):
    """Assert that all numbers of the claim, each of them 2, survive a journey through JSON."""
    back = json.loads(json.dumps(stated.to_json(), allow_nan=False))
    assert (back["value"], back["threshold"], back["interval"]) == (2, 2, [2, 2])
    assert [float(word) for word in back["sentence"].split()] == [2] * 5


def test_all_that_was_stated_is_in_the_json():
    stated = claim(
        "all-of-it",
        "{value:.1f} of {n}",
        holds=True,
        value=3.0,
        interval=(2.5, 4),
        confidence=0.99,
        n=24,
        kind="one seed",
        threshold=2,
        headline=True,
        quantity="excess risk",
        wrong_if="it were below {threshold}",
    )
    assert stated.to_json() == {
        "id": "all-of-it",
        "sentence": "3.0 of 24",
        "value": 3.0,
        "interval": (2.5, 4),
        "confidence": 0.99,
        "n": 24,
        "kind": "one seed",
        "threshold": 2,
        "wrong_if": "it were below 2",
        "headline": True,
        "quantity": "excess risk",
        "margin": 0.25,
        "holds": True,
    }
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'value'"):
        stated.value = 4.0


def test_the_defaults_are_a_measured_claim_with_95_percent_confidence():
    stated = state()
    assert (stated.kind, stated.confidence, stated.headline) == ("measured", 0.95, False)
    assert stated.interval is stated.n is stated.threshold is stated.wrong_if is None
    assert stated.quantity is None


@pytest.mark.parametrize("kind", ["exact", "measured", "one seed", "timing"])
def test_there_are_four_kinds_of_evidence(kind):
    assert state(kind=kind).kind == kind


@pytest.mark.parametrize("id", ["", "Upper", "two words", "-a", "a-", "a--b", "a_b", "a\n"])
def test_an_id_is_lower_case_words_joined_by_hyphens(id):
    message = f"id must be lower-case words joined by hyphens, got {id!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        claim(id, "Something.", holds=True, value=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "guess"}, "kind must be one of exact, measured, one seed, timing, got 'guess'"),
        ({"quantity": "risk"}, "quantity must be excess risk, got 'risk'"),
        (
            {"quantity": "excess risk", "interval": (0, 2)},
            "claim 'an-id': an excess risk must be above zero, got 0",
        ),
        (
            {"quantity": "excess risk", "value": -1},
            "claim 'an-id': an excess risk must be above zero, got -1",
        ),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"confidence": 1}, "confidence must be between 0 and 1, got 1"),
        ({"confidence": 0}, "confidence must be between 0 and 1, got 0"),
        ({"confidence": NAN}, "confidence must be finite, got nan"),
        ({"interval": (1, 2), "low": 3}, "claim 'an-id': ['low'] are the interval's"),
        ({"interval": (2, 1)}, "claim 'an-id': interval must be (low, high), got (2, 1)"),
        ({"threshold": (2, 1)}, "claim 'an-id': threshold must be (low, high), got (2, 1)"),
        ({"threshold": (1, 2, 3)}, "claim 'an-id': threshold must be (low, high), got (1, 2, 3)"),
        ({"interval": (1,)}, "claim 'an-id': interval must be (low, high), got (1,)"),
        ({"interval": (1, 2, 3)}, "claim 'an-id': interval must be (low, high), got (1, 2, 3)"),
        (
            {"interval": (1, 1.4)},
            "claim 'an-id': value must lie in its interval (1, 1.4), got 1.5",
        ),
        (
            {"interval": (1.6, 2)},
            "claim 'an-id': value must lie in its interval (1.6, 2), got 1.5",
        ),
    ],
)
def test_a_bad_argument_is_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        state(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1.5}, "n must be a whole number, got 1.5"),
        ({"n": True}, "n must be a whole number, got True"),
        ({"confidence": "high"}, "confidence must be a number, got 'high'"),
        ({"interval": 3}, "claim 'an-id': interval must be (low, high), got 3"),
        ({"threshold": [[1, 2]]}, "claim 'an-id': threshold must be (low, high), got [[1, 2]]"),
        ({"headline": "yes"}, "claim 'an-id': headline must be one truth value, got 'yes'"),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(options, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        state(**options)


@pytest.mark.parametrize("field", ["{extra}", "{low:.2f}", "{0}", "{n}", "{n:,}", "{threshold}"])
@pytest.mark.parametrize("argument", ["sentence", "wrong_if"])
def test_a_field_that_no_value_fills_is_an_error(field, argument):
    with pytest.raises(
        ValueError, match=rf"{argument} has a field that no value .* double the braces"
    ):
        state(**{argument: field})


@pytest.mark.parametrize("field", ["{value:d}", "{value.shape}", "{value", "value}"])
@pytest.mark.parametrize("argument", ["sentence", "wrong_if"])
def test_a_field_that_cannot_be_filled_is_an_error(field, argument):
    with pytest.raises(ValueError, match=rf"{argument} cannot be filled: .* in '"):
        state(**{argument: field})


def test_doubled_braces_stay_braces():
    assert state(r":math:`\hat{{f}}` is {value:.2f}").sentence == r":math:`\hat{f}` is 1.50"


def test_every_value_can_be_told_in_the_sentence():
    stated = state(
        "{value} {low} {high} {confidence:.0%} {n} {threshold} {points} {name}",
        interval=(1, 2),
        n=3,
        threshold=4,
        points=5,
        name="six",
    )
    assert stated.sentence == "1.5 1 2 95% 3 4 5 six"


def test_a_claim_is_printed_when_nobody_collects(capsys):
    state(n=1200, interval=(1, 2.5), kind="timing")
    printed = "It is 1.5.\n  [an-id; timing; 95% interval 1 to 2.5; n = 1,200]\n"
    assert capsys.readouterr().out == printed


def test_a_claim_is_handed_over_and_not_printed_when_a_site_is_built(capsys):
    publishing.collect()
    stated = state()
    assert publishing.drain() == [stated]
    assert capsys.readouterr().out == ""


def test_a_claim_that_does_not_hold_is_not_handed_over():
    publishing.collect()
    with pytest.raises(ClaimError, match="does not hold"):
        state(holds=False)
    assert publishing.drain() == []


@pytest.mark.parametrize("interval", [(1.5, 2), (1, 1.5), (1.5, 1.5)])
def test_a_value_may_lie_at_an_end_of_its_interval(interval):
    assert state(interval=interval).interval == interval


def test_a_single_run_is_enough_for_a_claim():
    assert state(n=1, kind="one seed").n == 1


def test_a_description_leaves_out_what_was_not_stated():
    assert describe(state()) == "an-id; measured"


@pytest.mark.parametrize(
    ("value", "interval", "threshold", "margin"),
    [
        (3, None, 2, 0.5),
        (1, None, 2, 0.5),
        (2, None, 2, 0.0),
        (-1, None, -2, 0.5),
        (3, (2.5, 4), 2, 0.25),
        (1, (0.5, 1.5), 2, 0.25),
        (3, (1.5, 4), 2, 0.0),
        (3, (2, 4), 2, 0.0),
        (1, (0, 2), 2, 0.0),
        (3, (2.5, 4), None, None),
        (3, (2.5, 3.5), (2, 4), 0.125),
        (3, (2.25, 3), (2, 8), 0.125),
        (1, None, (0, 2), 0.5),
        (3, (1, 4), (2, 8), 0.0),
    ],
)
def test_the_margin_is_the_way_to_failing_as_a_share_of_the_threshold(
    value, interval, threshold, margin
):
    # Halves and quarters are exact in binary.
    assert state(value=value, interval=interval, threshold=threshold).margin == margin


@pytest.mark.parametrize(("value", "nearer"), [(0.875, 0.75), (1.5, 2)])
def test_of_a_band_the_nearer_end_is_the_threshold(value, nearer):
    assert state(value=value, threshold=(0.75, 2)).threshold == nearer
    assert state(value=value, threshold=np.array([0.75, 2])).threshold == nearer
    sentence = state("It fails at {threshold}.", value=value, threshold=(0.75, 2)).sentence
    assert sentence == f"It fails at {nearer}."


def test_no_share_of_a_threshold_at_zero_can_be_told():
    assert state(threshold=0).margin is None
