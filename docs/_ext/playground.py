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
from typing import Any

from docutils import nodes
from html_elements import element
from sphinx.application import Sphinx
from words import link

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
    text = re.sub(r"(?<=\S) +// [^\"`\n]*$", "", body(folder, SEEN), flags=re.MULTILINE)
    return f'// Made from the files beside it.\n"use strict";\n{text}'


def _write(app: Sphinx) -> None:
    """Write the scripts before pages ask for their checksums."""
    source, made = Path(app.srcdir, "_static", "play"), Path(app.outdir, "_static", "play")
    made.mkdir(parents=True, exist_ok=True)
    for name, script in {"engine": engine(source), "page": page(source)}.items():
        (made / f"{name}.js").write_text(script, encoding="utf-8")


#: What a page's argument moves, with the page's own seeds, as a state of the playground: see
#: ``state.js``. Seed 30/0/1000 is that of the points of the first network of a sweep of seed 30.
STATES = {
    "1_story/plot_2_do_parameters_chase_noise": "start=wild",
    "2_is_it_true/plot_1_was_it_luck": "fan=1&pointsSeed=0/0&seed=1/0",
    "2_is_it_true/plot_2_what_if_we_keep_training": "batch=0&pointsSeed=0&seed=1&steps=6400",
    "2_is_it_true/plot_3_is_it_the_recipe": "pointsSeed=30/0/1000&rate=0.001&seed=30/0",
    "2_is_it_true/plot_4_which_ingredient": "batch=100&center=10&seed=40&steps=3200",
    "2_is_it_true/plot_5_could_i_have_known": "pointsSeed=50&seed=51",
    "3_function_space/plot_1_why_does_it_start_as_a_line": "pointsSeed=2/0/1000&seed=2/0",
    "5_variants/plot_1_what_if_the_truth_curves": "pointsSeed=0/0&seed=1/0&truth=wave:4",
}
_LESSONS = "Lessons"


def _invite(app: Sphinx, doctree: nodes.document) -> None:
    """Lead from the end of a page's argument, before its lessons, to its network."""
    docname = app.env.docname
    state = STATES.get(docname.removeprefix("auto_examples/"))
    if state is None:
        return
    lessons = next(s for s in doctree.findall(nodes.section) if s[0].astext() == _LESSONS)
    # A script makes a small board of it: see site.js.
    place = element("", "", tag="p", classes=["play-here"], html={"data-state": state})
    place += link(app.env, docname, "play", state, "See this network in the playground")
    lessons.parent.insert(lessons.parent.index(lessons), place)


def _permit(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], *_: object
) -> None:
    """Tell the template on which pages a network may be trained."""
    context["trains"] = pagename == "play" or pagename.removeprefix("auto_examples/") in STATES


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _write)
    app.connect("html-page-context", _permit)
    app.connect("doctree-read", _invite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
