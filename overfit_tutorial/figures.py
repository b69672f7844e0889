"""The site's figure style, and the few plots that several pages share.

The same thing has the same color and mark on every page: data, truth, line, network. Pages draw
in the colors of a light page; the site makes the dark twin by exchanging each color for its
partner (`DARK`), by exact value. That is why pages take their colors from here.
"""

import contextlib
import io
import itertools
import sys
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.registry import BackendFilter, backend_registry
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatter
from numpy.typing import ArrayLike, NDArray

from overfit_tutorial import publishing, statistics
from overfit_tutorial.data import Dataset

__all__ = [
    "DARK",
    "LADDER",
    "LIGHT",
    "PANEL",
    "STYLE",
    "mark",
    "mark_rungs",
    "plot_curve",
    "plot_data",
    "plot_ladder",
    "plot_plane",
    "plot_studies",
    "show",
]

#: Colors on a light page. Any two differ by at least 14 (CIEDE2000), and data, truth, line and
#: network by 17, also under simulated color blindness: by Brettel's, Viénot's and Machado's
#: models, each for every kind that it has. A test computes it, for the dark colors too.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#14181f",
    "muted": "#59626f",
    "grid": "#e3e7ec",
    "data": "#6a7482",
    "truth": "#14181e",
    "line": "#2f8af0",
    "network": "#d9480f",
    "series_a": "#9a26a6",
    "series_b": "#1e564a",
    "series_c": "#503b00",
    "interval": "#fae5dd",
}

#: Their partners on a dark page.
DARK = {
    "paper": "#14181e",
    "ink": "#e6e9ed",
    "muted": "#a3adba",
    "grid": "#333b47",
    "data": "#8b95a3",
    "truth": "#f3f4f5",
    "line": "#7bbbff",
    "network": "#e8590c",
    "series_a": "#b636ef",
    "series_b": "#0d8568",
    "series_c": "#eec558",
    "interval": "#3e251a",
}

#: Width and height in inches of a figure with one panel, and of a ladder.
PANEL = (5.6, 4.2)
LADDER = (5.6, 2.4)

