r"""Noisy samples of a known truth, and how far a prediction is from that truth.

Because the truth is known, a fit is judged without a test set: its *excess risk* is the mean
squared distance between prediction and truth. The noise, which nobody can predict, is left out.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, draws
from overfit_tutorial.streams import child_seed

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
    n_members = _arguments.check_count("n_members", n_members)
    if isinstance(seed, Sequence):
        if len(seed) != n_members:
            raise ValueError(f"seed must have one seed a member, {n_members}, got {len(seed)}")
        seeds = [_arguments.check_seed(one) for one in seed]
    else:
        root = _arguments.check_seed(seed)
        seeds = [child_seed(root, k) for k in range(n_members)]
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
    predicted = np.asarray(predict(x), dtype=np.float64)
    if predicted.shape == (n_points, 1):
        raise ValueError(
            f"predict must return shape (..., {n_points}), got the column {predicted.shape} that "
            "Keras' predict returns: take its first column, predict(x)[:, 0]"
        )
    if predicted.ndim == 0 or predicted.shape[-1] != n_points:
        raise ValueError(f"predict must return shape (..., {n_points}), got {predicted.shape}")
    risk = np.mean((predicted - _values(truth, x, name="truth")) ** 2, axis=-1)
    return float(risk) if risk.ndim == 0 else risk


def _values(curve: Curve, x: NDArray[np.float64], *, name: str) -> NDArray[np.float64]:
    """Return a curve's values at `x`, or say that it is not a curve."""
    if not callable(curve):
        raise TypeError(f"{name} must be callable, got {curve!r}")
    values = np.asarray(curve(x), dtype=np.float64)
    if values.shape != x.shape:
        raise ValueError(
            f"{name} must return the shape of its input {x.shape}, got {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} must return finite values, got {values[~np.isfinite(values)][0]}"
        )
    return values
