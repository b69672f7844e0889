"""The pages in a browser: in both color schemes, on a desktop and on a phone."""

import re
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

SCHEMES = ("light", "dark")
PHONE_HEIGHT = 844
SMALLEST_TEXT = 10.5

Visits = Callable[[str, str, str], Any]

each_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def find_foreign(requested: list[str], address: str) -> list[str]:
    """Return the requests that went to another host; data and blobs go to none."""
    own = (address, "data:", "blob:")
    return [url for url in requested if not url.startswith(own)]


def find_wrong_twins(twins: list[dict[str, list[bool]]], scheme: str) -> list[str]:
    """Return the pairs of which not exactly the twin for a color scheme is shown."""
    expected = {"light": [scheme == "light"], "dark": [scheme == "dark"]}
    return [f"pair {k}: {pair}" for k, pair in enumerate(twins, 1) if pair != expected]


def smallest_text(svg: str) -> float:
    """Return the size of the smallest text in a figure, as a share of the figure's width.

    Matplotlib draws text as paths of 100 units a point size, and scales each line of text down;
    superscripts are scaled once more.
    """
    width = float(re.search(r'viewBox="0 0 ([\d.]+) ', svg)[1])  # type: ignore[index]
    size, sizes = 0.0, []
    for line, within in re.findall(r"scale\(([\d.]+) -\1\)|<use [^>]*scale\(([\d.]+)\)", svg):
        size = 100 * float(line) if line else size
        sizes.append(size * float(within or 1))
    return min(sizes) / width


def find_small_text(figures: list[dict[str, Any]], read: Callable[[str], str]) -> list[str]:
    """Return the figures whose smallest text is too small to be read."""
    problems = []
    for figure in figures:
        shown = figure["source"] is not None
        pixels = smallest_text(read(figure["source"])) * figure["width"] if shown else 0
        if pixels < SMALLEST_TEXT:
            problems.append(f"{figure['source']}: {pixels:.1f} pixels")
    return problems


def find_late_content(measured: dict[str, Any], height: int) -> list[str]:
    """Return what should stand on the first screen, or begin on the second, and does not."""
    problems = []
    for name in ("title", "answer"):
        if measured[name] is None or measured[name]["bottom"] > height:
            problems.append(f"{name} at {measured[name]}, not on the first {height} pixels")
    tops = [figure["top"] for figure in measured["figures"]]
    if not tops or min(tops) >= 2 * height:
        problems.append(f"the figures begin at {tops}, none on the first two screens")
    return problems


def test_the_console_has_no_errors(visit: Visits, page: str, scheme: str, device: str) -> None:
    assert visit(page, scheme, device).console_errors == []


def test_no_request_fails(visit: Visits, page: str, scheme: str, device: str) -> None:
    visited = visit(page, scheme, device)
    assert visited.requested
    assert visited.failed + visited.measured["broken"] == []


def test_no_request_leaves_the_site(
    visit: Visits, address: str, page: str, scheme: str, device: str
) -> None:
    assert find_foreign(visit(page, scheme, device).requested, address) == []


