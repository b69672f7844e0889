# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Other activations?
==================

A network of ReLU units is born as a straight line. Networks of other units are
not. We expected that what is born bent chases more of the noise, and that any
unit is safe once it is born straight. So it was for GELU. For tanh, the only
other unit that we straightened, we were wrong: what spoils it is not its birth
alone.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import gmean

from overfit_tutorial import (
    data,
    figures,
    fingerprints,
    ladder,
    statistics,
    tables,
)
from overfit_tutorial.claims import exact, measured, number
from overfit_tutorial.studies.births import KEPT, judge_births
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
SEED, N_SEEDS, N_FEW = 190, 64, 20
UNITS = {
    "ReLU": "relu",
    "leaky ReLU": "leaky_relu",
    "GELU": "gelu",
    "tanh": "tanh",
}

# %%
# Two units know no scale
# -----------------------
#
# An *activation* is what a unit makes of the number that enters it. ReLU keeps
# what is above zero, and drops what is below; leaky ReLU keeps a fifth of
# that, too. Give them twice the number, and they return twice as much. Without
# biases, a network of such units is a line to the right of zero, whatever its
# weights: :doc:`Why does it start as a line?
# </auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line>`
#
# The other two bend gently where numbers are about 1 in size, and so they do
# know a scale. GELU is a ReLU with a rounded corner, tanh levels off on both
# sides. All else is the story's recipe: 800 steps, batches of 32. The networks
# of a seed have the same points, first weights and batches.


def train(name, n_seeds=N_FEW, **changes):
    """Return the table of networks of one unit, with further changes."""
    grid = {"activation": [UNITS[name]]}
    grid |= {setting: [value] for setting, value in changes.items()}
    many = {"seed": SEED, "n_seeds": n_seeds, "seeds_per_block": 32}
    return run_sweep(judge_births, grid, **many)


COUNTS = {"ReLU": N_SEEDS, "GELU": N_SEEDS}
story = {name: train(name, COUNTS.get(name, N_FEW)) for name in UNITS}
fingerprints.state("relu", story["ReLU"][["followed", "risk", "straight"]])

# %%
# What is born bent stays bent
# ----------------------------
#
# Here are eight newborn networks of each unit, and what 800 steps make of
# them. To see the bends, we subtract the truth.

figure, axes = plt.subplots(4, 2, figsize=(5.6, 6.0), sharex=True)
for row, (name, table) in zip(axes, story.items(), strict=True):
    places = range(KEPT.size)
    born = table[[f"born_{k}" for k in places]].to_numpy()[:8]
    off = table[[f"trained_{k}" for k in places]].to_numpy()[:8]
    off = off - data.TRUE_LINE(KEPT)
    straight = name in ("ReLU", "leaky ReLU")
    color = figures.LIGHT["network" if straight else "series_a"]
    highest = np.abs(born).max(axis=1, keepdims=True)
    row[0].plot(KEPT, (born / highest).T, color=color, linewidth=1)
    row[1].plot(KEPT, off.T, color=color, linewidth=1)
    row[1].axhline(0, **figures.mark("truth") | {"linewidth": 1.2})
    row[0].set(ylim=(-1.1, 1.1), yticks=[])
    row[0].set_ylabel(name)
    row[1].set(ylim=(-4, 4), yticks=[-3, 0, 3])
    row[0].axhline(0, color=figures.LIGHT["muted"], linewidth=0.8, zorder=0)
axes[0, 0].set_title("At birth")
axes[0, 1].set_title("After 800 steps")
for ax in axes[-1]:
    ax.set(xlabel="x", xticks=range(0, 21, 5))
figures.show(
    figure,
    caption="Eight networks of each unit. Left: before training, each drawn "
    "as high as the others. Right: after it, minus the truth. Orange: born as "
    "lines. Purple: born bent.",
    alt="Four rows of two panels. At birth, networks of ReLU and of leaky "
    "ReLU are straight lines from zero up or down; those of GELU and tanh are "
    "curves, and those of tanh level off. After training, ReLU and leaky ReLU "
    "differ from the truth by lines with a few bends at the left end. GELU "
    "has more bends, and tanh has steps and teeth everywhere and lies "
    "furthest off.",
)

