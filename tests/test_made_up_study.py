"""Made-up files: every number from scratch, from one network and one line."""

import numpy as np
import pytest
from scipy import stats

from overfit_tutorial import data, linear
from overfit_tutorial.shaking import added_noise_followed
from overfit_tutorial.streams import split_seeds
from overfit_tutorial.studies.made_up import judge_files
from overfit_tutorial.studies.own_points import estimate_noise_std
from overfit_tutorial.training import STORY, fit_network

SMALL = STORY.replace(hidden_widths=(8, 8), epochs=4, standardize_y=True)
FILE = {"noise_std": 0.5, "low": 1900.0, "high": 2000.0}


def wave(x):
    return np.sin(x / 20)


@pytest.mark.parametrize("scaled", [True, False])
def test_the_study_is_one_network_and_one_line_for_each_file(scaled):
    found = judge_files(
        seeds=[7, 8], truth=wave, recipe=SMALL, n_known=40, n_held=12, scaled=scaled, **FILE
    )
    drawing, training, shaking = (stream[0] for stream in split_seeds([8], 3))
    file = data.sample_noisy(wave, 52, seed=drawing, **FILE)
    known, held = slice(40), slice(40, None)

    def seen(x):
        return (x - 1900) / 5 if scaled else x

    def network(y):
        return fit_network(seen(file.x[known]), y, SMALL, seed=training)

    fit, line = network(file.y[known]), linear.fit_line(file.x[known], file.y[known])
    ours, theirs = (
        (values - file.y[held]) ** 2
        for values in (fit.predict(seen(file.x[held])), line(file.x[held]))
    )
    expected = {
        "error": ours.mean(),
        "scatter": stats.sem(ours),
        "gap": (ours - theirs).mean(),
        "doubt": stats.sem(ours - theirs),
        "shaken": added_noise_followed(
            lambda y: network(y).predict(seen(file.x[known])),
            file.y[known],
            size=0.5,
            seed=shaking,
        ),
        "noise": estimate_noise_std(file.x, file.y),
        "risk": data.excess_risk(lambda x: fit.predict(seen(x)), wave, low=1900, high=2000),
        "line": data.excess_risk(line, wave, low=1900, high=2000),
        "followed": data.noise_followed(
            fit.predict(seen(file.x[known])), wave, file.x[known], file.y[known]
        ),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        # Sums of a few float64 numbers; places differ by their last digit before float32.
        assert found[name][1] == pytest.approx(value, rel=1e-5, abs=1e-7), name


def test_points_that_are_not_shaken_are_judged_alike_otherwise():
    options = {"seeds": [7, 8], "truth": wave, "recipe": SMALL, "n_known": 40, **FILE}
    shaken, still = judge_files(**options), judge_files(**options, shake=False)
    assert shaken.keys() - still.keys() == {"shaken"}
    for name, values in still.items():
        np.testing.assert_array_equal(values, shaken[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_known": 0}, "n_known must be at least 1, got 0"),
        ({"n_held": 1}, "n_held must be at least 2, got 1"),
        ({"low": 2.0, "high": 1.0}, "low must be below high, got low=2, high=1"),
        ({"noise_std": 0.0}, "size must be above zero, got 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    options = {"truth": wave, "recipe": SMALL, "noise_std": 0.5} | arguments
    with pytest.raises(ValueError, match=message):
        judge_files(seeds=[0], **options)
