"""State a claim, check it, and hand it on.

A claim is a sentence with its number in it and the bound within which that number must lie.
Stating one that does not hold stops the page: no number on the site has outlived its truth.

A page says what sort of evidence it has: `measured` over many seeds, `exact`, `one_seed`, or
`timing`. Each takes an interval with its bound, so that the check, the threshold and the distance
to failing are one statement.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal, get_args

import numpy as np

from overfit_tutorial import _arguments, publishing
from overfit_tutorial.statistics import Bounded, Interval

__all__ = ["Claim", "ClaimError", "claim", "exact", "measured", "number", "one_seed", "timing"]

Kind = Literal["exact", "measured", "one seed", "timing"]
Quantity = Literal["excess risk"]
# What follows from mathematics, or from what the words mean, such as 1 for a ratio that "wins";
# what an earlier commit or protocol had fixed; what was chosen when the numbers were known.
ThresholdFrom = Literal["theory", "fixed beforehand", "after seeing"]
Number = int | float

# How a number is written that the sentence does not mention, and a bound that it would round.
_PLAIN = ".4g"


class ClaimError(AssertionError):
    """A claim that does not hold."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """One condition of a claim: what was found, within which bounds, and how to write it.

    Parameters
    ----------
    name : str
        The word for it in the sentence; empty for the claim's own value.
    found : Bounded
        The interval and its bounds.
    format_spec : str
        With which the sentence writes it: the interval gets as many digits.
    """

    name: str
    found: Bounded
    format_spec: str

    @property
    def is_number(self) -> bool:
        """Whether it is known without error, so that it has no interval."""
        return self.found.interval.confidence == 1

    def write(self, value: float) -> str:
        """Return a value with the digits of the sentence."""
        return format(value, self.format_spec or (_PLAIN if isinstance(value, float) else ","))

    def write_bound(self, bound: float) -> str:
        """Return a bound as short as it is, in percent where the sentence has percent."""
        share = self.format_spec.endswith("%")
        scaled = 100 * bound if share else bound
        whole = math.isclose(scaled, round(scaled))
        return (f"{round(scaled):,}" if whole else f"{scaled:{_PLAIN}}") + "%" * share

    @property
    def limits(self) -> str:
        """The bounds in words: "above 1", "below 0.9", "between 0.8 and 1.25", "0"."""
        if self.found.above == self.found.below:
            return self.write_bound(self.found.above)
        if math.isinf(self.found.below):
            return f"above {self.write_bound(self.found.above)}"
        if math.isinf(self.found.above):
            return f"below {self.write_bound(self.found.below)}"
        low, high = self.write_bound(self.found.above), self.write_bound(self.found.below)
        return f"between {low} and {high}"

    @property
    def evidence(self) -> str:
        """Value and interval, written once: ``0.66, 99% interval 0.60 to 0.72``."""
        interval = self.found.interval
        value = self.write(interval.value)
        if self.is_number:
            return value
        low, high = map(self.write, interval.ends)
        return f"{value}, {percent(interval.confidence)} interval {low} to {high}"

    @property
    def wrong_if(self) -> str:
        """What would have been seen if it did not hold."""
        one_sided = math.isinf(self.found.above) or math.isinf(self.found.below)
        bound = self.write_bound(self.found.threshold)
        if self.is_number:
            beyond = "less" if math.isinf(self.found.below) else "more"
            subject = f"the {self.name}" if self.name else "it"
            return (
                f"{subject} were {f'{bound} or {beyond}' if one_sided else f'not {self.limits}'}"
            )
        subject = f"that of the {self.name}" if self.name else "the interval"
        return f"{subject} {f'reached {bound}' if one_sided else f'were not {self.limits}'}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; a bound that is not there is ``None``."""
        interval, low, high = self.found.interval, self.found.above, self.found.below
        return {
            "name": self.name,
            "value": interval.value,
            "interval": None if self.is_number else list(interval.ends),
            "confidence": interval.confidence,
            "n": interval.n,
            "above": None if math.isinf(low) else low,
            "below": None if math.isinf(high) else high,
            "margin": self.found.margin,
            "evidence": self.evidence,
            "limits": self.limits,
        }


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim that held when it was stated.

    Parameters
    ----------
    id : str
        Short and stable: part of the address by which others quote the claim.
    sentence : str
        What is claimed, its numbers filled in.
    value : int or float
        The number that the claim is about.
    interval : (float, float) or None
        Confidence interval of the value.
    confidence : float
        Of the interval.
    n : int or None
        How many independent runs are behind a measured value.
    kind : {"exact", "measured", "one seed", "timing"}
        What sort of evidence it rests on.
    wrong_if : str or None
        What would have been seen if it were wrong; continues "This would be wrong if".
    headline : bool
        Whether it is the page's answer.
    quantity : {"excess risk"} or None
        What the value is, if the ledger draws it on an axis with others of its sort.
    threshold_from : {"theory", "fixed beforehand", "after seeing"} or None
        Where its bounds come from, if it is said.
    bounds : tuple of Bound
        Every condition under which it holds, the value's own first.
    """

    id: str
    sentence: str
    value: Number
    interval: tuple[Number, Number] | None
    confidence: float
    n: int | None
    kind: Kind
    wrong_if: str | None
    headline: bool
    quantity: Quantity | None = None
    threshold_from: ThresholdFrom | None = None
    bounds: tuple[Bound, ...] = ()

    @property
    def threshold(self) -> Number | None:
        """The value at which the claim would fail; of two, the one that is nearer."""
        return next((bound.found.threshold for bound in self.bounds if not bound.name), None)

    @property
    def margin(self) -> float | None:
        """How far the claim is from failing, in half-widths of an interval.

        Of several conditions, the one that is nearest to failing counts. ``None`` where no
        interval has a bound.
        """
        margins = [bound.found.margin for bound in self.bounds]
        return min((margin for margin in margins if margin is not None), default=None)

    def _ipython_display_(self) -> None:
        """Show nothing at the end of a notebook's cell: the sentence has been printed."""

    def to_json(self) -> dict[str, Any]:
        """Return the claim as plain JSON values."""
        own = {name: value for name, value in vars(self).items() if name != "bounds"}
        derived = {"threshold": self.threshold, "margin": self.margin, "holds": True}
        return own | derived | {"bounds": [bound.to_json() for bound in self.bounds]}


