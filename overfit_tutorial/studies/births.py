"""What networks of any activation are born as, and what training makes of them.

A network of ReLU units without biases is born as a straight line on one side of zero. Others are
born bent. How much so is one number, whatever the height of the curve: the share of its variance
that the best straight line does not have.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import _arguments, data, networks
from overfit_tutorial.draws import first_weights
from overfit_tutorial.ensembles import fit_ensemble
from overfit_tutorial.studies._points import followed_by_quarter, midpoints, points_of
from overfit_tutorial.training import STORY

Array = NDArray[np.float64]

# At so many places, the midpoints of equal parts of [0, 20], networks are judged.
N_PLACES = 501

#: Where births are judged, and the table has the curves themselves: each tenth of these places.
KEPT = midpoints(N_PLACES)[::10]


def newborn(
    seeds: Sequence[_arguments.Seed],
    x: ArrayLike,
    *,
    hidden_widths: Sequence[int] = STORY.hidden_widths,
    activation: str | Callable[[Any], Any] = "relu",
    bias_std: float = 0.0,
) -> Array:
    """Return the curves of networks before their first step, in double precision.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network: it has the first weights of the network that trains with this seed.
    x : array_like of shape (m,)
        Places, as the networks see them.
    hidden_widths, activation, bias_std
        As in `recipes.Recipe`.

    Returns
    -------
    ndarray of shape (n_seeds, m)

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    Without biases, ReLU units know no scale: twice the input is twice the output.

    >>> one, two = newborn([0], [1.0, 2.0])[0]
    >>> bool(np.isclose(two, 2 * one, rtol=1e-12))
    True
    """
    import keras

    recipe = STORY.replace(hidden_widths=hidden_widths, activation=activation, bias_std=bias_std)
    checked = [_arguments.check_seed(seed) for seed in seeds]
    if isinstance(activation, str):
        networks.check_activation(activation)
    function = keras.activations.get(activation)
    values = _arguments.check_vector("x", x)[:, None]
    weights = first_weights(checked, recipe.hidden_widths, bias_std=bias_std, dtype=np.float64)
    *hidden, (kernel, bias) = zip(weights[::2], weights[1::2], strict=True)
    for inner, shift in hidden:
        entered = values @ inner + shift[:, None]
        values = np.asarray(function(keras.ops.convert_to_tensor(entered, dtype="float64")))
    return np.asarray((values @ kernel + bias[:, None])[..., 0])


def bent_share(values: ArrayLike) -> Array:
    """Return the share of each curve's variance that its best straight line does not have.

    Parameters
    ----------
    values : array_like of shape (n_members, m)
        Each curve at `m` places, in order and equally far apart.

    Returns
    -------
    ndarray of shape (n_members,)
        Zero for a line, one for a curve whose best line is level, undefined for a constant.

    Examples
    --------
    Of a parabola from its vertex on, the best line leaves a sixteenth:

    >>> x = (np.arange(1000) + 0.5) / 1000
    >>> bent_share([x, x**2]).round(5)
    array([0.    , 0.0625])
    """
    curves = _arguments.plain_array("values", values, np.float64)
    if curves.ndim != 2 or curves.shape[1] < 3:
        raise ValueError(
            f"values must have three or more places for each member, got shape {curves.shape}"
        )
    off = curves - curves.mean(axis=1, keepdims=True)
    bends = off - _tilts(off)
    with np.errstate(invalid="ignore"):  # of a constant
        return np.asarray(np.mean(bends**2, axis=1) / np.mean(off**2, axis=1))


def judge_births(
    *,
    seeds: Sequence[_arguments.Seed],
    center: float = 0.0,
    unit: float = 1.0,
    **changes: Any,
) -> dict[str, Array]:
    """Train the story's network with some changes, once for each seed; judge it, and its birth.

    Points, first weights and batches of a seed are those of `recipe.judge_recipe`.

    Parameters
    ----------
    seeds : sequence of int or SeedSequence
        One for each network.
    center, unit : float
        The network sees ``(x - center) / unit`` instead of `x`.
    **changes
        Settings of the `recipes.Recipe` that differ from the story's.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds,)
        - ``bent_at_birth`` and, after training, ``bent``: the `bent_share` over [0, 20];
        - ``risk``, ``straight``, ``followed`` and ``followed_quarter_1`` to ``_4``, of the trained
          network, as in `recipe.judge_recipe`;
        - ``born_0``, ``trained_0`` and so on, the two curves at the places `KEPT`.

        Where the network diverged, its risks are infinite, and all else about it is undefined.

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> found = judge_births(seeds=[0, 1], hidden_widths=(8, 8), epochs=1)
    >>> bool(found["bent_at_birth"].max() < 1e-12)
    True
    """
    center = _arguments.check_finite("center", center)
    unit = _arguments.check_positive("unit", unit)
    recipe, (roots, sample) = STORY.replace(**changes), points_of(seeds)
    places = midpoints(N_PLACES)
    fits = fit_ensemble((sample.x - center) / unit, sample.y, recipe, seed=roots)
    born = newborn(
        roots,
        (KEPT - center) / unit,
        hidden_widths=recipe.hidden_widths,
        activation=recipe.activation,
        bias_std=recipe.bias_std,
    )
    # Asked once for both: to lay the networks out takes as long as to ask them.
    at = np.concatenate([sample.x, np.broadcast_to(places, (len(roots), N_PLACES))], axis=1)
    with np.errstate(all="ignore"):  # of those that diverged
        values = fits.predict((at - center) / unit)
    fitted, trained = np.split(values, [sample.x.shape[1]], axis=1)
    trained[fits.diverged] = np.nan
    off = trained - data.TRUE_LINE(places)
    level = off.mean(axis=1, keepdims=True)
    straight = np.mean((level + _tilts(off - level)) ** 2, axis=1)
    risk = np.mean(off**2, axis=1)
    followed = followed_by_quarter(fitted, data.TRUE_LINE, sample.x, sample.y)
    lost = {name: np.where(fits.diverged, np.nan, part) for name, part in followed.items()}
    return {
        "bent_at_birth": bent_share(born),
        "bent": bent_share(trained),
        "risk": np.where(fits.diverged, np.inf, risk),
        "straight": np.where(fits.diverged, np.inf, straight),
        **lost,
        **{f"born_{k}": born[:, k] for k in range(KEPT.size)},
        **{f"trained_{k}": trained[:, ::10][:, k] for k in range(KEPT.size)},
    }


def _tilts(off: Array) -> Array:
    """Return the best straight line of each curve with mean zero, at the curve's places."""
    tilt = np.arange(off.shape[1]) - (off.shape[1] - 1) / 2
    tilt /= np.sqrt(np.mean(tilt**2))
    return np.asarray(np.mean(off * tilt, axis=1, keepdims=True) * tilt)
