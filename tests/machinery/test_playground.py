"""The playground's scripts become one, and nothing of them is lost."""

import base64
import re
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

playground = pytest.importorskip("playground", reason="the site's tools are not installed")

DOCS = Path(playground.__file__).parents[1]
SCRIPTS = DOCS / "_static" / "play"


def test_comments_and_indentation_are_left_out_and_code_is_not(tmp_path):
    (tmp_path / "a.js").write_text('// Why.\n"use strict";\n\n  one("// no"); // short\n')
    (tmp_path / "b.js").write_text("  // More.\n    two();\n")
    assert playground.body(tmp_path, ("a", "b")) == 'one("// no"); // short\ntwo();\n'


def test_the_binary_is_that_of_the_package():
    (text,) = re.findall('playBinary = "([^"]*)"', playground.engine(SCRIPTS))
    assert zlib.decompress(base64.b64decode(text), wbits=-15) == playground.BINARY.read_bytes()


def test_the_engine_has_every_script_once():
    engine = playground.engine(SCRIPTS)
    for name in (*playground.SHARED, *playground.WORKER, *playground.PAGE):
        assert engine.count(playground.body(SCRIPTS, (name,))) == 1


def test_the_build_writes_the_engine_beside_its_scripts(tmp_path):
    playground._write(SimpleNamespace(outdir=tmp_path, srcdir=DOCS))
    made = tmp_path / "_static" / "play" / "engine.js"
    assert made.read_text(encoding="utf-8") == playground.engine(SCRIPTS)


def test_a_script_that_is_missing_stops_the_build(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"draws\.js"):
        playground.engine(tmp_path)
