"""What weights must look like, and sums of them."""

import re

import numpy as np
import pytest

from overfit_tutorial.weights import arrays

NAN = float("nan")


@pytest.mark.parametrize(
    ("given", "kept"),
    [(np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64)],
)
def test_arrays_are_copies_of_their_precision(given, kept):
    original = np.ones((2, 3), dtype=given)
    (copy,) = arrays.check_arrays("weights", [original])
    assert copy.dtype == kept
    copy[...] = 0
    assert original.all()


BAD_ARRAYS = [
    (3.0, TypeError, "weights must be a list of arrays, got float"),
    ("ab", TypeError, "weights must be a list of arrays, got str"),
    (np.ones((2, 2)), TypeError, "weights must be a list of arrays, got ndarray"),
    ([], ValueError, "weights must hold at least one array, got none"),
    ([[1.0], ["a"]], TypeError, "weights[1] must hold real numbers, got <U1"),
    ([[1.0], [1j]], TypeError, "weights[1] must hold real numbers, got complex128"),
    ([[1.0, NAN]], ValueError, "weights[0] must be finite, got nan"),
]


@pytest.mark.parametrize("check", [arrays.check_arrays, arrays.check_dense])
@pytest.mark.parametrize(("weights", "error", "message"), BAD_ARRAYS)
def test_bad_arrays_are_named(check, weights, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check("weights", weights)


@pytest.mark.parametrize(
    "shapes",
    [
        [(1, 2)],
        [(2,), (2,)],
        [(1, 2), (2, 1)],
        [(1, 2), (3,)],
        [(1, 2), (2,), (3, 1), (1,)],
        [(1, 2), (2,), (2, 1)],
        [(1, 1, 1), (1,)],
    ],
)
def test_layers_that_do_not_fit_are_refused(shapes):
    message = f"weights must be a kernel and a bias of each dense layer, got {shapes}"
    with pytest.raises(ValueError, match=re.escape(message)):
        arrays.check_dense("weights", [np.ones(shape) for shape in shapes])


def test_ends_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=re.escape("b must have the shapes of a [(1,)], got [(2")):
        arrays.check_ends([[1.0]], [[1.0, 2.0]], names=("a", "b"))


def test_a_combination_is_the_weighted_sum():
    points = [[np.array([1.0, 2.0]), np.array(3.0)], [np.array([10.0, 20.0]), np.array(30.0)]]
    first, second = arrays.combine(points, [2.0, -1.0])
    assert first.tolist() == [-8.0, -16.0]
    assert second == -24.0
