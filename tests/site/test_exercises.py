"""The pages of the 20-minute path end with exercises whose answers are folded away."""

from __future__ import annotations

from typing import Any

import pytest

# Where exercises stand, and how many at least.
EXERCISED = (
    "auto_examples/1_story/plot_1_how_wrong_can_a_curve_be.html",
    "auto_examples/1_story/plot_2_do_parameters_chase_noise.html",
)


@pytest.mark.parametrize("path", EXERCISED)
def test_two_or_three_exercises_end_the_page(site: Any, path: str) -> None:
    boxes = site.tree(path).select(".exercise")
    assert 2 <= len(boxes) <= 3
    for box in boxes:
        (fold,) = box.select("details")
        assert not fold.has_attr("open")
        assert fold.select_one("summary").get_text() == "Show the answer"
        assert len(fold.get_text().split()) > 15


def test_an_answer_opens_without_scripts(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address + EXERCISED[0])
    text = tab.locator("details.answer-fold p").first
    assert text.is_hidden()
    tab.locator("details.answer-fold summary").first.click()
    assert text.is_visible()
    context.close()


def test_terms_are_linked_once_a_page(site: Any, executed_page: str) -> None:
    links = [link["href"] for link in site.tree(executed_page).select("a:has(> .std-term)")]
    assert len(links) >= 3
    assert len(links) == len(set(links))
