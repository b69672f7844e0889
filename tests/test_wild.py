"""What becomes of the wild curve is what one finds by training each network oneself."""

import numpy as np
import pytest

from overfit_tutorial import data, linear
from overfit_tutorial.studies.wild import train_from_the_dots
from overfit_tutorial.training import STORY, fit_network
from overfit_tutorial.weights.dots import join_the_dots
from overfit_tutorial.weights.symmetries import flatten

SMALL = {"hidden_widths": (12, 12), "epochs": 3}


def points(seed):
    child = np.random.SeedSequence(seed, spawn_key=(1000,))
    return data.sample_noisy(n_samples=12, seed=child)


@pytest.mark.parametrize("start", ["by hand", "rescaled", "funnel"])
def test_the_study_is_one_network_after_the_other(start):
    found = train_from_the_dots(seeds=[3, 4], start=start, n_samples=12, batch_size=5, **SMALL)
    for k, seed in enumerate([3, 4]):
        sample = points(seed)
        wild = join_the_dots(sample.x, sample.y, hidden_widths=(12, 12), funnel=start == "funnel")
        if start != "by hand":
            wild = flatten(wild, sample.x)
        recipe = STORY.replace(**SMALL, batch_size=5)
        fit = fit_network(
            sample.x, sample.y, recipe, seed=seed, initial_weights=wild, checkpoints=[1]
        )
        for name, moment in {"error_first": fit.at(1), "error": fit}.items():
            expected = np.mean((moment.predict(sample.x) - sample.y) ** 2)
            assert found[name][k] == pytest.approx(expected, rel=1e-12)
        noise = sample.y - data.TRUE_LINE(sample.x)
        off = fit.predict(sample.x) - data.TRUE_LINE(sample.x)
        assert found["followed"][k] == pytest.approx(off @ noise / (noise @ noise), rel=1e-9)
        line = linear.fit_line(sample.x, sample.y)
        assert found["line_error"][k] == np.mean((line(sample.x) - sample.y) ** 2)


@pytest.mark.parametrize("start", ["by hand", "rescaled", "funnel"])
def test_every_start_is_the_joined_dots(start):
    still = {"optimizer": "sgd", "learning_rate": 1e-20, "hidden_widths": (12, 12), "epochs": 1}
    found = train_from_the_dots(seeds=[3, 4], start=start, n_samples=12, batch_size=None, **still)
    # The trainer rounds to float32: slopes of hundreds, added up and canceled.
    assert found["error"] == pytest.approx([0, 0], abs=1e-6)
    assert found["followed"] == pytest.approx([1, 1], abs=1e-3)


def test_a_network_that_diverges_is_infinitely_wrong():
    bold = {"optimizer": "sgd", "learning_rate": 1e9, "batch_size": None}
    found = train_from_the_dots(seeds=[3], start="by hand", n_samples=12, **bold, **SMALL)
    assert np.isposinf(found["error"]).all()
    assert np.isnan(found["followed"]).all()


def test_an_unknown_start_is_refused():
    with pytest.raises(ValueError, match="start must be one of by hand, rescaled, funnel, got 1"):
        train_from_the_dots(seeds=[3], start=1)
