"""A network has the same bits in Node, in a browser and in Python: no rounding is the host's."""

import base64
import importlib.resources
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overfit_tutorial import data, draws
from overfit_tutorial.exact import plan_of, webassembly
from overfit_tutorial.exact.plan import N_SLOTS, Plan
from overfit_tutorial.recipes import STORY, Recipe

SCRIPT = Path(__file__).with_name("exact_trainer.js")
STORY_SEEDS = (0, 1, 2)
N_RANDOM = 12

Task = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A network to train: everything that decides its bits."""

    plan: Plan
    x: Any
    y: Any
    weights: tuple[Any, ...]
    number: int

    def train(self) -> Task:
        """Return the weights and losses that Python gets by WebAssembly."""
        trainer = webassembly.Trainer(self.plan, self.x, self.y, self.weights, self.number)
        while not trainer.is_over:
            trainer.advance(self.plan.n_epochs, 1000)
        return {
            "weights": text(*trainer.weights()),
            "losses": text(trainer.losses()[0]),
            "diverged": int(trainer.has_diverged),
        }

    def task(self) -> Task:
        """Return what another host must know, as JSON takes it; numbers keep their bits."""
        plan, recipe = self.plan, self.plan.recipe
        shuffle = 0 if recipe.batch_size is None else 2 if recipe.reshuffle else 1
        settings = (
            *(plan.n_train, plan.n_validation, plan.batch_size, int(recipe.keep_short_batch)),
            *(shuffle, list(N_SLOTS).index(recipe.optimizer), plan.n_epochs, plan.rates.size),
            *(plan.average_from, recipe.patience or 0, recipe.weight_decay),
        )
        return {
            "widths": plan.widths,
            "settings": settings,
            "number": str(self.number),
            "n_epochs": plan.n_epochs,
            "points": text(self.x),
            "targets": text(self.y),
            "rates": text(plan.rates),
            "weights": text(*self.weights),
        }


def text(*arrays: Any) -> str:
    """Return the bytes of arrays, one after the other, as text."""
    return base64.b64encode(b"".join(array.tobytes() for array in arrays)).decode()


def run_of(recipe: Recipe, seed: int, n_samples: int = 100) -> Run:
    """Return a recipe's network on the story's points."""
    points = data.sample_noisy(n_samples=n_samples, seed=seed)
    x = points.x / 10 - 1 if recipe.standardize_x else points.x
    return Run(
        plan=plan_of(recipe, n_samples, np.full(recipe.n_steps(n_samples), recipe.learning_rate)),
        x=x.astype(np.float32),
        y=points.y.astype(np.float32),
        weights=tuple(w[0] for w in draws.first_weights([seed], recipe.hidden_widths)),
        number=draws.number_of(seed),
    )


def random_run(seed: int) -> Run:
    """Return a network of random width, depth, batch, optimizer, and number of points."""
    generator = np.random.default_rng(seed)
    n_samples = int(generator.integers(20, 101))
    whole = generator.random() < 0.2
    recipe = Recipe(
        hidden_widths=generator.integers(1, 40, size=generator.integers(0, 7)).tolist(),
        optimizer=list(N_SLOTS)[seed % len(N_SLOTS)],  # type: ignore[arg-type]
        learning_rate=float(10 ** generator.uniform(-4, -2)),
        batch_size=None if whole else int(generator.integers(1, n_samples // 2 + 1)),
        epochs=int(generator.integers(5, 60)),
        keep_short_batch=bool(generator.random() < 0.5),
        reshuffle=bool(generator.random() < 0.5),
        weight_decay=float(generator.choice([0, 0.01])),
        validation_share=float(generator.choice([0, 0.2])),
        standardize_x=bool(generator.random() < 0.5),
    )
    return run_of(recipe, seed, n_samples)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [run_of(STORY, seed) for seed in STORY_SEEDS] + [
        random_run(seed) for seed in range(N_RANDOM)
    ]


@pytest.fixture(scope="module")
def by_python(runs: list[Run]) -> list[Task]:
    return [run.train() for run in runs]


@pytest.fixture(scope="module")
def asked(runs: list[Run]) -> dict[str, Any]:
    binary = importlib.resources.files("overfit_tutorial.exact").joinpath("trainer.wasm")
    encoded = base64.b64encode(binary.read_bytes()).decode()
    return {"binary": encoded, "tasks": [run.task() for run in runs]}


def in_node(node: str, asked: dict[str, Any]) -> list[Task]:
    """Return what Node trains."""
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found: list[Task] = json.loads(done.stdout)
    return found


def find_differences(expected: list[Task], found: list[Task]) -> list[str]:
    """Return the networks of which any bit is another."""
    problems = []
    for k, (one, other) in enumerate(zip(expected, found, strict=True)):
        # Where one diverged, no numbers are left to be compared.
        is_lost = one["diverged"] or other["diverged"]
        names = ["diverged"] if is_lost else ["losses", "weights"]
        problems += [f"{name} of network {k}" for name in names if one[name] != other[name]]
    return problems


def test_node_trains_the_same_bits(
    node: str, asked: dict[str, Any], by_python: list[Task]
) -> None:
    assert find_differences(by_python, in_node(node, asked)) == []


def test_a_browser_trains_the_same_bits(
    tab: Any, asked: dict[str, Any], by_python: list[Task]
) -> None:
    tab.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    assert find_differences(by_python, tab.evaluate("trainAll", asked)) == []


# -- Each check can fail -----------------------------------------------------


def test_the_networks_are_trained_and_differ(runs: list[Run], by_python: list[Task]) -> None:
    assert not any(found["diverged"] for found in by_python)
    assert all(
        found["weights"] != text(*run.weights) for run, found in zip(runs, by_python, strict=True)
    )
    assert len({found["weights"] for found in by_python}) == len(runs)


@pytest.mark.parametrize(("name", "n_bytes"), [("points", 4), ("weights", 4), ("rates", 8)])
def test_one_bit_of_the_task_is_seen(
    name: str, n_bytes: int, node: str, asked: dict[str, Any], by_python: list[Task]
) -> None:
    task = asked["tasks"][0]
    flipped = bytearray(base64.b64decode(task[name]))
    flipped[n_bytes - 2] ^= 1  # of the first number; what is lower may be rounded away
    other = task | {name: base64.b64encode(flipped).decode()}
    found = in_node(node, asked | {"tasks": [other]})
    assert "weights of network 0" in find_differences(by_python[:1], found)


def test_a_divergence_on_one_side_is_seen() -> None:
    fine, lost = {"diverged": 0, "weights": "", "losses": ""}, {"diverged": 1}
    assert find_differences([fine], [lost]) == ["diverged of network 0"]
    assert find_differences([lost], [lost]) == []
