r"""How far curves through all points are from the truth, by more than one measure.

Several rules draw them: three of `interpolants`, and two kernels of infinitely wide networks of
one hidden layer, whose random biases have a standard deviation of ten in units of the inputs, so
that units bend all over the points. A kernel's curve is the one of least norm in its own space.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, interpolants, kernels
from overfit_tutorial.studies._points import midpoints, points_of

Vector = NDArray[np.float64]
Columns = dict[str, Vector]

_BIAS_STD = 10.0


def _by_kernel(kernel: Callable[..., Vector], **options: Any) -> Callable[..., data.Curve]:
    """Return a rule that draws the curve of least norm in the space of a kernel."""

    def draw(x: Vector, y: Vector) -> data.Curve:
        # By elimination: a pseudo-inverse would drop small eigenvalues, and miss points.
        weights = np.linalg.solve(kernel(x, x, bias_std=_BIAS_STD, **options), y)
        return lambda at: np.asarray(kernel(at, x, bias_std=_BIAS_STD, **options) @ weights)

    return draw


_RULES: dict[str, Callable[[Vector, Vector], data.Curve]] = {
    "join the dots": interpolants.join_the_dots,
    "least norm": interpolants.least_norm,
    "natural spline": interpolants.natural_spline,
    "tangent kernel": _by_kernel(kernels.neural_tangent_kernel, depth=1),
    "random features": _by_kernel(kernels.random_features_kernel),
}


def judge_curve(
    *,
    seeds: Sequence[_arguments.Seed],
    curve: str,
    n_samples: int = 100,
    noise_std: float = 2.0,
    center: float = 0.0,
    even: bool = False,
    n_places: int = 10_001,
) -> Columns:
    """Draw a curve through the points of each seed, and judge it.

    Made for `sweeps.run_sweep`. The points are the same for all curves.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each set of points.
    curve : str
        ``"join the dots"``, ``"least norm"``, ``"natural spline"``, ``"tangent kernel"``, or
        ``"random features"``.
    n_samples : int
        Number of points, at least 2.
    noise_std : float
        Standard deviation of the noise, above zero.
    center : float
        The rule sees ``x - center`` instead of `x`.
    even : bool
        Whether the points move, with their noise, to the middles of equal parts of [0, 20].
    n_places : int
        At so many places, the midpoints of equal parts of [0, 20], the curve is judged.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        - ``risk``, the excess risk on [0, 20]. Beyond the outermost points a curve goes on as it
          likes, and one steep last piece can make most of it. Hence, between these points,
        - ``distance``, ``square`` and ``greatest``: the mean, the mean square and the greatest of
          its distances to the truth;
        - ``followed``, the noise followed: one, as far as rounding lets a curve visit its points.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> found = judge_curve(seeds=[0, 1], curve="join the dots")
    >>> found["followed"].round(9).tolist(), bool((found["square"] < found["greatest"] ** 2).all())
    ([1.0, 1.0], True)
    """
    if curve not in _RULES:
        raise ValueError(f"curve must be one of {', '.join(_RULES)}, got {curve!r}")
    n_samples = _arguments.check_count("n_samples", n_samples, least=2)
    noise_std = _arguments.check_positive("noise_std", noise_std)
    center = _arguments.check_finite("center", center)
    n_places = _arguments.check_count("n_places", n_places)
    _, points = points_of(seeds, n_samples=n_samples, noise_std=noise_std)
    x, noise = points.x, points.y - points.truth(points.x)
    if even:
        x = np.broadcast_to(midpoints(n_samples), x.shape)
    rows = [
        _judge(_RULES[curve], at, points.truth(at) + off, center=center, n_places=n_places)
        for at, off in zip(x, noise, strict=True)
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _judge(
    rule: Callable[[Vector, Vector], data.Curve],
    x: Vector,
    y: Vector,
    *,
    center: float,
    n_places: int,
) -> dict[str, float]:
    """Judge one curve."""
    drawn, truth, places = rule(x - center, y), data.TRUE_LINE, midpoints(n_places)
    off = np.abs(drawn(places - center) - truth(places))
    between = off[(x.min() <= places) & (places <= x.max())]
    return {
        "risk": float(np.mean(off**2)),
        "distance": float(between.mean()),
        "square": float(np.mean(between**2)),
        "greatest": float(between.max()),
        "followed": float(data.noise_followed(drawn(x - center), truth, x, y)),
    }
