r"""Random numbers that are the same bits everywhere: of data, first weights and batches.

A seed's *number* and a `Stream` start a generator whose draws are a function of their index, by
SplitMix64 :cite:`steele2014`. All else is whole numbers modulo :math:`2^{64}` and, in float64,
:math:`+ - \times \div \sqrt{\ }` in the order in which it is written here. So a few lines of C or
JavaScript draw the same, and so do one member and a thousand.

Functions take a sequence of seeds and return arrays with the member axis first.
"""

import enum
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from overfit_tutorial import _arguments

__all__ = [
    "Orders",
    "Stream",
    "first_weights",
    "mix",
    "normal_quantiles",
    "normals",
    "number_of",
    "uniforms",
    "whole_numbers",
]

Seeds = Sequence[_arguments.Seed]
Whole = TypeVar("Whole", int, NDArray[np.uint64])

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
LARGEST_NUMBER = 2**56 - 1  # 256 streams of each number fit into 64 bits


class Stream(enum.IntEnum):
    """What draws are for; the streams of a seed are independent."""

    X = 0
    NOISE = 1
    WEIGHTS = 2
    ORDER = 3
    BIASES = 4


def mix(z: Whole) -> Whole:
    """Return SplitMix64's scrambled `z`, an ``int`` or a uint64 array: a bijection of 64 bits."""
    bits: Any = z
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & MASK
    mixed: Whole = bits ^ bits >> 31
    return mixed


def number_of(seed: _arguments.Seed) -> int:
    """Return the number of a seed, below 2**56, from which its streams start.

    Parameters
    ----------
    seed : int or SeedSequence
        Its entropy and its spawn key count, and nothing else.

    Returns
    -------
    int
        Entropy below 2**56 is its own number. More of it, as words of 64 bits with the least
        first, is folded from zero on: each word makes ``mix((number ^ word) + GAMMA) >> 8`` of
        the number. Then each `index` of the spawn key, which leads from a seed to its child, makes
        ``mix(number + (index + 1) * GAMMA) >> 8`` of it; sums and products are modulo 2**64, and
        ``GAMMA`` is ``0x9E3779B97F4A7C15``.

    Raises
    ------
    TypeError, ValueError
        If it is not a seed.

    Examples
    --------
    >>> number_of(3), number_of(np.random.SeedSequence(3))
    (3, 3)
    """
    sequence = _arguments.check_seed(seed)
    number, *more = words = list(_words(sequence.entropy))
    if more or number > LARGEST_NUMBER:
        number = 0
        for word in words:
            number = mix((number ^ word) + GAMMA & MASK) >> 8
    for index in sequence.spawn_key:
        number = mix(number + (int(index) + 1) * GAMMA & MASK) >> 8
    return number


