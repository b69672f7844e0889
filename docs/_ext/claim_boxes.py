"""Claims on the site: the box where one is stated, quotations, the ledger, ``claims.json``."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import drawn_figures
import published
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

_logger = logging.getLogger(__name__)

#: Between the parts of a line. The space before the dot does not break: no line begins with it.
SEPARATOR = "\u00a0· "

_KINDS = {
    "exact": "exact",
    "measured": "measured over {n:,} seeds",
    "one seed": "one seed",
    "timing": "timing on one machine",
}


def number(value: float) -> str:
    """Return a number as a reader wants it: whole ones whole, others with four digits."""
    return typeset(f"{value:,}" if isinstance(value, int) else f"{value:,.4g}")


def typeset(text: str) -> str:
    """Return a text with minus signs and apostrophes, where Python has what is on a keyboard."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", text).replace("'", "’")


def evidence(claim: dict[str, Any]) -> str:
    """Return what a claim rests on: its kind, its interval, and how far it is from failing."""
    parts = [kind(claim)]
    if claim["interval"] is not None:
        low, high = claim["interval"]
        parts.append(f"{claim['confidence']:.0%} interval {number(low)} to {number(high)}")
    if claim["threshold"] is not None:
        parts.append(f"would fail at {number(claim['threshold'])}")
    return ", ".join(parts)


def interval(claim: dict[str, Any]) -> str:
    """Return a claim's interval in brackets, with its confidence; nothing where it has none."""
    if claim["interval"] is None:
        return ""
    low, high = claim["interval"]
    return f"[{number(low)}, {number(high)}] {claim['confidence']:.0%}"


def kind(claim: dict[str, Any]) -> str:
    """Return what sort of evidence a claim rests on."""
    words = claim["kind"] if claim["n"] is None else _KINDS[claim["kind"]]
    return words.format(n=claim["n"])


def anchor(claim: dict[str, Any]) -> str:
    """Return the anchor of a claim's box on its page."""
    return f"claim-{claim['id']}"


def link(env: BuildEnvironment, source: str, page: str, fragment: str, text: str) -> nodes.Element:
    """Return a link from one document to an anchor of another."""
    uri = env._app.builder.get_relative_uri(source, page) if source != page else ""
    return nodes.reference("", text, refuri=f"{uri}#{fragment}", internal=True)


class _ClaimDirective(SphinxDirective):
    """What the directives of one claim share: finding it."""

    required_arguments = 1

    def find(self) -> tuple[str, dict[str, Any]]:
        """Return the claim with the id of the argument, and the page that states it."""
        for page in pages(self.env):
            for claim in page.claims:
                if claim["id"] == self.arguments[0]:
                    record = Path(self.env.srcdir, page.docname + ".rst")
                    self.env.note_dependency(str(published.record_path(record)))
                    return page.docname, claim
        raise self.error(f"no page states the claim {self.arguments[0]!r}")


class ClaimBox(_ClaimDirective):
    """The box under the block that states a claim."""

    def run(self) -> list[nodes.Node]:
        _, claim = self.find()
        box = nodes.container(classes=["claim"], ids=[anchor(claim)])
        box += nodes.paragraph("", typeset(claim["sentence"]), classes=["claim-sentence"])
        rests = nodes.paragraph("", "", classes=["claim-evidence"])
        rests += nodes.Text(f"{evidence(claim)}{SEPARATOR}")
        rests += link(self.env, self.env.docname, "ledger", claim["id"], "in the ledger")
        box += rests
        if claim["wrong_if"]:
            wrong = typeset(f"This would be wrong if {claim['wrong_if']}")
            box += nodes.paragraph("", wrong.rstrip(".") + ".", classes=["claim-wrong"])
        return [box]


class QuoteClaim(_ClaimDirective):
    """A claim's sentence on another page, after a question, with a link to where it is stated."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        page, claim = self.find()
        paragraph = nodes.paragraph("", "", classes=["quoted-claim"])
        if self.content:
            paragraph += nodes.strong("", " ".join(self.content))
            paragraph += nodes.Text(" ")
        paragraph += nodes.Text(typeset(claim["sentence"]) + " ")
        paragraph += link(self.env, self.env.docname, page, anchor(claim), "See it computed")
        return [paragraph]


class ledger_row(nodes.list_item):  # noqa: N801, docutils names nodes so
    """A claim in the ledger, with what the page's controls choose and sort by."""


def distance(claim: dict[str, Any]) -> str:
    """Return how far a claim is from failing, in words."""
    if claim["margin"] is None:
        return ""
    return f"{claim['margin']:.0%} from failing at {number(claim['threshold'])}"


