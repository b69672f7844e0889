"""Values and code in words that are equal when these are: nested lists of text and numbers."""

import collections
import dataclasses
import dis
import enum
import functools
import hashlib
import json
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from overfit_tutorial.sweeps.sources import counted_file

_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, type(...))
# What makes up an object of a sort, beside its type.
_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    enum.Enum: ("name", "value"),
    np.random.SeedSequence: ("entropy", "spawn_key", "pool_size", "n_children_spawned"),
    types.MethodType: ("__func__", "__self__"),
    functools.partial: ("func", "args", "keywords"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
}
# Their items, in their order, are all that they have.
_MAPPINGS: tuple[type, ...] = (
    *(dict, collections.OrderedDict, collections.defaultdict, collections.Counter),
    types.MappingProxyType,
)
# What these compile or cache computes what it wraps. Whoever else says ``__wrapped__`` may not.
_WRAPPERS = ("functools", "jaxlib", "tensorflow")
# What a class has beside its code.
_NOT_CODE = {
    *("__annotations__", "__annotate_func__", "__dataclass_fields__", "__dataclass_params__"),
    *("__dict__", "__doc__", "__firstlineno__", "__match_args__", "__module__", "__qualname__"),
    *("__replace__", "__static_attributes__", "__weakref__"),
}
# Flags of bytecode that say what it does, such as whether it is a generator.
_FLAGS = 0xFF


