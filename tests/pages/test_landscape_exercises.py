"""The answers of the exercises on the loss landscape are what a reader finds who tries."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from overfit_tutorial import data, landscapes, linear
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies import minima
from overfit_tutorial.training import STORY

LANDSCAPE = Path(__file__).parents[2] / "examples" / "3_loss_landscape"
BAD = LANDSCAPE / "plot_1_are_bad_minima_sharper.py"
CURVATURE = LANDSCAPE / "plot_2_what_does_curvature_look_like.py"
VOLUME = LANDSCAPE / "plot_3_do_good_minima_fill_more_space.py"
BETWEEN = LANDSCAPE / "plot_4_what_lies_between_minima.py"
SHARP = LANDSCAPE / "plot_5_can_sharp_be_good.py"
EDGE = LANDSCAPE / "plot_6_why_does_sharpness_stop_rising.py"

FLATNESS = LANDSCAPE / "plot_7_what_did_flatness_explain.py"


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
    assert worse == pytest.approx(sharper, abs=0.1)


def test_the_storys_network_has_fewer_eigenvalues_than_points(perform):
    page = perform(CURVATURE, "N_STORIES", "DATA_SEED", "TRAINING_SEED")
    samples = data.sample_noisy_many(page["N_STORIES"], seed=page["DATA_SEED"])
    fits = fit_ensemble(samples.x, samples.y, seed=page["TRAINING_SEED"])
    spectra = [
        landscapes.gauss_newton_eigenvalues(fit.to_keras(), x, y)
        for fit, x, y in zip(fits, samples.x, samples.y, strict=True)
    ]
    counts = [(values > 1e-10 * values[0]).sum() for values in spectra]
    # Rounding moves the smallest of them across the bound.
    found = np.median(counts), min(counts), max(counts)
    assert found == tuple(pytest.approx(count, abs=2) for count in (33, 16, 45))


def test_across_data_sets_volume_goes_with_risk_a_little(perform):
    page = perform(VOLUME, "correlation", "volume", "risk", "level")
    found = page["correlation"](*(page[name][page["level"] == 0] for name in ("volume", "risk")))
    assert found.value == pytest.approx(-0.4, abs=0.05)
    assert -0.05 < found.high < 0.05


def test_a_hundred_steps_find_the_way_around(perform):
    short = [('"other": 200, "bad": 1000', '"other": 200, "bad": 100')]
    assert 0 < perform(BETWEEN, "left", changes=short)["left"].value < 0.02


def test_norm_and_sharpness_prefer_nearly_the_same_balance(perform):
    page = perform(SHARP, "twin", "sharpness", "both")
    twin, sharpness = page["twin"], page["sharpness"]
    rows = []
    for k in page["both"][:16]:
        kernel, bias, behind = page["good"].weights(k)[:3]
        best = (np.sum(behind**2) / (np.sum(kernel**2) + np.sum(bias**2))) ** 0.25
        # A largest eigenvalue of parts that grow and shrink by powers has one minimum.
        least = minimize_scalar(
            lambda way, k=k: sharpness(twin(k, np.exp(way)), k),
            bounds=np.log([0.5, 4]),
            options={"xatol": 0.005},
        )
        rows.append((best, np.exp(least.x), sharpness(twin(k, best), k) / least.fun))
    norm, sharp, above = np.median(rows, axis=0)
    assert norm == pytest.approx(1.9, abs=0.06)
    assert sharp == pytest.approx(1.15, abs=0.03)
    assert above == pytest.approx(1.17, abs=0.01)


def test_half_the_step_of_gradient_descent_ends_twice_as_sharp(perform):
    changes = [
        ('optimizer="sgd", learning_rate=0.2', 'optimizer="sgd", learning_rate=0.1'),
        (
            "for name, r in recipes.items()}",
            'for name, r in recipes.items() if r.optimizer == "sgd"}',
        ),
    ]
    ratios = perform(EDGE, "ratios", "sharpness", changes=changes)["ratios"]
    even = ratios["gradient descent"][:, -40:]
    arrives = 100 * (1 + (even >= 0.85).argmax(axis=1))
    assert np.median(even[:, 20:]) == pytest.approx(0.95, abs=0.02)
    assert np.median(arrives) == pytest.approx(1500, abs=200)


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
