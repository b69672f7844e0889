"""Ensembles: each member as if it were alone, whatever happens around it."""

import functools
import io
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import tensorflow as tf

from overfit_tutorial import data, ensembles
from overfit_tutorial._engine import blocks, loop, threads
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.training import Recipe, Scaling, fit_network

SMALL = Recipe(hidden_widths=(7, 5), batch_size=8, epochs=6, learning_rate=0.02)
POINTS = data.sample_noisy_many(9, n_samples=30, seed=0)


@pytest.fixture(scope="module", params=["exact", "xla"])
def everyone(request):
    return fit_ensemble(POINTS.x, POINTS.y, SMALL, seed=1, engine=request.param)


def same(fit, other):
    """Say whether two fits are equal, bit for bit."""
    pairs = [*zip(fit.weights, other.weights, strict=True), (fit.loss, other.loss)]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@pytest.mark.parametrize("index", [0, 4, 8])
def test_a_member_is_what_it_would_be_alone(index, everyone):
    seed, engine = np.random.SeedSequence(1, spawn_key=(index,)), everyone.engine
    alone = fit_network(POINTS.x[index], POINTS.y[index], SMALL, seed=seed, engine=engine)
    assert same(everyone[index], alone)
    assert everyone[index].engine == engine


@pytest.mark.parametrize("size", [1, 2, 4, 16])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_neither_blocks_nor_threads_change_a_bit(size, n_jobs, monkeypatch, everyone):
    monkeypatch.setattr(threads, "block_size", lambda *_: size)
    again = fit_ensemble(POINTS.x, POINTS.y, SMALL, seed=1, n_jobs=n_jobs, engine=everyone.engine)
    assert same(again, everyone)


@pytest.mark.parametrize(
    "recipe",
    [
        SMALL.replace(hidden_widths=(33,), dropout=0.3),
        SMALL.replace(hidden_widths=(1, 129), batch_size=7),
        SMALL.replace(average_last=3, dtype="float64"),
        SMALL.replace(validation_share=0.2, patience=2),
    ],
    ids=["dropout", "odd widths", "average", "early stopping"],
)
def test_members_do_not_depend_on_their_number(recipe):
    few = fit_ensemble(POINTS.x[:2], POINTS.y[:2], recipe, seed=1)
    many = fit_ensemble(POINTS.x, POINTS.y, recipe, seed=1)
    assert same(few[1], many[1])
    assert not same(many[0], many[1])


def test_seeds_may_be_given_one_by_one(everyone):
    seeds = [np.random.SeedSequence(1, spawn_key=(k,)) for k in (4, 0)]
    x, y = POINTS.x[[4, 0]], POINTS.y[[4, 0]]
    fit = fit_ensemble(x, y, SMALL, seed=seeds, engine=everyone.engine)
    assert same(fit[0], everyone[4])
    assert same(fit[1], everyone[0])


def test_shared_points_are_each_members_points():
    shared = fit_ensemble(POINTS.x[0], POINTS.y[0], SMALL, seed=2, n_members=3)
    rows = fit_ensemble(np.tile(POINTS.x[0], (3, 1)), np.tile(POINTS.y[0], (3, 1)), SMALL, seed=2)
    assert same(shared, rows)


def test_units_may_be_each_members_own():
    units = Scaling(x_mean=10.0, x_std=np.arange(1.0, 10.0), y_mean=10.0, y_std=4.0)
    fit = fit_ensemble(POINTS.x, POINTS.y, SMALL, seed=1, scaling=units)
    alone = units._replace(x_std=5.0)
    seed = np.random.SeedSequence(1, spawn_key=(4,))
    lone = fit_network(POINTS.x[4], POINTS.y[4], SMALL, seed=seed, scaling=alone)
    assert same(fit[4], lone)
    assert fit[4].scaling == alone


SEVERAL = np.random.default_rng(6).uniform(0, 20, (9, 30, 2))


@pytest.mark.parametrize("engine", ["exact", "xla"])
@pytest.mark.parametrize("standardize_x", [False, True])
def test_points_with_several_inputs_are_each_members_or_shared(engine, standardize_x):
    recipe = SMALL.replace(n_inputs=2, standardize_x=standardize_x)
    own = fit_ensemble(SEVERAL, POINTS.y, recipe, seed=1, engine=engine)
    seed = np.random.SeedSequence(1, spawn_key=(4,))
    alone = fit_network(SEVERAL[4], POINTS.y[4], recipe, seed=seed, engine=engine)
    assert same(own[4], alone)
    at = SEVERAL[0, :7]
    np.testing.assert_array_equal(own.predict(at)[4], alone.predict(at))
    np.testing.assert_array_equal(own.predict(SEVERAL)[4], alone.predict(SEVERAL[4]))
    shared = fit_ensemble(SEVERAL[4], POINTS.y, recipe, seed=1, engine=engine)
    assert same(shared[4], alone)
    assert not same(shared[3], own[3])
    with pytest.raises(ValueError, match="x must have one row for each of 9 members, got 2"):
        own.predict(SEVERAL[:2])
    with pytest.raises(ValueError, match=r"x must have shape \(m, 2\) or .*, got \(5,\)"):
        own.predict(np.zeros(5))
    with pytest.raises(ValueError, match=r"x must have shape \(m, 2\), got \(1, 5, 2\)"):
        alone.predict(np.zeros((1, 5, 2)))


