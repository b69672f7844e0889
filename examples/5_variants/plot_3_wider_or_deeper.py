# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Wider or deeper?
================

"It has too many parameters" is the first suspicion, so we go from 7 to a
million. In 800 steps, we expect, none of these networks follows much noise,
and the large ones land further from the truth. Both is so. And of long
training we expected that a small network *cannot* follow the noise. There we
were wrong about 471 parameters: they are slow. A hundred may be, or may not.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import (
    draws,
    figures,
    fingerprints,
    ladder,
    statistics,
    tables,
)
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.recipe import follow_recipe, judge_recipe
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY

plt.style.use(figures.STYLE)
SIZE_SEED, BIRTH_SEED, SEED = 71, 53, 2
N_SEEDS, N_FULL, N_LARGEST, N_FEW, N_BORN = 64, 32, 24, 20, 4000

# %%
# .. guess:: Ten times the width: how many more parameters are in use?
#
#    .. answer:: a hundred times as many
#
#       So many it has, if it has several layers.
#
#    .. answer:: more and more, up to one for each point
#
#       That is what counting would say, the gray line of the figure above.
#
#    .. answer:: hardly any
#
#       Yes, in the story's 800 steps. Later it is another matter.
#
# From seven parameters to a million
# ----------------------------------
#
# Everything but the size is the story's: a hundred points, Adam at a rate of
# 0.01, batches of 32, 800 steps. How much of the noise do networks follow? As
# before, we multiply that by the number of points, and call it the parameters
# that are effectively used
# (:doc:`/auto_examples/1_story/plot_1_how_wrong_can_a_curve_be`). Some of
# these networks are known from
# :doc:`/auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line`.

WIDTHS = {
    1: (2, 5, 10, 33, 100, 1000),
    2: (2, 5, 10, 30, 100),
    5: (2, 5, 10, 30, 100),
    8: (2, 5, 10, 30, 100),
}
shapes = [(width,) * depth for depth in WIDTHS for width in WIDTHS[depth]]
largest = (1000, 1000)


def judge(shapes, n_seeds=N_SEEDS, **changes):
    """Return a table for each size, after 800 steps."""
    grid = {"hidden_widths": shapes, **changes}
    found = run_sweep(judge_recipe, grid, seed=SIZE_SEED, n_seeds=n_seeds)
    return dict(list(found.groupby("hidden_widths")))


# The largest takes longest, so there are fewer of it.
sizes = judge(shapes) | judge([largest], N_LARGEST)

# %%
# A network that ends no nearer to the truth than the best constant has died:
# more of that below. The others are alive, and we ask what they use.

best_constant = 14**2 / 12  # the variance of the true line over 0 to 20


def parameters(widths):
    """Return how many parameters a network of some layers has."""
    return STORY.replace(hidden_widths=widths).n_parameters()


def effective(followed):
    """Return the mean of effective parameters with its 99% interval."""
    kwargs = {"seed": 0, "confidence": 0.99}
    return statistics.bootstrap_interval(100 * followed, np.mean, **kwargs)


used = {}
for widths, found in sizes.items():
    alive = found[found.risk < best_constant]
    if len(alive) >= 20:
        used[widths] = effective(alive.followed)

# %%
# And each seed by itself, by least squares over its networks: what does ten
# times the width add, and what does twice the depth? We take the sizes from
# 100 parameters on, as many as there are points, since none of them dies: nine
# of them, without the largest, of which there are fewer networks.


def slopes(values):
    """Return what ten times the width and twice the depth add, by seed."""
    logs = [[1, np.log10(s[0]), np.log2(len(s))] for s in values]
    return np.linalg.pinv(logs)[1:] @ np.stack(list(values.values()))


wide = [widths for widths in shapes if min(widths) >= 30]
wider, deeper = map(effective, slopes({s: sizes[s].followed for s in wide}))

figure, axes = plt.subplots(2, 1, figsize=(5.6, 7.4), sharex=True)


