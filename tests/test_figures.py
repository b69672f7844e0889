"""Colors that everybody can tell apart, text that a phone can show, and figures that are shown."""

import errno
import itertools
import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from overfit_tutorial import figures, publishing, statistics
from overfit_tutorial.data import sample_noisy

THEMES = {"light": figures.LIGHT, "dark": figures.DARK}
CORE = ["data", "truth", "line", "network"]
ROLES = [*CORE, "series_a", "series_b", "series_c"]
BACKGROUNDS = [("light", "#ffffff"), ("dark", "#14181e"), ("dark", "#222832")]

# Matrices for linear RGB: Machado, Oliveira and Fernandes (2009), severity one; and Viénot,
# Brettel and Mollon (1999), as DaltonLens computes them for sRGB, who have no tritan view.
# Brettel, Viénot and Mollon (1997), also from DaltonLens, project on two half planes: where the
# third entry, the normal of the plane between them, is positive, the first matrix holds.
VISIONS = {
    "normal": np.eye(3),
    "protan, Machado": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan, Machado": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan, Machado": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "protan, Viénot": [
        [0.11238, 0.88762, 0.0],
        [0.11238, 0.88762, 0.0],
        [0.00401, -0.00401, 1.0],
    ],
    "deutan, Viénot": [
        [0.29275, 0.70725, 0.0],
        [0.29275, 0.70725, 0.0],
        [-0.02234, 0.02234, 1.0],
    ],
}
HALF_PLANES = {
    "protan, Brettel": (
        [[0.14980, 1.19548, -0.34528], [0.10764, 0.84864, 0.04372], [0.00384, -0.0054, 1.00156]],
        [[0.14570, 1.16172, -0.30742], [0.10816, 0.85291, 0.03892], [0.00386, -0.00524, 1.00139]],
        [0.00048, 0.00393, -0.00441],
    ),
    "deutan, Brettel": (
        [[0.36477, 0.86381, -0.22858], [0.26294, 0.64245, 0.09462], [-0.02006, 0.02728, 0.99278]],
        [[0.37298, 0.88166, -0.25464], [0.25954, 0.63506, 0.10540], [-0.01980, 0.02784, 0.99196]],
        [-0.00281, -0.00611, 0.00892],
    ),
    "tritan, Brettel": (
        [[1.01277, 0.13548, -0.14826], [-0.01243, 0.86812, 0.14431], [0.07589, 0.80500, 0.11911]],
        [[0.93678, 0.18979, -0.12657], [0.06154, 0.81526, 0.12320], [-0.37562, 1.12767, 0.24796]],
        [0.03901, -0.02788, -0.01113],
    ),
}
SRGB_TO_XYZ = np.array(  # IEC 61966-2-1, white point D65
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


@pytest.fixture(autouse=True)
def _on_paper():
    """Draw without windows, and leave nothing behind."""
    plt.switch_backend("Agg")
    publishing.stop()
    yield
    publishing.stop()
    plt.close("all")


def linear_rgb(color):
    """Undo the gamma of an sRGB color such as ``#1e564a``."""
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Return the contrast ratio of WCAG 2."""
    darker, lighter = sorted(linear_rgb(c) @ [0.2126, 0.7152, 0.0722] for c in (first, second))
    return (lighter + 0.05) / (darker + 0.05)


def seen_rgb(rgb, vision):
    """Return a color in linear RGB as an eye with this vision sees it."""
    if vision in VISIONS:
        return np.asarray(VISIONS[vision]) @ rgb
    first, second, normal = HALF_PLANES[vision]
    return np.asarray(first if np.dot(normal, rgb) >= 0 else second) @ rgb


def seen_lab(color, vision):
    """Return CIELAB of a color as an eye with this vision sees it."""
    rgb = np.clip(seen_rgb(linear_rgb(color), vision), 0, 1)
    t = SRGB_TO_XYZ @ rgb / SRGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(first, second):
    """Return the color difference of Sharma, Wu and Dalal (2005), step by step."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(c**7 / (c**7 + 25**7)))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1 = np.degrees(np.arctan2(b1, a1 * stretch)) % 360
    h2 = np.degrees(np.arctan2(b2, a2 * stretch)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    l, c, h = (l1 + l2) / 2, (c1 + c2) / 2, np.radians(h1 + turn / 2)  # noqa: E741
    t = 1 - 0.17 * np.cos(h - np.radians(30)) + 0.24 * np.cos(2 * h)
    t += 0.32 * np.cos(3 * h + np.radians(6)) - 0.20 * np.cos(4 * h - np.radians(63))
    blue = np.radians(60) * np.exp(-(((np.degrees(h) % 360 - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(c**7 / (c**7 + 25**7)) * np.sin(blue)
    dl = (l2 - l1) / (1 + 0.015 * (l - 50) ** 2 / np.sqrt(20 + (l - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * c)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * c * t)
    return np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_color_difference_here_is_that_of_the_published_examples(first, second, difference):
    # Table 1 of Sharma, Wu and Dalal (2005) has four decimals.
    np.testing.assert_allclose(ciede2000(first, second), difference, rtol=0, atol=5e-5)


def test_the_contrast_here_is_21_between_black_and_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21, rel=1e-12)


@pytest.mark.parametrize(("theme", "background"), BACKGROUNDS)
@pytest.mark.parametrize("role", ROLES)
def test_data_colors_stand_out_from_the_page(role, theme, background):
    assert contrast(THEMES[theme][role], background) >= 3  # WCAG 1.4.11, graphical objects


@pytest.mark.parametrize(("theme", "background"), BACKGROUNDS)
@pytest.mark.parametrize("role", ["ink", "muted"])
def test_text_is_legible_on_the_page(role, theme, background):
    assert contrast(THEMES[theme][role], background) >= 4.5  # WCAG 1.4.3, text


@pytest.mark.parametrize("vision", [*VISIONS, *HALF_PLANES])
def test_a_simulated_eye_sees_gray_as_it_is(vision):
    # The matrices have five or six decimals, and three entries a row.
    np.testing.assert_allclose(seen_rgb(np.ones(3), vision), 1, rtol=0, atol=3e-5)


@pytest.mark.parametrize("vision", HALF_PLANES)
def test_the_two_half_planes_of_a_simulated_eye_meet(vision):
    first, second, normal = map(np.asarray, HALF_PLANES[vision])
    border = [1, 1, 0] - normal * (normal[:2].sum() / (normal @ normal))
    # The normal has one to four significant digits: at worst its direction is off by 1 %.
    np.testing.assert_allclose(first @ border, second @ border, rtol=0, atol=1e-3)


@pytest.mark.parametrize("vision", [*VISIONS, *HALF_PLANES])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("roles", "least"), [(ROLES, 14), (CORE, 17)], ids=["all", "core"])
def test_colors_differ_for_every_eye(roles, least, theme, vision):
    seen = {role: seen_lab(THEMES[theme][role], vision) for role in roles}
    difference, *pair = min(
        (ciede2000(seen[a], seen[b]), a, b) for a, b in itertools.combinations(roles, 2)
    )
    assert difference >= least, pair


def test_the_paper_is_the_sites_background():
    assert [theme["paper"] for theme in THEMES.values()] == ["#ffffff", "#14181e"]


def test_every_light_color_has_one_dark_partner():
    assert figures.LIGHT.keys() == figures.DARK.keys()
    # Colors are exchanged by value, so two roles must not share one.
    assert len(set(figures.LIGHT.values())) == len(figures.LIGHT)
    for color in [*figures.LIGHT.values(), *figures.DARK.values()]:
        assert re.fullmatch("#[0-9a-f]{6}", color)


SIZES = [key for key in figures.STYLE if key.endswith("size") and key != "figure.figsize"]


@pytest.mark.parametrize("key", SIZES)
@pytest.mark.parametrize("width", [figures.PANEL[0], figures.LADDER[0]])
def test_text_is_legible_on_a_phone(key, width):
    # 390 px less the page's margins are 358 px, for a figure of so many times 72 points.
    assert figures.STYLE[key] * 358 / (width * 72) >= 10.5


def test_the_style_uses_colors_that_have_a_dark_partner():
    used = {value for key, value in figures.STYLE.items() if key.endswith("color")}
    assert used <= set(figures.LIGHT.values())


def test_matplotlib_takes_the_style():
    with plt.style.context(figures.STYLE):
        figure, ax = plt.subplots()
    assert tuple(figure.get_size_inches()) == figures.PANEL
    assert ax.title.get_color() == figures.LIGHT["ink"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_drawn_in_its_color(role):
    (drawn,) = axes().plot([0, 1], [0, 1], **figures.mark(role))
    assert to_hex(drawn.get_color()) == figures.LIGHT[role]


def test_roles_differ_in_dash_mark_or_width_too():
    hidden = ("color", "zorder")
    looks = [[item for item in figures.mark(r).items() if item[0] not in hidden] for r in ROLES]
    assert len({str(look) for look in looks}) == len(ROLES)


def test_changing_a_mark_changes_no_other():
    figures.mark("line").clear()
    assert figures.mark("line")["color"] == figures.LIGHT["line"]


@pytest.mark.parametrize("role", ["paper", "ink", "noise", ""])
def test_an_unknown_role_is_refused(role):
    with pytest.raises(ValueError, match=rf"role must be one of data, .*, series_c, got '{role}'"):
        figures.mark(role)


def axes():
    """Return axes that no window knows of."""
    return Figure().add_subplot()


def test_data_are_drawn_where_they_are():
    ax, points = axes(), sample_noisy(seed=0)
    assert figures.plot_data(ax, points) is ax
    (drawn,) = ax.lines
    assert np.array_equal(drawn.get_xydata(), np.stack([points.x, points.y], axis=1))
    assert (drawn.get_label(), drawn.get_linestyle()) == ("data", "None")


def test_a_curve_is_drawn_as_its_role():
    ax = axes()
    assert figures.plot_curve(ax, [0, 1], [2, 3], role="network") is ax
    figures.plot_curve(ax, [0, 1], [2, 4], role="line", label="fit")
    first, second = ax.lines
    assert np.array_equal(first.get_xydata(), [[0, 2], [1, 3]])
    assert (first.get_label(), second.get_label()) == ("network", "fit")
    assert to_hex(first.get_color()) == figures.LIGHT["network"]


def test_the_ladder_has_its_rungs_at_their_values():
    ax, levels = axes(), {"mean": 16.4, "dots": 2.67, "line": 0.08}
    assert figures.plot_ladder(ax, levels, fits={"ours": (0.3, "network")}) is ax
    places = [line for line in ax.lines if line.get_marker() in ("o", "D")]
    assert [line.get_xydata().tolist() for line in places] == [
        [[16.4, 0]],
        [[2.67, 1]],
        [[0.3, 2]],
        [[0.08, 3]],
    ]
    assert [line.get_marker() for line in places] == ["o", "o", "D", "o"]
    colors = [to_hex(line.get_color()) for line in places]
    muted = figures.LIGHT["muted"]
    assert colors == [muted, muted, figures.LIGHT["network"], muted]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["mean", "dots", "ours", "line"]
    assert [text.get_text() for text in ax.texts] == ["16.40", "2.67", "0.30", "0.08"]


def test_the_order_in_which_rungs_are_given_does_not_matter():
    one = figures.plot_ladder(axes(), {"a": 1.0, "b": 2.0})
    other = figures.plot_ladder(axes(), {"b": 2.0}, fits={"a": (1.0, "line")})
    for ax in (one, other):
        assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]


def test_the_ladder_is_logarithmic_and_shows_every_rung():
    ax = figures.plot_ladder(axes(), {"low": 0.01, "high": 100.0})
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "excess risk (log scale)"
    assert ax.get_xlim()[0] < 0.01 < 100 < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < 0 < 1 < ax.get_ylim()[1]


@pytest.mark.parametrize("fits", [None, {}, {"ours": (1.0, "network")}])
def test_a_ladder_without_rungs_is_refused(fits):
    with pytest.raises(ValueError, match="levels must hold at least one rung, got none"):
        figures.plot_ladder(axes(), {}, fits=fits)


def test_a_name_stands_on_the_ladder_once():
    with pytest.raises(ValueError, match=r"must have different names, got \['line'\] in both"):
        figures.plot_ladder(axes(), {"line": 1.0}, fits={"line": (2.0, "line")})


def test_a_fit_without_a_role_is_refused():
    with pytest.raises(ValueError, match=r"role must be one of data, .*, got 'noise'"):
        figures.plot_ladder(axes(), {"line": 1.0}, fits={"ours": (2.0, "noise")})


def test_studies_stand_on_the_ladder_in_rows_the_first_on_top():
    ax, risks = axes(), np.array([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6])
    studies = {"ours": (risks, "network"), "theirs": (2 * risks, "line")}
    assert figures.plot_studies(ax, studies, {"dots": 2.67}) is ax
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in dots] == [risks.tolist(), (2 * risks).tolist()]
    assert [to_hex(line.get_color()) for line in dots] == [
        figures.LIGHT["network"],
        figures.LIGHT["line"],
    ]
    for row, line in enumerate(dots):
        assert (np.abs(line.get_ydata() - row) < 0.5).all()
    medians = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "D"]
    assert medians == [[[1.6, 0]], [[3.2, 1]]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ours", "theirs"]
    assert ax.get_ylim()[0] > 1 > 0 > ax.get_ylim()[1]
    assert ax.get_xscale() == "log"


def test_the_bar_of_a_study_is_the_interval_of_its_median():
    risks = np.geomspace(0.1, 10, 15)
    ax = figures.plot_studies(axes(), {"ours": (risks, "network")}, {}, confidence=0.9)
    bars = [line for line in ax.lines if line.get_linewidth() == 2.5]
    expected = statistics.quantile_interval(risks, confidence=0.9).ends
    assert [tuple(bar.get_xdata()) for bar in bars] == [expected]
    few = figures.plot_studies(axes(), {"ours": (risks[:3], "network")}, {}, confidence=0.9)
    assert not [line for line in few.lines if line.get_linewidth() == 2.5]


def test_a_run_that_diverged_moves_the_median():
    ax = figures.plot_studies(axes(), {"ours": ([1.0, 2.0, np.inf], "network")}, {})
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"] == [2.0]
    ax.figure.canvas.draw()


@pytest.mark.parametrize(("axis", "column"), [("x", 0), ("y", 1)])
def test_rungs_are_lines_across_at_their_values(axis, column):
    ax = axes()
    assert figures.mark_rungs(ax, {"line": 0.08, "dots": 2.67}, axis=axis) is ax
    assert [set(line.get_xydata()[:, column]) for line in ax.lines] == [{0.08}, {2.67}]
    assert [text.get_text() for text in ax.texts] == ["line", "dots"]
    assert [text.xy[column] for text in ax.texts] == [0.08, 2.67]


def test_no_study_and_no_place_are_refused():
    with pytest.raises(ValueError, match="studies must hold at least one study, got none"):
        figures.plot_studies(axes(), {}, {"dots": 2.67})
    with pytest.raises(ValueError, match=r"must be a positive number, got 0.0 in 'ours'"):
        figures.plot_studies(axes(), {"ours": ([1.0, 0.0], "network")}, {})
    with pytest.raises(ValueError, match=r"must be a positive number, got nan in 'ours'"):
        figures.plot_studies(axes(), {"ours": ([1.0, np.nan], "network")}, {})
    with pytest.raises(ValueError, match=r"a rung must be a positive number, got inf for 'far'"):
        figures.mark_rungs(axes(), {"far": np.inf}, axis="x")


def test_fits_stand_on_the_plane_at_their_two_numbers():
    fits = {
        "many": ([0.0, 0.1, 0.2], [1.0, 2.0, 9.0], "network"),
        "one": (0.02, 0.1, "line"),
        "lost": ([np.nan, 0.3], [np.inf, 4.0], "series_a"),
    }
    ax = figures.plot_plane(axes(), {"dots": (1.0, 2.7)}, fits=fits)
    marks = [line.get_xydata().tolist() for line in ax.lines if line.get_marker() == "D"]
    assert marks == [[[0.1, 2.0]], [[0.02, 0.1]], [[0.3, 4.0]]]
    places = {text.get_text(): text.xy for text in ax.texts}
    assert places == {"dots": (1.0, 2.7), "many": (0.1, 2), "one": (0.02, 0.1), "lost": (0.3, 4)}
    assert ax.get_xlim()[0] < 0 < 1 < ax.get_xlim()[1]
    assert (ax.get_xscale(), ax.get_yscale()) == ("symlog", "log")


def test_the_plane_shows_a_fit_that_follows_less_than_no_noise():
    ax = figures.plot_plane(axes(), {}, fits={"odd": ([-0.2, 0.1], [1.0, 1.0], "network")})
    assert ax.get_xlim()[0] <= -0.2


@pytest.mark.parametrize(
    ("rungs", "fits", "message"),
    [
        ({}, {}, "must hold at least one fit, got none"),
        ({"truth": (0.0, 0.0)}, {}, "must be a positive number, got 0.0 in 'truth'"),
        ({}, {"a": ([0.1], [np.nan], "line")}, "must be a positive number, got nan in 'a'"),
        ({}, {"a": ([0.1], [1.0], "hero")}, "role must be one of"),
    ],
)
def test_what_has_no_place_on_the_plane_is_refused(rungs, fits, message):
    with pytest.raises(ValueError, match=message):
        figures.plot_plane(axes(), rungs, fits=fits)


@pytest.mark.parametrize("risk", [0.0, -1.0, float("nan"), float("inf")])
def test_a_risk_without_a_place_on_the_ladder_is_refused(risk):
    message = f"an excess risk must be a positive number, got {risk} for 'bad'"
    with pytest.raises(ValueError, match=re.escape(message)):
        figures.plot_ladder(axes(), {"good": 1.0, "bad": risk})
    with pytest.raises(ValueError, match=re.escape(message)):
        figures.plot_ladder(axes(), {"good": 1.0}, fits={"bad": (risk, "network")})


@pytest.mark.parametrize(("caption", "alt"), [("", "Alt."), ("Caption.", ""), ("Caption.", " \n")])
def test_a_figure_without_words_is_refused(caption, alt):
    with pytest.raises(ValueError, match="caption and alt must not be empty, got '"):
        figures.show(Figure(), caption=caption, alt=alt)


def test_frames_of_two_sets_of_axes_are_refused():
    figure, axes = plt.subplots(1, 2)
    frames = [ax.plot([0, 1])[0] for ax in axes]
    with pytest.raises(ValueError, match="frames must be lines of one set of axes, got several"):
        figures.show(figure, caption="Caption.", alt="Alt.", frames=frames)


def test_of_frames_the_last_is_seen():
    figure, ax = plt.subplots()
    frames = [ax.plot([0, k])[0] for k in range(3)]
    described = figures.describe(figure, caption="Caption.", alt="Alt.", frames=frames)
    assert described.frames == tuple(frames)
    assert [frame.get_visible() for frame in frames] == [False, False, True]


def test_a_caption_does_not_do_as_alternative_text():
    with pytest.raises(ValueError, match=r"alt must say what is seen, .*, got 'A line.'"):
        figures.show(Figure(), caption="A line.", alt=" A\n  line.")


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((0.5, 2e4), ["1", "10", "100", "1,000", "10,000"]),
        ((5e-5, 0.02), ["0.0001", "0.001", "0.01"]),
        ((2e-7, 2e-5), ["1e-6", "1e-5"]),
        ((0.15, 0.75), ["0.2", "0.3", "0.4", "0.6"]),
    ],
)
def test_a_logarithmic_axis_is_labeled_without_superscripts(ends, labels):
    figure, ax = plt.subplots()
    ax.set(xscale="log", xlim=ends)
    figures.write_out_log_axes(figure)
    figure.canvas.draw()
    ticks = [*ax.xaxis.get_major_ticks(), *ax.xaxis.get_minor_ticks()]
    shown = {tick.label1.get_text() for tick in ticks if ends[0] <= tick.get_loc() <= ends[1]}
    assert shown - {""} >= set(labels)
    assert not any("$" in text for text in shown)


def test_labels_that_a_page_chose_stay():
    figure, ax = plt.subplots()
    ax.set(xscale="log", xlim=(0.5, 200))
    ax.xaxis.set_major_formatter("{x:g} steps")
    figures.write_out_log_axes(figure)
    figure.canvas.draw()
    assert "10 steps" in [tick.label1.get_text() for tick in ax.xaxis.get_major_ticks()]


def test_a_figure_is_handed_over_with_its_words_when_a_site_is_built(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publishing.collect()
    figure = Figure()
    figures.show(figure, caption="Where\n    to look.", alt="What is  seen.")
    assert publishing.drain() == [figure]
    assert figures.description(figure) == figures.Description("Where to look.", "What is seen.")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_was_not_shown_has_no_description():
    assert figures.description(Figure()) is None


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("/a/plot_1_page.py", ["plot_1_page_1.png", "plot_1_page_2.png"]),
        ("", ["figure_1.png", "figure_2.png"]),
    ],
)
def test_without_windows_every_figure_is_saved_to_a_file_of_its_own(
    program, names, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [program])
    monkeypatch.setattr(figures, "_saved", itertools.count(1))
    for name, height in zip(names, (1, 2), strict=True):
        figure, _ = plt.subplots(figsize=(2, height))
        figures.show(figure, caption="Where to look.", alt="What is seen.")
        assert capsys.readouterr().out == f"Figure saved as {name}: Where to look.\n"
        assert not plt.fignum_exists(figure.number)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    shapes = [plt.imread(name).shape[:2] for name in names]
    assert shapes == [(150, 300), (300, 300)]  # each its own, at 150 dots an inch


@pytest.mark.parametrize("trouble", [errno.EROFS, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("before", [{}, {"page_1.png": b"of the run before"}])
def test_a_folder_that_cannot_be_written_to_is_named_and_keeps_no_half(
    trouble, before, tmp_path, monkeypatch
):
    def write(path, content):
        path.touch()
        raise OSError(trouble, os.strerror(trouble))

    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["page.py"])
    monkeypatch.setattr(figures, "_saved", itertools.count(1))
    monkeypatch.setattr(Path, "write_bytes", write)
    problem = f"{re.escape(str(tmp_path))} refuses .*{os.strerror(trouble)}.*: run the script in"
    with pytest.raises(OSError, match=problem):
        figures.show(Figure(figsize=(1, 1)), caption="Where to look.", alt="What is seen.")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("backend", "opens"),
    [
        ("agg", False),
        ("svg", False),
        ("PDF", False),
        ("QtAgg", True),
        ("module://matplotlib_inline.backend_inline", True),
    ],
)
def test_a_window_or_a_notebook_shows_the_figure_itself(backend, opens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(plt, "get_backend", lambda: backend)
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    figures.show(Figure(figsize=(1, 1)), caption="Where to look.", alt="What is seen.")
    assert len(shown) == opens
    assert len(list(tmp_path.iterdir())) == (not opens)
