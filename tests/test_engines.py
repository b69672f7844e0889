"""The front door: which engine trains, by the recipe alone, and what goes with the exact one."""

import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest

from overfit_tutorial import data, exact
from overfit_tutorial._engine import checks, exactly
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.exact import definition, webassembly
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.training import fit_network

SMALL = Recipe(hidden_widths=(9, 6), batch_size=8, epochs=10)
POINTS = data.sample_noisy_many(7, n_samples=30, seed=0)
SEEDS = [np.random.SeedSequence(3, spawn_key=(k,)) for k in range(7)]


def bits_of(fit):
    """Return a fit's numbers to the last bit."""
    kept = [array for weights in fit.checkpoints.values() for array in weights]
    slots = [array for kinds in fit.slots.values() for kind in kinds for array in kind]
    arrays = (*fit.weights, *fit.last_weights, fit.loss, fit.validation_loss, *kept, *slots)
    return [array.tobytes() for array in arrays]


def small_fit(*, members=slice(None), **options):
    x, y, seeds = POINTS.x[members], POINTS.y[members], SEEDS[members]
    return fit_ensemble(x, y, SMALL, seed=seeds, checkpoints=(3, 10), **options)


# -- Which engine ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "engine"),
    [
        ({}, "exact"),
        ({"optimizer": "lion", "weight_decay": 0.1, "average_last": 2}, "exact"),
        ({"standardize_x": True, "validation_share": 0.2, "patience": 1}, "exact"),
        ({"learning_rate": lambda step: 0.01 / (1 + step)}, "exact"),
        ({"activation": "tanh"}, "xla"),
        ({"dtype": "float64"}, "xla"),
        ({"dropout": 0.1}, "xla"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
def test_the_recipe_says_which_engine_trains(changes, engine):
    recipe = SMALL.replace(epochs=2).replace(**changes)
    fit = fit_network(POINTS.x[0], POINTS.y[0], recipe, seed=0)
    assert fit.engine == engine


def test_a_network_too_large_for_its_memory_is_another_engines():
    """Nothing is laid out to find it out: it is reckoned."""
    large = SMALL.replace(hidden_widths=(10_000, 10_000))
    assert exact.n_bytes(large, 30) > exact.MOST_BYTES
    assert checks.check_engine(None, large, 30) == "xla"
    assert checks.check_engine(None, large.replace(hidden_widths=(5_000, 5_000)), 30) == "exact"
    with pytest.raises(ValueError, match=r"takes less than two gigabytes, got .* 2,\d+,\d+,\d+ b"):
        checks.check_engine("exact", large, 30)


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"activation": "tanh"}, "activation='tanh', dtype='float32', dropout=0,"),
        ({"dtype": "float64"}, "activation='relu', dtype='float64', dropout=0,"),
        ({"dropout": 0.5}, "activation='relu', dtype='float32', dropout=0.5,"),
    ],
)
def test_the_exact_engine_refuses_what_it_does_not_know(changes, got):
    with pytest.raises(ValueError, match=f"engine must not be 'exact' unless .*, got {got}"):
        fit_network(POINTS.x[0], POINTS.y[0], SMALL.replace(**changes), seed=0, engine="exact")


@pytest.mark.parametrize("fit", [fit_network, fit_ensemble])
@pytest.mark.parametrize("engine", ["wasm", "", 1])
def test_an_unknown_engine_is_refused(fit, engine):
    more = {"n_members": 2} if fit is fit_ensemble else {}
    with pytest.raises(ValueError, match=f"engine must be None or .* xla, got {engine!r}"):
        fit(POINTS.x[0], POINTS.y[0], SMALL, seed=0, engine=engine, **more)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "momentum", "learning_rate": 1e-3, "weight_decay": 0.1},
        {"validation_share": 0.2, "patience": 2, "standardize_x": True, "standardize_y": True},
        {"average_last": 3, "keep_short_batch": False, "bias_std": 0.5},
    ],
    ids=str,
)
def test_both_engines_train_the_same_network(changes):
    """They share draws, and no code that trains; some forty steps lose two digits of seven."""
    recipe = SMALL.replace(**changes)
    one, other = (
        fit_ensemble(POINTS.x, POINTS.y, recipe, seed=3, engine=engine, checkpoints=checkpoints)
        for engine in ("exact", "xla")
        for checkpoints in [() if "patience" in changes else (1, 10)]
    )
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one.loss, other.loss, rtol=1e-3)
    np.testing.assert_allclose(one.validation_loss, other.validation_loss, rtol=1e-3)
    for epoch, kinds in one.slots.items():
        for kind, other_kind in zip(kinds, other.slots[epoch], strict=True):
            for a, b in zip(kind, other_kind, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3 * np.abs(b).max())


# -- The same bits -----------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_threads_order_and_number_of_members_change_no_bit(n_jobs):
    everyone = small_fit()
    assert bits_of(small_fit(n_jobs=n_jobs)) == bits_of(everyone)
    few = small_fit(members=slice(5, 1, -2), n_jobs=n_jobs)
    for member, index in zip(few, (5, 3), strict=True):
        assert bits_of(member) == bits_of(everyone[index])
    assert bits_of(everyone[0]) != bits_of(everyone[1])


def test_a_training_of_tensorflow_beside_it_changes_no_bit():
    expected, stop, rounds = bits_of(small_fit()), threading.Event(), []

    def train():
        while not stop.is_set():
            wide = SMALL.replace(hidden_widths=(64, 64), epochs=50)
            fit_network(POINTS.x[0], POINTS.y[0], wide, seed=0, engine="xla")
            rounds.append(1)

    other = threading.Thread(target=train)
    other.start()
    try:
        while not rounds:
            time.sleep(0.01)
        n_before = len(rounds)
        while len(rounds) < n_before + 2:
            assert bits_of(small_fit(n_jobs=2)) == expected
    finally:
        stop.set()
        other.join()


