"""A birth is what Keras' own network is; how bent it is has closed forms."""

import math

import numpy as np
import pytest

from overfit_tutorial import data, networks
from overfit_tutorial.draws import first_weights
from overfit_tutorial.studies.births import KEPT, N_PLACES, bent_share, judge_births, newborn
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.training import STORY, fit_network

SMALL = {"hidden_widths": (8, 8), "steps": 40}
SEEDS = [np.random.SeedSequence([3, k]) for k in range(4)]
GRID = np.linspace(-5, 20, 101)
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of SELU, from its fixed point

# What each name means, one number at a time.
MEANT = {
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: max(z, 0.2 * z),
    "tanh": math.tanh,
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + math.exp(-z)),
    "selu": lambda z: SCALE * (z if z > 0 else ALPHA * math.expm1(z)),
}


# -- Births --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("bias_std", [0.0, 1.0])
def test_a_birth_is_the_activations_own_sum_of_sums(name, bias_std):
    found = newborn(SEEDS, GRID, hidden_widths=(7, 5), activation=name, bias_std=bias_std)
    weights = first_weights(SEEDS, (7, 5), bias_std=bias_std, dtype=np.float64)
    meant = np.vectorize(MEANT[name])
    for k in range(len(SEEDS)):
        first, a, second, b, last, c = (array[k] for array in weights)
        values = meant(meant(GRID[:, None] @ first + a) @ second + b) @ last + c
        # SELU's constants are float32 in some versions of Keras.
        np.testing.assert_allclose(found[k], values[:, 0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", MEANT)
def test_a_birth_is_that_of_keras_own_network(name):
    found = newborn(SEEDS[:1], GRID, activation=name)[0]
    model = networks.build_mlp(activation=name, seed=0)
    model.set_weights([array[0] for array in first_weights(SEEDS[:1], STORY.hidden_widths)])
    # Single precision, and sums of a hundred terms that nearly cancel.
    expected = model.predict(GRID.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e3])
def test_without_a_scale_a_birth_is_a_line_through_zero(name, unit):
    curves = newborn(SEEDS, KEPT / unit, activation=name)
    ones = newborn(SEEDS, [1.0], activation=name)
    np.testing.assert_allclose(curves, ones * KEPT / unit, rtol=1e-12)
    # The square of roundings.
    assert bent_share(curves).max() < 1e-24


def test_a_birth_of_tanh_is_odd_and_small_inputs_see_its_straight_part():
    curves = newborn(SEEDS, GRID, activation="tanh")
    np.testing.assert_allclose(newborn(SEEDS, -GRID, activation="tanh"), -curves, atol=1e-14)
    weights = first_weights(SEEDS, STORY.hidden_widths, dtype=np.float64)
    products = [np.linalg.multi_dot([w[k] for w in weights[::2]]) for k in range(len(SEEDS))]
    tiny = newborn(SEEDS, [1e-6], activation="tanh")[:, 0]
    np.testing.assert_allclose(tiny, 1e-6 * np.ravel(products), rtol=1e-9)


def test_seen_from_the_middle_relu_is_born_a_corner_and_tanh_nearly_a_line():
    seen = (KEPT - 10) / (20 / math.sqrt(12))
    corner, curve = (bent_share(newborn(SEEDS, seen, activation=a)) for a in ("relu", "tanh"))
    assert np.median(corner) > 50 * np.median(curve)


# -- How bent ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "share"),
    [
        (lambda x: 3 - 2 * x, 0),
        (lambda x: x**2, 1 / 16),
        (lambda x: abs(x - 1 / 2), 1),
        (lambda x: np.sin(2 * np.pi * x), 1 - 6 / np.pi**2),
        (lambda x: x > 1 / 2, 1 / 4),
    ],
)
def test_the_bent_share_has_closed_forms(curve, share):
    x = (np.arange(4000) + 0.5) / 4000
    values = np.stack([1.0 * curve(x), 7 - 1000.0 * curve(x)])
    np.testing.assert_allclose(bent_share(values), share, atol=1e-6)


def test_the_bent_share_is_what_a_regression_leaves():
    curves = np.random.default_rng(0).normal(size=(5, 30)).cumsum(axis=1)
    for curve, share in zip(curves, bent_share(curves), strict=True):
        correlation = np.corrcoef(np.arange(30), curve)[0, 1]
        assert share == pytest.approx(1 - correlation**2, rel=1e-9)


