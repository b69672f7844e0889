"""The update rules of the engine, against Keras' own optimizers."""

from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from overfit_tutorial import recipes
from overfit_tutorial._engine.updates import OPTIMIZERS

pytestmark = pytest.mark.usefixtures("float64")
RATE = 0.01
# NumPy's numbers, since TensorFlow rounds those of Python to float32 before Keras uses them in
# float64. They are Keras' defaults, which another test holds.
BETA_1, BETA_2, ACCUMULATED = np.float64(0.9), np.float64(0.999), np.float64(0.1)
NAMESAKES = {
    "sgd": lambda: keras.optimizers.SGD(RATE),
    "momentum": lambda: keras.optimizers.SGD(RATE, momentum=BETA_1),
    "nesterov": lambda: keras.optimizers.SGD(RATE, momentum=BETA_1, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(RATE),
    "adagrad": lambda: keras.optimizers.Adagrad(RATE, initial_accumulator_value=ACCUMULATED),
    "adam": lambda: keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2),
    "lion": lambda: keras.optimizers.Lion(RATE, beta_1=BETA_1, beta_2=np.float64(0.99)),
}


def test_a_recipe_may_name_exactly_the_optimizers_that_there_are():
    assert tuple(OPTIMIZERS) == get_args(recipes.OptimizerName) == tuple(NAMESAKES)


def test_the_constants_are_keras_defaults():
    adam, lion = keras.optimizers.Adam(), keras.optimizers.Lion()
    assert (adam.beta_1, adam.beta_2) == (BETA_1, BETA_2)
    assert (lion.beta_1, lion.beta_2) == (BETA_1, 0.99)
    assert keras.optimizers.Adagrad().initial_accumulator_value == ACCUMULATED


@pytest.mark.parametrize("name", NAMESAKES)
def test_a_rule_takes_the_steps_of_its_namesake(name):
    rng = np.random.default_rng(0)
    # From far below each epsilon, which is 1e-7, to far above; some exactly zero.
    sizes = 10.0 ** rng.uniform(-10, 3, size=40)
    gradients = sizes * rng.normal(size=(30, 40)) * (rng.random((30, 40)) < 0.9)
    first = rng.normal(size=40)

    variable, namesake = keras.Variable(first, dtype="float64"), NAMESAKES[name]()
    optimizer = OPTIMIZERS[name]
    weights, rate = tf.constant(first), tf.constant(RATE, tf.float64)
    slots = tuple(tf.fill([40], tf.constant(value, tf.float64)) for value in optimizer.slots)
    for number, gradient in enumerate(gradients, 1):
        namesake.apply([tf.constant(gradient)], [variable])
        step = tf.constant(number, tf.float64)
        weights, slots = optimizer.rule(weights, tf.constant(gradient), slots, rate, step)
        # The same operations, except that some constants are combined in another order: a few
        # roundings of 1e-16 a step; a large gradient moves a weight by up to some ten.
        np.testing.assert_allclose(weights, variable.numpy(), rtol=1e-13, atol=1e-13)
    assert np.abs(weights - first).max() > RATE