def middle_risk(found):
    """Return the median excess risk of the living with its 99% interval."""
    living = found.risk[found.risk < best_constant]
    return statistics.quantile_interval(living, confidence=0.99)


MARKS = {
    1: ("series_a", "o"),
    2: ("series_b", "s"),
    5: ("network", "D"),
    8: ("series_c", "^"),
}
for depth, (role, marker) in MARKS.items():
    style = {"color": figures.LIGHT[role], "marker": marker, "markersize": 6}
    label = f"{depth} layer{'s' * (depth > 1)}"
    for ax, values in zip(
        axes,
        (
            used,
            {s: middle_risk(sizes[s]) for s in sizes if s in used},
        ),
        strict=True,
    ):
        row = [s for s in values if len(s) == depth]
        counts = list(map(parameters, row))
        heights = [values[s].value for s in row]
        ax.plot(counts, heights, label=label, linewidth=1, **style)
        ends = np.transpose([values[s].ends for s in row])
        ax.vlines(counts, *ends, color=figures.LIGHT[role], linewidth=1)
reach = np.geomspace(7, 3e6, 200)
axes[0].plot(reach, np.minimum(reach, 100), color=figures.LIGHT["muted"])
axes[0].annotate("each one\nused", (6, 50), va="center")
axes[0].axhline(2, color=figures.LIGHT["line"], zorder=1)
axes[0].annotate("a line", (7, 1.1), va="center")
axes[0].annotate("all dots", (3e6, 92), ha="right", va="top")
for ax in axes:
    ax.axvline(100, color=figures.LIGHT["grid"], linewidth=6, zorder=0)
axes[0].legend(loc=(0.4, 0.52), ncols=2)
axes[0].set(xscale="log", yscale="log", ylim=(0.7, 150))
axes[0].set_ylabel("effective parameters")
axes[0].set_title("All sizes use a few parameters ...")
axes[1].set(yscale="log", ylim=(0.03, 5), ylabel="excess risk")
rungs = {"dots": ladder.join_the_dots()}
rungs["least squares"] = ladder.least_squares()
figures.mark_rungs(axes[1], rungs, axis="y")
axes[1].set(xlim=(5, 4e6), xlabel="parameters")
axes[1].set_title("... and the large are somewhat further off")
figures.show(
    figure,
    caption="After 800 steps. Above: effective parameters, means over 64 "
    "seeds, 24 at the right end. Below: excess risk, medians. Bars are 99% "
    "intervals. Left out are networks that died. The broad bar is at a "
    "hundred parameters, one for each point.",
    alt="Two panels over the number of parameters, from seven to a "
    "million. Above, a gray line rises in proportion to it, to one hundred; "
    "the marks of all sizes and depths lie far below, in a level row between "
    f"{min(found.value for found in used.values()):.0f} and "
    f"{max(found.value for found in used.values()):.0f}. Below, the marks "
    "rise slowly from about 0.1 to about 0.5, all below the cost of joining "
    "the dots.",
    headline=True,
)

most = max(used.values(), key=lambda found: found.high)
measured(
    "size-adds-little",
    "Ten times the width adds {:.1f} to the parameters that are effectively "
    "used, surely less than 4; twice the depth adds {deeper:.1f}, surely less "
    "than 2: averages from {least:,} to {most:,}. Of all sizes that we tried, "
    "from 7 to {largest:,}, the one that uses most in 800 steps uses "
    "{at_most:.0f}, surely less than 20.",
    wider.below(4),
    deeper=deeper.below(2),
    at_most=max(used.values(), key=lambda found: found.high).below(20),
    headline=True,
    wrong_if="ten times the width might add four, or twice the depth two, or "
    "the interval of the size that uses most reached 20",
    least=min(map(parameters, wide)),
    most=max(map(parameters, wide)),
    largest=parameters(largest),
    threshold_from="after seeing",
)

