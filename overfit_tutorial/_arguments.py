"""Checks of arguments at the public edge.

Each error names the argument, the rule and the value, so that a caller can mend the call without
reading our code.
"""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Seed = int | np.random.SeedSequence


def check_count(name: str, value: object, *, least: int = 1) -> int:
    """Return `value` as an ``int`` if it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def check_finite(name: str, value: object) -> float:
    """Return `value` as a ``float`` if it is one finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return float(value)


def check_fraction(name: str, value: object) -> float:
    """Return `value` as a ``float`` if it lies strictly between zero and one."""
    fraction = check_finite(name, value)
    if not 0 < fraction < 1:
        raise ValueError(f"{name} must be between 0 and 1, got {fraction:g}")
    return fraction


def check_positive(name: str, value: object) -> float:
    """Return `value` as a ``float`` if it is one finite number above zero."""
    number = check_finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be above zero, got {number:g}")
    return number


def check_not_negative(name: str, value: object) -> float:
    """Return `value` as a ``float`` if it is one finite number, zero or above."""
    number = check_finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {number:g}")
    return number


def check_dtype(dtype: object) -> None:
    """Refuse a precision that is neither single nor double, by name."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")


def check_range(low: object, high: object) -> tuple[float, float]:
    """Return the ends of an interval of positive length."""
    low, high = check_finite("low", low), check_finite("high", high)
    if low >= high:
        raise ValueError(f"low must be below high, got low={low:g}, high={high:g}")
    return low, high


def check_seed(seed: object) -> np.random.SeedSequence:
    """Return the seed as a ``SeedSequence``; stateful generators are refused."""
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"seed must be an int or a numpy.random.SeedSequence, got {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    return np.random.SeedSequence(int(seed))


def plain_array(name: str, values: object, dtype: Any = None) -> NDArray[Any]:
    """Return values as an array; what is masked is no value, and NumPy would use it in silence."""
    if np.ma.is_masked(values):
        raise TypeError(
            f"{name} must not be masked: leave out what does not count, got {values!r}"
        )
    try:
        return np.asarray(values, dtype=dtype)
    except ValueError:
        raise ValueError(f"{name} must be numbers in rows of one length, got {values!r}") from None


def check_widths(value: object) -> list[int]:
    """Return the numbers of units of some hidden layers."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"hidden_widths must be a sequence of widths, got {value!r}")
    return [check_count("hidden_widths", width) for width in value]


def check_real(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array if it holds real numbers, finite or not."""
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def check_vector(name: str, values: ArrayLike, *, infinite: bool = False) -> NDArray[np.float64]:
    """Return `values` as a float64 vector of finite numbers, or of any but NaN."""
    vector = check_real(name, plain_array(name, values)).astype(np.float64)
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(
            f"{name} must be a vector of at least one number, got shape {vector.shape}"
        )
    wrong = np.isnan(vector) if infinite else ~np.isfinite(vector)
    if wrong.any():
        index, rule = int(np.flatnonzero(wrong)[0]), "not be NaN" if infinite else "be finite"
        raise ValueError(f"{name} must {rule}, got {vector[index]} at index {index}")
    return vector


def check_points(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places and values in ascending order of the places, no two of which are the same."""
    x, y = check_vector("x", x), check_vector("y", y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    order = np.argsort(x)
    x, y = x[order], y[order]
    if len(twice := x[1:][np.diff(x) == 0]):
        raise ValueError(f"x must hold no place twice, got {twice[0]:g} twice")
    return x, y
