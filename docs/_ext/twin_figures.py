"""Figures in two twins, one for light pages and one for dark.

A figure is drawn once, as SVG. Its dark twin is the same file with every color of the light
palette exchanged for its dark partner, by exact value; a color that is in neither is an error of
the page. The theme shows the one that fits (`only-light`, `only-dark`).
"""

import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import published
from docutils import nodes
from html_elements import element
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from overfit_tutorial import figures

# Figures are at most this wide on a desktop; the height follows.
_WIDTH = 560
# Text as paths: the same shapes everywhere. A fixed salt and no date: the same bytes every build.
_SVG = {"svg.fonttype": "path", "svg.hashsalt": "overfit_tutorial"}
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\b")
# Of frames, which are siblings, the one that the address names is seen, or else the last.
_FRAMES = (
    '<style>[id|="frame"] {{display: none}} [id|="frame"]:target, #frame-{last} '
    "{{display: inline}} :target ~ #frame-{last} {{display: none}}</style>"
)
# Black is Matplotlib's way to say "no color given" inside <defs>, where <use> overrides it.
_UNCOLORED = "#000000"


def darken(svg: str) -> str:
    """Return the dark twin of an SVG file's text.

    Raises
    ------
    ValueError
        If a color is not in the light palette, so that it has no dark partner.
    """
    partners = {color: figures.DARK[role] for role, color in figures.LIGHT.items()}
    partners[_UNCOLORED] = _UNCOLORED

    def partner(match: re.Match[str]) -> str:
        color = match.group().lower()
        if color not in partners:
            raise ValueError(f"color {color} is not in the palette of overfit_tutorial.figures")
        return partners[color]

    return _COLOR.sub(partner, svg)


def save_twins(figure: Figure, png: Path) -> published.Figure:
    """Save a figure as `png`, and beside it as a light and a dark SVG.

    Sphinx-gallery makes the thumbnail from the PNG; pages show only the SVG.
    """
    described = figures.description(figure)
    if described is None:
        raise ValueError("a figure without caption and alternative text was published")
    figure.savefig(png)
    for k, frame in enumerate(described.frames, 1):
        frame.set(visible=True, gid=f"frame-{k}")
    buffer = io.StringIO()
    with mpl.rc_context(_SVG):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    if described.frames:
        svg = svg.replace("<defs>", f"{_FRAMES.format(last=len(described.frames))}<defs>", 1)
    light, dark = png.with_name(f"{png.stem}_light.svg"), png.with_name(f"{png.stem}_dark.svg")
    light.write_text(svg, encoding="utf-8")
    dark.write_text(darken(svg), encoding="utf-8")
    width, height = figure.get_size_inches()
    return published.Figure(
        light=light.name,
        dark=dark.name,
        width=_WIDTH,
        height=round(_WIDTH * height / width),
        caption=described.caption,
        alt=described.alt,
        title=_title(figure),
        headline=described.headline,
        frames=[str(frame.get_label()) for frame in described.frames],
    )


def _title(figure: Figure) -> str:
    """Return a figure's title, or the first of its axes, wherever it stands."""
    titles = (ax.get_title(loc=place) for ax in figure.axes for place in ("left", "center"))
    return next(filter(None, (figure.get_suptitle(), *titles)), "")


def directive(figure: published.Figure, folder: str) -> str:
    """Return the reST that sets a figure whose twins lie in a folder."""
    return f".. twin-figure:: {folder}\n\n   {json.dumps(asdict(figure))}\n\n"


class twin_image(nodes.image):  # noqa: N801, docutils names nodes so
    """One of the twins; a subclass of ``image``, so that Sphinx copies the file."""


class TwinFigure(SphinxDirective):
    """Set both twins in one ``<figure>`` with one caption, from what was published."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        published_figure = published.Figure(**json.loads("\n".join(self.content)))
        words, _ = self.state.inline_text(published_figure.caption, self.lineno)
        figure = element("", "", tag="figure", classes=["twins"])
        figure["headline"] = published_figure.headline
        if published_figure.frames:
            figure["html"] = {"data-frames": "|".join(published_figure.frames)}
        figure += twin_images(published_figure, self.arguments[0], alt=published_figure.alt)
        figure += element("", "", *words, tag="figcaption", classes=["twins-caption"])
        self.set_source_info(figure)
        return [figure]


def twin_images(figure: published.Figure, folder: str, *, alt: str) -> list[twin_image]:
    """Return the nodes of both twins, which lie in a folder."""
    size = {"width": figure.width, "height": figure.height}
    return [
        twin_image(uri=f"{folder}{name}", alt=alt, classes=[shown], **size)
        for name, shown in ((figure.light, "only-light"), (figure.dark, "only-dark"))
    ]


class PageFigure(SphinxDirective):
    """Show the figure of another page's answer, with its caption: ``.. page-figure:: docname``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        docname = self.arguments[0]
        record = published.record_path(Path(self.env.srcdir, docname + ".rst"))
        if not record.exists():
            raise self.error(f"page-figure: {docname} has published nothing")
        self.env.note_dependency(str(record))
        figure = published.read(record).headline_figure
        if figure is None:
            raise self.error(f"page-figure: no figure of {docname} is its headline")
        folder = "/" + docname.rpartition("/")[0] + "/images/"
        return self.parse_text_to_nodes(directive(figure, folder))


def _visit_image(self: HTML5Translator, node: twin_image) -> None:
    uri = node["uri"]
    if uri in self.builder.images:
        uri = f"{self.builder.imgpath}/{self.builder.images[uri]}"
    attributes: dict[str, Any] = {name: node[name] for name in ("alt", "width", "height")}
    # Lazy: a twin that is not displayed is then not fetched either.
    tag = self.emptytag(node, "img", "\n", src=uri, loading="lazy", decoding="async", **attributes)
    self.body.append(tag)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(twin_image, html=(_visit_image, None))
    app.add_directive("twin-figure", TwinFigure)
    app.add_directive("page-figure", PageFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
