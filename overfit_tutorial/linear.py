r"""Least squares on a line, and its exact expected excess risk.

The straight line is the yardstick of the tutorial: the truth is one, so no method that has to
learn its form from the data can be expected to do better.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.data import Line


def fit_line(x: ArrayLike, y: ArrayLike) -> Line:
    """Fit a line by least squares, in closed form.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,)
        Inputs, at least two of them different, and targets.

    Returns
    -------
    Line
        The line with the least sum of squared residuals.

    Raises
    ------
    ValueError
        If `x` and `y` differ in length, hold a value that is not finite, or no two inputs differ.

    Examples
    --------
    >>> fit_line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    Line(intercept=1.0, slope=2.0)
    """
    x = _arguments.check_vector("x", x)
    y = _arguments.check_vector("y", y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    # Centering first keeps the digits that the textbook formula loses when x is far from zero.
    # And a product of vectors would be left to a library, which sums as the machine likes best.
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / _sum_of_squares(x))
    return Line(intercept=float(y.mean() - slope * x.mean()), slope=slope)


def expected_excess_risk(
    x: ArrayLike, noise_std: float, *, low: float = 0.0, high: float = 20.0
) -> float:
    r"""Return the expected excess risk of `fit_line` when the truth is a line, exactly.

    .. math:: \sigma^2 \left( \frac{1}{n}
              + \frac{(m - \bar{x})^2 + (b - a)^2 / 12}{\sum_i (x_i - \bar{x})^2} \right)

    The expectation is over the noise, for given inputs :math:`x_i` with mean :math:`\bar{x}`;
    :math:`m` is the middle of the interval :math:`[a, b]` on which the risk is taken.

    Parameters
    ----------
    x : array_like of shape (n_samples,)
        The inputs, at least two of them different.
    noise_std : float
        Standard deviation :math:`\sigma` of the noise.
    low, high : float
        The ends :math:`a` and :math:`b` of the interval.

    Returns
    -------
    float
        In squared units of the targets. Averaged over uniform inputs it is
        :math:`2 \sigma^2 / n` to first order.

    Examples
    --------
    Two points at the ends of the unit interval, with noise of variance one: the variances of the
    mean and of the slope add up to one half and two twelfths.

    >>> round(expected_excess_risk([0.0, 1.0], 1.0, low=0.0, high=1.0), 12)
    0.666666666667
    """
    x = _arguments.check_vector("x", x)
    noise_std = _arguments.check_not_negative("noise_std", noise_std)
    low, high = _arguments.check_range(low, high)
    mean_square_distance = ((low + high) / 2 - x.mean()) ** 2 + (high - low) ** 2 / 12
    return float(noise_std**2 * (1 / len(x) + mean_square_distance / _sum_of_squares(x)))


def _sum_of_squares(x: NDArray[np.float64]) -> float:
    """Return the sum of squared distances from the mean, or say that the inputs do not differ."""
    if x.min() == x.max():
        raise ValueError(f"x must hold at least two different values, got {x[0]:g} {len(x)} times")
    centered = x - x.mean()
    return float(np.sum(centered * centered))
