"""Where a browser refuses what pages take for granted: a sandboxed frame, a storage that throws.

A course platform shows pages in a frame without an origin. There it refuses the storages, cookies
and forms, and mostly the clipboard; a reader who blocks cookies has no storages anywhere. An older
browser may have none at all, and on a shared host they may be full.
"""

import re
from typing import Any

import pytest

OWN = "Object.defineProperty(window, name, {{ get: () => {} }})"
THROW = "{ throw new DOMException('refused', 'SecurityError') }"
FULL = "({ getItem: () => null, setItem: () => { throw new DOMException('', 'QuotaExceeded') } })"
STORAGES = {
    "throws": OWN.format(THROW),
    "is missing": OWN.format("null"),
    "is full": OWN.format(FULL),
}
FRAME = '<iframe sandbox="allow-scripts" width="1300" height="800" src="{}"></iframe>'
FINISHED = re.compile("Search finished")


@pytest.fixture(params=["a sandboxed frame", *STORAGES])
def refused(request: pytest.FixtureRequest, tab: Any) -> Any:
    """Give a function that opens a page where something is refused."""
    if request.param in STORAGES:
        both = f"for (const name of ['localStorage', 'sessionStorage']) {STORAGES[request.param]}"
        tab.add_init_script(both)

    def open_page(url: str) -> Any:
        if request.param in STORAGES:
            tab.goto(url)
            return tab
        tab.set_content(FRAME.format(url))
        return tab.frame_locator("iframe")

    return open_page


@pytest.mark.parametrize("refused", ["a sandboxed frame", "throws"], indirect=True)
def test_pages_work_where_much_is_refused(
    refused: Any, tab: Any, record: Any, address: str, site: Any
) -> None:
    with record(tab) as visited:
        page = refused(address + next(iter(site.executed)))
        page.locator(".theme-switch-button:visible").click()
        page.locator('.theme-change-button[data-mode="dark"]:visible').click()
        assert page.locator("figure img.only-dark:visible").count() > 0
        code = page.locator("article div.highlight:visible").first
        code.hover()
        code.locator("button.copy").click()
        code.get_by_text(re.compile("Copied|Selected")).wait_for()
        ledger = refused(address + "ledger.html")
        ledger.locator(".ledger-controls input").fill("noise")
        status = ledger.locator(".ledger-status").inner_text()
        chosen, of_all = map(int, re.findall(r"\d+", status))
        assert 0 < chosen < of_all
    assert visited.console_errors == []


def test_search_works_where_much_is_refused(
    refused: Any, tab: Any, record: Any, address: str
) -> None:
    with record(tab) as visited:
        page = refused(address + "index.html")
        page.locator("button.search-button:visible").click()
        field = page.locator("dialog[open] input")
        field.fill("dask cluster")
        field.press("Enter")
        page.locator("#search-results", has_text=FINISHED).wait_for()
        assert page.locator("#search-results li a").count() > 0
    assert visited.console_errors == []


def test_a_page_that_needs_its_storage_is_seen(refused: Any, tab: Any, record: Any) -> None:
    with record(tab) as visited:
        refused("data:text/html,<script>localStorage.setItem('a', 'b')</script>")
        tab.wait_for_timeout(100)
    assert visited.console_errors
