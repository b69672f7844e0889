r"""The curvature of a Keras network's loss, for `curvature` to work on.

The loss is Keras' mean squared error, without a factor of one half and without any penalty that
layers add. Everything is computed in double precision unless asked otherwise, whatever the network
was trained in: the tangent kernel of the story's untrained network has rank two, which single
precision would blur.
All parameters are one vector in the order of Keras' `trainable_weights`, each array flattened row
by row.
"""

from overfit_tutorial.landscapes.operators import (
    gauss_newton_eigenvalues,
    hessian_operator,
    jacobian,
    tangent_kernel,
)

__all__ = ["gauss_newton_eigenvalues", "hessian_operator", "jacobian", "tangent_kernel"]
