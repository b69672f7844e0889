"""What is linear in its targets: least norms, and gradient flow with a kernel that stays."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments

Array = NDArray[np.float64]


def min_norm_fit(features: ArrayLike, y: ArrayLike, *, rcond: float | None = None) -> Array:
    """Return the coefficients of least squares, the shortest ones where many do as well.

    Parameters
    ----------
    features : array_like of shape (n_samples, n_features)
        What each point shows; there may be more features than points.
    y : array_like of shape (n_samples,)
        Targets.
    rcond : float or None
        Singular values up to this share of the largest count as zero. None takes the rounding of
        double precision times the larger side of `features`.

    Returns
    -------
    ndarray of shape (n_features,)
        The fit at other places is their features times these.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Two features that say the same share the slope:

    >>> min_norm_fit([[1.0, 1.0], [2.0, 2.0]], [3.0, 6.0]).round(9).tolist()
    [1.5, 1.5]
    """
    table = _matrix("features", features)
    targets = _targets(y, len(table))
    left, singular, right = np.linalg.svd(table, full_matrices=False)
    kept = singular > _cutoff(rcond, max(table.shape)) * singular[0]
    shortest: Array = ((targets @ left[:, kept]) / singular[kept]) @ right[kept]
    return shortest


def kernel_regression(
    kernel: ArrayLike, y: ArrayLike, *, ridge: float = 0.0, rcond: float | None = None
) -> Array:
    r"""Return the coefficients of kernel regression, with a penalty or without.

    They are :math:`(K + \text{ridge} \cdot 1)^{-1} y`. Without a penalty the fit goes through all
    points that the kernel can tell apart, with the least norm of its space.

    Parameters
    ----------
    kernel : array_like of shape (n_samples, n_samples)
        Of the points among themselves; symmetric, and not negative definite anywhere.
    y : array_like of shape (n_samples,)
        Targets.
    ridge : float
        Added to each eigenvalue, as scikit-learn's ``KernelRidge`` does.
    rcond : float or None
        Without a penalty, eigenvalues up to this share of the largest count as zero. None takes
        the rounding of double precision times the number of points.

    Returns
    -------
    ndarray of shape (n_samples,)
        The fit at other places is the kernel between them and the points, times these.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> kernel_regression(np.eye(2), [3.0, 6.0], ridge=2.0).round(9).tolist()
    [1.0, 2.0]
    """
    values, vectors = _spectrum(kernel)
    targets = _targets(y, len(values))
    penalty = _arguments.check_not_negative("ridge", ridge)
    kept = values > _cutoff(rcond, len(values)) * values[-1]
    kept |= penalty > 0
    along = (targets @ vectors[:, kept]) / (values[kept] + penalty)
    coefficients: Array = vectors[:, kept] @ along
    return coefficients


def gradient_flow(kernel: ArrayLike, residuals: ArrayLike, times: ArrayLike) -> Array:
    r"""Return what gradient flow has made of a model whose kernel stays as it is.

    The loss is Keras' mean squared error, so the outputs on the points follow
    :math:`\dot f = -\tfrac{2}{n} K (f - y)`, and elsewhere

    .. math:: f_t(x) = f_0(x) + K(x, X) \, K^{-1} (1 - e^{-2 t K / n}) (y - f_0(X)).

    Each eigenvalue is treated for itself. One that is rounding counts as zero: what it would teach
    takes longer than any training.

    Parameters
    ----------
    kernel : array_like of shape (n_samples, n_samples)
        Of the points among themselves; symmetric, and not negative definite anywhere.
    residuals : array_like of shape (n_samples,)
        What the model lacks at the beginning, :math:`y - f_0(X)`.
    times : array_like of shape (n_times,)
        Learning rate times number of steps; at least zero.

    Returns
    -------
    ndarray of shape (n_times, n_samples)
        Coefficients. These times the kernel between points and other places is what training has
        added to the model there.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Half of the way to each of two points that have nothing in common:

    >>> gradient_flow(np.eye(2), [3.0, 6.0], [np.log(2)]).round(9).tolist()
    [[1.5, 3.0]]
    """
    values, vectors = _spectrum(kernel)
    lacking = _targets(residuals, len(values), name="residuals")
    moved = 2 / len(values) * _times(times)[:, np.newaxis]
    # Where an eigenvalue is zero, so is the kernel between that shape and any other place.
    kept = values > 0
    learnt = -np.expm1(-moved * values[kept]) / values[kept]
    coefficients: Array = (learnt * (lacking @ vectors[:, kept])) @ vectors[:, kept].T
    return coefficients


def degrees_of_freedom(kernel: ArrayLike, times: ArrayLike) -> Array:
    r"""Return how many parameters gradient flow effectively uses at each time.

    It is the trace of what takes targets to outputs on the points,
    :math:`1 - e^{-2 t K / n}`: the sum of how far each shape has been learnt.

    Parameters
    ----------
    kernel, times
        As in `gradient_flow`.

    Returns
    -------
    ndarray of shape (n_times,)
        Between zero and `n_samples`.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> degrees_of_freedom(np.eye(2), [0.0, np.log(2), np.inf]).round(9).tolist()
    [0.0, 1.0, 2.0]
    """
    values, _ = _spectrum(kernel)
    moved = 2 / len(values) * _times(times, infinite=True)
    kept = values[values > 0]
    learnt: Array = np.array([np.sum(1 - np.exp(-time * kept)) for time in moved])
    return learnt


def _cutoff(rcond: float | None, n: int) -> float:
    if rcond is None:
        return float(np.finfo(np.float64).eps) * n
    return _arguments.check_not_negative("rcond", rcond)


def _spectrum(kernel: ArrayLike) -> tuple[Array, Array]:
    """Return eigenvalues, ascending, and eigenvectors of a kernel; those of rounding are zero."""
    matrix = _matrix("kernel", kernel)
    scale = np.abs(matrix).max()
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"kernel must be square, got shape {matrix.shape}")
    if (off := np.abs(matrix - matrix.T).max()) > 1e-9 * scale:
        raise ValueError(f"kernel must be symmetric, got entries that differ by {off:.3g}")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-9 * scale * len(values):
        raise ValueError(f"kernel must have no negative eigenvalue, got {values[0]:.3g}")
    return np.where(values > _cutoff(None, len(values)) * values[-1], values, 0.0), vectors


def _matrix(name: str, values: ArrayLike) -> Array:
    array = _arguments.plain_array(name, values)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must be a matrix of at least one number, got {array.shape}")
    return _arguments.check_vector(name, array.ravel()).reshape(array.shape)


def _targets(y: ArrayLike, n_samples: int, *, name: str = "y") -> Array:
    targets = _arguments.check_vector(name, y)
    if len(targets) != n_samples:
        raise ValueError(f"{name} must have one number for each point, got {len(targets)}")
    return targets


def _times(times: ArrayLike, *, infinite: bool = False) -> Array:
    found = _arguments.check_vector("times", times, infinite=infinite)
    if (found < 0).any():
        raise ValueError(f"times must not be negative, got {found.min():g}")
    return found