# %%
# How bent is a curve? We fit the best straight line to it, and ask which share
# of its variance is left: nothing of a line, a sixteenth of a parabola that
# begins in its vertex.

newborn = [story[name].bent_at_birth for name in ("ReLU", "leaky ReLU")]
newborn = np.concatenate(newborn)
exact(
    "two-are-born-as-lines",
    "Of {networks} networks of ReLU or leaky ReLU, {} are born with bends "
    "that have a trillionth of their variance. In the median, bends have "
    "{gelu:.0%} of it for GELU, and {tanh:.0%} for tanh.",
    number(np.count_nonzero(newborn > 1e-12)).equal_to(0),
    networks=len(newborn),
    gelu=story["GELU"].bent_at_birth.median(),
    tanh=story["tanh"].bent_at_birth.median(),
    wrong_if="any network of the first two units were born with more bends",
    threshold_from="theory",
)

# %%
# A line pays less for its bends
# ------------------------------
#
# A part of the excess risk is the straight line nearest to the curve: wrong
# height and tilt. The rest is what its bends cost. And the noise followed,
# times the hundred points, is how many parameters a network effectively uses.


def middle(values):
    """Return the median over seeds with its 99% interval."""
    return statistics.quantile_interval(values, confidence=0.99)


def mean(values):
    """Return the mean over seeds with its 99% interval."""
    kwargs = {"seed": 0, "confidence": 0.99}
    return statistics.bootstrap_interval(values, np.mean, **kwargs)


# %%
# All tables of this page have one form. ReLU as it is is the story's network,
# with other seeds than elsewhere: its interval says how much these can matter.


def show_table(networks):
    """Show birth, noise followed, distance, and what bends cost."""
    rows = networks.values()
    columns = {
        "unit": list(networks),
        "bent at birth": [t.bent_at_birth.median() for t in rows],
        "parameters used": [mean(100 * t.followed) for t in rows],
        "excess risk": [t.risk.median() for t in rows],
        "bends cost": [(t.risk - t.straight).median() for t in rows],
    }
    formats = {"bent_at_birth": ".1%", "parameters_used": ".1f"}
    tables.show(columns, excess_risk=".2f", bends_cost=".2f", **formats)


show_table(story)

figure, ax = plt.subplots()
groups = {
    "ReLU, leaky ReLU": "network",
    "GELU": "series_a",
    "tanh": "series_b",
}
clouds = {}
for names, role in groups.items():
    pair = [
        np.concatenate([story[name][column] for name in names.split(", ")])
        for column in ("followed", "risk")
    ]
    clouds[names] = (pair[0].clip(min=-0.02), pair[1], role)
name = "least squares"
rungs = {name: (ladder.noise_followed()[name], ladder.rungs()[name])}
figures.plot_plane(ax, rungs, fits=clouds)
ax.set(ylim=(0.02, 40), title="GELU follows more, tanh is further off")
figures.show(
    figure,
    caption="Each dot is one network of the story, each diamond the median of "
    "its group. Those that follow less than -2% stand at the left edge; "
    "what lies above the frame is not drawn.",
    alt="A plane of noise followed and excess risk. The cloud of GELU lies a "
    "little to the right of that of ReLU and leaky ReLU, and slightly higher. "
    "The dots of tanh are scattered from left to right above both.",
)

# %%
# How much tanh follows, twenty seeds cannot tell; how far off it is, they can.
# Is a straight birth cheaper? We compare each seed with itself, in all pairs
# of one unit of each kind.

LINES, BENT = list(UNITS)[:2], list(UNITS)[2:]
bends = {name: t.risk - t.straight for name, t in story.items()}
few = {name: cost[:N_FEW] for name, cost in bends.items()}
less = np.mean([few[one] < few[k] for one in LINES for k in BENT], axis=0)

