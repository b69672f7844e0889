"""No page asks another host for anything. Plain links may lead elsewhere."""

import re
from typing import Any

import pytest

LOADING = ("src", "srcset", "href", "poster", "action", "formaction", "background", "ping")
LOADING += ("xlink:href", "imagesrcset", "manifest")
# Relations that only say something about the page.
SAYING = {"author", "canonical", "license"}
FOREIGN = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}", re.IGNORECASE)
# An absolute address in quotes; those of namespaces are names.
IN_SCRIPT = re.compile(r"""["'`]\s*((?:(?:https?|wss?):)?//(?!www\.w3\.org/)[\w.\[-]+)""")
IN_STYLE = re.compile(
    r"""(?:url\(\s*["']?|@import\s+["'])\s*((?:[a-z]+:)?//[^"')\s]+)""", re.IGNORECASE
)


def find_foreign_styles(style: str) -> list[str]:
    """Return the addresses on other hosts that a style sheet loads."""
    return IN_STYLE.findall(re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))


def find_foreign_requests(tree: Any) -> list[str]:
    """Return what a page, or an SVG file, would load from another host."""
    problems = []
    for element in tree.find_all(True):
        for attribute, value in element.attrs.items():
            if loads(element, attribute) and any(map(FOREIGN.match, str(value).split(","))):
                problems.append(f"{element.name} {attribute}={value}")
            if attribute == "style":
                problems += [f"style: {address}" for address in find_foreign_styles(value)]
            if attribute.startswith("on"):
                problems += [f"{attribute}: {address}" for address in IN_SCRIPT.findall(value)]
        if element.name == "style":
            problems += [f"style: {a}" for a in find_foreign_styles(element.string or "")]
        if element.name == "script" and "json" not in element.get("type", ""):
            problems += [f"script: {a}" for a in IN_SCRIPT.findall(element.string or "")]
        if element.name == "meta" and element.get("http-equiv", "").lower() == "refresh":
            problems += [f"refresh: {a}" for a in re.findall(r"//\S+", element["content"])]
    return problems


def loads(element: Any, attribute: str) -> bool:
    """Return whether a browser fetches, or sends to, what an attribute names."""
    if attribute == "href" and element.name in ("a", "area"):
        return False
    if element.name == "link" and set(element.get("rel", [])) <= SAYING:
        return False
    return attribute in LOADING or (element.name, attribute) == ("object", "data")


def test_no_page_loads_from_another_host(site: Any, page: str) -> None:
    assert find_foreign_requests(site.tree(page)) == []


def test_no_style_sheet_loads_from_another_host(site: Any) -> None:
    sheets = [name for name in site.files if name.endswith(".css")]
    assert [(s, found) for s in sheets if (found := find_foreign_styles(site.text(s)))] == []


def test_no_figure_loads_from_another_host(site: Any, parse: Any) -> None:
    images = [name for name in site.files if re.match(r"_images/.*\.svg$", name)]
    assert images
    # From the root element on: what comes before it is XML, which the parser does not know.
    figures = {name: re.sub(r"^.*?(?=<svg)", "", site.text(name), flags=re.S) for name in images}
    problems = {name: find_foreign_requests(parse(svg)) for name, svg in figures.items()}
    assert {name: found for name, found in problems.items() if found} == {}


@pytest.mark.parametrize(
    "snippet",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        '<script src="//cdn.example.org/a.js"></script>',
        '<script>import("https://cdn.example.org/a.js")</script>',
        "<script>fetch(`//example.org`)</script>",
        '<script>new WebSocket("wss://example.org")</script>',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<link rel="canonical stylesheet" href="https://example.org/a.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<img src="HTTPS://example.org/a.png">',
        '<img src="a.png" srcset="a.png 1x, https://example.org/a.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        '<video poster="https://example.org/a.png"></video>',
        '<video><source src="https://example.org/a.mp4"></video>',
        '<object data="https://example.org/a.svg"></object>',
        '<form action="https://example.org"></form>',
        '<a href="#" ping="https://example.org">a</a>',
        "<p onclick=\"location='https://example.org'\">",
        '<p style="background: url(//example.org/a.png)">',
        '<style>@import "https://example.org/a.css";</style>',
        "<style>@font-face { src: url('https://example.org/a.woff2') }</style>",
        '<meta http-equiv="refresh" content="0; url=https://example.org">',
        '<svg><image xlink:href="https://example.org/a.png" /></svg>',
        '<svg><use href="https://example.org/a.svg#b" /></svg>',
    ],
)
def test_a_request_to_another_host_is_seen(snippet: str, parse: Any) -> None:
    assert find_foreign_requests(parse(snippet))


@pytest.mark.parametrize(
    "snippet",
    [
        '<a href="https://example.org">a</a>',
        '<link rel="canonical" href="https://example.org">',
        '<meta property="og:image" content="https://example.org/a.png">',
        '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a" /></svg>',
        '<script>createElementNS("http://www.w3.org/2000/svg", "a") // see https://a.b</script>',
        "<style>/* url(https://example.org) */ a { b: url(data:,http://a) }</style>",
        '<script src="a.js"></script><img src="../a.png"><form action="a.html"></form>',
    ],
)
def test_what_stays_on_the_site_is_let_pass(snippet: str, parse: Any) -> None:
    assert find_foreign_requests(parse(snippet)) == []