def whole_numbers(
    seeds: Seeds, stream: Stream, n_draws: int, *, first: int = 0
) -> NDArray[np.uint64]:
    """Return draws `first`, ``first + 1``, ... of a stream, uniform below 2**64.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each member.
    stream : Stream
        Stream *k* of the number *s* starts at ``mix((256 * s + k) * GAMMA)``.
    n_draws : int
        How many draws, from zero on.
    first : int
        Index of the first of them. Draw *i* is ``mix(start + (i + 1) * GAMMA)``.

    Returns
    -------
    ndarray of shape (n_members, n_draws)

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    if not isinstance(seeds, Sequence):
        raise TypeError(f"seeds must be a sequence of seeds, got {seeds!r}")
    n_draws = _arguments.check_count("n_draws", n_draws, least=0)
    first = _arguments.check_count("first", first, least=0)
    numbers = (256 * number_of(seed) + Stream(stream) for seed in seeds)
    starts = np.array([mix(number * GAMMA & MASK) for number in numbers], np.uint64)
    indices = np.arange(first + 1, first + 1 + n_draws, dtype=np.uint64)
    return mix(starts[:, None] + indices * GAMMA)


def uniforms(seeds: Seeds, stream: Stream, n_draws: int, *, first: int = 0) -> NDArray[np.float64]:
    """Return draws between zero and one, both excluded: ``((r >> 12) + 0.5) * 2**-52``.

    Parameters and errors are those of `whole_numbers`, whose draws are ``r``.
    """
    r = whole_numbers(seeds, stream, n_draws, first=first)
    return ((r >> 12).astype(np.float64) + 0.5) * 2.0**-52


def normals(seeds: Seeds, stream: Stream, n_draws: int, *, first: int = 0) -> NDArray[np.float64]:
    """Return standard normal draws: the `normal_quantiles` of `uniforms`, one for one."""
    return normal_quantiles(uniforms(seeds, stream, n_draws, first=first))


# Coefficients of AS 241's rational functions, the highest power first: numerator, denominator.
CENTER = (
    (
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.387132872796366608,
    ),
    (
        5226.495278852854561,
        28729.085735721942674,
        39307.89580009271061,
        21213.794301586595867,
        5394.1960214247511077,
        687.1870074920579083,
        42.313330701600911252,
        1.0,
    ),
)
MIDDLE = (
    (
        7.7454501427834140764e-4,
        0.0227238449892691845833,
        0.24178072517745061177,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        0.0151986665636164571966,
        0.14810397642748007459,
        0.68976733498510000455,
        1.6763848301838038494,
        2.05319162663775882187,
        1.0,
    ),
)
FAR = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        0.0012426609473880784386,
        0.026532189526576123093,
        0.29656057182850489123,
        1.7848265399172913358,
        5.4637849111641143699,
        6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15,
        1.4215117583164458887e-7,
        1.8463183175100546818e-5,
        7.868691311456132591e-4,
        0.0148753612908506148525,
        0.13692988092273580531,
        0.59983220655588793769,
        1.0,
    ),
)


def normal_quantiles(u: ArrayLike) -> NDArray[np.float64]:
    """Return where a standard normal variable has the probability `u` to its left.

    Algorithm AS 241 :cite:`wichura1988`. Its logarithm is one of sums and products, too, so that
    the bits do not depend on a library. They are right within 2e-15 of the value.

    Parameters
    ----------
    u : array_like
        Probabilities between zero and one, both excluded.

    Returns
    -------
    ndarray
        In the shape of `u`.

    Raises
    ------
    ValueError
        If a probability is not between zero and one.

    Examples
    --------
    >>> normal_quantiles([0.5, 0.975]).round(6)
    array([0.      , 1.959964])
    """
    u = np.asarray(u, dtype=np.float64)
    if not ((u > 0) & (u < 1)).all():
        raise ValueError(
            f"u must be between 0 and 1, both excluded, got {u[~((u > 0) & (u < 1))][0]}"
        )
    q = u - 0.5
    in_center = np.abs(q) <= 0.425
    z = np.empty_like(q)
    z[in_center] = _center(q[in_center])
    z[~in_center] = _tails(u[~in_center])
    return z


def _center(q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return quantiles of probabilities ``0.5 + q`` that are not far from one half."""
    r = 0.180625 - q * q
    return _polynomial(CENTER[0], r) * q / _polynomial(CENTER[1], r)


