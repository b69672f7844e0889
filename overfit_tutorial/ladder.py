r"""The ladder: what well-known rules cost on noisy points of a line, in closed form.

An excess risk by itself says little. These rungs give it a place: from the textbook answer, over
the curve that visits every point, to the constant that ignores `x`. All are expectations over the
noise *and* over inputs drawn uniformly from an interval of length :math:`L`, for a straight truth
of slope :math:`b` and noise of variance :math:`\sigma^2`; the risk is taken over the same
interval. The defaults are the story's.
"""

import math

from overfit_tutorial import _arguments


def least_squares(n_samples: int = 100, *, noise_std: float = 2.0) -> float:
    r"""Return the expected excess risk of the least-squares line, to second order.

    .. math:: \frac{2 \sigma^2}{n} \left( 1 + \frac{7}{5 n} \right)

    One share of the noise for the height and one for the slope; the second term is the luck of
    the inputs. What is left out is of third order: less than a hundredth from 25 points on. Given
    the inputs, `linear.expected_excess_risk` is exact.

    Parameters
    ----------
    n_samples : int
        Number of points, at least 25.
    noise_std : float
        Standard deviation of the noise.

    Returns
    -------
    float
        In squared units of the targets, as all rungs.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> round(least_squares(100, noise_std=2.0), 4)
    0.0811
    """
    n = _arguments.check_count("n_samples", n_samples)
    if n < 25:
        raise ValueError(f"n_samples must be at least 25 for this expansion, got {n}")
    variance = _arguments.check_not_negative("noise_std", noise_std) ** 2
    return 2 * variance / n * (1 + 1.4 / n)


def join_the_dots(
    n_samples: int = 100, *, noise_std: float = 2.0, slope: float = 0.7, length: float = 20.0
) -> float:
    r"""Return the expected excess risk of running straight from point to point, exactly.

    .. math:: \frac{2}{3} \sigma^2 \, \frac{n + 2}{n + 1}
              + \frac{4 \, b^2 L^2}{(n + 1) (n + 2) (n + 3)}

    Between two points the curve is a weighted mean of both, and two thirds of the noise remain.
    Beyond the outermost points it is level: there all of the noise remains, and a trifle for the
    slope.

    Parameters
    ----------
    n_samples : int
        Number of points.
    noise_std : float
        Standard deviation of the noise.
    slope : float
        Of the truth.
    length : float
        Of the interval.

    Returns
    -------
    float

    Examples
    --------
    One point makes a constant: the noise, and two sixths of the squared rise.

    >>> round(join_the_dots(1, noise_std=0.0, slope=1.0, length=1.0) - 1 / 6, 12)
    0.0
    """
    n, variance, rise = _checked(n_samples, noise_std, slope, length)
    beyond = 4 * rise**2 / ((n + 1) * (n + 2) * (n + 3))
    return 2 / 3 * variance * (n + 2) / (n + 1) + beyond


def copy_the_nearest(
    n_samples: int = 100, *, noise_std: float = 2.0, slope: float = 0.7, length: float = 20.0
) -> float:
    r"""Return the expected excess risk of repeating the nearest point's target, exactly.

    .. math:: \sigma^2 + b^2 \, \mathrm{E} d^2, \qquad
              \mathrm{E} d^2 = \frac{6 L^2}{(n + 1) (n + 2) (n + 3)}
              \left( \frac{n - 1}{12} + \frac{2}{3} \right)

    All of the noise remains, and a little for looking next door: :math:`d` is the distance to the
    nearest input.

    Parameters
    ----------
    n_samples, noise_std, slope, length
        As in `join_the_dots`.

    Returns
    -------
    float

    Examples
    --------
    >>> round(copy_the_nearest(), 3)
    4.01
    """
    n, variance, rise = _checked(n_samples, noise_std, slope, length)
    next_door = 6 * ((n - 1) / 12 + 2 / 3) / ((n + 1) * (n + 2) * (n + 3))
    return variance + rise**2 * next_door


