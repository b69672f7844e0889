"""Intervals over seeds: closed forms, exact coverage, SciPy, and what must not matter."""

import math
import re

import numpy as np
import pytest
from scipy import stats

from overfit_tutorial.statistics import (
    Bounded,
    Interval,
    bootstrap_interval,
    kendall_interval,
    ks_distance_bound,
    quantile_interval,
    ratio_interval,
    share_interval,
    variance_components,
)

NAN, INF = float("nan"), float("inf")


def heavy(n, seed, sigma=1.0):
    """Return a sample with a heavy tail and median 1."""
    return np.random.default_rng(seed).lognormal(sigma=sigma, size=n)


def nested(seed, n_groups=12, n_repeats=4, between=1.0, within=1.0):
    """Return normal values of groups and repeats, by the standard deviations of their sources."""
    generator = np.random.default_rng(seed)
    groups = between * generator.standard_normal((n_groups, 1))
    return groups + within * generator.standard_normal((n_groups, n_repeats))


def binomial(n, p, k):
    """Return the probability of at most `k` successes of `n`, term by term."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


# -- An interval -------------------------------------------------------------


@pytest.mark.parametrize(
    ("margin", "inside"),
    [((0.9, 1.2), True), ((0.8, 1.3), True), ((0.95, 1.3), False), ((0.8, 1.1), False)],
)
def test_agreement_needs_the_whole_interval_inside_the_margin(margin, inside):
    found = Interval(value=1.0, low=0.9, high=1.2, confidence=0.9)
    assert found.within(*margin) is inside
    assert found.ends == (0.9, 1.2)


def test_a_margin_is_not_upside_down():
    with pytest.raises(ValueError, match="low must be below high, got low=2, high=1"):
        quantile_interval(range(9)).within(2, 1)


# -- Quantiles ---------------------------------------------------------------


@pytest.mark.parametrize("n", [9, 20, 200])
@pytest.mark.parametrize("q", [0.5, 0.3])
@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_the_interval_of_a_quantile_is_the_shortest_with_its_coverage(n, q, confidence):
    # Of the values 1 … n, the ends are their own ranks.
    found = quantile_interval(np.arange(1, n + 1), q, confidence=confidence)
    low, high = int(found.low), int(found.high)
    tail = (1 - confidence) / 2
    # Above the quantile lies the value of rank `low` if fewer than `low` are at or below it.
    assert binomial(n, q, low - 1) <= tail < binomial(n, q, low)
    assert binomial(n, 1 - q, n - high) <= tail < binomial(n, 1 - q, n - high + 1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_the_interval_of_a_quantile_is_that_of_scipy(seed, q):
    values = heavy(60, seed)
    reference = stats.quantile_test(values, p=q).confidence_interval(0.95)
    found = quantile_interval(values, q)
    assert found.ends == (reference.low, reference.high)
    # Two ways to interpolate between two neighbors.
    assert found.value == pytest.approx(np.quantile(values, q), rel=1e-14)


@pytest.mark.parametrize("confidence", [0.5, 0.9])
@pytest.mark.parametrize("q", [0.02, 0.5, 0.9])
def test_the_quantile_lies_in_its_interval(q, confidence):
    for n in range(200, 210):
        found = quantile_interval(heavy(n, seed=n), q, confidence=confidence)
        assert found.low <= found.value <= found.high


def test_the_interval_of_a_median_covers_as_often_as_it_says_for_ties_too():
    generator = np.random.default_rng(0)
    continuous = generator.standard_cauchy((500, 15))
    for draws, median in ((continuous, 0.0), (np.round(continuous), 0.0)):
        found = [quantile_interval(draw) for draw in draws]
        covered = np.mean([f.low <= median <= f.high for f in found])
        # Exactly 96.5 % for 15 continuous values, more with ties; 0.8 % is one standard error.
        assert covered > 0.94


@pytest.mark.parametrize(
    ("q", "confidence", "needed"), [(0.5, 0.95, 6), (0.5, 0.99, 8), (0.9, 0.95, 36)]
)
def test_too_few_values_for_a_quantile_are_refused_with_the_number_needed(q, confidence, needed):
    quantile_interval(range(needed), q, confidence=confidence)
    message = f"values must hold at least {needed} numbers for a {confidence:g} interval of the "
    with pytest.raises(ValueError, match=message + f"{q:g} quantile, got {needed - 1}"):
        quantile_interval(range(needed - 1), q, confidence=confidence)


def test_diverged_runs_are_the_worst_and_only_that():
    values = heavy(41, seed=0)
    worst = np.sort(values)[-5:]
    diverged = np.where(np.isin(values, worst), INF, values)
    assert quantile_interval(diverged) == quantile_interval(values)
    assert quantile_interval([*range(6), INF, INF, INF]).high == INF
    assert quantile_interval([INF] * 10).value == INF
    assert quantile_interval([-INF] * 5 + [0] * 5).value == -INF
    assert quantile_interval([1.0] * 5 + [INF] * 4).value == 1.0


# -- Shares ------------------------------------------------------------------


@pytest.mark.parametrize(("n", "proves"), [(10, 0.69), (20, 0.83)])
def test_successes_without_failure_prove_less_than_they_seem_to(n, proves):
    found = share_interval([True] * n)
    assert found.high == found.value == 1.0
    # The closed form, and the numbers that are quoted.
    np.testing.assert_allclose(found.low, 0.025 ** (1 / n), rtol=1e-9)
    assert round(found.low, 2) == proves


@pytest.mark.parametrize("count", [1, 7, 19])
def test_the_ends_of_a_share_leave_half_the_rest_on_each_side(count):
    found = share_interval(np.arange(20) < count, confidence=0.9)
    assert found.value == count / 20
    # SciPy solves for the ends with a relative tolerance of some 1e-12.
    np.testing.assert_allclose(1 - binomial(20, found.low, count - 1), 0.05, rtol=1e-9)
    np.testing.assert_allclose(binomial(20, found.high, count), 0.05, rtol=1e-9)


def test_losing_is_not_winning():
    wins = np.arange(30) < 11
    won, lost = share_interval(wins), share_interval(~wins)
    # Rounding only: one minus the other.
    np.testing.assert_allclose([1 - lost.high, 1 - lost.low], won.ends, rtol=1e-9)


# -- The bootstrap -----------------------------------------------------------


def test_the_bootstrap_of_a_mean_is_the_normal_interval_where_that_is_right():
    values = np.random.default_rng(0).standard_normal(400)
    error = values.std() / np.sqrt(len(values))
    found = bootstrap_interval(values, np.mean, seed=0)
    # The quantiles of 9,999 resamples have a standard error of 0.03 standard errors of the mean.
    expected = values.mean() + np.array([-1.96, 1.96]) * error
    np.testing.assert_allclose(found.ends, expected, atol=0.12 * error, rtol=0)


def test_the_bootstrap_of_a_median_is_near_its_distribution_free_interval():
    values = np.arange(1001.0)
    exact, found = quantile_interval(values), bootstrap_interval(values, seed=0)
    # The ends are ranks with a standard deviation of √n / 2 = 16; resampling adds 3 % of that.
    np.testing.assert_allclose(found.ends, exact.ends, atol=3, rtol=0)


def coverage(statistic, truth, n_draws=300, **options):
    """Return how often the interval of 15 log-normal values covers the truth."""
    found = [
        bootstrap_interval(heavy(15, seed=k), statistic, seed=k, n_resamples=499, **options)
        for k in range(n_draws)
    ]
    return np.mean([f.low <= truth <= f.high for f in found])


def test_the_bootstrap_of_a_median_covers_as_often_as_it_says():
    # A standard error is 1.3 %.
    assert 0.91 < coverage(np.median, 1.0) < 0.985


def test_bias_correction_helps_a_mean_whose_tail_is_heavy():
    truth = math.exp(0.5)
    # On the same draws; both fall short of 95 %, as nothing was seen of the far tail.
    assert coverage(np.mean, truth, method="percentile") + 0.01 < coverage(np.mean, truth) < 0.95


def test_the_default_method_fits_the_statistic():
    values = heavy(30, seed=0)
    for statistic, method in ((np.mean, "BCa"), (np.std, "BCa"), (np.median, "percentile")):
        chosen = bootstrap_interval(values, statistic, seed=0)
        assert chosen == bootstrap_interval(values, statistic, seed=0, method=method)
    means = [bootstrap_interval(values, np.mean, seed=0, method=m) for m in ("BCa", "percentile")]
    assert means[0] != means[1]


def test_a_statistic_needs_no_axis():
    values = heavy(12, seed=0)
    slow = bootstrap_interval(values, lambda x: float(np.median(x)), seed=0, n_resamples=99)
    assert slow == bootstrap_interval(values, np.median, seed=0, n_resamples=99)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("statistic", [np.median, np.mean, np.std])
def test_equal_values_have_an_interval_of_length_zero(statistic, method):
    found = bootstrap_interval([2.5] * 12, statistic, seed=0, method=method)
    assert found.ends == (found.value, found.value) == (statistic([2.5] * 12),) * 2


def test_an_undefined_correction_leaves_the_percentiles():
    # The median stays when any one value is left out, but not when eleven others are drawn.
    values = [0.0, *[1.0] * 9, 5.0]
    corrected = bootstrap_interval(values, seed=0, method="BCa", confidence=0.999)
    assert corrected == bootstrap_interval(values, seed=0, confidence=0.999)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_statistic_that_is_not_finite_is_refused():
    values = [*[0.0] * 9, 1.0]  # a third of the resamples hold zeros only
    with pytest.raises(ValueError, match="statistic must be a finite number on the sample and"):
        bootstrap_interval(values, lambda x, axis: x.sum(axis) / x.sum(axis), seed=0)


# -- Two methods -------------------------------------------------------------


def same_luck(n=40, seed=0, factor=1.5):
    """Return two methods' losses: the luck of the data moves both alike, and far."""
    luck, own = heavy(n, seed, sigma=1.5), heavy(2 * n, seed + 1000, sigma=0.05)
    return factor * luck * own[:n], luck * own[n:]


