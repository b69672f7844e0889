"""A module that is no longer what its file says is refused: the store would describe the file."""

import importlib
import sys

import pytest

from overfit_tutorial import data
from overfit_tutorial.sweeps import changes, identity, sources

TOY = """
import dataclasses
import enum
from math import sin
from typing import NamedTuple
RATE, WIDTH = 0.1, 100
DEPTH = 5
SIZES = [1, 2]
NAMES = {"a", "b", "c"}
CACHE = {}
twice = 1
twice = 2
class Color(enum.Enum):
    RED = 1
@dataclasses.dataclass
class Setting:
    rate: float = 0.5
    def area(self):
        return self.rate * sin(1)
class Pair(NamedTuple):
    left: int = 1
class Plain:
    rate = 3
    __private = 4
    def run(self):
        return self.rate
def f(x):
    return DEPTH * x
def g(x):
    "Words."
    return x in {"a", "b"}
def outer():
    def inner(x):
        return x + 1
    return inner
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return a module that was imported from a file, and its file."""
    file = tmp_path / "toychanges.py"
    file.write_text(TOY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("toychanges"), file
    del sys.modules["toychanges"]


def check(file):
    changes.check_unchanged("toychanges", file)


def test_a_module_as_it_was_imported_is_what_its_file_says(toy):
    check(toy[1])


def test_every_module_of_the_package_is_what_its_file_says():
    assert identity.Identity(data.sample_noisy).of()
    for name in [name for name in sys.modules if name.startswith("overfit_tutorial")]:
        changes.check_unchanged(name, sources.counted_file(name))


def set_class(module):
    module.Plain.rate = 4


def set_default(module):
    module.Setting.rate = 0.6


def set_method(module):
    module.Plain.run = lambda self: 5


def set_other_method(module):
    module.Setting.area = module.Plain.run


def grow_list(module):
    module.SIZES.append(3)


def grow_set(module):
    module.NAMES.add("d")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda module: setattr(module, "DEPTH", 6), "DEPTH"),
        (lambda module: setattr(module, "DEPTH", 5.0), "DEPTH"),
        (lambda module: setattr(module, "f", module.g), "f"),
        (lambda module: setattr(module, "f", len), "f"),
        (lambda module: setattr(module, "f", lambda x: DEPTH * x), "f"),
        (lambda module: setattr(module, "sin", abs), "sin"),
        (set_class, "Plain.rate"),
        (set_default, "Setting.rate"),
        (set_method, "Plain.run"),
        (set_other_method, "Setting.area"),
        (grow_list, "SIZES"),
        (grow_set, "NAMES"),
    ],
)
def test_what_was_set_after_the_import_is_refused_by_its_name(toy, change, name):
    module, file = toy
    change(module)
    with pytest.raises(TypeError, match=rf"^toychanges\.{name} must be what the file"):
        check(file)
    with pytest.raises(TypeError, match=name):
        identity.Identity(module.g).of()


DEPTH = 5


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("DEPTH = 5", "DEPTH = 7", "DEPTH"),
        ("DEPTH * x", "DEPTH + x", "f"),
        ("x + 1", "x + 2", "outer"),
        ("self.rate * sin(1)", "self.rate * sin(2)", "Setting.area"),
        ('{"a", "b"}\n', '{"a", "c"}\n', "g"),
    ],
)
def test_a_file_that_was_edited_after_the_import_is_refused(toy, old, new, name):
    file = toy[1]
    assert old in TOY
    file.write_text(TOY.replace(old, new) + "# longer\n", encoding="utf-8")
    with pytest.raises(TypeError, match=rf"^toychanges\.{name} must be what the file"):
        check(file)


@pytest.mark.parametrize(
    ("old", "new"), [("Words.", "Other words."), ("DEPTH = 5", "# Why.\nDEPTH = 5")]
)
def test_words_may_be_edited(toy, old, new):
    file = toy[1]
    assert old in TOY
    file.write_text(TOY.replace(old, new), encoding="utf-8")
    check(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda module: module.CACHE.update(a=1),  # filled as it goes
        lambda module: delattr(module, "DEPTH"),  # nobody can read it
        lambda module: setattr(module, "twice", 3),  # the file has no single value for it
    ],
)
def test_what_a_file_does_not_say_plainly_is_let_be(toy, change):
    module, file = toy
    change(module)
    check(file)


def test_a_module_that_is_not_imported_cannot_differ(tmp_path):
    changes.check_unchanged("nothing_of_that_name", tmp_path / "missing.py")
