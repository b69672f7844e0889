r"""Noisy samples of a known truth, and two numbers that judge a fit to them.

Because the truth is known, a fit is judged without a test set. How wrong it is: its *excess risk*
is the mean squared distance between prediction and truth. How much it overfits: the *noise
followed* is the share of the noise in its points that it reproduces. A fit may be wrong and follow
no noise, as a constant is, or follow all of it and be hardly wrong, where there is little.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, draws
from overfit_tutorial.streams import member_seeds

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A straight line, called like a function.

    Parameters
    ----------
    intercept : float
        Its height at zero.
    slope : float
        What it gains a unit of `x`.

    Examples
    --------
    >>> line = Line(intercept=3.0, slope=0.5)
    >>> line([0.0, 2.0])
    array([3., 4.])
    """

    intercept: float
    slope: float

    def __post_init__(self) -> None:
        _arguments.check_finite("intercept", self.intercept)
        _arguments.check_finite("slope", self.slope)

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the line's height at `x`, in the shape of `x`."""
        return self.intercept + self.slope * np.asarray(x, dtype=np.float64)


#: The truth of the tutorial: :math:`t(x) = 3 + 0.7 x`.
TRUE_LINE = Line(intercept=3.0, slope=0.7)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples of a truth, with all that is known of their origin.

    Parameters
    ----------
    x, y : ndarray of shape (n_samples,) or (n_members, n_samples)
        Inputs and noisy targets, read-only float64.
    truth : callable
        The function without noise.
    noise_std : float
        Standard deviation of the noise, in units of `y`.
    low, high : float
        The interval from which `x` was drawn.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    truth: Curve
    noise_std: float
    low: float
    high: float

    def __post_init__(self) -> None:
        self.x.setflags(write=False)
        self.y.setflags(write=False)


def sample_noisy(
    truth: Curve = TRUE_LINE,
    n_samples: int = 100,
    *,
    seed: _arguments.Seed,
    noise_std: float = 2.0,
    low: float = 0.0,
    high: float = 20.0,
) -> Dataset:
    """Draw points at random places and add Gaussian noise to the truth there.

    Parameters
    ----------
    truth : callable
        Maps an array of places to an array of values of the same shape.
    n_samples : int
        How many points to draw.
    seed : int or SeedSequence
        The same seed draws the same points: the places from its stream ``X``, the noise from its
        stream ``NOISE``, one number a point (`overfit_tutorial.draws`).
    noise_std : float
        Standard deviation of the noise, in units of `y`. Another one scales the same noise.
    low, high : float
        The interval from which the places are drawn, uniformly.

    Returns
    -------
    Dataset
        With `x` and `y` of shape ``(n_samples,)``.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule; the message names argument, rule and value.

    Examples
    --------
    Without noise, every point is on the truth:

    >>> points = sample_noisy(n_samples=3, seed=0, noise_std=0.0)
    >>> bool((points.y == TRUE_LINE(points.x)).all())
    True
    """
    options = {"noise_std": noise_std, "low": low, "high": high}
    one = _sample([_arguments.check_seed(seed)], truth, n_samples, **options)
    return dataclasses.replace(one, x=one.x[0], y=one.y[0])


def sample_noisy_many(
    n_members: int,
    truth: Curve = TRUE_LINE,
    n_samples: int = 100,
    *,
    seed: _arguments.Seed | Sequence[_arguments.Seed],
    noise_std: float = 2.0,
    low: float = 0.0,
    high: float = 20.0,
) -> Dataset:
    """Draw many independent data sets at once.

    Parameters
    ----------
    n_members : int
        How many data sets to draw.
    truth, n_samples, noise_std, low, high
        As in `sample_noisy`.
    seed : int, SeedSequence, or a sequence of them
        Member *k* depends on ``(seed, k)`` only: it is the same among 3 members and among 300.
        It is ``sample_noisy(seed=SeedSequence(seed, spawn_key=(k,)))``. A sequence has the seed
        of each member.

    Returns
    -------
    Dataset
        With `x` and `y` of shape ``(n_members, n_samples)``.
    """
    seeds = member_seeds(seed, _arguments.check_count("n_members", n_members))
    options = {"noise_std": noise_std, "low": low, "high": high}
    return _sample(seeds, truth, n_samples, **options)