def test_pairing_removes_the_luck_that_both_methods_share():
    paired = ratio_interval(*same_luck(), seed=0)
    unpaired = ratio_interval(*same_luck(), seed=0, paired=False)
    assert paired.value == unpaired.value
    assert 1 < paired.low < 1.5 < paired.high < 2
    # One knows that the first is worse, the other does not.
    assert unpaired.low < 1
    assert math.log(unpaired.high / unpaired.low) > 5 * math.log(paired.high / paired.low)


def test_the_ratio_of_two_methods_covers_as_often_as_it_says():
    found = [ratio_interval(*same_luck(seed=k), seed=k, n_resamples=499) for k in range(200)]
    # The bootstrap of a ratio of medians errs on the long side; 1.5 % is a standard error.
    assert np.mean([f.low <= 1.5 <= f.high for f in found]) > 0.93


@pytest.mark.parametrize("paired", [True, False])
def test_two_methods_are_compared_as_scipy_would(paired):
    first, second = same_luck(30)
    reference = stats.bootstrap(
        (first, second),
        lambda a, b, axis: np.median(a, axis) / np.median(b, axis),
        paired=paired,
        method="percentile",
        n_resamples=9999,
    ).confidence_interval
    found = ratio_interval(first, second, seed=0, paired=paired)
    # On the log scale two draws of 9,999 resamples differ by 1 % of the length; discrete medians
    # may jump over a gap.
    length = math.log(reference.high / reference.low)
    np.testing.assert_allclose(np.log(found.ends), np.log(reference), atol=0.1 * length, rtol=0)


