"""What a result depends on, in words that are equal when it is: inputs, code, versions.

A function of a module counts with this module and all that it imports, as syntax trees
(`_sources`). A function of a script or notebook counts with its own bytecode and with the globals
that it reads, whatever these are. Installed libraries count with their versions. Docstrings,
comments and line numbers do not count anywhere.
"""

import dataclasses
import dis
import enum
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from overfit_tutorial.sweeps import sources

_PACKAGE = __name__.partition(".")[0]
_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, type(...))
# They draw, wait or count; no number comes from them.
_NO_NUMBERS = {"filelock", "joblib", "matplotlib", "platformdirs", "tqdm"}
# Below everything else, also where only another library imports them.
_ALWAYS = {"numpy", "scipy"}
# What a class has beside its code.
_NOT_CODE = {
    *("__annotations__", "__annotate_func__", "__dataclass_fields__", "__dataclass_params__"),
    *("__dict__", "__doc__", "__firstlineno__", "__match_args__", "__module__", "__qualname__"),
    *("__replace__", "__static_attributes__", "__weakref__"),
}
# Flags of bytecode that say what it does, such as whether it is a generator.
_FLAGS = 0xFF


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
        file = _file(name)
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
        self._describer = _Describer(set(), set(_ALWAYS))
        self._words = self._describer.describe(function, "function")

    def of(self, **inputs: Any) -> tuple[str, Conditions]:
        """Return a digest of a call with some inputs, and the conditions that are part of it."""
        modules, others = self._describer.modules, self._describer.others
        describer = _Describer(set(modules), set(others))
        words = [[name, describer.describe(inputs[name], name)] for name in sorted(inputs)]
        conditions = _conditions(frozenset(describer.modules), frozenset(describer.others))
        return digest_of([self._words, words, conditions.modules, conditions.versions]), conditions


