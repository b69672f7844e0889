"""What a page tells to machines and editors: description, card, canonical address, source, date.

Two settings decide: ``html_baseurl`` (the site's address) and ``repository_url``. What needs one
that is not set is left out.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import textwrap
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import published
from docutils import nodes
from downloads import site_url
from sphinx.application import Sphinx

#: The page that a server shows instead of one that it has not.
NOT_FOUND = "404"
_LONGEST = 180
_CARD_SIZE = 1200, 630
_NOT_LISTED = {NOT_FOUND, "search", "genindex"}
_MAIN = "main"


# -- In the head of a page ---------------------------------------------------


def shorten(text: str) -> str:
    """Return a text of one line, cut at a word if it is too long for a search engine."""
    return textwrap.shorten(" ".join(text.split()), _LONGEST, placeholder=" …")


def _description(app: Sphinx, docname: str, doctree: nodes.document | None) -> str:
    """Return what a page is about: its answer, or its first paragraph."""
    for page in published.pages(app.env):
        if page.docname == docname and page.headline is not None:
            return shorten(page.headline["sentence"])
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = paragraph.astext()
        if len(text) > 40:
            return shorten(text)
    return shorten(f"{_title(doctree)}: {app.config.html_title}")


def _title(doctree: nodes.document) -> str:
    title = next(iter(doctree.findall(nodes.title)), None)
    return title.astext() if title is not None else ""


def _tag(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{escape(content)}"/>\n'


def _describe_page(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    title = _title(doctree) if doctree is not None else str(context.get("title", ""))
    description = _description(app, pagename, doctree) or f"{title}: {app.config.html_title}"
    tags = _tag("name", "description", description)
    url = site_url(app)
    if pagename == NOT_FOUND:
        # Served at any address: it has none of its own.
        context["pageurl"] = None
    if url and pagename not in _NOT_LISTED:
        card = _draw_card(app, title, description)
        tags += _tag("property", "og:type", "article")
        tags += _tag("property", "og:site_name", app.config.html_title)
        tags += _tag("property", "og:title", title)
        tags += _tag("property", "og:description", description)
        tags += _tag("property", "og:url", context["pageurl"])
        tags += _tag("property", "og:image", url + card)
        tags += _tag("property", "og:image:width", str(_CARD_SIZE[0]))
        tags += _tag("property", "og:image:height", str(_CARD_SIZE[1]))
        tags += _tag("property", "og:image:alt", f"The words: {title}")
        tags += _tag("name", "twitter:card", "summary_large_image")
    context["metatags"] = context.get("metatags", "") + tags
    context["page_source"] = _page_source(app, pagename)


# -- The card ----------------------------------------------------------------


def _draw_card(app: Sphinx, title: str, description: str) -> str:
    """Draw the picture that a link to the page is shown with; return its path in the site."""
    name = hashlib.sha256(f"{title}\0{description}".encode()).hexdigest()[:16]
    path = Path(app.outdir, "_static", "cards", f"{name}.png")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_card(path, title=title, text=description, site=app.config.html_title)
    return f"_static/cards/{path.name}"


def draw_card(path: Path, *, title: str, text: str, site: str) -> None:
    """Draw a card: the title, the answer, and points around a line, as in the logo."""
    import numpy as np
    from matplotlib.figure import Figure

    from overfit_tutorial import figures

    colors = figures.DARK
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor=colors["paper"])
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 12), ylim=(0, 6.3))
    ax.axis("off")
    generator = np.random.default_rng(0)
    x = np.linspace(0.3, 11.7, 40)
    line = 0.35 + 0.12 * x
    ax.plot(x, line + generator.normal(0, 0.3, x.size), "o", color=colors["data"], alpha=0.5)
    ax.plot([0, 12], [0.35, 1.79], color=colors["network"], linewidth=6)
    heading = textwrap.fill(title, 26)
    ax.text(0.7, 5.6, heading, size=44, weight="bold", color=colors["ink"], va="top")
    top = 5.6 - 0.85 * (heading.count("\n") + 1) - 0.15
    body = textwrap.fill(text, 62).splitlines()
    ax.text(0.7, top, "\n".join(body[:3]), size=22, color=colors["muted"], va="top")
    ax.text(0.7, 5.85, site, size=18, color=colors["network"], va="bottom", weight="bold")
    figure.savefig(path, metadata={"Software": None})


# -- Where a page comes from -------------------------------------------------


def source_of(app: Sphinx, docname: str) -> str:
    """Return the path, in the repository, of the file that a page is written in; or nothing."""
    root = Path(app.confdir).parent
    gallery = re.fullmatch(r"auto_examples/(?:(.*)/)?(index|plot_\w+)", docname)
    if gallery:
        part, name = gallery[1] or "", gallery[2]
        file = "GALLERY_HEADER.rst" if name == "index" else f"{name}.py"
        path = Path("examples", part, file)
    else:
        path = Path(Path(app.confdir).name, f"{docname}.rst")
    return path.as_posix() if (root / path).exists() else ""


def last_change(root: Path, path: str) -> str:
    """Return the date of the last commit that changed a file; nothing where git knows none."""
    command = ["git", "log", "-1", "--format=%cs", "--", path]
    try:
        found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _page_source(app: Sphinx, docname: str) -> dict[str, str]:
    """Return the addresses and the date that the foot of a page shows."""
    repository = app.config.repository_url.rstrip("/")
    path = source_of(app, docname) if repository else ""
    if not path:
        return {}
    return {
        "edit": f"{repository}/edit/{_MAIN}/{quote(path)}",
        "issue": f"{repository}/issues/new",
        "updated": last_change(Path(app.confdir).parent, path),
    }


# -- Beside the pages --------------------------------------------------------


def _write_sitemap(app: Sphinx, url: str) -> None:
    root = Path(app.confdir).parent
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
    for docname in sorted(app.env.found_docs):
        if docname not in _NOT_LISTED:
            address = escape(url + quote(app.builder.get_target_uri(docname)))
            date = last_change(root, source_of(app, docname)) if source_of(app, docname) else ""
            changed = f"<lastmod>{date}</lastmod>" if date else ""
            lines.append(f"  <url><loc>{address}</loc>{changed}</url>")
    lines.append("</urlset>")
    Path(app.outdir, "sitemap.xml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def anchor_to_site(html: str, root: str) -> str:
    """Return a page whose relative addresses start at a root, wherever it is served."""
    attribute = re.compile(r'((?:href|src|action|data-content_root)=")(?![#/]|[a-z]+:)(?:\./)?')
    return attribute.sub(rf"\g<1>{root}", html)


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    url = site_url(app)
    not_found = Path(app.outdir, f"{NOT_FOUND}.html")
    if not url:
        # Without an address its links would lead nowhere, and so would a sitemap's.
        not_found.unlink(missing_ok=True)
        Path(app.outdir, "sitemap.xml").unlink(missing_ok=True)
        return
    _write_sitemap(app, url)
    if not_found.exists():
        page = not_found.read_text(encoding="utf-8")
        # Without the host: the page also works where the site is only tried out.
        not_found.write_text(anchor_to_site(page, urlsplit(url).path), encoding="utf-8")


def _leave_out_what_needs_an_address(app: Sphinx, config: Any) -> None:
    if not config.html_baseurl:
        config.exclude_patterns.append(f"{NOT_FOUND}.rst")


def _forget_the_page_not_found(app: Sphinx, *_: object) -> list[str]:
    """Write the page "not found" anew in each build: its addresses were changed afterwards."""
    return [NOT_FOUND] if NOT_FOUND in app.env.all_docs else []


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", _leave_out_what_needs_an_address)
    app.connect("env-get-outdated", _forget_the_page_not_found)
    app.connect("html-page-context", _describe_page)
    # Before the zip of the whole site is made.
    app.connect("build-finished", _finish, priority=550)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
