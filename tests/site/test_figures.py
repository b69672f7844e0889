"""Every image has its alternative text, and every figure its two twins in their own colors."""

import re
from collections.abc import Collection
from typing import Any

import pytest

from overfit_tutorial import figures

TWINS = ("only-light", "only-dark")
PALETTES = {"light": set(figures.LIGHT.values()), "dark": set(figures.DARK.values())}
# Below this, a text names a figure rather than say what is seen in it.
FEWEST_WORDS = 8
COLOR = re.compile(r"(?:fill|stroke|stop-color|color): *([^;\"' ]+)", re.IGNORECASE)


def find_missing_alternatives(tree: Any) -> list[str]:
    """Return the images whose alternative text is missing, or is there but should not be."""
    problems = []
    for image in tree.find_all("img"):
        alternative = image.get("alt")
        if image.find_parent(class_="page-card-picture"):
            if alternative != "":
                problems.append(f"{image.get('src')} is decoration, but has alt={alternative!r}")
        elif not (alternative or "").strip():
            problems.append(f"{image.get('src')} has alt={alternative!r}")
    return problems


def find_faulty_twins(tree: Any) -> list[str]:
    """Return what is wrong with the figures of a page, or outside of them."""
    problems = []
    for box in tree.select("figure.twins, .page-card-picture"):
        images = box.find_all("img")
        where = images[0].get("src") if images else str(box)
        if sorted(shown(image) for image in images) != sorted(TWINS):
            problems.append(f"{where}: not one image for light pages and one for dark")
            continue
        light, dark = images
        for name in ("alt", "width", "height"):
            if light.get(name) is None or light.get(name) != dark.get(name):
                problems.append(f"{where}: {name} is missing, or that of its twin differs")
        if light["src"] == dark["src"]:
            problems.append(f"{where}: both twins are one file")
        if not all(image.get("loading") == "lazy" for image in images):
            problems.append(f"{where}: not lazy")
        if box.name == "figure":
            if len(light.get("alt", "").split()) < FEWEST_WORDS:
                problems.append(f"{where}: alt={light.get('alt')!r} does not say what is seen")
            problems += find_faulty_caption(box, light.get("alt", ""), where)
    return problems + find_lone_images(tree)


def find_faulty_caption(figure: Any, alternative: str, where: str) -> list[str]:
    captions = [caption.get_text(strip=True) for caption in figure.find_all("figcaption")]
    if len(captions) != 1 or not captions[0]:
        return [f"{where}: not one caption"]
    if captions[0] == alternative.strip():
        return [f"{where}: the caption is the alternative text"]
    return []


def find_lone_images(tree: Any) -> list[str]:
    """Return the figures that a page shows in one version only; the theme would filter them."""
    return [
        f"{image['src']}: has no twin"
        for image in tree.find_all("img")
        if (shown(image) or "_images/" in image.get("src", ""))
        and not image.find_parent(["figure", "div"], class_=["twins", "page-card-picture"])
    ]


def shown(image: Any) -> str:
    """Return the class that says where an image is shown."""
    return " ".join(name for name in TWINS if name in image.get("class", []))


def find_strange_colors(svg: str, palette: Collection[str]) -> list[str]:
    """Return what a figure draws in a color that is not of its palette.

    What is in ``<defs>`` takes its color from where it is used.
    """
    drawn = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.DOTALL)
    colors = [*COLOR.findall(drawn), *re.findall(r"#[0-9a-fA-F]{6}\b", drawn)]
    problems = {f"color {c.lower()}" for c in colors if c.lower() not in {*palette, "none"}}
    if "<image" in svg:
        problems.add("pixels, which have no partner in the other palette")
    for text, attributes in re.findall(r"<!-- (.*?) -->\s*<g( [^>]*)>", svg):
        # Matplotlib leaves black out, and a shape without a color is black.
        if "fill:" not in attributes:
            problems.add(f"black text {text!r}")
    return sorted(problems)


