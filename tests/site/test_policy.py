"""What a page may load and run: the policy that it has, and that the browser holds it to."""

import re
from typing import Any

import playground

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"')
TRAINING = {"play.html", *(f"auto_examples/{name}.html" for name in playground.STATES)}


def policies(site: Any) -> dict[str, str]:
    """Return the one policy of each page."""
    found = {}
    for page in site.pages:
        (found[page],) = POLICY.findall((site.root / page).read_text(encoding="utf-8"))
    return found


def test_every_page_has_a_policy_and_few_may_compile_a_program(site: Any) -> None:
    found = policies(site)
    assert all("default-src 'self' file: data:;" in policy for policy in found.values())
    assert {page for page in found if "wasm-unsafe-eval" in found[page]} == TRAINING
    assert {page for page in found if "worker-src blob:" in found[page]} == TRAINING


FORBIDDEN = {
    "a text that is run": "eval('1')",
    "a script of another host": """new Promise((done, fail) => {
        const script = document.createElement("script");
        script.src = "https://example.org/x.js";
        script.onerror = () => fail(new Error("refused"));
        script.onload = done;
        document.head.append(script);
    })""",
    "a request to another host": "fetch('https://example.org/')",
    "a program": "WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))",
}


def test_the_browser_refuses_what_the_policy_forbids(tab: Any, address: str) -> None:
    told: list[str] = []
    tab.on("console", lambda message: told.append(message.text))
    tab.goto(address)
    script = """async (source) => {
        const script = document.createElement("script");
        const name = "tried" + Math.random().toString(36).slice(2);
        // By a timer: what a test itself runs may run texts.
        script.textContent = `window.${name} = () => new Promise((done, fail) => setTimeout(
            async () => { try { done(await (${source})); } catch (error) { fail(error); } }));`;
        document.head.append(script);
        try {
            await window[name]();
            return "done";
        } catch (error) {
            return "refused";
        }
    }"""
    assert {
        what: tab.evaluate(script, source) for what, source in FORBIDDEN.items()
    } == dict.fromkeys(FORBIDDEN, "refused")
    # A host that does not answer would look the same. Of the program nothing is told.
    assert sum("Content Security Policy" in text for text in told) >= len(FORBIDDEN) - 1
    assert tab.evaluate(script, "1 + 1") == "done"