def test_the_page_is_no_wider_than_the_window(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    visited = visit(page, scheme, device)
    assert visited.measured["overflow"] + visited.narrowest.get("overflow", []) == []


def test_the_controls_of_the_header_stand_apart(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    visited = visit(page, scheme, device)
    assert visited.measured["covered"] + visited.narrowest.get("covered", []) == []


def test_framed_text_keeps_off_its_frame(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    assert visit(page, scheme, device).measured["cramped"] == []


def test_lines_are_short_enough_to_read(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    assert visit(page, scheme, device).measured["long"] == []


def test_the_page_takes_the_colors_of_the_system(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    assert visit(page, scheme, device).measured["theme"] == scheme


def test_one_twin_is_shown_and_no_color_is_filtered(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    measured = visit(page, scheme, device).measured
    assert find_wrong_twins(measured["twins"], scheme) == []
    assert measured["filtered"] == []


def test_the_hidden_twin_is_not_fetched(
    visit: Visits, page: str, scheme: str, device: str
) -> None:
    hidden = {"light": "_dark.svg", "dark": "_light.svg"}[scheme]
    assert [url for url in visit(page, scheme, device).requested if url.endswith(hidden)] == []


def test_captions_are_shown(visit: Visits, executed_page: str, scheme: str, device: str) -> None:
    figures = visit(executed_page, scheme, device).measured["figures"]
    assert figures
    assert [figure["source"] for figure in figures if not figure["captionIsShown"]] == []


def test_text_in_figures_can_be_read_on_a_phone(site: Any, visit: Visits, page: str) -> None:
    folder = (site.root / page).parent
    figures = visit(page, "dark", "phone").measured["figures"]
    assert find_small_text(figures, lambda source: (folder / source).read_text("utf-8")) == []


def test_a_phone_shows_the_answer_first(visit: Visits, executed_page: str) -> None:
    measured = visit(executed_page, "dark", "phone").measured
    assert find_late_content(measured, PHONE_HEIGHT) == []


# -- What a reader does ------------------------------------------------------


def first_page(site: Any) -> str:
    return next(iter(site.executed))


def shown_twins(tab: Any) -> set[str]:
    """Return which twins of the figures are shown."""
    script = "all => all.filter(e => e.checkVisibility()).map(e => e.className)"
    return set(tab.eval_on_selector_all("figure.twins img", script))


def choose(tab: Any, mode: str) -> None:
    """Choose a color mode, where necessary in the menu that a phone's header opens."""
    if not tab.locator(".theme-switch-button:visible").count():
        tab.click("button.primary-toggle")
    tab.locator(".theme-switch-button:visible").click()
    tab.locator(f'.theme-change-button[data-mode="{mode}"]:visible').click()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_switch_changes_the_colors_and_is_remembered(
    site: Any, tab: Any, address: str, width: int
) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    tab.goto(address + first_page(site))
    assert shown_twins(tab) == {"only-light"}
    choose(tab, "dark")
    assert shown_twins(tab) == {"only-dark"}
    tab.goto(address + "index.html")
    assert shown_twins(tab) == {"only-dark"}
    choose(tab, "auto")
    assert shown_twins(tab) == {"only-light"}


def test_a_figure_in_motion_is_stepped_played_and_paused(
    site: Any, tab: Any, address: str
) -> None:
    moving = [page for page in site.executed if site.tree(page).select("figure[data-frames]")]
    assert moving
    for page in moving:
        tab.goto(address + page)
        figure = tab.locator("figure[data-frames]").first
        slider, said, button = (figure.locator(name) for name in ("input", "output", "button"))
        names = figure.get_attribute("data-frames").split("|")
        assert (said.inner_text(), button.inner_text()) == (names[-1], "Play")
        shown = figure.locator("img:visible")
        seen = shown.screenshot()
        slider.press("Home")
        assert said.inner_text() == names[0]
        assert shown.get_attribute("src").endswith("#frame-1")
        assert shown.screenshot() != seen
        button.click()
        tab.wait_for_function(f"() => document.querySelector('output').value === {names[2]!r}")
        button.click()
        paused = said.inner_text()
        tab.wait_for_timeout(500)
        assert (said.inner_text(), button.inner_text()) == (paused, "Play")
        slider.press("End")
        assert shown.get_attribute("src").endswith(f"#frame-{len(names)}")
        tab.emulate_media(reduced_motion="reduce")
        tab.reload()
        assert (button.count(), slider.count()) == (0, 1)
        tab.emulate_media(reduced_motion="no-preference")


def test_the_menu_says_which_mode_is_chosen(site: Any, tab: Any, address: str) -> None:
    tab.goto(address + first_page(site))
    for mode in ("dark", "light", "auto"):
        choose(tab, mode)
        pressed = tab.locator('.theme-change-button[aria-pressed="true"]')
        assert set(pressed.evaluate_all("all => all.map(e => e.dataset.mode)")) == {mode}


@each_scheme
def test_icons_are_seen_in_forced_colors(
    site: Any, browser: Any, address: str, scheme: str
) -> None:
    context = browser.new_context(forced_colors="active", color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address + first_page(site))
    colors = "all => all.map(e => getComputedStyle(e).backgroundColor)"
    behind = set(tab.locator("body").evaluate_all(colors))
    icons = tab.locator('[class*="fa-"]:visible').evaluate_all(colors)
    context.close()
    assert icons
    assert behind.isdisjoint(icons)
    assert not any("0)" in color and "rgba" in color for color in icons)


def test_excerpts_of_a_search_are_prose(tab: Any, address: str) -> None:
    tab.goto(address + "search.html?q=overfit")
    tab.get_by_text("Search finished").wait_for()
    found = tab.locator("#search-results p.context").all_inner_texts()
    assert found
    assert [text for text in found if "import numpy" in text] == []


def test_search_finds_excess_risk(site: Any, tab: Any, address: str) -> None:
    tab.goto(address + "search.html?q=excess+risk")
    results = tab.locator("#search-results li a")
    results.first.wait_for()
    assert "excess risk" in tab.locator("#search-results").inner_text().lower()
    for link in results.all():
        found = urllib.parse.urljoin(tab.url, link.get_attribute("href"))
        assert urllib.parse.urlsplit(found.removeprefix(address)).path in site.pages


def test_search_opens_with_the_keyboard_on_a_page(site: Any, tab: Any, address: str) -> None:
    tab.goto(address + first_page(site))
    tab.keyboard.press("Control+k")
    tab.keyboard.type("excess risk")
    tab.keyboard.press("Enter")
    tab.locator("#search-results li a").first.wait_for()
    assert tab.url.startswith(f"{address}search.html?q=excess+risk")


def test_a_search_in_vain_says_so(tab: Any, address: str) -> None:
    tab.goto(address + "search.html?q=xylophone")
    tab.get_by_text("did not match any documents").wait_for()
    assert tab.locator("#search-results li a").count() == 0


@each_scheme
def test_a_page_without_scripts_shows_its_light_twins(
    site: Any, browser: Any, address: str, scheme: str
) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(address + first_page(site))
    seen = {name: tab.locator(f"figure.twins .{name}:visible").count() for name in TWINS}
    context.close()
    assert seen["only-light"] > 0
    assert seen["only-dark"] == 0


# -- Each check can fail -----------------------------------------------------

TWINS = ("only-light", "only-dark")
SVG = (
    '<svg viewBox="0 0 400 300"><g transform="translate(1 2) scale({} -{})">\n'
    '<path transform="scale(0.015625)"/>{}</g></svg>'
)


def test_a_request_to_another_host_is_seen() -> None:
    own = "http://127.0.0.1:80/a/"
    sent = [own + "x.html", "data:,x", "https://example.org/", "http://127.0.0.1:80/favicon.ico"]
    assert find_foreign(sent, own) == sent[2:]


@pytest.mark.parametrize("light", [[], [False], [True, True]])
def test_a_wrong_twin_is_seen(light: list[bool]) -> None:
    assert find_wrong_twins([{"light": [True], "dark": [False]}], "light") == []
    assert find_wrong_twins([{"light": light, "dark": [False]}], "light")
    assert find_wrong_twins([{"light": [True], "dark": [True]}], "light")


def test_the_smallest_text_is_found() -> None:
    assert smallest_text(SVG.format(0.12, 0.12, "")) == pytest.approx(12 / 400, rel=1e-12)
    superscript = '\n<use xlink:href="#a" transform="translate(1 2) scale(0.7)"/>'
    assert smallest_text(SVG.format(0.12, 0.12, superscript)) == pytest.approx(
        8.4 / 400, rel=1e-12
    )


def test_small_text_is_seen() -> None:
    figure = {"source": "a.svg", "width": 360}
    assert find_small_text([figure], lambda _: SVG.format(0.12, 0.12, "")) == []
    assert find_small_text([figure], lambda _: SVG.format(0.11, 0.11, ""))
    assert find_small_text([figure | {"width": 300}], lambda _: SVG.format(0.12, 0.12, ""))
    assert find_small_text([figure | {"source": None}], lambda _: SVG.format(0.12, 0.12, ""))


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"answer": None},
        {"answer": {"bottom": 801}},
        {"figures": []},
        {"figures": [{"top": 1600}]},
    ],
)
def test_late_content_is_seen(change: dict[str, Any]) -> None:
    early = {"title": {"bottom": 99}, "answer": {"bottom": 800}, "figures": [{"top": 1599}]}
    assert find_late_content(early, 800) == []
    assert find_late_content(early | change, 800)


PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
TWIN = f'<img class="{{}}" src="{PIXEL}" style="height: 9px; width: 9px; {{}}">'
BOTH = TWIN.format("only-light", "") + TWIN.format("only-dark", "display: none")
CAPTION = "<figcaption>Look here.</figcaption>"
SOUND = (
    "<header><a>title</a> <button>menu</button></header><h1>A</h1>"
    '<div class="answer" style="border: 1px solid; padding: 9px">B</div>'
    '<main><section><p style="width: 30em">C<br>D</p></section>'
    '<pre style="overflow: auto"><p style="width: 9999px">wide</pre>'
    f'<figure class="twins">{BOTH}{CAPTION}</figure></main>'
)
FAULTS = {
    "broken": (PIXEL, "data:image/png,none"),
    "overflow": ('<pre style="overflow: auto">', "<pre>"),
    "covered": ("<button", '<button style="margin-left: -20px"'),
    "cramped": ("padding", "margin"),
    "long": ("width: 30em", "width: 35em"),
    "filtered": ("width: 9px", "width: 9px; filter: invert(1)"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("column", ["main", 'main style="overflow: auto"'])
def test_a_fault_in_the_layout_is_seen(fault: str, column: str, tab: Any, measure: str) -> None:
    sound = SOUND.replace("<main", f"<{column}")
    tab.set_content(sound)
    assert {name: tab.evaluate(measure)[name] for name in FAULTS} == {name: [] for name in FAULTS}
    tab.set_content(sound.replace(*FAULTS[fault]))
    assert tab.evaluate(measure)[fault]


def test_what_is_shown_is_measured(tab: Any, measure: str) -> None:
    tab.set_content(SOUND)
    measured = tab.evaluate(measure)
    assert measured["twins"] == [{"light": [True], "dark": [False]}]
    assert measured["figures"][0]["captionIsShown"]
    assert measured["title"]["bottom"] <= measured["answer"]["top"] < measured["figures"][0]["top"]
    tab.set_content(SOUND.replace("<figcaption", '<figcaption style="opacity: 0"'))
    assert not tab.evaluate(measure)["figures"][0]["captionIsShown"]


def test_what_goes_wrong_on_a_page_is_recorded(tab: Any, record: Any) -> None:
    # Put together, so that the source shows no address.
    script = "console.error('a'); fetch('https:/' + '/example.org').catch(() => 0); undefined.b"
    with record(tab) as visited:
        tab.set_content(f"<script>{script}</script>")
        tab.wait_for_timeout(500)
    assert any("a (" in error for error in visited.console_errors)
    assert any("undefined" in error for error in visited.console_errors)
    assert visited.requested == ["https://example.org/"]
    assert [failure for failure in visited.failed if "ERR_NAME_NOT_RESOLVED" in failure]