def number(value: object, *, n: int | None = None) -> Interval:
    """Return a number that is known without error, to be given a bound as an interval is.

    Parameters
    ----------
    value : number
        NumPy's and TensorFlow's scalars will do.
    n : int, optional
        Over how many cases it was taken.

    Returns
    -------
    Interval
        Of no width, and sure.

    Examples
    --------
    >>> number(3).equal_to(3).holds, number(0.5).below(0.5).holds
    (True, False)
    """
    known = _number("number", "value", value)
    return Interval(value=known, low=known, high=known, confidence=1.0, n=n)


def measured(id: str, sentence: str, found: Bounded, **options: Any) -> Claim:
    """State what was measured over many seeds.

    Parameters
    ----------
    id : str
        Lower-case words joined by hyphens, unique on the site.
    sentence : str
        A format string. ``{}`` is the value of `found`, ``{n}`` the number of seeds; names are
        filled from `options`. The format of a value, such as ``{:.2f}``, is that of its interval
        as well, which the site prints below the sentence. Double the braces that are not fields.
    found : Bounded
        An interval over seeds with its bound: ``ratio.above(0.95)``.
    wrong_if : str, optional
        What would make the claim wrong, where plain words say more than the bound; a format
        string like `sentence`, continuing the words "This would be wrong if".
    headline : bool
        Whether this is the page's answer, to be shown under its title.
    quantity : {"excess risk"}, optional
        What the value is. The ledger draws all excess risks on the ladder's axis; a ratio of two,
        or a share, is none.
    threshold_from : {"theory", "fixed beforehand", "after seeing"}, optional
        Where the bounds come from: from mathematics, or from what the words mean, such as 1 for a
        ratio that wins; from an earlier commit or protocol; or chosen when the numbers were known.
    **options
        Further numbers for the sentence. Those with a bound are conditions of the claim, too; the
        reader meets them by their name: ``excess_risk=price.above(1)``.

    Returns
    -------
    Claim
        With the numbers filled in.

    Raises
    ------
    ClaimError
        If an interval reaches its bound, or a number is not finite.
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> ratio = Interval(value=0.66, low=0.6, high=0.72, confidence=0.99, n=16)
    >>> stated = measured("half-as-long", "It takes {:.2f} times as long.", ratio.below(0.9))
    It takes 0.66 times as long.
      [half-as-long; measured; 0.66, 99% interval 0.60 to 0.72, below 0.9; n = 16]
    """
    return _state("measured", id, sentence, found, options)


