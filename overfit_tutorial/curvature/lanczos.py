"""The Lanczos process: a large symmetric operator, seen through a small tridiagonal matrix.

Each step costs one product with the operator. The vectors are kept and orthogonalized against
all of their predecessors: what the textbook's three-term recurrence saves in memory it pays with
copies of eigenvalues that are not there.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# What remains of a product is noise if it is this many roundings of the largest product.
_ROUNDINGS = 100


def as_operator(operator: Any) -> Any:
    """Return SciPy's ``LinearOperator`` of a real square matrix, or of what acts like one."""
    from scipy.sparse.linalg import aslinearoperator

    try:
        linear = aslinearoperator(operator)
    except (TypeError, ValueError):
        raise TypeError(
            "operator must be what scipy.sparse.linalg.aslinearoperator takes, "
            f"got {type(operator).__name__}"
        ) from None
    if len(linear.shape) != 2 or linear.shape[0] != linear.shape[1]:
        raise ValueError(f"operator must be square, got shape {linear.shape}")
    if linear.shape[0] == 0:
        raise ValueError(f"operator must have at least one row, got shape {linear.shape}")
    if linear.dtype is not None and np.dtype(linear.dtype).kind not in "biuf":
        raise TypeError(f"operator must be real, got {linear.dtype}")
    return linear


def product(operator: Any, vector: Vector) -> Vector:
    """Return the product of an operator and a vector, and see that it is finite."""
    vector = vector.view()
    vector.setflags(write=False)  # an operator that wrote into it would change our basis
    try:
        image = np.asarray(operator.matvec(vector))
    except ValueError as error:
        raise ValueError(
            f"operator must map a vector of length {len(vector)} to another one: {error}"
        ) from error
    if image.dtype.kind not in "biuf":
        raise TypeError(f"operator must be real, got a product of {image.dtype}")
    image = image.astype(np.float64, copy=False)
    if not np.isfinite(image).all():
        value = image[~np.isfinite(image)][0]
        raise ValueError(f"operator must map finite vectors to finite ones, got {value}")
    return image


def rounding(operator: Any) -> float:
    """Return the relative rounding error of the operator's numbers."""
    single = operator.dtype is not None and np.dtype(operator.dtype) == np.float32
    return float(np.finfo(np.float32 if single else np.float64).eps)


def check_symmetric(difference: float, *, scale: float, epsilon: float) -> None:
    """Refuse an operator for which u·Av and v·Au differ by more than rounding explains."""
    if abs(difference) > np.sqrt(epsilon) * scale:
        raise ValueError(
            f"operator must be symmetric, got u·Av - v·Au = {difference:g} for two vectors u and v"
        )


def tridiagonalize(
    operator: Any, start: Vector, *, n_steps: int
) -> Iterator[tuple[Vector, Vector]]:
    """Yield the growing tridiagonal matrix after each of at most `n_steps` products.

    Parameters
    ----------
    operator : LinearOperator of shape (n, n)
        Symmetric, which is checked on the way at no cost: a product with the newest vector must
        not reach back further than to the one before.
    start : ndarray of shape (n,)
        Not zero.
    n_steps : int
        The process ends earlier where the space that `start` spans is exhausted.

    Yields
    ------
    diagonal : ndarray of shape (n_products,)
        Of the tridiagonal matrix.
    off_diagonal : ndarray of shape (n_products,)
        Its last entry lies outside of the matrix: it is the norm of what the matrix does not see,
        and zero where nothing is left and the matrix is exact.
    """
    epsilon = rounding(operator)
    n_steps = min(n_steps, len(start))
    basis = np.empty((n_steps, len(start)))
    diagonal, off_diagonal = np.empty(n_steps), np.empty(n_steps)
    vector = start / np.linalg.norm(start)
    scale = 0.0
    for step in range(n_steps):
        basis[step] = vector
        image = product(operator, vector)
        scale = max(scale, float(np.linalg.norm(image)))
        diagonal[step] = vector @ image
        rest = image - diagonal[step] * vector
        if step > 0:
            rest -= off_diagonal[step - 1] * basis[step - 1]
        # What remains of the known vectors is rounding, if the operator is symmetric. It goes too.
        known = basis[: step + 1]
        remains = known @ rest
        check_symmetric(float(np.abs(remains).max()), scale=scale, epsilon=epsilon)
        rest -= remains @ known
        norm = float(np.linalg.norm(rest))
        exhausted = step + 1 == len(start) or norm <= _ROUNDINGS * epsilon * scale
        off_diagonal[step] = 0.0 if exhausted else norm
        yield diagonal[: step + 1].copy(), off_diagonal[: step + 1].copy()
        if exhausted:
            return
        vector = rest / norm