def test_units_of_several_inputs_may_be_each_members_own():
    recipe = SMALL.replace(n_inputs=2)
    stds = np.random.default_rng(7).uniform(1, 5, (9, 2))
    units = Scaling(x_mean=[9.0, 11.0], x_std=stds, y_mean=10.0, y_std=4.0)
    fit = fit_ensemble(SEVERAL, POINTS.y, recipe, seed=1, scaling=units)
    seed = np.random.SeedSequence(1, spawn_key=(4,))
    alone = {"seed": seed, "scaling": units._replace(x_std=stds[4])}
    assert same(fit[4], fit_network(SEVERAL[4], POINTS.y[4], recipe, **alone))
    np.testing.assert_array_equal(fit[4].scaling.x_std, stds[4])


def test_a_diverging_member_is_marked_and_leaves_the_others_alone(everyone):
    y = POINTS.y.copy()
    y[3, 0] = 1e30  # its square is beyond single precision
    fit = fit_ensemble(POINTS.x, y, SMALL, seed=1, engine=everyone.engine)
    assert fit.diverged.tolist() == [k == 3 for k in range(9)]
    assert all(same(fit[k], everyone[k]) for k in range(9) if k != 3)


def test_members_can_be_counted_picked_and_walked_through(everyone):
    assert len(everyone) == len(list(everyone)) == 9
    assert same(everyone[-1], everyone[8])
    with pytest.raises(IndexError, match="index must be below the number of members, 9, got 9"):
        everyone[9]


def test_predictions_are_those_of_the_members(everyone):
    at = np.linspace(0, 20, 5)
    together = everyone.predict(at)
    assert together.shape == (9, 5)
    np.testing.assert_array_equal(together[2], everyone[2].predict(at))
    np.testing.assert_array_equal(everyone.predict(np.tile(at, (9, 1))), together)
    with pytest.raises(ValueError, match="x must have one row for each of 9 members, got 2"):
        everyone.predict(np.zeros((2, 5)))


def test_checkpoints_and_the_last_step_can_be_had():
    fit = fit_ensemble(
        POINTS.x, POINTS.y, SMALL.replace(average_last=2), seed=1, checkpoints=(2, 6)
    )
    np.testing.assert_array_equal(fit.at(6).weights[0], fit.last().weights[0])
    assert not same(fit.at(2), fit.at(6))
    with pytest.raises(ValueError, match=r"epoch must be one of the checkpoints, \[2, 6\], got 3"):
        fit.at(3)


def test_rates_seeds_and_decay_do_not_compile_again():
    compiled = functools.partial(fit_ensemble, POINTS.x, POINTS.y, engine="xla")
    compiled(SMALL, seed=0)
    before = loop._loop_of.cache_info().misses
    for k in range(3):
        recipe = SMALL.replace(learning_rate=0.01 * (k + 1), weight_decay=0.1 * k, epochs=4 + k)
        compiled(recipe, seed=k)
    assert loop._loop_of.cache_info().misses == before
    compiled(SMALL.replace(hidden_widths=(3, 4)), seed=0)
    assert loop._loop_of.cache_info().misses > before