def test_exchanging_the_methods_inverts_the_ratio():
    first, second = same_luck()
    ratio, inverse = (ratio_interval(*pair, seed=0) for pair in ((first, second), (second, first)))
    # Not exactly: interpolating between two resamples is not the same for their inverses.
    np.testing.assert_allclose(inverse.ends, [1 / ratio.high, 1 / ratio.low], rtol=1e-3)


def test_methods_that_saw_other_seeds_may_differ_in_number():
    found = ratio_interval(heavy(20, 0), heavy(30, 1), seed=0, paired=False)
    assert found.low < 1 < found.high


def test_methods_may_be_compared_by_other_than_their_medians():
    first, second = same_luck()
    found = ratio_interval(first, second, seed=0, statistic=np.mean)
    assert found.value == pytest.approx(first.mean() / second.mean(), rel=1e-12)


# -- Nested designs ----------------------------------------------------------


def test_variance_components_are_those_of_the_analysis_of_variance():
    table = nested(0)
    n_groups, n_repeats = table.shape
    found = variance_components(table, seed=0, n_resamples=99)
    # The two mean squares, written out.
    grand, means = table.mean(), table.mean(axis=1)
    mean_square_between = n_repeats * ((means - grand) ** 2).sum() / (n_groups - 1)
    residuals = table - means[:, np.newaxis]
    mean_square_within = (residuals**2).sum() / (n_groups * (n_repeats - 1))
    between = (mean_square_between - mean_square_within) / n_repeats
    # Rounding only.
    np.testing.assert_allclose(found.between.value, between, rtol=1e-12)
    np.testing.assert_allclose(found.within.value, mean_square_within, rtol=1e-12)
    share = between / (between + mean_square_within)
    np.testing.assert_allclose(found.share.value, share, rtol=1e-12)
    # SciPy's F is the ratio of the mean squares.
    f = stats.f_oneway(*table).statistic
    np.testing.assert_allclose(mean_square_between / mean_square_within, f, rtol=1e-9)


