"""What the site claims, in `claims.json`, is what its pages and its ledger say."""

import json
import math
from collections import Counter
from typing import Any

import pytest

# Sphinx sets typographic quotation marks, dashes and dots in prose.
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "--", "—": "---", "…": "...", "−": "-"}
)

# In these parts, a measured claim needs so many runs.
FEWEST_RUNS = {"auto_examples/3_": 20, "auto_examples/5_": 20}

Claim = dict[str, Any]


def plain(text: str) -> str:
    """Return a text as it was typed, on one line."""
    return " ".join(text.translate(PLAIN).split())


def read_claims(text: str) -> list[Claim]:
    """Return the claims of a file; what Python reads and JSON does not know is an error."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    claims: list[Claim] = json.loads(text, parse_constant=refuse)
    return claims


def find_faulty_records(claims: list[Claim]) -> list[str]:
    """Return what a record of a claim says that it must not say, or lacks."""
    counts = Counter(claim["id"] for claim in claims)
    problems = [f"{name}: {n} claims have this id" for name, n in counts.items() if n > 1]
    for claim in claims:
        interval = claim["interval"] or []
        numbers = [claim["value"], *interval]
        numbers += [claim[name] for name in ("threshold", "margin") if claim[name] is not None]
        if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
            problems.append(f"{claim['id']}: not every number is a finite number: {numbers}")
        elif interval and not interval[0] <= claim["value"] <= interval[1]:
            problems.append(f"{claim['id']}: the value is not in its interval")
        if claim["holds"] is not True:
            problems.append(f"{claim['id']}: does not hold")
        if not claim["sentence"].strip():
            problems.append(f"{claim['id']}: says nothing")
        if claim["kind"] == "measured" and not (interval and claim["n"]):
            problems.append(f"{claim['id']}: measured, but without an interval or without n")
        elif claim["kind"] == "measured":
            fewest = next((n for p, n in FEWEST_RUNS.items() if claim["page"].startswith(p)), 1)
            if claim["n"] < fewest:
                problems.append(f"{claim['id']}: {claim['n']} runs, of {fewest} that it needs")
    return problems


def find_claim_off_its_page(claim: Claim, tree: Any) -> list[str]:
    """Return what is wrong with a claim on the page that states it."""
    box = tree.find(id=claim["page"].partition("#")[2])
    if box is None or "claim" not in box.get("class", []):
        return [f"{claim['page']} is no box of a claim"]
    problems = []
    if plain(claim["sentence"]) not in plain(box.get_text()):
        problems.append(f"{claim['page']} does not say {claim['sentence']!r}")
    answer = tree.select_one("div.answer")
    answers = answer is not None and plain(claim["sentence"]) in plain(answer.get_text())
    if claim["headline"] != answers:
        problems.append(f"{claim['id']}: headline is {claim['headline']}, in the answer {answers}")
    return problems


def find_claim_off_the_ledger(claim: Claim, ledger: Any) -> list[str]:
    """Return what is wrong with a claim's row in the ledger."""
    row = ledger.select_one(f'.ledger [id="{claim["id"]}"]')
    if row is None:
        return [f"{claim['id']} is not in the ledger"]
    problems = []
    if plain(claim["sentence"]) not in plain(row.get_text()):
        problems.append(f"{claim['id']}: the ledger does not say {claim['sentence']!r}")
    if not row.select(f'a[href="{claim["page"]}"]'):
        problems.append(f"{claim['id']}: the ledger does not link {claim['page']}")
    return problems


def find_unlisted_claims(claims: list[Claim], page: str, tree: Any) -> list[str]:
    """Return the boxes on a page that no claim of the file is about."""
    listed = {claim["page"] for claim in claims}
    boxes = [f"{page}#{box.get('id')}" for box in tree.select("div.claim")]
    return [box for box in boxes if box not in listed]


def find_unlisted_rows(claims: list[Claim], ledger: Any) -> list[str]:
    """Return the rows of the ledger that no claim of the file is about."""
    ids = {claim["id"] for claim in claims}
    return [row["id"] for row in ledger.select(".ledger > li") if row["id"] not in ids]


@pytest.fixture(scope="module")
def claims(site: Any) -> list[Claim]:
    return read_claims(site.text("claims.json"))