def exact(id: str, sentence: str, found: Bounded, **options: Any) -> Claim:
    """State what follows from mathematics, and is confirmed to rounding.

    Parameters
    ----------
    id, sentence, **options
        As in `measured`.
    found : Bounded
        A number with its tolerance: ``number(gap).below(1e-12)``, ``number(3).equal_to(3)``.

    Returns
    -------
    Claim

    Examples
    --------
    >>> stated = exact("half", "Half of ten is {}.", number(10 // 2).equal_to(5))
    Half of ten is 5.
      [half; exact; 5]
    """
    return _state("exact", id, sentence, found, options)


def one_seed(id: str, sentence: str, found: Bounded, **options: Any) -> Claim:
    """State what one run of one experiment shows: that it can happen, not that it usually does.

    Parameters
    ----------
    id, sentence, **options
        As in `measured`.
    found : Bounded
        A number with its bound: ``number(risk).below(1)``.

    Returns
    -------
    Claim
    """
    return _state("one seed", id, sentence, found, options)


def timing(id: str, sentence: str, found: Bounded, **options: Any) -> Claim:
    """State how long something takes on the machine that runs the page.

    Parameters
    ----------
    id, sentence, **options
        As in `measured`.
    found : Bounded
        A number, best a ratio of two times, with its bound.

    Returns
    -------
    Claim
    """
    return _state("timing", id, sentence, found, options)


