r"""Numbers that describe the curvature of a loss, from products with its Hessian alone.

The Hessian of a network with 40,701 parameters would fill 13 GB. Nothing here looks at its
entries: an operator that multiplies it with a vector is enough for its largest eigenvalue, its
trace, the density of all its eigenvalues, and the volume of the basin. Nothing here knows what a
network is, either: an operator is whatever :func:`scipy.sparse.linalg.aslinearoperator` takes, and
it must be symmetric.
"""

from overfit_tutorial.curvature.operators import (
    estimate_spectral_density,
    estimate_trace,
    largest_eigenvalue,
    log_volume,
)
from overfit_tutorial.curvature.probes import Estimate

__all__ = [
    "Estimate",
    "estimate_spectral_density",
    "estimate_trace",
    "largest_eigenvalue",
    "log_volume",
]
