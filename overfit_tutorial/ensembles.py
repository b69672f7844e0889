"""Many networks trained at once, each as if it were alone.

Several threads share the members. The exact trainer takes one after the other; XLA takes blocks
that lie side by side in one compiled loop. What a member becomes depends on its own points and its
own seed, bit for bit, whatever the size of the ensemble, of the blocks, and the number of threads.
"""

import functools
import numbers
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from overfit_tutorial import _arguments, training
from overfit_tutorial._engine import checks, threads
from overfit_tutorial._engine.trained import EngineName, Trained, each_array, read_only
from overfit_tutorial.recipes import STORY, Recipe, Scaling
from overfit_tutorial.streams import member_seeds

__all__ = ["EnsembleFit", "fit_ensemble"]


@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleFit(Trained):
    """Trained networks, the fields of `training.Fit` with the member axis first.

    Each array of weights has the shape ``(n_members, ...)``, each history
    ``(n_members, n_epochs)``; `diverged` and `seconds` are arrays of shape ``(n_members,)``.
    Indexing gives one of the networks as a `training.Fit`, iterating all.
    """

    def __len__(self) -> int:
        return len(self.diverged)

    def __getitem__(self, index: int) -> training.Fit:
        """Return one member."""
        if not isinstance(index, numbers.Integral):
            raise TypeError(f"index must be a whole number, got {index!r}")
        if not -len(self) <= index < len(self):
            raise IndexError(
                f"index must be below the number of members, {len(self)}, got {index}"
            )
        return training.member(self, index)

    def __iter__(self) -> Iterator[training.Fit]:
        return (self[index] for index in range(len(self)))

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return all members' values at `x`, in units of `y`.

        Parameters
        ----------
        x : array_like of shape (m,) or (n_members, m)
            Places for all members, or each member's own. For several inputs there is a last axis
            of these.

        Returns
        -------
        ndarray of shape (n_members, m)
        """
        places = _check_inputs(x, self.recipe, "m")
        if len(places) not in (1, len(self)):
            raise ValueError(
                f"x must have one row for each of {len(self)} members, got {len(places)}"
            )
        rows = np.broadcast_to(places, (len(self), *places.shape[1:]))
        units = self.scaling
        inputs = (rows - units.x_mean[:, None]) / units.x_std[:, None]
        outputs = training.outputs(self, inputs.astype(self.recipe.dtype)).astype(np.float64)
        return np.asarray(outputs * units.y_std[:, None] + units.y_mean[:, None])


def fit_ensemble(
    x: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = STORY,
    *,
    seed: _arguments.Seed | Sequence[_arguments.Seed],
    n_members: int | None = None,
    n_jobs: int | None = None,
    scaling: Scaling | None = None,
    initial_weights: Sequence[ArrayLike] | None = None,
    checkpoints: Sequence[int] = (),
    engine: EngineName | None = None,
) -> EnsembleFit:
    """Train many networks with one recipe.

    Parameters
    ----------
    x, y : array_like of shape (n_samples,) or (n_members, n_samples)
        Points that all members share, or each member's own. For several inputs, `x` has a last
        axis of these: ``(n_samples, n_inputs)`` or ``(n_members, n_samples, n_inputs)``.
    recipe : Recipe
        The network and how to train it; the default is the story's.
    seed : int, SeedSequence, or a sequence of them
        Member *k* is ``fit_network(..., seed=SeedSequence(seed, spawn_key=(k,)))``, bit for bit.
        A sequence has the seed of each member.
    n_members : int or None
        How many networks; may be left out where `x`, `y` or `seed` have a row for each.
    n_jobs : int or None
        Threads. None takes the processors that this process may use, or as many as
        ``TF_NUM_INTRAOP_THREADS`` says, if it is set.
    scaling : Scaling or None
        As in `training.fit_network`; may hold a number for each member.
    initial_weights : sequence of array_like or None
        Where to begin, in the order of ``get_weights``, each with the member axis first.
    checkpoints : sequence of int
        Epochs after which to keep a copy of the weights.
    engine : {"exact", "xla"} or None
        As in `training.fit_network`.

    Returns
    -------
    EnsembleFit
        Members that diverged are marked, not dropped.

    Raises
    ------
    TypeError, ValueError
        Before anything is compiled, if an argument breaks its rule.

    Examples
    --------
    >>> line = Recipe(hidden_widths=(), learning_rate=0.1, batch_size=None)
    >>> fit = fit_ensemble([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], line, seed=0, n_members=3)
    >>> fit.predict([3.0]).round(1)
    array([[7.],
           [7.],
           [7.]])
    """
    checks.check_recipe(recipe)
    x_rows, y_rows = _check_inputs(x, recipe, "n_samples"), _rows("y", y)
    checks.check_points(x_rows, y_rows, recipe)
    own = [len(rows) for z, rows in ((x, x_rows), (y, y_rows)) if np.ndim(z) == rows.ndim]
    seeds = _member_seeds(seed, n_members, own)
    n_members, n_samples = len(seeds), y_rows.shape[1]
    x_rows, y_rows = (np.broadcast_to(z, (n_members, *z.shape[1:])) for z in (x_rows, y_rows))
    units = checks.check_scaling(scaling, recipe, n_members)
    weights = checks.check_weights(initial_weights, recipe, axes=(n_members,))
    checkpoints = checks.check_checkpoints(checkpoints, recipe, n_samples)
    n_jobs = threads.n_threads() if n_jobs is None else _arguments.check_count("n_jobs", n_jobs)
    engine = checks.check_engine(engine, recipe, n_samples)
    train_block, size = training.train_block(engine), 1
    if engine == "xla":
        size = threads.block_size(n_members, recipe.n_parameters(), n_jobs)
        train_block = functools.partial(train_block, n_padded=size)
    n_epochs = n_members * recipe.n_epochs(n_samples)
    # Silent where nobody watches, and for the first two seconds.
    bar = tqdm(total=n_epochs, unit=" epochs", delay=2, disable=None, leave=False)
    cancelled = threading.Event()

    def train(begin: int) -> Trained:
        part = slice(begin, begin + size)

        def proceed(n_done: int) -> None:
            if cancelled.is_set():
                raise KeyboardInterrupt
            with bar.get_lock():
                bar.update(n_done * len(seeds[part]))

        return train_block(
            x_rows[part],
            y_rows[part],
            recipe,
            seeds[part],
            scaling=None if units is None else Scaling(*(z[part] for z in units)),
            initial_weights=None if weights is None else tuple(w[part] for w in weights),
            checkpoints=checkpoints,
            proceed=proceed,
        )

    pool = ThreadPoolExecutor(n_jobs)
    try:
        blocks = list(pool.map(train, range(0, n_members, size)))
    finally:
        # After Ctrl-C the threads stop at the end of the call that they are in.
        cancelled.set()
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()
    return EnsembleFit(**each_array(_joined, *blocks))


def _joined(*parts: NDArray[Any]) -> NDArray[Any]:
    """Return the members of all blocks."""
    return read_only(np.concatenate(parts))


def _member_seeds(
    seed: Any, n_members: int | None, n_rows: Sequence[int]
) -> list[np.random.SeedSequence]:
    """Return the seed of each member; refuse numbers of members that contradict each other."""
    counts = set(n_rows)
    if n_members is not None:
        counts.add(_arguments.check_count("n_members", n_members))
    if _is_sequence(seed):
        counts.add(_arguments.check_count("the number of seeds", len(seed)))
    if len(counts) > 1:
        raise ValueError(
            f"n_members must agree with the rows of x, y and seed, got {sorted(counts)}"
        )
    if not counts:
        raise ValueError("n_members must be given where x, y and seed are shared, got None")
    return member_seeds(list(seed) if _is_sequence(seed) else seed, counts.pop())


def _is_sequence(seed: Any) -> bool:
    """Return whether there is a seed for each member."""
    return isinstance(seed, Sequence) or (isinstance(seed, np.ndarray) and seed.ndim > 0)


def _check_inputs(x: ArrayLike, recipe: Recipe, axis: str) -> NDArray[np.float64]:
    """Return places with the member axis first, of one member where all share them."""
    if recipe.n_inputs == 1:
        return _rows("x", x)
    places = checks.check_inputs(x, recipe.n_inputs, axis, f"n_members, {axis}")
    return places if places.ndim == 3 else places[None]


def _rows(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return points as rows, one row where all members share them."""
    array = _arguments.plain_array(name, values)
    if array.ndim < 2:
        return _arguments.check_vector(name, array)[None]
    if array.ndim > 2:
        raise ValueError(
            f"{name} must have shape (n_samples,) or (n_members, n_samples), got {array.shape}"
        )
    if array.shape[0] > 1 and array.shape[1] == 1:
        raise ValueError(
            f"{name} must have at least two points a member, got the column {array.shape}: its "
            f"first column, {name}[:, 0], is one sample"
        )
    flat = _arguments.check_vector(name, array.ravel())
    return flat.reshape(array.shape)