class Ledger(SphinxDirective):
    """Every claim of the site, grouped by the page that states it."""

    def run(self) -> list[nodes.Node]:
        stated = pages(self.env)
        for page in stated:
            self.env.note_dependency(
                str(published.record_path(Path(self.env.srcdir, page.docname + ".rst")))
            )
        stated = [page for page in stated if page.claims]
        plot = self._plot([claim for page in stated for claim in page.claims])
        notice = nodes.raw("", _NOTICE, format="html")
        return [notice, *plot, self._controls(stated), *(self._group(page) for page in stated)]

    def _plot(self, claims: list[dict[str, Any]]) -> list[nodes.Node]:
        """Return the section with all excess risks on one axis, if there are any."""
        risks = drawn_figures.on_the_axis(claims)
        if not risks:
            return []
        section = nodes.section(ids=["excess-risks"])
        section += nodes.title("", "Excess risks, on the ladder's axis")
        section += nodes.paragraph("", _AXIS)
        section += drawn_figures.place(self, "excess_risks", drawn_figures.draw_risks, risks)
        return [section]

    def _controls(self, stated: list[published.Page]) -> nodes.Node:
        """Return the form that chooses and sorts; ``ledger.js`` unhides it, and works it."""
        parts = {self._part(page): self._title(self._part(page) + "/index") for page in stated}
        kinds = sorted({claim["kind"] for page in stated for claim in page.claims})
        fields = [
            _FIELD.format(label="Search", field='<input type="search" name="q">'),
            _select("part", "Part", [("", "all"), *parts.items()]),
            _select("kind", "Kind", [("", "all"), *((kind, kind) for kind in kinds)]),
            _select("order", "Order", [("", "by page"), ("margin", "closest to failing")]),
        ]
        form = _FORM.format(fields="".join(fields))
        return nodes.raw("", form, format="html")

    def _group(self, page: published.Page) -> nodes.Node:
        section = nodes.section(ids=[nodes.make_id(page.docname)], classes=["ledger-group"])
        title = nodes.title()
        title += nodes.Text(self._title(page.docname))
        section += title
        rows = nodes.enumerated_list(classes=["ledger"])
        for claim in page.claims:
            row = ledger_row(ids=[claim["id"]])
            row["data"] = {
                "kind": claim["kind"],
                "part": self._part(page),
                "margin": "" if claim["margin"] is None else f"{claim['margin']:.6g}",
            }
            row += nodes.paragraph("", typeset(claim["sentence"]), classes=["claim-sentence"])
            row += self._evidence(page, claim)
            rows += row
        section += rows
        return section

    def _evidence(self, page: published.Page, claim: dict[str, Any]) -> nodes.Node:
        """Return what a claim rests on, a line each: number, kind, distance, links."""
        rests = nodes.container(classes=["ledger-evidence"])
        value = nodes.paragraph("", "")
        if claim["quantity"] is not None:
            value += nodes.Text(f"{claim['quantity']} ")
        value += nodes.strong("", number(claim["value"]))
        value += nodes.Text(f" {interval(claim)}".rstrip())
        rests += value
        for words in filter(None, (kind(claim), distance(claim))):
            rests += nodes.paragraph("", words)
        links = nodes.paragraph("", "")
        here, where = self.env.docname, anchor(claim)
        words = f"computed in “{self._title(page.docname)}”"
        links += link(self.env, here, page.docname, where, words)
        if source := self._source_line(page, claim):
            links += nodes.Text(SEPARATOR)
            links += nodes.reference("", "source", refuri=source)
        links += nodes.Text(SEPARATOR)
        links += link(self.env, here, here, claim["id"], f"#{claim['id']}")
        rests += links
        return rests

    def _source_line(self, page: published.Page, claim: dict[str, Any]) -> str:
        """Return the address of the line that states a claim, if the repository has one."""
        repository = self.config.repository_url.rstrip("/")
        script = Path(self.env.srcdir, page.docname + ".py")
        if not repository or not script.exists():
            return ""
        lines = script.read_text(encoding="utf-8").splitlines()
        place = next((k for k, line in enumerate(lines, 1) if f'"{claim["id"]}"' in line), 1)
        path = page.docname.replace("auto_examples/", "examples/", 1)
        return f"{repository}/blob/main/{path}.py#L{place}"

    @staticmethod
    def _part(page: published.Page) -> str:
        return page.docname.rpartition("/")[0]

    def _title(self, docname: str) -> str:
        """Return a page's title, read from its reST: its doctree may not be there yet."""
        lines = Path(self.env.srcdir, docname + ".rst").read_text(encoding="utf-8").splitlines()
        for text, underline in pairwise(lines):
            is_line = set(underline) in ({"="}, {"-"}) and len(underline) >= len(text.strip())
            if text and text[0] not in "=-" and is_line:
                return text.strip()
        raise ExtensionError(f"{docname} has no title")


