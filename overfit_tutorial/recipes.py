"""How a network is trained: every choice, by name, in one frozen object."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from overfit_tutorial import _arguments

OptimizerName = Literal["sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "lion"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network and the way to train it on the mean squared error.

    The defaults are the story's. Everything follows Keras 3: its initializers (Glorot uniform
    weights, zero biases), its optimizers with their default constants, its losses.

    Parameters
    ----------
    n_inputs : int
        How many numbers the network takes; a point of a curve has one.
    hidden_widths : sequence of int
        Units of each hidden layer; empty for a straight line or plane.
    activation : str or callable
        The name of a Keras activation, or a function on tensors that TensorFlow can compile.
    optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "lion"}
        Momentum is 0.9, everything else Keras' default. AdamW is ``"adam"`` with a
        `weight_decay`.
    learning_rate : float or callable
        A positive number, or a schedule: step, from zero, in; rate out. Any
        ``keras.optimizers.schedules.LearningRateSchedule`` is one.
    batch_size : int or None
        Points a step; None takes all of them, in their order.
    epochs : int
        Passes over the points.
    steps : int or None
        Counts steps instead of epochs; must fill whole epochs.
    keep_short_batch : bool
        Whether the points left over at the end of an epoch make a smaller batch of their own, as
        in Keras, or are left out of this epoch.
    reshuffle : bool
        Whether each epoch draws a new order. If not, the first one is repeated, which is what
        ``fit`` does on arrays after ``keras.utils.set_random_seed``.
    weight_decay : float
        Decoupled, as in Keras: before each step, weights and biases shrink by this times the
        learning rate.
    dropout : float
        Share of units dropped after each hidden layer while training.
    validation_share : float
        Share of the points, the last ones, that are not trained on.
    patience : int or None
        Stop after that many epochs without a better validation loss, and keep the best weights.
    standardize_x, standardize_y : bool
        Whether the network sees inputs (each of them), or targets, with mean zero and variance
        one over the points that it is trained on. Losses and predictions stay in the units of
        `y`.
    average_last : int
        If positive, predict with the mean of the weights after each step of that many last
        epochs.
    bias_std : float
        Standard deviation of normally distributed initial biases of the hidden layers.
    dtype : {"float32", "float64"}
        Of the arithmetic.

    Raises
    ------
    TypeError, ValueError
        If a setting breaks its rule; the message names setting, rule and value.

    Examples
    --------
    >>> Recipe(optimizer="sgd", learning_rate=0.05).n_steps(100)
    800
    """

    n_inputs: int = 1
    hidden_widths: Sequence[int] = (100,) * 5
    activation: str | Callable[[Any], Any] = "relu"
    optimizer: OptimizerName = "adam"
    learning_rate: float | Callable[[int], float] = 0.01
    batch_size: int | None = 32
    epochs: int = 200
    steps: int | None = None
    keep_short_batch: bool = True
    reshuffle: bool = True
    weight_decay: float = 0.0
    dropout: float = 0.0
    validation_share: float = 0.0
    patience: int | None = None
    standardize_x: bool = False
    standardize_y: bool = False
    average_last: int = 0
    bias_std: float = 0.0
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        _arguments.check_count("n_inputs", self.n_inputs)
        widths = tuple(_arguments.check_widths(self.hidden_widths))
        object.__setattr__(self, "hidden_widths", widths)
        if not isinstance(self.activation, str) and not callable(self.activation):
            raise TypeError(
                f"activation must be the name of a Keras activation or a function, "
                f"got {self.activation!r}"
            )
        try:
            hash((self.activation, self.learning_rate))  # compiled code is found again by them
        except TypeError as error:
            raise TypeError(f"activation and learning_rate must be hashable: {error}") from None
        _check_choice("optimizer", self.optimizer, get_args(OptimizerName))
        _check_choice("dtype", self.dtype, ("float32", "float64"))
        if not callable(self.learning_rate):
            rate = _arguments.check_finite("learning_rate", self.learning_rate)
            if rate <= 0:
                raise ValueError(f"learning_rate must be positive, got {rate:g}")
        for name in ("batch_size", "steps", "patience"):
            if getattr(self, name) is not None:
                _arguments.check_count(name, getattr(self, name))
        _arguments.check_count("epochs", self.epochs)
        for name in ("weight_decay", "bias_std"):
            if _arguments.check_finite(name, getattr(self, name)) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name):g}")
        for name in ("dropout", "validation_share"):
            if not 0 <= _arguments.check_finite(name, getattr(self, name)) < 1:
                raise ValueError(
                    f"{name} must be at least 0 and below 1, got {getattr(self, name):g}"
                )
        if self.patience is not None and not self.validation_share:
            raise ValueError(
                f"patience needs a validation_share above 0, got patience={self.patience}"
            )
        for name in ("keep_short_batch", "reshuffle", "standardize_x", "standardize_y"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        self._check_average()

    def _check_average(self) -> None:
        """Refuse an average that early stopping would contradict."""
        if self.average_last != 0:
            _arguments.check_count("average_last", self.average_last)
            if self.patience is not None:
                raise ValueError(
                    "average_last and patience exclude each other: which weights to keep, "
                    f"got average_last={self.average_last}, patience={self.patience}"
                )

    def replace(self, **changes: Any) -> "Recipe":
        """Return the recipe with some settings changed."""
        return dataclasses.replace(self, **changes)

    def n_train(self, n_samples: int) -> int:
        """Return how many of the points are not held out, rounded down as in Keras."""
        n_train = math.floor(n_samples * (1 - self.validation_share))
        if n_train == 0 or (n_train == n_samples and self.validation_share):
            raise ValueError(
                f"validation_share must leave points to train on and points to validate on, "
                f"got {self.validation_share:g} of {n_samples} points"
            )
        return n_train

    def steps_per_epoch(self, n_samples: int) -> int:
        """Return the number of steps in one pass over `n_samples` points."""
        n_train = self.n_train(n_samples)
        batch_size = self.batch_size or n_train
        if batch_size > n_train:
            raise ValueError(
                f"batch_size must be at most the number of points to train on, {n_train}, "
                f"got {batch_size}"
            )
        whole, left = divmod(n_train, batch_size)
        return whole + (left > 0 and self.keep_short_batch)

    def n_epochs(self, n_samples: int) -> int:
        """Return the number of passes over `n_samples` points."""
        n_epochs, left = self.epochs, 0
        if self.steps is not None:
            n_epochs, left = divmod(self.steps, self.steps_per_epoch(n_samples))
        if left:
            raise ValueError(
                f"steps must fill whole epochs of {self.steps_per_epoch(n_samples)} steps, "
                f"got {self.steps}"
            )
        if self.average_last > n_epochs:
            raise ValueError(
                f"average_last must be at most the epochs, {n_epochs}, got {self.average_last}"
            )
        return n_epochs

    def n_steps(self, n_samples: int) -> int:
        """Return the number of steps of the whole training on `n_samples` points."""
        return self.n_epochs(n_samples) * self.steps_per_epoch(n_samples)

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the numbers of inputs, of each hidden layer's units, and of outputs."""
        return (self.n_inputs, *self.hidden_widths, 1)

    def n_parameters(self) -> int:
        """Return how many weights and biases the network has."""
        return sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(self.widths))


class Scaling(NamedTuple):
    """The units in which networks see inputs and targets: ``(x - x_mean) / x_std``.

    Parameters
    ----------
    x_mean, x_std : float or ndarray of shape (n_members,)
        For the inputs. Of networks with several, ``(n_inputs,)`` or ``(n_members, n_inputs)``.
    y_mean, y_std : float or ndarray of shape (n_members,)
        For the targets.
    """

    x_mean: Any
    x_std: Any
    y_mean: Any
    y_std: Any


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse what is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


#: The story's network and training: 40,701 parameters, 200 epochs of Adam.
STORY = Recipe()
