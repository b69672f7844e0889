"""The Keras networks of the tutorial.

One function builds them all, with Keras' own defaults: Glorot uniform weights, zero biases.
"""

from collections.abc import Sequence

import keras

from overfit_tutorial import _arguments, _forks

__all__ = ["build_mlp"]


def build_mlp(
    hidden_widths: Sequence[int] = (100,) * 5,
    *,
    seed: _arguments.Seed,
    activation: str = "relu",
) -> keras.Sequential:
    """Build a fully connected network with one input and one output.

    Parameters
    ----------
    hidden_widths : sequence of int
        Units of each hidden layer; the default is the network of the story.
    seed : int or SeedSequence
        Of the initial weights. The same seed builds the same weights, and layers differ.
    activation : str
        The name of a Keras activation, used in every hidden layer.

    Returns
    -------
    keras.Sequential
        Built, not compiled, in single precision. 40,701 parameters by default.

    Raises
    ------
    TypeError, ValueError
        If a width is not a positive whole number, the seed is missing, or Keras does not know
        the activation.

    Examples
    --------
    >>> build_mlp(seed=0).count_params()
    40701
    """
    _forks.check_not_copied()
    widths = _arguments.check_widths(hidden_widths)
    # One integer a layer: the same for all would make layers of one shape identical, and so would
    # a shared generator in a network that Keras clones, since each initializer gets a copy of it.
    seeds = [int(s) for s in _arguments.check_seed(seed).generate_state(len(widths) + 1)]
    check_activation(activation)
    layers = [
        keras.layers.Dense(
            units,
            activation=function,
            kernel_initializer=keras.initializers.GlorotUniform(seed=layer_seed),
            dtype="float32",  # whatever the user's settings are: they would change the numbers
        )
        for units, function, layer_seed in zip(
            [*widths, 1], [*[activation] * len(widths), None], seeds, strict=True
        )
    ]
    return keras.Sequential([keras.Input((1,), dtype="float32"), *layers])


def check_activation(activation: object) -> None:
    """Refuse what Keras does not know, by name."""
    if not isinstance(activation, str):
        raise TypeError(f"activation must be the name of a Keras activation, got {activation!r}")
    try:
        keras.activations.get(activation)
    except ValueError:
        raise ValueError(
            f"activation must be a name that Keras knows, such as 'relu' or 'tanh', "
            f"got {activation!r}"
        ) from None