def test_blocks_fill_all_threads_and_stay_in_the_cache():
    assert threads.block_size(1, 40_701, 2) == 1
    assert threads.block_size(512, 40_701, 2) == 8
    assert threads.block_size(512, 4_000_000, 2) == 1
    assert threads.block_size(10_000, 10, 1) == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_members": 3}, r"n_members must agree with the rows of x, y and seed, got \[3, 9\]"),
        ({"x": POINTS.x[:, :5]}, "x and y must have the same number of points, got 5 and 30"),
        ({"x": POINTS.x[None]}, r"x must have shape .* got \(1, 9, 30\)"),
        ({"x": POINTS.x[0], "y": POINTS.y[0]}, "n_members must be given"),
        (
            {"recipe": SMALL.replace(n_inputs=2)},
            r"x must have shape \(n_samples, 2\) or \(n_members, n_samples, 2\), got \(9, 30\)",
        ),
        (
            {"recipe": SMALL.replace(n_inputs=2), "x": SEVERAL[:4]},
            r"n_members must agree with the rows of x, y and seed, got \[4, 9\]",
        ),
        ({"n_jobs": 0}, "n_jobs must be at least 1, got 0"),
        ({"checkpoints": [7]}, "checkpoints must be at most the epochs, 6, got 7"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    arguments = {"x": POINTS.x, "y": POINTS.y, "recipe": SMALL, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        fit_ensemble(arguments.pop("x"), arguments.pop("y"), **arguments)


def test_any_schedule_and_size_of_ensemble_is_one_trace(monkeypatch):
    traces = []
    original = tf.function

    def counted(function, **options):
        def traced(*arguments):
            traces.append(function)
            return function(*arguments)

        return original(traced, **options)

    monkeypatch.setattr(tf, "function", counted)
    loop._loop_of.cache_clear()
    recipe = SMALL.replace(hidden_widths=(6, 4))
    for k, size in enumerate((32, 64, 96)):
        changed = recipe.replace(learning_rate=0.01 * (k + 1), epochs=3 + k)
        fit_ensemble(
            *(POINTS.x[0], POINTS.y[0], changed),
            seed=k,
            n_members=size,
            n_jobs=1,
            engine="xla",
        )
    loops = [one for one in traces if getattr(one, "__name__", "") == "_run"]
    # One block of 32 and blocks of 64; nothing for a seed, a rate, or an epoch more.
    assert 1 <= len(loops) <= 2


def test_memory_is_that_of_blocks_not_of_the_ensemble(monkeypatch):
    sizes = []
    original = blocks.train_block

    def noted(x, *arguments, **options):
        sizes.append((len(x), options["n_padded"]))
        return original(x, *arguments, **options)

    monkeypatch.setattr(blocks, "train_block", noted)
    recipe = SMALL.replace(hidden_widths=(100,) * 5, epochs=1)
    few = {"n_members": 40, "n_jobs": 2, "engine": "xla"}
    fit_ensemble(POINTS.x[0], POINTS.y[0], recipe, seed=0, **few)
    assert sum(n for n, _ in sizes) == 40
    # Eight of the story's networks fill a core's cache.
    assert max(padded for _, padded in sizes) <= 8


@pytest.mark.parametrize("engine", ["exact", "xla"])
def test_a_bar_shows_progress_where_somebody_watches(engine, monkeypatch):
    bars = []

    class Bar(ensembles.tqdm):
        def __init__(self, **options):
            assert options["disable"] is None  # silent unless it writes to a terminal
            options |= {"disable": False, "delay": 0, "mininterval": 0, "file": io.StringIO()}
            super().__init__(**options)
            bars.append(self)

    monkeypatch.setattr(ensembles, "tqdm", Bar)
    fit_ensemble(POINTS.x, POINTS.y, SMALL, seed=1, engine=engine)
    (bar,) = bars
    assert bar.n == bar.total == 9 * 6


def test_nothing_is_printed_where_nobody_watches(capfd):
    fit_ensemble(POINTS.x, POINTS.y, SMALL, seed=1)
    assert capfd.readouterr() == ("", "")


LONG = """
    import signal
    import sys

    import numpy as np
    from overfit_tutorial.ensembles import fit_ensemble
    from overfit_tutorial.training import STORY

    # A process that a shell has put in the background would not hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    x = np.linspace(0, 20, 100)

    def train(epochs):
        recipe = STORY.replace(epochs=epochs)
        fit_ensemble(x, x, recipe, seed=0, n_members=16, n_jobs=2, engine=sys.argv[1])

    train(2)
    print("compiled", flush=True)
    try:
        train(1_000_000)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
@pytest.mark.parametrize("engine", ["exact", "xla"])
def test_ctrl_c_ends_all_threads_within_two_seconds(engine):
    command = [sys.executable, "-c", textwrap.dedent(LONG), engine]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "compiled\n"
            time.sleep(3)  # well into calls of half a second
            start = time.perf_counter()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert time.perf_counter() - start < 2
            # No thread is left over: Python would wait for it.
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_an_array_without_length_is_no_seed():
    points = data.sample_noisy(seed=0)
    with pytest.raises(TypeError, match=r"seed must be an int .* got array\(5\)"):
        fit_ensemble(points.x, points.y, seed=np.array(5), n_members=2)


def test_a_column_is_not_a_hundred_samples_of_one_point():
    points = data.sample_noisy(seed=0)
    with pytest.raises(ValueError, match=r"x must have .* got the column \(100, 1\).* x\[:, 0\]"):
        fit_ensemble(points.x[:, None], points.y[:, None], seed=0)
