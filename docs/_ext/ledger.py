"""The ledger: every claim of the site in one list, for readers and, as JSON and CSV, for machines.

No library knows of claims. The list works whole without JavaScript; ``ledger.js`` adds the
form that chooses and sorts.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import published
import site_figures
from claim_boxes import anchor, findings, kind
from docutils import nodes
from html_elements import element
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import SEPARATOR, link, typeset


def distance(claim: dict[str, Any]) -> str:
    """Return how far a claim is from failing: in half-widths, and at which bounds."""
    limits = [f"{b['name']} {b['limits']}".strip() for b in claim["bounds"] if b["interval"]]
    if claim["margin"] is None or not limits:
        return ""
    return typeset(f"{claim['margin']:.2g} half-widths from failing; must be {', '.join(limits)}")


def fresh_draws(source: str | Path) -> dict[str, dict[str, int]]:
    """Return how often each measured claim held with other seeds, as far as that was tried."""
    path = Path(source, "..", "benchmarks", "results", "replication.json")
    tried = json.loads(path.read_text(encoding="utf-8")).values() if path.exists() else ()
    return {
        name: {"held": claim["held"], "fresh_draws": page["draws"]}
        for page in tried
        for name, claim in page["claims"].items()
        if claim["kind"] == "measured"
    }


class Ledger(SphinxDirective):
    """Every claim of the site, grouped by the page that states it."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # any page changes it, though none of its own files has changed
        self.replicated = fresh_draws(self.env.srcdir)
        stated = [page for page in published.pages(self.env) if page.claims]
        plot = self._plot([claim for page in stated for claim in page.claims])
        return [*plot, *(self._group(page) for page in stated)]

    def _plot(self, claims: list[dict[str, Any]]) -> list[nodes.Node]:
        """Return the section with all excess risks on one axis, if there are any."""
        risks = site_figures.on_the_axis(claims)
        if not risks:
            return []
        section = nodes.section(ids=["excess-risks"])
        section += nodes.title("", "Excess risks, on the ladder's axis")
        section += nodes.paragraph("", _AXIS)
        section += site_figures.place(self, "excess_risks", site_figures.draw_risks, risks)
        return [section]

    def _group(self, page: published.Page) -> nodes.Node:
        section = nodes.section(ids=[nodes.make_id(page.docname)], classes=["ledger-group"])
        section += nodes.title("", self.env.titles[page.docname].astext())
        rows = nodes.enumerated_list(classes=["ledger"])
        part = self.env.titles[page.docname.rpartition("/")[0] + "/index"].astext()
        for claim in page.claims:
            margin = "" if claim["margin"] is None else f"{claim['margin']:.6g}"
            # What the page's controls choose and sort by.
            chosen = {"data-kind": claim["kind"], "data-part": part, "data-margin": margin}
            row = element("", "", tag="li", ids=[claim["id"]], html=chosen)
            row += nodes.paragraph("", typeset(claim["sentence"]), classes=["claim-sentence"])
            row += self._evidence(page, claim)
            rows += row
        section += rows
        if tables := ", ".join(f"{study} {it}" for study, it in page.fingerprints.items()):
            section += nodes.paragraph("", f"Fingerprints of its tables: {tables}.")
        return section

    def _evidence(self, page: published.Page, claim: dict[str, Any]) -> nodes.Node:
        """Return what a claim rests on, a line each: number, kind, distance, links."""
        rests = nodes.container(classes=["ledger-evidence"])
        known = [typeset(bound["evidence"]) for bound in claim["bounds"][:1]]
        value = nodes.strong("", SEPARATOR.join(findings(claim) or known))
        rests += nodes.paragraph("", f"{claim['quantity']} " if claim["quantity"] else "", value)
        if again := self.replicated.get(claim["id"], ""):
            again = "held in {held} of {fresh_draws} fresh draws of all seeds".format(**again)
        for words in filter(None, (kind(claim), distance(claim), again)):
            rests += nodes.paragraph("", words)
        links = nodes.paragraph("", "")
        here, where, name = self.env.docname, anchor(claim), claim["id"]
        words = f"computed in “{self.env.titles[page.docname].astext()}”"
        links += link(self.env, here, page.docname, where, words)
        if source := self._source_line(page, claim):
            links += [nodes.Text(SEPARATOR), nodes.reference("", "source", refuri=source)]
        links += [nodes.Text(SEPARATOR), link(self.env, here, here, name, f"#{name}")]
        rests += links
        return rests

    def _source_line(self, page: published.Page, claim: dict[str, Any]) -> str:
        """Return the address of the line that states a claim, if the repository has one."""
        repository = self.config.repository_url.rstrip("/")
        script = Path(self.env.srcdir, page.docname + ".py")
        if not repository or not script.exists():
            return ""
        before = script.read_text(encoding="utf-8").partition(f'"{claim["id"]}"')[0]
        path = page.docname.replace("auto_examples/", "examples/", 1)
        return f"{repository}/blob/main/{path}.py#L{len(before.splitlines())}"


_AXIS = (
    "Every claim whose value is a mean squared distance to the truth, the nearest on top. Ratios "
    "and shares have other units, and no place here."
)


_COLUMNS = "id sentence quantity value low high confidence n kind threshold "
_COLUMNS += "threshold_from margin held fresh_draws wrong_if page"


def to_csv(claims: list[dict[str, Any]]) -> str:
    """Return the claims as a table, one a line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS.split(), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for claim in claims:
        low, high = claim["interval"] or (None, None)
        writer.writerow(claim | {"low": low, "high": high})
    return text.getvalue()


def _write_for_machines(app: Sphinx, exception: Exception | None) -> None:
    """Write ``claims.json``, ``claims.csv`` and ``fingerprints.json`` at the site's root."""
    if exception is not None or app.builder.format != "html":
        return
    claims, prints, draws = [], {}, fresh_draws(app.srcdir)
    for page in published.pages(app.env):
        address, tables = app.builder.get_target_uri(page.docname), page.fingerprints
        prints |= {page.docname: tables} if tables else {}
        for c in page.claims:
            where = {"fingerprints": tables, "page": f"{address}#{anchor(c)}"}
            claims.append(c | draws.get(c["id"], {}) | where)
    for name, values in {"claims": claims, "fingerprints": prints}.items():
        text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
        Path(app.outdir, f"{name}.json").write_text(text, encoding="utf-8")
    Path(app.outdir, "claims.csv").write_text(to_csv(claims), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("ledger", Ledger)
    app.connect("build-finished", _write_for_machines)
    app.add_config_value("repository_url", "", "env")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
