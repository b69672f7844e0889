r"""The exact function of a ReLU network with one input: a line that bends at its knots.

A layer takes sums of piecewise-linear functions, which bend where those bent, and cuts them off
at zero, where they bend anew. So layer by layer the places of all bends are known exactly, and
between them the network is straight: nothing is sampled, and no bend is missed between the points
of a grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments
from overfit_tutorial.weights import arrays

# What is lost to rounding in a slope is a share of about 1e-15 of the sums behind it.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class PiecewiseLinear:
    r"""A continuous function that is straight between its knots, and beyond the outermost.

    Parameters
    ----------
    knots : ndarray of shape (k,)
        Where the slope changes, in ascending order.
    slopes : ndarray of shape (k + 1,)
        Left of the first knot, between knots, and right of the last.
    values : ndarray of shape (k,)
        The function at its knots.
    at_zero : float
        The function at zero.

    Examples
    --------
    The hat :math:`\\max(0, x) - 2 \\max(0, x - 1)` as a network of one hidden layer:

    >>> hidden = [np.array([[1.0, 1.0]]), np.array([0.0, -1.0])]
    >>> hat = PiecewiseLinear.from_weights([*hidden, np.array([[1.0], [-2.0]]), np.array([0.0])])
    >>> hat.knots.tolist(), hat.slopes.tolist(), hat.total_curvature()
    ([0.0, 1.0], [0.0, 1.0, -1.0], 3.0)
    >>> hat([0.5, 1.0, 3.0]).tolist()
    [0.5, 1.0, -1.0]
    """

    knots: NDArray[np.float64]
    slopes: NDArray[np.float64]
    values: NDArray[np.float64]
    at_zero: float

    def __post_init__(self) -> None:
        for array in (self.knots, self.slopes, self.values):
            array.setflags(write=False)

    @classmethod
    def from_weights(
        cls, weights: Sequence[ArrayLike], *, activation: str = "relu"
    ) -> "PiecewiseLinear":
        """Return the function of a network of any depth, exactly.

        Parameters
        ----------
        weights : sequence of array_like
            Kernel and bias of each layer, in the order of Keras' ``get_weights``. The first kernel
            has one row, for the only input, and the last one column, for the only output. All is
            computed in double precision.
        activation : str
            Of the hidden layers. Only ``"relu"`` makes a function of straight pieces.

        Returns
        -------
        PiecewiseLinear
            Places at which hidden units switch without bending the output are no knots.

        Raises
        ------
        TypeError, ValueError
            If these are not the weights of such a network.
        """
        if activation != "relu":
            raise ValueError(f"activation must be 'relu', got {activation!r}")
        layers = arrays.check_dense("weights", weights)
        shapes = [array.shape for array in layers[::2]]
        if shapes[0][0] != 1 or shapes[-1][1] != 1:
            raise ValueError(
                f"weights must be those of one input and one output, got kernels {shapes}"
            )
        *hidden, (kernel, bias) = [
            (kernel.astype(np.float64), bias.astype(np.float64))
            for kernel, bias in zip(layers[::2], layers[1::2], strict=True)
        ]
        pieces = _Pieces.of_the_input()
        for hidden_kernel, hidden_bias in hidden:
            pieces = pieces.sums(hidden_kernel, hidden_bias).cut_off()
        # A switch bends the output by no more than rounding if it is none of its bends.
        scale = np.abs(pieces.slopes) @ np.abs(kernel[:, 0])
        output = pieces.sums(kernel, bias)
        slopes, values = output.slopes[:, 0], output.values[:, 0]
        bends = np.abs(np.diff(slopes)) > _ROUNDING * np.maximum(scale[1:], scale[:-1])
        at_zero = float(values[np.flatnonzero(output.knots == 0)[0]])
        return cls(
            knots=output.knots[bends],
            slopes=np.append(slopes[:-1][bends], slopes[-1]),
            values=values[bends],
            at_zero=at_zero,
        )

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the function at `x`, in the shape of `x`."""
        x = _arguments.plain_array("x", x, np.float64)
        if not self.knots.size:
            straight: NDArray[np.float64] = self.at_zero + self.slopes[0] * x
            return straight
        piece = np.searchsorted(self.knots, x)
        # From the nearer of the two knots around, or the only one.
        left = np.maximum(piece - 1, 0)
        right = np.minimum(piece, len(self.knots) - 1)
        nearer = np.where(x - self.knots[left] < self.knots[right] - x, left, right)
        found: NDArray[np.float64] = self.values[nearer] + self.slopes[piece] * (
            x - self.knots[nearer]
        )
        return found

    @property
    def turns(self) -> NDArray[np.float64]:
        """The change of slope at each knot, of shape (k,)."""
        return np.diff(self.slopes)

    def total_curvature(self, low: float = -np.inf, high: float = np.inf) -> float:
        r"""Return :math:`\int |f''|`, the sum of all changes of slope.

        Parameters
        ----------
        low, high : float
            Only knots between these count, those at `low` and not those at `high`.

        Returns
        -------
        float
            In units of the slope.
        """
        inside = (low <= self.knots) & (self.knots < high)
        return float(np.abs(self.turns[inside]).sum())

    def weighted_curvature(self, x_train: ArrayLike) -> float:
        r"""Return :math:`\int |f''| g`, in which bends inside of the training points weigh most.

        The weight is :math:`g = \min(g^-, g^+)` with, for :math:`X` uniform on the training
        points,

        .. math:: g^-(x) = P(X < x)^2 \, \mathrm{E}[x - X \mid X < x] \,
                  \sqrt{1 + \mathrm{E}[X \mid X < x]^2}

        and :math:`g^+` its mirror image: the weight of Mulayoff, Michaeli and Soudry [1]_, who
        bound the curvature of what gradient descent can keep by it. It is zero outside.

        Parameters
        ----------
        x_train : array_like of shape (n_samples,)
            The training points.

        Returns
        -------
        float

        References
        ----------
        .. [1] R. Mulayoff, T. Michaeli and D. Soudry, "The implicit bias of minima stability: A
           view from function space", Advances in Neural Information Processing Systems 34, 2021.
        """
        x = np.sort(_arguments.check_vector("x_train", x_train))
        weight = np.minimum(_one_sided(x, self.knots), _one_sided(-x[::-1], -self.knots))
        return float(np.abs(self.turns) @ weight)


