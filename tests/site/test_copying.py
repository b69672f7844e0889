"""Code that is selected by hand and copied is code: no button, fold, number, prompt or anchor."""

from typing import Any

import pytest

SELECT = """([first, last]) => {
    const all = [...document.querySelectorAll(first)].filter(e => e.checkVisibility());
    const ends = [...document.querySelectorAll(last)].filter(e => e.checkVisibility());
    getSelection().setBaseAndExtent(all[0], 0, ends.at(-1), ends.at(-1).childNodes.length);
    return getSelection().toString();
}"""
CODE = "article div.highlight"


def copied(tab: Any, first: str = CODE, last: str = CODE) -> list[str]:
    """Return the lines that a reader copies who selects from the first of some to the last."""
    return [line.strip() for line in tab.evaluate(SELECT, [first, last]).splitlines()]


@pytest.fixture
def executed(tab: Any, address: str, site: Any) -> Any:
    tab.goto(address + next(iter(site.executed)))
    return tab


def test_a_block_is_copied_as_it_is_written(executed: Any) -> None:
    code = executed.locator(f"{CODE}:visible").first
    code.hover()
    assert code.locator("button.copy").inner_text() == "Copy"
    written = code.locator("pre").inner_text()
    first = executed.evaluate(
        """() => {
            const block = [...document.querySelectorAll("article div.highlight")]
                .find(e => e.checkVisibility());
            getSelection().selectAllChildren(block);
            return getSelection().toString();
        }"""
    )
    assert first.strip() == written.strip()


def test_blocks_that_follow_are_copied_without_what_stands_around(executed: Any) -> None:
    labels = executed.locator(".code-fold > summary").all_inner_texts()
    lines = copied(executed)
    assert labels
    assert len(lines) > 20
    assert set(lines).isdisjoint({"Copy", "#", "\u00b6", *map(str.strip, labels)})


def test_prompts_are_not_copied(tab: Any, address: str) -> None:
    tab.goto(address + "api/data.html")
    assert tab.locator(f"{CODE} .gp").count() > 0
    assert [line for line in copied(tab) if line.startswith((">>>", "...", "Copy"))] == []


def test_a_word_that_is_copied_with_code_is_seen(tab: Any) -> None:
    tab.set_content("<article><div class=highlight><pre>a = 1</pre><b>Copy</b></div></article>")
    assert "Copy" in copied(tab)
