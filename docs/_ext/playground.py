"""The playground's scripts: one with the trainer, which also runs from ``file://``, one to see it.

A page of a folder may neither fetch the binary nor start a worker from a file. So the scripts of
``_static/play`` are joined into ``engine.js``, the binary within: the part that the page and its
worker share, the worker, and the page's end of it. A worker is started from the source of the
functions that hold the first two. What the reader sees and moves is joined into ``page.js``.
"""

import base64
import re
import zlib
from pathlib import Path

from sphinx.application import Sphinx

SHARED = ("draws", "network", "lines")
WORKER = ("trainer", "plain", "worker")
PAGE = ("client",)
SEEN = ("state", "python", "plot", "form", "presets", "hands", "take", "play")
BINARY = Path(__file__).parents[2] / "overfit_tutorial" / "exact" / "trainer.wasm"


def body(folder: Path, names: tuple[str, ...]) -> str:
    """Return what some scripts say, without comments on lines of their own and indentation."""
    text = "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in names)
    text = re.sub(r"^\s*//.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s+", "", text, flags=re.MULTILINE)
    return text.replace('"use strict";\n', "")


def packed(binary: bytes) -> str:
    """Return a binary as text that a browser can unpack."""
    packer = zlib.compressobj(9, wbits=-15)
    return base64.b64encode(packer.compress(binary) + packer.flush()).decode()


def engine(folder: Path) -> str:
    """Return the engine that the scripts of a folder make."""
    shared = ", ".join(SHARED)
    return (
        "// Made from the files beside it, whose comments say how it is used.\n"
        '"use strict";\n'
        f"const playShared = () => {{\n{body(folder, SHARED)}return {{ {shared} }};\n}};\n"
        f"const playWorker = () => {{\n{body(folder, WORKER)}}};\n"
        f'const playBinary = "{packed(BINARY.read_bytes())}";\n'
        f"const {{ {shared} }} = playShared();\n{body(folder, PAGE)}"
    )


def page(folder: Path) -> str:
    """Return the script that shows the page."""
    return f'// Made from the files beside it.\n"use strict";\n{body(folder, SEEN)}'


def _write(app: Sphinx) -> None:
    """Write the scripts before pages ask for their checksums."""
    source, made = Path(app.srcdir, "_static", "play"), Path(app.outdir, "_static", "play")
    made.mkdir(parents=True, exist_ok=True)
    for name, script in {"engine": engine(source), "page": page(source)}.items():
        (made / f"{name}.js").write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
