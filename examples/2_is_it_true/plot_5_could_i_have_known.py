# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial"]
# ///
r"""
Could I have known?
===================

We judge every fit by the truth. Outside a tutorial nobody has it; one holds
some points back instead. We expect twenty held-out points to tell the network
from the line, since the network is several times as far from the truth. They
do not. Nor do they say well when to stop: a fixed early stop does no worse.
"""

import matplotlib.pyplot as plt
import numpy as np

from overfit_tutorial import data, figures, ladder, linear, statistics
from overfit_tutorial.claims import claim
from overfit_tutorial.studies.held_out import compare_held_out, stop_held_out
from overfit_tutorial.sweeps import run_sweep
from overfit_tutorial.training import STORY, fit_network

plt.style.use(figures.STYLE)
SEED, STOP_SEED = 50, 51
N_SEEDS, N_STOPS = 200, 24
N_TRAIN, FEW, MANY = 80, 20, 2000

# %%
# Eighty to train on, twenty to judge by
# --------------------------------------
#
# Of a hundred points we train on eighty and keep twenty.

one = data.sample_noisy(seed=SEED)
known, held = slice(0, N_TRAIN), slice(N_TRAIN, None)
network = fit_network(one.x[known], one.y[known], seed=STOP_SEED)
line = linear.fit_line(one.x[known], one.y[known])
grid = np.linspace(0, 20, 1000)
figure, ax = plt.subplots()
ax.plot(one.x[known], one.y[known], label="trained on", **figures.mark("data"))
kept_back = {"color": figures.LIGHT["series_a"], "markerfacecolor": "none"}
ax.plot(one.x[held], one.y[held], "s", label="held out", **kept_back)
figures.plot_curve(ax, grid, network.predict(grid), role="network")
figures.plot_curve(ax, grid, line(grid), role="line")
ax.set(xlabel="x", ylabel="y", title="Which is better? Ask the squares")
ax.legend()
figures.show(
    figure,
    caption="Both curves were fitted to the dots. Only the hollow squares may "
    "say which of them is better.",
    alt="Eighty dots and twenty hollow squares scatter around two curves that "
    "rise from lower left to upper right: a network and a straight line, "
    "close together compared with the scatter.",
)

# %%
# Now two hundred times, with 2,000 fresh points beside the twenty: a held-out
# set that nobody with a hundred points has, to see what twenty lack. All are
# judged by the squared error on them, and the difference gets two intervals.
# The *paired* one looks at the differences point by point: both fits met the
# same noise there. The *unpaired* one treats the two errors as if each had
# points of its own.

table = run_sweep(
    compare_held_out,
    {"n_train": [N_TRAIN], "few": [FEW], "many": [MANY]},
    seed=SEED,
    n_seeds=N_SEEDS,
    seeds_per_block=N_SEEDS // 4,
)

# %%
# Twenty points cannot tell
# -------------------------
#
# For each seed the truth says how much worse the network is. What do held-out
# points say?

truth = (table.risk - table.line_risk).to_numpy()


def tells(name, which):
    """Return where an interval says, rightly, that the network is worse."""
    return (table[f"gap_{name}"] > table[f"{which}_{name}"]) & (truth > 0)


print(f"The network is worse for {np.mean(truth > 0):.0%} of the seeds.")
print(f"{'points':>6}  {'interval':9}{'half as wide as':>16}{'tells':>7}")
sizes = {"few": FEW, "many": MANY}
for name, m in sizes.items():
    for which in ("paired", "unpaired"):
        width = table[f"{which}_{name}"].median()
        share = tells(name, which).mean()
        print(f"{m:6,}  {which:9}{width:16.2f}{share:7.0%}")


# %%
# Forty of them, one bar each:

figure, axes = plt.subplots(2, 1, figsize=(5.6, 5.6), sharex=True)
for ax, (name, m) in zip(axes, sizes.items(), strict=True):
    gap, half = table[f"gap_{name}"][:40], table[f"paired_{name}"][:40]
    ax.errorbar(
        truth[:40],
        gap,
        half,
        fmt="o",
        markersize=4,
        elinewidth=1,
        color=figures.LIGHT["network"],
    )
    ends = [truth[:40].min(), truth[:40].max()]
    ax.plot(ends, ends, **figures.mark("truth"))
    ax.axhline(0, color=figures.LIGHT["muted"], linewidth=1)
    ax.set(ylabel="measured", title=f"{m:,} points held out")
axes[1].set_xlabel("how much worse the network is than the line, in truth")
figures.show(
    figure,
    caption="Forty seeds. Each bar is the 95% interval of the paired "
    "difference of squared errors; on the dashed line, measurement and truth "
    "agree. A bar that crosses zero does not tell.",
    alt="Two panels of points with error bars against the true difference. "
    "With twenty points most of the bars are long and cross zero. With two "
    "thousand they are short, lie along the dashed diagonal, and mostly stay "
    "above zero.",
)

# %%
# Two claims: what twenty points tell, and what pairing is worth.

few = statistics.share_interval(tells("few", "paired"), confidence=0.99)
many = statistics.share_interval(tells("many", "paired"), confidence=0.99)
claim(
    "twenty-points-cannot-tell",
    "With twenty held-out points, a 95% interval tells that the network is "
    "worse than the line for {value:.0%} of {n} seeds ({low:.0%} to "
    "{high:.0%}). With {many_points:,} points it tells for {many:.0%}.",
    value=few.value,
    interval=few.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=few.high < 0.3 and many.low > 0.5,
    threshold=0.3,
    wrong_if="twenty points might tell for three seeds in ten, or two "
    "thousand for fewer than five",
    many=many.value,
    many_points=MANY,
    headline=True,
)

