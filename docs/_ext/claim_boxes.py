"""The box where a claim is stated, and its quotation on other pages.

No library knows of claims: a sentence whose numbers were checked when the page was built.
"""

from pathlib import Path
from typing import Any

import published
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import SEPARATOR, link, typeset


def kind(claim: dict[str, Any]) -> str:
    """Return what sort of evidence a claim rests on, and where its bound comes from."""
    over = {"measured": f" over {runs(claim)}", "timing": " on one machine"}
    origin = claim["threshold_from"] and f"{SEPARATOR}bound: {claim['threshold_from']}"
    return claim["kind"] + over.get(claim["kind"], "") + (origin or "")


def runs(claim: dict[str, Any]) -> str:
    """Return how many seeds are behind a claim's value, and behind its other numbers if others."""
    others: dict[int, list[str]] = {}
    for bound in claim["bounds"]:
        if bound["n"] not in (None, claim["n"]):
            others.setdefault(bound["n"], []).append(bound["name"])
    apart = "; ".join(f"{', '.join(names)}: {n:,}" for n, names in others.items())
    return f"{claim['n'] or 0:,} seeds" + f" ({apart})" * bool(apart)


def findings(claim: dict[str, Any]) -> list[str]:
    """Return each number that a claim rests on, with its interval, written once."""
    bounds = [bound for bound in claim["bounds"] if bound["interval"] is not None]
    return [typeset(f"{bound['name']} {bound['evidence']}".strip()) for bound in bounds]


def anchor(claim: dict[str, Any]) -> str:
    """Return the anchor of a claim's box on its page."""
    return f"claim-{claim['id']}"


class _ClaimDirective(SphinxDirective):
    """What the directives of one claim share: finding it."""

    required_arguments = 1

    def find(self) -> tuple[str, dict[str, Any]]:
        """Return the claim with the id of the argument, and the page that states it."""
        for page in published.pages(self.env):
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
        rests += nodes.Text(SEPARATOR.join([kind(claim), *findings(claim), ""]))
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


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("claim-box", ClaimBox)
    app.add_directive("quote-claim", QuoteClaim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
