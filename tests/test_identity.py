"""What makes two calls the same: inputs, code and versions, and nothing else."""

import dataclasses
import enum
import functools
import importlib
import importlib.metadata
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from overfit_tutorial import data
from overfit_tutorial.recipes import Recipe
from overfit_tutorial.sweeps import identity, sources

PACKAGE = Path(sources.__file__).parents[1]
# On some machines the library has another name.
(TENSORFLOW, *_) = importlib.metadata.packages_distributions()["tensorflow"]


def key(function, **inputs):
    return identity.Identity(function).of(**inputs)[0]


def script(text, name="f", **more):
    """Return a function of a script, which no import would give again."""
    scope = {"__name__": "__main__", **more}
    exec(text, scope)
    return scope[name]


# -- Inputs ------------------------------------------------------------------


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Schedule:
    """As Keras writes them."""

    def __init__(self, rate):
        self.rate = rate

    def get_config(self):
        return {"rate": self.rate}


def plain(x):
    return x


VALUES = [
    None,
    True,
    1,
    1.0,
    -0.0,
    0.0,
    float("nan"),
    "1",
    b"1",
    (1, 2),
    [1, 2],
    [2, 1],
    {"a": 1},
    {"a": 2},
    {1, 2},
    frozenset({1, 2}),
    np.arange(3),
    np.arange(3.0),
    np.arange(3.0, dtype="float32"),
    np.arange(6).reshape(2, 3),
    np.arange(6).reshape(3, 2),
    np.float64(1.0),
    np.dtype("float32"),
    Color.RED,
    Color.BLUE,
    Recipe(),
    Recipe(learning_rate=0.02),
    data.Line(intercept=1.0, slope=2.0),
    data.Line(intercept=2.0, slope=1.0),
    np.random.SeedSequence(1),
    np.random.SeedSequence(1, spawn_key=(0,)),
    Schedule(1),
    Schedule(2),
    plain,
    functools.partial(plain, 1),
    functools.partial(plain, 2),
    functools.cache(plain),
    np.sin,
    np.cos,
    np.mean,
    len,
    math_module := importlib.import_module("math"),
    Path("a"),
    Path("b"),
    data.sample_noisy,
    Recipe().replace,
]


def test_different_values_make_different_keys():
    keys = [key(plain, x=value) for value in VALUES]
    assert len(set(keys)) == len(VALUES)


@pytest.mark.parametrize("index", range(len(VALUES)))
def test_equal_values_make_equal_keys(index):
    value = VALUES[index]
    assert key(plain, x=value) == key(plain, x=value)


def test_equal_does_not_mean_identical():
    assert key(plain, x=Recipe(learning_rate=0.5)) == key(plain, x=Recipe(learning_rate=0.5))
    matrix = np.arange(6.0).reshape(2, 3)
    assert key(plain, x=matrix) == key(plain, x=np.asfortranarray(matrix))


def test_the_name_of_an_input_counts():
    assert key(plain, x=1) != key(plain, y=1)


@pytest.mark.parametrize("value", [object(), np.array([object()]), iter([1]), [object()]])
def test_a_value_of_which_changes_are_not_seen_is_refused(value):
    with pytest.raises(
        TypeError, match=r"^x must consist of numbers.*got (object|ndarray|list_iterator)$"
    ):
        key(plain, x=value)


# -- Code of scripts ---------------------------------------------------------

BASE = "def f(x):\n    return g(x) + K\ndef g(x):\n    return 2 * x\nK = 3\nunused = 1\n"


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("unused = 1", "unused = 2", True),
        ("def f(x):", "def f(x):  # words\n", True),
        ("def f(x):", 'def f(x):\n    """Words."""', True),
        ("def g(x):", 'def g(x):\n    """Words."""', True),
        ("+ K", "- K", False),
        ("+ K", "+ K + 0.5", False),
        ("2 * x", "3 * x", False),
        ("2 * x", "2.0 * x", False),
        ("2 * x", "x * 2", False),
        ("2 * x", "[2 * x for _ in [0]][0]", False),
        ("K = 3", "K = 4", False),
        ("K = 3", "K = 3.0", False),
        ("g(x) + K", "(lambda y: g(y) + K)(x)", False),
        ("def f(x):", "def f(x, y=1):", False),
        ("def f(x):", "def f(x, *, y=1):", False),
        ("def g(x):", "def g(x):\n    import json", False),
    ],
)
def test_a_function_of_a_script_counts_with_the_globals_that_it_reads(old, new, is_same):
    assert old in BASE
    changed = script(BASE.replace(old, new))
    assert (key(script(BASE)) == key(changed)) == is_same


