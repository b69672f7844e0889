"""Every page for everyone: axe finds nothing, and a keyboard reaches and shows every control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCHEMES = ("light", "dark")
DEVICES = {"desktop": 1440, "phone": 390}
HEIGHT = 844
HERE = Path(__file__).parent

# All of WCAG 2.2 A and AA, and what axe calls best practice. It leaves the size of targets out
# unless asked.
OPTIONS = {
    "runOnly": [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22a",
        "wcag22aa",
        "best-practice",
    ],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
RUN = "options => axe.run(document, options).then(found => found.violations)"
# What is folded away counts, too.
UNFOLD = "document.querySelectorAll('main details').forEach(details => { details.open = true })"
MOST_CONTROLS = 1000

each_scheme = pytest.mark.parametrize("scheme", SCHEMES)
each_device = pytest.mark.parametrize("device", DEVICES)


def find_violations(tab: Any, axe: str) -> list[str]:
    """Return what axe holds against a page as it is drawn now."""
    if tab.evaluate("typeof axe") == "undefined":
        tab.evaluate(axe)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]}"
        for violation in tab.evaluate(RUN, OPTIONS)
        for node in violation["nodes"]
    ]


def find_keyboard_faults(tab: Any, script: str, *, backwards: bool = False) -> list[str]:
    """Return the controls that the Tab key does not reach, or whose focus nobody sees."""
    tab.evaluate(script)
    names, reached, problems = tab.evaluate("keyboard.names()"), set(), []
    for _ in range(MOST_CONTROLS):
        tab.keyboard.press("Shift+Tab" if backwards else "Tab")
        focused = tab.evaluate("keyboard.focused()")
        if focused is None or focused["place"] in reached:
            break
        reached.add(focused["place"])
        problems += [f"{focused['name']} {fault}" for fault in focused["faults"]]
    else:
        problems.append(f"there are more than {MOST_CONTROLS} controls")
    missed = [name for place, name in enumerate(names) if place not in reached]
    return problems + [f"{name} is not reached" for name in missed]


@pytest.fixture(scope="module")
def axe(tool: Callable[[str], Path]) -> str:
    return tool("axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def focus() -> str:
    return (HERE / "focus.js").read_text(encoding="utf-8")


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


@each_device
@each_scheme
def test_axe_finds_nothing(
    open_tab: Any, address: str, axe: str, page: str, scheme: str, device: str
) -> None:
    tab = open_tab(scheme, device)
    tab.goto(address + page)
    tab.evaluate(UNFOLD)
    assert find_violations(tab, axe) == []


def open_search(tab: Any) -> None:
    tab.keyboard.press("Control+k")
    tab.locator("dialog[open] input[type=search]").wait_for()


def open_colors(tab: Any) -> None:
    if not tab.locator(".theme-switch-button:visible").count():
        open_navigation(tab)
    tab.locator(".theme-switch-button:visible").click()
    tab.locator(".theme-change-button:visible").first.wait_for()


def open_navigation(tab: Any) -> None:
    tab.click("button.primary-toggle")
    tab.locator("dialog[open] nav:visible").first.wait_for()


STATES = {
    "search": (open_search, "desktop"),
    "search on a phone": (open_search, "phone"),
    "choice of colors": (open_colors, "desktop"),
    "choice of colors on a phone": (open_colors, "phone"),
    "navigation on a phone": (open_navigation, "phone"),
}


@each_scheme
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_what_opens(
    site: Any, open_tab: Any, address: str, axe: str, state: str, scheme: str
) -> None:
    reveal, device = STATES[state]
    tab = open_tab(scheme, device)
    for page in ("index.html", next(iter(site.executed))):
        tab.goto(address + page)
        reveal(tab)
        assert find_violations(tab, axe) == [], page


@each_scheme
def test_axe_finds_nothing_in_results_of_a_search(
    open_tab: Any, address: str, axe: str, scheme: str
) -> None:
    tab = open_tab(scheme, "phone")
    tab.goto(address + "search.html?q=network")
    tab.locator("#search-results li a").first.wait_for()
    assert find_violations(tab, axe) == []


def test_a_keyboard_reaches_and_shows_every_control(
    open_tab: Any, address: str, focus: str, page: str
) -> None:
    # Forwards on a desktop, backwards on a phone: a sticky header hides what lies above.
    for scheme, device in (("light", "desktop"), ("dark", "phone")):
        tab = open_tab(scheme, device)
        tab.goto(address + page)
        faults = find_keyboard_faults(tab, focus, backwards=device == "phone")
        assert faults == [], device


def test_escape_closes_what_opens(open_tab: Any, address: str) -> None:
    for reveal, device in STATES.values():
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
def test_a_violation_is_found(open_tab: Any, axe: str, rule: str) -> None:
    tab = open_tab("light", "phone")
    sound = SOUND.format("", "")
    for document, expected in ((sound, set()), (sound.replace(*VIOLATIONS[rule]), {rule})):
        tab.goto("about:blank")
        tab.set_content(document)
        assert {found.split()[0] for found in find_violations(tab, axe)} == expected


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
    open_tab: Any, focus: str, attribute: str, fault: str
) -> None:
    tab = open_tab("light", "phone")
    for backwards in (False, True):
        tab.goto("about:blank")
        tab.set_content(SOUND.format("", ""))
        assert find_keyboard_faults(tab, focus, backwards=backwards) == []
        tab.set_content(SOUND.format(attribute, ""))
        assert fault in " ".join(find_keyboard_faults(tab, focus, backwards=backwards))
