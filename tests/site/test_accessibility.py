"""Every page for everyone: axe finds nothing, and a keyboard reaches and shows every control."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SCHEMES = ("light", "dark")
DEVICES = {"desktop": 1440, "phone": 390}
HEIGHT = 844

each_scheme = pytest.mark.parametrize("scheme", SCHEMES)


@pytest.fixture(scope="module")
def open_tab(browser: Any) -> Iterator[Callable[[str, str], Any]]:
    """Give a function that returns the tab of a color scheme and a device."""
    tabs: dict[tuple[str, str], Any] = {}

    def tab_of(scheme: str, device: str) -> Any:
        if (scheme, device) not in tabs:
            size = {"width": DEVICES[device], "height": HEIGHT}
            # Nothing moves while it is measured.
            context = browser.new_context(
                color_scheme=scheme, viewport=size, reduced_motion="reduce"
            )
            context.set_default_timeout(30_000)
            tabs[scheme, device] = context.new_page()
        return tabs[scheme, device]

    yield tab_of
    for tab in tabs.values():
        tab.context.close()


def test_axe_finds_nothing(visit: Any, axe: str, page: str, scheme: str, device: str) -> None:
    """With folds open, and on a phone with its navigation open as well."""
    assert axe
    assert visit(page, scheme, device).violations == []


def open_search(tab: Any) -> None:
    tab.keyboard.press("Control+k")
    tab.locator("dialog[open] input[type=search]").wait_for()


def open_colors(tab: Any) -> None:
    if not tab.locator(".theme-switch-button:visible").count():
        tab.click("button.primary-toggle")
    tab.locator(".theme-switch-button:visible").click()
    tab.locator(".theme-change-button:visible").first.wait_for()


STATES = {
    "search": (open_search, "desktop"),
    "search on a phone": (open_search, "phone"),
    "choice of colors": (open_colors, "desktop"),
    "choice of colors on a phone": (open_colors, "phone"),
}


@each_scheme
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_what_opens(
    site: Any,
    open_tab: Any,
    address: str,
    axe: str,
    find_violations: Any,
    record: Any,
    state: str,
    scheme: str,
) -> None:
    reveal, device = STATES[state]
    tab = open_tab(scheme, device)
    for page in ("index.html", next(iter(site.executed))):
        with record(tab) as visited:
            tab.goto(address + page)
            reveal(tab)
            assert find_violations(tab, axe, with_code=False) == [], page
        assert [url for url in visited.requested if not url.startswith((address, "data:"))] == []


@each_scheme
def test_axe_finds_nothing_in_results_of_a_search(
    open_tab: Any, address: str, axe: str, find_violations: Any, scheme: str
) -> None:
    tab = open_tab(scheme, "phone")
    tab.goto(address + "search.html?q=network")
    tab.locator("#search-results li a").first.wait_for()
    assert find_violations(tab, axe) == []


# Sets a word of each class into the first block of code in sight.
COLOR = """classes => [...document.querySelectorAll(".highlight pre")]
    .find(block => block.checkVisibility())
    .append(...classes.map(name => {
        const word = document.createElement("span");
        word.className = name;
        word.textContent = "word\\n";
        return word;
    }))"""


@each_scheme
def test_every_color_of_code_can_be_read(
    site: Any, open_tab: Any, address: str, axe: str, find_violations: Any, scheme: str
) -> None:
    """What colors code has on any page; axe looks at no more code than that of some pages."""
    words = re.compile(r'<span class="(\w{1,3})">')
    classes = sorted({name for page in site.pages for name in words.findall(site.text(page))})
    assert len(classes) > 10
    tab = open_tab(scheme, "desktop")
    tab.goto(address + next(iter(site.executed)))
    tab.evaluate(COLOR, classes)
    assert find_violations(tab, axe, ".highlight") == []
    tab.add_style_tag(content=".highlight .kn { color: #808080 !important }")
    assert "color-contrast" in " ".join(find_violations(tab, axe, ".highlight"))


def test_a_keyboard_reaches_and_shows_every_control(visit: Any, page: str) -> None:
    """Backwards on a phone."""
    assert visit(page, "dark", "phone").keyboard == []


def test_a_keyboard_goes_forwards_as_well(visit: Any, first_of_its_kind: str) -> None:
    """On a desktop."""
    assert visit(first_of_its_kind, "light", "desktop").keyboard == []


def test_escape_closes_what_opens(
    open_tab: Any, address: str, reveal_navigation: Callable[[Any], None]
) -> None:
    for reveal, device in [*STATES.values(), (reveal_navigation, "phone")]:
        tab = open_tab("light", device)
        tab.goto(address + "index.html")
        reveal(tab)
        tab.keyboard.press("Escape")
        tab.keyboard.press("Escape")
        assert tab.locator("dialog[open]").count() == 0


# -- Each check can fail -----------------------------------------------------

SOUND = (
    '<html lang="en"><title>A</title><style>:focus {{ outline: 3px solid #0b5cad }}</style>'
    "<main><h1>A</h1><p>Words of a <a href='#a' {}>link</a>.</p><button {}>B</button></main>"
)
TINY = "all: unset; width: 9px; display: inline-block"
VIOLATIONS = {
    "button-name": ("<button >B<", "<button><"),
    "color-contrast": ("<p>", '<p style="color: #999">'),
    "region": ("<main>", "<p>outside</p><main>"),
    "page-has-heading-one": ("h1", "h2"),
    "target-size": (
        "<button >B<",
        f'<button style="{TINY}">b</button><button style="{TINY}">B<',
    ),
}


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_a_violation_is_found(open_tab: Any, axe: str, find_violations: Any, rule: str) -> None:
    tab = open_tab("light", "phone")
    sound = SOUND.format("", "")
    for document, expected in ((sound, set()), (sound.replace(*VIOLATIONS[rule]), {rule})):
        tab.goto("about:blank")
        tab.set_content(document)
        assert {found.split()[0] for found in find_violations(tab, axe)} == expected


def test_a_violation_in_a_part_is_found_there_only(
    open_tab: Any, axe: str, find_violations: Any
) -> None:
    tab = open_tab("light", "phone")
    tab.goto("about:blank")
    tab.set_content("<html lang='en'><title>A</title><nav><a href='#'></a></nav><p>b</p></html>")
    assert {found.split()[0] for found in find_violations(tab, axe, "nav")} == {"link-name"}
    assert find_violations(tab, axe, "p") == []


@pytest.mark.parametrize(
    ("attribute", "fault"),
    [
        ("style='outline: none'", "shows no outline"),
        ("style='outline-color: #ccc'", "has an outline of contrast 1.6"),
        ("style='position: fixed; left: -99px'", "lies behind something"),
        ("onfocus='this.blur()'", "is not reached"),
    ],
)
def test_a_control_lost_to_the_keyboard_is_seen(
    open_tab: Any, focus: str, find_keyboard_faults: Any, attribute: str, fault: str
) -> None:
    tab = open_tab("light", "phone")
    for backwards in (False, True):
        tab.goto("about:blank")
        tab.set_content(SOUND.format("", ""))
        assert find_keyboard_faults(tab, focus, backwards=backwards) == []
        tab.set_content(SOUND.format(attribute, ""))
        assert fault in " ".join(find_keyboard_faults(tab, focus, backwards=backwards))
