"""The record that a page leaves when it was executed: its claims and its figures.

Sphinx-gallery runs a page, `gallery.scrape` writes the record beside the page's reST, and
everything on the site that speaks of claims or figures reads it. So it also works for a page that
was not run again, and for one that was run in another process.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_SUFFIX = ".published.json"


@dataclass
class Figure:
    """A figure in its two twins."""

    light: str
    """File name of the light twin, in the page's image folder."""
    dark: str
    width: int
    height: int
    caption: str
    alt: str
    title: str = ""


@dataclass
class Page:
    """What one page published."""

    docname: str
    figures: list[Figure] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)

    @property
    def headline(self) -> dict[str, Any] | None:
        """The claim that answers the page's question."""
        return next((claim for claim in self.claims if claim["headline"]), None)


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
    return Page(
        docname=fields["docname"],
        figures=[Figure(**figure) for figure in fields["figures"]],
        claims=fields["claims"],
    )


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
