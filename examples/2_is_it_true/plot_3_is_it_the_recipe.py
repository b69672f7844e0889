# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Is it the recipe?
=================

The story's recipe has a learning rate of 0.01, batches of 32 and raw inputs.
Somebody chose these numbers. We draw the map around them and expect the
learning rate to decide how much noise is followed. It decides something else:
how far from the truth the last step lands. How much noise is followed is
decided by the batches and the scaling of the inputs, together. (Of the
scaling, it is the shift that matters, as the next page finds.)
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from overfit_tutorial import figures, fingerprints, ladder, statistics
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.recipe import judge_recipe
from overfit_tutorial.sweeps import run_sweep

plt.style.use(figures.STYLE)
SEED, N_SEEDS = 30, 14
RATES, BATCHES = [0.001, 0.01], [10, 32, 100]

# %%
# Two rates, three sizes of batches, two scales
# ---------------------------------------------
#
# Twelve recipes train 800 steps each, on the same data sets. A batch of 100
# is all points in every step.

table = run_sweep(
    judge_recipe,
    {
        "standardize_x": [False, True],
        "batch_size": BATCHES,
        "learning_rate": RATES,
        "steps": [800],
    },
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=N_SEEDS,
)
fingerprints.state("recipes", table)
table["ratio"] = table.risk / table.line_risk

# %%
# Two numbers for each recipe: how many times as far from the truth as the
# straight line the last step lies, in excess risk (medians), and how much of
# the noise the network follows (means).

cells = table.groupby(["standardize_x", "batch_size", "learning_rate"])
found = {"ratio": cells.ratio.median(), "followed": cells.followed.mean()}

figure, axes = plt.subplots(2, 2, figsize=(5.6, 6.4))
kinds = {"ratio": (1, 30, ".1f"), "followed": (0.02, 0.4, ".0%")}
for line, (name, (least, most, form)) in zip(axes, kinds.items(), strict=True):
    for ax, standardized in zip(line, (False, True), strict=True):
        for row, size in enumerate(BATCHES):
            for column, rate in enumerate(RATES):
                value = found[name][standardized, size, rate]
                depth = np.log(value / least) / np.log(most / least)
                patch = {"facecolor": figures.LIGHT["network"]}
                patch["alpha"] = 0.6 * np.clip(depth, 0, 1)
                ax.add_patch(Rectangle((column, row), 0.96, 0.96, **patch))
                story = not standardized and size == 32 and rate == 0.01
                ax.annotate(
                    f"{value:{form}}",
                    (column + 0.48, row + 0.48),
                    ha="center",
                    va="center",
                    weight="bold" if story else "normal",
                )
        if not standardized:
            edge = {"edgecolor": figures.LIGHT["ink"], "fill": False}
            ax.add_patch(Rectangle((1, 1), 0.96, 0.96, linewidth=2, **edge))
        ax.set(xlim=(0, 2), ylim=(3, 0))
        ax.set_xticks([0.48, 1.48], RATES)
        ax.set_yticks([0.48, 1.48, 2.48], ["10", "32", "all"])
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
    line[0].set_ylabel("points a step")
axes[0, 0].set_title("Excess risk, in units of the line's")
axes[1, 0].set_title("Noise followed: one row stands out")
for line in axes:
    line[0].set_xlabel("rate, raw inputs")
    line[1].set_xlabel("rate, standardized")
figures.show(
    figure,
    caption="Above: excess risk of the last step over the line's. Below: "
    "noise followed; the line follows 2%. The frame is the story's recipe.",
    alt="Two pairs of heat maps, two learning rates by three sizes of "
    "batches. With small batches and raw inputs the risk grows with the rate. "
    "The noise followed hardly does. It is high in one row only: standardized "
    f"inputs, all points in every step, with {found['followed'].max():.0%} at "
    "most.",
    headline=True,
)

# %%
# The batches and the scale decide how much noise is followed
# -----------------------------------------------------------
#
# One row of the map follows far more of the noise than all others:
# standardized inputs *and* all points in every step. To say so of many seeds,
# we average over both rates and compare each seed with itself.


def followed(standardized, size):
    """Return the noise followed in the mean over the rates, seed by seed."""
    row = table[
        (table.standardize_x == standardized) & (table.batch_size == size)
    ]
    return row.groupby("seed").followed.mean()


def mean_over_seeds(values):
    """Return the mean over seeds with its interval."""
    return statistics.bootstrap_interval(
        values, np.mean, seed=0, confidence=0.99
    )


corner = followed(True, 100)
measured(
    "batch-and-scale-decide",
    "With standardized inputs and all points in every step, 800 steps follow "
    "{corner:.0%} of the noise. With raw inputs they follow {:.0%} less, with "
    "batches of 32 {batches_of_32:.0%} less.",
    mean_over_seeds(corner - followed(False, 100)).above(0),
    batches_of_32=mean_over_seeds(corner - followed(True, 32)).above(0),
    wrong_if="one of the two settings might do as much alone",
    headline=True,
    corner=corner.mean(),
    threshold_from="theory",
)

