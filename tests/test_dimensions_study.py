"""The study of several inputs: against the story, NumPy, scikit-learn, and closed forms."""

import numpy as np
import pytest

from overfit_tutorial import data, draws
from overfit_tutorial.draws import Stream
from overfit_tutorial.streams import POINTS, child_seed
from overfit_tutorial.studies import dimensions
from overfit_tutorial.studies.dimensions import bent, judge_dimensions, true_plane
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.training import STORY, fit_network

SMALL = {"hidden_widths": (8, 8), "epochs": 3}


def test_with_one_input_it_is_the_story():
    found = judge_dimensions(seeds=[3, 4], **SMALL)
    story = judge_recipe(seeds=[3, 4], **SMALL)
    for name in ("followed", "error"):
        assert found[name].tobytes() == story[name].tobytes()
    assert np.array_equal(true_plane(np.arange(21.0)[:, None]), data.TRUE_LINE(np.arange(21.0)))


@pytest.mark.parametrize("n_inputs", [1, 2, 5, 50])
def test_the_truth_has_the_same_mean_and_variance(n_inputs):
    x = np.random.default_rng(0).uniform(0, 20, (200_000, n_inputs))
    values = true_plane(x)
    # The standard error of the mean is 0.01, that of the variance at most 0.06.
    assert values.mean() == pytest.approx(10, abs=0.05)
    assert values.var() == pytest.approx(0.49 * 400 / 12, abs=0.3)


def points_of(seed, n_inputs, n_samples, n_places):
    """Return inputs, noise and fresh places of a seed, one draw after the other."""
    own = [child_seed(np.random.SeedSequence(seed), POINTS)]
    drawn = 20 * draws.uniforms(own, Stream.X, (n_samples + n_places) * n_inputs)[0]
    rows = [drawn[k : k + n_inputs] for k in range(0, drawn.size, n_inputs)]
    noise = 2 * draws.normals(own, Stream.NOISE, n_samples)[0]
    return np.array(rows[:n_samples]), noise, np.array(rows[n_samples:])


@pytest.mark.parametrize(("n_inputs", "unit"), [(2, 1.0), (7, 7**0.5)])
def test_a_network_is_judged_as_one_would_by_hand(n_inputs, unit):
    found = judge_dimensions(
        seeds=[8, 9], n_inputs=n_inputs, unit=unit, n_samples=40, n_places=60, **SMALL
    )
    recipe = STORY.replace(n_inputs=n_inputs, **SMALL)
    for k, seed in enumerate((8, 9)):
        x, noise, places = points_of(seed, n_inputs, 40, 60)
        truth, there = true_plane(x), true_plane(places)
        fit = fit_network(x / unit, truth + noise, recipe, seed=seed)
        off, away = fit.predict(x / unit) - truth, fit.predict(places / unit) - there
        assert found["followed"][k] == pytest.approx(off @ noise / (noise @ noise), rel=1e-12)
        assert found["error"][k] == pytest.approx(fit_error(fit, x / unit, truth + noise))
        assert found["risk"][k] == pytest.approx(np.mean(away**2), rel=1e-12)
        assert found["risk_error"][k] == pytest.approx(np.std(away**2, ddof=1) / 60**0.5)
        assert found["bent"][k] == pytest.approx(bent_by_scikit(places, away), rel=1e-9)
        born = [w[0] for w in draws.first_weights([seed], (8, 8), n_inputs=n_inputs)]
        values = forward(born, places / unit)
        share = bent_by_scikit(places, values) / np.var(values, ddof=1)
        assert found["born_bent"][k] == pytest.approx(share, rel=1e-3)  # of single precision
        on = [(born[0].T @ point > 0) for point in x]
        cutting = [0 < sum(unit) < 40 for unit in zip(*on, strict=True)]
        assert found["born_cutting"][k] == pytest.approx(np.mean(cutting))


def fit_error(fit, x, y):
    return np.mean((fit.predict(x) - y) ** 2)


def bent_by_scikit(x, values):
    linear_model = pytest.importorskip("sklearn.linear_model")
    plane = linear_model.LinearRegression().fit(x, values)
    return np.sum((values - plane.predict(x)) ** 2) / (len(x) - x.shape[1] - 1)


def forward(weights, x):
    h = x
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        h = np.maximum(h @ kernel + bias, 0)
    return (h @ weights[-2] + weights[-1])[:, 0]


