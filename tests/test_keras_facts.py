"""What the pages take for granted about Keras. A failure here says that Keras has changed."""

import ast
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from overfit_tutorial import data
from overfit_tutorial.networks import build_mlp

STORY = data.sample_noisy(seed=0)
PAGE = Path(__file__).parents[1] / "examples/5_variants/plot_1_what_if_the_truth_curves.py"


class Recorder(keras.Sequential):
    """A model that notes its batches instead of learning from them."""

    def train_step(self, batch):
        places, _ = batch
        self.batches.append(places.numpy()[:, 0].tolist())
        return {"loss": 0.0}


def recorded_epochs(*arguments, **options):
    """Return the batches of three epochs of `fit`, each a list of the numbers it was given."""
    model = Recorder([keras.Input((1,)), keras.layers.Dense(1)])
    model.batches = []
    model.compile(run_eagerly=True)
    model.fit(*arguments, epochs=3, verbose=0, **options)
    assert len(model.batches) == 3 * 4
    return [model.batches[start : start + 4] for start in (0, 4, 8)]


def shuffled(x, y, seed):
    """Return the points as the pages hand them to `fit`."""
    points = (x[:, np.newaxis], y[:, np.newaxis])
    return tf.data.Dataset.from_tensor_slices(points).shuffle(100, seed=seed).batch(32)


def recorded_dataset_epochs(*, global_seed=0, seed=0):
    """Return the batches of three epochs over a shuffled data set of the numbers to a hundred."""
    keras.utils.set_random_seed(global_seed)
    return recorded_epochs(shuffled(np.arange(100.0), np.zeros(100), seed), shuffle=False)


def test_fit_on_plain_arrays_repeats_one_order_in_every_epoch():
    keras.utils.set_random_seed(0)
    places = np.arange(100.0)[:, np.newaxis]
    first, second, third = recorded_epochs(places, places)
    assert first == second == third
    assert np.concatenate(first).tolist() != places[:, 0].tolist()


def test_fit_on_a_shuffled_data_set_takes_a_new_order_in_every_epoch():
    orders = [np.concatenate(epoch).tolist() for epoch in recorded_dataset_epochs()]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_a_hundred_points_make_three_batches_of_32_and_then_one_of_4():
    for epoch in recorded_dataset_epochs():
        assert [len(batch) for batch in epoch] == [32, 32, 32, 4]


def test_the_order_of_a_shuffled_data_set_depends_on_both_seeds_and_nothing_else():
    orders = recorded_dataset_epochs()
    assert recorded_dataset_epochs() == orders
    assert recorded_dataset_epochs(seed=1) != orders
    assert recorded_dataset_epochs(global_seed=1) != orders


def train_story(*, weight_seed=0, batch_seed=0):
    """Return the weights after three epochs of the story's training."""
    keras.utils.set_random_seed(weight_seed)
    hidden = [keras.layers.Dense(100, activation="relu") for _ in range(5)]
    model = keras.Sequential([keras.Input((1,)), *hidden, keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")
    model.fit(shuffled(STORY.x, STORY.y, batch_seed), epochs=3, shuffle=False, verbose=0)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def test_the_storys_training_is_reproducible_bit_for_bit():
    weights = train_story()
    assert np.array_equal(train_story(), weights)
    assert not np.array_equal(train_story(batch_seed=1), weights)


@pytest.fixture(scope="module")
def page():
    """Return two functions of the page, without running the rest of it."""
    names = {"build_stack", "summed_squared_error"}
    tree = ast.parse(PAGE.read_text(encoding="utf-8"))
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names]
    namespace = {"keras": keras, "np": np}
    exec(compile(tree, PAGE, "exec"), namespace)
    return namespace


def test_a_stack_has_the_parameters_of_its_members(page):
    assert page["build_stack"](3, seed=0).count_params() == 3 * 40_701


def test_a_stack_trains_each_member_as_if_it_were_alone(page):
    n_members, samples = 2, data.sample_noisy_many(2, seed=0)
    x, y = (array.T[..., np.newaxis].astype("float32") for array in (samples.x, samples.y))
    batches = [slice(start, start + 32) for start in range(0, 100, 32)] * 2

    stack = page["build_stack"](n_members, seed=1)
    loners = [build_mlp(seed=0) for _ in range(n_members)]
    for k, loner in enumerate(loners):
        loner.set_weights([weights[k] for weights in stack.get_weights()])
        loner.compile(keras.optimizers.Adam(0.01), loss="mse")
    stack.compile(keras.optimizers.Adam(0.01), loss=page["summed_squared_error"])
    # float32 rounds at 1e-7, and eight steps make 4e-7 of that; members that touched each other
    # would differ by percents.
    for batch in batches:
        loss = stack.train_on_batch(x[batch], y[batch])
        losses = [m.train_on_batch(x[batch, k], y[batch, k]) for k, m in enumerate(loners)]
        np.testing.assert_allclose(loss, sum(losses), rtol=1e-5)
    together = keras.ops.convert_to_numpy(stack(x))
    for k, loner in enumerate(loners):
        alone = keras.ops.convert_to_numpy(loner(x[:, k]))
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-5)
