"""Every link, image, script, style sheet and download leads somewhere, and every page is found."""

import ast
import json
import posixpath
import re
import urllib.parse
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

# Nobody follows a link to the page that says "not found"; the search page is reached by its form.
UNLINKED = {"404.html"}
ATTRIBUTES = ("href", "src", "srcset", "poster", "data", "action", "xlink:href")
# Addresses that name no file of the site.
ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|mailto:|data:", re.IGNORECASE)
PLAYGROUND = "play.html"
CSS_URL = re.compile(r"""url\(\s*(["']?)(.*?)\1\s*\)|@import\s+(["'])(.*?)\3""")

Anchors = Callable[[str], Collection[str]]


def addresses(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield each address on a page, and the name of the element that holds it."""
    for element in tree.find_all(True):
        for attribute in ATTRIBUTES:
            value = element.get(attribute)
            if value is None or (attribute == "data" and element.name != "object"):
                continue
            parts = value.split(",") if attribute == "srcset" else [value]
            yield from ((element.name, part.split()[0] if part.strip() else "") for part in parts)


def css_addresses(style: str) -> list[str]:
    """Return the addresses in a style sheet."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return [found[1] or found[3] for found in CSS_URL.findall(style)]


def target(address: str, page: str) -> tuple[str, str]:
    """Return the file and the anchor that an address on a page means."""
    parts = urllib.parse.urlsplit(address)
    path = urllib.parse.unquote(parts.path)
    if path:
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        path = posixpath.normpath(f"{joined}/index.html") if path.endswith("/") else joined
    return path or page, urllib.parse.unquote(parts.fragment)


def find_broken_address(address: str, page: str, files: Collection[str], anchors: Anchors) -> str:
    """Return what is wrong with an address, or nothing."""
    if ELSEWHERE.match(address):
        return ""
    if address.lower().startswith("javascript:"):
        return "is a script"
    if address.startswith("/"):
        return "is from the root of the host, which may not be the site's"
    path, anchor = target(address, page)
    if path not in files:
        return "is missing or empty"
    if "=" in anchor and path == PLAYGROUND:
        return ""  # a state rather than a place
    if anchor and path.endswith(".html") and anchor not in anchors(path):
        return f"has no anchor {anchor!r}"
    return ""


def find_broken_links(
    tree: Any, page: str, files: Collection[str], anchors: Anchors, root: str = ""
) -> list[str]:
    """Return the addresses of a page that lead nowhere."""
    found = list(addresses(tree))
    if page in UNLINKED and root:
        # Shown at any address, so its own start at the root of the host.
        found = [
            (n, (a.removeprefix(root) or "index.html") if a.startswith(root) else a)
            for n, a in found
        ]
    styles = [style.string or "" for style in tree.find_all("style")]
    styles += [element["style"] for element in tree.find_all(style=True)]
    found += [("style", address) for style in styles for address in css_addresses(style)]
    return [
        f"{name} {address!r} {problem}"
        for name, address in found
        if (problem := find_broken_address(address, page, files, anchors))
    ]


def find_broken_css(style: str, sheet: str, files: Collection[str]) -> list[str]:
    """Return the addresses of a style sheet that lead nowhere."""
    return [
        f"{address!r} {problem}"
        for address in css_addresses(style)
        # A fragment is a part of an SVG file.
        if (problem := find_broken_address(address, sheet, files, lambda _: [""]))
    ]


def find_unreachable(trees: dict[str, Any], start: str = "index.html") -> list[str]:
    """Return the pages to which no chain of links and forms leads."""
    reached, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for name, address in addresses(trees[page]):
            if name in ("a", "area", "form") and not ELSEWHERE.match(address):
                path, _ = target(address, page)
                if path in trees and path not in reached:
                    reached.add(path)
                    waiting.append(path)
    return sorted(set(trees) - reached - UNLINKED)


def find_unusable_download(path: Path) -> list[str]:
    """Return why a reader could not use a downloaded file."""
    try:
        if path.suffix == ".py":
            ast.parse(path.read_text(encoding="utf-8"))
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            return [] if any(cell["cell_type"] == "code" for cell in cells) else ["has no code"]
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return [] if archive.namelist() and not archive.testzip() else ["is damaged"]
    except (SyntaxError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


@pytest.fixture(scope="module")
def anchors(site: Any) -> Anchors:
    found: dict[str, set[str]] = {}

    def anchors_of(page: str) -> set[str]:
        if page not in found:
            tree = site.tree(page)
            named = {a["name"] for a in tree.find_all("a", attrs={"name": True})}
            found[page] = {element["id"] for element in tree.find_all(id=True)} | named
        return found[page]

    return anchors_of


def test_what_a_page_links_is_there(site: Any, page: str, anchors: Anchors, prefix: str) -> None:
    assert find_broken_links(site.tree(page), page, site.files, anchors, prefix) == []


def test_what_a_style_sheet_loads_is_there(site: Any) -> None:
    sheets = sorted(name for name in site.files if name.endswith(".css"))
    assert sheets
    problems = {s: find_broken_css(site.text(s), s, site.files) for s in sheets}
    assert {sheet: found for sheet, found in problems.items() if found} == {}


def test_every_page_is_reached_from_the_first(site: Any) -> None:
    assert find_unreachable({page: site.tree(page) for page in site.pages}) == []


def test_downloads_can_be_used(site: Any, executed_page: str) -> None:
    links = site.tree(executed_page).select(".page-footer a[download]")
    files = [target(link["href"], executed_page)[0] for link in links]
    assert {Path(file).suffix for file in files} == {".py", ".ipynb", ".zip"}
    problems = {file: find_unusable_download(site.root / file) for file in files}
    assert {file: found for file, found in problems.items() if found} == {}


def without_requirement(script: str) -> str:
    """Return a script without the lines that say where the package comes from."""
    lines = r"^# dependencies = .*\n(# \[tool\.uv\.sources\]\n# overfit-tutorial = .*\n)?"
    return re.sub(lines, "", script, count=1, flags=re.MULTILINE)


def test_the_script_to_download_is_the_one_of_this_repository(
    site: Any, executed_page: str
) -> None:
    """Otherwise the site is older than its source: `nox -s docs`."""
    (link,) = site.tree(executed_page).select('.page-footer a[href$=".py"]')
    downloaded = site.text(target(link["href"], executed_page)[0])
    source = site.executed[executed_page].read_text(encoding="utf-8")
    assert without_requirement(downloaded) == without_requirement(source)


# -- Each check can fail -----------------------------------------------------

FILES = {"index.html", "a/b.html", "a/index.html", "x.png", "a/x y.png"}


def crafted_anchors(page: str) -> list[str]:
    return {"index.html": ["here", "ü"], "a/b.html": ["there"]}.get(page, [])


@pytest.mark.parametrize(
    "snippet",
    [
        '<a href="none.html">',
        '<a href="../index.html#none">',
        '<a href="#none">',
        '<a href="/index.html">',
        '<a href="../../index.html">',
        '<a href="javascript:void(0)">',
        '<img src="x.png">',
        '<img srcset="../x.png 1x, y.png 2x">',
        '<script src="x.js"></script>',
        '<link rel="stylesheet" href="x.css">',
        '<object data="x.svg"></object>',
        '<form action="none.html">',
        '<p style="background: url(x.png)">',
        '<style>p { background: url("x.png") }</style>',
        '<svg><image xlink:href="x.png" /></svg>',
    ],
)
def test_a_broken_link_is_seen(snippet: str, parse: Any) -> None:
    assert find_broken_links(parse(snippet), "a/b.html", FILES, crafted_anchors)


@pytest.mark.parametrize(
    "snippet",
    [
        '<a href="#there"><a href=""><a href="#">',
        '<a href="../index.html?q=1#here"><a href="../index.html#%C3%BC"><a href="./">',
        '<a href="https://example.org/none"><a href="mailto:a@b.c">',
        '<img src="../x.png?v=1"><img src="x%20y.png"><img src="data:image/png;base64,AA">',
        "<style>p { background: url(../x.png) } /* url(none) */</style>",
    ],
)
def test_a_sound_link_is_let_pass(snippet: str, parse: Any) -> None:
    assert find_broken_links(parse(snippet), "a/b.html", FILES, crafted_anchors) == []


def test_a_page_shown_anywhere_has_its_addresses_from_the_root(parse: Any) -> None:
    tree = parse('<a href="/p/a/b.html"><img src="/p/x.png">')
    assert find_broken_links(tree, "404.html", FILES, crafted_anchors, "/p/") == []
    assert len(find_broken_links(tree, "404.html", FILES, crafted_anchors, "/q/")) == 2
    assert len(find_broken_links(tree, "a/b.html", FILES, crafted_anchors, "/p/")) == 2


@pytest.mark.parametrize("style", ["a{src:url('x.woff')}", "@import 'x.css'", "a{b:url( x.png )}"])
def test_a_broken_address_in_a_style_sheet_is_seen(style: str) -> None:
    assert find_broken_css(style, "a/style.css", FILES)
    assert find_broken_css("a{b:url(../x.png#c) url(data:,x)}", "a/style.css", FILES) == []


def test_a_page_without_a_way_to_it_is_seen(parse: Any) -> None:
    trees = {
        "index.html": parse('<a href="a/b.html"><link rel="next" href="alone.html">'),
        "a/b.html": parse('<form action="../search.html"></form>'),
        "search.html": parse('<a href="#x">'),
        "alone.html": parse('<a href="index.html">'),
        "404.html": parse(""),
    }
    assert find_unreachable(trees) == ["alone.html"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.py", "def"), ("a.ipynb", "{"), ("b.ipynb", '{"cells": []}'), ("a.zip", "PK")],
)
def test_a_useless_download_is_seen(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert find_unusable_download(tmp_path / name)
