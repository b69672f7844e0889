"""The contract's random numbers: against published numbers, plain Python, and probability."""

import itertools
import math
import re
import statistics

import numpy as np
import pytest

from overfit_tutorial import draws
from overfit_tutorial.draws import Stream
from overfit_tutorial.streams import child_seed

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
SEEDS = [0, 7, 2**56 - 1, 2**130 + 3, np.random.SeedSequence(5, spawn_key=(2, 0))]


# The same in plain Python, one number after the other.


def scrambled(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
    return z ^ (z >> 31)


def split_mix(state):
    """Yield what the published generator gives, which moves its state before each number."""
    while True:
        state = (state + GAMMA) % 2**64
        yield scrambled(state)


def naive_number(entropy, spawn_key=()):
    number = entropy
    if entropy >= 2**56:
        number = 0
        while entropy:
            entropy, word = divmod(entropy, 2**64)
            number = scrambled(((number ^ word) + GAMMA) % 2**64) // 256
    for index in spawn_key:
        number = scrambled((number + (index + 1) * GAMMA) % 2**64) // 256
    return number


def naive_stream(seed, stream):
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    number = naive_number(sequence.entropy, sequence.spawn_key)
    return split_mix(scrambled((256 * number + stream) * GAMMA % 2**64))


def naive_uniforms(seed, stream, n):
    return [(r // 2**12 + 0.5) / 2**52 for r in itertools.islice(naive_stream(seed, stream), n)]


def naive_logarithm(x):
    m, exponent = math.frexp(x)
    if m < math.sqrt(0.5):
        m, exponent = 2 * m, exponent - 1
    s = (m - 1) / (m + 1)
    square, series = s * s, 1 / 21
    for k in range(19, 0, -2):
        series = series * square + 1 / k
    return exponent * math.log(2) + 2 * s * series


def naive_ratio(coefficients, r, factor=1.0):
    values = []
    for row in coefficients:
        values.append(row[0])
        for coefficient in row[1:]:
            values[-1] = values[-1] * r + coefficient
    return values[0] * factor / values[1]


def naive_quantile(u):
    q = u - 0.5
    if abs(q) <= 0.425:
        return naive_ratio(draws.CENTER, 0.180625 - q * q, q)
    r = math.sqrt(-naive_logarithm(min(u, 1 - u)))
    z = naive_ratio(draws.MIDDLE, r - 1.6) if r <= 5 else naive_ratio(draws.FAR, r - 5)
    return math.copysign(z, q)


def naive_orders(seed, n_points, n_epochs):
    generator, order, orders = naive_stream(seed, 3), list(range(n_points)), []
    for _ in range(n_epochs):
        for i in range(n_points - 1, 0, -1):
            j = (next(generator) // 2**32) * (i + 1) // 2**32
            order[i], order[j] = order[j], order[i]
        orders.append(list(order))
    return orders


# Whole numbers.


@pytest.mark.parametrize(
    ("state", "published"),
    [
        # Of the reference implementation, prng.di.unimi.it/splitmix64.c, as in other libraries'
        # own tests.
        (
            1234567,
            [
                6457827717110365317,
                3203168211198807973,
                9817491932198370423,
                4593380528125082431,
                16408922859458223821,
            ],
        ),
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]),
    ],
)
def test_the_generator_is_split_mix(state, published):
    n = len(published)
    assert list(itertools.islice(split_mix(state), n)) == published
    assert [draws.mix((state + k * GAMMA) & MASK) for k in range(1, n + 1)] == published
    states = np.array([(state + k * GAMMA) & MASK for k in range(1, n + 1)], np.uint64)
    assert draws.mix(states).tolist() == published


@pytest.mark.parametrize("seed", SEEDS, ids=str)
@pytest.mark.parametrize("stream", Stream)
def test_whole_numbers_are_those_of_plain_python(seed, stream):
    expected = list(itertools.islice(naive_stream(seed, stream), 40))
    found = draws.whole_numbers([seed], stream, 40)
    assert found.dtype == np.uint64
    assert found.tolist() == [expected]
    assert draws.whole_numbers([seed], stream, 9, first=31).tolist() == [expected[31:]]
    assert draws.whole_numbers([seed], stream, 0).shape == (1, 0)


def test_streams_have_the_contracts_numbers():
    assert [stream.name for stream in Stream] == ["X", "NOISE", "WEIGHTS", "ORDER", "BIASES"]
    assert list(Stream) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("k", [0, 17, 299])
def test_a_member_depends_on_its_own_seed_only(k):
    seeds = [child_seed(np.random.SeedSequence(5), index) for index in range(300)]
    for one, all_of_them in [
        (draws.whole_numbers([seeds[k]], Stream.X, 9), draws.whole_numbers(seeds, Stream.X, 9)),
        (draws.normals([seeds[k]], Stream.NOISE, 9), draws.normals(seeds, Stream.NOISE, 9)),
        (draws.Orders([seeds[k]], 9).next(3), draws.Orders(seeds, 9).next(3)),
        *zip(
            draws.first_weights([seeds[k]], (3, 2), bias_std=1.0),
            draws.first_weights(seeds, (3, 2), bias_std=1.0),
            strict=True,
        ),
    ]:
        np.testing.assert_array_equal(one[0], all_of_them[k])


# The number of a seed.


@pytest.mark.parametrize("entropy", [0, 1, 2**56 - 1, 2**56, 2**64, 2**64 + 1, 2**200 + 2**64])
@pytest.mark.parametrize("spawn_key", [(), (0,), (1,), (0, 0), (3, 2**32 + 1)], ids=str)
def test_the_number_of_a_seed_is_that_of_plain_python(entropy, spawn_key):
    number = draws.number_of(np.random.SeedSequence(entropy, spawn_key=spawn_key))
    assert number == naive_number(entropy, spawn_key)
    assert type(number) is int
    assert 0 <= number < 2**56


def test_small_seeds_are_their_own_numbers():
    seeds = [0, 1, 2**56 - 1, np.int64(3), np.random.SeedSequence(4), np.random.SeedSequence([6])]
    assert [draws.number_of(seed) for seed in seeds] == [0, 1, 2**56 - 1, 3, 4, 6]


def test_several_words_of_entropy_are_those_of_one_large_number():
    for several in ([3, 5], (3, 5), np.array([3, 5])):
        seed = np.random.SeedSequence(several)
        assert draws.number_of(seed) == draws.number_of(3 + 5 * 2**64)
    word = np.random.SeedSequence(5, spawn_key=np.array([2], np.int64))
    assert draws.number_of(word) == draws.number_of(np.random.SeedSequence(5, spawn_key=(2,)))


def test_seeds_and_their_children_have_numbers_of_their_own():
    roots = [
        *range(100),
        *(2**64 + np.arange(100, dtype=object)),
        *(2**56 + k for k in range(100)),
    ]
    seeds = [np.random.SeedSequence(int(root)) for root in roots]
    children = [child_seed(seed, k) for seed in seeds for k in range(30)]
    grandchildren = [child_seed(child, k) for child in children[:300] for k in range(30)]
    everyone = [*seeds, *children, *grandchildren]
    # Of 18,300 numbers below 2**56, two agree by chance with a probability of 2e-9.
    assert len({draws.number_of(seed) for seed in everyone}) == len(everyone)


# Uniform and normal numbers.


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_uniforms_and_normals_are_those_of_plain_python(seed):
    uniforms = naive_uniforms(seed, Stream.NOISE, 2000)
    assert draws.uniforms([seed], Stream.NOISE, 2000).tolist() == [uniforms]
    normals = [naive_quantile(u) for u in uniforms]
    assert draws.normals([seed], Stream.NOISE, 2000).tolist() == [normals]
    later = draws.normals([seed], Stream.NOISE, 100, first=1900)
    assert later.tolist() == [normals[1900:]]


@pytest.mark.parametrize(("r", "k"), [(0, 0), (2**12 - 1, 0), (MASK, 2**52 - 1)])
def test_the_most_extreme_draws_are_finite(monkeypatch, r, k):
    monkeypatch.setattr(draws, "whole_numbers", lambda *_, **__: np.array([[r]], np.uint64))
    u = draws.uniforms([0], Stream.X, 1)
    assert u.tolist() == [[(2 * k + 1) * 2.0**-53]]
    assert 0 < u[0, 0] < 1
    # The bound on a normal tail, exp(-z²/2) / 2, is above the least probability, 2**-53.
    assert 8 < abs(draws.normals([0], Stream.X, 1)[0, 0]) < math.sqrt(104 * math.log(2))


@pytest.mark.parametrize(
    "u",
    [
        np.linspace(0.0005, 0.9995, 4001),
        np.logspace(-300, -1, 4001),
        1 - np.logspace(-15.9, -1, 4001),
        0.5 + 0.425 * np.array([-1 - 1e-15, -1, 1, 1 + 1e-15]),  # where formulas change
        math.exp(-25) * (1 + np.linspace(-1e-12, 1e-12, 101)),
        0.5 + np.array([-1e-16, 1e-16, 1e-9]),
    ],
    ids=["all", "left", "right", "center to middle", "middle to far", "near zero"],
)
def test_quantiles_agree_with_the_standard_library(u):
    expected = [statistics.NormalDist().inv_cdf(value) for value in u]
    # Some ten roundings of 1.1e-16 in either.
    np.testing.assert_allclose(draws.normal_quantiles(u), expected, rtol=2e-15, atol=0)


def test_quantiles_are_in_the_shape_of_the_probabilities_and_odd_about_one_half():
    u = np.arange(1, 512).reshape(7, 73) / 512  # exact, as is 1 - u
    found = draws.normal_quantiles(u)
    assert found.shape == (7, 73)
    np.testing.assert_array_equal(found, -draws.normal_quantiles(1 - u))
    assert draws.normal_quantiles(0.5) == 0


def distance(sample, distribution):
    """Return the Kolmogorov-Smirnov distance of a sample from a distribution function."""
    n = len(sample)
    values = np.array([distribution(value) for value in np.sort(sample)])
    steps = np.arange(n)
    return max(np.max(values - steps / n), np.max((steps + 1) / n - values))


@pytest.mark.parametrize("stream", Stream)
def test_uniforms_and_normals_have_their_distributions(stream):
    n = 20_000
    # Massart: the distance is above this with a probability below 2 exp(-2 n d²) = 1e-7.
    bound = math.sqrt(math.log(2 / 1e-7) / (2 * n))
    across = [draw([*range(n)], stream, 1)[:, 0] for draw in (draws.uniforms, draws.normals)]
    along = [draw([5], stream, n)[0] for draw in (draws.uniforms, draws.normals)]
    for uniform, normal in (across, along):
        assert distance(uniform, lambda u: u) < bound
        assert distance(normal, statistics.NormalDist().cdf) < bound


def test_streams_seeds_and_draws_are_uncorrelated():
    n = 20_000
    root = np.random.SeedSequence(8)
    seeds = [8, 9, child_seed(root, 0), child_seed(root, 1), child_seed(root, 2**20)]
    rows = np.concatenate([draws.uniforms(seeds, stream, n) for stream in Stream])
    later = np.concatenate([draws.uniforms([8], stream, n, first=1) for stream in Stream])
    correlations = np.corrcoef(np.concatenate([rows, later]))
    assert len(correlations) == 30
    for i, j in itertools.combinations(range(30), 2):
        # Of independent numbers, a correlation has the standard error 1 / √n.
        assert abs(correlations[i, j]) < 5 / math.sqrt(n), (i, j)
    # And across adjacent seeds and members, the first draws of their streams.
    n = 5_000
    for many in (range(n), [child_seed(root, k) for k in range(n)]):
        first = np.concatenate([draws.uniforms(many, stream, 2).T for stream in Stream])
        neighbors = np.concatenate([first[:, 1:], first[:, :-1]])
        off = np.corrcoef(neighbors)[~np.eye(20, dtype=bool)]
        assert np.abs(off).max() < 5 / math.sqrt(n)


# First weights.


@pytest.mark.parametrize("widths", [(), (1,), (4, 3), (5,) * 3])
@pytest.mark.parametrize("n_inputs", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias_std", [0.0, 0.3])
def test_first_weights_are_those_of_plain_python(widths, n_inputs, dtype, bias_std):
    options = {"n_inputs": n_inputs, "bias_std": bias_std, "dtype": dtype}
    found = draws.first_weights(SEEDS, widths, **options)
    for k, seed in enumerate(SEEDS):
        u, z = (iter(naive_uniforms(seed, stream, 99)) for stream in (2, 4))
        sizes, expected = [n_inputs, *widths, 1], []
        for layer in range(len(sizes) - 1):
            n_in, n_out = sizes[layer : layer + 2]
            limit = math.sqrt(6 / (n_in + n_out))
            expected.append(
                [[limit * (2 * next(u) - 1) for _ in range(n_out)] for _ in range(n_in)]
            )
            is_hidden = layer < len(widths)
            normal = [naive_quantile(next(z)) if is_hidden else 0.0 for _ in range(n_out)]
            expected.append([bias_std * value for value in normal])
        assert len(found) == len(expected)
        for array, rows in zip(found, expected, strict=True):
            assert array.dtype == dtype
            np.testing.assert_array_equal(array[k], np.array(rows, dtype))


def test_kernels_follow_the_law_of_glorot():
    weights = draws.first_weights([3], (100,) * 5)
    n = 20_000
    for kernel in weights[2:-2:2]:
        sample = kernel[0].ravel().astype(float) / math.sqrt(6 / 200)
        assert np.abs(sample).max() <= 1 + 1e-7  # the limit itself, rounded to float32
        bound = math.sqrt(math.log(2 / 1e-7) / (2 * sample.size))
        assert distance(sample, lambda value: (value + 1) / 2) < bound
    first = draws.first_weights(range(n), ())[0][:, 0, 0] / math.sqrt(3)
    bound = math.sqrt(math.log(2 / 1e-7) / (2 * n))
    assert distance(first, lambda value: (value + 1) / 2) < bound


def test_biases_leave_the_kernels_as_they_are():
    plain, biased = (draws.first_weights([3], (6, 4), bias_std=std) for std in (0.0, 0.5))
    for a, b in zip(plain[::2], biased[::2], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(bias.any() for bias in (*plain[1::2], biased[-1]))
    assert all(bias.all() for bias in biased[1:-1:2])


# Orders.


@pytest.mark.parametrize("n_points", [1, 2, 3, 10, 100])
def test_orders_are_those_of_plain_python(n_points):
    expected = [naive_orders(seed, n_points, 7) for seed in SEEDS]
    found = draws.Orders(SEEDS, n_points).next(7)
    assert found.shape == (len(SEEDS), 7, n_points)
    assert found.tolist() == expected


def test_orders_come_in_turn_however_many_at_once():
    whole, parts = draws.Orders(SEEDS, 11), draws.Orders(SEEDS, 11)
    cut = np.concatenate([parts.next(n) for n in (1, 3, 2, 6)], axis=1)
    np.testing.assert_array_equal(cut, whole.next(12))
    np.testing.assert_array_equal(parts.next(2), whole.next(2))


def test_who_changes_an_order_changes_no_later_one():
    orders, others = draws.Orders(SEEDS, 5), draws.Orders(SEEDS, 5)
    orders.next(2)[:] = 0
    others.next(2)
    np.testing.assert_array_equal(orders.next(2), others.next(2))


def test_every_order_is_as_likely_in_every_epoch():
    n = 24_000
    orders = draws.Orders(range(n), 4).next(3)
    for epoch in range(3):
        counts = np.unique(orders[:, epoch], axis=0, return_counts=True)[1]
        assert len(counts) == 24
        # A count is binomial; five of its standard errors.
        np.testing.assert_allclose(counts, n / 24, atol=5 * math.sqrt(n / 24 * 23 / 24), rtol=0)
    # Where a point is in an epoch says nothing of where it is in the next.
    for place in range(4):
        before, after = ((orders[:, epoch] == 0).argmax(axis=1) for epoch in (0, 1))
        counts = np.bincount(after[before == place], minlength=4)
        some = counts.sum()
        np.testing.assert_allclose(counts, some / 4, atol=5 * math.sqrt(some * 3 / 16), rtol=0)


def test_every_point_comes_everywhere_along_a_long_training():
    n_points, n_epochs = 10, 20_000
    orders = draws.Orders([3], n_points).next(n_epochs)[0]
    share, spread = n_epochs / n_points, math.sqrt(n_epochs * 0.1 * 0.9)
    for place in range(n_points):
        counts = np.bincount(orders[:, place], minlength=n_points)
        np.testing.assert_allclose(counts, share, atol=5 * spread, rtol=0)


# What is refused.


class Nested(np.random.SeedSequence):
    """A seed such as older NumPys make of a nested list."""

    entropy = property(lambda self: [[5]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draws.number_of(-1), ValueError, "seed must not be negative, got -1"),
        (lambda: draws.number_of(1.5), TypeError, "seed must be an int or a"),
        (
            lambda: draws.number_of(Nested(5)),
            TypeError,
            "entropy of a seed must be whole numbers, got [[5]]",
        ),
        (lambda: draws.uniforms(5, Stream.X, 1), TypeError, "seeds must be a sequence of seeds, "),
        (lambda: draws.uniforms([5], 5, 1), ValueError, "5 is not a valid Stream"),
        (lambda: draws.uniforms([5], Stream.X, -1), ValueError, "n_draws must be at least 0, "),
        (lambda: draws.normals([5], Stream.X, 1.0), TypeError, "n_draws must be a whole number"),
        (
            lambda: draws.whole_numbers([5], Stream.X, 1, first=-1),
            ValueError,
            "first must be at least 0, got -1",
        ),
        (lambda: draws.normal_quantiles([0.5, 0.0]), ValueError, "both excluded, got 0.0"),
        (lambda: draws.normal_quantiles(1.0), ValueError, "both excluded, got 1.0"),
        (lambda: draws.normal_quantiles(math.nan), ValueError, "both excluded, got nan"),
        (lambda: draws.Orders([5], 0), ValueError, "n_points must be at least 1, got 0"),
        (lambda: draws.Orders([5], 3).next(0), ValueError, "n_epochs must be at least 1, got 0"),
    ],
)
def test_an_argument_that_breaks_its_rule_is_named(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