def always_the_mean(
    n_samples: int = 100, *, noise_std: float = 2.0, slope: float = 0.7, length: float = 20.0
) -> float:
    r"""Return the expected excess risk of predicting the mean target everywhere, exactly.

    .. math:: \frac{b^2 L^2}{12} \left( 1 + \frac{1}{n} \right) + \frac{\sigma^2}{n}

    This is the null: what it costs to ignore `x`.

    Parameters
    ----------
    n_samples, noise_std, slope, length
        As in `join_the_dots`.

    Returns
    -------
    float

    Examples
    --------
    With one point, joining the dots and copying the nearest say the same:

    >>> always_the_mean(1) == join_the_dots(1) == copy_the_nearest(1)
    True
    """
    n, variance, rise = _checked(n_samples, noise_std, slope, length)
    return rise**2 / 12 * (1 + 1 / n) + variance / n


def rungs(
    n_samples: int = 100, *, noise_std: float = 2.0, slope: float = 0.7, length: float = 20.0
) -> dict[str, float]:
    """Return all four rungs by name, the lowest first for points like the story's.

    Parameters
    ----------
    n_samples, noise_std, slope, length
        As in `join_the_dots`.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> list(rungs())
    ['least squares', 'join the dots', 'copy the nearest', 'always the mean']
    """
    line = {"slope": slope, "length": length}
    return {
        "least squares": least_squares(n_samples, noise_std=noise_std),
        "join the dots": join_the_dots(n_samples, noise_std=noise_std, **line),
        "copy the nearest": copy_the_nearest(n_samples, noise_std=noise_std, **line),
        "always the mean": always_the_mean(n_samples, noise_std=noise_std, **line),
    }


def noise_followed(n_samples: int = 100) -> dict[str, float]:
    r"""Return the expected share of the noise that each rung follows, by name, exactly.

    Least squares follows :math:`2 / n` of it and the mean :math:`1 / n`, a share for each number
    that they fit; joining the dots and copying the nearest follow all. With `rungs` this is the
    place of each rule on the plane of the site's two numbers. See `data.noise_followed`.

    Parameters
    ----------
    n_samples : int
        Number of points, at least 2.

    Returns
    -------
    dict of str to float
        In the order of `rungs`.

    Examples
    --------
    >>> noise_followed(100)["least squares"]
    0.02
    """
    n = _arguments.check_count("n_samples", n_samples)
    if n < 2:
        raise ValueError(f"n_samples must be at least 2 for a line, got {n}")
    return {
        "least squares": 2 / n,
        "join the dots": 1.0,
        "copy the nearest": 1.0,
        "always the mean": 1 / n,
    }


def halfway_to_the_dots(n_samples: int = 100, *, noise_std: float = 2.0) -> float:
    """Return the place halfway between least squares and joining the dots, on a log axis.

    A fit beyond it is nearer to the curve that believes every point than to the line that
    averages all of them. Where a verdict is needed rather than a place, a network overfits that
    follows more than a tenth of the noise and pays more than this: the site's pages ask it of the
    bends, whose excess risk is no matter of aim, and the playground of the whole curve.

    Parameters
    ----------
    n_samples, noise_std
        As in `least_squares`.

    Returns
    -------
    float
        The geometric mean of the two rungs, without the trifle that the slope adds.

    Examples
    --------
    >>> round(halfway_to_the_dots(), 2)
    0.47
    """
    dots = join_the_dots(n_samples, noise_std=noise_std, slope=0.0)
    return math.sqrt(least_squares(n_samples, noise_std=noise_std) * dots)


def _checked(
    n_samples: object, noise_std: object, slope: object, length: object
) -> tuple[int, float, float]:
    """Return the number of points, the variance of the noise, and the rise over the interval."""
    n = _arguments.check_count("n_samples", n_samples)
    variance = _arguments.check_not_negative("noise_std", noise_std) ** 2
    rise = _arguments.check_finite("slope", slope) * _arguments.check_positive("length", length)
    return n, variance, rise
