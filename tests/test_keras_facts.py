"""What the pages take for granted about Keras. A failure here says that Keras has changed."""

import keras
import numpy as np
import tensorflow as tf

from overfit_tutorial import data

STORY = data.sample_noisy(seed=0)


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
