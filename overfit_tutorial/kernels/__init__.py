r"""Kernels in closed form: least norms, infinite width, and training that does not move them.

A *kernel* says how much two places have in common. A method that is linear in its targets is one
matrix of such numbers away from its result, and what training does to it is known for every time
at once. A network is such a method as long as its tangent kernel stays what it was
:cite:`jacot2018`.

The kernels of infinite width are those of this site's networks at birth (`draws.first_weights`):
one input, one output, and :math:`d` hidden layers of :math:`w` ReLU units. Glorot's law gives the
weights of the first layer the variance :math:`2 / (1 + w)`, those between hidden layers
:math:`1 / w`, and those of the output :math:`2 / (w + 1)`. Signals therefore shrink like
:math:`1 / \sqrt{w}`, and so must the biases, or they alone would be left. Hence `bias_std` is in
units of `x`: the biases of all hidden layers are normal, with `bias_std` times the standard
deviation of a weight of the first layer. A unit there bends where its bias outweighs its weight,
so within some `bias_std` of zero. Then the kernel of Keras' own parameters, all of them weighted
alike, has a limit as it is: nothing has to be divided by the width.
"""

from overfit_tutorial.kernels.solutions import (
    degrees_of_freedom,
    gradient_flow,
    kernel_regression,
    min_norm_fit,
)
from overfit_tutorial.kernels.wide import neural_tangent_kernel, random_features_kernel

__all__ = [
    "degrees_of_freedom",
    "gradient_flow",
    "kernel_regression",
    "min_norm_fit",
    "neural_tangent_kernel",
    "random_features_kernel",
]
