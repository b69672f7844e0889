"""Held-out points: every number from scratch, and the intervals against SciPy."""

import numpy as np
import pytest
from scipy import stats

from overfit_tutorial import data, linear
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.studies import held_out
from overfit_tutorial.training import STORY, fit_network

SMALL = STORY.replace(hidden_widths=(8, 8), epochs=4)
SIZES = {"n_train": 40, "few": 5, "many": 30}


def drawn(seed, n_samples, stream):
    return data.sample_noisy(n_samples=n_samples, seed=split_seeds([seed], 3)[stream][0])


def test_a_comparison_is_what_one_network_and_one_line_say():
    found = held_out.compare_held_out(seeds=[7, 8], recipe=SMALL, **SIZES)
    known, held = drawn(8, 40, 0), drawn(8, 35, 1)
    fit = fit_network(known.x, known.y, SMALL, seed=split_seeds([8], 3)[2][0])
    line = linear.fit_line(known.x, known.y)
    ours, theirs = ((f(held.x) - held.y) ** 2 for f in (fit.predict, line))
    for name, part in (("few", slice(5)), ("many", slice(5, None))):
        gap, m = (ours - theirs)[part], len(ours[part])
        # Sums of a few float64 numbers.
        assert found[f"gap_{name}"][1] == pytest.approx(gap.mean(), rel=1e-9)
        low, _ = stats.t.interval(0.95, m - 1, gap.mean(), stats.sem(gap))
        assert found[f"paired_{name}"][1] == pytest.approx(gap.mean() - low, rel=1e-9)
        both = np.sqrt(stats.sem(ours[part]) ** 2 + stats.sem(theirs[part]) ** 2)
        expected = stats.t.ppf(0.975, m - 1) * both
        assert found[f"unpaired_{name}"][1] == pytest.approx(expected, rel=1e-9)
    risk = data.excess_risk(fit.predict, data.TRUE_LINE)
    assert found["risk"][1] == pytest.approx(risk, rel=1e-9)
    assert found["line_risk"][1] == data.excess_risk(line, data.TRUE_LINE)
    noise = known.y - data.TRUE_LINE(known.x)
    products = (fit.predict(known.x) - data.TRUE_LINE(known.x)) * noise
    assert found["followed"][1] == pytest.approx(products.sum() / (noise @ noise), rel=1e-9)
    covered = []
    for squares in ours[5:].reshape(6, 5):
        ends = stats.t.interval(0.95, 4, squares.mean(), stats.sem(squares))
        covered.append(ends[0] < 4.0 + risk < ends[1])
    assert found["t_covers"][1] == np.mean(covered)


def test_the_moment_of_least_error_is_chosen():
    found = held_out.stop_held_out(seeds=[7, 8], recipe=SMALL, moments=(2, 8, 20), **SIZES)
    known, held = drawn(8, 40, 0), drawn(8, 35, 1)
    risks, followed, few, many = [], [], [], []
    for moment in (2, 8, 20):
        recipe = SMALL.replace(steps=moment)
        fit = fit_network(known.x, known.y, recipe, seed=split_seeds([8], 3)[2][0])
        squares = (fit.predict(held.x) - held.y) ** 2
        risks.append(data.excess_risk(fit.predict, data.TRUE_LINE))
        followed.append(data.noise_followed(fit.predict, data.TRUE_LINE, known.x, known.y))
        few.append(squares[:5].mean())
        many.append(squares[5:].mean())
    expected = [risks[0], risks[-1], risks[np.argmin(few)], risks[np.argmin(many)], min(risks)]
    assert [
        found[name][1] for name in ("start", "end", "by_few", "by_many", "by_truth")
    ] == pytest.approx(expected, rel=1e-9)
    chosen = [0, 2, np.argmin(few), np.argmin(many), np.argmin(risks)]
    names = ("start", "end", "by_few", "by_many", "by_truth")
    assert [found[f"followed_{name}"][1] for name in names] == pytest.approx(
        [followed[row] for row in chosen], rel=1e-9
    )


def test_the_intervals_keep_their_promise_where_their_assumptions_hold():
    generator = np.random.default_rng(0)
    normal = generator.standard_normal((20_000, 20))
    # 95 % of 20,000, up to four standard deviations of a binomial share.
    margin = 4 * np.sqrt(0.95 * 0.05 / 20_000)
    inside = np.abs(normal.mean(axis=1)) < held_out._half_width(normal)
    assert inside.mean() == pytest.approx(0.95, abs=margin)
    squares = (3 * normal) ** 2
    low, high = held_out._chi2_ends(squares.mean(axis=1), 20)
    assert np.mean((low < 9) & (high > 9)) == pytest.approx(0.95, abs=margin)
    # And Student's does not for squares, which are skewed.
    t_covers = np.abs(squares.mean(axis=1) - 9) < held_out._half_width(squares)
    assert t_covers.mean() < 0.95 - 2 * margin


def test_the_chi_squared_interval_is_scipys():
    ends = 20 / stats.chi2.ppf([0.975, 0.025], 20)
    assert held_out._chi2_ends(1.0, 20) == pytest.approx(tuple(ends), rel=1e-9)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"few": 1, "many": 30}, "few must be at least 2 and divide many, got 1 and 30"),
        ({"few": 4, "many": 30}, "few must be at least 2 and divide many, got 4 and 30"),
        ({"n_train": 0}, "n_train must be at least 1, got 0"),
    ],
)
def test_sizes_out_of_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        held_out.compare_held_out(seeds=[0], recipe=SMALL, **(SIZES | setting))