def digest_of(words: Any) -> str:
    """Return a digest of nested lists of text and numbers."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def _conditions(names: frozenset[str], others: frozenset[str]) -> Conditions:
    roots = {name: file for name in names if (file := _file(name))}
    found = sources.closure(roots, _find)
    modules = sorted({**found.modules, **roots}.items())
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


def _find(top: str) -> Path | None:
    """Return the file or folder of a module whose code counts; None where its version does."""
    try:
        spec = None if top in sys.stdlib_module_names else importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = spec.submodule_search_locations
    return _counted(top, next(iter(places)) if places else spec.origin)


def _file(module: str) -> Path | None:
    """Return the file of a module whose code counts; None where its version does."""
    if module == "__main__":
        return None
    if file := sources.module_file(module, _find):
        return file
    # Loaded from its file, under a name by which it would not be found.
    spec = getattr(sys.modules.get(module), "__spec__", None)
    top = module.partition(".")[0]
    return None if spec is None or top in sys.stdlib_module_names else _counted(top, spec.origin)


def _counted(top: str, place: str | None) -> Path | None:
    if place is None or not (place.endswith(".py") or Path(place).is_dir()):
        return None
    is_installed = {"site-packages", "dist-packages"} & set(Path(place).parts)
    return None if is_installed and top != _PACKAGE else Path(place)


class _Describer:
    """Puts values into words, and notes the modules and libraries that it meets."""

    def __init__(self, modules: set[str], others: set[str]) -> None:
        self.modules = modules
        self.others = others
        self._met: dict[int, int] = {}

    def describe(self, value: Any, name: str) -> Any:
        """Return nested lists of text, equal for equal values; `name` is for the error."""
        if type(value) in _PLAIN:
            return [type(value).__name__, repr(value)]
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcSUmM":
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return ["array", value.dtype.str, value.shape, content]
        if isinstance(value, list | tuple):
            return [self._kind(value), [self.describe(item, name) for item in value]]
        if isinstance(value, set | frozenset):
            items = [self.describe(item, name) for item in value]
            return [self._kind(value), sorted(items, key=json.dumps)]
        if isinstance(value, Mapping):
            pairs = [[self.describe(part, name) for part in item] for item in value.items()]
            return [self._kind(value), sorted(pairs, key=json.dumps)]
        if isinstance(value, enum.Enum):
            return [self._kind(value), value.name, self.describe(value.value, name)]
        if isinstance(value, np.random.SeedSequence):
            parts = [value.entropy, value.spawn_key, value.pool_size]
            return ["SeedSequence", self.describe(parts, name)]
        if isinstance(value, np.dtype):
            return ["dtype", value.str]
        if isinstance(value, PurePath):  # its name: what is in a file does not count
            return ["path", str(value)]
        return self._describe_code(value, name)

    def _describe_code(self, value: Any, name: str) -> Any:
        if isinstance(value, types.ModuleType):
            return self._describe_module(value.__name__)
        if isinstance(value, types.FunctionType):
            return self._describe_function(value, name)
        if isinstance(value, type):
            return self._describe_class(value, name)
        if isinstance(value, types.BuiltinFunctionType | types.MethodDescriptorType | np.ufunc):
            module = getattr(value, "__module__", None) or type(value).__module__
            return [self._describe_module(module), value.__name__]
        parts = _parts(value)
        if parts is not None:
            return [self._kind(value), [self.describe(part, name) for part in parts]]
        raise TypeError(
            f"{name} must consist of numbers, text, arrays, dataclasses, functions and modules, "
            f"since the store must see when it changes, got {type(value).__qualname__}"
        )

    def _kind(self, value: Any) -> Any:
        """Describe the type of a value."""
        kind = type(value)
        return kind.__name__ if kind.__module__ == "builtins" else self._describe_class(kind, "")

    def _describe_module(self, module: str) -> Any:
        if _file(module):
            self.modules.add(module)
        else:
            self.others.add(module.partition(".")[0])
        return module

    def _describe_function(self, function: types.FunctionType, name: str) -> Any:
        if id(function) in self._met:
            return ["above", self._met[id(function)]]
        self._met[id(function)] = len(self._met)
        where, read = "", {}
        if _is_of_script(function):
            read = self._describe_reads(function)
        else:
            where = self._describe_module(function.__module__)
        own = [function.__defaults__, function.__kwdefaults__]
        own += [cell.cell_contents for cell in function.__closure__ or ()]
        if where and where not in self.modules:  # of a library, whose version counts
            return [where, function.__qualname__, self.describe(own[2:], name)]
        return [where, self._describe_bytecode(function.__code__), self.describe(own, name), read]

    def _describe_bytecode(self, code: types.CodeType) -> Any:
        """Describe what runs; names of files, lines and the docstring are not part of it."""
        operations = [
            [operation.opname, self._describe_argument(code, operation)]
            for operation in dis.get_instructions(code)
        ]
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
        return [digest_of(operations), names, counts, code.co_flags & _FLAGS]

    def _describe_argument(self, code: types.CodeType, operation: dis.Instruction) -> Any:
        if operation.opcode not in dis.hasconst or operation.arg is None:
            return operation.arg
        constant = code.co_consts[operation.arg]
        if isinstance(constant, types.CodeType):
            return self._describe_bytecode(constant)
        return self.describe(constant, "a constant")

    def _describe_reads(self, function: types.FunctionType) -> Any:
        """Describe the globals that a function of a script reads, and what it imports."""
        described = {}
        codes = list(_nested(function.__code__))
        attributes = {name for code in codes for name in code.co_names}
        for name, imported in sorted({pair for code in codes for pair in _reads(code)}):
            if imported:
                described[name] = self._describe_import(name)
            elif name in function.__globals__:
                value = function.__globals__[name]
                described[name] = self.describe(value, f"the global {name!r} of the function")
                if isinstance(value, types.ModuleType):
                    self._describe_below(value.__name__, attributes)
        return sorted(described.items())

    def _describe_import(self, name: str) -> Any:
        """Note a module, or that of a name inside it."""
        above, _, last = name.rpartition(".")
        is_module = _file(name) or name in sys.modules
        return self._describe_module(name if is_module or not above else above), last

    def _describe_below(self, package: str, attributes: set[str]) -> None:
        """Note the modules of a package that are reached by its attributes, ``package.module``."""
        for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
            if set(name.split(".")[package.count(".") + 1 :]) <= attributes:
                self._describe_module(name)

    def _describe_class(self, kind: type, name: str) -> Any:
        if not _is_of_script(kind):
            return [self._describe_module(kind.__module__), kind.__qualname__]
        if id(kind) in self._met:
            return ["above", self._met[id(kind)]]
        self._met[id(kind)] = len(self._met)
        parts = {
            key: value
            for key, value in vars(kind).items()
            if key not in _NOT_CODE and not _is_generated(kind, key, value)
        }
        return ["class", self.describe([kind.__bases__, parts], f"the class {kind.__name__!r}")]


def _parts(value: Any) -> Sequence[Any] | None:
    """Return what makes up an object of a known sort, beside its type."""
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if dataclasses.is_dataclass(value):
        return [[field.name, getattr(value, field.name)] for field in dataclasses.fields(value)]
    if callable(getattr(value, "get_config", None)):  # Keras', such as a schedule
        return [value.get_config()]
    if callable(value) and hasattr(value, "__wrapped__"):  # compiled, cached
        return [value.__wrapped__]
    return None


def _is_of_script(value: Any) -> bool:
    """Return whether no import would give this function or class again."""
    module = sys.modules.get(value.__module__)
    return value.__module__ == "__main__" or getattr(module, "__spec__", None) is None


def _is_generated(kind: type, name: str, value: Any) -> bool:
    """Return whether ``dataclass`` wrote this method: the fields say it all."""
    if not dataclasses.is_dataclass(kind) or not name.startswith("__"):
        return False
    return isinstance(value, types.FunctionType) and value.__code__.co_filename == "<string>"


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _reads(code: types.CodeType) -> Iterable[tuple[str, bool]]:
    """Yield the globals that some code reads, and full names of what it imports."""
    module = ""
    for operation in dis.get_instructions(code):
        if operation.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield operation.argval, False
        elif operation.opname == "IMPORT_NAME":
            module = operation.argval
            yield module, True
        elif operation.opname == "IMPORT_FROM":
            yield f"{module}.{operation.argval}", True