def claim(
    id: str,
    sentence: str,
    *,
    holds: object,
    value: object,
    interval: object = None,
    confidence: float = 0.95,
    n: int | None = None,
    kind: Kind = "measured",
    threshold: object = None,
    wrong_if: str | None = None,
    headline: bool = False,
    quantity: Quantity | None = None,
    threshold_from: ThresholdFrom | None = None,
    **values: object,
) -> Claim:
    """State a claim of any form: fail if it does not hold, otherwise publish it.

    What has a bound is better stated by `measured`, `exact` or `one_seed`, which call this.

    Parameters
    ----------
    id, wrong_if, headline, quantity, threshold_from
        As in `measured`.
    sentence : str
        A format string, filled with `value`, `low` and `high` (of the interval), `confidence`,
        `n`, `threshold` and `values`; ``{}`` is the value.
    holds : bool or Bounded
        Whether the claim holds. A bounded interval says it, and must be that of `value`.
    value : number
        What the claim is about. NumPy's and TensorFlow's scalars will do, here and elsewhere.
    interval : pair of numbers, optional
        Confidence interval of the value, which must lie in it.
    confidence : float
        Of the interval.
    n : int, optional
        How many independent runs are behind a measured value.
    kind : {"measured", "exact", "one seed", "timing"}
        What sort of evidence it rests on.
    threshold : number, optional
        The value at which the claim would fail: that of `holds`, which therefore must be bounded.
        A threshold beside a truth value would say nothing of what was checked.
    **values
        Further values for the sentence; bounded ones must hold, too.

    Returns
    -------
    Claim
        With the numbers filled in.

    Raises
    ------
    ClaimError
        If the claim does not hold, or one of its numbers is not finite.
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> stated = claim("half", "Half of ten is {value}.", holds=10 / 2 == 5, value=5, kind="exact")
    Half of ten is 5.
      [half; exact]
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id):
        raise ValueError(f"id must be lower-case words joined by hyphens, got {id!r}")
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
    if quantity is not None and quantity not in get_args(Quantity):
        raise ValueError(f"quantity must be {', '.join(get_args(Quantity))}, got {quantity!r}")
    if threshold_from is not None and threshold_from not in get_args(ThresholdFrom):
        origins = ", ".join(get_args(ThresholdFrom))
        raise ValueError(f"threshold_from must be one of {origins}, got {threshold_from!r}")
    n = None if n is None else _arguments.check_count("n", n)
    confidence = _arguments.check_fraction("confidence", _plain(confidence))
    about = _number(id, "value", value)
    ends = None if interval is None else _ends(id, interval)
    if ends is not None and not ends[0] <= about <= ends[1]:
        raise ValueError(f"claim {id!r}: value must lie in its interval {ends}, got {about}")
    if quantity is not None and (least := min([about, *(ends or ())])) <= 0:
        raise ValueError(f"claim {id!r}: an {quantity} must be above zero, got {least}")
    if isinstance(holds, Bounded):
        _check_same(id, holds.interval, about, ends)
    _check_threshold(id, threshold, holds)
    fields = {name: _field(id, name, extra) for name, extra in values.items()}
    own = holds.threshold if isinstance(holds, Bounded) else None
    told = {"value": about, "confidence": confidence, "n": n, "threshold": own}
    if ends is not None:
        told |= {"low": ends[0], "high": ends[1]}
    if twice := fields.keys() & told.keys():
        raise ValueError(f"claim {id!r}: {sorted(twice)} are the interval's, give another name")
    fields |= {name: known for name, known in told.items() if known is not None}
    filled = _fill("sentence", sentence, about, fields)
    bounds = _bounds(sentence, holds, values)
    stated = Claim(
        id=id,
        sentence=filled,
        value=about,
        interval=ends,
        confidence=confidence,
        n=n,
        kind=kind,
        wrong_if=_wrong_if(wrong_if, bounds, about, fields),
        headline=_truth(id, "headline", headline),
        quantity=quantity,
        threshold_from=threshold_from,
        bounds=bounds,
    )
    for bound in bounds:
        if not bound.found.holds:
            raise ClaimError(
                f"claim {id!r} does not hold: {bound.name or 'its value'} must be "
                f"{bound.limits}, got {bound.evidence}: {stated.sentence}"
            )
    if not isinstance(holds, Bounded) and not _truth(id, "holds", holds):
        raise ClaimError(f"claim {id!r} does not hold: {stated.sentence}")
    if not publishing.hand_over(stated):
        publishing.say(f"{stated.sentence}\n  [{describe(stated)}]")
    return stated


def describe(stated: Claim) -> str:
    """Return what a claim rests on, in a few words: its id, kind, conditions, runs, and bound."""
    parts = [stated.id, stated.kind]
    for bound in stated.bounds:
        found = f"{bound.name} {bound.evidence}".strip()
        # Of a number that must be one number, the bound would only repeat it.
        parts.append(
            found if bound.found.above == bound.found.below else f"{found}, {bound.limits}"
        )
    if not stated.bounds and stated.interval is not None:
        low, high = stated.interval
        parts.append(f"{percent(stated.confidence)} interval {low:.4g} to {high:.4g}")
    if stated.n is not None:
        parts.append(f"n = {stated.n:,}")
    if stated.threshold_from is not None:
        parts.append(f"bound: {stated.threshold_from}")
    return "; ".join(parts)


def percent(share: float) -> str:
    """Return a share in percent, with as many digits as it has."""
    return f"{100 * share:.6g}%"


def _state(kind: Kind, id: str, sentence: str, found: object, options: Mapping[str, Any]) -> Claim:
    """State a claim of a kind about a bounded interval."""
    if isinstance(found, Interval):
        raise TypeError(f"claim {id!r}: an interval must have a bound, such as .above(1)")
    if not isinstance(found, Bounded):
        raise TypeError(f"claim {id!r}: found must be a bounded interval, got {found!r}")
    interval = found.interval
    if kind == "measured" and (interval.n is None or interval.confidence == 1):
        raise ValueError(
            f"claim {id!r}: what is measured must have an interval over n seeds, got {interval}"
        )
    if taken := {"holds", "value", "interval", "confidence", "n", "kind"} & options.keys():
        raise TypeError(f"claim {id!r}: {sorted(taken)} follow from the bounded interval")
    known: dict[str, Any] = {"holds": found, "value": interval.value, "n": interval.n}
    if interval.confidence < 1:
        known |= {"interval": interval.ends, "confidence": interval.confidence}
    return claim(id, sentence, kind=kind, **known, **options)


def _check_same(
    id: str, interval: Interval, value: Number, ends: tuple[Number, Number] | None
) -> None:
    """Refuse a bounded interval that is not that of the claim's value."""
    own = None if interval.confidence == 1 else interval.ends
    if (interval.value, own) != (value, ends):
        raise ValueError(
            f"claim {id!r}: holds must be the bounded interval of value {value} and interval "
            f"{ends}, got {interval.value} and {own}"
        )