#: For ``plt.style.use``. At 12 pt and 5.6 in, text is 10.7 px high on a phone 390 px wide.
STYLE: dict[str, object] = {
    "figure.figsize": PANEL,
    "figure.dpi": 100,
    "figure.facecolor": LIGHT["paper"],
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 12,
    "text.color": LIGHT["ink"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.edgecolor": LIGHT["muted"],
    "axes.facecolor": LIGHT["paper"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.8,
    "axes.grid": True,
    # 0.1 rather than 10 to the -1: exponents are too small to read on a phone.
    "axes.formatter.min_exponent": 4,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
}

_MARKS: dict[str, dict[str, object]] = {
    "data": {"linestyle": "", "marker": "o", "markersize": 4.5, "markeredgewidth": 0, "zorder": 2},
    "line": {"linestyle": "-", "linewidth": 2.0, "zorder": 3},
    "network": {"linestyle": "-", "linewidth": 3.0, "zorder": 4},
    "truth": {"linestyle": (0, (5, 3)), "linewidth": 1.8, "zorder": 5},
    "series_a": {"linestyle": (0, (6, 2, 1, 2)), "zorder": 3},
    "series_b": {"linestyle": (0, (1, 1.5)), "zorder": 3},
    "series_c": {"linestyle": (0, (8, 2)), "zorder": 3},
}


def mark(role: str) -> dict[str, object]:
    """Return Matplotlib's keywords for a role: its color, and its dash or mark.

    Parameters
    ----------
    role : str
        One of ``data``, ``truth``, ``line``, ``network``, ``series_a``, ``series_b``,
        ``series_c``.

    Returns
    -------
    dict
        To be passed to ``ax.plot``.

    Raises
    ------
    ValueError
        If there is no such role.
    """
    if role not in _MARKS:
        raise ValueError(f"role must be one of {', '.join(_MARKS)}, got {role!r}")
    return {"color": LIGHT[role], **_MARKS[role]}


def plot_data(ax: Axes, dataset: Dataset, *, label: str | None = "data") -> Axes:
    """Draw the points of one data set."""
    ax.plot(dataset.x, dataset.y, label=label, **mark("data"))  # type: ignore[arg-type]
    return ax


def plot_curve(
    ax: Axes, x: ArrayLike, y: ArrayLike, *, role: str, label: str | None = None
) -> Axes:
    """Draw a curve as the role that it plays.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x, y : array_like of shape (m,)
        The curve.
    role : str
        As for `mark`.
    label : str, optional
        For the legend; the role's name by default.

    Returns
    -------
    matplotlib.axes.Axes
        The same `ax`.
    """
    ax.plot(x, y, label=role if label is None else label, **mark(role))  # type: ignore[arg-type]
    return ax


def plot_ladder(
    ax: Axes, levels: Mapping[str, float], *, fits: Mapping[str, tuple[float, str]] | None = None
) -> Axes:
    """Draw excess risks as places on one logarithmic axis, the least on top: the ladder.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    levels : mapping of str to float
        The rungs: reference excess risks by name, all above zero.
    fits : mapping of str to (float, str), optional
        Fits to stand on the ladder: name to excess risk and role.

    Returns
    -------
    matplotlib.axes.Axes
        The same `ax`.

    Raises
    ------
    ValueError
        If there is no level, or a risk is not a positive number.
    """
    fits = fits or {}
    risks = {**levels, **{name: risk for name, (risk, _) in fits.items()}}
    if not levels:
        raise ValueError("levels must hold at least one rung, got none")
    if twice := levels.keys() & fits.keys():
        raise ValueError(f"levels and fits must have different names, got {sorted(twice)} in both")
    for name, risk in risks.items():
        if not 0 < risk < float("inf"):
            raise ValueError(f"an excess risk must be a positive number, got {risk} for {name!r}")
    ax.set_xscale("log")
    ax.set_xlim(min(risks.values()) / 2, max(risks.values()) * 2)
    names = sorted(risks, key=risks.__getitem__, reverse=True)
    for row, name in enumerate(names):
        color = mark(fits[name][1])["color"] if name in fits else LIGHT["muted"]
        ax.plot([ax.get_xlim()[0], risks[name]], [row, row], color=LIGHT["grid"], linewidth=6)
        ax.plot(risks[name], row, marker="D" if name in fits else "o", markersize=9, color=color)
        ax.annotate(
            f"{risks[name]:.2f}",
            (risks[name], row),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
        )
    _label_rows(ax, names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    return ax


def plot_studies(
    ax: Axes,
    studies: Mapping[str, tuple[ArrayLike, str]],
    rungs: Mapping[str, float],
    *,
    confidence: float = 0.99,
) -> Axes:
    """Draw the excess risks of many seeds on the ladder, a row for each study, the first on top.

    Each seed is a dot, and a diamond in a bar is the median with its interval. The rungs are
    vertical lines through all rows.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    studies : mapping of str to (array_like of shape (n_seeds,), str)
        Name to excess risks and role. All risks are above zero; infinite ones, of runs that
        diverged, count in the median and are not drawn.
    rungs : mapping of str to float
        Reference excess risks by name, such as some of `ladder.rungs`.
    confidence : float
        Of the intervals. There is none where a study has too few seeds for it.

    Returns
    -------
    matplotlib.axes.Axes
        The same `ax`.

    Raises
    ------
    ValueError
        If there is no study, or a risk is not a positive number.
    """
    if not studies:
        raise ValueError("studies must hold at least one study, got none")
    ax.set_xscale("log")
    for row, (name, (values, role)) in enumerate(studies.items()):
        risks = np.asarray(values, dtype=float)
        _check_risks(risks, name)
        color = mark(role)["color"]
        # The same little shifts on every page, in an order that the risks have nothing to do with.
        shifts = 0.32 * (2 * (np.arange(len(risks)) * 0.618034 % 1) - 1)
        ax.plot(risks, row + shifts, "o", markersize=2.5, color=color, zorder=2)
        with contextlib.suppress(ValueError):  # too few seeds
            found = statistics.quantile_interval(risks, confidence=confidence)
            ax.plot(found.ends, [row, row], color=LIGHT["ink"], linewidth=2.5, zorder=3)
        ax.plot(np.median(risks), row, "D", markersize=7, color=LIGHT["ink"], zorder=4)
    _label_rows(ax, list(studies))
    ax.set_ylim(len(studies) - 0.45, -0.95)
    return mark_rungs(ax, rungs, axis="x")


def plot_plane(
    ax: Axes,
    rungs: Mapping[str, tuple[float, float]],
    *,
    fits: Mapping[str, tuple[ArrayLike, ArrayLike, str]] | None = None,
) -> Axes:
    """Draw fits by the site's two numbers: noise followed to the right, excess risk upward.

    Down and left is the truth; up and left is wrong without overfitting; right is overfitting. The
    axis of the noise followed is linear up to 2%, and then logarithmic: single fits may follow
    less than none.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    rungs : mapping of str to (float, float)
        Reference rules: name to noise followed and excess risk.
    fits : mapping of str to (array_like, array_like, str), optional
        Name to noise followed and excess risk of one fit or of many seeds, and the role. Each seed
        is a dot, and a diamond stands at the medians. Those that diverged are not drawn.

    Returns
    -------
    matplotlib.axes.Axes
        The same `ax`.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a finite excess risk is not positive.
    """
    fits = fits or {}
    if not rungs and not fits:
        raise ValueError("rungs and fits must hold at least one fit, got none")
    places = {name: (float(across), float(up)) for name, (across, up) in rungs.items()}
    ax.set_xscale("symlog", linthresh=0.02, linscale=0.8)
    ax.set_yscale("log")
    for name, (across, up) in places.items():
        _check_risks(np.array([up]), name)
        ax.plot(across, up, "o", markersize=8, color=LIGHT["muted"], zorder=3)
    for name, (followed, risks, role) in fits.items():
        xs, ys = (
            np.atleast_1d(np.asarray(followed, float)),
            np.atleast_1d(np.asarray(risks, float)),
        )
        _check_risks(ys, name)
        seen = np.isfinite(xs) & np.isfinite(ys)
        color = mark(role)["color"]
        if len(xs) > 1:
            ax.plot(xs[seen], ys[seen], "o", markersize=2.5, color=color, zorder=2, alpha=0.6)
        places[name] = float(np.median(xs[seen])), float(np.median(ys[seen]))
        edge = {"markeredgecolor": LIGHT["paper"], "markeredgewidth": 1.2}
        ax.plot(*places[name], "D", markersize=9, color=color, zorder=4, **edge)  # type: ignore[arg-type]
    behind = {"facecolor": LIGHT["paper"], "edgecolor": "none", "pad": 1, "alpha": 0.8}
    for name, place in places.items():
        # Beside its mark; a fit that follows a lot has more room on its left.
        side = {"xytext": (-9, 0), "ha": "right"} if place[0] > 0.3 else {"xytext": (9, 0)}
        ax.annotate(
            name,
            place,
            textcoords="offset points",
            va="center",
            bbox=behind,
            zorder=5,
            **side,
        )
    ticks = [0, 0.01, 0.02, 0.05, 0.2, 1]
    ax.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
    ax.minorticks_off()
    ax.set(xlim=(min(-0.005, ax.get_xlim()[0]), 1.4), xlabel="noise followed")
    ax.set_ylabel("excess risk (log scale)")
    return ax


def _check_risks(risks: NDArray[np.float64], name: str) -> None:
    """Refuse what has no place on a logarithmic axis; infinite risks have none to be drawn."""
    if not (risks > 0).all():
        wrong = risks[~(risks > 0)][0]
        raise ValueError(f"an excess risk must be a positive number, got {wrong} in {name!r}")


def _label_rows(ax: Axes, names: list[str]) -> None:
    """Name the rows of a plot whose x axis is excess risk; rows need no ticks and no lines."""
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("excess risk (log scale)")
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)


def mark_rungs(ax: Axes, rungs: Mapping[str, float], *, axis: Literal["x", "y"]) -> Axes:
    """Draw rungs of the ladder as thin lines across a plot whose one axis is excess risk.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    rungs : mapping of str to float
        Reference excess risks by name, all above zero.
    axis : {"x", "y"}
        Which axis is the excess risk.

    Returns
    -------
    matplotlib.axes.Axes
        The same `ax`.

    Raises
    ------
    ValueError
        If a rung is not a positive number.
    """
    for name, risk in rungs.items():
        if not 0 < risk < float("inf"):
            raise ValueError(f"a rung must be a positive number, got {risk} for {name!r}")
        across = ax.axvline if axis == "x" else ax.axhline
        across(risk, color=LIGHT["muted"], linewidth=1, zorder=1)
        place: dict[str, Any]
        if axis == "x":
            # On paper, so that no dot runs through the name.
            behind = {"facecolor": LIGHT["paper"], "edgecolor": "none", "pad": 1}
            place = {"xy": (risk, 1.0), "xycoords": ("data", "axes fraction"), "bbox": behind}
            place |= {"ha": "center", "va": "top"}
        else:
            place = {"xy": (0.98, risk), "xycoords": ("axes fraction", "data")}
            place |= {"ha": "right", "va": "bottom"}
        ax.annotate(name, **place)
    return ax


def write_out_log_axes(figure: Figure) -> None:
    """Label logarithmic axes by 0.01, 1, 10,000 and 1e-8, where the page has chosen no labels.

    Superscripts would be too small to read on a phone. Every figure that is shown has this done.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    """
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        if axis.get_scale() == "log" and axis.isDefault_majfmt:
            axis.set_major_formatter(_PlainLogFormatter())
        if axis.get_scale() == "log" and axis.isDefault_minfmt:
            axis.set_minor_formatter(_PlainLogFormatter())


class _PlainLogFormatter(LogFormatter):
    """Write numbers out, with exponents no smaller than the rest."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of the tick at `x`, empty where there is room for none."""
        if not super().__call__(x, pos):
            return ""
        if 0.999e-4 < x < 1e6:  # older Matplotlibs round the places of ticks
            return f"{x:,.12g}"
        digits, exponent = f"{x:.6e}".split("e")
        return f"{float(digits):g}e{int(exponent)}"


@dataclass(frozen=True)
class Description:
    """What a figure says, in words."""

    caption: str
    alt: str
    headline: bool = False
    frames: tuple[Line2D, ...] = ()


_saved = itertools.count(1)
_descriptions: weakref.WeakKeyDictionary[Figure, Description] = weakref.WeakKeyDictionary()


def show(
    figure: Figure,
    *,
    caption: str,
    alt: str,
    headline: bool = False,
    frames: Sequence[Line2D] = (),
) -> None:
    """Show a finished figure: in a window, in a file where there is none, or on the site.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    caption : str
        Where to look; printed under the figure on the site.
    alt : str
        What the figure shows, for whoever cannot see it. Not a repetition of the caption.
    headline : bool
        Whether it shows the page's answer, and stands beside that under the page's title.
    frames : sequence of matplotlib.lines.Line2D
        Lines of one set of axes that are to be seen one at a time, each with its label. On the
        site the reader steps through them or plays them; everywhere else only the last is seen.

    Raises
    ------
    ValueError
        If the caption or the alternative text is empty, or both are the same; or if the frames
        are of several sets of axes.
    OSError
        If there is no window, and the working folder cannot be written to.
    """
    words = {"caption": caption, "alt": alt, "headline": headline}
    caption = describe(figure, **words, frames=frames).caption  # type: ignore[arg-type]
    if publishing.hand_over(figure):
        return
    if _opens_windows():
        plt.show()
        return
    path = Path(f"{Path(sys.argv[0] or 'figure').stem}_{next(_saved)}.png")
    _save(figure, path)
    plt.close(figure)
    publishing.say(f"Figure saved as {path}: {caption}")


def _save(figure: Figure, path: Path) -> None:
    """Save a figure whole, or leave what was there and say where it could be saved."""
    image, temporary = io.BytesIO(), path.with_name(path.name + ".new")
    figure.savefig(image, dpi=150, format="png")
    try:
        temporary.write_bytes(image.getvalue())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OSError(
            f"figures are saved in the working folder, and {Path.cwd()} refuses {path} "
            f"({error.strerror}): run the script in a folder that can be written to"
        ) from error


def describe(
    figure: Figure,
    *,
    caption: str,
    alt: str,
    headline: bool = False,
    frames: Sequence[Line2D] = (),
) -> Description:
    """Make a figure ready and say of it what `show` says, without showing it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    caption, alt, headline, frames
        As for `show`.

    Returns
    -------
    Description
        All of it, the words as one line each.

    Raises
    ------
    ValueError
        As for `show`.
    """
    caption, alt = " ".join(caption.split()), " ".join(alt.split())
    if not caption or not alt:
        raise ValueError(f"caption and alt must not be empty, got {caption!r} and {alt!r}")
    if caption == alt:
        raise ValueError(f"alt must say what is seen, not repeat the caption, got {alt!r}")
    if len({frame.axes for frame in frames}) > 1:
        raise ValueError("frames must be lines of one set of axes, got several")
    for frame in frames[:-1]:
        frame.set_visible(False)
    write_out_log_axes(figure)
    _descriptions[figure] = Description(caption, alt, headline, tuple(frames))
    return _descriptions[figure]


def description(figure: Figure) -> Description | None:
    """Return what was said of a figure when it was shown, or ``None``."""
    return _descriptions.get(figure)


def _opens_windows() -> bool:
    """Return whether ``plt.show`` shows something: a window, or an image in a notebook."""
    backend = plt.get_backend().lower()
    silent = backend_registry.list_builtin(  # type: ignore[no-untyped-call]
        BackendFilter.NON_INTERACTIVE
    )
    return backend not in silent