@pytest.mark.parametrize("n_inputs", [1, 2, 20])
def test_the_plane_is_that_of_scikit_learn(n_inputs):
    linear_model = pytest.importorskip("sklearn.linear_model")
    found = judge_dimensions(seeds=[5], n_inputs=n_inputs, **SMALL)
    x, noise, _ = points_of(5, n_inputs, 100, 0)
    plane = linear_model.LinearRegression().fit(x, true_plane(x) + noise)
    off = plane.predict(x) - true_plane(x)
    assert found["plane_followed"][0] == pytest.approx(off @ noise / (noise @ noise))
    assert found["plane_error"][0] == pytest.approx(np.mean((off - noise) ** 2))
    places = np.random.default_rng(0).uniform(0, 20, (200_000, n_inputs))
    away = plane.predict(places) - true_plane(places)
    assert found["plane_risk"][0] == pytest.approx(np.mean(away**2), rel=0.03)


@pytest.mark.parametrize("n_inputs", [1, 5, 50])
def test_the_plane_costs_what_is_expected(n_inputs):
    """Over draws of the noise: degrees of freedom, training error and excess risk."""
    rng = np.random.default_rng(n_inputs)
    x, n_draws = rng.uniform(0, 20, (100, n_inputs)), 2000
    rows = [dimensions._plane(x, 2 * rng.normal(size=100)) for _ in range(n_draws)]
    for name, expected in (
        ("plane_followed", (n_inputs + 1) / 100),
        ("plane_error", 4 * (1 - (n_inputs + 1) / 100)),
        ("plane_risk", rows[0]["plane_cost"]),
    ):
        values = np.array([row[name] for row in rows])
        assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(n_draws)
        assert values.std() / np.sqrt(n_draws) < 0.05 * expected
    # Gaussian inputs would cost 1/n + (1 + 1/n) d/(n - d - 2) times the variance of the noise, on
    # average over the inputs; uniform ones cost about as much.
    gaussian = 4 * (1 / 100 + 1.01 * n_inputs / (98 - n_inputs))
    assert rows[0]["plane_cost"] == pytest.approx(gaussian, rel=0.25)


def test_a_network_without_hidden_layers_becomes_the_plane():
    changes = {"hidden_widths": (), "batch_size": None, "learning_rate": 0.1, "epochs": 2000}
    found = judge_dimensions(seeds=[0, 1], n_inputs=3, standardize_x=True, **changes)
    for name in ("followed", "error"):
        np.testing.assert_allclose(found[name], found[f"plane_{name}"], rtol=1e-3)
    np.testing.assert_allclose(found["bent"], 0, atol=1e-9)


def test_it_is_born_as_a_line_of_one_input_and_as_no_plane_of_two():
    line, cone = (judge_dimensions(seeds=range(4), n_inputs=d, epochs=1) for d in (1, 2))
    np.testing.assert_allclose(line["born_bent"], 0, atol=1e-9)
    assert (cone["born_bent"] > 1e-4).all()
    assert not line["born_cutting"].any()
    # Of two weights, both have one sign as often as not; a bend may miss all of the points.
    assert np.mean(cone["born_cutting"]) == pytest.approx(0.5, abs=5 / 40)


def test_a_newborn_sees_what_it_will_be_trained_on():
    """A standardized input has its zero among the points, and biases bend a line there."""
    for changes in ({"standardize_x": True}, {"bias_std": 2.0}):
        found = judge_dimensions(seeds=range(3), epochs=1, **changes)
        assert (found["born_bent"] > 1e-4).all()
        assert (found["born_cutting"] > 0.1).all()


def test_a_plane_is_not_bent_and_noise_is_as_large_as_it_is():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 20, (200, 9))
    assert bent(x, 5 + x @ rng.normal(size=9)) == pytest.approx(0, abs=1e-20)
    found = [bent(x, x.sum(axis=1) + 3 * rng.normal(size=200)) for _ in range(500)]
    assert np.mean(found) == pytest.approx(9, abs=5 * np.std(found) / np.sqrt(500))
    assert np.isnan(bent(x, np.full(200, np.inf)))


def test_a_network_that_diverged_has_no_numbers():
    found = judge_dimensions(
        seeds=[0], n_inputs=2, optimizer="sgd", learning_rate=1e9, hidden_widths=(4,), epochs=2
    )
    assert all(np.isnan(found[name]).all() for name in ("followed", "error", "risk", "bent"))
    assert np.isfinite(found["born_bent"]).all()
    assert np.isfinite(found["plane_risk"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_inputs": 0}, "n_inputs must be at least 1, got 0"),
        ({"unit": 0.0}, "unit must be above zero, got 0"),
        ({"n_samples": 4}, "n_samples must be more than the plane has parameters, 4, got 4"),
        ({"n_places": 4}, "n_places must be more than the plane has parameters, 4, got 4"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        judge_dimensions(**({"seeds": [0], "n_inputs": 3} | change))