@pytest.mark.parametrize(("between", "within"), [(2.0, 1.0), (0.0, 1.0), (1.0, 3.0)])
def test_variance_components_find_the_truth(between, within):
    found = variance_components(
        nested(0, 2000, 5, between, within), seed=0, confidence=0.999, n_resamples=999
    )
    truth = between**2, within**2, between**2 / (between**2 + within**2)
    for interval, expected in zip((found.between, found.within, found.share), truth, strict=True):
        assert interval.low <= expected <= interval.high
        # The variance of 2,000 means has a standard error of 3 %, and 99.9 % span 6.6 of them.
        assert interval.high - interval.low < 0.2 * (between**2 + within**2)


def test_variance_components_cover_about_as_often_as_they_say():
    hits = np.zeros(3)
    for k in range(150):
        found = variance_components(nested(k, 40, 3), seed=k, n_resamples=299)
        intervals = (found.between, found.within, found.share)
        truths = (1.0, 1.0, 0.5)
        hits += [i.low <= t <= i.high for i, t in zip(intervals, truths, strict=True)]
    # 92 % as the docstring says; a standard error is 2.2 %.
    assert ((hits / 150 > 0.85) & (hits / 150 < 0.98)).all()


def test_variance_components_follow_the_scale_and_ignore_the_level():
    found = variance_components(nested(0), seed=0)
    for level in (0.0, 5.0):
        moved = variance_components(level - 2 * nested(0), seed=0)
        # A resample that happens to draw every group once has the sample's variance up to
        # rounding: whether it counts as above or below moves the bias correction by 1e-4.
        for name, factor in (("between", 4), ("within", 4), ("share", 1)):
            expected, actual = getattr(found, name), getattr(moved, name)
            np.testing.assert_allclose(actual.ends, factor * np.array(expected.ends), rtol=1e-3)
            assert actual.value == pytest.approx(factor * expected.value, rel=1e-9)


def test_groups_that_do_not_differ_contribute_nothing():
    table = np.tile([-1.0, 0.0, 1.0], (12, 1))
    found = variance_components(table, seed=0)
    assert found.between.ends == found.share.ends == (0.0, 0.0)
    assert found.between.value == found.share.value == 0.0
    assert found.within.value == 1.0


# -- Rank correlation --------------------------------------------------------


def correlated(seed, n=60, strength=1.0):
    """Return two quantities that rise together, the second with ties."""
    generator = np.random.default_rng(seed)
    first = generator.standard_normal(n)
    return first, np.round(strength * first + generator.standard_normal(n))


def test_the_rank_correlation_is_that_of_scipy():
    first, second = correlated(0)
    reference = stats.kendalltau(first, second).statistic
    assert kendall_interval(first, second, seed=0).value == pytest.approx(reference, rel=1e-12)


def test_the_rank_correlation_is_resampled_as_scipy_would():
    first, second = correlated(1)
    found = kendall_interval(first, second, seed=0)
    generator = np.random.default_rng(2)
    draws = [
        stats.kendalltau(first[rows], second[rows]).statistic
        for rows in generator.integers(0, 60, (2000, 60))
    ]
    # Ends of 2,000 draws have a standard error of some 3 % of the interval's length.
    np.testing.assert_allclose(found.ends, np.quantile(draws, [0.025, 0.975]), atol=0.02)


