"""Text of twice the size: all of it grows, and a phone still shows it without scrolling sideways.

WCAG 1.4.4 and 1.4.10. A size in pixels would ignore the size of text that a reader has set in the
browser; a row that may not break would leave the screen.
"""

from collections.abc import Callable
from typing import Any

import pytest

# Font sizes of what is drawn and has words of its own, and the words.
SIZES = r"""() => {
    const hasWords = node => node.nodeType === Node.TEXT_NODE && /\S/.test(node.data);
    return [...document.querySelectorAll("body *")]
        .filter(e => e.checkVisibility() && [...e.childNodes].some(hasWords))
        .map(e => [parseFloat(getComputedStyle(e).fontSize), e.textContent.trim().slice(0, 40)]);
}"""


def find_fixed_text(tab: Any, enlarge: str) -> list[str]:
    """Return the words that are not drawn twice as large where a reader asks for that."""
    before = tab.evaluate(SIZES)
    tab.evaluate(enlarge)
    after = tab.evaluate(SIZES)
    pairs = zip(before, after, strict=True)
    return [f"{words}: {old} to {new}" for (old, words), (new, _) in pairs if new < 1.99 * old]


@pytest.fixture
def phone(browser: Any) -> Any:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_a_phone_shows_text_of_twice_the_size(visit: Callable[..., Any], page: str) -> None:
    enlarged = visit(page, "dark", "phone").enlarged
    assert enlarged["overflow"] + enlarged["covered"] == []


def test_what_a_search_finds_fits_too(
    phone: Any, address: str, enlarge: str, measure: str
) -> None:
    phone.goto(f"{address}search.html?q=excess+risk")
    phone.get_by_text("Search finished").wait_for()
    phone.wait_for_load_state("networkidle")
    phone.evaluate(enlarge)
    assert phone.locator("#search-results p.context").count() > 10
    assert phone.evaluate(measure)["overflow"] == []


def test_what_opens_over_a_page_fits_too(
    phone: Any, address: str, site: Any, enlarge: str
) -> None:
    phone.goto(address + next(iter(site.executed)))
    phone.evaluate(enlarge)
    for opened in ("button.primary-toggle", "button.secondary-toggle", "button.search-button"):
        phone.locator(f"{opened}:visible").click()
        shown = phone.locator("dialog[open]")
        shown.wait_for()
        ends = "dialog => [dialog.scrollWidth - dialog.clientWidth, dialog.offsetWidth]"
        beyond, width = shown.evaluate(ends)
        assert (beyond, width <= 390) == (0, True), opened
        phone.keyboard.press("Escape")
        shown.wait_for(state="hidden")


def test_all_text_grows(phone: Any, address: str, site: Any, enlarge: str) -> None:
    kinds = ("index.html", "ledger.html", "glossary.html", "api/data.html")
    for page in (*kinds, next(iter(site.executed))):
        phone.goto(address + page)
        assert find_fixed_text(phone, enlarge) == []


def test_the_size_of_text_is_the_readers(
    browser: Any, chromium: str, chromium_options: list[str], address: str
) -> None:
    asked = [*chromium_options, "--blink-settings=defaultFontSize=32"]
    own = browser.browser_type.launch(executable_path=chromium, args=asked)
    sizes = []
    for reader in (browser, own):
        tab = reader.new_page()
        tab.goto(address + "index.html")
        sizes.append(tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))
        tab.close()
    own.close()
    assert sizes[1] == 2 * sizes[0]


# -- The checks can fail -----------------------------------------------------


def test_text_of_a_fixed_size_is_seen(tab: Any, enlarge: str) -> None:
    tab.set_content("<p style='font-size: 1.1rem'>one <b>two</b></p>")
    assert find_fixed_text(tab, enlarge) == []
    tab.set_content("<p style='font-size: 17px'>one <b>two</b></p>")
    assert find_fixed_text(tab, enlarge) == ["one two: 17 to 17", "two: 17 to 17"]


def test_a_row_that_may_not_break_is_seen(phone: Any, enlarge: str, measure: str) -> None:
    phone.set_content("<main><p style='white-space: nowrap'>Why is there no wild curve?</main>")
    assert phone.evaluate(measure)["overflow"] == []
    phone.evaluate(enlarge)
    assert phone.evaluate(measure)["overflow"]
