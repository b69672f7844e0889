"""State a claim, check it, and hand it on.

A claim is a sentence with its number in it and the condition under which it holds. Stating one
that does not hold stops the page: no number on the site has outlived its truth.
"""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from overfit_tutorial import _arguments, publishing

Kind = Literal["exact", "measured", "one seed", "timing"]
Quantity = Literal["excess risk"]
Number = int | float


class ClaimError(AssertionError):
    """A claim that does not hold."""


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
    threshold : int, float or None
        The value at which the claim would fail; of two, the one that is nearer.
    wrong_if : str or None
        What would have been seen if it were wrong; continues "This would be wrong if".
    headline : bool
        Whether it is the page's answer.
    quantity : {"excess risk"} or None
        What the value is, if the ledger draws it on an axis with others of its sort.
    """

    id: str
    sentence: str
    value: Number
    interval: tuple[Number, Number] | None
    confidence: float
    n: int | None
    kind: Kind
    threshold: Number | None
    wrong_if: str | None
    headline: bool
    quantity: Quantity | None = None

    @property
    def margin(self) -> float | None:
        """How far the value is from failing, as a share of the threshold.

        The nearer end of the interval counts where there is one; it is zero if the interval
        reaches the threshold. It is ``None`` without a threshold, and where the threshold is
        zero, of which nothing can be a share.
        """
        if self.threshold is None:
            return None
        return _distance(self.interval or (self.value, self.value), self.threshold)

    def to_json(self) -> dict[str, Any]:
        """Return the claim as plain JSON values."""
        return dataclasses.asdict(self) | {"margin": self.margin, "holds": True}


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
    **values: object,
) -> Claim:
    """State a claim: fail if it does not hold, otherwise publish it.

    Parameters
    ----------
    id : str
        Lower-case words joined by hyphens, unique on the site.
    sentence : str
        A format string, filled with `value`, `low` and `high` (of the interval), `confidence`,
        `n`, `threshold` and `values`. Double the braces that are not fields.
    holds : bool
        Whether the claim holds. NumPy's and TensorFlow's scalars will do, here and below.
    value : number
        What the claim is about.
    interval : pair of numbers, optional
        Confidence interval of the value, which must lie in it.
    confidence : float
        Of the interval.
    n : int, optional
        How many independent runs are behind a measured value.
    kind : {"measured", "exact", "one seed", "timing"}
        What sort of evidence it rests on.
    threshold : number or pair of numbers, optional
        The value at which the claim would fail; the two ends of the band that it must stay in.
    wrong_if : str, optional
        What would make the claim wrong, a format string like `sentence`, continuing the words
        "This would be wrong if".
    headline : bool
        Whether this is the page's answer, to be shown under its title.
    quantity : {"excess risk"}, optional
        What the value is. The ledger draws all excess risks on the ladder's axis; a ratio of two,
        or a share, is none.
    **values
        Further values for the sentence.

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
    n = None if n is None else _arguments.check_count("n", n)
    confidence = _arguments.check_fraction("confidence", _plain(confidence))
    number = _number(id, "value", value)
    ends = None if interval is None else _ends(id, "interval", interval)
    if ends is not None and not ends[0] <= number <= ends[1]:
        raise ValueError(f"claim {id!r}: value must lie in its interval {ends}, got {number}")
    bound = None if threshold is None else _threshold(id, threshold, ends or (number, number))
    if quantity is not None and (least := min([number, *(ends or ())])) <= 0:
        raise ValueError(f"claim {id!r}: an {quantity} must be above zero, got {least}")
    fields: dict[str, Any] = {name: _plain(extra) for name, extra in values.items()}
    for name, extra in fields.items():
        array = np.asarray(extra)
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise ClaimError(f"claim {id!r}: {name} must be finite, got {extra}")
    told = {"value": number, "confidence": confidence, "n": n, "threshold": bound}
    if ends is not None:
        told |= {"low": ends[0], "high": ends[1]}
    if twice := fields.keys() & told.keys():
        raise ValueError(f"claim {id!r}: {sorted(twice)} are the interval's, give another name")
    fields |= {name: number for name, number in told.items() if number is not None}
    stated = Claim(
        id=id,
        sentence=_fill("sentence", sentence, fields),
        value=number,
        interval=ends,
        confidence=confidence,
        n=n,
        kind=kind,
        threshold=bound,
        wrong_if=None if wrong_if is None else _fill("wrong_if", wrong_if, fields),
        headline=_truth(id, "headline", headline),
        quantity=quantity,
    )
    if not _truth(id, "holds", holds):
        raise ClaimError(f"claim {id!r} does not hold: {stated.sentence}")
    if not publishing.hand_over(stated):
        print(f"{stated.sentence}\n  [{describe(stated)}]")
    return stated


def describe(stated: Claim) -> str:
    """Return what a claim rests on, in a few words: its id, kind, interval and runs."""
    parts = [stated.id, stated.kind]
    if stated.interval is not None:
        low, high = stated.interval
        parts.append(f"{stated.confidence:.0%} interval {low:.4g} to {high:.4g}")
    if stated.n is not None:
        parts.append(f"n = {stated.n:,}")
    return "; ".join(parts)


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


def _ends(id: str, name: str, pair: Any) -> tuple[Number, Number]:
    if np.ndim(pair) != 1:
        raise TypeError(f"claim {id!r}: {name} must be (low, high), got {pair!r}")
    ends = [_number(id, name, end) for end in pair]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"claim {id!r}: {name} must be (low, high), got {tuple(ends)}")
    return ends[0], ends[1]


def _threshold(id: str, threshold: Any, ends: tuple[Number, Number]) -> Number:
    """Return the threshold; of a band, the end that is reached first."""
    if np.ndim(threshold) == 0:
        return _number(id, "threshold", threshold)
    band = _ends(id, "threshold", threshold)
    return min(band, key=lambda end: math.inf if end == 0 else _distance(ends, end) or 0)


def _distance(ends: tuple[Number, Number], threshold: Number) -> float | None:
    """Return how far an interval is from a threshold, as a share of that; ``None`` of zero."""
    if threshold == 0:
        return None
    low, high = ends
    if low <= threshold <= high:
        return 0.0
    return min(abs(low - threshold), abs(high - threshold)) / abs(threshold)


def _truth(id: str, name: str, value: object) -> bool:
    truth = _plain(value)
    if not isinstance(truth, bool):
        raise TypeError(f"claim {id!r}: {name} must be one truth value, got {value!r}")
    return truth


def _fill(name: str, sentence: str, fields: dict[str, Any]) -> str:
    try:
        return sentence.format(**fields)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f"{name} has a field that no value fills: {error.args[0]!r} in {sentence!r}; "
            "double the braces that are not fields"
        ) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot be filled: {error} in {sentence!r}") from None
