"""Pages on paper: whole, to the last heading, with the answers open and without controls."""

import contextlib
from typing import Any

import pytest


def words_on_paper(tab: Any) -> str:
    """Return all words of the open page as it is printed, without the spaces between them."""
    pdf = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: run `nox -s site`")
    with contextlib.closing(pdf.PdfDocument(tab.pdf(format="A4"))) as pages:
        return squeeze("".join(page.get_textpage().get_text_bounded() for page in pages))


def squeeze(text: str) -> str:
    """Return a text without spaces and with plain letters: PDF has ligatures, and no words."""
    return "".join(text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff").split())


def find_missing(words: str, tree: Any) -> list[str]:
    """Return the headings and the last paragraph of a page that are not among some words."""
    article = tree.select_one("article")
    headings = [h.find(string=True, recursive=False) for h in article.select("h1, h2")]
    ends = [p.get_text()[-20:] for p in article.select("section > p, .answer-fold p")]
    return [text for text in [*headings, *ends[-1:]] if squeeze(text) not in words]


@pytest.fixture(params=["index.html", "ledger.html", "glossary.html", "development/speed.html"])
def other_page(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_page_is_printed_to_its_end(site: Any, tab: Any, address: str, first_page: str) -> None:
    """The first of each part: how a page is printed is written in one sheet for all."""
    check_paper(site, tab, address, first_page)


def test_another_page_is_printed_to_its_end(
    site: Any, tab: Any, address: str, other_page: str
) -> None:
    check_paper(site, tab, address, other_page)


def check_paper(site: Any, tab: Any, address: str, page: str) -> None:
    tab.goto(address + page)
    assert find_missing(words_on_paper(tab), site.tree(page)) == []


def test_a_page_that_is_cut_off_is_seen(site: Any, tab: Any, address: str) -> None:
    page = next(iter(site.executed))
    tab.goto(address + page)
    cut = "article { height: 900px !important; overflow: hidden !important; }"
    tab.add_style_tag(content=f"@media print {{ {cut} }}")
    assert "Lessons" in find_missing(words_on_paper(tab), site.tree(page))


def test_paper_is_light_in_the_dark_theme(site: Any, tab: Any, address: str) -> None:
    tab.emulate_media(color_scheme="dark")
    tab.goto(address + next(iter(site.executed)))
    look = """() => [document.documentElement.dataset.theme, ...new Set(
        [...document.querySelectorAll("figure.twins img")]
            .filter(e => e.checkVisibility()).map(e => e.className))]"""
    tab.evaluate(f"window.seen = []; addEventListener('beforeprint', () => seen.push(({look})()))")
    tab.pdf(format="A4")
    assert tab.evaluate("seen") == [["light", "only-light"]]
    assert tab.evaluate(look) == ["dark", "only-dark"]


def test_there_are_no_controls_and_answers_are_open(site: Any, tab: Any, address: str) -> None:
    tab.goto(address + "ledger.html")
    tab.emulate_media(media="print")
    assert tab.locator(".ledger-controls").is_hidden()
    tab.goto(address + next(iter(site.executed)))
    fold = tab.locator("details.answer-fold p").first
    assert fold.evaluate("e => e.getBoundingClientRect().height") > 0
