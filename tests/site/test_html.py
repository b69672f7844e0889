"""The Nu HTML checker finds nothing: no error, and no warning but those that are listed here."""

import functools
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

# What the checker says and we let pass, each with the reason.
FILTERS = {
    # Sphinx writes them in every page; they are allowed, and the checker only remarks on them.
    r"Trailing slash on void elements has no effect": "a remark on style",
    # The theme's, for browsers before 2014; it changes nothing.
    r"The “main” role is unnecessary for element “main”": "the theme's, and without effect",
    # The h1 stands in Sphinx' <section> within the theme's <article>. Browsers and screen readers
    # take its level from its name; `test_pages` holds every page to one h1 and no skipped level.
    r"Consider using the “h1” element as a top-level heading only": "there is one h1 a page",
    r"Article lacks heading": "its h1 is in the <section> within",
    # It reads files, which have no host for the policy's 'self' to name. Browsers load all of
    # them, or the tests of requests and of the console say so.
    r"Resource violates Content Security Policy \(meta tag\)": "there is no host",
    # MathML Core made the attribute global; the checker's schema is MathML 3, where only <math>
    # and <mstyle> have it. Browsers follow MathML Core.
    r"Attribute “displaystyle” not allowed on element “m\w+”": "allowed by MathML Core",
}


def find_faults(messages: Iterable[dict[str, Any]]) -> list[str]:
    """Return what the checker found, but for what is let pass."""
    return [
        f"{Path(message.get('url', '')).name} line {message.get('lastLine')}: {message['message']}"
        for message in messages
        if not any(re.match(pattern, message["message"]) for pattern in FILTERS)
    ]


@pytest.fixture(scope="session")
def check(tool: Callable[[str], Path], java: str) -> Callable[[Path], list[dict[str, Any]]]:
    """Give a function that runs the checker on a file or a folder."""
    jar = tool("vnu-jar/build/dist/vnu.jar")

    @functools.cache
    def run(path: Path) -> list[dict[str, Any]]:
        options = ["--format", "json", "--exit-zero-always", "--skip-non-html", "--stdout"]
        command = [java, "-Xss4m", "-jar", str(jar), *options, str(path)]
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        return json.loads(found.stdout)["messages"]

    return run


def test_the_checker_finds_nothing(site: Any, check: Any, page: str) -> None:
    address = (site.root / page).resolve().as_uri()
    own = [m for m in check(site.root) if m.get("url") == address.replace("file://", "file:")]
    # It remarks on something on each; a page without a message may have been left out.
    assert own
    assert find_faults(own) == []


def test_every_filter_is_needed(site: Any, check: Any) -> None:
    said = [message["message"] for message in check(site.root)]
    assert [p for p in FILTERS if not any(re.match(p, text) for text in said)] == []


# -- Each check can fail -----------------------------------------------------

SOUND = '<!DOCTYPE html><html lang="en"><title>A</title><h1>A</h1><p>a</p></html>'
FAULTS = [
    ("<p>", "<p nosuch=a>", "Attribute “nosuch” not allowed"),
    ("<p>", "<p><div>", "No “p” element in scope"),
    ("<h1>", "<h1 id='a b'>", "An ID must not contain whitespace"),
    ("<p>a</p>", "<img src='a'>", "must have an “alt” attribute"),
]


def test_faults_are_found_where_they_are(tmp_path: Path, check: Any) -> None:
    """All at once: most of the time is that of starting the checker."""
    (tmp_path / "sound.html").write_text(SOUND, encoding="utf-8")
    for number, (old, new, _) in enumerate(FAULTS):
        path = tmp_path / f"{number}.html"
        path.write_text(SOUND.replace(old, new), encoding="utf-8")
    faults = find_faults(check(tmp_path))
    assert [fault for fault in faults if fault.startswith("sound.html")] == []
    for number, (_, _, message) in enumerate(FAULTS):
        own = [fault for fault in faults if fault.startswith(f"{number}.html")]
        assert any(message in fault for fault in own)
