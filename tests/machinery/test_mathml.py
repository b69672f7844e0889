"""The pages show math as native MathML, and a broken formula breaks the build."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("math_core")
sphinx_build = pytest.importorskip("sphinx.cmd.build")

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "_ext"

CONFIGURATION = f"""
import sys

sys.path.insert(0, {str(EXTENSIONS)!r})
project = "toy"
html_theme = "basic"
extensions = ["mathml"]
"""


class Elements(HTMLParser):
    """The start tags of a page, as pairs of a name and its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    def anchors(self) -> list[str]:
        return [anchor for _, found in self.found if (anchor := found.get("id"))]


def build(project: Path, *options: str, **pages: str) -> int:
    """Build a site of the given pages in ``project/site`` and return the exit code."""
    (project / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    for name, text in pages.items():
        source = f":orphan:\n\n{name}\n{'=' * len(name)}\n\n{text}\n"
        (project / f"{name}.rst").write_text(source, encoding="utf-8")
    places = ["-d", str(project / "doctrees"), str(project), str(project / "site")]
    code: int = sphinx_build.main(["-q", *options, *places])
    return code


def read_page(project: Path, name: str = "index") -> str:
    return (project / "site" / f"{name}.html").read_text(encoding="utf-8")


def test_inline_and_block_formulas_become_mathml(tmp_path: Path) -> None:
    text = ":math:`\\sigma^2` is noise.\n\n.. math:: \\frac{1}{n}\\sum_{i=1}^{n} y_i"
    assert build(tmp_path, "-W", index=text) == 0
    inline, block = Elements(read_page(tmp_path)).attributes("math")
    assert "display" not in inline
    assert block["display"] == "block"
    assert "<msup><mi>σ</mi><mn>2</mn></msup>" in read_page(tmp_path)
    assert "<munderover>" in read_page(tmp_path)


def test_math_adds_no_script_to_a_page(tmp_path: Path) -> None:
    assert build(tmp_path, "-W", index="Text.", formula=".. math:: x^2") == 0
    plain = Elements(read_page(tmp_path)).attributes("script")
    assert Elements(read_page(tmp_path, "formula")).attributes("script") == plain
    for file in (tmp_path / "site").rglob("*"):
        assert not (file.is_file() and b"mathjax" in file.read_bytes().lower()), file


@pytest.mark.parametrize(
    "block",
    ["a &= b \\\\\n   &= c", "a &= b\n\n   b &= c"],
    ids=["line break", "blank line"],
)
def test_the_equations_of_a_block_stand_on_lines_of_their_own(tmp_path: Path, block: str) -> None:
    assert build(tmp_path, "-W", index=f".. math::\n\n   {block}") == 0
    assert read_page(tmp_path).count("<mtr>") == 2


def test_a_matrix_is_not_wrapped_in_a_second_table(tmp_path: Path) -> None:
    matrix = ".. math:: \\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}"
    assert build(tmp_path, "-W", index=matrix) == 0
    assert read_page(tmp_path).count("<mtable") == 1


def test_a_formula_carries_its_source_as_alternative_text(tmp_path: Path) -> None:
    text = '.. math::\n\n   a < b\n   \\& \\text{"c"}'
    assert build(tmp_path, "-W", index=text) == 0
    (formula,) = Elements(read_page(tmp_path)).attributes("math")
    assert formula["alttext"] == 'a < b \\& \\text{"c"}'


def test_a_large_bracket_keeps_its_size_under_an_exponent(tmp_path: Path) -> None:
    assert build(tmp_path, "-W", index=".. math:: \\bigl(a + b\\bigr)^2") == 0
    page = read_page(tmp_path)
    assert re.search(r"<msup><mrow><mo minsize=[^>]*>\)</mo></mrow>", page)


BROKEN = {
    "inline": ("Text.\n\nA :math:`\\nosuch{x}` here.", 8),
    "block": (".. math:: \\nosuch{x}", 6),
}


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_a_formula_that_cannot_be_converted_fails_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int
) -> None:
    assert build(tmp_path, "-W", index=text) != 0
    message = capsys.readouterr().err
    assert f"index.rst:{line}: WARNING" in message
    assert "\\nosuch{x}" in message


def test_a_draft_shows_the_source_of_a_formula_that_cannot_be_converted(
    tmp_path: Path,
) -> None:
    assert build(tmp_path, index=":math:`\\nosuch{x}`") == 0
    assert "<code>\\nosuch{x}</code>" in read_page(tmp_path)
