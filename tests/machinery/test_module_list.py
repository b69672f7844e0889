"""The overview of the package, before any site is built."""

import pytest

module_list = pytest.importorskip("module_list", reason="the site's tools are not installed")


def test_a_module_says_its_first_line(tmp_path):
    module = tmp_path / "a.py"
    module.write_text('"""One line.\n\nAnd more.\n"""\nx = 1\n', encoding="utf-8")
    assert module_list.first_line(module) == "One line."
    module.write_text("x = 1\n", encoding="utf-8")
    assert module_list.first_line(module) == ""


def test_what_stands_between_backticks_is_emphasized():
    parts = module_list.marked("For `one` and `two`.")
    assert [part.astext() for part in parts] == ["For ", "one", " and ", "two", "."]
    assert [type(part).__name__ for part in parts[:2]] == ["Text", "emphasis"]
