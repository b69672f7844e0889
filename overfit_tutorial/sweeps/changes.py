"""Whether a module still is what its file says: what runs is then what the store describes.

The store knows the code of a module from its file. Whoever sets ``module.RATE = 5`` at run time,
replaces a function of it, or edits the file without importing it again runs other code than that,
and would get, or leave behind, numbers that belong to the file.
"""

import ast
import enum
import functools
import importlib.machinery
import sys
import types
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from overfit_tutorial.sweeps.describer import nested_codes

# Code in comparable words, or a value, by the dotted name inside of a module.
Stated = dict[str, tuple[str, Any]]


def check_unchanged(name: str, path: Path) -> None:
    """Raise TypeError if a module that is imported is no longer what its file says.

    Parameters
    ----------
    name : str
        Full name of the module. What is not imported, or not from a plain file, cannot differ.
    path : Path
        Its file.
    """
    module = sys.modules.get(name)
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    # Whoever else loads it, such as a rewriter of assertions, may run what is in no file.
    if module is None or type(loader) is not importlib.machinery.SourceFileLoader:
        return
    stat = path.stat()
    for dotted, (kind, expected) in _stated(name, path, stat.st_mtime_ns, stat.st_size).items():
        found = _found(module, dotted)
        if not _agrees(module, kind, found, expected):
            raise TypeError(
                f"{name}.{dotted} must be what the file of {name} says, since the store knows the "
                "module from there, but it was set, or the file edited, after the import: give "
                "what varies as an argument, or start Python anew"
            )


def _agrees(module: types.ModuleType, kind: str, found: Any, expected: Any) -> bool:
    if found is _MISSING:  # nobody can read it
        return True
    if kind == "value":
        return type(found) is type(expected) and _constant(found) == _constant(expected)
    if kind == "import":
        origin = sys.modules.get(expected[0])
        return origin is None or getattr(origin, expected[1], found) is found
    if not isinstance(found, types.FunctionType) or found.__globals__ is not vars(module):
        return False
    return bool(_words(found.__code__) == expected)


def _found(module: types.ModuleType, dotted: str) -> Any:
    """Return what a module has under a name, as it is kept there."""
    found: Any = module
    for part in dotted.split("."):
        owner, found = found, vars(found).get(part, _MISSING)
        # What a class has made of its fields says less than these do; they are in its file.
        is_made = hasattr(type(found), "__get__") and not isinstance(found, types.FunctionType)
        if isinstance(owner, enum.EnumMeta) or (isinstance(owner, type) and is_made):
            return _MISSING
        if not isinstance(found, type):
            return found if part == dotted.rpartition(".")[2] else _MISSING
    return found


_MISSING = object()


@functools.lru_cache(maxsize=1024)
def _stated(name: str, path: Path, *_version: int) -> Stated:
    """Return what a file says of the names that it binds once, and plainly."""
    source = path.read_bytes()
    tree = ast.parse(source)
    codes = _by_name(compile(source, str(path), "exec", dont_inherit=True))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return dict(_statements(tree.body, "", codes, package))


def _by_name(code: types.CodeType) -> dict[str, tuple[Any, ...]]:
    """Return the functions of a module's code, but those that share a name."""
    every = [part for part in nested_codes(code) if part is not code]
    counts = Counter(part.co_qualname for part in every)
    return {part.co_qualname: _words(part) for part in every if counts[part.co_qualname] == 1}


def _words(code: types.CodeType) -> tuple[Any, ...]:
    """Return what code does, without the places in its file and without its docstring."""
    constants = list(code.co_consts)
    if constants and isinstance(constants[0], str):  # a docstring, if there is one
        constants[0] = None
    parts = tuple(map(_constant, constants))
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, parts


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _words(value)
    # Its order is not the same everywhere.
    return sorted(map(repr, value)) if isinstance(value, set | frozenset) else repr(value)


def _statements(
    body: Sequence[ast.stmt], above: str, codes: dict[str, tuple[Any, ...]], package: str
) -> Iterator[tuple[str, tuple[str, Any]]]:
    counts = Counter(bound for statement in body for bound in _bound(statement))
    for statement in body:
        for bound in _bound(statement):
            dotted = above + bound
            if counts[bound] > 1 or (bound.startswith("__") and not bound.endswith("__")):
                continue
            if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
                if dotted in codes:
                    yield dotted, ("function", codes[dotted])
            elif isinstance(statement, ast.ClassDef) and _is_plain(statement):
                yield from _statements(statement.body, f"{dotted}.", codes, package)
            elif isinstance(statement, ast.ImportFrom):
                yield (
                    dotted,
                    ("import", (_origin(statement, package), _original(statement, bound))),
                )
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                value = _literal(_assigned(statement).get(bound))
                # An empty one is there to be filled, as a cache is.
                if value is not _MISSING and value not in ([], {}):
                    yield dotted, ("value", value)


def _is_plain(statement: ast.ClassDef) -> bool:
    """Return whether nothing but ``dataclass`` has its hand in a class."""
    names = {ast.unparse(one).partition("(")[0] for one in statement.decorator_list}
    return names <= {"dataclass", "dataclasses.dataclass"}


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds, of all that may be inside of it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _origin(statement: ast.ImportFrom, package: str) -> str:
    above = package.split(".")[: len(package.split(".")) - statement.level + 1]
    return ".".join([*(above if statement.level else []), *filter(None, [statement.module])])


def _original(statement: ast.ImportFrom, bound: str) -> str:
    return next(alias.name for alias in statement.names if bound in (alias.asname, alias.name))


def _assigned(statement: ast.Assign | ast.AnnAssign) -> dict[str, ast.expr]:
    """Return what is assigned to each name, also where several are at once."""
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    for target in targets:
        value = statement.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            is_split = len(target.elts) == len(value.elts)
            pairs += zip(target.elts, value.elts, strict=True) if is_split else []
        else:
            pairs.append((target, value))
    return {to.id: value for to, value in pairs if isinstance(to, ast.Name) and value}


def _literal(node: ast.expr | None) -> Any:
    try:
        return _MISSING if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _MISSING
