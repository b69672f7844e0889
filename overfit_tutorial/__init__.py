"""Why does a network with 40,701 parameters not overfit 100 points?

The package behind the tutorial. Every module is one concept; import the one that you need::

    from overfit_tutorial import data, linear

Importing the package, or one of its modules that need only NumPy, does not import TensorFlow.
"""

__version__ = "0.1.0"