measured(
    "bends-of-other-units",
    "In {:.0%} of the pairs of two networks of one seed, one born as a line "
    "and one born bent, the bends of the first cost less. In the median those "
    "of ReLU cost {relu:.2f} of excess risk, those of GELU {gelu:.2f}, and "
    "seed by seed {more:.2f} more.",
    mean(less).above(0.5),
    more=middle(bends["GELU"] - bends["ReLU"]).above(0),
    relu=bends["ReLU"].median(),
    gelu=bends["GELU"].median(),
    wrong_if="it might be half of the pairs, as by chance, or the bends of "
    "GELU might cost no more than those of ReLU",
    threshold_from="theory",
)

# %%
# Birth decides between ReLU and GELU
# -----------------------------------
#
# Is it the birth, or the kind of unit? We let them change places. ReLU is born
# bent if its biases are random. GELU is born nearly straight if it sees *x* /
# 20: so near to zero it is almost a line. A smaller input also changes how far
# a step of training moves the curve, so ReLU has to see *x* / 20, too.

crossed = {
    "ReLU, born a line": story["ReLU"],
    "ReLU, sees x / 20": train("ReLU", unit=20.0),
    "GELU, sees x / 20": train("GELU", N_SEEDS, unit=20.0),
    "ReLU, random biases": train("ReLU", N_SEEDS, bias_std=1.0),
    "GELU, born bent": story["GELU"],
}
show_table(crossed)

FOLLOWED = [f"followed_quarter_{k}" for k in (1, 2, 3, 4)]
figure, axes = plt.subplots(2, 2, figsize=(5.6, 5.0), sharex=True, sharey=True)
order = [name for name in crossed if name != "ReLU, sees x / 20"]
order = [order[k] for k in (0, 2, 1, 3)]
for ax, name in zip(axes.flat, order, strict=True):
    bars = [mean(crossed[name][quarter]) for quarter in FOLLOWED]
    bent = crossed[name].bent_at_birth.median() > 0.01
    color = figures.LIGHT["series_a" if bent else "network"]
    ax.bar(range(4), [bar.value for bar in bars], color=color, width=0.7)
    ends = np.array([bar.ends for bar in bars])
    ax.vlines(range(4), *ends.T, color=figures.LIGHT["ink"], linewidth=1.5)
    ax.set_title(name, fontweight="normal")
    ax.grid(axis="x", visible=False)
ax.set_xticks(range(4), ["0–5", "5–10", "10–15", "15–20"])
ax.yaxis.set_major_formatter("{x:.0%}")
title = {"x": 0.02, "ha": "left", "fontsize": 13, "fontweight": "bold"}
figure.suptitle("Born bent, either follows more, mostly on the left", **title)
figure.supxlabel("x", fontsize=12)
figure.supylabel("noise followed", fontsize=12)
figures.show(
    figure,
    caption=f"Means over {N_SEEDS} networks with their 99% intervals, by "
    "quarter of x. Left: born as lines, or nearly. Right: born bent.",
    alt="Four panels of four bars. ReLU with random biases and GELU as it is "
    "have a higher first bar than ReLU as it is and GELU that sees x / 20. "
    "The last bars of all four are about as high.",
    headline=True,
)

# %%
# What do two bent births cost, more than two straight ones? (The smaller input
# alone does little: the second row uses about as many parameters as the first,
# though its bends cost a little more. Nor do the more bent follow more: ReLU
# with random biases is bent more than GELU, and uses no more parameters.)

