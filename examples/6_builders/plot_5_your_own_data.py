# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
What about my own data?
=======================

You have a file with two columns, and nobody knows the truth behind it. Three
calls put it through the story. We expected that two things can be said without
the truth, how many parameters a network uses and whether it beats a line; and
that the two numbers of this site cannot, not even roughly. We were wrong three
times. The second answer often stays open, even where a line misses by much.
The count, divided by the points, *is* one of the two numbers, on average. And
a network that is very far from the truth does show.
"""

import io
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from overfit_tutorial import data, figures, linear, statistics, tables
from overfit_tutorial.claims import measured
from overfit_tutorial.studies.made_up import judge_files
from overfit_tutorial.studies.own_points import (
    compare_with_line,
    count_parameters,
    estimate_noise_std,
)
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
FILE_SEED, TRAINING_SEED, MANY_SEED, LARGE_SEED = 0, 1, 2, 3
N_FILES, N_FEW = 48, 32
N_READINGS, N_KNOWN, NOISE = 160, 128, 0.15
YEARS = {"low": 1860, "high": 2025}

# %%
# A file like yours
# -----------------
#
# We do not have your file, so we make one up: 160 readings, some day in some
# year each, of what rises, rests, and rises again. The curve is ours, and so
# is the noise, 0.15 for each reading and drawn for each alone.


def truth(year):
    """Return the curve that we have made up."""
    first, second = np.tanh((year - 1925) / 15), np.tanh((year - 2000) / 15)
    return 0.4 * first + 0.8 * second


made_up = {"noise_std": NOISE, **YEARS}
points = data.sample_noisy(truth, N_READINGS, seed=FILE_SEED, **made_up)
columns = pd.DataFrame({"year": points.x, "warmth": points.y})
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / "warmth.csv"
columns.sort_values("year").round(2).to_csv(file, index=False)
print(file.read_text()[:42])

# %%
# From here on the page forgets both, until the last part but one.
#
# Three calls
# -----------
#
# One thing must come first: the units. The story's *x* goes from 0 to 20, and
# a network is born with all its bends at zero. From there to the year 1860
# they do not find the way. So we give it years that begin at 0 and end at 20,
# and let the recipe scale *y* to mean zero and variance one. What comes out is
# in your own units of *y*.

RECIPE = STORY.replace(standardize_y=True)


def rescale(years):
    """Return years in units in which the network can start."""
    return 20 * (years - 1860) / (2025 - 1860)


table = pd.read_csv(file)
folder.cleanup()  # you will want to keep yours
x, y = rescale(table["year"]), table["warmth"]

network = fit_network(x, y, RECIPE, seed=TRAINING_SEED)
used = count_parameters(x, y, RECIPE, seed=TRAINING_SEED)
gap = compare_with_line(x, y, RECIPE, seed=TRAINING_SEED)

# %%
# ``count_parameters`` shakes the points: it adds noise of its own, trains, and
# sees how much of that noise the network follows :cite:`ye1998`, as on the
# page :doc:`Could I have known?
# </auto_examples/2_is_it_true/plot_5_could_i_have_known>`
# ``compare_with_line`` trains on four fifths of the points, and compares the
# squared errors of network and line on the rest, point by point. Both come
# with a 95% interval. And the noise itself? Neighbors in time differ by little
# but their noise, so their differences tell how large it is, about
# :cite:`rice1984`.

line = linear.fit_line(x, y)
years = np.linspace(*YEARS.values(), 500)
grid = rescale(years)
figure, ax = plt.subplots(figsize=(5.6, 6.0))
ax.plot(table["year"], y, label="the file", **figures.mark("data"))
figures.plot_curve(ax, years, network.predict(grid), role="network")
figures.plot_curve(ax, years, line(grid), role="line")
ax.set(xlabel="year", ylabel="warmth", title="A file, a network, a line")
ax.legend()
figures.show(
    figure,
    caption="The readings of the file, and the two curves that were fitted to "
    "them.",
    alt="Dots over the years from 1860 to 2025 that rise, rest and rise "
    "again. The network's curve follows these bends smoothly; the straight "
    "line cuts through them.",
    headline=True,
)

error = np.mean((network.predict(x) - y) ** 2)
tables.show(
    {
        "what": [
            "error on its own points",
            "effective parameters",
            "noise followed, on average",
            "squared error minus a line's, on held-out points",
            "noise, from neighbors",
            "excess risk",
        ],
        "what the file says": [
            f"{error:.3f}",
            f"{used:.0f}",
            f"{used.value / len(x):.0%}, {used.value:.0f} of {len(x)}",
            f"{gap:.3f}",
            f"{estimate_noise_std(x, y):.2f}",
            "cannot be told, unless large",
        ],
    }
)

# %%
# A line has 2 parameters, and a curve through all readings would have 160. A
# difference below zero, with all of its interval, says that the network is
# nearer to the truth than the line, for these points and this seed.
#
# If the file is not as it should be
# ----------------------------------
#
# Pandas reads what is there. The package says which column breaks which rule:

BAD = {
    "a gap": "year,warmth\n1860,0.1\n1861,\n1862,0.2\n",
    "a word": "year,warmth\n1860,0.1\n1861,cold\n1862,0.2\n",
    "decimal commas": 'year,warmth\n1860,"0,1"\n1861,"0,3"\n1862,"0,2"\n',
    "semicolons": "year;warmth\n1860;0.1\n1861;0.3\n1862;0.2\n",
    "one value only": "year,warmth\n1860,0.1\n1861,0.1\n1862,0.1\n",
}
small = RECIPE.replace(batch_size=None)
for name, text in BAD.items():
    try:
        bad = pd.read_csv(io.StringIO(text))
        fit_network(bad["year"], bad["warmth"], small, seed=TRAINING_SEED)
    except (KeyError, TypeError, ValueError) as refused:
        print(f"{name}: {type(refused).__name__}: {refused}")

# %%
# The second and the third are one: a column with a word in it is no column of
# numbers. ``pd.read_csv(file, sep=";", decimal=",")`` reads what a spreadsheet
# writes in much of Europe, and ``table.dropna()`` leaves out rows with gaps.
#
# Ten thousand readings
# ---------------------
#
# An epoch of 10,000 points has 313 steps. Count steps, not epochs: four epochs
# are about as many steps as the file above took. And let the network be the
# mean of its weights over the last two of them
# (:doc:`/auto_examples/2_is_it_true/plot_1_was_it_luck`). Otherwise the luck
# of its last steps drowns the count, the more so the more points there are.

large = data.sample_noisy(truth, 10_000, seed=LARGE_SEED, **made_up)
calm = {"recipe": RECIPE.replace(epochs=4, average_last=2)}
calm["seed"] = TRAINING_SEED
start = time.perf_counter()
both = rescale(large.x), large.y
fit_network(*both, **calm)
of_large = count_parameters(*both, n_shakes=10, **calm)
gap_of_large = compare_with_line(*both, **calm)
seconds = time.perf_counter() - start
steps = [RECIPE.n_steps(N_READINGS), calm["recipe"].n_steps(10_000)]
print(f"{steps[0]:,} and {steps[1]:,} steps; {seconds:.0f} seconds for all")
print(f"parameters: {of_large:.0f}; difference: {gap_of_large:.3f}")

# %%
# Are these answers right?
# ------------------------
#
# Now we remember that we know the truth. Forty-eight files, each made up anew,
# get the same treatment: the last 32 readings of each are held out, and the
# others are shaken once, up and down. ``judge_files`` does it, and adds what
# is true. On all of them a line should lose. So it gets 32 files that
# rise evenly by about as much, where it should win; these are not shaken.

even_rise = data.Line(slope=2.4 / 165, intercept=-1.2 - 1860 * 2.4 / 165)
cell = {"truth": [truth], "recipe": [RECIPE], "scaled": [True]}
cell |= {name: [value] for name, value in made_up.items()}
cell |= {"n_known": [N_KNOWN], "n_held": [N_READINGS - N_KNOWN]}
many = {"seed": MANY_SEED, "seeds_per_block": N_FEW}
files = run_sweep(judge_files, cell, n_seeds=N_FILES, **many)
cell |= {"truth": [even_rise], "shake": [False]}
even = run_sweep(judge_files, cell, n_seeds=N_FEW, **many)

figure, ax = plt.subplots(figsize=(5.6, 6.4))
rungs = {"line": (2 / N_KNOWN, files.line.median())}
fits = {"network": (files.followed.clip(lower=-0.02), files.risk, "network")}
figures.plot_plane(ax, rungs, fits=fits)
ax.set_yticks([0.003, 0.01, 0.03], ["0.003", "0.01", "0.03"])
ax.set_title("What only we can see")
figures.show(
    figure,
    caption="Each dot is the network of one file, the diamond their median: "
    "how far it is from the truth, and how much of the noise it follows. "
    "Left of 0% it follows less than none; what is below -2% is drawn there.",
    alt="A cloud of dots, with noise followed up to a fifth and excess risks "
    "mostly far below that of the line, which stands at the left above all "
    "but a few of them.",
)

# %%
# Held-out points first: does the interval of one file say who is nearer to the
# truth, and is it right?
both = pd.concat([files, even])
nearer = both.risk < both.line
says = np.sign(both.gap) * (both.gap.abs() > 2.04 * both.doubt)
right = (says == np.where(nearer, -1, 1)).to_numpy()
wrong = (says != 0).to_numpy() & ~right
won = [int(part.sum()) for part in np.split(nearer.to_numpy(), [N_FILES])]
print(f"nearer to the truth than the line: {won} of {[N_FILES, N_FEW]}")

# %%
# Then the count. By the noise that is in the points, which only we know, there
# is another one.

counts = {
    name: statistics.bootstrap_interval(
        N_KNOWN * values, np.mean, seed=0, confidence=0.99
    )
    for name, values in (("shaken", files.shaken), ("known", files.followed))
}

# %%
# And the excess risk? One could try: the squared error on held-out points is
# the noise variance plus the excess risk, and neighbors tell the noise. The
# difference of these two is a guess. But the squared errors scatter, and the
# estimate of the noise does, with a variance of about :math:`3 \sigma^4 / n`.
# So the guess sees an excess risk only if it is large.

guess = files.error - files.noise**2
off = np.sqrt(files.scatter**2 + 3 * files.noise**4 / N_READINGS)
maybe_none = statistics.share_interval(
    (guess < 1.96 * off).to_numpy(), confidence=0.99
)
goes_with = np.corrcoef(guess, files.risk)[0, 1]
print(f"correlation of guess and excess risk: {goes_with:.2f}")
cell |= {"truth": [truth], "scaled": [False]}
raw = run_sweep(judge_files, cell, n_seeds=N_FEW, **many)
orders = np.log10(raw.risk / files.risk[:N_FEW])
fails = statistics.bootstrap_interval(orders, np.mean, seed=0, confidence=0.99)

figure, ax = plt.subplots(figsize=(5.6, 6.0))
ends = [guess.min() - 0.002, guess.max() + 0.002]
ax.plot(files.risk, guess, "o", color=figures.LIGHT["network"], markersize=4)
ax.plot([0, max(ends)], [0, max(ends)], **figures.mark("truth"))
ax.axhline(0, color=figures.LIGHT["muted"], linewidth=1)
ax.set(xlabel="excess risk", ylabel="guess: held-out error less noise")
ax.set_title("A file knows its excess risk if it is large")
figures.show(
    figure,
    caption="Each dot is one file. On the dashed line, the guess would be "
    "right; below zero it is impossible.",
    alt="Dots around a rising dashed line. The few far to the right are high "
    "up, too. Most are in the lower left corner, where they scatter by as "
    "much as they are worth, some of them below zero.",
)

# %%
# Four claims, of what can be said, what cannot, and what one must not forget.

measured(
    "held-out-points-tell",
    "Where the truth bends and a line misses it by much, held-out points tell "
    "for {:.0%} of {n} files, rightly, whether the network or the line is "
    "nearer. Where it is straight they tell for {straight:.0%}. They tell it "
    "wrongly for {wrong:.0%} of all, and for the others nothing.",
    statistics.share_interval(right[:N_FILES], confidence=0.99).above(0.4),
    straight=statistics.share_interval(right[N_FILES:], confidence=0.99).below(
        0.7
    ),
    wrong=statistics.share_interval(wrong, confidence=0.99).below(0.15),
    headline=True,
    threshold_from="after seeing",
)
measured(
    "your-parameters-can-be-counted",
    "By noise of its own, which needs no truth, the network uses {:.0f} "
    "parameters on such files; by the noise that is in them, {known:.0f}. A "
    "line uses 2, and a curve through all points {all}.",
    counts["shaken"].inside(5, 40),
    known=counts["known"].inside(5, 40),
    all=N_KNOWN,
    wrong_if="one count or the other might be 5 or less, or 40 or more",
    threshold_from="after seeing",
)
measured(
    "no-file-knows-its-excess-risk",
    "How large the excess risk is, the files hardly say: from {:.0%} of {n}, "
    "the guess might as well be zero, by its 95% interval.",
    maybe_none.above(0.3),
    threshold_from="after seeing",
)
measured(
    "years-must-be-scaled",
    "Shown years as they are, the same network has {times:.0f} times the "
    "excess risk, in the geometric mean: {:.1f} orders of magnitude.",
    fails.above(0.5),
    times=10**fails.value,
    threshold_from="after seeing",
)

# %%
# Lessons
# -------
#
# How many parameters a network takes for your points, they can say. Whether it
# beats a line they often can say, where the line misses by much; where the
# truth is a line, they often say nothing. How far the network is from the
# truth they cannot say, unless it is very far.
#
# What this does not show: your noise. Ours is new for each reading. In
# temperatures a warm month follows a warm month: noise that neighbors share
# looks like truth to all three calls, and held-out points sit between the
# known ones and share it, too. Then hold out whole years.
#
# .. exercise:: Four times the noise
#
#    Predict first: if ``NOISE`` is 0.6 instead of 0.15, which of the answers
#    in the table still says something?
#
#    .. answer::
#
#       The count: some eleven parameters. The curve still bends, and it takes
#       bends to follow. But the interval of the difference is twice as wide
#       and comes near to zero. With other seeds of the file it often holds
#       zero: then the held-out points tell nothing.
