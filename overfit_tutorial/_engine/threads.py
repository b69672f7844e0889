"""How members are spread over blocks, and blocks over threads."""

import math
import os

# The time of one step of a block is about a part for each block and a part for each parameter.
_SECONDS_A_STEP = 2e-5
_SECONDS_A_PARAMETER = 3.5e-9
# Beyond some ten megabytes, weights, gradients and the optimizer's arrays leave the cache.
_PARAMETERS_IN_CACHE = 400_000
_LARGEST_BLOCK = 64


def block_size(n_members: int, n_parameters: int, n_jobs: int) -> int:
    """Return how many members to train side by side: the power of two that takes least time.

    Large blocks share the loop's overhead; small ones keep all threads busy and stay in the
    cache.
    """
    largest = min(_LARGEST_BLOCK, max(_PARAMETERS_IN_CACHE // n_parameters, 1))
    sizes = [2**power for power in range(int(math.log2(largest)) + 1)]

    def seconds(size: int) -> float:
        rounds = math.ceil(math.ceil(n_members / size) / n_jobs)
        return rounds * (_SECONDS_A_STEP + size * n_parameters * _SECONDS_A_PARAMETER)

    best: int = min(sizes, key=seconds)
    return best


def n_threads() -> int:
    """Return the number of threads that are worth while."""
    limit = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
