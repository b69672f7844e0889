"""Lanczos processes of many operators side by side: one product serves all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]  # (n_members, n_parameters)
Values = NDArray[np.float64]  # (n_members,)

# The eigenvalues are looked at after so many products, and must be found twice in a row: one
# look alone can be deceived, as in `curvature.largest_eigenvalue`.
_PRODUCTS_A_LOOK = 4


def largest_eigenvalues(
    product: Callable[[Vectors], Vectors],
    start: Vectors,
    finite: Any,
    rtol: float,
    max_products: int,
) -> Values:
    """Return the largest eigenvalue of each member, by Lanczos processes side by side.

    It is NaN for members that are not `finite`, and where a product is not.
    """
    n_members, n_parameters = start.shape
    n_steps = min(max_products, n_parameters)
    basis: list[Vectors] = []
    diagonal, beside = np.zeros((2, n_members, n_steps))
    vectors = start / np.linalg.norm(start, axis=1, keepdims=True)
    before = np.zeros(n_members, dtype=bool)
    for step in range(n_steps):
        basis.append(vectors)
        rest = product(vectors)
        with np.errstate(over="ignore", invalid="ignore"):
            finite = finite & np.isfinite(_dots(rest, rest))
        rest = np.where(finite[:, None], rest, 0)
        diagonal[:, step] = _dots(vectors, rest)
        for known in basis:
            rest = rest - _dots(known, rest)[:, None] * known
        beside[:, step] = np.sqrt(_dots(rest, rest))
        complete = step + 1 == n_parameters  # nothing is left that could be larger
        if complete or (step + 1) % _PRODUCTS_A_LOOK == 0:
            values, residuals = _ritz(diagonal[:, : step + 1], beside[:, : step + 1])
            within = (residuals <= rtol * np.abs(values)) | ~finite
            if complete or (before & within).all():
                return np.where(finite, values, np.nan)
            before = within
        vectors = rest / np.where(beside[:, step] > 0, beside[:, step], 1)[:, None]
    values, residuals = _ritz(diagonal, beside)
    worst = int(np.argmax(np.where(finite, residuals, 0) / np.abs(values)))
    raise RuntimeError(
        f"max_products must be more than {max_products} here: the largest eigenvalue of member "
        f"{worst} is about {values[worst]:g}, with a residual of {residuals[worst]:g}"
    )


def _ritz(diagonal: Vectors, beside: Vectors) -> tuple[Values, Values]:
    """Return the largest eigenvalue of each tridiagonal matrix, and the norm of its residual."""
    size = diagonal.shape[1]
    matrices = np.zeros((len(diagonal), size, size))
    steps = np.arange(size)
    matrices[:, steps, steps] = diagonal
    matrices[:, steps[1:], steps[:-1]] = beside[:, :-1]  # eigh reads no more than this
    values, vectors = np.linalg.eigh(matrices)
    return values[:, -1], beside[:, -1] * np.abs(vectors[:, -1, -1])


def _dots(first: Vectors, second: Vectors) -> Values:
    return np.einsum("mp,mp->m", first, second)  # type: ignore[no-any-return]