def _tails(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return quantiles of probabilities below 0.075 or above 0.925."""
    r = np.sqrt(-_logarithm(np.where(u < 0.5, u, 1.0 - u)))
    near = _polynomial(MIDDLE[0], r - 1.6) / _polynomial(MIDDLE[1], r - 1.6)
    far = _polynomial(FAR[0], r - 5.0) / _polynomial(FAR[1], r - 5.0)
    z = np.where(r <= 5.0, near, far)
    return np.where(u < 0.5, -z, z)


def _logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the natural logarithm, by the power series of the inverse hyperbolic tangent."""
    m, exponent = np.frexp(x)  # x = m * 2**exponent, exactly, with m from 0.5 to 1
    small = m < math.sqrt(0.5)
    m, exponent = np.where(small, 2.0 * m, m), np.where(small, exponent - 1, exponent)
    s = (m - 1.0) / (m + 1.0)
    series = _polynomial([1.0 / k for k in range(21, 0, -2)], s * s)
    return exponent * 0.6931471805599453 + 2.0 * s * series


def _polynomial(coefficients: Sequence[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a polynomial, the coefficient of the highest power first, by Horner's rule."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def first_weights(
    seeds: Seeds,
    hidden_widths: Sequence[int],
    *,
    n_inputs: int = 1,
    bias_std: float = 0.0,
    dtype: DTypeLike = np.float32,
) -> tuple[NDArray[Any], ...]:
    """Return the weights of networks with one output, before training.

    Kernels follow the law of Keras, Glorot's uniform one :cite:`glorot2010`:
    ``sqrt(6 / (n_in + n_out)) * (2 * u - 1)``, with the `uniforms` ``u`` of ``Stream.WEIGHTS``,
    layer by layer, and in a layer input by input.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network.
    hidden_widths : sequence of int
        Widths of the hidden layers.
    n_inputs : int
        How many numbers the networks take.
    bias_std : float
        Biases of hidden layers are `bias_std` times the `normals` of ``Stream.BIASES``, layer by
        layer. That of the output is zero.
    dtype : data-type
        To which the weights, computed in float64, are rounded.

    Returns
    -------
    tuple of ndarray
        Kernel and bias of each layer, in the order of Keras' ``get_weights``, of the shapes
        ``(n_members, n_in, n_out)`` and ``(n_members, n_out)``.
    """
    widths, weights, n_drawn, n_biases = (n_inputs, *hidden_widths, 1), [], 0, 0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        u = uniforms(seeds, Stream.WEIGHTS, n_in * n_out, first=n_drawn)
        kernel = math.sqrt(6.0 / (n_in + n_out)) * (2.0 * u - 1.0)
        bias = np.zeros((len(seeds), n_out))
        if bias_std and layer < len(hidden_widths):
            bias = bias_std * normals(seeds, Stream.BIASES, n_out, first=n_biases)
        weights += [kernel.reshape(-1, n_in, n_out).astype(dtype), bias.astype(dtype)]
        n_drawn, n_biases = n_drawn + n_in * n_out, n_biases + n_out
    return tuple(weights)


class Orders:
    """The order in which each member sees its points, epoch after epoch.

    Each epoch shuffles the order of the epoch before, the first one the order as given, by the
    algorithm of Fisher and Yates: for ``i`` from ``n_points - 1`` down to 1, the points at ``i``
    and ``((r >> 32) * (i + 1)) >> 32`` change places. Each ``i`` takes one draw ``r`` of
    ``Stream.ORDER``, which goes on from epoch to epoch.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each member.
    n_points : int
        How many points an epoch has, at least one.

    Examples
    --------
    >>> Orders([0, 1], n_points=5).next(3).shape
    (2, 3, 5)
    """

    def __init__(self, seeds: Seeds, n_points: int) -> None:
        self.seeds, self.n_points = seeds, _arguments.check_count("n_points", n_points)
        self.n_drawn = 0
        self.last = np.tile(np.arange(n_points, dtype=np.int32), (len(seeds), 1))

    def next(self, n_epochs: int) -> NDArray[np.int32]:
        """Return the orders of the next epochs, of shape ``(n_members, n_epochs, n_points)``."""
        n_epochs = _arguments.check_count("n_epochs", n_epochs)
        n_swaps = self.n_points - 1
        r = whole_numbers(self.seeds, Stream.ORDER, n_epochs * n_swaps, first=self.n_drawn)
        self.n_drawn += n_epochs * n_swaps
        shuffles = _shuffles(r.reshape(len(self.seeds) * n_epochs, n_swaps), self.n_points)
        orders = shuffles.reshape(len(self.seeds), n_epochs, self.n_points)
        for epoch in range(n_epochs):
            orders[:, epoch] = np.take_along_axis(self.last, orders[:, epoch], axis=1)
            self.last = orders[:, epoch]
        self.last = self.last.copy()
        return orders


def _shuffles(r: NDArray[np.uint64], n_points: int) -> NDArray[np.int32]:
    """Return what a shuffle makes of 0, 1, ..., one row for each row of draws."""
    rows = np.arange(len(r))
    places = np.tile(np.arange(n_points, dtype=np.int32)[:, None], len(r))
    for k, i in enumerate(range(n_points - 1, 0, -1)):
        j = ((r[:, k] >> 32) * (i + 1) >> 32).astype(np.intp)
        places[i], places[j, rows] = places[j, rows], places[i].copy()
    return np.ascontiguousarray(places.T)


def _words(entropy: Any) -> Iterator[int]:
    """Yield the words of 64 bits of a whole number, or of several, the least first."""
    for number in entropy if isinstance(entropy, Sequence | np.ndarray) else [entropy]:
        if not isinstance(number, int | np.integer):
            raise TypeError(f"entropy of a seed must be whole numbers, got {entropy!r}")
        rest = int(number)
        yield rest & MASK
        while rest := rest >> 64:
            yield rest & MASK
