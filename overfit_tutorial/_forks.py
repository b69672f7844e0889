"""Whether this process is a copy of one in which TensorFlow had computed.

Its threads are not copied with it, and the copy waits for them for ever. Processes that are
started anew, as joblib's loky and Dask do, are none.
"""

import os
import sys

_copied_at: list[str] = []


def _look() -> None:
    """Note in a copied process whether TensorFlow had begun before the copy was made."""
    context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
    if getattr(context, "_initialized", False):
        _copied_at[:] = ["fork"]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_look)


def check_not_copied() -> None:
    """Raise RuntimeError where TensorFlow would hang."""
    if _copied_at:
        raise RuntimeError(
            "processes must be started anew where TensorFlow computes, but this one is a copy, by "
            "fork, of one in which it had computed, and would wait for ever: use joblib's own "
            "backend, loky, or the start method 'spawn'"
        )
