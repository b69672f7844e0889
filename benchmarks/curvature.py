"""How long does a product with the Hessian take, and how many find its largest eigenvalue?

The story's trained network, on its hundred points. Each library runs in a process of its own;
their turns are interleaved, so that all of them see the same machine; the median of several
counts. A product goes from a NumPy vector to a NumPy vector. Imports and compilation, in the first
product, do not count.
"""

import importlib.util
import multiprocessing
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import products
import protocol
import report

ROUNDS, SECONDS_A_TURN = 7, 0.5
OURS = "this package"
# Largest difference from our products, in units of their largest entry: rounding, in either.
TOLERANCE = {"float64": 1e-10, "float32": 1e-3}
RTOL, MOST_PRODUCTS = 1e-3, 49  # fewer than 50


@dataclass(frozen=True)
class Peer:
    """A library, the function that makes its products, and how to say so."""

    name: str
    function: str
    module: str
    options: dict[str, Any] = field(default_factory=dict)


def peers() -> list[Peer]:
    """Return what is installed."""
    every = [Peer(OURS, "by_this_package", "tensorflow"), Peer("JAX jit", "by_jax", "jax")]
    for threads in sorted({1, os.cpu_count() or 1}):
        how = f"{threads} thread" + "s" * (threads > 1)
        for way in ("reverse", "forward"):
            name = f"PyTorch, {way} over reverse, {how}"
            every.append(Peer(name, f"by_torch_{way}", "torch", {"threads": threads}))
    return [peer for peer in every if importlib.util.find_spec(peer.module)]


def main() -> None:
    """Measure, print the table and the bars, and write both."""
    options = report.arguments(__doc__, "curvature")
    rounds, seconds_a_turn = (1, 0.05) if options.quick else (ROUNDS, SECONDS_A_TURN)
    with in_a_process() as pool:
        weights, n_products, error = pool.apply(largest_eigenvalue_of_the_story)
    rows = []
    for dtype in TOLERANCE:
        rows += measure(dtype, weights, rounds, seconds_a_turn)
    for row in rows:
        print(
            f"{row['name']:42s}{row['dtype']:8s} {1e3 * row['seconds']:8.3f} ms "
            f"{row['ratio_to_ours']:6.2f} x  differs by {row['difference']:.0e}"
        )
    bars = judge(rows, n_products, error)
    report.print_bars(bars)
    report.write(options.output, n_products=n_products, error=error, rows=rows, bars=bars)
    wrong = [row["name"] for row in rows if row["difference"] > TOLERANCE[row["dtype"]]]
    if wrong:
        sys.exit(f"these give other products: {', '.join(wrong)}")


def in_a_process() -> Any:
    """Return a pool of one fresh process."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return multiprocessing.get_context("spawn").Pool(1)


def largest_eigenvalue_of_the_story() -> tuple[list[products.Array], int, float]:
    """Return trained weights, how many products find their sharpness, and its relative error."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    from overfit_tutorial.curvature import largest_eigenvalue
    from overfit_tutorial.landscapes import hessian_operator
    from overfit_tutorial.training import fit_network

    x, y = (column[0] for column in protocol.points([0]))
    fit = fit_network(x, y, seed=0)
    operator, count = hessian_operator(fit.to_keras(), x, y), 0

    def counted(vector: products.Array) -> products.Array:
        nonlocal count
        count += 1
        return operator.matvec(vector)  # type: ignore[no-any-return]

    found = largest_eigenvalue(
        LinearOperator(operator.shape, matvec=counted, dtype=operator.dtype), rtol=RTOL
    )
    # The judge is ARPACK, to its full precision.
    (exact,) = eigsh(operator, k=1, which="LA", tol=1e-10, return_eigenvectors=False)
    return list(fit.weights), count, float(abs(found / exact - 1))


def measure(
    dtype: str, weights: list[products.Array], rounds: int, seconds_a_turn: float
) -> list[dict[str, Any]]:
    """Return a row for each library in one precision."""
    every = peers()
    x, y = (column[0].astype(dtype) for column in protocol.points([0]))
    weights = [w.astype(dtype) for w in weights]
    vector = np.random.default_rng(0).standard_normal(sum(w.size for w in weights)).astype(dtype)
    times: list[list[float]] = [[] for _ in every]
    with ExitStack() as stack:
        pools = [stack.enter_context(in_a_process()) for _ in every]
        results = [
            pool.apply(prepare, (peer, weights, x, y, vector))
            for pool, peer in zip(pools, every, strict=True)
        ]
        for _ in range(rounds):
            for pool, row in zip(pools, times, strict=True):
                row.append(pool.apply(time_products, (vector, seconds_a_turn)))
    scale = np.abs(results[0]).max()
    return [
        {
            "name": peer.name,
            "dtype": dtype,
            **report.summary(row),
            "ratio_to_ours": float(np.median(row) / np.median(times[0])),
            "difference": float(np.abs(result - results[0]).max() / scale),
        }
        for peer, row, result in zip(every, times, results, strict=True)
    ]


_product: products.Product


def prepare(peer: Peer, weights: Any, x: Any, y: Any, vector: products.Array) -> products.Array:
    """Be the process of a library: make its product, and return the first one."""
    global _product
    _product = getattr(products, peer.function)(weights, x, y, **peer.options)
    for _ in range(3):
        result = _product(vector)
    return result


def time_products(vector: products.Array, seconds: float) -> float:
    """Return the seconds a product."""
    n_products, start = 0, perf_counter()
    while perf_counter() < start + seconds:
        _product(vector)
        n_products += 1
    return (perf_counter() - start) / n_products


def judge(rows: list[dict[str, Any]], n_products: int, error: float) -> list[dict[str, Any]]:
    """Return the bars that were set beforehand."""
    bars = [
        report.bar(
            "products until the largest eigenvalue", n_products, MOST_PRODUCTS, at_most=True
        ),
        report.bar("relative error of the eigenvalue they find", error, RTOL, at_most=True),
    ]
    for dtype in TOLERANCE:
        here = [row for row in rows if row["dtype"] == dtype]
        for library, required in (("PyTorch", 1.0), ("JAX", 1 / 1.5)):
            ratios = [row["ratio_to_ours"] for row in here if row["name"].startswith(library)]
            if ratios:
                sentence = f"a product in {dtype}, ratio to the fastest of {library}"
                bars.append(report.bar(sentence, min(ratios), required))
    return bars


if __name__ == "__main__":
    main()