# %%
# The rate decides how far the last step lands
# --------------------------------------------
#
# In the story's row of the upper map the risk grows with the rate; below,
# hardly anything happens. Here are the first 120 networks of
# :doc:`/auto_examples/2_is_it_true/plot_1_was_it_luck` again, with a tenth of
# the rate. And the story's predict once more, by weights averaged over the
# second half of the steps.

LUCK_SEED, N_LUCK = 2, 120
changed = run_sweep(
    judge_recipe,
    [{"redraw": [0]}, {"learning_rate": [0.001]}],
    seed=LUCK_SEED,
    n_seeds=N_LUCK,
    seeds_per_block=40,
)
fingerprints.state("last-steps", changed)
story, slow = (
    changed[k * N_LUCK : (k + 1) * N_LUCK].reset_index() for k in range(2)
)

figure, ax = plt.subplots(figsize=(5.6, 5.0))
rows = {
    "the story": (story.risk, "network"),
    "a tenth of\nthe rate": (slow.risk, "series_a"),
    "averaged\nweights": (story.averaged_risk, "series_c"),
    "the line": (story.line_risk, "line"),
}
rungs = {"least squares": ladder.least_squares()}
figures.plot_studies(ax, rows, rungs | {"dots": ladder.join_the_dots()})
ax.set_title("Most of the distance is the last steps", x=0)
figures.show(
    figure,
    caption=f"Each dot is one of {N_LUCK} seeds, each diamond a median with "
    "its 99% interval. The same data sets in every row.",
    alt="Four rows of dots on a logarithmic axis of excess risk. Medians: "
    + ", ".join(
        f"{' '.join(name.split())} {risks.median():.2f}"
        for name, (risks, _) in rows.items()
    )
    + ".",
)

# %%
# How many times the line's is that, in the mean over the seeds?


def times(risk, other):
    """Return the ratio of two mean excess risks, with its interval."""
    return statistics.ratio_interval(
        risk, other, seed=0, statistic=np.mean, confidence=0.99
    )


measured(
    "the-last-steps-are-large",
    "The factor between network and line, {story:.1f}, is largely the size of "
    "the last steps. With a tenth of the learning rate it is {slow:.1f}, with "
    "averaged weights {calm:.1f}: {:.2f} and {averaged:.2f} times as much.",
    times(slow.risk, story.risk).below(1),
    averaged=times(story.averaged_risk, story.risk).below(1),
    story=times(story.risk, story.line_risk).value,
    slow=times(slow.risk, story.line_risk).value,
    calm=times(story.averaged_risk, story.line_risk).value,
    threshold_from="theory",
)

# %%
# Smaller steps end nearer to the truth; they do not follow less of the noise,
# or so little less that 120 seeds do not show it.

measured(
    "the-rate-hardly-moves-the-noise",
    "Ten times the learning rate makes the network follow {:.1%} more of the "
    "noise: {story:.1%} instead of {slow:.1%}.",
    mean_over_seeds(story.followed - slow.followed).inside(-0.05, 0.05),
    wrong_if="the interval left the margin of 5% on either side, half of what "
    "we call overfitting",
    story=story.followed.mean(),
    slow=slow.followed.mean(),
    threshold_from="after seeing",
)

# %%
# Lessons
# -------
#
# The story's recipe is not a lucky point on the map: with raw inputs or small
# batches, neither rate lets a tenth of the noise in within 800 steps. What
# standardizing does, a shift and a new unit, the next page takes apart.
#
# *How far from the truth* and *how much of the noise* are two questions. The
# rate answers the first. A network that is far from the truth may simply have
# been stopped in mid-step.
#
# What this does not show: rates beyond these two. Nor that 800 steps are
# enough to tell; the map would look different later.
#
# .. exercise:: The map of the averaged weights
#
#    Predict first: what becomes of the two maps if they show averaged weights
#    instead of the last step? Put ``averaged_`` before ``risk`` and
#    ``followed`` where the two numbers are computed.
#
#    .. answer::
#
#       The upper one pales, most with raw inputs and small batches; with all
#       points in every step there is little to average away. The lower one
#       hardly changes.
#
# .. exercise:: As many epochs instead of as many steps
#
#    Predict first: an epoch is ten steps with batches of 10, and one with all
#    points. Which row follows most of the noise if every recipe gets 200
#    epochs? Replace ``"steps": [800]`` by ``"epochs": [200]``.
#
#    .. answer::
#
#       None stands out any more. All points in every step make 200 steps then,
#       batches of ten make 2,000, and with standardized inputs both let about
#       as much of the noise in. "Equally long" is a choice.