_AXIS = (
    "Every claim whose value is a mean squared distance to the truth, the nearest on top. Ratios "
    "and shares have other units, and no place here."
)
_NOTICE = """
<p class="ledger-notice" hidden><span></span> <button type="button">Show all</button></p>
"""
_FORM = """
<form class="ledger-controls" role="search" aria-label="Choose among the claims" hidden>
{fields}<p role="status" class="ledger-status"></p>
</form>
"""
_FIELD = "<label><span>{label}</span> {field}</label>\n"


def _select(name: str, label: str, options: list[tuple[str, str]]) -> str:
    choices = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options
    )
    return _FIELD.format(label=label, field=f'<select name="{name}">{choices}</select>')


def _visit_row(self: HTML5Translator, node: ledger_row) -> None:
    data = {f"data-{name}": value for name, value in node["data"].items()}
    self.body.append(self.starttag(node, "li", "", **data))


def _depart_row(self: HTML5Translator, node: ledger_row) -> None:
    self.body.append("</li>\n")


def pages(env: BuildEnvironment) -> list[published.Page]:
    """Return the records of all pages, read once a build."""
    if not hasattr(env, "temp_published"):
        _load(env._app)
    return env.temp_published  # type: ignore[no-any-return, attr-defined]


def _load(app: Sphinx) -> None:
    try:
        app.env.temp_published = published.read_all(Path(app.srcdir))  # type: ignore[attr-defined]
    except ValueError as error:
        raise ExtensionError(str(error)) from None


def _check_evidence(stated: list[published.Page]) -> Iterator[str]:
    """Yield what the site asks of claims beyond what `claim` itself does."""
    for page in stated:
        for claim in page.claims:
            where = f"{page.docname}: claim {claim['id']!r}"
            if claim["kind"] == "measured" and not (claim["interval"] and claim["n"]):
                yield f"{where} is measured, so it must have an interval and n"
            if claim["kind"] != "timing" and not claim["wrong_if"]:
                yield f"{where} must say what would make it wrong (wrong_if)"
        if sum(claim["headline"] for claim in page.claims) != 1:
            yield f"{page.docname}: one claim of a page must be its headline"


def _read_records(app: Sphinx) -> None:
    """After Sphinx-gallery has run the pages: load their records, and hold them to the rules."""
    _load(app)
    for problem in _check_evidence(app.env.temp_published):  # type: ignore[attr-defined]
        _logger.warning(problem)


def _ledger_is_outdated(app: Sphinx, *_: object) -> list[str]:
    """Read the ledger anew: a new page changes it, though none of its own files has changed."""
    return ["ledger"] if "ledger" in app.env.all_docs else []


_COLUMNS = ["id", "sentence", "quantity", "value", "low", "high", "confidence", "n", "kind"]
_COLUMNS += ["threshold", "margin", "wrong_if", "page"]


def to_csv(claims: list[dict[str, Any]]) -> str:
    """Return the claims as a table, one a line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for claim in claims:
        low, high = claim["interval"] or (None, None)
        writer.writerow(claim | {"low": low, "high": high})
    return text.getvalue()


def _write_for_machines(app: Sphinx, exception: Exception | None) -> None:
    """Write ``claims.json`` and ``claims.csv`` at the site's root."""
    if exception is not None or app.builder.format != "html":
        return
    claims = [
        claim | {"page": f"{app.builder.get_target_uri(page.docname)}#{anchor(claim)}"}
        for page in pages(app.env)
        for claim in page.claims
    ]
    text = json.dumps(claims, indent=1, ensure_ascii=False) + "\n"
    Path(app.outdir, "claims.json").write_text(text, encoding="utf-8")
    Path(app.outdir, "claims.csv").write_text(to_csv(claims), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("claim-box", ClaimBox)
    app.add_directive("quote-claim", QuoteClaim)
    app.add_directive("ledger", Ledger)
    app.connect("builder-inited", _read_records, priority=950)
    app.connect("env-get-outdated", _ledger_is_outdated)
    app.connect("build-finished", _write_for_machines)
    app.add_node(ledger_row, html=(_visit_row, _depart_row))
    app.add_config_value("repository_url", "", "env")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
