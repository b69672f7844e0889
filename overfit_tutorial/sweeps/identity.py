"""What a result depends on, in words that are equal when it is: inputs, code, versions.

A function of a module counts with this module and all that it imports, as syntax trees, and with
the files of data that these name (`sources`). A function of a script or notebook counts with its
own bytecode and with the globals that it reads, whatever these are. Installed libraries count with
their versions. Docstrings, comments and line numbers do not count anywhere.
"""

import dataclasses
import functools
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from overfit_tutorial.sweeps import changes, sources
from overfit_tutorial.sweeps.describer import Describer, digest_of

# They draw, wait or count; no number comes from them. What wasmtime computes is said by a file of
# this package, which counts with the module that names it. Every version gives the same bits:
# WebAssembly leaves only those of a NaN open, and none of these gets out.
_NO_NUMBERS = {"filelock", "joblib", "matplotlib", "platformdirs", "tqdm", "wasmtime"}
# Below everything else, also where only another library imports them.
_ALWAYS = {"numpy", "scipy"}


@dataclasses.dataclass(frozen=True)
class Conditions:
    """The code and the versions with which something is computed.

    Parameters
    ----------
    modules : tuple of (str, str)
        Names of modules and digests of their code.
    versions : tuple of (str, str)
        Names of distributions and their versions; Python is one of them.
    """

    modules: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in self.versions)


@functools.lru_cache(maxsize=64)
def differences(conditions: Conditions) -> tuple[str, ...]:
    """Return in what this process, such as a worker on another machine, differs from another."""
    found = [
        f"{name} {version} there and {_version(name)} here"
        for name, version in conditions.versions
        if _version(name) != version
    ]
    for name, digest in conditions.modules:
        file = sources.counted_file(name)
        if file is None or sources.digest(file) != digest:
            found.append(f"the code of {name}")
    return tuple(found)


class Identity:
    """Tells calls of one function apart.

    Parameters
    ----------
    function : callable
        It is described once, when it is given.

    Raises
    ------
    TypeError
        If it cannot be told when something has changed that it reads; the message says what.
    """

    def __init__(self, function: Any) -> None:
        self._describer = Describer(set(), set(_ALWAYS))
        self._words = self._describer.describe(function, "function")
        # Looked at once for a sweep: it asks for the key of each of its blocks.
        self._conditions = functools.lru_cache(maxsize=None)(_conditions)

    def of(self, **inputs: Any) -> tuple[str, Conditions]:
        """Return a digest of a call with some inputs, and the conditions that are part of it."""
        modules, others = self._describer.modules, self._describer.others
        describer = Describer(set(modules), set(others))
        words = [[name, describer.describe(inputs[name], name)] for name in sorted(inputs)]
        conditions = self._conditions(frozenset(describer.modules), frozenset(describer.others))
        return digest_of([self._words, words, conditions.modules, conditions.versions]), conditions


def _conditions(names: frozenset[str], others: frozenset[str]) -> Conditions:
    roots = {name: file for name in names if (file := sources.counted_file(name))}
    found = sources.closure(roots, sources.counted)
    modules = sorted({**found.modules, **roots}.items())
    for name, file in modules:
        changes.check_unchanged(name, file)
    libraries = {name for top in others | found.others for name in _distributions().get(top, ())}
    versions = {name: _version(name) for name in ["python", *sorted(libraries - _NO_NUMBERS)]}
    return Conditions(
        modules=tuple((name, sources.digest(file)) for name, file in modules),
        versions=tuple((name, version) for name, version in versions.items() if version),
    )


@functools.cache
def _version(name: str) -> str | None:
    if name == "python":
        return ".".join(platform.python_version_tuple()[:2])
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