# %%
# So either adds little, if anything. The gray bar is where a curve has as many
# parameters as points. Whoever counts expects something to happen there.
# Nothing does.
#
# The small ones are often born dead
# ----------------------------------
#
# A unit is off for all :math:`x > 0` if its first weight is negative. If all
# units of a layer are off, the network is a constant, and its gradients are
# zero but for the last bias: it can only move up and down. First weights are
# as often negative as positive. So each layer of :math:`m` units that are
# still given something is off as a whole with probability :math:`2^{-m}`, and
# with :math:`d` layers a network is born dead with probability
# :math:`1 - (1 - 2^{-m})^d` (see also :cite:`lu2020`). We draw some thousand
# newborn networks and count.

newborn = np.random.SeedSequence(BIRTH_SEED).spawn(N_BORN)
born_dead = {}
for width in (2, 5, 10):
    weights = draws.first_weights(newborn, (width,) * 8, dtype=np.float64)
    signal, off = np.ones((N_BORN, 1, 1)), []
    for kernel in weights[:-2:2]:
        signal = np.maximum(signal @ kernel, 0)
        off.append(~signal.any(axis=(1, 2)))
    born_dead[width] = [
        statistics.share_interval(dead, confidence=0.99) for dead in off
    ]

figure, ax = plt.subplots(figsize=(5.6, 4.4))


def chance(width, depth):
    """Return the probability of being born dead."""
    return 1 - (1 - 0.5**width) ** depth


depths = np.arange(1, 9)
for width, role in ((2, "series_a"), (5, "series_b"), (10, "series_c")):
    color = figures.LIGHT[role]
    ax.plot(depths, [100 * chance(width, d) for d in depths], color=color)
    found = [100 * share.value for share in born_dead[width]]
    ax.plot(depths, found, "o", color=color, markersize=5)
    ended = [sizes[(width,) * d].risk >= best_constant for d in WIDTHS]
    ends = [100 * dead.mean() for dead in ended]
    ax.plot(list(WIDTHS), ends, "x", color=color, markersize=9, mew=2)
    place = (8.2, chance(width, 8) * 100)
    ax.annotate(f"width {width}", place, va="center", annotation_clip=False)
ax.set(xlabel="layers", ylabel="dead, %", ylim=(-3, 103), xlim=(0.7, 9.6))
ax.set_xticks(depths)
ax.set_title("Narrow and deep is dead on arrival")
figures.show(
    figure,
    caption="Dots: of 4,000 newborn networks. Lines: the formula. Crosses: of "
    "the 64 that we trained, at the end.",
    alt="Three curves rise over the number of layers. With two units a layer "
    "from a quarter to nine tenths, with five units from a thirtieth to a "
    "fifth, with ten hardly above zero. Dots lie on them, crosses on them or "
    "above.",
)

measured(
    "born-dead",
    "Of networks with two units in each of eight layers, {:.0%} are born "
    "dead, of those with five {five:.0%}. The formula says {two:.0%} and "
    "{fives:.0%}.",
    born_dead[2][7].inside(chance(2, 8) - 0.04, chance(2, 8) + 0.04),
    five=born_dead[5][7].inside(chance(5, 8) - 0.06, chance(5, 8) + 0.06),
    wrong_if="the first interval left the margin of 4% on either side of the "
    "formula, or the second that of 6%",
    two=chance(2, 8),
    fives=chance(5, 8),
    threshold_from="theory",
)

# %%
# More end dead than are born so: the crosses. Take one layer. A unit that is
# on, :math:`w > 0`, pulls the curve up if its second weight :math:`v` is
# positive. If :math:`v` is negative, both must change: the curve has to rise,
# so the gradient makes :math:`v` larger, and, as long as :math:`v` is
# negative, :math:`w` and the bias smaller. Adam makes all three steps of one
# size. If :math:`v` passes zero first, the unit is saved. If :math:`w x + b`
# does, even at :math:`x = 20`, it is off for good. So a network should live if
# it has a unit with :math:`w > 0` and :math:`v > -\tfrac{20}{21} w`. That can
# be read off its first weights.