def _one_sided(x: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of some places by the sorted points left of them."""
    n_left = np.searchsorted(x, at, side="left")
    sums = np.concatenate([[0.0], np.cumsum(x)])[n_left]
    mean = sums / np.maximum(n_left, 1)
    weight: NDArray[np.float64] = (n_left / len(x)) ** 2 * (at - mean) * np.sqrt(1 + mean**2)
    return np.where(n_left > 0, weight, 0.0)


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Some functions that share their knots, zero among them, at which few of them may bend."""

    knots: NDArray[np.float64]  # (k,)
    values: NDArray[np.float64]  # (k, n_functions), at the knots
    slopes: NDArray[np.float64]  # (k + 1, n_functions), between them and beyond

    @classmethod
    def of_the_input(cls) -> "_Pieces":
        """Return the function that is its own argument."""
        return cls(knots=np.zeros(1), values=np.zeros((1, 1)), slopes=np.ones((2, 1)))

    def sums(self, kernel: NDArray[np.float64], bias: NDArray[np.float64]) -> "_Pieces":
        """Return weighted sums of the functions, and a constant added to each."""
        return _Pieces(
            knots=self.knots, values=self.values @ kernel + bias, slopes=self.slopes @ kernel
        )

    def cut_off(self) -> "_Pieces":
        """Return the positive parts. Each bends where it crosses zero."""
        places, crossing = self._zeros()
        knots, first = np.unique(np.append(self.knots, places), return_index=True)
        # The piece of each knot's right side, and of the left side of the first.
        piece = np.searchsorted(self.knots, knots, side="right")
        old = first < len(self.knots)
        anchor = np.clip(piece - 1, 0, None)
        offset = np.where(old, 0.0, knots - self.knots[anchor])
        values = self.values[anchor] + self.slopes[piece] * offset[:, np.newaxis]
        # A unit is zero, not nearly zero, where it crosses.
        values[np.searchsorted(knots, places), crossing] = 0.0
        slopes = self.slopes[np.append(0, piece)]
        # Each is positive all along a piece, or nowhere on it. On the rays the slope decides.
        inside = np.maximum(values[1:], values[:-1]) > 0
        left = (values[:1] > 0) | ((values[:1] == 0) & (slopes[:1] < 0))
        right = (values[-1:] > 0) | ((values[-1:] == 0) & (slopes[-1:] > 0))
        positive = np.concatenate([left, inside, right])
        return _Pieces(
            knots=knots, values=np.maximum(values, 0.0), slopes=np.where(positive, slopes, 0.0)
        )

    def _zeros(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return the places between knots where a function changes sign, and which does."""
        values, slopes = self.values, self.slopes
        signs = np.sign(values)
        row, inner = np.nonzero(signs[:-1] * signs[1:] < 0)
        fall = values[row, inner] / (values[row, inner] - values[row + 1, inner])
        between = self.knots[row] + (self.knots[row + 1] - self.knots[row]) * fall
        (left,) = np.nonzero(signs[0] * np.sign(slopes[0]) > 0)
        (right,) = np.nonzero(signs[-1] * np.sign(slopes[-1]) < 0)
        with np.errstate(over="ignore"):  # a slope near zero: the place is beyond all numbers
            before = self.knots[0] - values[0, left] / slopes[0, left]
            after = self.knots[-1] - values[-1, right] / slopes[-1, right]
        places = np.concatenate([between, before, after])
        functions = np.concatenate([inner, left, right])
        finite = np.isfinite(places)
        return places[finite], functions[finite]
