"""Which units each step drops: random bits that are the same with XLA and without."""

from typing import Any

import tensorflow as tf


def masks(shape: Any, keys: Any, step: Any, n_points: int) -> tuple[Any, ...]:
    """Return a mask for each hidden layer: zero, or what makes up for the zeros.

    Parameters
    ----------
    shape : loop.Shape
        Of the networks.
    keys : tensor of shape (n_members,)
        Where each member's stream begins.
    step : tensor
        Steps taken before.
    n_points : int
        Points of the batch.
    """
    if not shape.dropout:
        return ()
    hidden = shape.widths[1:-1]
    n_units = sum(hidden)
    places = tf.reshape(tf.range(n_points * n_units, dtype=tf.int64), [n_points, n_units])
    before = tf.cast(step, tf.int64) * (shape.batch_size * n_units)
    draws = _split_mix(keys[:, None, None], tf.cast(before + places, tf.uint64))
    draws = tf.cast(tf.bitwise.right_shift(draws, _unsigned(40)), tf.int32)  # 24 of the bits
    keep = tf.cast(draws >= round(shape.dropout * 2**24), shape.dtype)
    return tuple(tf.split(keep / (1 - shape.dropout), hidden, axis=-1))


def _split_mix(key: Any, index: Any) -> Any:
    """Return 64 random bits: number `index`, from zero, of the stream that `key` starts.

    This is SplitMix64. TensorFlow's generators give other numbers under XLA than without, and one
    stream at a time.

    References
    ----------
    Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.
    """
    z = key + (index + 1) * _unsigned(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(shift)))
        z *= _unsigned(factor)
    return z


def _unsigned(value: int) -> Any:
    return tf.constant(value, tf.uint64)
