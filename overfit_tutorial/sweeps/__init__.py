"""Grids of recipes and seeds: computed once, kept on disk, gone on with after a kill.

A sweep calls a function for each cell of a grid and each block of seeds, and returns one tidy
table. What has been computed is in a store; a call with the same inputs, the same code and the
same versions reads it there. The processes are joblib's: none beside this one, some on this
machine, or with ``joblib.parallel_config(backend="dask")`` around the call those of a cluster.
"""

from overfit_tutorial.sweeps.run import run_sweep
from overfit_tutorial.sweeps.store import (
    StoreError,
    StoreInfo,
    StoreWarning,
    clear_store,
    store_info,
)

__all__ = ["StoreError", "StoreInfo", "StoreWarning", "clear_store", "run_sweep", "store_info"]