def test_the_bent_share_of_a_constant_is_undefined():
    assert np.isnan(bent_share(np.ones((1, 8)))).all()


# -- The study -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "tanh", "center": 10.0, "unit": 5.0},
        {"bias_std": 1.0, "unit": 20.0},
    ],
    ids=str,
)
def test_the_study_is_one_network_after_the_other(changes):
    found = judge_births(seeds=[3, 4], **changes, **SMALL)
    view = {name: changes[name] for name in ("center", "unit") if name in changes}
    recipe = STORY.replace(**{k: v for k, v in changes.items() if k not in view}, **SMALL)
    center, unit = view.get("center", 0.0), view.get("unit", 1.0)
    for k, seed in enumerate([3, 4]):
        child = np.random.SeedSequence(seed, spawn_key=(1000,))
        sample = data.sample_noisy(seed=child)
        fit = fit_network((sample.x - center) / unit, sample.y, recipe, seed=seed)

        def curve(x, fit=fit):
            return fit.predict((x - center) / unit)

        risk = data.excess_risk(curve, sample.truth, n_points=N_PLACES)
        assert found["risk"][k] == pytest.approx(risk, rel=1e-9)
        places = (np.arange(N_PLACES) + 0.5) * 20 / N_PLACES
        line = np.polynomial.Polynomial.fit(places, curve(places) - sample.truth(places), 1)
        assert found["straight"][k] == pytest.approx(np.mean(line(places) ** 2), rel=1e-6)
        followed = data.noise_followed(curve, sample.truth, sample.x, sample.y)
        assert found["followed"][k] == pytest.approx(followed)
        trained = [found[f"trained_{place}"][k] for place in range(KEPT.size)]
        np.testing.assert_allclose(trained, curve(KEPT), rtol=1e-6)
        still = recipe.replace(learning_rate=1e-30, steps=None, epochs=1)
        first = fit_network((sample.x - center) / unit, sample.y, still, seed=seed)
        born = [found[f"born_{place}"][k] for place in range(KEPT.size)]
        expected = first.predict((KEPT - center) / unit)
        np.testing.assert_allclose(born, expected, rtol=1e-4, atol=1e-5)
        assert found["bent_at_birth"][k] == pytest.approx(
            1 - np.corrcoef(KEPT, expected)[0, 1] ** 2, rel=1e-2, abs=1e-6
        )
        assert found["bent"][k] == pytest.approx(
            1 - np.corrcoef(places, curve(places))[0, 1] ** 2, rel=1e-6, abs=1e-9
        )


@pytest.mark.parametrize("changes", [{}, {"center": 10.0}], ids=str)
def test_networks_and_points_are_those_of_the_recipe_study(changes):
    ours, theirs = (
        study(seeds=[3, 4], **changes, **SMALL) for study in (judge_births, judge_recipe)
    )
    for name in ("followed", "followed_quarter_1", "followed_quarter_4"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-7)
    for name in ("risk", "straight"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)


def test_where_a_network_diverges_its_birth_is_still_known():
    bold = {"optimizer": "sgd", "learning_rate": 1e9, "hidden_widths": (8, 8), "epochs": 3}
    found = judge_births(seeds=[3], **bold)
    assert found["bent_at_birth"] < 1e-12
    assert np.isinf([found["risk"], found["straight"]]).all()
    assert np.isnan([found["bent"], found["followed"], found["trained_7"]]).all()


# -- Wrong input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"unit": 0.0}, "unit must be above zero, got 0"),
        ({"center": np.nan}, "center must be finite"),
        ({"activation": "rectified"}, "activation must be a name that Keras knows"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        judge_births(seeds=[0], **setting)


def test_births_of_nothing_and_of_what_keras_does_not_know_are_refused():
    with pytest.raises(ValueError, match="x must be a vector of at least one number"):
        newborn([0], [])
    with pytest.raises(ValueError, match="activation must be a name that Keras knows"):
        newborn([0], [1.0], activation="rectified")
    with pytest.raises(ValueError, match=r"values must have three or more places .* \(2, 2\)"):
        bent_share([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="values must be numbers in rows of one length"):
        bent_share([["a", "b", "c"]])
