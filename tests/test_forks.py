"""A copy of a process in which TensorFlow has computed says so, instead of waiting for ever."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing, warnings
import joblib
from overfit_tutorial import data
from overfit_tutorial.networks import build_mlp
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import fit_network

POINTS = data.sample_noisy(seed=0, n_samples=40)

def train(*, seeds, epochs=1, **changes):
    from overfit_tutorial.recipes import Recipe
    recipe = Recipe(hidden_widths=(3,), epochs=epochs, **changes)
    return {"loss": [fit_network(POINTS.x, POINTS.y, recipe, seed=s).loss[-1] for s in seeds]}

def smooth(_):
    return train(seeds=[0], activation="tanh")

def build(_):
    return build_mlp((3,), seed=0).count_params()

def exact(_):
    return train(seeds=[0])["loss"]

warnings.simplefilter("ignore")
smooth(0)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply(exact, (0,)) == exact(0))
    for function in (smooth, build):
        try:
            pool.apply(function, (0,))
        except RuntimeError as error:
            print(error)
try:
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        run_sweep(train, {"activation": ["tanh"], "epochs": [1, 2]}, seed=0, n_seeds=1)
except RuntimeError as error:
    print(error)
with joblib.parallel_config(backend="loky", n_jobs=2):
    table = run_sweep(train, {"activation": ["tanh"], "epochs": [1, 2]}, seed=0, n_seeds=1)
print(len(table))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system makes no copies")
def test_a_copy_says_that_it_is_one(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"OVERFIT_TUTORIAL_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    first, *errors, last = done.stdout.splitlines()
    assert (first, last) == ("True", "2")
    assert len(errors) == 3
    assert all(text.startswith("processes must be started anew") for text in errors)