def test_the_rank_correlation_covers_about_as_often_as_it_says():
    # Of normal values with correlation r, Kendall's is 2/pi arcsin(r).
    hits, truth = 0, 2 / np.pi * np.arcsin(0.6)
    for seed in range(300):
        generator = np.random.default_rng(seed)
        first, rest = generator.standard_normal((2, 40))
        found = kendall_interval(first, 0.6 * first + 0.8 * rest, seed=0, n_resamples=499)
        hits += found.low <= truth <= found.high
    assert 0.88 <= hits / 300 <= 0.98


def test_only_ranks_count_also_where_values_are_infinite():
    first, second = correlated(3)
    worst = np.where(first == first.max(), INF, np.exp(first))
    assert kendall_interval(worst, second, seed=0) == kendall_interval(first, second, seed=0)
    turned = kendall_interval(first, -second, seed=0)
    assert turned.value == -kendall_interval(first, second, seed=0).value


def test_within_groups_only_pairs_of_one_group_are_compared():
    groups = np.repeat(np.arange(12), 5)
    first, second = correlated(4)
    # A shift of whole groups against each other makes all of the correlation across them.
    shifted = second + 100 * groups
    found = kendall_interval(first + 100 * groups, shifted, groups=groups, seed=0)
    assert found == kendall_interval(first, second, groups=groups, seed=0)
    signs = [np.sign(np.subtract.outer(z, z))[groups[:, None] == groups] for z in (first, second)]
    agreement = np.sum(signs[0] * signs[1])
    expected = agreement / np.sqrt(np.sum(signs[0] ** 2) * np.sum(signs[1] ** 2))
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert kendall_interval(first + 100 * groups, shifted, seed=0).value > 0.9


def test_elements_that_depend_on_each_other_are_resampled_together():
    first, second = correlated(5, n=20)
    alone = kendall_interval(first, second, seed=0)
    # Four copies of each are no more information.
    copies = [np.repeat(z, 4) for z in (first, second, np.arange(20))]
    found = kendall_interval(copies[0], copies[1], units=copies[2], seed=0)
    assert found.value == pytest.approx(alone.value, rel=1e-12)
    np.testing.assert_allclose(found.ends, alone.ends, rtol=1e-12)
    careless = kendall_interval(copies[0], copies[1], seed=0)
    assert careless.high - careless.low < 0.7 * (alone.high - alone.low)


# -- Two distributions -------------------------------------------------------


@pytest.mark.parametrize("sizes", [(50, 80), (200, 200)])
def test_the_distance_of_two_samples_is_that_of_scipy(sizes):
    first, second = heavy(sizes[0], 0), heavy(sizes[1], 1) + 0.3
    for a, b in ((first, second), (np.round(first), np.round(second))):
        reference = stats.ks_2samp(a, b, method="asymp").statistic
        # Rounding only: two shares and their difference.
        assert ks_distance_bound(a, b).value == pytest.approx(reference, rel=1e-12)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("sizes", [(2, 3), (10, 10), (10, 50), (100, 100), (300, 30)])
def test_the_bound_on_the_distance_holds_as_often_as_it_says(sizes, confidence):
    """Exactly, in the worst case: two distributions that differ at one place only."""
    n, m = sizes
    found = ks_distance_bound(np.zeros(n), np.zeros(m), confidence=confidence)
    # Equal samples show what the bound adds to the distance; a bound of one cannot fail.
    surplus = found.high if found.high < 1 else 2.0
    for distance in np.linspace(0.01, 0.99, 15):
        for p in np.linspace(distance, 1, 11):
            counts = np.arange(m + 1)
            # The first sample's share must fall this short of the second's plus the distance.
            too_few = np.ceil(n * (distance - surplus + counts / m) - 1e-9) - 1
            missed = stats.binom.pmf(counts, m, p - distance) @ stats.binom.cdf(too_few, n, p)
            assert missed <= 1 - confidence


def test_a_thousand_members_each_can_show_agreement_within_a_tenth():
    found = [ks_distance_bound(heavy(1000, k), heavy(1000, k + 500)) for k in range(100)]
    # Of equal distributions; a band at all places at once would never show it.
    assert np.mean([f.high <= 0.1 for f in found]) > 0.9
    # What it adds is 1.645 standard deviations of a difference of shares, and half a step each.
    expected = found[0].value + 1.6449 * math.sqrt(0.25 * 2 / 1000) + 1 / 1000
    assert found[0].high == pytest.approx(expected, abs=1e-5)


