"""A claim is checked, filled in, and handed on."""

import dataclasses
import json
import re

import numpy as np
import pytest

from overfit_tutorial import publishing
from overfit_tutorial.claims import (
    ClaimError,
    claim,
    describe,
    exact,
    measured,
    number,
    one_seed,
    timing,
)
from overfit_tutorial.statistics import Interval

NAN, INF = float("nan"), float("inf")
# The ends lie one half-width from the value, as far as numbers allow.
FOUND = Interval(value=2.0, low=1.5, high=2.5, confidence=0.99, n=24)


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


@pytest.mark.parametrize("origin", ["theory", "fixed beforehand", "after seeing"])
def test_a_claim_says_where_its_bound_comes_from(origin, capsys):
    stated = measured("an-id", "It is {:.1f}.", FOUND.below(7), threshold_from=origin)
    assert stated.to_json()["threshold_from"] == origin
    assert capsys.readouterr().out.endswith(f"; n = 24; bound: {origin}]\n")


def test_a_claim_need_not_say_where_its_bound_comes_from():
    stated = measured("an-id", "It is {:.1f}.", FOUND.below(7))
    assert stated.to_json()["threshold_from"] is None
    assert "bound:" not in describe(stated)


def test_a_bound_comes_from_what_is_known():
    with pytest.raises(
        ValueError, match=r"one of theory, fixed beforehand, after seeing, got .luck"
    ):
        measured("an-id", "It is {:.1f}.", FOUND.below(7), threshold_from="luck")


@pytest.mark.parametrize("holds", [1, "yes", None, np.array([True]), np.array([True, True])])
def test_holds_must_be_one_truth_value(holds):
    with pytest.raises(TypeError, match="claim 'an-id': holds must be one truth value, got"):
        state(holds=holds)


@pytest.mark.parametrize("bad", [NAN, INF, -INF, np.float32("nan"), np.float64("inf")])
@pytest.mark.parametrize("name", ["value", "interval", "extra"])
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
    "two", [np.int64(2), np.float32(2), np.float16(2), np.float64(2), np.array(2.0)]
)
def test_numpy_scalars_come_out_as_plain_json(two):
    options = {"holds": two > 1, "interval": (two, two), "n": np.int64(3), "extra": two}
    assert_plain(state("{value} {low} {high} {extra}", value=two, **options))
    assert number(two).ends == (2, 2)


def test_numpy_scalars_will_do_for_the_rest_too():
    stated = state(confidence=np.float32(0.5), headline=np.True_, n=np.int64(3))
    back = json.loads(json.dumps(stated.to_json(), allow_nan=False))
    assert (back["confidence"], back["headline"], back["n"]) == (0.5, True, 3)


def test_tensorflow_scalars_come_out_as_plain_json():
    tf = pytest.importorskip("tensorflow")
    two = tf.constant(2.0)
    options = {"holds": two > 1, "interval": tf.stack([two, two]), "extra": tf.Variable(2.0)}
    assert_plain(state("{value} {low} {high} {extra}", value=two, **options))
    with pytest.raises(ClaimError, match="value must be finite, got nan"):
        state(value=tf.constant(NAN))
    with pytest.raises(ClaimError, match="does not hold"):
        state(holds=two > 3)


def assert_plain(stated):
    """Assert that all numbers of the claim, each of them 2, survive a journey through JSON."""
    back = json.loads(json.dumps(stated.to_json(), allow_nan=False))
    assert (back["value"], back["interval"]) == (2, [2, 2])
    assert [float(word) for word in back["sentence"].split()] == [2] * 4