def _check_threshold(id: str, threshold: object, holds: object) -> None:
    """Refuse a threshold that the check does not know."""
    if threshold is None:
        return
    if not isinstance(holds, Bounded):
        raise ValueError(
            f"claim {id!r}: a threshold needs its check: give holds=interval.above(threshold) or "
            f".below(threshold), got threshold={threshold!r} beside holds={holds!r}"
        )
    if _number(id, "threshold", threshold) not in (holds.above, holds.below):
        raise ValueError(f"claim {id!r}: threshold must be that of holds, got {threshold!r}")


def _bounds(sentence: str, holds: object, values: Mapping[str, object]) -> tuple[Bound, ...]:
    """Return all conditions of a claim, each with the format that its sentence writes it in."""
    specs: dict[str, str] = {}
    for _, field, spec, _ in Formatter().parse(sentence):
        if field is not None:
            specs.setdefault({"": "value", "0": "value"}.get(field, field), spec or "")
    named = {"value": holds} | dict(values)
    return tuple(
        Bound(
            name="" if name == "value" else name.replace("_", " "),
            found=found,
            format_spec=specs.get(name, ""),
        )
        for name, found in named.items()
        if isinstance(found, Bounded)
    )


def _wrong_if(
    words: str | None, bounds: tuple[Bound, ...], value: Number, fields: dict[str, Any]
) -> str | None:
    """Return what would make a claim wrong: in the page's words, or from its bounds."""
    if words is not None:
        return _fill("wrong_if", words, value, fields)
    return ", or ".join(bound.wrong_if for bound in bounds) or None


def _field(id: str, name: str, extra: object) -> object:
    """Return what the sentence writes: of an interval, its value."""
    if isinstance(extra, Bounded):
        extra = extra.interval
    if isinstance(extra, Interval):
        return _number(id, name, extra.value)
    plain = _plain(extra)
    array = np.asarray(plain)
    if array.dtype.kind in "fc" and not np.isfinite(array).all():
        raise ClaimError(f"claim {id!r}: {name} must be finite, got {extra}")
    return plain


def _plain(value: object) -> object:
    """Turn a NumPy or TensorFlow scalar into Python's own; leave the rest as it is."""
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    array = np.asarray(value)
    return array.item() if array.ndim == 0 and array.dtype.kind in "biuf" else value


def _number(id: str, name: str, value: object) -> Number:
    number = _plain(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"claim {id!r}: {name} must be one number, got {value!r}")
    if not math.isfinite(number):
        raise ClaimError(f"claim {id!r}: {name} must be finite, got {number}")
    return number


def _ends(id: str, pair: Any) -> tuple[Number, Number]:
    if np.ndim(pair) != 1:
        raise TypeError(f"claim {id!r}: interval must be (low, high), got {pair!r}")
    ends = [_number(id, "interval", end) for end in pair]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"claim {id!r}: interval must be (low, high), got {tuple(ends)}")
    return ends[0], ends[1]


def _truth(id: str, name: str, value: object) -> bool:
    truth = _plain(value)
    if not isinstance(truth, bool):
        raise TypeError(f"claim {id!r}: {name} must be one truth value, got {value!r}")
    return truth


def _fill(name: str, sentence: str, value: Number, fields: dict[str, Any]) -> str:
    try:
        return sentence.format(value, **fields)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f"{name} has a field that no value fills: {error.args[0]!r} in {sentence!r}; "
            "double the braces that are not fields"
        ) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be filled: {error} in {sentence!r}") from None
