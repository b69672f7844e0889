"""What a study says of a way to train is what one finds by training one network by hand."""

import numpy as np
import pytest

from overfit_tutorial import data, linear
from overfit_tutorial.studies.tuning import judge_training
from overfit_tutorial.training import STORY, fit_network

SMALL = STORY.replace(hidden_widths=(8, 8), epochs=30)


def drawn(seed, child, n_samples):
    seed = np.random.SeedSequence(seed, spawn_key=(child,))
    return data.sample_noisy(n_samples=n_samples, seed=seed)


@pytest.mark.parametrize(
    "recipe",
    [
        SMALL,
        SMALL.replace(average_last=5),
        SMALL.replace(validation_share=0.2, patience=1),
    ],
)
def test_a_study_is_one_network_after_the_other(recipe):
    found = judge_training(seeds=[3, 4], recipe=recipe, n_samples=40, n_held=7)
    for k, seed in enumerate([3, 4]):
        given, held = drawn(seed, 1000, 40), drawn(seed, 3000, 7)
        fit = fit_network(given.x, given.y, recipe, seed=seed)
        line = linear.fit_line(given.x, given.y)
        places = (np.arange(501) + 0.5) * 20 / 501
        truth, noise = 3 + 0.7 * places, given.y - (3 + 0.7 * given.x)
        off = fit.predict(given.x) - (3 + 0.7 * given.x)
        expected = {
            "risk": np.mean((fit.predict(places) - truth) ** 2),
            "line_risk": np.mean((line(places) - truth) ** 2),
            "followed": off @ noise / (noise @ noise),
            "held_out": np.mean((fit.predict(held.x) - held.y) ** 2),
            "line_held_out": np.mean((line(held.x) - held.y) ** 2),
        }
        # Sums of some hundred float64 numbers.
        told = {name: found[name][k] for name in expected}
        assert told == pytest.approx(expected, rel=1e-9)


def test_one_training_tells_of_its_average_and_of_its_last_step():
    both = judge_training(seeds=[3, 4], recipe=SMALL.replace(average_last=15))
    alone = judge_training(seeds=[3, 4], recipe=SMALL)
    for name in ("risk", "followed"):
        assert (both[f"last_{name}"] == alone[name]).all()
        assert (alone[f"last_{name}"] == alone[name]).all()
        assert (both[name] != alone[name]).all()


def test_who_stops_early_took_fewer_epochs():
    stopped = SMALL.replace(validation_share=0.2, patience=1)
    took = judge_training(seeds=range(8), recipe=stopped)["epochs"]
    assert (judge_training(seeds=range(8), recipe=SMALL)["epochs"] == 30).all()
    assert took.min() < 30
    assert took.max() <= 30


def test_all_recipes_get_the_same_points():
    found = [judge_training(seeds=[3, 4], recipe=SMALL.replace(epochs=k)) for k in (1, 2)]
    for name in ("line_risk", "line_held_out"):
        assert (found[0][name] == found[1][name]).all()
    assert (found[0]["held_out"] != found[1]["held_out"]).all()


def test_a_network_that_diverged_is_worse_than_all_others():
    wild = SMALL.replace(optimizer="sgd", learning_rate=1e9)
    found = judge_training(seeds=[3, 4], recipe=wild)
    assert np.isposinf(found["risk"]).all()
    assert np.isposinf(found["held_out"]).all()
    assert np.isnan(found["followed"]).all()
    assert np.isfinite(found["line_held_out"]).all()


def test_points_that_nobody_asked_for_are_refused():
    with pytest.raises(ValueError, match="n_held must be at least 1, got 0"):
        judge_training(seeds=[0], recipe=SMALL, n_held=0)