def test_a_true_distance_is_not_bounded_away():
    found = ks_distance_bound(heavy(1000, 0), heavy(1000, 1) + 0.3)
    distance = stats.norm.cdf(np.log(1.0)) - stats.norm.cdf(np.log(0.7))
    assert found.low == 0.0
    assert found.high > distance > 0.1


def test_samples_apart_are_at_distance_one_and_no_more():
    assert ks_distance_bound([0.0] * 5, [1.0] * 5).ends == (0.0, 1.0)
    assert ks_distance_bound([0.0, INF], [0.0, INF]).value == 0.0


# -- What must not matter, and what must -------------------------------------

SAMPLE = heavy(30, seed=5)
OTHER = SAMPLE * heavy(30, seed=6, sigma=0.2)
# So few that two seeds hardly agree by chance on a quantile of the resamples.
FEW = {"seed": 0, "n_resamples": 99}
# Each function of a sample, and how its interval follows a scale of 2, which rounds nothing.
ONE_SAMPLE = {
    "quantile": (lambda x, **_: quantile_interval(x), 2),
    "median": (lambda x, **how: bootstrap_interval(x, **FEW | how), 2),
    "mean": (lambda x, **how: bootstrap_interval(x, np.mean, **FEW | how), 2),
    "ratio": (lambda x, **how: ratio_interval(x, OTHER, **FEW | how), 2),
    "share": (lambda x, **_: share_interval(x > np.median(x)), 1),
    "distance": (lambda x, **_: ks_distance_bound(x, x + np.median(x)), 1),
}
SEEDED = ["median", "mean", "ratio"]
one_sample = pytest.mark.parametrize("name", ONE_SAMPLE)


@one_sample
def test_an_interval_follows_the_scale(name):
    function, factor = ONE_SAMPLE[name]
    found, scaled = function(SAMPLE), function(2 * SAMPLE)
    # Bias correction rounds; the rest is exact.
    np.testing.assert_allclose(scaled.ends, np.multiply(factor, found.ends), rtol=1e-9)
    assert scaled.value == pytest.approx(factor * found.value, rel=1e-12)


@one_sample
def test_an_interval_is_made_of_python_floats(name):
    found = ONE_SAMPLE[name][0](SAMPLE)
    assert {type(number) for number in (found.value, *found.ends, found.confidence)} == {float}


@pytest.mark.parametrize("name", ["quantile", "share", "distance"])
def test_the_order_of_the_members_does_not_matter(name):
    function, _ = ONE_SAMPLE[name]
    assert function(SAMPLE[::-1]) == function(SAMPLE)


def test_the_order_of_the_pairs_hardly_matters():
    first, second = same_luck()
    found = ratio_interval(first, second, seed=0)
    reordered = ratio_interval(first[::-1], second[::-1], seed=0)
    assert reordered.value == found.value
    # Other resamples are drawn: as with another seed.
    np.testing.assert_allclose(np.log(reordered.ends), np.log(found.ends), atol=0.02)


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_reproduces_an_interval_and_another_changes_it(name):
    function, _ = ONE_SAMPLE[name]
    assert function(SAMPLE, seed=3) == function(SAMPLE, seed=np.random.SeedSequence(3))
    assert function(SAMPLE, seed=3) != function(SAMPLE, seed=4)


def test_a_seed_reproduces_variance_components_and_another_changes_them():
    assert variance_components(nested(0), seed=3) == variance_components(nested(0), seed=3)
    assert variance_components(nested(0), seed=3) != variance_components(nested(0), seed=4)


