"""What a page tells machines and editors: description, source, date; a sitemap, and "not found".

`sphinxext.opengraph` makes the cards. It takes a page's first words for its description, where a
page here has an answer. `sphinx-sitemap` lists only what a build has written anew, and
`sphinx-notfound-page` leaves the theme's links and a page's own as they are, relative.
"""

import os
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

_LONGEST = 180
_NOT_FOUND = "404"


def _describe(app: Sphinx, doctree: nodes.document) -> None:
    """Describe a page by its answer, or by its first paragraph that says something."""
    docname = app.env.docname
    page = published.page_of(app.env, docname)
    texts = [page.headline["sentence"]] if page and page.headline else []
    texts += [p.astext() for p in doctree.findall(nodes.paragraph) if len(p.astext()) > 40]
    texts += [f"{t.astext()}: {app.config.html_title}" for t in doctree.findall(nodes.title)]
    description = textwrap.shorten(texts[0], _LONGEST, placeholder=" …")
    doctree += nodes.meta("", name="description", content=description)
    app.env.metadata[docname]["og:description"] = escape(description, quote=False)


def _add_source(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Say where a page can be edited, and when it was; and give "not found" no address."""
    repository, root = app.config.repository_url.rstrip("/"), Path(app.confdir).parent
    if repository and (path := source_of(root, pagename)):
        context["edit_url"] = f"{repository}/edit/main/{quote(path)}"
        context["last_changed"] = last_change(root, path)
    if pagename == _NOT_FOUND:
        context["pageurl"] = None
    # It is written by now: what a card quotes begins with the answer.
    for paragraph in list(doctree.findall(nodes.paragraph)) if doctree else ():
        if {"page-meta", "answer-label"} & set(paragraph["classes"]):
            paragraph.parent.remove(paragraph)


def source_of(root: Path, docname: str) -> str:
    """Return the path, in the repository, of the file that a page is written in; or nothing."""
    path = docname.replace("auto_examples/", "examples/", 1)
    if path == docname:
        path = f"docs/{docname}.rst"
    else:
        path = re.sub(r"index$", "GALLERY_HEADER.rst", path)
        path = re.sub(r"(plot_\w+)$", r"\1.py", path)
    return path if (root / path).exists() else ""


def last_change(root: Path, path: str) -> str:
    """Return the date of the last commit that changed a file; nothing where git knows none."""
    command = ["git", "-c", "log.showSignature=false", "log", "-1", "--format=%cs", "--", path]
    # Of this repository, also where a hook of another one says which that is.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    try:
        told = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True
        ).stdout.strip()
    except OSError:
        return ""
    return told if re.fullmatch(r"\d{4}-\d\d-\d\d", told) else ""


def anchor_to_site(html: str, root: str) -> str:
    """Return a page whose relative addresses start at a root, wherever it is served."""
    attribute = re.compile(r'((?:href|src|action|data-content_root)=")(?![#/]|[a-z]+:)(?:\./)?')
    return attribute.sub(rf"\g<1>{root}", html)


def _finish(app: Sphinx, exception: Exception | None) -> None:
    """Write the sitemap, and make the page "not found" work wherever it is shown."""
    url, sitemap = site_url(app), Path(app.outdir, "sitemap.xml")
    page = sitemap.with_name(f"{_NOT_FOUND}.html")
    if not url:
        # Of an earlier build, which had an address.
        sitemap.unlink(missing_ok=True)
        page.unlink(missing_ok=True)
    if exception is not None or app.builder.format != "html" or not url:
        return
    listed = sorted(app.env.found_docs - {_NOT_FOUND})
    addresses = (escape(url + quote(app.builder.get_target_uri(name))) for name in listed)
    entries = "".join(f"<url><loc>{address}</loc></url>\n" for address in addresses)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0"?>\n<urlset xmlns="{namespace}">\n{entries}</urlset>\n'
    sitemap.write_text(text, encoding="utf-8")
    # Without the host: the page also works where the site is only tried out.
    html = anchor_to_site(page.read_text(encoding="utf-8"), urlsplit(url).path)
    page.write_text(html, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _describe)
    app.connect("html-page-context", _add_source, priority=400)
    # Before the zip of the whole site is made.
    app.connect("build-finished", _finish, priority=550)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
