"""The record that a page leaves when it was executed: its claims and its figures.

Sphinx-gallery runs a page, `gallery.scrape` writes the record beside the page's reST, and
everything on the site that speaks of claims or figures reads it. So it also works for a page that
was not run again, and for one that was run in another process.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

_logger = logging.getLogger(__name__)
_SUFFIX = ".published.json"


@dataclass
class Figure:
    """A figure in its two twins."""

    light: str  # the twin's file name, in the page's image folder
    dark: str
    width: int
    height: int
    caption: str
    alt: str
    title: str = ""
    headline: bool = False
    frames: list[str] = field(default_factory=list)  # their names, of a figure in motion


@dataclass
class Page:
    """What one page published."""

    docname: str
    figures: list[Figure] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)  # by the name of the study

    @property
    def headline(self) -> dict[str, Any] | None:
        """The claim that answers the page's question."""
        return next((claim for claim in self.claims if claim["headline"]), None)

    @property
    def headline_figure(self) -> Figure | None:
        """The figure that shows the answer."""
        return next((figure for figure in self.figures if figure.headline), None)


def record_path(page: Path) -> Path:
    """Return where the record of a page lies, given its reST or Python file."""
    return page.with_suffix("").with_name(page.stem + _SUFFIX)


def write(page: Page, path: Path) -> None:
    """Write a record whole or not at all."""
    temporary = path.with_name(path.name + f".{os.getpid()}.new")
    temporary.write_text(json.dumps(asdict(page), indent=1, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


def read(path: Path) -> Page:
    """Read one record."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Page(**fields | {"figures": [Figure(**figure) for figure in fields["figures"]]})


def read_all(source: Path) -> list[Page]:
    """Read the records of every page below a source folder, in the order of their paths.

    Records of pages that are gone are left out. Two claims with one id are an error.
    """
    pages = [
        read(path)
        for path in sorted(source.rglob(f"*{_SUFFIX}"))
        if path.with_name(path.name.removesuffix(_SUFFIX) + ".rst").exists()
    ]
    origin: dict[str, str] = {}
    for page in pages:
        for claim in page.claims:
            if claim["id"] in origin:
                raise ValueError(
                    f"claim id {claim['id']!r} is stated twice: in {origin[claim['id']]} "
                    f"and in {page.docname}"
                )
            origin[claim["id"]] = page.docname
    return pages


def pages(env: BuildEnvironment) -> list[Page]:
    """Return the records of all pages, read once a build."""
    if not hasattr(env, "temp_published"):
        try:
            env.temp_published = read_all(Path(env.srcdir))
        except ValueError as error:
            raise ExtensionError(str(error)) from None
    return env.temp_published  # type: ignore[no-any-return]


def page_of(env: BuildEnvironment, docname: str) -> Page | None:
    """Return the record of a page, or nothing for one that is not executed."""
    return next((page for page in pages(env) if page.docname == docname), None)


def _check_evidence(stated: list[Page]) -> Iterator[str]:
    """Yield what the site asks of pages beyond what `claims` and `figures` themselves do."""
    for page in stated:
        for claim in page.claims:
            where = f"{page.docname}: claim {claim['id']!r}"
            if claim["kind"] == "measured" and not (claim["interval"] and claim["n"]):
                yield f"{where} is measured, so it must have an interval and n"
            if claim["kind"] != "timing" and not claim["wrong_if"]:
                yield f"{where} must say what would make it wrong (wrong_if)"
        if sum(claim["headline"] for claim in page.claims) != 1:
            yield f"{page.docname}: one claim of a page must be its headline"
        if page.figures and sum(figure.headline for figure in page.figures) != 1:
            yield f"{page.docname}: one figure of a page must be its headline"


def _read_records(app: Sphinx) -> None:
    """After Sphinx-gallery has run the pages: read their records, and hold them to the rules."""
    vars(app.env).pop("temp_published", None)  # those of the build before
    for problem in _check_evidence(pages(app.env)):
        _logger.warning(problem)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _read_records, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
