"""What a reader takes away, before any site is built."""

import io
import zipfile
from pathlib import Path

import downloads
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(ROOT.glob("examples/*/plot_*.py"))
HEAD = '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["overfit-tutorial"]\n# ///\n'


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_page_says_what_it_needs(script):
    text = script.read_text(encoding="utf-8")
    assert text.startswith("# /// script\n"), "the block stands before the docstring"
    python = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("requires-python")[2]
    assert f"# requires-python{python.partition(chr(10))[0]}\n" in text
    assert downloads.depend_on(text, "a.whl")


@pytest.mark.parametrize("extras", ["", "[cluster]"])
def test_a_script_takes_the_package_from_an_address(extras):
    head = HEAD.replace("tutorial", f"tutorial{extras}")
    new, requirement = downloads.depend_on(head + "x = 1\n", "https://a/b.whl")
    assert requirement == f"overfit-tutorial{extras} @ https://a/b.whl"
    assert f'# dependencies = ["{requirement}"]\n# ///\nx = 1\n' in new


@pytest.mark.parametrize("extras", ["", "[cluster]"])
def test_a_script_takes_the_package_from_a_file(extras):
    head = HEAD.replace("tutorial", f"tutorial{extras}")
    new, requirement = downloads.depend_on(head + "x = 1\n", "../b.whl")
    assert requirement == f"../b.whl{extras}"
    assert new.startswith(head.removesuffix("# ///\n"))
    assert '# [tool.uv.sources]\n# overfit-tutorial = { path = "../b.whl" }\n# ///\nx' in new


def test_a_script_without_metadata_is_refused():
    with pytest.raises(ValueError, match="metadata must have the line"):
        downloads.depend_on("x = 1\n", "a.whl")


def test_a_notebook_installs_the_package_first():
    old = {"cell_type": "markdown", "metadata": {}, "source": ["Read."]}
    first, second = downloads.with_install_cell({"cells": [old]}, "a @ b.whl")["cells"]
    assert first["cell_type"] == "code"
    assert '%pip install --quiet "a @ b.whl"' in "".join(first["source"])
    assert second == old


def test_a_zip_is_the_same_whenever_it_is_made():
    once, again = (downloads.zip_of(iter([("a/b.txt", b"c")])) for _ in range(2))
    assert once == again
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert archive.read("a/b.txt") == b"c"


def test_the_wheel_is_the_same_whenever_it_is_built(tmp_path):
    (tmp_path / "old.whl").touch()
    wheels = [downloads.build_wheel(ROOT, tmp_path) for _ in range(2)]
    assert list(tmp_path.glob("*.whl")) == [wheels[0]] == [wheels[1]]
    once = wheels[0].read_bytes()
    assert downloads.build_wheel(ROOT, tmp_path).read_bytes() == once
    packed = {f"overfit_tutorial/{name}" for name in ("py.typed", "exact/trainer.c")}
    archive = zipfile.ZipFile(wheels[0])
    assert packed < set(archive.namelist())
    binary = "overfit_tutorial/exact/trainer.wasm"
    assert archive.read(binary) == (ROOT / binary).read_bytes()
