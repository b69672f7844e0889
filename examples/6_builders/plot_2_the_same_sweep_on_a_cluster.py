# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["overfit-tutorial[cluster]"]
# ///
r"""
The same sweep on a cluster?
============================

A map of recipes takes thousands of networks, and one day more than one
machine. We expect the same call to run on a cluster and to give the same
numbers, even if a worker is lost on the way. So we kill one on purpose.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from overfit_tutorial import data, ensembles, figures, streams, sweeps
from overfit_tutorial.claims import exact, number
from overfit_tutorial.training import Recipe

plt.style.use(figures.STYLE)
SEED, N_SEEDS = 0, 32
RATES = [0.001, 0.003, 0.01, 0.03]

# %%
# One function, one grid, one call
# --------------------------------
#
# A cell of the grid is a learning rate, with a block of eight seeds at a time.
# What we keep of each network is its excess risk.


def study(*, seeds, learning_rate):
    """Return the excess risk of one network a seed."""
    for_points, for_training = streams.split_seeds(seeds, 2)
    points = data.sample_noisy_many(len(seeds), seed=for_points)
    small = Recipe(hidden_widths=(30, 30), learning_rate=learning_rate)
    fits = ensembles.fit_ensemble(points.x, points.y, small, seed=for_training)
    return {"risk": data.excess_risk(fits.predict, points.truth)}


grid = {"learning_rate": RATES}
sizes = {"seed": SEED, "n_seeds": N_SEEDS}
folder = Path(tempfile.mkdtemp())
here = sweeps.run_sweep(study, grid, **sizes, store=folder / "here")

figure, ax = plt.subplots(figsize=(5.6, 3.4))
cells = here.groupby("learning_rate").risk
rows = {f"{rate:g}": (risks, "network") for rate, risks in cells}
figures.plot_studies(ax, rows, {})
ax.set(ylabel="learning rate", title="The sweep, computed here")
figures.show(
    figure,
    caption="Each dot is a network, each diamond a median.",
    alt="Four rows of dots on a logarithmic axis. Medians of excess risk, by "
    "rate: " + ", ".join(f"{rate:g}: {r.median():.2g}" for rate, r in cells),
)

# %%
# Each seed is a data set of its own, and a small network trained on it. The
# sweep's table has a row for each cell and seed. It says where the row comes
# from: the root of its seed, the time that it took, the machine, the versions.
# The cluster is to give the same dots.

# %%
# A cluster is a few commands
# ---------------------------
#
# Dask knows a scheduler and workers. Below they are three processes of this
# machine. On a real cluster one types ``dask scheduler`` on one machine and
# ``dask worker`` on the others; the options here see to it that nothing
# listens to the network, and that nothing stays behind.

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time

import distributed
import joblib
import numpy as np

# A dead worker is no news here.
logging.getLogger("distributed.client").setLevel(logging.ERROR)


@contextlib.contextmanager
def dask_cluster(n_workers):
    """Yield a client of a small cluster, and its workers' processes."""
    file = str(folder / "scheduler.json")
    local = ["--scheduler-file", file, "--host", "127.0.0.1"]
    local += ["--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
    scheduler = ["scheduler", "--port", "0", *local]
    worker = ["worker", "--nthreads", "1", "--no-nanny", *local]
    quiet = {"stderr": subprocess.DEVNULL}
    quiet["env"] = os.environ | {"DASK_TEMPORARY_DIRECTORY": str(folder)}
    dask, processes = [sys.executable, "-m", "dask"], []
    try:
        for command in [scheduler] + [worker] * n_workers:
            processes += [subprocess.Popen(dask + command, **quiet)]
        with distributed.Client(scheduler_file=file) as client:
            client.wait_for_workers(n_workers)
            yield client, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


# %%
# The same call, and a worker dies
# --------------------------------
#
# ``parallel_config`` around the call is all that changes. Meanwhile a thread
# waits until three blocks are finished, kills a worker in the middle of its
# work, and remembers what is in the store. Nobody restarts the worker.

kept = {}


def kill_in_the_middle(worker, store):
    """Kill a worker as soon as three blocks are in the store."""
    while sweeps.store_info(store).n_entries < 3:
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    for entry in store.rglob("*.jsonl"):
        kept[entry] = entry.stat().st_mtime


store = folder / "cluster"
with dask_cluster(2) as (client, workers):
    kill = {"target": kill_in_the_middle, "args": (workers[0], store)}
    killer = threading.Thread(**kill)
    killer.start()
    start = time.time()
    with joblib.parallel_config(backend="dask"):
        there = sweeps.run_sweep(study, grid, **sizes, store=store)
    killer.join()
entries = {path: path.stat().st_mtime for path in store.rglob("*.jsonl")}
assert len(kept) < len(entries), "the kill came too late to show anything"


figure, ax = plt.subplots()
moment = max(kept.values()) - start
times = np.sort(list(entries.values())) - start
counts = np.arange(len(times) + 1)
steps = np.concatenate([[0], times])
color = figures.LIGHT["network"]
ax.step(steps, counts, where="post", color=color)
ax.axvline(moment, color=figures.LIGHT["muted"], linewidth=1)
ax.annotate("a worker dies ", (moment, counts[-1]), ha="right", va="top")
ax.set(xlabel="seconds", ylabel="finished blocks", ylim=(0, None))
ax.set_title("The other worker does the rest")
figures.show(
    figure,
    caption="Blocks of eight seeds in the store. At first both workers start "
    "TensorFlow; the vertical line is the last block before one is killed.",
    alt="A staircase of finished blocks over time. It is flat at first, "
    f"begins to climb after {times[0]:.0f} seconds, passes a vertical line at "
    f"{len(kept)} blocks, where a worker dies, and ends at {counts[-1]}.",
)

# %%
# And what was finished when the worker died? A worker writes each block to the
# store as soon as it has it: beside its place first, then moved there whole.
# The scheduler gives away only what is missing.

again = sum(entries[entry] != moment for entry, moment in kept.items())
exact(
    "nothing-is-computed-twice",
    "Of the blocks that were finished when the worker died, {} were computed "
    "again.",
    number(again).equal_to(0),
    wrong_if="a block in the store had been written a second time",
    threshold_from="theory",
)

# %%
# The numbers are the same
# ------------------------
#
# Are the numbers the same, or nearly? The same, to the last bit.

results = ["learning_rate", "seed", "risk"]
differing = (here[results] != there[results]).any(axis=1).sum()

figure, ax = plt.subplots(figsize=(5.6, 4.6))
for rate, role, marker in zip(
    RATES,
    ("series_b", "series_a", "network", "series_c"),
    "o^sD",
    strict=True,
):
    style = {"color": figures.LIGHT[role], "marker": marker, "markersize": 5}
    pair = [table.risk[table.learning_rate == rate] for table in (here, there)]
    ax.plot(*pair, linestyle="", label=f"rate {rate:g}", **style)
ax.axline((1, 1), slope=1, color=figures.LIGHT["muted"], linewidth=1)
ax.set(xscale="log", yscale="log")
ax.set(xlabel="excess risk, one process", ylabel="excess risk, cluster")
ax.set_title("A worker died, and no number moved")
ax.legend()
figures.show(
    figure,
    caption="Each mark is one network, trained in one process and on a "
    "cluster that lost a worker. On the line both agree. Both axes are "
    "logarithmic.",
    alt=f"{len(here)} marks in four colors, one for each learning rate, all "
    "exactly on the diagonal of two logarithmic axes.",
    headline=True,
)

exact(
    "cluster-gives-the-same-bits",
    "Trained on a cluster that loses a worker, {n} networks have the same "
    "excess risk as in one process, to the last bit: {} of them differ.",
    number(differing, n=len(here)).equal_to(0),
    networks=number(len(here)).equal_to(len(RATES) * N_SEEDS),
    wrong_if="one bit of one number differed",
    headline=True,
    threshold_from="theory",
)

# %%
# Each seed has a stream of random numbers of its own, and the engine trains a
# network in the same way whoever is beside it and however many threads there
# are. So nothing is left that could depend on which worker computes what.

# %%
# A table that is read is the table that was written
# --------------------------------------------------
#
# The cluster is gone. The same call, once more, finds everything in the
# store; a kill of this very process would have been no different.

read = sweeps.run_sweep(study, grid, **sizes, store=store)
shutil.rmtree(folder)
changed = (read != there).any(axis=1).sum()
exact(
    "warm-is-cold",
    "Read from the store, {} of {n} rows differ from those that the cluster "
    "returned, the seconds and machines in them included.",
    number(changed, n=len(read)).equal_to(0),
    wrong_if="a row came back changed, or had been computed anew",
    threshold_from="theory",
)

# %%
# Lessons
# -------
#
# The seed of a network belongs to its place in the grid, never to the order of
# the work. That, a store that is written whole or not at all, and somebody
# else's scheduler are all that a sweep needs to outgrow a machine.
#
# What this does not show: speed. Two workers share one machine here, and each
# starts Python first; in one process, ``fit_ensemble`` keeps all processors
# busy without that. Nor does it show machines of different kinds: the networks
# are the same on all of them, but what a study computes from them may round
# differently. A cluster also needs a store that
# all its machines see; where they do not, blocks travel back and are kept by
# the caller.
#
# .. exercise:: Kill it yourself
#
#    Run this script and stop it with Ctrl-C after the first figure, having
#    replaced the temporary folder by one that stays. Predict: how long does
#    the first sweep take the next time?
#
#    .. answer::
#
#       No time: its blocks are in the store. Only what was under way when the
#       process stopped is computed again. Change a number in ``study`` and
#       all of them are; change its docstring and none is.