lines = (story["ReLU"], crossed["GELU, sees x / 20"])
bent = (crossed["ReLU, random biases"], story["GELU"])
more = sum(t.followed for t in bent) / 2 - sum(t.followed for t in lines) / 2
used = {name: 100 * t.followed.mean() for name, t in crossed.items()}
measured(
    "birth-decides",
    "Between ReLU and GELU it is the birth that counts. ReLU is born as a "
    "line and effectively uses {relu:.1f} parameters; born bent, "
    "{relu_bent:.1f}. GELU is born bent and uses {gelu:.1f}; born nearly as a "
    "line, {gelu_line:.1f}. A bent birth costs {:.1f}, on average.",
    mean(100 * more).above(1),
    headline=True,
    relu=used["ReLU, born a line"],
    relu_bent=used["ReLU, random biases"],
    gelu=used["GELU, born bent"],
    gelu_line=used["GELU, sees x / 20"],
    threshold_from="after seeing",
)

# %%
# But tanh becomes a staircase
# ----------------------------
#
# So tanh should be safe, too, if it sees *x* / 20. It is not. Its trouble is
# another one: beyond two or so a unit of tanh is flat. In one step of training
# a hundred weights before it move by about 0.01 each, so what enters it can
# move by 1, half of its room. What it then draws is a step, or nothing but a
# level line. If that is so, a unit of the same shape with ten times the room
# should be calm.

ROOM = 10.0


def roomy_tanh(z):
    """Return tanh, stretched in both directions."""
    return ROOM * keras.ops.tanh(z / ROOM)


UNITS["roomy tanh"] = roomy_tanh
stretched = {
    "tanh": story["tanh"],
    "tanh, sees x / 20": train("tanh", unit=20.0),
    "tanh with room": train("roomy tanh"),
}
show_table(stretched)

figure, axes = plt.subplots(1, 3, figsize=(5.6, 2.8), sharex=True, sharey=True)
for ax, (name, table) in zip(axes, stretched.items(), strict=True):
    curves = table[[f"trained_{k}" for k in range(KEPT.size)]].to_numpy()[:6]
    ax.plot(KEPT, curves.T, color=figures.LIGHT["series_a"], linewidth=1)
    ax.plot(KEPT, data.TRUE_LINE(KEPT), **figures.mark("truth"))
    ax.set_title(name, fontweight="normal", fontsize=12)
    ax.set(xlabel="x", xticks=(0, 10, 20))
axes[0].set(ylabel="y", ylim=(0, 20))
title = {"x": 0.02, "ha": "left", "fontsize": 13, "fontweight": "bold"}
figure.suptitle("Steps, unless there is room", **title)
figures.show(
    figure,
    caption="Six networks each, after 800 steps, and the dashed truth.",
    alt="Three panels. Curves of tanh rise in steps, or are level. Those that "
    "see x / 20 rise in rounder steps. Those with ten times the room lie near "
    "the dashed line.",
)

calm = stretched["tanh with room"].risk
many = {"statistic": gmean, "seed": 0, "confidence": 0.99}
times = [
    statistics.ratio_interval(calm, stretched[name].risk, **many)
    for name in ("tanh, sees x / 20", "tanh")
]
measured(
    "tanh-needs-room",
    "With ten times the room, the excess risk of tanh is {tanh:.2f} times "
    "what it is without, and {:.2f} times what it is if tanh is only born "
    "nearly as a line.",
    times[0].below(1),
    tanh=times[1].below(1),
    wrong_if="one of the two ratios, of geometric means over the seeds, might "
    "be 1 or more",
    threshold_from="theory",
)

# %%
# Lessons
# -------
#
# A straight birth is part of what protects the story's network
# (:doc:`/auto_examples/2_is_it_true/plot_4_which_ingredient`), and it is no
# gift of ReLU. ReLU loses it with random biases. GELU has it, too, where it
# sees small numbers. But a straight birth is not enough: the steps must fit
# into the room that a unit has.
#
# What this does not show: which unit is best. All were trained by the story's
# recipe, and nobody has tuned it for any of them.
#
# .. exercise:: How much room?
#
#    Predict first: is three times the room enough for tanh? Set ``ROOM = 3.0``
#    and read the last table.
#
#    .. answer::
#
#       No. It is nearer to the truth than tanh, and still several times as
#       far from it as with ten times the room.
