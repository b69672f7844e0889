"""The zip of the whole site, unpacked and opened from the disk, without any server.

What a browser forbids there: a script may not read other files. So the results of a search come
without excerpts, and a script that is a module in a file of its own would not load.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

NAME = "why-no-wild-curve-site.zip"


@pytest.fixture(scope="module")
def unpacked(site: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offline")
    with zipfile.ZipFile(io.BytesIO((site.root / NAME).read_bytes())) as archive:
        archive.extractall(folder)
    return folder / NAME.removesuffix(".zip")


def test_the_zip_has_every_page(site: Any, unpacked: Path) -> None:
    pages = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*.html")}
    # Only a server shows the page "not found".
    assert pages == set(site.pages) - {"404.html"}


def test_pages_open_without_a_fault(
    unpacked: Path, first_page: str, tab: Any, record: Any
) -> None:
    with record(tab) as visited:
        for page in ("index.html", "ledger.html", first_page):
            tab.goto((unpacked / page).as_uri())
    assert visited.console_errors + visited.failed == []
    assert [url for url in visited.requested if not url.startswith(("file:", "data:"))] == []


def test_a_file_that_the_zip_lacks_is_seen(unpacked: Path, tab: Any, record: Any) -> None:
    page = unpacked / "of-the-test.html"
    try:
        page.write_text('<!doctype html><title>x</title><img src="gone.png" alt="x">')
        with record(tab) as visited:
            tab.goto(page.as_uri())
            tab.wait_for_load_state("load")
        (failed,) = visited.failed
        assert "gone.png" in failed
    finally:
        page.unlink()


def test_formulas_are_drawn_in_their_font(site: Any, unpacked: Path, tab: Any) -> None:
    tab.goto((unpacked / next(iter(site.executed))).as_uri())
    tab.evaluate("document.fonts.ready")
    assert tab.locator("math:visible").count() > 3
    loaded = "[...document.fonts].some(f => f.family.includes('Overfit') && f.status == 'loaded')"
    assert tab.evaluate(loaded)


def test_the_colors_can_be_switched_and_are_remembered(
    site: Any, unpacked: Path, tab: Any
) -> None:
    tab.goto((unpacked / next(iter(site.executed))).as_uri())
    tab.locator(".theme-switch-button:visible").click()
    tab.locator('.theme-change-button[data-mode="dark"]:visible').click()
    for page in (next(iter(site.executed)), "index.html"):
        tab.goto((unpacked / page).as_uri())
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        assert tab.locator("img.only-dark:visible").count() > 0
        assert tab.locator("figure img.only-light:visible").count() == 0


def test_search_finds_pages(unpacked: Path, tab: Any, record: Any) -> None:
    tab.goto((unpacked / "index.html").as_uri())
    tab.keyboard.press("Control+k")
    tab.keyboard.type("excess risk")
    with record(tab) as visited:
        tab.keyboard.press("Enter")
        tab.locator("#search-results li a").first.wait_for()
        tab.locator("#search-results .search-summary", has_text="Search finished").wait_for()
    assert visited.console_errors + visited.failed == []
    with tab.expect_navigation():
        tab.locator("#search-results li a").first.click()
    assert tab.url.startswith(unpacked.as_uri())
    assert tab.locator("h1").count() == 1