def _sample(
    seeds: Sequence[np.random.SeedSequence],
    truth: Curve,
    n_samples: int,
    *,
    noise_std: float,
    low: float,
    high: float,
) -> Dataset:
    """Draw one data set for each seed."""
    n_samples = _arguments.check_count("n_samples", n_samples)
    noise_std = _arguments.check_not_negative("noise_std", noise_std)
    low, high = _arguments.check_range(low, high)
    x = low + (high - low) * draws.uniforms(seeds, draws.Stream.X, n_samples)
    x.setflags(write=False)  # a truth that wrote into its argument would move the points
    values = np.stack([_values(truth, row, name="truth") for row in x])
    y = values + noise_std * draws.normals(seeds, draws.Stream.NOISE, n_samples)
    return Dataset(x=x, y=y, truth=truth, noise_std=noise_std, low=low, high=high)


def excess_risk(
    predict: Curve,
    truth: Curve,
    *,
    low: float = 0.0,
    high: float = 20.0,
    n_points: int = 2001,
) -> float | NDArray[np.float64]:
    r"""Return the mean squared distance between a prediction and the truth.

    .. math:: \frac{1}{b - a} \int_a^b \bigl(f(x) - t(x)\bigr)^2 \, \mathrm{d}x

    for a prediction :math:`f`, a truth :math:`t` and places uniform on :math:`[a, b]`, computed
    by the midpoint rule.

    Parameters
    ----------
    predict : callable
        Maps `n_points` places to predictions of shape ``(n_points,)``, or, for many fits at once,
        ``(n_members, n_points)``.
    truth : callable
        Maps the places to true values of shape ``(n_points,)``.
    low, high : float
        The ends :math:`a` and :math:`b` of the interval.
    n_points : int
        How many midpoints to use.

    Returns
    -------
    float or ndarray of shape (n_members,)
        In squared units of the truth. A diverged prediction has an infinite or undefined risk.

    Raises
    ------
    ValueError
        If the prediction has another shape; the column that Keras returns is named as such.

    Examples
    --------
    A prediction that is one unit too high everywhere:

    >>> excess_risk(lambda x: TRUE_LINE(x) + 1.0, TRUE_LINE)
    1.0
    """
    low, high = _arguments.check_range(low, high)
    n_points = _arguments.check_count("n_points", n_points)
    if not callable(predict):
        raise TypeError(f"predict must be callable, got {predict!r}")
    steps = np.arange(n_points, dtype=np.float64) + 0.5
    x: NDArray[np.float64] = low + steps * ((high - low) / n_points)
    x.setflags(write=False)  # as when sampling
    predicted = _arguments.plain_array("predict", predict(x), np.float64)
    if predicted.shape == (n_points, 1):
        raise ValueError(
            f"predict must return shape (..., {n_points}), got the column {predicted.shape} that "
            "Keras' predict returns: take its first column, predict(x)[:, 0]"
        )
    if predicted.ndim == 0 or predicted.shape[-1] != n_points:
        raise ValueError(f"predict must return shape (..., {n_points}), got {predicted.shape}")
    risk = np.mean((predicted - _values(truth, x, name="truth")) ** 2, axis=-1)
    return float(risk) if risk.ndim == 0 else risk