root = np.random.SeedSequence(SIZE_SEED)
seeds, right = root.spawn(N_SEEDS), {}
for width in (2, 5):
    w, _, v, _ = draws.first_weights(seeds, (width,), dtype=np.float64)
    saved = (w[:, 0] > 0) & (v[..., 0] > -20 / 21 * w[:, 0])
    dead = sizes[(width,)].risk >= best_constant
    print(f"one layer of {width}: {dead.sum()} of {N_SEEDS} end dead")
    right[width] = statistics.share_interval(
        saved.any(axis=1) != dead.to_numpy(), confidence=0.99
    )

measured(
    "death-is-in-the-first-weights",
    "Who of {n} networks with one layer of two units will end as a constant "
    "can be told from the first weights, right in {:.0%} of all cases; with "
    "five units, in {five:.0%}.",
    right[2].above(0.75),
    five=right[5].above(0.75),
    threshold_from="after seeing",
)

# %%
# The large ones are a little further off
# ---------------------------------------
#
# With the number of units changes what a step does. Adam moves each weight by
# about the learning rate, however many there are. A unit that adds up more of
# them moves further. Who scales up a network therefore scales down Adam's
# rate, in proportion to the width :cite:`yang2021`. We do so in five layers:
# a rate of 0.01 with ten units a layer, 0.001 with a hundred.

fives = [(width,) * 5 for width in (10, 30, 100)]
scaled = {fives[0]: sizes[fives[0]]}
for widths in fives[1:]:
    rate = 0.1 / widths[0]
    scaled |= judge([widths], learning_rate=[rate])


def times(found, shapes):
    """Return by how much ten times the width, and twice the depth, cost."""
    risks = {s: found[s].risk for s in shapes}
    alive = {s: risk.where(risk < best_constant) for s, risk in risks.items()}
    for powers in slopes({s: np.log10(risk) for s, risk in alive.items()}):
        yield statistics.bootstrap_interval(
            powers[np.isfinite(powers)],
            lambda powers, axis: 10 ** np.mean(powers, axis=axis),
            seed=0,
            confidence=0.99,
        )


wider, deeper = times(sizes, wide)
same, smaller = (next(times(found, fives)) for found in (sizes, scaled))
tables.show(
    {
        "rate": ["0.01", "0.1 / width"],
        **{
            f"{s[0]} units": [middle_risk(f[s]).value for f in (sizes, scaled)]
            for s in fives
        },
        "ten times the width": [same, smaller],
    },
    **{f"{widths[0]}_units": ".2f" for widths in fives},
    ten_times_the_width=".1f",
)
measured(
    "size-costs-little",
    "Ten times the width, and the excess risk is {:.1f} times as large, in "
    "the mean of its logarithm. Twice the depth, and it is {deeper:.1f} times "
    "as large. Ten times the width of five layers costs {same:.1f} times the "
    "risk, and with steps that are smaller in proportion "
    "{smaller_steps:.1f} times.",
    wider.below(4),
    deeper=deeper.below(3),
    smaller_steps=smaller.below(2.5),
    same=same.value,
    wrong_if="ten times the width might make the excess risk four times as "
    "large, twice the depth three times, or ten times the width with smaller "
    "steps two and a half times",
    threshold_from="after seeing",
)

# %%
# With smaller steps the large are hardly further off. But smaller steps may
# help ten units a layer, too, and that we have not measured.
#
# Given time, the larger are faster
# ---------------------------------
#
# With more steps, and all points in each, the story's network follows much of
# the noise
# (:doc:`/auto_examples/2_is_it_true/plot_2_what_if_we_keep_training`). Can one
# do so that has as many parameters as points, or a few times as many?

LONG = (800, 6400, 25600)


