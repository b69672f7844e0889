"""What the checks let pass; what they refuse is tested at the public edge."""

import numpy as np
import pytest

from overfit_tutorial import _arguments


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
def test_a_count_may_be_one_and_of_any_whole_number_type(value):
    count = _arguments.check_count("n", value)
    assert type(count) is int
    assert count == 1


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.float64(2), np.int64(2)])
def test_a_number_may_be_any_real_type(value):
    number = _arguments.check_finite("x", value)
    assert type(number) is float
    assert number == 2.0


@pytest.mark.parametrize("value", [True, 1j, None, np.array([2.0])])
def test_a_number_is_neither_a_truth_value_nor_complex_nor_an_array(value):
    with pytest.raises(TypeError, match="x must be a number, got"):
        _arguments.check_finite("x", value)


def test_a_truth_value_is_no_seed():
    with pytest.raises(TypeError, match=r"seed must be an int .* got True"):
        _arguments.check_seed(True)


def test_a_seed_may_be_a_numpy_integer():
    assert _arguments.check_seed(np.int64(3)).entropy == 3


def test_a_vector_is_float64():
    vector = _arguments.check_vector("x", [1, 2])
    assert vector.dtype == np.float64


def test_a_vector_may_hold_infinite_values_where_they_are_allowed():
    vector = _arguments.check_vector("x", [1.0, np.inf], infinite=True)
    assert vector.tolist() == [1.0, np.inf]
    with pytest.raises(ValueError, match="x must not be NaN, got nan at index 1"):
        _arguments.check_vector("x", [np.inf, np.nan], infinite=True)


def test_masked_values_are_refused_and_a_mask_of_nothing_is_not():
    values = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    with pytest.raises(TypeError, match=r"x must not be masked: leave out what does not count"):
        _arguments.check_vector("x", values)
    assert _arguments.check_vector("x", np.ma.masked_array([1.0, 2.0])).tolist() == [1, 2]
