"""Which code a piece of code runs: the modules that it imports, as syntax trees without words.

A docstring or a comment changes no number, and so it is no part of what is called code here.
Every import counts, also one inside a function; one that is computed at run time is not seen.
A file of data that lies beside a module and that it names, as ``"trainer.wasm"``, is part of its
code.
"""

import ast
import functools
import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = __name__.partition(".")[0]
_FILE_NAME = re.compile(r"[\w-]+(\.[\w-]+)+")
#: Maps the first part of a module's name to its file, or its folder, if its code is to count.
Finder = Callable[[str], Path | None]


@dataclass(frozen=True)
class Closure:
    """What some code imports, directly and through one another.

    Parameters
    ----------
    modules : dict of str to Path
        File of each module whose code counts, by its full name.
    others : frozenset of str
        First parts of the names of all other modules.
    """

    modules: Mapping[str, Path]
    others: frozenset[str]


def closure(roots: Mapping[str, Path], find: Finder) -> Closure:
    """Return what some modules or scripts import; they themselves are not part of it.

    Parameters
    ----------
    roots : dict of str to Path
        File of each module or script, by its full name.
    find : callable
        Tells which modules count.
    """
    modules: dict[str, Path] = {}
    others: set[str] = set()
    waiting = list(roots.items())
    while waiting:
        name, path = waiting.pop()
        for imported in _imported_names(name, path):
            top, *rest = imported.split(".")
            place = find(top)
            if place is None:
                others.add(top)
                continue
            for module, file in _files(top, rest, place):
                if module not in modules:
                    modules[module] = file
                    waiting.append((module, file))
    return Closure(modules, frozenset(others))


def module_file(name: str, find: Finder) -> Path | None:
    """Return the file of a module whose code counts, or None."""
    top, *rest = name.split(".")
    place = find(top)
    return None if place is None else dict(_files(top, rest, place)).get(name)


def counted(top: str) -> Path | None:
    """Return the file or folder of a module whose code counts; None where its version does."""
    try:
        spec = None if top in sys.stdlib_module_names else importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = spec.submodule_search_locations
    return _place(top, next(iter(places)) if places else spec.origin)


def counted_file(module: str) -> Path | None:
    """Return the file of a module whose code counts; None where its version does."""
    if module == "__main__":
        return None
    if file := module_file(module, counted):
        return file
    # Loaded from its file, under a name by which it would not be found.
    spec = getattr(sys.modules.get(module), "__spec__", None)
    top = module.partition(".")[0]
    return None if spec is None or top in sys.stdlib_module_names else _place(top, spec.origin)


def _place(top: str, place: str | None) -> Path | None:
    if place is None or not (place.endswith(".py") or Path(place).is_dir()):
        return None
    is_installed = {"site-packages", "dist-packages"} & set(Path(place).parts)
    return None if is_installed and top != _PACKAGE else Path(place)


def code(path: Path) -> str:
    """Return a file's syntax tree as text, without docstrings and comments."""
    return ast.dump(_wordless(path))


def _wordless(path: Path) -> ast.Module:
    tree = _tree(path)
    for node in ast.walk(tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


def digest(path: Path) -> str:
    """Return a digest of a file's code, and of the data beside it that it names."""
    stat = path.stat()
    own, names = _digest(path, stat.st_mtime_ns, stat.st_size)
    files = [path.with_name(name) for name in names]
    data = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()]
    return hashlib.sha256("".join([own, *data]).encode()).hexdigest() if data else own


@functools.lru_cache(maxsize=1024)
def _digest(path: Path, *_version: int) -> tuple[str, tuple[str, ...]]:
    """Return a digest of the code, and all in it that may name data: parsing takes time."""
    tree = _wordless(path)
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = {text for text in constants if isinstance(text, str) and _FILE_NAME.fullmatch(text)}
    names = tuple(sorted(text for text in texts if not text.endswith(".py")))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), names


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _imported_names(name: str, path: Path) -> Iterable[str]:
    """Return full names of all that a file imports; some may be names inside of modules."""
    stat = path.stat()
    return _imports(name, path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1024)
def _imports(name: str, path: Path, *_version: int) -> tuple[str, ...]:
    found: list[str] = []
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = [*above, *filter(None, [node.module])]
            found += [".".join([*origin, *rest]) for rest in ([], *([a.name] for a in node.names))]
    return tuple(dict.fromkeys(filter(None, found)))


def _files(top: str, rest: Iterable[str], place: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules that importing a dotted name runs: its packages, and itself."""
    if place.is_file():
        yield top, place
        return
    name, folder = top, place
    if (folder / "__init__.py").is_file():
        yield name, folder / "__init__.py"
    for part in rest:
        name, folder = f"{name}.{part}", folder / part
        for file in (folder.with_suffix(".py"), folder / "__init__.py"):
            if file.is_file():
                yield name, file
