r"""Good and bad minima of one network, on the same points and with the same training error.

A good minimum is where plain training ends. A bad one comes from a detour :cite:`wu2017`: first
the network fits wrong points as well, then it is trained on the clean points alone, until it fits
those as closely as the good one does. The loss of both is the same, that on the clean points, and
so is its value: zero, but for rounding. Only such minima may be compared; a run that did not come
down is marked, not left out.
"""

import dataclasses
import functools
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, data
from overfit_tutorial.ensembles import EnsembleFit, fit_ensemble
from overfit_tutorial.landscapes import losses
from overfit_tutorial.recipes import Recipe, Scaling
from overfit_tutorial.streams import child_seed, split_seeds
from overfit_tutorial.studies import poison
from overfit_tutorial.weights.tangents import tangent_kernel

#: The points: few and quiet, so that a small network can fit twice as many, and detours stand out.
N_SAMPLES, NOISE_STD = 10, 0.5
#: A network interpolates if its mean squared error is at most this share of the noise variance.
TOLERANCE = 1e-6

_STEPS = 8_000


def falling_rate(step: int) -> float:
    """Return a learning rate that falls from a fiftieth to zero, by half a wave of a cosine."""
    return 0.01 * (1 + math.cos(math.pi * min(step / _STEPS, 1)))


