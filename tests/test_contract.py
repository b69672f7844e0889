"""The names and signatures on which pages, downloaded scripts and other checks rely.

They may grow keyword arguments; whatever else changes here breaks somebody's script.
"""

import inspect

import pytest

from overfit_tutorial import claims, data, ensembles, linear, networks, training
from overfit_tutorial.data import TRUE_LINE
from overfit_tutorial.training import STORY

# Each promise is written as the function that was promised.


def Line(*, intercept, slope): ...  # noqa: N802


def Dataset(*, x, y, truth, noise_std, low, high): ...  # noqa: N802


def sample_noisy(truth=TRUE_LINE, n_samples=100, *, seed, noise_std=2.0, low=0.0, high=20.0): ...


def sample_noisy_many(
    n_members, truth=TRUE_LINE, n_samples=100, *, seed, noise_std=2.0, low=0.0, high=20.0
): ...


def excess_risk(predict, truth, *, low=0.0, high=20.0, n_points=2001): ...


def fit_line(x, y): ...


def expected_excess_risk(x, noise_std): ...


def build_mlp(hidden_widths=(100,) * 5, *, seed, activation="relu"): ...


def fit_network(x, y, recipe=STORY, *, seed): ...


def fit_ensemble(x, y, recipe=STORY, *, seed, n_members=None, n_jobs=None): ...


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
    (linear, fit_line),
    (linear, expected_excess_risk),
    (networks, build_mlp),
    (training, fit_network),
    (ensembles, fit_ensemble),
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