def train(moments, n_seeds=N_FEW, **changes):
    """Return the table of networks that see all points in every step."""
    grid = {"batch_size": None, "moments": moments, **changes}
    grid = {name: [value] for name, value in grid.items()}
    many = {"seed": SEED, "n_seeds": n_seeds, "seeds_per_block": n_seeds}
    return run_sweep(follow_recipe, grid, **many)


small, hundred, story = (10,) * 5, (33,), STORY.hidden_widths
flat, deep = (1000,), (30,) * 5
patient = {}
for widths in (hundred, small):
    patient[widths] = train(LONG, hidden_widths=widths)
for widths in (flat, deep):
    patient[widths] = train(LONG[:2], hidden_widths=widths)
# The story's, at the moments of the page where it has been trained.
moments = (100, 200, 400, 800, 1600, 3200, 6400)
patient[story] = train(moments, N_FULL)[:N_FEW]
fingerprints.state("late", patient[small][["followed_25600", "risk_25600"]])

figure, ax = plt.subplots(figsize=(5.6, 5.0))
late = {
    moment: {
        widths: effective(table[f"followed_{moment}"])
        for widths, table in patient.items()
        if f"followed_{moment}" in table
    }
    for moment in LONG
}
for moment, (role, marker) in zip(
    LONG,
    (("series_b", "s"), ("series_a", "o"), ("series_c", "^")),
    strict=True,
):
    order = sorted(late[moment], key=parameters)
    counts, color = list(map(parameters, order)), figures.LIGHT[role]
    heights = [late[moment][widths].value for widths in order]
    ax.plot(counts, heights, marker=marker, color=color, linewidth=1)
    ends = np.transpose([late[moment][widths].ends for widths in order])
    ax.vlines(counts, *ends, color=color, linewidth=1)
    words = {"textcoords": "offset points", "xytext": (9, 0)}
    words |= {"ha": "center", "xytext": (0, 26)} if moment == LONG[-1] else {}
    place = counts[-1], heights[-1]
    ax.annotate(f"{moment:,} steps", place, va="center", **words)
reach = np.geomspace(20, 1e6, 200)
ax.plot(reach, np.minimum(reach, 100), color=figures.LIGHT["muted"])
ax.axhline(2, color=figures.LIGHT["line"], zorder=1)
ax.axvline(100, color=figures.LIGHT["grid"], linewidth=6, zorder=0)
ax.set(xscale="log", yscale="log", ylim=(0.7, 150), xlim=(20, 1e6))
ax.set(xlabel="parameters", ylabel="effective parameters")
ax.set_title("Time, and size, let them use more")
figures.show(
    figure,
    caption="All points in every step. Means over 20 networks with their 99% "
    "intervals. From left to right: one layer of 33 units, five of 10, one "
    "of 1,000, five of 30, and the story's. Gray: each parameter "
    "used, up to one for each point.",
    alt="Three curves over the number of parameters. After 800 steps a level "
    "row near two, rising to seven at the right end. After 6,400 steps from "
    "about four at the left to about thirty at the right. After 25,600 steps, "
    "for the two smallest only, from about six to about seventeen. All are "
    "below the gray line.",
)

gained = effective(
    patient[small].followed_25600 - patient[small].followed_6400
)
ahead = effective(
    patient[story].followed_6400 - patient[hundred].followed_6400
)
deeper = effective(patient[deep].followed_6400 - patient[flat].followed_6400)
measured(
    "size-is-speed",
    "With all points in every step, the story's network effectively uses "
    "{story:.0f} parameters after 6,400 steps, {:.0f} more than one layer of "
    "33 units, which has as many parameters as points, {points}. But {small} "
    "parameters in five layers get to {later:.0f} in four times as many "
    "steps, {gained:.0f} more than after 6,400. At about one size, deeper is "
    "faster: five layers, {deep:,} parameters, are {deeper:.0f} ahead of one "
    "layer with {flat:,}.",
    ahead.above(10),
    gained=gained.above(3),
    deeper=deeper.above(0),
    wrong_if="the story's network might be ahead by no more than ten, the "
    "small one gain no more than three, or the five layers be no more than "
    "the one layer",
    deep=parameters(deep),
    flat=parameters(flat),
    story=late[6400][story].value,
    points=parameters(hundred),
    small=parameters(small),
    later=late[25600][small].value,
    threshold_from="after seeing",
)