#: How the networks are trained, once for a good minimum and twice for a bad one: all points in
#: each step, and a step size that falls to zero. Without biases of different size, all units would
#: have their kink in the same place.
RECIPE = Recipe(
    hidden_widths=(50, 50),
    learning_rate=falling_rate,
    batch_size=None,
    steps=_STEPS,
    bias_std=0.3,
)
#: The network's units of x and y: center and spread of the truth over the interval. They are the
#: same with wrong points and without, so that weights keep their meaning.
UNITS = Scaling(x_mean=10.0, x_std=20 / 12**0.5, y_mean=10.0, y_std=14 / 12**0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class Minima:
    """One network for each member, trained until it fits its clean points.

    Parameters
    ----------
    points : Dataset
        The clean points, with `x` and `y` of shape ``(n_members, n_samples)``.
    fit : EnsembleFit
        The networks, in the units of the points.
    poisoned : tuple of PoisonedSet
        What they were trained on before; empty without a detour.
    detour : EnsembleFit or None
        What they were when they had been trained on that.
    """

    points: data.Dataset
    fit: EnsembleFit
    poisoned: tuple[poison.PoisonedSet, ...]
    detour: EnsembleFit | None

    def __len__(self) -> int:
        return len(self.fit)

    @functools.cached_property
    def training_error(self) -> NDArray[np.float64]:
        """The mean squared error on the clean points, of shape ``(n_members,)``."""
        residuals = self.fit.predict(self.points.x) - self.points.y
        error: NDArray[np.float64] = np.mean(residuals**2, axis=1)
        return error

    @property
    def interpolates(self) -> NDArray[np.bool_]:
        """Which members have a training error of at most `TOLERANCE` times the noise variance."""
        fits: NDArray[np.bool_] = self.training_error <= TOLERANCE * self.points.noise_std**2
        return fits

    @functools.cached_property
    def excess_risk(self) -> NDArray[np.float64]:
        """The excess risk, of shape ``(n_members,)``."""
        return np.asarray(data.excess_risk(self.fit.predict, self.points.truth))

    @functools.cached_property
    def eigenvalues(self) -> NDArray[np.float64]:
        """Those of the Gauss–Newton matrix, largest first, ``(n_members, n_samples)``.

        At a minimum that interpolates they are the Hessian's, but for zeros.
        """
        return self.eigenvalues_of(self.fit.weights)

    def eigenvalues_of(self, weights: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the same at other weights of all members, given as ``fit.weights`` are."""
        if self.fit.recipe.activation != "relu":
            raise ValueError(
                f"eigenvalues are those of ReLU networks, got {self.fit.recipe.activation!r}"
            )
        units = self.fit.scaling
        inputs = (self.points.x - units.x_mean[:, None]) / units.x_std[:, None]
        kernels = tangent_kernel(weights, inputs)
        scale = 2 / inputs.shape[1] * units.y_std**2
        # The matrices have no eigenvalue below zero, rounding may.
        values: NDArray[np.float64] = np.linalg.eigvalsh(scale[:, None, None] * kernels)
        return values[:, ::-1].clip(min=0)

    @property
    def norm(self) -> NDArray[np.float64]:
        """The length of the vector of all weights, of shape ``(n_members,)``."""
        squares = [np.sum(w.reshape(len(w), -1) ** 2.0, axis=1) for w in self.fit.weights]
        length: NDArray[np.float64] = np.sqrt(np.sum(squares, axis=0))
        return length

    def loss(self, member: int) -> losses.Loss:
        """Return a member's loss on its clean points, as a function of the weights."""
        return losses.build_loss(self._model, self.points.x[member], self.points.y[member])

    @functools.cached_property
    def _model(self) -> Any:
        """A model of the members' layers: one for all, since Keras takes long to make one."""
        return self.fit[0].to_keras()

    def risk(self, member: int, weights: Sequence[ArrayLike]) -> float:
        """Return the excess risk of a member's network with other weights."""
        cast = tuple(np.asarray(w, self.fit.recipe.dtype) for w in weights)
        network = dataclasses.replace(self.fit[member], weights=cast)
        return float(data.excess_risk(network.predict, self.points.truth, n_points=501))

    def weights(self, member: int) -> list[NDArray[Any]]:
        """Return a member's weights as a list."""
        return list(self.fit[member].weights)


def find_minima(
    n_members: int,
    *,
    seed: int,
    offset: float = 0.0,
    placebo: bool = False,
    redraw: int = 0,
    recipe: Recipe = RECIPE,
) -> Minima:
    """Train networks until they fit their points, after a detour over wrong ones if there are any.

    Each member has its own points: one in the middle half of each of `N_SAMPLES` equal cells,
    since two that nearly coincide, with a wrong one between them, take slopes that training does
    not reach.

    Parameters
    ----------
    n_members : int
        How many. Member *k* depends on ``(seed, k)`` only.
    seed : int
        Of points, first weights, and the signs of the wrong points. These are the same for any
        `offset`, so that members can be compared one by one.
    offset : float
        How far wrong points lie off, as in `poison.poison_between`; zero for none.
    placebo : bool
        Whether to make the detour over right points instead, as in `poison.placebo_between`.
    redraw : int
        Other numbers give other first weights on the same points.
    recipe : Recipe
        How to train; standardizing is refused, since units are fixed here.

    Returns
    -------
    Minima
        Look at `Minima.interpolates` before you compare.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.
    """
    n_members = _arguments.check_count("n_members", n_members)
    offset = _arguments.check_not_negative("offset", offset)
    if placebo and offset:
        raise ValueError(f"placebo must be without wrong points, got offset {offset:g}")
    if isinstance(redraw, bool) or not isinstance(redraw, numbers.Integral):
        raise TypeError(f"redraw must be a whole number, got {redraw!r}")
    if redraw < 0:
        raise ValueError(f"redraw must not be negative, got {redraw}")
    if recipe.standardize_x or recipe.standardize_y:
        raise ValueError("recipe must not standardize: the units of x and y are fixed here")
    (draws,), (training,), (signs,) = split_seeds([seed], 3)
    points = _stacked([_spread(child_seed(draws, k)) for k in range(n_members)])
    first = child_seed(training, redraw)
    if not offset and not placebo:
        fit = fit_ensemble(points.x, points.y, recipe, seed=first, scaling=UNITS)
        return Minima(points=points, fit=fit, poisoned=(), detour=None)
    if placebo:
        options: dict[str, Any] = {"truth": points.truth, "noise_std": points.noise_std}
        add: Callable[..., poison.PoisonedSet] = poison.placebo_between
    else:
        options, add = {"offset": offset}, poison.poison_between
    poisoned = tuple(
        add(x, y, seed=child_seed(signs, k), **options)
        for k, (x, y) in enumerate(zip(points.x, points.y, strict=True))
    )
    wrong_x, wrong_y = (np.stack([getattr(p, name) for p in poisoned]) for name in ("x", "y"))
    detour = fit_ensemble(wrong_x, wrong_y, recipe, seed=first, scaling=UNITS)
    fit = fit_ensemble(
        points.x,
        points.y,
        recipe,
        seed=first,
        scaling=UNITS,
        initial_weights=detour.weights,
    )
    return Minima(points=points, fit=fit, poisoned=poisoned, detour=detour)


def _spread(seed: np.random.SeedSequence) -> data.Dataset:
    """Draw noisy points that keep their distance."""
    generator = np.random.default_rng(seed)
    x = 20 / N_SAMPLES * (np.arange(N_SAMPLES) + generator.uniform(0.25, 0.75, N_SAMPLES))
    y = data.TRUE_LINE(x) + NOISE_STD * generator.standard_normal(N_SAMPLES)
    return data.Dataset(x=x, y=y, truth=data.TRUE_LINE, noise_std=NOISE_STD, low=0.0, high=20.0)


def _stacked(members: list[data.Dataset]) -> data.Dataset:
    x, y = np.stack([d.x for d in members]), np.stack([d.y for d in members])
    return dataclasses.replace(members[0], x=x, y=y)


def comparable(*minima: Minima, at_least: int = 2) -> NDArray[np.intp]:
    """Return the members that interpolate in all of several searches on the same points.

    Parameters
    ----------
    *minima : Minima
        Of the same number of members and the same seed.
    at_least : int
        How many members a comparison needs.

    Returns
    -------
    ndarray of shape (n_comparable,)
        Their indices, ascending.

    Raises
    ------
    ValueError
        If their number or the points differ, or fewer members than `at_least` interpolate in all
        of them.
    """
    if not minima:
        raise ValueError("minima must be given, got none")
    at_least = _arguments.check_count("at_least", at_least)
    first = minima[0].points
    if len(sizes := {len(m) for m in minima}) > 1:
        raise ValueError(f"minima must have the same number of members, got {sorted(sizes)}")
    for name in ("x", "y"):
        if not all(np.array_equal(getattr(m.points, name), getattr(first, name)) for m in minima):
            raise ValueError(
                f"minima must be on the same points, got others in {name}: find them with the "
                f"same seed"
            )
    everywhere = np.logical_and.reduce([m.interpolates for m in minima])
    if everywhere.sum() < at_least:
        worst = max(float(m.training_error.max()) for m in minima)
        raise ValueError(
            f"minima must have at least {at_least} members that interpolate in all of them, got "
            f"{everywhere.sum()} of {len(everywhere)}, with training errors up to {worst:.2g}: "
            f"train for more steps, or find more members"
        )
    return np.flatnonzero(everywhere)
