"""Imports point downward, and what needs only NumPy imports nothing heavier."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import overfit_tutorial

PACKAGE = Path(overfit_tutorial.__file__).parent

# From top to bottom: a module may import those below it. A new module must be placed here.
ORDER = [
    "__init__",
    "figures",
    "claims",
    "publishing",
    "studies.recipe",
    "studies.held_out",
    "studies.minima",
    "studies.sharpness",
    "studies.poison",
    "studies.__init__",
    "sweeps.__init__",
    "sweeps.run",
    "sweeps.grid",
    "sweeps.table",
    "sweeps.store",
    "sweeps.entries",
    "sweeps.identity",
    "sweeps.words",
    "sweeps.sources",
    "ensembles",
    "training",
    "_engine.blocks",
    "_engine.checks",
    "_engine.threads",
    "_engine.pace",
    "_engine.draws",
    "_engine.loop",
    "_engine.dropout",
    "_engine.layers",
    "_engine.updates",
    "_engine.__init__",
    "landscapes.__init__",
    "landscapes.operators",
    "landscapes.losses",
    "landscapes.functional",
    "networks",
    "_xla",
    "curvature.__init__",
    "curvature.operators",
    "curvature.spectra",
    "curvature.lanczos",
    "curvature.side_by_side",
    "curvature.probes",
    "weights.symmetries",
    "weights.directions",
    "weights.paths",
    "weights.arrays",
    "weights.__init__",
    "statistics.__init__",
    "statistics.nested",
    "statistics.ranks",
    "statistics.resampling",
    "statistics.intervals",
    "statistics.samples",
    "recipes",
    "ladder",
    "linear",
    "data",
    "streams",
    "_arguments",
]
NUMPY_ONLY = [
    "__init__",
    "claims",
    "publishing",
    "sweeps.entries",
    "sweeps.identity",
    "sweeps.words",
    "sweeps.sources",
    "weights.directions",
    "weights.paths",
    "weights.arrays",
    "weights.__init__",
    "curvature.probes",
    "curvature.side_by_side",
    "statistics.samples",
    "studies.poison",
    "studies.__init__",
    "streams",
    "recipes",
    "ladder",
    "linear",
    "data",
    "_arguments",
]
# These may use SciPy as well, inside of functions: it would double the time of their import.
WITH_SCIPY = [
    "statistics.__init__",
    "statistics.nested",
    "statistics.ranks",
    "statistics.resampling",
    "statistics.intervals",
    "weights.symmetries",
    "curvature.__init__",
    "curvature.operators",
    "curvature.spectra",
    "curvature.lanczos",
]
# These may use pandas, joblib and tqdm as well, inside of functions, and libraries for files.
WITH_TABLES = ["sweeps.__init__", "sweeps.run", "sweeps.grid", "sweeps.table", "sweeps.store"]
LIGHT = {*sys.stdlib_module_names, "numpy"}
HEAVY = {"joblib", "keras", "matplotlib", "pandas", "scipy", "tensorflow"}

IMPORT_AND_LIST = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def modules(package):
    """Return the file of each module, by name."""
    files = package.rglob("*.py")
    return {".".join(file.relative_to(package).with_suffix("").parts): file for file in files}


def imports(package, module):
    """Return the dotted names that a module imports, anywhere in its file."""
    names = []
    for node in ast.walk(ast.parse(modules(package)[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package.name if node.level else "", node.module]))
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def siblings(package, module):
    """Return the modules of the package that a module imports."""
    known = modules(package)
    found = []
    for name in imports(package, module):
        top, *parts = name.split(".")
        if top == package.name:
            # The longest beginning that is a module or a subpackage; the rest is a name in it.
            begun = [".".join(parts[:k]) for k in range(len(parts), 0, -1)]
            begun = [other for base in begun for other in (base, f"{base}.__init__")]
            found.append(next((other for other in begun if other in known), "__init__"))
    return found


def upward_imports(package, order):
    """Return pairs of a module and one that it imports though it is not below it."""
    place = order.index
    pairs = [(name, other) for name in order for other in siblings(package, name)]
    return [(name, other) for name, other in pairs if place(other) <= place(name)]


def foreign_imports(package, light_modules, *, libraries=LIGHT):
    """Return pairs of a light module and what it imports though it must not."""
    allowed = {package.name, *libraries}
    pairs = [
        (name, other.partition(".")[0])
        for name in light_modules
        for other in imports(package, name)
    ]
    foreign = [pair for pair in pairs if pair[1] not in allowed]
    pairs = [(name, other) for name in light_modules for other in siblings(package, name)]
    return foreign + [pair for pair in pairs if pair[1] not in light_modules]


def heavy_after_importing(package, light_modules):
    """Return the heavy libraries that a fresh interpreter holds after importing the modules."""
    names = [f"{package.name}.{name}".removesuffix(".__init__") for name in light_modules]
    command = [sys.executable, "-c", IMPORT_AND_LIST, str(package.parent), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.split())


def test_every_module_has_its_place():
    assert sorted(modules(PACKAGE)) == sorted(ORDER)


def test_imports_point_downward():
    assert upward_imports(PACKAGE, ORDER) == []


def test_numpy_only_modules_name_nothing_else():
    assert foreign_imports(PACKAGE, NUMPY_ONLY) == []


def test_modules_with_scipy_name_nothing_heavier():
    light = [*NUMPY_ONLY, *WITH_SCIPY]
    assert foreign_imports(PACKAGE, light, libraries={*LIGHT, "scipy"}) == []


def test_modules_with_tables_name_nothing_heavier():
    light, tables = [*NUMPY_ONLY, *WITH_TABLES], {"joblib", "pandas", "tqdm"}
    tables |= {"filelock", "platformdirs"}
    assert foreign_imports(PACKAGE, light, libraries={*LIGHT, *tables}) == []


def test_importing_light_modules_imports_nothing_heavy():
    light = [*NUMPY_ONLY, *WITH_SCIPY, *WITH_TABLES]
    assert heavy_after_importing(PACKAGE, light) == set()


# The same checks on packages that are wrong: a check that cannot fail checks nothing.


@pytest.fixture
def package(tmp_path):
    """Return a function that writes a package of an upper, a lower and an empty module."""

    def write(**sources):
        root = tmp_path / "toy"
        root.mkdir()
        for name, source in {"__init__": "", "upper": "", "lower": "", **sources}.items():
            (root / f"{name}.py").write_text(source, encoding="utf-8")
        return root

    return write


TOY_ORDER = ["__init__", "upper", "lower"]


@pytest.mark.parametrize(
    "source", ["import toy.lower", "from toy import lower", "from . import lower"]
)
def test_a_downward_import_passes(package, source):
    assert upward_imports(package(upper=source), TOY_ORDER) == []


@pytest.mark.parametrize(
    "source",
    [
        "import toy.upper",
        "import json, toy.upper as other",
        "from toy import upper",
        "from toy.upper import name",
        "from . import upper",
        "from .upper import name",
        "def later():\n    from toy import upper",
    ],
)
def test_an_upward_import_is_found(package, source):
    assert upward_imports(package(lower=source), TOY_ORDER) == [("lower", "upper")]


@pytest.mark.parametrize("source", ["import toy", "from toy import __version__"])
def test_importing_from_the_top_is_found(package, source):
    assert upward_imports(package(lower=source), TOY_ORDER) == [("lower", "__init__")]


def test_a_module_without_a_place_is_found(package):
    assert "new" in modules(package(new=""))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import json\nimport numpy as np", []),
        ("import scipy", [("lower", "scipy")]),
        ("from scipy.stats import norm", [("lower", "scipy")]),
        ("def later():\n    import pandas", [("lower", "pandas")]),
        ("from toy import upper", [("lower", "upper")]),
    ],
)
def test_a_foreign_import_is_found(package, source, found):
    assert foreign_imports(package(lower=source), ["lower"]) == found


def test_only_the_allowed_libraries_may_be_named(package):
    root = package(lower="import scipy\nimport keras")
    found = foreign_imports(root, ["lower"], libraries={*LIGHT, "scipy"})
    assert found == [("lower", "keras")]


@pytest.mark.parametrize("source", ["import scipy", "__import__('sci' + 'py')"])
def test_a_heavy_import_is_found_even_where_its_name_is_hidden(package, source):
    assert heavy_after_importing(package(lower=source), ["lower"]) == {"scipy"}
