"""Which modules some code imports, on a toy package; and what of a module is code."""

import pytest

from overfit_tutorial.sweeps import sources

FILES = {
    "toy/__init__.py": "",
    "toy/one.py": "from toy import two\nimport json, numpy.linalg",
    "toy/two.py": "def later():\n    from .deep import low",
    "toy/three.py": "value = 3",
    "toy/deep/__init__.py": "from .. import three as other",
    "toy/deep/low.py": "from . import side\nfrom ..three import value",
    "toy/deep/side.py": "import toy.one  # a circle",
    "toy/deep/unused.py": "import scipy",
    "alone.py": "import toy.three",
}


@pytest.fixture
def find(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {"toy": tmp_path / "toy", "alone": tmp_path / "alone.py"}.get


def imported(find, name):
    found = sources.closure({name: sources.module_file(name, find)}, find)
    return set(found.modules), found.others


def test_the_closure_follows_every_sort_of_import(find):
    modules, others = imported(find, "toy.one")
    assert modules == {
        *("toy", "toy.one", "toy.two", "toy.three", "toy.deep", "toy.deep.low", "toy.deep.side")
    }, "all but the unused module"
    assert others == {"json", "numpy"}


def test_a_module_that_imports_nothing_has_an_empty_closure(find):
    assert imported(find, "toy.three") == (set(), frozenset())


def test_a_module_of_one_file_is_followed(find):
    assert imported(find, "alone") == ({"toy", "toy.three"}, frozenset())


def test_a_module_that_does_not_count_has_no_file(find):
    assert sources.module_file("toy.nowhere", find) is None
    assert sources.module_file("json", find) is None


BASE = '"""Words."""\ndef f(x):\n    """More."""\n    return x + 1\n'


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        ("def f(x):  # a comment\n\n    return (x + 1)\n", True),
        ('"""Other words."""\ndef f(x):\n    """Still more."""\n    return x + 1\n', True),
        ("def f(x):\n    return x + 2\n", False),
        ("def f(x):\n    return x + 1.0\n", False),
        ("def f(x):\n    return x - 1\n", False),
        ("def g(x):\n    return x + 1\n", False),
        ("def f(x):\n    'text' + 'text'\n    return x + 1\n", False),
    ],
)
def test_only_code_is_code(tmp_path, text, is_same):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(BASE, encoding="utf-8")
    after.write_text(text, encoding="utf-8")
    assert (sources.code(before) == sources.code(after)) == is_same
    assert (sources.digest(before) == sources.digest(after)) == is_same


def test_data_beside_a_module_that_it_names_is_part_of_its_code(tmp_path):
    module, data, other = (tmp_path / name for name in ("m.py", "data.wasm", "other.wasm"))
    for file in (data, other):
        file.write_bytes(b"1")
    module.write_text('"""other.wasm"""\nname = "data.wasm"  # other.wasm\n', encoding="utf-8")
    before = sources.digest(module)
    other.write_bytes(b"2")
    assert sources.digest(module) == before, "a docstring names it, not the code"
    data.write_bytes(b"2")
    assert sources.digest(module) != before
    data.write_bytes(b"1")
    assert sources.digest(module) == before


def test_a_name_without_a_file_and_a_module_are_no_data(tmp_path):
    module = tmp_path / "m.py"
    module.write_text('names = "missing.txt", "n.py", "..", "n"\n', encoding="utf-8")
    before = sources.digest(module)
    for name in ("n.py", "n"):
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    assert sources.digest(module) == before


def test_a_digest_sees_that_a_file_has_changed(tmp_path):
    path = tmp_path / "file.py"
    path.write_text("x = 1\n", encoding="utf-8")
    first = sources.digest(path)
    path.write_text("x = 12\n", encoding="utf-8")
    assert sources.digest(path) != first
