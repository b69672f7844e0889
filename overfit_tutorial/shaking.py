r"""How much noise a fit would follow, counted without the truth: shake its points, and look.

The noise that is in a sample is not known outside of a tutorial. Noise that one adds oneself is
known, and a fit that follows the one follows the other.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, draws
from overfit_tutorial.streams import member_seeds

__all__ = ["added_noise_followed"]


def added_noise_followed(
    fit: Callable[[NDArray[np.float64]], ArrayLike],
    y: ArrayLike,
    *,
    size: float,
    seed: _arguments.Seed | Sequence[_arguments.Seed],
) -> float | NDArray[np.float64]:
    r"""Return the share that a fit follows of noise added to its points.

    .. math:: s = \frac{\sum_i \bigl(f_i(y + \delta) - f_i(y - \delta)\bigr) \, \delta_i}
                       {2 \sum_i \delta_i^2}

    for the values :math:`f_i(y)` at its points of a fit to the targets :math:`y`, and Gaussian
    noise :math:`\delta`. Times :math:`n`, its expectation is the *generalized degrees of freedom*
    [1]_, for which no truth is needed. For a linear smoother with the matrix :math:`S` that is its
    trace, whatever the size of the noise. For any fit to targets with Gaussian noise of standard
    deviation :math:`\sigma`, it is, up to the division by the sum of squares, what
    `data.noise_followed` would give were the noise of standard deviation
    :math:`\sqrt{\sigma^2 + \texttt{size}^2}`.

    Parameters
    ----------
    fit : callable
        Maps targets of the shape of `y` to fitted values of the same shape, at the same places.
        Nothing else may differ between its two calls: it starts from the same first weights.
    y : array_like of shape (n_samples,) or (n_members, n_samples)
        The targets. To shake one sample many times, repeat it.
    size : float
        Standard deviation of the added noise, in units of `y`.
    seed : int, SeedSequence, or a sequence of them
        Of the added noise. That of member *k* depends on ``(seed, k)`` only. A sequence has the
        seed of each member.

    Returns
    -------
    float or ndarray of shape (n_members,)
        Without unit. Undefined for a fit that diverged.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule, or the fit returns another shape.

    References
    ----------
    .. [1] J. Ye, "On measuring and correcting the effects of data mining and model selection",
       Journal of the American Statistical Association 93, 1998.

    Examples
    --------
    A curve through all points follows everything, one that does not look at them follows nothing:

    >>> round(added_noise_followed(lambda y: y, [1.0, 2.0, 4.0], size=0.5, seed=0), 12)
    1.0
    >>> added_noise_followed(lambda y: 0 * y, [1.0, 2.0, 4.0], size=0.5, seed=0)
    0.0
    """
    y = _arguments.check_real("y", _arguments.plain_array("y", y)).astype(np.float64)
    if not np.isfinite(y).all():
        raise ValueError(f"y must be finite, got {y[~np.isfinite(y)][0]}")
    if y.ndim not in (1, 2) or not y.size:
        raise ValueError(
            f"y must have the shape (n_samples,) or (n_members, n_samples), got {y.shape}"
        )
    if not callable(fit):
        raise TypeError(f"fit must be callable, got {fit!r}")
    size = _arguments.check_positive("size", size)
    seeds = [_arguments.check_seed(seed)] if y.ndim == 1 else member_seeds(seed, len(y))
    noise = size * draws.normals(seeds, draws.Stream.NOISE, y.shape[-1]).reshape(y.shape)
    above, below = (np.asarray(fit(y + sign * noise), dtype=np.float64) for sign in (1, -1))
    for values in (above, below):
        if values.shape != y.shape:
            raise ValueError(f"fit must return the shape of y, {y.shape}, got {values.shape}")
    with np.errstate(invalid="ignore"):  # of fits that diverged
        followed = np.sum((above - below) * noise, axis=-1) / (2 * np.sum(noise**2, axis=-1))
    return float(followed) if followed.ndim == 0 else followed