def test_every_image_has_its_alternative_text(site: Any, page: str) -> None:
    assert find_missing_alternatives(site.tree(page)) == []


def test_every_figure_has_two_twins_and_a_caption(site: Any, page: str) -> None:
    assert find_faulty_twins(site.tree(page)) == []


def test_a_figure_is_drawn_in_the_colors_of_its_page(site: Any, executed_page: str) -> None:
    folder = (site.root / executed_page).parent
    images = site.tree(executed_page).select("figure.twins img")
    assert images
    problems = {}
    for image in images:
        palette = PALETTES[shown(image).removeprefix("only-")]
        svg = (folder / image["src"]).read_text(encoding="utf-8")
        problems[image["src"]] = find_strange_colors(svg, palette)
    assert {source: found for source, found in problems.items() if found} == {}


def test_a_palette_has_colors_of_its_own() -> None:
    assert PALETTES["light"] - PALETTES["dark"]
    assert PALETTES["dark"] - PALETTES["light"]


# -- Each check can fail -----------------------------------------------------

ALT = "A gray curve that falls, then rises to the right."
PAIR = "".join(
    f'<img class="{name}" src="{name}.svg" alt="{ALT}" width="5" height="4" loading="lazy">'
    for name in TWINS
)
FIGURE = f'<figure class="twins">{PAIR}<figcaption>Look here.</figcaption></figure>'


@pytest.mark.parametrize(
    "snippet",
    [
        '<img src="a">',
        '<img src="a" alt=" ">',
        '<div class="page-card-picture"><img alt="A curve."></div>',
        '<div class="page-card-picture"><img></div>',
    ],
)
def test_a_missing_alternative_text_is_seen(snippet: str, parse: Any) -> None:
    assert find_missing_alternatives(parse(snippet))


def test_alternative_texts_where_they_belong_are_let_pass(parse: Any) -> None:
    right = FIGURE + '<div class="page-card-picture"><img alt=""></div>'
    assert find_missing_alternatives(parse(right)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('class="only-dark"', 'class="only-light"'),
        ('class="only-dark"', ""),
        (PAIR, ""),
        (PAIR, PAIR + PAIR),
        (f'dark.svg" alt="{ALT}"', 'dark.svg" alt="A line."'),
        (ALT, "Figure of the curve."),
        (' height="4"', ""),
        (f'dark.svg" alt="{ALT}" width="5"', f'dark.svg" alt="{ALT}" width="6"'),
        ("only-dark.svg", "only-light.svg"),
        ('loading="lazy"', ""),
        ("Look here.", " "),
        ("Look here.", ALT),
        ("<figcaption>Look here.</figcaption>", ""),
        ('figure class="twins"', "figure"),
        ("</figure>", '</figure><img src="../_images/a.png" alt="a">'),
    ],
)
def test_a_faulty_figure_is_seen(old: str, new: str, parse: Any) -> None:
    assert find_faulty_twins(parse(FIGURE)) == []
    assert old in FIGURE
    assert find_faulty_twins(parse(FIGURE.replace(old, new)))


@pytest.mark.parametrize(
    "svg",
    [
        f'<path style="fill: {figures.LIGHT["line"]}"/>',
        f'<stop stop-color="{figures.LIGHT["line"].upper()}"/>',
        '<path style="fill: white"/>',
        '<path style="stroke: #000000"/>',
        '<path style="stroke: rgb(1,2,3)"/>',
        '<image xlink:href="data:image/png;base64,AA"/>',
        '<!-- a --> <g transform="scale(0.12 -0.12)">',
    ],
)
def test_a_color_of_the_other_palette_is_seen(svg: str) -> None:
    assert find_strange_colors(svg, PALETTES["dark"])


def test_colors_of_the_palette_are_let_pass() -> None:
    own = figures.DARK["line"]
    svg = f'<!-- a -->\n<g style="fill: {own}; opacity: 0.5"><path style="fill: none"/></g>'
    svg += '<defs><path style="stroke: #000000"/></defs>'
    assert find_strange_colors(svg, PALETTES["dark"]) == []