# %%
# The story's network is deeper and wider than the layer of 33. Width alone
# adds less, and whether a hundred parameters are slow or unable stays open:

fast = train(LONG, hidden_widths=hundred, learning_rate=0.1)
few, many = patient[hundred], patient[flat]
tables.show(
    {
        "effective parameters": [
            "one layer of 1,000 less one of 33, 6,400 steps",
            "one layer of 33, 25,600 steps",
            "ten times the rate less that, 25,600 steps",
        ],
        "mean": [
            effective(many.followed_6400 - few.followed_6400),
            effective(few.followed_25600),
            effective(fast.followed_25600 - few.followed_25600),
        ],
    },
    mean=".1f",
)

# %%
# On the plane of the two numbers, all go along one road. More steps lead
# further along it, and so do more parameters, or larger steps.

figure, ax = plt.subplots(figsize=(5.6, 4.6))
figures.plot_plane(ax, {"join the dots": (1, ladder.join_the_dots())})
floor = 2 / 100, ladder.least_squares()
ax.plot(*floor, "o", markersize=8, color=figures.LIGHT["muted"])
ax.annotate("least\nsquares ", floor, ha="right", va="center")
tracks = {
    "100": (patient[hundred], "series_a", "o"),
    "100, faster": (fast, "series_c", "^"),
    "471": (patient[small], "series_b", "s"),
    "40,701": (patient[story], "network", "D"),
}
places = [(11, -8), (11, -4), (11, -8), (-12, 6)]
for (name, (found, role, marker)), place in zip(
    tracks.items(), places, strict=True
):
    seen = [moment for moment in LONG if f"risk_{moment}" in found]
    across = [found[f"followed_{moment}"].mean() for moment in seen]
    up = [found[f"risk_{moment}"].median() for moment in seen]
    color = figures.LIGHT[role]
    ax.plot(across, up, color=color, marker=marker, linewidth=1.5)
    words = {"textcoords": "offset points", "va": "center", "xytext": place}
    words |= {"ha": "left" if place[0] > 0 else "right"}
    ax.annotate(name, (across[-1], up[-1]), **words)
ax.set(ylim=(0.04, 5), xlim=(0.008, 1.4))
ax.set_title("One road, at several speeds")
figures.show(
    figure,
    caption="Numbers of parameters, after 800, 6,400 and, but for the "
    "story's, 25,600 steps with all points. Means of the noise followed, "
    "medians of the excess risk. One track has ten times the learning rate.",
    alt="Four tracks lie on one line that rises from close to least squares "
    "towards joining the dots. That of 100 parameters is the shortest, with "
    "ten times the rate it is longer, and that of 40,701 ends furthest along "
    "it, after 6,400 steps; 471 get about half as far in 25,600.",
)

# %%
# Lessons
# -------
#
# "Too many parameters" explains nothing here. In the story's 800 steps, even a
# million leave a network close to a line. Given time, width and depth make a
# network faster, on one and the same road. A small one may be late rather than
# safe: one of 471 parameters is.
#
# What this does not show: the long run of networks larger than the story's, or
# where the road of a small one ends; nor long runs with small batches. And the
# rate of 0.1 / width is a rule of thumb.
#
# .. exercise:: Ten units, fifty layers
#
#    Predict first: fifty layers of ten units. By the formula, one such network
#    in twenty is born dead. How many are dead after 800 steps? Add ``50:
#    (10,)`` to ``WIDTHS``, run the page down to the first figure, and print
#    the mean of ``sizes[(10,) * 50].risk >= best_constant``.
#
#    .. answer::
#
#       Two in three. All but a few of them were alive at birth: in fifty
#       layers there are many that can be turned off.
