"""The excess risks among the claims, with their intervals, on the ladder's logarithmic axis.

Drawn while the site is built, as lines of SVG whose places are shares of the width: text keeps its
size on a phone, colors follow the theme, and no script is needed. Values of another sort, such as
ratios and shares, have no place on this axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

#: What a claim must be about to stand here.
QUANTITY = "excess risk"


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from one power of ten to another."""

    first: int
    last: int

    def place(self, value: float) -> float:
        """Return where a value stands, in percent of the width."""
        return 100 * (math.log10(value) - self.first) / (self.last - self.first)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.first, self.last + 1)]


def axis_for(claims: Iterable[dict[str, Any]]) -> Axis:
    """Return the shortest axis between powers of ten that holds all values and intervals."""
    numbers = [n for c in claims for n in (c["value"], *(c["interval"] or ()))]
    first, last = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    return Axis(first, max(last, first + 1))


def on_the_axis(claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims that are about an excess risk, the smallest first, as on the ladder."""
    found = [claim for claim in claims if claim["quantity"] == QUANTITY]
    return sorted(found, key=lambda claim: claim["value"])


def label(claim: dict[str, Any]) -> str:
    """Return the words of a claim's id."""
    return str(claim["id"].replace("-", " "))


def numbers(claim: dict[str, Any]) -> str:
    """Return a claim's value, and its interval where it has one."""
    value = f"{claim['value']:.3g}"
    if claim["interval"] is None:
        return value
    low, high = claim["interval"]
    return f"{value} [{low:.3g}, {high:.3g}]"


def draw(claims: list[dict[str, Any]]) -> str:
    """Return the HTML of the plot: a list, so that it can be read as well as seen."""
    axis = axis_for(claims)
    rows = "".join(_row(claim, axis) for claim in claims)
    names = "".join(
        f'<text x="{axis.place(tick):.2f}%" y="70%" class="{_side(tick, axis)}">{tick:g}</text>'
        for tick in axis.ticks
    )
    return (
        f'<ol class="risks">\n{rows}</ol>\n'
        '<div class="risks-axis" aria-hidden="true"><svg width="100%" height="1.5rem">'
        f"{names}</svg></div>\n"
    )


def _side(tick: float, axis: Axis) -> str:
    """Return the class that keeps the first and the last number within the picture."""
    places = {axis.ticks[0]: "first", axis.ticks[-1]: "last"}
    return places.get(tick, "middle")


def _row(claim: dict[str, Any], axis: Axis) -> str:
    at = axis.place(claim["value"])
    grid = "".join(
        _line(axis.place(tick), axis.place(tick), "0", "100%", "grid") for tick in axis.ticks
    )
    interval = ""
    if claim["interval"] is not None:
        low, high = (axis.place(end) for end in claim["interval"])
        interval = _line(low, high, "50%", "50%", "interval")
    kind = claim["kind"].replace(" ", "-")
    return (
        f'<li class="{kind}"><a href="#{escape(claim["id"])}">{escape(label(claim))}</a> '
        f'<span class="risk">{escape(numbers(claim))}</span> '
        f'<svg aria-hidden="true" width="100%" height="1.5rem">{grid}{interval}'
        f'<circle cx="{at:.2f}%" cy="50%" r="4.5"/></svg></li>\n'
    )


def _line(x1: float, x2: float, y1: str, y2: str, name: str) -> str:
    return f'<line x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1}" y2="{y2}" class="{name}"/>'
