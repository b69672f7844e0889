"""The landing page and the pages of a part: what makes one want to read on."""

import json
from typing import Any

import pytest
import words

PAGE = "index.html"
# What each stands for is counted: the picture and the ladder; the answer and the claims to take
# away, three sentences each; one button, and the titles of the path.
COUNTS = {
    "h1": 1,
    "figure.twins": 2,
    "p.quoted-claim": 6,
    ".start a": 1,
    "ol.reading-path": 1,
}
LINKED = {
    "the 35-minute path": ".start a[href^='auto_examples/1_story/plot_1']",
    "the playground": "main a[href='play.html']",
    "everything to run": "a[href='why-no-wild-curve.zip']",
    "the site offline": "a[href='why-no-wild-curve-site.zip']",
    "what to teach with": "main a[href='teach.html']",
    "the ledger": "main a[href='ledger.html']",
    "the package": "main a[href='api/index.html']",
    "how to cite": "main a[href='references.html#cite']",
    "the license": "main a[href='LICENSE.txt']",
}
# Cards that end in the middle of a sentence make nobody curious.
ENDS = (".", "?", "!", ":")


def find_missing_parts(tree: Any) -> list[str]:
    """Return what the landing page has not, or has too often, or in the wrong order."""
    problems = [
        f"{len(tree.select(selector))} of {selector}, not {count}"
        for selector, count in COUNTS.items()
        if len(tree.select(selector)) != count
    ]
    problems += [f"no link to {what}" for what, link in LINKED.items() if not tree.select(link)]
    images = tree.select("figure.twins img")
    if images and [int(images[0][side]) for side in ("width", "height")] != [560, 420]:
        problems.append("the picture is not 4 : 3")
    return problems


def find_dull_cards(tree: Any) -> list[str]:
    """Return the cards without a picture, or without a whole sentence."""
    problems = []
    for card in tree.select(".page-card"):
        name = card.select_one(".page-card-title").get_text(strip=True)
        text = card.select_one(".page-card-text").get_text(strip=True)
        if len(card.select("img")) != 2:
            problems.append(f"{name!r} has no picture")
        if len(text.split()) < 6 or not text.endswith(ENDS) or text.endswith("..."):
            problems.append(f"{name!r} says {text!r}")
    return problems


def test_the_landing_page_is_complete(site: Any) -> None:
    assert find_missing_parts(site.tree(PAGE)) == []


def test_what_the_landing_page_quotes_is_claimed(site: Any) -> None:
    claims = {claim["page"]: claim["sentence"] for claim in json.loads(site.text("claims.json"))}
    for quoted in site.tree(PAGE).select("p.quoted-claim"):
        sentence = claims[quoted.select("a")[-1]["href"]]
        assert words.typeset(sentence) in " ".join(quoted.get_text().split())


def test_every_page_has_a_card_that_says_something(site: Any) -> None:
    tree = site.tree("auto_examples/index.html")
    assert find_dull_cards(tree) == []
    links = {card.a["href"] for card in tree.select(".page-card")}
    assert links == {page.removeprefix("auto_examples/") for page in site.executed}


# -- Each check can fail -----------------------------------------------------

WHOLE = (
    "<h1>A</h1>"
    + 2 * '<figure class="twins"><img width="560" height="420"></figure>'
    + 6 * '<p class="quoted-claim">'
    + '<p class="start"><a href="auto_examples/1_story/plot_1_a.html"></a></p>'
    + '<ol class="reading-path"></ol><main><a href="why-no-wild-curve.zip"></a>'
    + '<a href="why-no-wild-curve-site.zip"></a><a href="teach.html"></a>'
    + '<a href="play.html"></a><a href="ledger.html"></a><a href="api/index.html"></a>'
    + '<a href="references.html#cite"></a><a href="LICENSE.txt"></a></main>'
)
CARD = (
    '<div class="page-card"><img><img><p class="page-card-title">A</p>'
    '<p class="page-card-text">{}</p></div>'
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("h1", "h2"),
        ('"420"', '"220"'),
        ('<p class="quoted-claim">', ""),
        ('<p class="start">', "<p>"),
        ("LICENSE.txt", "LICENSE"),
        ("teach.html", "index.html"),
    ],
)
def test_a_missing_part_is_seen(old: str, new: str, parse: Any) -> None:
    assert find_missing_parts(parse(WHOLE)) == []
    assert find_missing_parts(parse(WHOLE.replace(old, new)))


@pytest.mark.parametrize(
    "text", ["A network that is too...", "Too short.", "No full stop at its end"]
)
def test_a_dull_card_is_seen(text: str, parse: Any) -> None:
    whole = CARD.format("A sentence with enough words in it.")
    assert find_dull_cards(parse(whole)) == []
    assert find_dull_cards(parse(CARD.format(text)))
    assert find_dull_cards(parse(whole.replace("<img>", "", 1)))