def test_the_records_are_sound(claims: list[Claim]) -> None:
    assert claims
    assert find_faulty_records(claims) == []


def test_every_claim_is_on_its_page(site: Any, claims: list[Claim]) -> None:
    pages = {claim["page"].partition("#")[0] for claim in claims}
    assert pages == set(site.executed)
    problems = [
        problem
        for claim in claims
        for problem in find_claim_off_its_page(claim, site.tree(claim["page"].partition("#")[0]))
    ]
    assert problems == []


def test_every_claim_is_in_the_ledger(site: Any, claims: list[Claim]) -> None:
    ledger = site.tree("ledger.html")
    assert [p for claim in claims for p in find_claim_off_the_ledger(claim, ledger)] == []


def test_no_claim_is_left_out_of_the_file(site: Any, claims: list[Claim]) -> None:
    problems = [
        p for page in site.pages for p in find_unlisted_claims(claims, page, site.tree(page))
    ]
    assert problems + find_unlisted_rows(claims, site.tree("ledger.html")) == []


# -- Each check can fail -----------------------------------------------------

CLAIM: Claim = {
    "id": "a",
    "sentence": 'The network\'s risk is "2.70".',
    "value": 2.7,
    "interval": [2.6, 2.8],
    "n": 10,
    "kind": "measured",
    "threshold": 3.0,
    "margin": None,
    "headline": True,
    "holds": True,
    "page": "a.html#claim-a",
}
BOX = '<div class="claim" id="claim-a"><p>The network’s risk is\n“2.70”.</p></div>'
ANSWER = '<div class="answer">The network’s risk is “2.70”. Why</div>'
ROW = (
    '<ol class="ledger"><li id="a">The network’s risk is “2.70”. '
    '<a href="a.html#claim-a">see</a></li></ol>'
)


@pytest.mark.parametrize(
    "change",
    [
        {"value": math.nan},
        {"value": math.inf},
        {"value": None},
        {"value": True},
        {"value": 3.5},
        {"interval": [2.6, math.inf]},
        {"interval": None},
        {"n": None},
        {"threshold": math.nan},
        {"holds": False},
        {"holds": 1},
        {"sentence": " "},
        {"page": "auto_examples/3_loss/plot_1.html#claim-a"},
    ],
)
def test_a_faulty_record_is_seen(change: Claim) -> None:
    assert find_faulty_records([CLAIM, CLAIM | {"id": "b", "kind": "one seed"}]) == []
    assert find_faulty_records([CLAIM | change])


def test_two_claims_with_one_id_are_seen() -> None:
    assert find_faulty_records([CLAIM, CLAIM])


@pytest.mark.parametrize("text", ['[{"value": NaN}]', '[{"value": -Infinity}]', "["])
def test_a_file_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not JSON|Expecting value"):
        read_claims(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [("2.70", "2.71"), ('id="claim-a"', ""), ('class="claim"', ""), (ANSWER, ""), (BOX, "")],
)
def test_a_claim_that_its_page_does_not_state_is_seen(old: str, new: str, parse: Any) -> None:
    assert find_claim_off_its_page(CLAIM, parse(ANSWER + BOX)) == []
    assert find_claim_off_its_page(CLAIM, parse((ANSWER + BOX).replace(old, new)))


def test_an_answer_that_is_not_the_headline_is_seen(parse: Any) -> None:
    assert find_claim_off_its_page(CLAIM | {"headline": False}, parse(ANSWER + BOX))


@pytest.mark.parametrize(("old", "new"), [("2.70", "2.71"), ('id="a"', ""), ("claim-a", "b")])
def test_a_claim_that_the_ledger_lacks_is_seen(old: str, new: str, parse: Any) -> None:
    assert find_claim_off_the_ledger(CLAIM, parse(ROW)) == []
    assert find_claim_off_the_ledger(CLAIM, parse(ROW.replace(old, new)))


def test_a_claim_that_the_file_lacks_is_seen(parse: Any) -> None:
    assert find_unlisted_claims([CLAIM], "a.html", parse(BOX)) == []
    assert find_unlisted_claims([CLAIM], "b.html", parse(BOX)) == ["b.html#claim-a"]
    assert find_unlisted_rows([CLAIM], parse(ROW)) == []
    assert find_unlisted_rows([], parse(ROW)) == ["a"]