def digest_of(words: Any) -> str:
    """Return a digest of nested lists of text and numbers."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


class Describer:
    """Puts values into words, and notes the modules and libraries that it meets."""

    def __init__(self, modules: set[str], others: set[str]) -> None:
        self.modules = modules
        self.others = others
        self._met: dict[int, int] = {}

    def describe(self, value: Any, name: str) -> Any:
        """Return nested lists of text, equal for equal values; `name` is for the error."""
        if type(value) in _PLAIN:
            return [type(value).__name__, repr(value)]
        is_array = type(value) is np.ndarray or isinstance(value, np.generic)  # no mask or more
        if is_array and value.dtype.kind in "biufcSUmM":
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return ["array", value.dtype.str, value.shape, content]
        if isinstance(value, types.ModuleType):
            return self._describe_module(value.__name__)
        if isinstance(value, types.FunctionType):
            return self._once(value, self._describe_function, name)
        if isinstance(value, type):
            where = [self._describe_module(value.__module__), value.__qualname__]
            return self._once(value, self._describe_class) if _is_of_script(value) else where
        if isinstance(value, types.BuiltinFunctionType | types.MethodDescriptorType):
            module = getattr(value, "__module__", None) or type(value).__module__
            owner = getattr(value, "__self__", None)
            bound = None if isinstance(owner, types.ModuleType) else self.describe(owner, name)
            return [self._describe_module(module), value.__name__, bound]
        if isinstance(value, np.ufunc) and (module := _module_of(value)):
            return [self._describe_module(module), value.__name__]
        parts = _parts(value)
        if parts is None:
            raise TypeError(
                f"{name} must consist of numbers, text, arrays, dataclasses, functions and "
                f"modules, since the store must see when it changes, got "
                f"{type(value).__qualname__}"
            )
        described = [self.describe(part, name) for part in parts]
        if isinstance(value, set | frozenset):
            described.sort(key=json.dumps)
        state = [self.describe(part, name) for part in _state(value).items()]
        return [self.describe(type(value), name), described, state]

    def _once(self, value: Any, describe: Callable[..., Any], *names: str) -> Any:
        """Describe what may lead back to itself."""
        if id(value) in self._met:
            return ["above", self._met[id(value)]]
        self._met[id(value)] = len(self._met)
        return describe(value, *names)

    def _describe_module(self, module: str) -> Any:
        if counted_file(module):
            self.modules.add(module)
        else:
            self.others.add(module.partition(".")[0])
        return module

    def _describe_function(self, function: types.FunctionType, name: str) -> Any:
        where, read = "", {}
        if _is_of_script(function):
            read = self._describe_reads(function)
        else:
            where = self._describe_module(function.__module__)
        own = [function.__defaults__, function.__kwdefaults__, vars(function)]
        own += map(_content, function.__closure__ or ())
        if where and where not in self.modules:  # of a library, whose version counts
            return [where, function.__qualname__, self.describe(own[3:], name)]
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
        codes = list(nested_codes(function.__code__))
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
        is_module = counted_file(name) or name in sys.modules
        return self._describe_module(name if is_module or not above else above), last

    def _describe_below(self, package: str, attributes: set[str]) -> None:
        """Note the modules of a package that are reached by its attributes, ``package.module``."""
        for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
            if set(name.split(".")[package.count(".") + 1 :]) <= attributes:
                self._describe_module(name)

    def _describe_class(self, kind: type) -> Any:
        parts = {
            key: value
            for key, value in vars(kind).items()
            if key not in _NOT_CODE and not _is_generated(kind, key, value)
        }
        return ["class", self.describe([kind.__bases__, parts], f"the class {kind.__name__!r}")]


def _parts(value: Any) -> list[Any] | None:
    """Return what makes up an object of a known sort, beside its type and its attributes."""
    if isinstance(value, list | tuple | set | frozenset):
        return [*value]
    if type(value) in _MAPPINGS:
        return [getattr(value, "default_factory", None), *value.items()]
    if dataclasses.is_dataclass(value):
        return [[field.name, getattr(value, field.name)] for field in dataclasses.fields(value)]
    if isinstance(value, PurePath):  # its name: what is in a file does not count
        return [str(value)]
    if isinstance(value, np.dtype):
        return [repr(value)]
    for kind, names in _ATTRIBUTES.items():
        if isinstance(value, kind):
            return [getattr(value, name) for name in names]
    if callable(getattr(value, "get_config", None)):  # Keras', such as a schedule
        return [value.get_config()]
    return [value.__wrapped__] if _is_wrapper(value) else None


def _is_wrapper(value: Any) -> bool:
    """Return whether this computes what it wraps, and has nothing else that matters."""
    origin = type(value).__module__.partition(".")[0]
    is_known = origin in _WRAPPERS or isinstance(value, type(np.mean))
    return is_known and callable(value) and hasattr(value, "__wrapped__")


def _state(value: Any) -> dict[str, Any]:
    """Return the attributes of an object that are not among its parts."""
    if isinstance(value, enum.Enum | np.dtype) or _is_wrapper(value):
        return {}
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, slot) and not isinstance(value, PurePath):
                found[slot] = getattr(value, slot)
        for name, attribute in vars(kind).items():
            if isinstance(attribute, functools.cached_property):  # computed from the others
                found.pop(name, None)
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    for field in fields:
        found.pop(field.name, None)
    return found


def _content(cell: types.CellType) -> Any:
    """Return what a function closes over; nothing where that is not there yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return ...


def _module_of(function: np.ufunc) -> str | None:
    """Return where a ufunc comes from; one that was made of a function in Python has no place."""
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), function.__name__, None) is function:
            return module
    return None


_Named = collections.namedtuple("_Named", ["field"])


def _is_of_script(value: Any) -> bool:
    """Return whether no import would give this function or class again."""
    module = sys.modules.get(value.__module__)
    return value.__module__ == "__main__" or getattr(module, "__spec__", None) is None


def _is_generated(kind: type, name: str, value: Any) -> bool:
    """Return whether this is of a slot or a field, or by ``dataclass``: their names say it all."""
    if isinstance(value, types.MemberDescriptorType | type(_Named.field)):
        return True
    if not dataclasses.is_dataclass(kind) or not name.startswith("__"):
        return False
    return isinstance(value, types.FunctionType) and value.__code__.co_filename == "<string>"


def nested_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield some code, and that of all functions and classes inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested_codes(constant)


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
