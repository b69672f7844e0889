r"""How far training moves a network's tangent kernel, and what it would have done had it stayed.

A model whose tangent kernel stays as it was at birth is linear in its targets, and what gradient
descent makes of it has a closed form. Such training is called lazy :cite:`chizat2019`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overfit_tutorial import _arguments, data, draws, kernels
from overfit_tutorial.ensembles import EnsembleFit, fit_ensemble
from overfit_tutorial.splines import PiecewiseLinear
from overfit_tutorial.studies._points import check_moments, midpoints, points_of
from overfit_tutorial.training import STORY
from overfit_tutorial.weights.tangents import tangent_kernel

Array = NDArray[np.float64]
N_PLACES = 200  # of a curve


def watch_kernel(
    *,
    seeds: Sequence[_arguments.Seed],
    moments: Sequence[int],
    gain: float = 1.0,
    bias_std: float = 0.0,
    center: float = 0.0,
    unit: float = 1.0,
    n_samples: int = 100,
    **changes: Any,
) -> dict[str, Array]:
    """Train networks, and look at their tangent kernels on their points on the way.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network. It draws the points, which are those of `recipe.judge_recipe`, the
        first weights, and the batches.
    moments : sequence of int
        Numbers of steps, each of them whole epochs, in ascending order.
    gain, bias_std : float
        Of the first weights, as in `kernels.neural_tangent_kernel`.
    center, unit : float
        The network sees ``(x - center) / unit``.
    n_samples : int
        Number of points.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        After 800 steps ``followed_800``, the share of the noise that the network follows,
        ``growth_800``, the trace of the kernel over that at birth, and ``beyond_800``, the share
        of that trace that straight lines do not account for. So on for each moment.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    A network without hidden layers is a line, and its kernel never moves:

    >>> found = watch_kernel(seeds=[0], moments=[4, 8], hidden_widths=())
    >>> found["growth_8"].round(9).tolist(), abs(found["beyond_8"]).round(9).tolist()
    ([1.0], [0.0])
    """
    run = _Run(seeds, moments, gain, bias_std, center, unit, n_samples, changes)
    born = tangent_kernel(run.born, run.seen(run.x))
    found: dict[str, Array] = {}
    for moment, fits in run.train():
        kernel = tangent_kernel(fits.weights, run.seen(run.x))
        found |= {
            f"followed_{moment}": run.followed(fits.predict(run.seen(run.x))),
            f"growth_{moment}": _trace(kernel) / _trace(born),
            f"beyond_{moment}": 1 - _of_lines(kernel, run.x) / _trace(kernel),
        }
    return found


def compare_with_kernel(
    *,
    seeds: Sequence[_arguments.Seed],
    moments: Sequence[int],
    learning_rate: float,
    gain: float = 1.0,
    bias_std: float = 0.0,
    center: float = 0.0,
    unit: float = 1.0,
    n_samples: int = 100,
    **changes: Any,
) -> dict[str, Array]:
    """Train networks by gradient descent, and compare each with the kernel that it was born with.

    Parameters
    ----------
    learning_rate : float
        Of plain gradient descent with all points in every step; divided by the square of `gain`,
        with which the kernel grows.
    seeds, moments, gain, bias_std, center, unit, n_samples, **changes
        As in `watch_kernel`.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        For each moment ``followed_800`` and ``growth_800`` as in `watch_kernel`; ``said_800``, the
        share of the noise that the network would follow by now had its own tangent kernel
        stayed; ``limit_800``, that of an infinitely wide network; and ``apart_800``, the distance
        of the trained curve from the one had its kernel stayed, over its distance from the truth,
        both as the root of a mean square over *x*.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Where the first weights are very large, the others hardly need to move:

    >>> points = {"seeds": [0], "center": 10.0, "unit": 5.0, "moments": [400]}
    >>> large = {"hidden_widths": (20,), "gain": 30.0, "bias_std": 1.0}
    >>> found = compare_with_kernel(learning_rate=0.02, **points, **large)
    >>> bool(found["apart_400"] < 0.01)
    True
    """
    rate = _arguments.check_positive("learning_rate", learning_rate)
    rate /= _arguments.check_positive("gain", gain) ** 2
    descent = {"optimizer": "sgd", "learning_rate": rate, "batch_size": None}
    run = _Run(seeds, moments, gain, bias_std, center, unit, n_samples, changes | descent)
    places = midpoints(N_PLACES)
    everywhere = np.hstack([run.x, np.tile(places, (len(run.x), 1))])
    seen, truth = run.seen(everywhere), data.TRUE_LINE(places)
    kernel = tangent_kernel(run.born, seen)
    times = rate * np.array(run.moments)
    size = run.x.shape[1]
    stayed, limit = [], []
    for k, places_seen in enumerate(seen):
        born = PiecewiseLinear.from_weights([w[k] for w in run.born])(places_seen)
        stayed.append(born + _added(kernel[k], run.y[k] - born[:size], times))
        wide = kernels.neural_tangent_kernel(
            places_seen[:size],
            places_seen[:size],
            depth=len(run.recipe.hidden_widths),
            bias_std=bias_std,
            gain=gain,
        )
        limit.append(_added(wide, run.y[k], times))
    found: dict[str, Array] = {}
    for index, (moment, fits) in enumerate(run.train()):
        curve = fits.predict(seen)
        lazy, wide = (np.stack([flow[index] for flow in flows]) for flows in (stayed, limit))
        now = tangent_kernel(fits.weights, seen[:, :size])
        off = _root_mean_square(curve[:, size:] - truth)
        found |= {
            f"followed_{moment}": run.followed(curve[:, :size]),
            f"said_{moment}": run.followed(lazy[:, :size]),
            f"limit_{moment}": run.followed(wide),
            f"growth_{moment}": _trace(now) / _trace(kernel[:, :size, :size]),
            f"apart_{moment}": _root_mean_square(curve[:, size:] - lazy[:, size:]) / off,
        }
    return found


class _Run:
    """Points and first weights of some networks, and their training."""

    def __init__(
        self,
        seeds: Sequence[_arguments.Seed],
        moments: Sequence[int],
        gain: float,
        bias_std: float,
        center: float,
        unit: float,
        n_samples: int,
        changes: dict[str, Any],
    ) -> None:
        self.moments = check_moments(moments)
        self.center = _arguments.check_finite("center", center)
        self.unit = _arguments.check_positive("unit", unit)
        self.recipe = STORY.replace(**changes, steps=self.moments[-1])
        self.seeds, samples = points_of(seeds, n_samples=n_samples)
        self.x, self.y = samples.x, samples.y
        widths = self.recipe.hidden_widths
        std = _arguments.check_not_negative("bias_std", bias_std)
        std *= np.sqrt(2 / (1 + widths[0])) if widths else 0.0
        strength = _arguments.check_positive("gain", gain)
        born = draws.first_weights(self.seeds, widths, bias_std=std, dtype=np.float64)
        # Kernel and bias of the first layer, and all other biases.
        louder = [strength * w if k == 0 or k % 2 else w for k, w in enumerate(born)]
        self.born = [w.astype(np.float32) for w in louder]

    def seen(self, x: Array) -> Array:
        """Return inputs as the network sees them."""
        return (x - self.center) / self.unit

    def followed(self, fitted: Array) -> Array:
        """Return the share of the noise that outputs on the points follow."""
        return np.asarray(data.noise_followed(fitted, data.TRUE_LINE, self.x, self.y))

    def train(self) -> list[tuple[int, EnsembleFit]]:
        """Return the moments, and the networks at each of them."""
        n_samples = self.x.shape[1]
        epochs = [self.recipe.replace(steps=m).n_epochs(n_samples) for m in self.moments]
        fits = fit_ensemble(
            self.seen(self.x),
            self.y,
            self.recipe,
            seed=self.seeds,
            initial_weights=self.born,
            checkpoints=epochs,
        )
        return [(m, fits.at(epoch)) for m, epoch in zip(self.moments, epochs, strict=True)]


def _added(kernel: Array, lacking: Array, times: Array) -> Array:
    """Return what gradient flow adds everywhere, of which the first places are the points."""
    size = len(lacking)
    coefficients = kernels.gradient_flow(kernel[:size, :size], lacking, times)
    added: Array = coefficients @ kernel[:size]
    return added


def _trace(matrices: Array) -> Array:
    return np.asarray(np.trace(matrices, axis1=1, axis2=2))


def _of_lines(kernel: Array, x: Array) -> Array:
    """Return the part of each kernel's trace that lies in 1 and `x`."""
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x], axis=-1))
    part: Array = np.sum(basis * (kernel @ basis), axis=(1, 2))
    return part


def _root_mean_square(curves: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(curves**2, axis=1)))
