"""What survives a kill at a random moment: a sweep, the build of a small site, pages that sweep.

Nothing that was finished may be lost, nothing old may be published, nothing half-written may be
left. Whatever breaks that stops the run with what was found; the moments follow from a seed, which
is printed. Takes an hour; ``--kills 5`` takes some minutes.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "machinery"), str(ROOT)]

#: Pages whose studies go to the store, and take some ten seconds each.
PAGES = (
    "3_function_space/plot_4_is_it_a_kernel.py",
    "3_function_space/plot_5_is_the_smoothest_curve_safe.py",
    "4_loss_landscape/plot_1_are_bad_minima_sharper.py",
)
N_BLOCKS = 30
SWEEP = """
import os, sys, time
import numpy as np
from overfit_tutorial.sweeps import run_sweep

def study(*, seeds, size):
    time.sleep(0.02)
    with open(os.environ["COMPUTED"], "a") as computed:
        computed.write(".")
    draws = [np.random.default_rng(seed).normal(size=size) for seed in seeds]
    return {"mean": np.array([draw.mean() for draw in draws])}

grid = {"size": [3, 30, 300, 3000, 30000]}
table = run_sweep(study, grid, seed=1, n_seeds=48, n_jobs=int(sys.argv[1]))
print(table.drop(columns=[c for c in table if c not in ("size", "mean")]).to_csv())
"""


def started(command: list[str], **environment: str) -> subprocess.Popen[str]:
    """Start a command in a group of its own, so that it can be killed with all that it started."""
    return subprocess.Popen(
        command,
        env=os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def killed(process: subprocess.Popen[str], after: float, *, alone: bool) -> bool:
    """Kill a process, alone or with its group, after some seconds; return whether it still ran."""
    # Not until all who can write have closed the pipes: a worker whose parent is gone may wait for
    # minutes before it ends, and the next run is to begin beside it.
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        if alone:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    finally:
        for pipe in filter(None, (process.stdout, process.stderr)):
            pipe.close()
    return False


def finished(process: subprocess.Popen[str]) -> str:
    """Return what a process prints; stop if it fails."""
    out, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args} failed after kills:\n{errors[-3000:]}")
    return out


def digests(store: Path) -> dict[Path, str]:
    """Return a digest of each entry of a store."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest() for path in store.glob("??/*.jsonl")
    }


def check(holds: bool, message: str) -> None:
    """Stop if something does not hold; `assert` would say nothing of it under ``-O``."""
    if not holds:
        raise SystemExit(message)


def killed_until(
    n_kills: int,
    start: Callable[[Path], subprocess.Popen[str]],
    seconds: float,
    expected: str,
    folder: Path,
    draw: random.Random,
) -> None:
    """Kill what fills a store, again and again, and hold it to what an undisturbed run prints."""
    kills, rounds = 0, 0
    while kills < n_kills:
        rounds += 1
        store, known = folder / f"store {rounds}", dict[Path, str]()
        while kills < n_kills:
            if not killed(start(store), draw.uniform(0, seconds), alone=draw.random() < 0.5):
                break
            kills += 1
            time.sleep(0.3)  # for those that end with it
            now = digests(store)
            lost = {path for path, digest in known.items() if now.get(path) != digest}
            check(not lost, f"after kill {kills} these are lost or changed: {lost}")
            known = now
        check(finished(start(store)) == expected, f"round {rounds} ends with other numbers")
        left = list(store.glob("??/*.part"))
        check(not left, f"round {rounds} leaves half-written files: {left}")
    print(f"  {kills} kills in {rounds} rounds: nothing lost, nothing left, same numbers")


def sweep(n_kills: int, folder: Path, draw: random.Random) -> None:
    """Kill a sweep of one process or two."""
    script, computed = folder / "sweep.py", folder / "computed"
    script.write_text(SWEEP, encoding="utf-8")

    def start(store: Path) -> subprocess.Popen[str]:
        n_jobs = str(draw.choice((1, 2)))
        paths = {"OVERFIT_TUTORIAL_STORE": str(store), "COMPUTED": str(computed)}
        return started([sys.executable, str(script), n_jobs], **paths)

    began = time.monotonic()
    expected = finished(start(folder / "undisturbed"))
    seconds = 1.2 * (time.monotonic() - began)
    check(len(computed.read_text()) == N_BLOCKS, "the undisturbed sweep has other blocks")
    computed.write_text("")
    killed_until(n_kills, start, seconds, expected, folder, draw)
    print(f"  blocks computed: {len(computed.read_text())}")


def site(n_kills: int, folder: Path, draw: random.Random) -> None:
    """Kill the build of a site with two pages that run side by side."""
    from test_build import Toy

    toy = Toy(folder / "my site")
    conf = toy.folder / "docs" / "conf.py"
    side_by_side = 'sphinx_gallery_conf = {"parallel": 2,'
    conf.write_text(conf.read_text().replace("sphinx_gallery_conf = {", side_by_side, 1))
    began = time.monotonic()
    check(toy.build().returncode == 0, "the undisturbed build fails")
    seconds, kills, builds = 1.2 * (time.monotonic() - began), 0, 0
    while kills < n_kills:
        word = f"word{builds}x"
        for name in ("one", "two"):
            toy.page(name, word=word)
        for _ in range(draw.randint(1, 4)):
            process = started(toy.command(), RUNS=str(toy.runs))
            kills += killed(process, draw.uniform(0, seconds), alone=draw.random() < 0.5)
            time.sleep(0.3)
        build = toy.build()
        builds += 1
        check(build.returncode == 0, f"the build after kill {kills} fails:\n{build.stderr}")
        ledger = (toy.html / "ledger.html").read_text(encoding="utf-8")
        for name in ("one", "two"):
            check(f", {word}." in toy.shown(name), f"after kill {kills}, {name} is an old page")
        check(ledger.count(f", {word}.") == 2, f"after kill {kills}, the ledger is old")
    print(f"  {kills} kills, {builds} builds after them: each publishes what its pages say")


def pages(n_kills: int, folder: Path, draw: random.Random) -> None:
    """Kill pages of the site while they fill their store."""
    for k, page in enumerate(PAGES):

        def start(store: Path, page: str = page) -> subprocess.Popen[str]:
            command = [sys.executable, str(ROOT / "examples" / page)]
            return started(command, OVERFIT_TUTORIAL_STORE=str(store))

        print(f"  {page}")
        began = time.monotonic()
        expected = finished(start(folder / f"{k} undisturbed"))
        seconds = time.monotonic() - began
        share = n_kills // len(PAGES) + (k < n_kills % len(PAGES))
        (folder / str(k)).mkdir()
        killed_until(share, start, seconds, expected, folder / str(k), draw)


def main() -> None:
    """Kill, and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of a sweep and of a small site")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    draw = random.Random(options.seed)
    print(f"seed {options.seed}")
    share = max(options.kills // 5, 1)  # a page takes longer
    for part, n_kills in ((sweep, options.kills), (site, options.kills), (pages, share)):
        print(part.__doc__)
        with tempfile.TemporaryDirectory() as folder:
            part(n_kills, Path(folder), draw)


if __name__ == "__main__":
    main()
