"""The names and signatures on which pages, downloaded scripts and other checks rely.

They may grow keyword arguments; whatever else changes here breaks somebody's script.
"""

import inspect

import pytest

from overfit_tutorial import (
    claims,
    curvature,
    data,
    ensembles,
    kernels,
    landscapes,
    linear,
    networks,
    splines,
    streams,
    sweeps,
    training,
)
from overfit_tutorial.curvature import spectra
from overfit_tutorial.data import TRUE_LINE
from overfit_tutorial.landscapes import losses
from overfit_tutorial.studies import minima, poison
from overfit_tutorial.training import STORY
from overfit_tutorial.weights import directions, paths, symmetries

# Each promise is written as the function that was promised.


def Line(*, intercept, slope): ...  # noqa: N802


def Dataset(*, x, y, truth, noise_std, low, high): ...  # noqa: N802


def sample_noisy(truth=TRUE_LINE, n_samples=100, *, seed, noise_std=2.0, low=0.0, high=20.0): ...


def sample_noisy_many(
    n_members, truth=TRUE_LINE, n_samples=100, *, seed, noise_std=2.0, low=0.0, high=20.0
): ...


def excess_risk(predict, truth, *, low=0.0, high=20.0, n_points=2001): ...


def noise_followed(fitted, truth, x, y): ...


def fit_line(x, y): ...


def expected_excess_risk(x, noise_std): ...


def build_mlp(hidden_widths=(100,) * 5, *, seed, activation="relu"): ...


def fit_network(x, y, recipe=STORY, *, seed): ...


def fit_ensemble(x, y, recipe=STORY, *, seed, n_members=None, n_jobs=None): ...


def largest_eigenvalue(operator, *, seed=0, rtol=1e-3, max_products=300): ...


def estimate_trace(operator, *, seed, n_probes=30): ...


def estimate_spectral_density(operator, grid, *, width, seed, n_probes=10, n_lanczos_steps=80): ...


def log_volume(eigenvalues, *, prior_std, tolerance): ...


def Estimate(*, value, standard_error): ...  # noqa: N802


def estimate_spectrum(operator, *, seed, n_probes=10, n_lanczos_steps=80): ...


def build_loss(model, x, y, *, dtype="float64"): ...


def hessian_operator(model, x, y, *, dtype="float64"): ...


def gauss_newton_eigenvalues(model, x, y, *, dtype="float64"): ...


def tangent_kernel(model, x, *, dtype="float64"): ...


def jacobian(model, x, *, dtype="float64"): ...


def align_permutation(weights_a, weights_b): ...


def rescale(weights, layer, alpha): ...


def line_path(weights_a, weights_b, ts): ...


def bezier_path(weights_a, control, weights_b, ts): ...


def fit_bezier(loss, weights_a, weights_b, *, seed, n_steps=1000, learning_rate=0.01): ...


def loss_along(loss, path): ...


def random_direction(weights, *, seed): ...


def loss_slice(loss, weights, directions, ts): ...


def ray_radius(loss, weights, *, tolerance, seed, n_rays=10, low=1e-3, high=1e3): ...


def poison_between(x, y, *, offset, seed, min_gap=0.0): ...


def run_sweep(function, grid, *, seed, n_seeds, n_jobs=None, store=None): ...


def split_seeds(seeds, n_streams): ...
def find_minima(n_members, *, seed, offset=0.0, redraw=0, recipe=minima.RECIPE): ...


def from_weights(weights): ...


def min_norm_fit(features, y): ...


def neural_tangent_kernel(x1, x2, *, depth, bias_std): ...


def claim(
    id,
    sentence,
    *,
    holds,
    value,
    interval=None,
    confidence=0.95,
    n=None,
    kind="measured",
    threshold=None,
    headline=False,
    **values,
): ...


PROMISES = [
    (data, Line),
    (data, Dataset),
    (data, sample_noisy),
    (data, sample_noisy_many),
    (data, excess_risk),
    (data, noise_followed),
    (linear, fit_line),
    (linear, expected_excess_risk),
    (networks, build_mlp),
    (training, fit_network),
    (ensembles, fit_ensemble),
    (curvature, largest_eigenvalue),
    (curvature, estimate_trace),
    (curvature, estimate_spectral_density),
    (curvature, log_volume),
    (curvature, Estimate),
    (spectra, estimate_spectrum),
    (losses, build_loss),
    (landscapes, hessian_operator),
    (landscapes, gauss_newton_eigenvalues),
    (landscapes, tangent_kernel),
    (landscapes, jacobian),
    (symmetries, align_permutation),
    (symmetries, rescale),
    (paths, line_path),
    (paths, bezier_path),
    (paths, fit_bezier),
    (paths, loss_along),
    (directions, random_direction),
    (directions, loss_slice),
    (directions, ray_radius),
    (poison, poison_between),
    (sweeps, run_sweep),
    (streams, split_seeds),
    (minima, find_minima),
    (splines.PiecewiseLinear, from_weights),
    (kernels, min_norm_fit),
    (kernels, neural_tangent_kernel),
    (claims, claim),
]


def parameters(function):
    """Return the parameters of a function by name, without annotations."""
    found = inspect.signature(function).parameters.values()
    return {p.name: p.replace(annotation=p.empty) for p in found}


def broken_promises(promised, actual):
    """Return the parameters by which `actual` breaks the signature of `promised`."""
    promised, actual = parameters(promised), parameters(actual)
    broken = [name for name, parameter in promised.items() if actual.get(name) != parameter]
    broken += [
        name
        for name, parameter in actual.items()
        if name not in promised
        and (parameter.kind != parameter.KEYWORD_ONLY or parameter.default is parameter.empty)
    ]
    common = [name for name in actual if name in promised]
    positional = [name for name, p in promised.items() if p.kind == p.POSITIONAL_OR_KEYWORD]
    if common[: len(positional)] != positional:
        broken.append("order")
    return broken


@pytest.mark.parametrize(("module", "promised"), PROMISES, ids=lambda item: item.__name__)
def test_a_signature_is_as_promised(module, promised):
    assert broken_promises(promised, getattr(module, promised.__name__)) == []


def promise(a, b=1, *, c=2): ...


@pytest.mark.parametrize(
    ("actual", "broken"),
    [
        (lambda a, b=1, *, c=2, new=3: ..., []),
        (lambda a, b=1: ..., ["c"]),
        (lambda a, b=2, *, c=2: ..., ["b"]),
        (lambda a, b=1, c=2: ..., ["c"]),
        (lambda b=1, a=None, *, c=2: ..., ["a", "order"]),
        (lambda a, b=1, new=3, *, c=2: ..., ["new"]),
        (lambda a, b=1, *, c=2, new: ..., ["new"]),
    ],
)
def test_a_broken_promise_is_noticed(actual, broken):
    assert broken_promises(promise, actual) == broken