def test_the_docstring_of_a_function_does_not_count():
    texts = [f'def f(x):\n    "{words}"\n    return x + 1.5' for words in ("One.", "Two.")]
    assert key(script(texts[0])) == key(script(texts[1]))


def test_what_a_function_closes_over_counts():
    text = "def make(k):\n    def f(x):\n        return x + k\n    return f\nf = make({})"
    assert key(script(text.format(1))) != key(script(text.format(2)))


def test_functions_of_a_module_with_one_name_are_told_apart():
    first, second = (lambda x: x), (lambda x: 2 * x)
    assert first.__qualname__ == second.__qualname__
    assert key(first) != key(second)
    makes = [lambda k=k: k for k in range(2)]
    assert key(makes[0]) != key(makes[1])


def test_functions_that_call_each_other_have_an_end():
    text = "def f(x):\n    return g(x) if x else 0\ndef g(x):\n    return f(x - {})\n"
    assert key(script(text.format(1))) == key(script(text.format(1)))
    assert key(script(text.format(1))) != key(script(text.format(2)))


CLASS = """
import dataclasses
class Base:
    def step(self, x):
        return x + 1
class Model(Base):
    rate = 1
    def run(self, x):
        "Words."
        return self.step(x) * self.rate
    @property
    def double(self):
        return 2
    @staticmethod
    def half(x):
        return x / 2
@dataclasses.dataclass(frozen=True)
class Setting:
    width: int = 1
    def area(self):
        return self.width ** 2
def f(x):
    return Model().run(x) + Setting().area()
"""


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("Words.", "Others.", True),
        ("rate = 1", "rate = 2", False),
        ("x + 1", "x + 2", False),
        ("return 2", "return 3", False),
        ("x / 2", "x / 3", False),
        ("width: int = 1", "width: int = 2", False),
        ("** 2", "** 3", False),
        ("Model(Base)", "Model(Base, dict)", False),
    ],
)
def test_a_class_of_a_script_counts_with_its_methods(old, new, is_same):
    assert old in CLASS
    assert (key(script(CLASS)) == key(script(CLASS.replace(old, new)))) == is_same


def test_a_global_of_which_changes_are_not_seen_is_refused_with_its_name():
    f = script("def f(x):\n    return g(x)\ndef g(x):\n    return state", state=object())
    with pytest.raises(TypeError, match="the global 'state' of the function must consist of"):
        key(f)


def test_a_name_that_is_only_an_attribute_is_not_taken_for_a_global():
    f = script("def f(x):\n    return x.state", state=object())
    assert key(f) == key(script("def f(x):\n    return x.state"))


