"""The answers of the exercises on the loss landscape are what a reader finds who tries."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from overfit_tutorial import data, landscapes, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies import minima
from overfit_tutorial.training import STORY
from overfit_tutorial.weights import directions

# In the process of the false worlds, which look at the same minima.
pytestmark = pytest.mark.xdist_group("minima")

LANDSCAPE = Path(__file__).parents[2] / "examples" / "4_loss_landscape"
BAD = LANDSCAPE / "plot_1_are_bad_minima_sharper.py"
SHAPE = LANDSCAPE / "plot_2_what_does_the_landscape_look_like.py"
EDGE = LANDSCAPE / "plot_3_why_does_sharpness_stop_rising.py"
FLATNESS = LANDSCAPE / "plot_4_what_did_flatness_explain.py"


def test_points_that_are_a_little_wrong_make_a_minimum_a_little_sharper(perform):
    page = perform(BAD, "N_MEMBERS", "SEED")
    good, some = (
        minima.find_minima(page["N_MEMBERS"], offset=offset, seed=page["SEED"])
        for offset in (0, 1)
    )
    both = good.interpolates & some.interpolates
    sharper = np.median(some.eigenvalues[both, 0] / good.eigenvalues[both, 0])
    worse = np.median(some.excess_risk[both] / good.excess_risk[both])
    assert sharper == pytest.approx(1.7, abs=0.05)
    assert worse == pytest.approx(1.6, abs=0.05)


def test_the_storys_network_has_fewer_eigenvalues_than_points():
    samples = data.sample_noisy_many(20, seed=0)
    fits = fit_ensemble(samples.x, samples.y, seed=1)
    spectra = [
        landscapes.gauss_newton_eigenvalues(fit.to_keras(), x, y)
        for fit, x, y in zip(fits, samples.x, samples.y, strict=True)
    ]
    counts = [(values > 1e-10 * values[0]).sum() for values in spectra]
    # Rounding moves the smallest of them across the bound.
    found = np.median(counts), min(counts), max(counts)
    assert found == tuple(pytest.approx(count, abs=2) for count in (33, 16, 45))


def test_fifty_steps_find_the_way_around(perform):
    page = perform(SHAPE, "height", changes=[('"n_steps": 100', '"n_steps": 50')])
    short = page["height"]("curve to bad", "line to bad, as listed").value
    page = perform(SHAPE, "height")
    longer = page["height"]("curve to bad", "line to bad, as listed").value
    assert short == pytest.approx(0.015, abs=0.003)
    assert longer / short == pytest.approx(0.55, abs=0.08)


def test_norm_and_sharpness_prefer_nearly_the_same_balance(perform):
    page = perform(BAD, "good", "twins", "N_MEMBERS", "kept")
    good, n_members = page["good"], page["N_MEMBERS"]

    def sharpness(factor, k):
        return good.eigenvalues_of(page["twins"](np.full(n_members, factor)))[k, 0]

    rows = []
    for k in page["kept"][:16]:
        kernel, bias, behind = good.weights(k)[:3]
        best = (np.sum(behind**2) / (np.sum(kernel**2) + np.sum(bias**2))) ** 0.25
        # A largest eigenvalue of parts that grow and shrink by powers has one minimum.
        least = minimize_scalar(
            lambda way, k=k: sharpness(np.exp(way), k),
            bounds=np.log([0.5, 4]),
            options={"xatol": 0.005},
        )
        rows.append((best, np.exp(least.x), sharpness(best, k) / least.fun))
    norm, sharp, above = np.median(rows, axis=0)
    assert norm == pytest.approx(1.9, abs=0.06)
    assert sharp == pytest.approx(1.15, abs=0.03)
    assert above == pytest.approx(1.17, abs=0.01)


def test_half_the_step_of_gradient_descent_ends_twice_as_sharp(perform):
    changes = [
        ("learning_rate=0.2, steps=2400", "learning_rate=0.1, steps=4800"),
        (
            "for name, r in recipes.items()}",
            'for name, r in recipes.items() if r.optimizer == "sgd"}',
        ),
    ]
    ratios = perform(EDGE, "ratios", "sharpness", changes=changes)["ratios"]
    even = ratios["gradient descent"][:, -12:]
    arrives = 400 * (1 + (even >= 0.85).argmax(axis=1))
    assert np.median(even[:, 6:]) == pytest.approx(0.95, abs=0.02)
    assert np.median(arrives) == pytest.approx(1500, abs=300)


def test_ten_times_the_story_is_at_no_minimum_either(perform):
    page = perform(FLATNESS, "N_STORIES", "STORY_SEED", "TRAINING_SEED")
    samples = data.sample_noisy_many(page["N_STORIES"], seed=page["STORY_SEED"])
    x, y = samples.x[:10], samples.y[:10]
    story = fit_ensemble(x, y, STORY.replace(epochs=2000), seed=page["TRAINING_SEED"])
    errors = np.mean((story.last().predict(x) - y) ** 2, axis=1)
    fitted = [linear.fit_line(*pair)(pair[0]) for pair in zip(x, y, strict=True)]
    below = np.mean(errors < np.mean((fitted - y) ** 2, axis=1))
    errors /= samples.noise_std**2
    assert np.median(errors) == pytest.approx(1, abs=0.1)
    assert errors.min() > 0.5
    assert below > 0.2


def test_rays_know_the_trace_of_a_bad_minimum_and_no_more(perform):
    bad = perform(FLATNESS, "minima")["minima"]["wrong points"]
    members, rise = np.flatnonzero(bad.interpolates), 0.00025
    assert rise == 0.001 * bad.points.noise_std**2
    radii = np.array(
        [
            directions.ray_radius(
                bad.loss(k), bad.weights(k), tolerance=rise, seed=int(k), n_rays=8
            )
            for k in members
        ]
    )
    found = 2 * rise * bad.fit.recipe.n_parameters() * np.mean(radii**-2, axis=1)
    ratios = found / bad.eigenvalues[members].sum(axis=1)
    assert np.mean(ratios) == pytest.approx(0.87, abs=0.03)
    assert np.median(radii.max(axis=1) / radii.min(axis=1)) > 2


def test_after_worse_points_the_larger_bowl_is_the_better_in_two_cases_of_three(perform):
    # Of what is found after points wrong by 4, nothing is asked here.
    changes = [("gather(4, n_draws=5)", "gather(8, n_draws=5)")]
    page = perform(FLATNESS, "made_bad", "right_guesses", changes=changes)
    size, risk, _, points = page["made_bad"]
    assert page["right_guesses"](-size, risk, points).value == pytest.approx(2 / 3, abs=0.03)
