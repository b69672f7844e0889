"""The pages of the 35-minute path end with exercises, and some let the reader guess before."""

import posixpath
from typing import Any

import pytest

FEWEST, MOST = 2, 3
SHORTEST_ANSWER = 15


def pages_of_the_path(tree: Any) -> list[str]:
    """Return the pages that the landing page names as the 35-minute path."""
    return [link["href"].partition("#")[0] for link in tree.select("ol.reading-path a")]


def find_faulty_exercises(tree: Any) -> list[str]:
    """Return what is wrong with the exercises of a page on the path."""
    boxes = tree.select(".exercise")
    problems = []
    if not FEWEST <= len(boxes) <= MOST:
        problems.append(f"{len(boxes)} exercises, not {FEWEST} to {MOST}")
    for number, box in enumerate(boxes, 1):
        folds = box.select("details")
        if len(folds) != 1:
            problems.append(f"exercise {number}: {len(folds)} answers")
            continue
        (fold,) = folds
        if fold.has_attr("open"):
            problems.append(f"exercise {number}: its answer is open")
        if len(fold.get_text().split()) <= SHORTEST_ANSWER:
            problems.append(f"exercise {number}: its answer says too little")
    return problems


def find_faulty_guesses(tree: Any) -> list[str]:
    """Return what is wrong with the questions before which a reader may guess."""
    problems = []
    for box in tree.select(".guess"):
        choices = box.select("details")
        summaries = {choice.summary.get_text() for choice in choices}
        if len(choices) < 2 or len(summaries) < len(choices):
            problems.append(f"{box['id']}: its choices are {sorted(summaries)}")
        if any(choice.has_attr("open") or choice.p is None for choice in choices):
            problems.append(f"{box['id']}: a choice is open, or says nothing")
    return problems


def test_whoever_guesses_has_choices(site: Any) -> None:
    trees = [site.tree(page) for page in pages_of_the_path(site.tree("index.html"))]
    assert any(tree.select(".guess") for tree in trees)
    assert [problem for tree in trees for problem in find_faulty_guesses(tree)] == []


def test_the_pages_of_the_path_end_with_exercises(site: Any) -> None:
    pages = pages_of_the_path(site.tree("index.html"))
    assert len(pages) >= 4
    found = {page: find_faulty_exercises(site.tree(page)) for page in pages}
    assert {page: problems for page, problems in found.items() if problems} == {}


def test_an_exercise_can_be_quoted(site: Any) -> None:
    for page in pages_of_the_path(site.tree("index.html")):
        ids = [box["id"] for box in site.tree(page).select(".exercise")]
        assert len(set(ids)) == len(ids)
        links = {a["href"] for a in site.tree("teach.html").select("a[href*='#exercise-']")}
        assert {posixpath.normpath(f"{page}#{name}") for name in ids} <= links


def test_an_answer_opens_without_scripts(site: Any, browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address + pages_of_the_path(site.tree("index.html"))[0])
    text = tab.locator("details.answer-fold p").first
    assert text.is_hidden()
    tab.locator("details.answer-fold summary").first.click()
    assert text.is_visible()
    context.close()


def test_terms_are_linked_once_a_page(site: Any, executed_page: str) -> None:
    links = [link["href"] for link in site.tree(executed_page).select("a:has(> .std-term)")]
    assert len(links) >= 3
    assert len(links) == len(set(links))


# -- The check can fail ------------------------------------------------------

ONE = '<div class="exercise"><p>Try.</p><details><summary>A</summary><p>{}</p></details></div>'
LONG = "word " * (SHORTEST_ANSWER + 1)


@pytest.mark.parametrize(
    "snippet",
    [
        "",
        4 * ONE.format(LONG),
        2 * ONE.format("Yes."),
        2 * ONE.format(LONG).replace("<details>", "<details open>"),
        2 * '<div class="exercise"><p>Try.</p></div>',
    ],
)
def test_a_faulty_exercise_is_seen(snippet: str, parse: Any) -> None:
    assert find_faulty_exercises(parse(2 * ONE.format(LONG))) == []
    assert find_faulty_exercises(parse(snippet))


CHOICE = "<details{}><summary>{}</summary>{}</details>"
TWO = CHOICE.format("", "A", "<p>No.</p>"), CHOICE.format("", "B", "<p>Yes.</p>")


@pytest.mark.parametrize(
    "choices",
    [
        TWO[:1],
        (TWO[0], TWO[0]),
        (TWO[0], CHOICE.format(" open", "B", "<p>Yes.</p>")),
        (TWO[0], CHOICE.format("", "B", "")),
    ],
)
def test_a_faulty_guess_is_seen(choices: tuple[str, ...], parse: Any) -> None:
    guess = '<div class="guess" id="guess-a">{}</div>'
    assert find_faulty_guesses(parse(guess.format("".join(TWO)))) == []
    assert find_faulty_guesses(parse(guess.format("".join(choices))))