# -- Code of modules ---------------------------------------------------------


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return a function that writes a module of a package, and lets it be imported anew."""
    monkeypatch.syspath_prepend(tmp_path)

    def forget():
        for name in [name for name in sys.modules if name.partition(".")[0] == "toystudy"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    def write(name, text):
        (tmp_path / "toystudy").mkdir(exist_ok=True)
        (tmp_path / "toystudy" / f"{name}.py").write_text(text, encoding="utf-8")
        forget()

    write("__init__", "")
    write("study", "from toystudy import inner\ndef f(x):\n    return inner.g(x)\n")
    write("inner", "def g(x):\n    from toystudy.deepest import h\n    return h(x)\n")
    write("deepest", "def h(x):\n    return x\n")
    write("other", "def k(x):\n    return x\n")
    yield write
    forget()


CHANGES = [
    ("deepest", "def h(x):\n    return x + 1\n", False),
    ("inner", "def g(x):\n    from toystudy.deepest import h\n    return -h(x)\n", False),
    ("study", "from toystudy import inner\ndef f(x):\n    return inner.g(x)\ny = 1\n", False),
    ("deepest", '"""Words."""\n\ndef h(x):\n    """Words."""\n    return x  # words\n', True),
    ("other", "def k(x):\n    return x + 1\n", True),
]


@pytest.mark.parametrize(("module", "text", "is_same"), CHANGES)
def test_a_function_of_a_module_counts_with_what_it_imports(toy, module, text, is_same):
    before = key(importlib.import_module("toystudy.study").f)
    toy(module, text)
    assert (key(importlib.import_module("toystudy.study").f) == before) == is_same


@pytest.mark.parametrize(
    "text",
    [
        "from toystudy import study\ndef f(x):\n    return study.f(x)",
        "from toystudy.study import f as g\ndef f(x):\n    return g(x)",
        "import toystudy.study\ndef f(x):\n    return toystudy.study.f(x)",
        "def f(x):\n    from toystudy.study import f as g\n    return g(x)",
        "def f(x):\n    from toystudy import study\n    return study.f(x)",
        "def f(x):\n    import toystudy.study as study\n    return study.f(x)",
    ],
)
@pytest.mark.parametrize(("module", "change", "is_same"), CHANGES)
def test_a_function_of_a_script_counts_with_modules_it_reaches(toy, text, module, change, is_same):
    importlib.import_module("toystudy.study")
    before = key(script(text))
    toy(module, change)
    importlib.import_module("toystudy.study")
    assert (key(script(text)) == before) == is_same


def test_a_class_among_the_inputs_counts_with_its_module(toy):
    toy("other", "import dataclasses\n@dataclasses.dataclass\nclass C:\n    x: int\n")
    value = importlib.import_module("toystudy.other").C(1)
    before = key(plain, c=value)
    toy("other", "import dataclasses\n@dataclasses.dataclass\nclass C:\n    x: int\ny = 1\n")
    assert key(plain, c=importlib.import_module("toystudy.other").C(1)) != before


# -- Versions ----------------------------------------------------------------


def versions(function, **inputs):
    return dict(identity.Identity(function).of(**inputs)[1].versions)


@pytest.fixture
def installed(monkeypatch):
    """Let versions be others than those installed."""
    real, changed = identity._version, {}
    monkeypatch.setattr(identity, "_version", lambda name: changed.get(name, real(name)))
    return changed


def test_libraries_count_that_the_code_imports():
    assert versions(plain).keys() >= {"python", "numpy", "scipy"}
    # This file imports pytest; the toy imports nothing.
    assert "tensorflow" not in " ".join(versions(data.sample_noisy))
    fit_ensemble = importlib.import_module("overfit_tutorial.training").fit_network
    assert "keras" in versions(fit_ensemble)
    assert "tqdm" not in versions(fit_ensemble), "no number comes from it"


@pytest.mark.parametrize(
    ("name", "is_same"), [("numpy", False), ("python", False), ("keras", True), ("tqdm", True)]
)
def test_a_changed_version_counts_if_it_matters(installed, name, is_same):
    before = key(data.sample_noisy)
    installed[name] = "0.0.1"
    assert (key(data.sample_noisy) == before) == is_same


@pytest.mark.parametrize(
    ("name", "is_same"), [("wasmtime", True), ("keras", False), (TENSORFLOW, False)]
)
def test_of_what_trains_only_tensorflow_counts_with_its_version(installed, name, is_same):
    train = importlib.import_module("overfit_tutorial.training").fit_network
    before = key(train)
    assert importlib.metadata.version(name)
    installed[name] = "0.0.1"
    assert (key(train) == before) == is_same


def test_another_binary_of_the_exact_trainer_makes_what_it_trained_stale(tmp_path, monkeypatch):
    copied = tmp_path / "overfit_tutorial"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    real = sources.counted
    find = {PACKAGE.name: copied}
    monkeypatch.setattr(sources, "counted", lambda top: find.get(top) or real(top))
    train = importlib.import_module("overfit_tutorial.training").fit_network
    trained, drawn = key(train), key(data.sample_noisy)
    binary = copied / "exact" / "trainer.wasm"
    binary.write_bytes(binary.read_bytes() + b"\0")
    assert key(train) != trained
    assert key(data.sample_noisy) == drawn, "it trains nothing"


def test_a_worker_that_differs_is_told(installed, toy):
    function = importlib.import_module("toystudy.study").f
    _, conditions = identity.Identity(function).of()
    assert identity.differences(conditions) == ()
    identity.differences.cache_clear()
    installed["numpy"] = "0.0.1"
    toy("deepest", "def h(x):\n    return x + 1\n")
    version, code = identity.differences(conditions)
    assert version == f"numpy {np.__version__} there and 0.0.1 here"
    assert code == "the code of toystudy.deepest"
    identity.differences.cache_clear()


def test_conditions_are_said_in_words():
    words = str(identity.Identity(data.sample_noisy).of()[1])
    assert words.startswith(f"python {sys.version_info[0]}.{sys.version_info[1]}, numpy ")


def test_a_module_without_a_file_counts_with_its_library():
    loose = types.ModuleType("loose")
    assert key(script("def f(x):\n    return loose", loose=loose))


def test_a_dataclass_with_an_array_counts_with_the_array():
    points = data.sample_noisy(seed=0)
    other = dataclasses.replace(points, y=points.y + 1)
    assert key(plain, x=points) == key(plain, x=data.sample_noisy(seed=0))
    assert key(plain, x=points) != key(plain, x=other)