def test_all_that_was_stated_is_in_the_json():
    share = Interval(value=0.25, low=0.125, high=0.5, confidence=0.95, n=8)
    stated = measured(
        "all-of-it",
        "{:.1f} of {n}, {small_share:.0%} of {whole}",
        FOUND.below(7),
        small_share=share.inside(0, 1),
        whole=number(1).equal_to(1),
        headline=True,
        quantity="excess risk",
        wrong_if="it were {threshold} or more",
    )
    bounds = [
        {"name": "", "value": 2.0, "interval": [1.5, 2.5], "confidence": 0.99, "n": 24},
        {"name": "small share", "value": 0.25, "interval": [0.125, 0.5]},
        {"name": "whole", "value": 1, "interval": None, "confidence": 1.0, "n": None},
    ]
    bounds[0] |= {"above": None, "below": 7.0, "margin": 9.0, "limits": "below 7"}
    bounds[0] |= {"evidence": "2.0, 99% interval 1.5 to 2.5"}
    bounds[1] |= {"confidence": 0.95, "n": 8, "above": 0.0, "below": 1.0, "margin": 2 / 3}
    bounds[1] |= {"evidence": "25%, 95% interval 12% to 50%", "limits": "between 0% and 100%"}
    bounds[2] |= {"above": 1.0, "below": 1.0, "margin": None, "evidence": "1", "limits": "1"}
    assert json.loads(json.dumps(stated.to_json(), allow_nan=False)) == {
        "id": "all-of-it",
        "sentence": "2.0 of 24, 25% of 1",
        "value": 2.0,
        "interval": [1.5, 2.5],
        "confidence": 0.99,
        "n": 24,
        "kind": "measured",
        "threshold": 7.0,
        "wrong_if": "it were 7.0 or more",
        "headline": True,
        "quantity": "excess risk",
        "threshold_from": None,
        "margin": 2 / 3,
        "holds": True,
        "bounds": bounds,
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
        ({"headline": "yes"}, "claim 'an-id': headline must be one truth value, got 'yes'"),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(options, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        state(**options)


@pytest.mark.parametrize("field", ["{extra}", "{low:.2f}", "{1}", "{n}", "{n:,}", "{threshold}"])
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
    words = "{} {value} {low} {high} {confidence:.0%} {n} {points} {name} {found:.1f}"
    stated = state(words, interval=(1, 2), n=3, points=5, name="six", found=FOUND)
    assert stated.sentence == "1.5 1.5 1 2 95% 3 5 six 2.0"


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


# -- An interval and its bound are one statement --------------------------------------------------


KINDS = {exact: "exact", one_seed: "one seed", timing: "timing"}


@pytest.mark.parametrize(
    ("bounded", "limits", "wrong_if"),
    [
        (FOUND.above(1), "above 1", "the interval reached 1"),
        (FOUND.below(2.6), "below 2.6", "the interval reached 2.6"),
        (
            FOUND.inside(1, 8 / 3),
            "between 1 and 2.667",
            "the interval were not between 1 and 2.667",
        ),
    ],
)
def test_check_threshold_and_what_would_be_wrong_follow_from_the_bound(bounded, limits, wrong_if):
    stated = measured("an-id", "It is {:.1f}.", bounded)
    assert stated.bounds[0].limits == limits
    assert stated.wrong_if == wrong_if
    assert stated.threshold in (bounded.above, bounded.below)


@pytest.mark.parametrize("bounded", [FOUND.above(1.5), FOUND.below(2.5), FOUND.inside(1.6, 9)])
def test_an_interval_that_reaches_its_bound_stops_the_page(bounded):
    with pytest.raises(
        ClaimError, match=r"'an-id' does not hold: its value must be .*, got 2\.0, "
    ):
        measured("an-id", "It is {:.1f}.", bounded)


def test_of_two_conditions_each_can_fail():
    for first, second in ((FOUND.above(1), FOUND.below(2)), (FOUND.below(2), FOUND.above(1))):
        with pytest.raises(ClaimError, match="must be below 2"):
            measured("an-id", "It is {:.1f}, at {the_price:.1f}.", first, the_price=second)


@pytest.mark.parametrize(("state_as", "kind"), KINDS.items(), ids=KINDS.values())
def test_a_number_without_an_interval_has_a_bound_as_well(state_as, kind, capsys):
    stated = state_as("an-id", "It is {:.2f}.", number(0.5, n=3).below(0.625))
    assert (stated.kind, stated.interval, stated.n) == (kind, None, 3)
    assert stated.margin is None
    assert stated.wrong_if == "it were 0.625 or more"
    assert capsys.readouterr().out.endswith(f"[an-id; {kind}; 0.50, below 0.625; n = 3]\n")
    with pytest.raises(ClaimError, match=r"must be below 0\.5, got 0\.5"):
        state_as("an-id", "It is {}.", number(0.5).below(0.5))


def test_a_number_may_have_to_be_one_number():
    stated = exact("an-id", "It has {:,} parts.", number(40_701).equal_to(40_701))
    assert stated.wrong_if == "it were not 40,701"
    with pytest.raises(ClaimError, match="must be 2, got 3"):
        exact("an-id", "It has {} parts.", number(3).equal_to(2))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            lambda: state(value=2, interval=(1.5, 2.5), threshold=7.0),
            "a threshold needs its check: give holds=interval.above(threshold) or .below",
        ),
        (
            lambda: state(value=2.0, holds=number(2.0).below(7), threshold=8),
            "threshold must be that of holds, got 8",
        ),
        (
            lambda: state(value=3, holds=FOUND.below(7), interval=(1.5, 3.5)),
            "holds must be the bounded interval of value 3 and interval (1.5, 3.5), got 2.0 and",
        ),
        (
            lambda: state(value=2, holds=FOUND.below(7), interval=(0, 3)),
            "holds must be the bounded interval of value 2 and interval (0, 3), got 2.0 and",
        ),
        (
            lambda: state(value=2, holds=FOUND.below(7)),
            "holds must be the bounded interval of value 2 and interval None",
        ),
        (lambda: measured("an-id", "", FOUND), "an interval must have a bound"),
        (lambda: measured("an-id", "", True), "found must be a bounded interval, got True"),
        (lambda: measured("an-id", "", FOUND.below(7), holds=True), "['holds'] follow from the"),
        (lambda: measured("an-id", "", FOUND.below(7), threshold=8), "threshold must be that of"),
        (lambda: measured("an-id", "", number(2).below(7)), "must have an interval over n seeds"),
    ],
)
def test_a_bound_that_its_check_contradicts_cannot_be_written(written, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        written()


def test_confidence_is_written_as_it_is():
    surer = dataclasses.replace(FOUND, confidence=0.999)
    assert "99.9% interval" in describe(measured("an-id", "", surer.below(7)))


def test_of_two_conditions_the_nearer_to_failing_is_the_margin():
    stated = measured("an-id", "{:.1f}", FOUND.below(7), price=FOUND.above(1))
    assert [bound.found.margin for bound in stated.bounds] == [9, 1]
    assert stated.margin == 1
    assert stated.wrong_if == "the interval reached 7, or that of the price reached 1"
