"""The pages as documents: their outline, their text, and what each executed page must have."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
# What is shown as it was typed, or not shown.
VERBATIM = {"code", "pre", "kbd", "samp", "math", "script", "style", "template", "noscript"}
SOURCE = {
    "a dollar sign": r"\$",
    "a LaTeX command": r"\\[a-zA-Z]+",
    "a role": r":[a-z:]+:`",
    "a backtick": r"`",
    "an escaped entity": r"&(?:\w+|#\d+);",
}
MISHAPS = ("WARNING", "Warning: ", "Traceback", "System Message")


def prose(node: Any) -> Iterator[str]:
    """Yield the text of a tree that is neither code nor a formula."""
    for child in node.children:
        if child.name is None:
            # Comments and the like are subclasses.
            if type(child).__name__ == "NavigableString":
                yield str(child)
        elif child.name not in VERBATIM:
            yield from prose(child)


def find_heading_faults(tree: Any) -> list[str]:
    """Return where the outline of a page is not one: its only h1, then no level skipped."""
    levels = [int(heading.name[1]) for heading in tree.find_all(HEADINGS)]
    problems = []
    if levels.count(1) != 1:
        problems.append(f"{levels.count(1)} headings of level 1")
    for level, heading in zip([0, *levels], tree.find_all(HEADINGS), strict=False):
        if int(heading.name[1]) > level + 1:
            problems.append(f"{heading.name} follows h{level}: {heading.get_text()!r}")
    # A screen reader lists these, too.
    problems += [f"{e.get_text()!r} plays a heading" for e in tree.select("[role=heading]")]
    return problems


def find_repeated_ids(tree: Any) -> list[str]:
    counts = Counter(element["id"] for element in tree.find_all(id=True))
    return [f"{n} elements with the id {name!r}" for name, n in counts.items() if n > 1]


def find_missing_metadata(tree: Any) -> list[str]:
    problems = []
    if not tree.html.get("lang"):
        problems.append("html has no lang")
    if tree.title is None or not tree.title.get_text(strip=True):
        problems.append("no title")
    return problems


def find_source_in_text(tree: Any, citation_keys: Collection[str]) -> list[str]:
    """Return what an author typed and a reader should not see."""
    keys = "|".join(map(re.escape, citation_keys))
    patterns = SOURCE | ({"a citation key": rf"\b(?:{keys})\b"} if keys else {})
    return [
        f"{what} in {' '.join(text.split())!r}"
        for text in prose(tree)
        for what, pattern in patterns.items()
        if re.search(pattern, text)
    ]


def find_rest_in_notebook(text: str) -> list[str]:
    """Return the reST that a notebook would show as it stands."""
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    shown = [re.sub("``.*?``", "", "".join(cell["source"]), flags=re.DOTALL) for cell in cells]
    return [found for words in shown for found in re.findall(r":[a-z:]+:`|\.\. [a-z-]+::", words)]


def find_mishaps(tree: Any) -> list[str]:
    text = tree.get_text(" ")
    problems = [f"{word!r} on the page" for word in MISHAPS if word in text]
    return problems + [f"{e.get_text()!r} is marked" for e in tree.select(".problematic")]


def find_bad_numbers(tree: Any) -> list[str]:
    """Return the lines of printed output with a number that is none; an error may refuse one."""
    return [
        line
        for output in tree.select(".sphx-glr-script-out pre")
        for line in output.get_text().splitlines()
        if re.search(r"(?<!must be finite, got )(?<![\w.])[-+]?(?:nan|inf)(?!\w)", line, re.I)
    ]


def find_builder_traces(tree: Any, folder: str) -> list[str]:
    """Return what tells of the machine that built the page: its folders, places in its memory."""
    pattern = rf"{re.escape(folder)}\b|\b0x[0-9a-f]{{6,}}\b"
    return re.findall(pattern, tree.get_text(" "))


def find_anatomy_faults(tree: Any) -> list[str]:
    """Return what an executed page lacks or has too often."""
    expected = {".page-meta": (1, 1), "div.answer": (1, 1), ".page-footer": (1, 1)}
    expected |= {"div.claim": (2, 5), "figure.twins": (1, 99)}
    problems = []
    for selector, (least, most) in expected.items():
        count = len(tree.select(selector))
        if not least <= count <= most:
            problems.append(f"{count} of {selector}, not {least} to {most}")
    for suffix in (".py", ".ipynb"):
        if not tree.select(f'.page-footer a[href$="{suffix}"]'):
            problems.append(f"no {suffix} to download in the footer")
    return problems


def find_minutes(meta: str) -> tuple[int, int]:
    """Return what a line under a title says: minutes to read, and of the path that it is on."""
    minutes = re.match(r"(\d+) min", meta)
    path = re.search(r"on the (\d+)-minute path", meta)
    assert minutes, meta
    return int(minutes[1]), int(path[1]) if path else 0


def find_repeated_titles(titles: dict[str, str]) -> list[str]:
    counts = Counter(titles.values())
    return [f"{page}: {title!r}" for page, title in titles.items() if counts[title] > 1]


@pytest.fixture(scope="module")
def citation_keys() -> list[str]:
    text = (REPOSITORY / "docs/references.bib").read_text(encoding="utf-8")
    return re.findall(r"^@\w+\{\s*([^,\s]+)", text, re.MULTILINE)


def test_every_example_has_its_page(site: Any) -> None:
    assert set(site.executed) - set(site.pages) == set()
    assert site.executed, "there are no examples"


def test_the_path_takes_no_longer_than_it_says(site: Any) -> None:
    lines = [site.tree(page).select_one(".page-meta").get_text() for page in site.executed]
    found = [find_minutes(line) for line in lines]
    lengths = {promised for _, promised in found if promised}
    assert len(lengths) == 1
    assert sum(minutes for minutes, promised in found if promised) <= lengths.pop()
    button = site.tree("index.html").select_one(".start").get_text()
    assert button.strip() == "Read it in 35 minutes"


def test_the_build_came_to_its_end() -> None:
    """A page that leaves by `sys.exit` ends the build at once, and without an error."""
    assert [str(marker) for marker in REPOSITORY.glob("docs/*/.building")] == []


def test_the_parser_finds_nothing_to_mend(site: Any, page: str) -> None:
    import html5lib

    parser = html5lib.HTMLParser()
    parser.parse(site.text(page))
    assert [f"line {place[0]}: {error} {details}" for place, error, details in parser.errors] == []


def test_headings_are_an_outline(site: Any, page: str) -> None:
    assert find_heading_faults(site.tree(page)) == []


def test_no_two_elements_have_one_id(site: Any, page: str) -> None:
    assert find_repeated_ids(site.tree(page)) == []


def test_a_page_has_a_language_and_a_title(site: Any, page: str) -> None:
    assert find_missing_metadata(site.tree(page)) == []


def test_no_two_pages_have_one_title(site: Any) -> None:
    titles = {page: site.tree(page).title.get_text(strip=True) for page in site.pages}
    assert find_repeated_titles(titles) == []


def test_a_reader_sees_no_source(site: Any, page: str, citation_keys: list[str]) -> None:
    assert find_source_in_text(site.tree(page), citation_keys) == []


def test_no_page_shows_a_mishap(site: Any, page: str) -> None:
    assert find_mishaps(site.tree(page)) == []


def test_no_page_tells_of_the_machine_that_built_it(site: Any, page: str) -> None:
    assert find_builder_traces(site.tree(page), str(REPOSITORY)) == []


def test_an_executed_page_is_complete(site: Any, executed_page: str) -> None:
    assert find_anatomy_faults(site.tree(executed_page)) == []


def test_printed_numbers_are_numbers(site: Any, executed_page: str) -> None:
    assert find_bad_numbers(site.tree(executed_page)) == []


def test_a_reader_of_a_notebook_sees_no_source(site: Any, executed_page: str) -> None:
    path = Path(site.root, executed_page).with_suffix(".ipynb")
    assert find_rest_in_notebook(path.read_text(encoding="utf-8")) == []


def test_the_keys_of_the_bibliography_are_found(citation_keys: list[str]) -> None:
    assert "stanton2020" in citation_keys


# -- Each check can fail -----------------------------------------------------


def test_minutes_are_read() -> None:
    assert find_minutes("4 min · runs in 2 s · ★ on the 35-minute path") == (4, 35)
    assert find_minutes("12 min · deeper") == (12, 0)


WHOLE = (
    '<p class="page-meta"></p><div class="answer"></div><figure class="twins"></figure>'
    '<div class="claim"></div><div class="claim"></div>'
    '<div class="page-footer"><a href="a.py"></a><a href="a.ipynb"></a></div>'
)
OUTPUT = '<div class="sphx-glr-script-out"><pre>{}</pre></div>'

BAD = [
    (find_heading_faults, "<h2>a</h2>"),
    (find_heading_faults, "<h1>a</h1><h1>b</h1>"),
    (find_heading_faults, "<h1>a</h1><h3>b</h3>"),
    (find_heading_faults, "<h1>a</h1><p role=heading aria-level=1>b</p>"),
    (find_repeated_ids, "<p id=a><p id=a>"),
    (find_missing_metadata, "<html><title>a</title>"),
    (find_missing_metadata, "<html lang=en><title> </title>"),
    (find_mishaps, "<pre>Traceback (most recent call last)</pre>"),
    (find_mishaps, "<p>WARNING: all is lost"),
    (find_mishaps, "<pre>page.py:3: UserWarning: careful</pre>"),
    (find_mishaps, "<a class=problematic>|x|</a>"),
    (find_bad_numbers, OUTPUT.format("risk nan")),
    (find_bad_numbers, OUTPUT.format("a\n[1.0, -inf]")),
    (find_bad_numbers, OUTPUT.format("<span>NaN</span>")),
    (find_bad_numbers, OUTPUT.format("ValueError: y must hold numbers, the risk is nan")),
    (find_anatomy_faults, ""),
    *((find_anatomy_faults, WHOLE.replace(part, "")) for part in re.findall("<.*?></.*?>", WHOLE)),
    (find_anatomy_faults, WHOLE + "<div class=answer></div>"),
    (find_anatomy_faults, WHOLE + 4 * "<div class=claim></div>"),
]
GOOD = [
    (find_heading_faults, "<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2>"),
    (find_repeated_ids, "<p id=a><p id=b>"),
    (find_missing_metadata, "<html lang=en><title>a</title>"),
    (find_mishaps, "<p>A warning."),
    (find_bad_numbers, OUTPUT.format("info: 1.5 in finance") + "<pre>nan</pre>"),
    (find_bad_numbers, OUTPUT.format("ValueError: y must be finite, got nan at index 1")),
    (find_anatomy_faults, WHOLE),
]


@pytest.mark.parametrize(("check", "snippet"), BAD)
def test_a_check_sees_a_fault(check: Callable[..., list[str]], snippet: str, parse: Any) -> None:
    assert check(parse(snippet))


@pytest.mark.parametrize(("check", "snippet"), GOOD)
def test_a_check_lets_what_is_right_pass(
    check: Callable[..., list[str]], snippet: str, parse: Any
) -> None:
    assert check(parse(snippet)) == []


@pytest.mark.parametrize(
    "text",
    ["$x$", r"\frac{1}{2}", ":math:`x`", "a `b`", "&amp;quot;a&amp;quot;", "a blog post key2020"],
)
def test_source_is_seen_in_text_but_not_in_code(text: str, parse: Any) -> None:
    assert find_source_in_text(parse(f"<p>{text}</p>"), ["key2020"])
    assert find_source_in_text(parse(f"<p>a<!-- {text} --></p>"), ["key2020"]) == []
    for element in ("code", "pre", "script"):
        snippet = f"<p>a</p><{element}><b>{text}</b></{element}>"
        assert find_source_in_text(parse(snippet), ["key2020"]) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Said by :cite:`one`.", [":cite:`"]),
        ("Before.\n\n.. note::\n\n   A note.", [".. note::"]),
        ("A ``:cite:`` and ``.. note::``, at 12:30 `b`", []),
    ],
)
def test_source_in_a_notebook_is_seen(words: str, found: list[str]) -> None:
    cells = [
        {"cell_type": "markdown", "source": [words]},
        {"cell_type": "code", "source": [":cite:`"]},
    ]
    assert find_rest_in_notebook(json.dumps({"cells": cells})) == found


@pytest.mark.parametrize("text", ["/builds/place/x.py", "<code>f at 0x7f3a5c2b1d30</code>"])
def test_a_trace_of_the_builder_is_seen(text: str, parse: Any) -> None:
    assert find_builder_traces(parse(text), "/builds/place")
    assert find_builder_traces(parse("color 0xff, /builds/places"), "/builds/place") == []


def test_a_repeated_title_is_seen() -> None:
    assert find_repeated_titles({"a": "x", "b": "x", "c": "y"}) == ["a: 'x'", "b: 'x'"]
