"""A page reads as a page: little code in sight, large figures, the first of them early."""

import statistics
from collections.abc import Callable
from typing import Any

import pytest

MOST_LINES, MOST_LINES_IN_THE_MEDIAN = 120, 80
MOST_CODE, FEWEST_FIGURES = 0.30, 0.20
LATEST_FIGURE = {"desktop": 900, "phone": 1300}

HIDDEN_OR_PRINTED = ("code-fold", "sphx-glr-script-out")

Measured = dict[str, Any]


def find_faults(desktop: Measured, phone: Measured) -> list[str]:
    """Return what is wrong with the proportions of an executed page."""
    article, problems = desktop["article"], []
    if article["lines"] > MOST_LINES:
        problems.append(f"{article['lines']} lines of code are shown")
    if article["code"] > MOST_CODE:
        problems.append(f"code takes {article['code']:.0%} of the height")
    if article["figures"] < FEWEST_FIGURES:
        problems.append(f"figures take {article['figures']:.0%} of the height")
    for device, measured in {"desktop": desktop, "phone": phone}.items():
        tops = [figure["top"] for figure in measured["figures"]]
        if not tops or min(tops) >= LATEST_FIGURE[device]:
            problems.append(f"on a {device} figures begin at {min(tops, default=None)}")
    return problems


def lines_of_code(tree: Any) -> int:
    """Return how many lines of code a page shows without a click."""
    blocks = tree.select("article [class*=highlight-] pre")
    shown = [b for b in blocks if not b.find_parent(["details", "div"], HIDDEN_OR_PRINTED)]
    return sum(bool(line.strip()) for b in shown for line in b.get_text().splitlines())


def find_too_much_code(lines: list[int]) -> list[str]:
    """Return what is wrong with all pages taken together."""
    median = statistics.median(lines)
    return [f"{median} lines in the median"] if median > MOST_LINES_IN_THE_MEDIAN else []


def test_a_page_has_the_proportions_of_a_page(
    site: Any, visit: Callable[..., Any], executed_page: str
) -> None:
    visits = [visit(executed_page, "light", "desktop"), visit(executed_page, "dark", "phone")]
    desktop, phone = (visited.measured for visited in visits)
    assert find_faults(desktop, phone) == []
    assert desktop["article"]["lines"] == lines_of_code(site.tree(executed_page))


def test_pages_show_little_code(site: Any) -> None:
    assert find_too_much_code([lines_of_code(site.tree(page)) for page in site.executed]) == []


# -- Each check can fail -----------------------------------------------------

CODE = (
    '<div class="highlight-Python"><div><pre style="margin: 0; height: {}px">{}</pre></div></div>'
)
PAGE = (
    '<body style="margin: 0"><article><div style="height: 500px"></div>'
    '<figure class="twins" style="margin: 0; height: 250px"></figure>'
    f"{CODE.format(300, 'x = 1' + chr(10) + chr(10) + 'y = 2')}"
    f"<details><summary>setup</summary>{CODE.format(9000, 'import a')}</details>"
    f'<div class="sphx-glr-script-out">{CODE.format(50, "printed")}</div></article></body>'
)


@pytest.fixture
def measured(tab: Any, measure: str) -> Callable[[str], Measured]:
    """Give a function that measures a page."""

    def run(page: str) -> Measured:
        tab.set_content(page)
        found: Measured = tab.evaluate(measure)
        return found

    return run


def test_what_is_folded_or_printed_is_no_code(measured: Callable[[str], Measured]) -> None:
    article = measured(PAGE)["article"]
    assert article["lines"] == 2
    # Beside 1,100 pixels there is the line of the fold.
    assert article["code"] == pytest.approx(300 / 1100, rel=0.05)
    assert article["figures"] == pytest.approx(250 / 1100, rel=0.05)
    assert find_faults(measured(PAGE), measured(PAGE)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("y = 2", "y = 2\n" * 120, "121 lines of code"),
        ("height: 300px", "height: 600px", "code takes"),
        ("height: 250px", "height: 100px", "figures take"),
        ("height: 500px", "height: 950px", "on a desktop figures begin at 950"),
        ("<details>", "<details open>", "code takes"),
        ('<figure class="twins"', "<figure", "on a phone figures begin at None"),
    ],
)
def test_a_page_out_of_proportion_is_seen(
    old: str, new: str, fault: str, measured: Callable[[str], Measured]
) -> None:
    assert old in PAGE
    found = measured(PAGE.replace(old, new))
    assert fault in " ".join(find_faults(found, found))


def test_too_much_code_in_the_median_is_seen() -> None:
    assert find_too_much_code([10, 80, 120]) == []
    assert find_too_much_code([10, 81, 120]) == ["81 lines in the median"]