def test_slices_of_a_training_change_no_bit(monkeypatch):
    expected = bits_of(small_fit())
    monkeypatch.setattr(exactly, "_SECONDS_A_CALL", 1e-9)  # a call takes one step
    assert bits_of(small_fit()) == expected


def test_many_checkpoints_do_not_make_later_calls_long():
    """A call that ends early at a checkpoint is quick, but says nothing of a longer one."""
    asked = []

    class Trainer:
        is_over = has_diverged = False

        def __init__(self):
            self.n_epochs = 0

        def advance(self, until, most_steps):
            asked.append(most_steps)
            self.n_epochs = min(until, self.n_epochs + most_steps)
            return self.n_epochs

        def weights(self):
            return ()

        slots = weights

        def losses(self):
            return np.zeros(self.n_epochs), np.zeros(0)

    recipe = Recipe(hidden_widths=(), batch_size=None, epochs=400)
    plan = exact.plan_of(recipe, 10, np.ones(400))
    exactly._train(Trainer(), plan, range(1, 400), lambda n_epochs: None)
    assert len(asked) == 400
    assert max(asked) == exactly._FIRST_STEPS


# -- Without WebAssembly -----------------------------------------------------


@pytest.fixture
def no_webassembly(monkeypatch):
    """Let the package that runs WebAssembly be missing."""
    exact._ask.cache_clear()
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    yield
    exact._ask.cache_clear()


def test_without_webassembly_there_is_one_warning_and_the_same_bits(request, monkeypatch):
    expected = small_fit()
    at = np.linspace(-1, 21, 7)
    values = expected.predict(at)
    request.getfixturevalue("no_webassembly")
    available = webassembly.is_available

    def slowly():
        time.sleep(0.2)  # so that the threads ask at once
        return available()

    monkeypatch.setattr(webassembly, "is_available", slowly)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plain = small_fit(n_jobs=4)
        again = plain.predict(at)
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert str(caught[0].message).startswith("the package wasmtime is not here: networks are")
    assert bits_of(plain) == bits_of(expected)
    assert again.tobytes() == values.tobytes()
    assert plain.engine == "exact"
    assert type(exact.trainer_of(*ARGUMENTS)) is definition.Trainer


ARGUMENTS = (
    exact.plan_of(Recipe(hidden_widths=(), epochs=1, batch_size=None), 2, np.ones(1)),
    *(np.ones(2, np.float32), np.ones(2, np.float32)),
    (np.ones((1, 1), np.float32), np.ones(1, np.float32)),
    0,
)


def test_with_webassembly_it_trains():
    assert type(exact.trainer_of(*ARGUMENTS)) is webassembly.Trainer


# -- What diverges -----------------------------------------------------------


@pytest.mark.parametrize("name", exact.plan.N_SLOTS)
def test_a_member_that_diverges_is_marked_and_leaves_the_others_alone(name):
    recipe = SMALL.replace(optimizer=name, learning_rate=1e-4)
    y = POINTS.y.copy()
    y[3] = 3e38  # their gradient is beyond single precision
    fit = fit_ensemble(POINTS.x, y, recipe, seed=SEEDS)
    assert fit.diverged.tolist() == [k == 3 for k in range(7)]
    assert all(np.isnan(weight).all() for weight in fit[3].weights)
    calm = fit_ensemble(POINTS.x, POINTS.y, recipe, seed=SEEDS)
    assert all(bits_of(fit[k]) == bits_of(calm[k]) for k in range(7) if k != 3)


@pytest.mark.parametrize("name", exact.plan.N_SLOTS)
def test_everybody_diverges_at_an_absurd_rate(name):
    recipe = SMALL.replace(optimizer=name, learning_rate=3e38)
    fit = fit_ensemble(POINTS.x, POINTS.y, recipe, seed=SEEDS, checkpoints=(1, 10))
    assert fit.diverged.all()
    assert all(np.isnan(weight).all() for weight in (*fit.weights, *fit.checkpoints[10]))


# -- Predictions -------------------------------------------------------------


def test_a_value_does_not_depend_on_what_is_asked_beside():
    fit = fit_network(POINTS.x[0], POINTS.y[0], SMALL.replace(standardize_x=True), seed=0)
    at = np.linspace(-5, 25, 150)
    values = fit.predict(at)
    assert fit.predict(at[::-1]).tobytes() == values[::-1].tobytes()
    parts = [fit.predict(part) for part in np.split(at, [1, 3, 70])]
    assert np.concatenate(parts).tobytes() == values.tobytes()


# -- What it leaves out ------------------------------------------------------

LIGHT = """
    import sys

    import numpy as np
    from overfit_tutorial.ensembles import fit_ensemble
    from overfit_tutorial.training import STORY, fit_network

    x = np.linspace(0, 20, 100)
    recipe = STORY.replace(epochs=2, learning_rate=lambda step: 0.01 / (1 + step))
    many = fit_ensemble(x, x, STORY.replace(epochs=2), seed=0, n_members=3, n_jobs=2)
    one = fit_network(x, x, recipe, seed=0, checkpoints=[1])
    assert np.isfinite(many.predict(x)).all() and np.isfinite(one.at(1).predict(x)).all()
    print(*{"keras", "tensorflow", "jax", "scipy", "pandas", "matplotlib"} & sys.modules.keys())
"""


def test_the_story_is_trained_without_tensorflow_in_the_process():
    command = [sys.executable, "-c", textwrap.dedent(LIGHT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
