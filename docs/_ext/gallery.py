"""What Sphinx-gallery calls: begin and end a page, and set what a code block published.

These functions are named by dotted strings in ``conf.py``; Sphinx cannot pickle function objects
and would rebuild everything.
"""

import csv
import functools
import io
import multiprocessing
import os
import re
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import notebooks
import published
import twin_figures
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from words import typeset

from overfit_tutorial import publishing
from overfit_tutorial.claims import Claim
from overfit_tutorial.fingerprints import Fingerprint
from overfit_tutorial.tables import Table

# A card that links by its title. Sphinx-gallery's own hides the link's text, has an invalid
# attribute, and shows a light thumbnail on a dark page.
_CARD = """
.. page-card:: {doc_name}

   {intro}

"""


def begin_or_end_page(gallery_conf: dict[str, Any], fname: str | None, when: str) -> None:
    """Start each page afresh, as if it ran in a process of its own."""
    if multiprocessing.current_process().name != "MainProcess":
        notebooks.convert_here(Path(gallery_conf["src_dir"]))
        _end_with(os.getppid())
    plt.close("all")
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
        # As in a fresh process: a page that forgets its seed must not live on its neighbor's.
        sys.modules["tensorflow"].random.set_seed(None)
    if when == "before":
        publishing.collect()
        _state.clear()
    else:
        publishing.stop()


@functools.cache
def _end_with(build: int) -> None:
    """End this process, which runs pages for a build, when the build dies.

    It would go on with its page, and write into the folder of the next build.
    """

    def watch() -> None:
        while os.getppid() == build:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def scrape(block: object, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Return the reST of what one code block published, and record them."""
    source = Path(gallery_conf["src_dir"])
    target = Path(block_vars["target_file"])
    docname = target.with_suffix("").relative_to(source).as_posix()
    page = _state.setdefault(docname, published.Page(docname))
    items = publishing.drain()
    unpublished = [n for n in plt.get_fignums() if plt.figure(n) not in items]
    plt.close("all")
    if unpublished:
        raise ExtensionError(
            f"{docname}: figure {unpublished[0]} has no caption and no alternative text; "
            "end the block with figures.show(figure, caption=..., alt=...)"
        )
    parts = []
    for item in items:
        if isinstance(item, Figure):
            figure = twin_figures.save_twins(item, Path(next(block_vars["image_path_iterator"])))
            page.figures.append(figure)
            parts.append(twin_figures.directive(figure, "images/"))
        elif isinstance(item, Claim):
            page.claims.append(item.to_json())
            parts.append(f".. claim-box:: {item.id}\n\n")
        elif isinstance(item, Fingerprint):
            page.fingerprints[item.study] = item.digest
            parts.append(f".. container:: fingerprint claim-evidence\n\n   {item.sentence}\n")
        elif isinstance(item, Table):
            parts.append(table(item))
    published.write(page, published.record_path(target))
    return "\n" + "\n".join(parts)


def table(shown: Table) -> str:
    """Return the reST of a table; a class tells which columns hold words, counted from one."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in (shown.head, *shown.rows):
        writer.writerow(re.sub(r"([*`|_\\])", r"\\\1", typeset(cell)) for cell in row)
    classes = ["result", *(f"words-{k}" for k, words in enumerate(shown.is_text, 1) if words)]
    options = f"   :class: {' '.join(classes)}\n   :header-rows: 1\n   :widths: auto\n"
    return f".. csv-table::\n{options}\n{textwrap.indent(text.getvalue(), '   ')}\n"


def _add_minigallery(app: Sphinx, what: str, name: str, *rest: Any) -> None:
    """Below an entry of the reference, list the pages that use it."""
    if what in ("function", "class"):
        rest[-1].extend(["", f".. minigallery:: {name}", ""])


# The page being executed, by docname: Sphinx-gallery calls `scrape` once a block.
_state: dict[str, published.Page] = {}


def setup(app: Sphinx) -> dict[str, bool]:
    from sphinx_gallery import backreferences

    backreferences.THUMBNAIL_TEMPLATE = _CARD
    app.setup_extension("sphinx.ext.autodoc")
    # After numpydoc, which rewrites the docstring.
    app.connect("autodoc-process-docstring", _add_minigallery, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