def noise_followed(
    fitted: Curve | ArrayLike,
    truth: Curve,
    x: ArrayLike,
    y: ArrayLike,
    *,
    where: ArrayLike = True,
) -> float | NDArray[np.float64]:
    r"""Return the share of the noise in its training points that a fit reproduces.

    .. math:: s = \frac{\sum_i \bigl(f(x_i) - t(x_i)\bigr) \, \varepsilon_i}
                       {\sum_i \varepsilon_i^2},
              \qquad \varepsilon_i = y_i - t(x_i)

    for a fit :math:`f` and a truth :math:`t`: the slope of a regression, through zero, of what the
    fit is off the truth on what its points are off. It is 0 for the truth and 1 for a fit that
    visits every point. For Gaussian noise, a linear smoother with the matrix :math:`S` has the
    expectation :math:`\operatorname{tr}(S) / n`: :math:`1 / n` for the mean, :math:`2 / n` for
    the least-squares line, :math:`1 / k` for the mean of the :math:`k` nearest points. Times
    :math:`n`, the expectation is the *degrees of freedom* of the fit, the number of parameters
    that it effectively uses [1]_ [2]_.

    Parameters
    ----------
    fitted : callable, or array_like of shape (n_samples,) or (n_members, n_samples)
        The fit, or its values at `x`.
    truth : callable
        Maps an array of places to true values of the same shape.
    x, y : array_like of shape (n_samples,) or (n_members, n_samples)
        The points to which the fit was fitted. Those of one member may be shared by many fits.
    where : array_like of bool, of the shape of `x`
        The points over which both sums run. By default all of them.

    Returns
    -------
    float or ndarray of shape (n_members,)
        Without unit. One fit's may be below 0 or above 1. Undefined for a diverged fit, and where
        no point is asked for.

    Raises
    ------
    TypeError
        If the truth cannot be called.
    ValueError
        If shapes do not agree, or all points lie on the truth.

    References
    ----------
    .. [1] B. Efron, "How biased is the apparent error rate of a prediction rule?", Journal of the
       American Statistical Association 81, 1986.
    .. [2] B. Efron, "The estimation of prediction error: covariance penalties and
       cross-validation", Journal of the American Statistical Association 99, 2004.

    Examples
    --------
    The curve that visits every point follows all of the noise, and half of the way follows half:

    >>> points = sample_noisy(seed=0)
    >>> noise_followed(points.y, points.truth, points.x, points.y)
    1.0
    >>> halfway = (points.y + points.truth(points.x)) / 2
    >>> round(noise_followed(halfway, points.truth, points.x, points.y), 12)
    0.5
    """
    x = _arguments.plain_array("x", x, np.float64)
    y = _arguments.plain_array("y", y, np.float64)
    if x.ndim not in (1, 2) or x.shape != y.shape:
        raise ValueError(
            "x and y must have one shape, (n_samples,) or (n_members, n_samples), "
            f"got {x.shape} and {y.shape}"
        )
    known = _values(truth, x, name="truth")
    values = fitted(x) if callable(fitted) else fitted
    values = _arguments.plain_array("fitted", values, np.float64)
    rows = {shape[0] for shape in (values.shape, x.shape) if len(shape) == 2}
    if values.ndim not in (1, 2) or values.shape[-1] != x.shape[-1] or len(rows) > 1:
        raise ValueError(
            f"fitted must have one value for each of the points {x.shape}, got {values.shape}"
        )
    noise = y - known
    if not noise.any(axis=-1).all():
        raise ValueError("y must differ from the truth: there is no noise to follow")
    noise = np.where(np.asarray(where, dtype=bool), noise, 0.0)
    with np.errstate(all="ignore"):  # of fits that diverged, and where no point is asked for
        followed = np.sum((values - known) * noise, axis=-1) / np.sum(noise**2, axis=-1)
    return float(followed) if followed.ndim == 0 else followed


def _values(curve: Curve, x: NDArray[np.float64], *, name: str) -> NDArray[np.float64]:
    """Return a curve's values at `x`, or say that it is not a curve."""
    if not callable(curve):
        raise TypeError(f"{name} must be callable, got {curve!r}")
    values = _arguments.plain_array(name, curve(x), np.float64)
    if values.shape != x.shape:
        raise ValueError(
            f"{name} must return the shape of its input {x.shape}, got {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} must return finite values, got {values[~np.isfinite(values)][0]}"
        )
    return values