@pytest.mark.parametrize(
    "function",
    [
        lambda c: quantile_interval(SAMPLE, confidence=c),
        lambda c: share_interval(SAMPLE > 1, confidence=c),
        lambda c: bootstrap_interval(SAMPLE, seed=0, confidence=c),
        lambda c: ratio_interval(SAMPLE, OTHER, seed=0, confidence=c),
        lambda c: variance_components(nested(0), seed=0, confidence=c).share,
        lambda c: ks_distance_bound(SAMPLE, OTHER, confidence=c),
    ],
)
def test_more_confidence_needs_a_longer_interval(function):
    narrow, wide = function(0.8), function(0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert wide.high - wide.low > narrow.high - narrow.low
    assert (narrow.confidence, wide.confidence) == (0.8, 0.99)
    for wrong in (0, 1, 95, -0.5):
        with pytest.raises(ValueError, match=f"confidence must be between 0 and 1, got {wrong}"):
            function(wrong)
    with pytest.raises(ValueError, match="confidence must be finite, got nan"):
        function(NAN)


SEED_RULE = "seed must be an int or a numpy.random.SeedSequence, got "
TABLE_RULE = "values must have shape (n_groups, n_repeats), at least (10, 2), got "
BAD = [
    (quantile_interval, ([],), {}, "values must be a vector of at least one number, got shape"),
    (
        quantile_interval,
        ([[1.0], [2.0, 3.0]],),
        {},
        "values must be numbers in rows of one length",
    ),
    (quantile_interval, ([1.0, NAN],), {}, "values must not be NaN, got nan at index 1"),
    (quantile_interval, ([1j],), {}, "values must hold real numbers, got complex128"),
    (quantile_interval, (SAMPLE, 0.0), {}, "q must be between 0 and 1, got 0"),
    (quantile_interval, (SAMPLE, "0.5"), {}, "q must be a number, got '0.5'"),
    (share_interval, ([1, 0],), {}, "outcomes must hold truth values, got int64"),
    (share_interval, (np.zeros(0, bool),), {}, "outcomes must be a vector of at least one"),
    (share_interval, (np.ones((2, 2), bool),), {}, "outcomes must be a vector of at least one"),
    (bootstrap_interval, (SAMPLE,), {"seed": None}, SEED_RULE + "None"),
    (bootstrap_interval, (SAMPLE[:9],), {}, "values must hold at least 10 numbers, got 9"),
    (bootstrap_interval, ([*SAMPLE, INF],), {}, "values must be finite, got inf at index 30"),
    (bootstrap_interval, (SAMPLE, 3), {}, "statistic must be callable, got 3"),
    (bootstrap_interval, (SAMPLE,), {"n_resamples": 0}, "n_resamples must be at least 1, got 0"),
    (bootstrap_interval, (SAMPLE,), {"method": "basic"}, "method must be 'percentile' or 'BCa'"),
    (ratio_interval, (SAMPLE, SAMPLE[1:]), {}, "numerator and denominator must have the same"),
    (ratio_interval, (SAMPLE, SAMPLE - SAMPLE), {}, "denominator must be positive, got 0"),
    (ratio_interval, (-SAMPLE, SAMPLE), {}, "numerator must be positive, got -"),
    (ratio_interval, (SAMPLE, [NAN] * 30), {}, "denominator must be finite, got nan at index 0"),
    (ratio_interval, (SAMPLE, SAMPLE), {"seed": 1.5}, SEED_RULE + "1.5"),
    (variance_components, (SAMPLE,), {}, TABLE_RULE + "(30,)"),
    (variance_components, (nested(0)[:9],), {}, TABLE_RULE + "(9, 4)"),
    (variance_components, (nested(0)[:, :1],), {}, TABLE_RULE + "(12, 1)"),
    (variance_components, (np.full((12, 2), NAN),), {}, "values must be finite, got nan"),
    (variance_components, (np.ones((12, 2)),), {}, "values must differ, got 1 everywhere"),
    (variance_components, (nested(0),), {"seed": "0"}, SEED_RULE + "'0'"),
    (kendall_interval, (SAMPLE, SAMPLE[1:]), {}, "seeds are paired, got 30 and 29"),
    (kendall_interval, (SAMPLE[:9], SAMPLE[:9]), {}, "first must hold at least 10 numbers"),
    (kendall_interval, (SAMPLE, np.ones(30)), {}, "first and second must not be constant"),
    (kendall_interval, (SAMPLE, [NAN] * 30), {}, "second must not be NaN, got nan at index 0"),
    (
        kendall_interval,
        (SAMPLE, SAMPLE),
        {"groups": [0, 1]},
        "units must have shape (30,), got (2,)",
    ),
    (kendall_interval, (SAMPLE, SAMPLE), {"units": [0] * 30}, "units must be at least 10"),
    (kendall_interval, (SAMPLE, SAMPLE), {"groups": [0] * 30}, "units must be at least 10"),
    (kendall_interval, (SAMPLE, SAMPLE), {"n_resamples": 0}, "n_resamples must be at least 1"),
    (ks_distance_bound, (SAMPLE, []), {}, "second must be a vector of at least one number"),
    (ks_distance_bound, ([NAN], SAMPLE), {}, "first must not be NaN, got nan at index 0"),
    (ks_distance_bound, (SAMPLE, SAMPLE), {"confidence": 0.5}, "confidence must be at least 0.8"),
]


@pytest.mark.parametrize(("function", "arguments", "options", "message"), BAD)
def test_a_bad_argument_is_named(function, arguments, options, message):
    seeded = function not in (quantile_interval, share_interval, ks_distance_bound)
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        function(*arguments, **({"seed": 0} if seeded else {}) | options)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bootstrap_interval(SAMPLE),
        lambda: ratio_interval(SAMPLE, OTHER),
        lambda: variance_components(nested(0)),
        lambda: kendall_interval(SAMPLE, OTHER),
    ],
)
def test_the_seed_is_required(call):
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seed'"):
        call()