unpaired = statistics.share_interval(
    tells("many", "unpaired"), confidence=0.99
)
claim(
    "pair-the-points",
    "Even with {points:,} held-out points, the interval that forgets that "
    "both fits met the same points tells for only {value:.0%} of the seeds "
    "({low:.0%} to {high:.0%}), where the paired one tells for {paired:.0%}.",
    value=unpaired.value,
    interval=unpaired.ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=unpaired.high < many.low,
    threshold=many.low,
    wrong_if="pairing might not matter",
    paired=many.value,
    points=MANY,
)

# %%
# Which interval for the error itself?
# ------------------------------------
#
# An interval around the network's own error should cover the noise variance
# plus the excess risk. Squared errors are skewed, and Student's t is made for
# what is not; the chi-squared interval is made for squares of Gaussian
# residuals. We cut the 2,000 points of each network into a hundred sets of
# twenty, and count how often an interval of 95% keeps its promise.

covers = {
    name: statistics.bootstrap_interval(
        table[f"{name}_covers"], np.mean, seed=0, confidence=0.99
    )
    for name in ("t", "chi2")
}
claim(
    "t-promises-too-much",
    "Around a mean squared error from twenty points, the 95% interval of "
    "Student's t covers the truth in {value:.1%} of cases ({low:.1%} to "
    "{high:.1%}), the chi-squared interval in {chi2:.1%}.",
    value=covers["t"].value,
    interval=covers["t"].ends,
    confidence=0.99,
    n=N_SEEDS,
    holds=covers["t"].high < 0.94 and covers["chi2"].within(0.94, 0.97),
    threshold=0.94,
    wrong_if="Student's interval might cover 94%, or the chi-squared one "
    "less than that or more than 97%",
    chi2=covers["chi2"].value,
)

# %%
# Twenty points stop better than never
# ------------------------------------
#
# Choosing should be easier than measuring. We train with all points in every
# step, which overfits in the end, look at the held-out points every 200 steps,
# and keep the weights with the least error on them. That is early stopping.

MOMENTS = tuple(range(200, 3201, 200))
stops = run_sweep(
    stop_held_out,
    {
        "recipe": [STORY.replace(batch_size=None)],
        "moments": [MOMENTS],
        "n_train": [N_TRAIN],
        "few": [FEW],
        "many": [MANY],
    },
    seed=STOP_SEED,
    n_seeds=N_STOPS,
    seeds_per_block=N_STOPS,
)

# %%
# On the ladder:

every = ladder.rungs(N_TRAIN)
rungs = {
    "least squares": every["least squares"],
    "dots": every["join the dots"],
}
rows = {
    "never": (stops.end, "network"),
    "always at 200": (stops.start, "line"),
    "20 points": (stops.by_few, "series_a"),
    "2,000 points": (stops.by_many, "series_b"),
    "the truth": (stops.by_truth, "series_c"),
}
figure, ax = plt.subplots(figsize=(5.6, 3.4))
figures.plot_studies(ax, rows, rungs)
ax.set_title("Who says when to stop")
figures.show(
    figure,
    caption="Full batches on eighty points, stopped where the row's judge "
    "sees the least error, or without a judge. Each dot is one seed, each "
    "diamond a median with its 99% interval.",
    alt="Five rows of dots on a logarithmic axis of excess risk. Medians: "
    + ", ".join(
        f"{name}: {np.median(risks):.2f}" for name, (risks, _) in rows.items()
    )
    + ".",
)

kept = statistics.ratio_interval(
    stops.by_few, stops.end, seed=0, confidence=0.99
)
claim(
    "twenty-points-stop-better-than-never",
    "Stopped where twenty held-out points see the least error, the median "
    "network has {value:.0%} of the excess risk that it has after {steps:,} "
    "steps ({low:.0%} to {high:.0%}). Stopped by the truth, it would have "
    "{best:.0%}.",
    value=kept.value,
    interval=kept.ends,
    confidence=0.99,
    n=N_STOPS,
    holds=kept.high < 0.8,
    threshold=0.8,
    wrong_if="four fifths of the risk might remain",
    steps=MOMENTS[-1],
    best=np.median(stops.by_truth) / np.median(stops.end),
)

# %%
# Better than never is a low bar. Who always stops at the first look, and holds
# nothing back, does no worse:

first = statistics.ratio_interval(stops.by_few, stops.start, seed=0)
print(
    f"twenty points, over always at {MOMENTS[0]}: {first.value:.1f} ", end=""
)
print(f"({first.low:.1f} to {first.high:.1f}, at 95%)")
assert np.median(stops.start) < 1.1 * np.median(stops.by_few)

# %%
# Lessons
# -------
#
# Could I have known that a line would have been better? Not from twenty
# points. The noise of the readings hides the gap; two thousand points,
# compared pair by pair, mostly bring it out.
#
# A held-out set that is too small to measure with sees that training went on
# too long. When it should have stopped, it does not see well: a fixed number
# of steps, chosen before, did no worse on this problem.
#
# What this does not show: what twenty points cost. The network trained on
# eighty instead of a hundred.
#
# .. exercise:: Without any interval
#
#    Predict first: for what share of the seeds is the *sign* of the measured
#    gap right, with twenty points? Print
#    ``np.mean((table.gap_few > 0) == (truth > 0))``, and the same for the
#    many.
#
#    .. answer::
#
#       For some seven of ten seeds with twenty points, for nearly all with two
#       thousand. That is no way to choose, either: who always says "the line"
#       is right more often, as the first line of the table tells.
