"""A table says what its columns hold, in a script and on the site."""

import re

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import publishing, tables
from overfit_tutorial.statistics import Interval

COLUMNS = {"rule": ["line", "join the dots"], "excess risk": [0.0812, 2.6667], "n": [100, 4000]}


@pytest.fixture(autouse=True)
def _nobody_collects():
    yield
    publishing.stop()


def test_a_script_prints_words_to_the_left_and_numbers_to_the_right(capsys):
    tables.show(COLUMNS, excess_risk=".2f")
    assert capsys.readouterr().out == (
        "rule           excess risk      n\n"
        "line                  0.08    100\n"
        "join the dots         2.67  4,000\n"
    )


def test_a_data_frame_and_its_columns_are_one_table():
    shown = tables.show(pd.DataFrame(COLUMNS))
    assert shown == tables.show(COLUMNS)
    assert shown.rows[1] == ("join the dots", "2.667", "4,000")
    assert shown.is_text == (True, False, False)


def test_numpy_scalars_and_intervals_will_do():
    found = Interval(value=2.0, low=1.5, high=2.5, confidence=0.99)
    shown = tables.show({"a": np.array([3]), "b": [np.float32(0.5)], "c": [found]}, c=".1f")
    assert shown.rows == (("3", "0.5", "2.0 [1.5, 2.5]"),)


def test_a_table_is_handed_over_and_not_printed_when_a_site_is_built(capsys):
    publishing.collect()
    shown = tables.show(COLUMNS)
    assert publishing.drain() == [shown]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("columns", "formats", "message"),
    [
        ({}, {}, "columns must be of one length above zero, got {}"),
        ({"a": []}, {}, "columns must be of one length above zero, got {'a': 0}"),
        ({"a": [1], "b": [1, 2]}, {}, "columns must be of one length above zero"),
        ({"a": [1]}, {"b": ".2f"}, "formats must be for columns, ['a'], got ['b']"),
        ({"a": [None]}, {"a": ".2f"}, "the format of 'a' must fit None, got '.2f'"),
        ({"a": [1.5]}, {"a": "d"}, "the format of 'a' must fit 1.5, got 'd'"),
    ],
)
def test_what_is_no_table_is_refused(columns, formats, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tables.show(columns, **formats)


def test_rows_are_no_columns():
    with pytest.raises(TypeError, match="columns must be a mapping of names to columns, got"):
        tables.show([1, 2])