# -- Bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "bound", "margin"),
    [
        ((1.5, 2.5), {"below": 7}, 9),
        ((1.5, 2.5), {"above": 1}, 1),
        ((1.5, 2.5), {"above": 1, "below": 4}, 1),
        ((1.5, 2.5), {"above": 0, "below": 2.75}, 0.5),
        ((1.5, 2.5), {"below": 2.5}, 0),
        ((1.5, 2.5), {"below": 2}, 0),
        ((2.0, 2.0), {"below": 7}, None),
    ],
)
def test_the_margin_is_counted_in_half_widths_from_the_nearer_end(ends, bound, margin):
    interval = Interval(value=2.0, low=ends[0], high=ends[1], confidence=0.95)
    bounded = Bounded(interval=interval, **bound)
    assert bounded.margin == margin
    assert bounded.holds == (margin is None or margin > 0)


def test_a_bound_must_be_a_number():
    interval = Interval(value=2.0, low=1.5, high=2.5, confidence=0.95)
    for bound in (interval.above, interval.below, interval.equal_to):
        with pytest.raises(ValueError, match="bound must be finite, got nan"):
            bound(float("nan"))
    with pytest.raises(ValueError, match="low must be below high"):
        interval.inside(3, 2)


def test_every_interval_knows_how_many_values_are_behind_it():
    values, pairs = np.arange(1.0, 21.0), np.arange(40.0).reshape(20, 2)
    found = [
        quantile_interval(values),
        share_interval(values > 3),
        bootstrap_interval(values, seed=0),
        ratio_interval(values, values, seed=0),
        ratio_interval(values, values[:12], seed=0, paired=False),
        kendall_interval(values, values, seed=0),
        variance_components(pairs, seed=0).share,
        ks_distance_bound(values, values[:15]),
    ]
    assert [interval.n for interval in found] == [20, 20, 20, 20, 12, 20, 20, 15]


def test_as_many_values_as_a_confidence_needs_are_enough():
    # All of five values lie on one side of their median with a probability of 2 / 32.
    found = quantile_interval(range(5), confidence=0.9375)
    assert found.ends == (0, 4)
    with pytest.raises(ValueError, match=r"must hold at least 6 numbers .* got 5"):
        quantile_interval(range(5), confidence=0.9376)


def test_a_builtin_may_be_the_statistic():
    found = bootstrap_interval(range(20), max, seed=0, n_resamples=200)
    assert found == bootstrap_interval(range(20), np.max, seed=0, n_resamples=200)


MASKED = np.ma.masked_array(np.arange(1.0, 21.0), mask=np.arange(20) == 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bootstrap_interval(MASKED, seed=0),
        lambda: ratio_interval(MASKED, MASKED, seed=0),
        lambda: quantile_interval(MASKED),
        lambda: share_interval(MASKED > 2),
        lambda: ks_distance_bound(MASKED, range(20)),
        lambda: kendall_interval(MASKED, range(20), seed=0),
    ],
)
def test_masked_values_are_no_sample(call):
    with pytest.raises(TypeError, match="must not be masked"):
        call()
