"""Fingerprints tell tables apart by their values, and by nothing else."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from overfit_tutorial import fingerprints
from overfit_tutorial.sweeps import run_sweep


def of(**columns):
    return fingerprints.state("some", columns).digest


def test_it_is_the_beginning_of_a_sha_256_of_names_and_little_endian_values():
    content = b"a\0" + np.array([0.5, -3.0], "<f8").tobytes()
    content += b"b\0" + np.array([1, 0], "<i8").tobytes() + b"c\0" + b"x\0y"
    expected = hashlib.sha256(content).hexdigest()[:16]
    assert of(a=[0.5, -3.0], b=[True, False], c=["x", "y"]) == expected


def test_byte_order_signs_of_zeros_and_kinds_of_missing_numbers_do_not_count():
    values = np.array([0.0, 1.5, np.nan])
    assert of(a=values) == of(a=values.astype(">f8"))
    assert of(a=values) == of(a=np.array([-0.0, 1.5, -np.nan]))


@pytest.mark.parametrize("other", [[1.0, np.nextafter(2.0, 3.0)], [2.0, 1.0], [1.0, 2.0, 2.0]])
def test_every_bit_and_every_place_counts(other):
    assert of(a=[1.0, 2.0]) != of(a=other)


def test_names_of_columns_count():
    assert of(a=[1.0]) != of(b=[1.0])


def test_where_and_when_a_sweep_was_computed_does_not_count(tmp_path):
    def squares(*, seeds, power):
        return {"value": [float(seed.spawn_key[0]) ** power for seed in seeds]}

    one, two = (
        run_sweep(squares, {"power": [1, 2]}, seed=0, n_seeds=3, store=tmp_path / name)
        for name in ("one", "two")
    )
    assert (one.seconds != two.seconds).any()
    two = two.assign(machine="another")
    assert fingerprints.state("s", one).digest == fingerprints.state("s", two).digest
    assert fingerprints.state("s", one).n_rows == 6


def test_a_script_says_it(capsys):
    stated = fingerprints.state("halves", pd.DataFrame({"half": [0.5] * 1200}))
    assert capsys.readouterr().out == f"{stated.sentence}\n"
    assert f"halves, 1,200 rows, has the fingerprint {stated.digest}" in stated.sentence


@pytest.mark.parametrize("table", [{}, {"a": [1.0], "b": [1.0, 2.0]}])
def test_columns_must_have_one_length(table):
    with pytest.raises(ValueError, match="table must have columns of one length, got lengths"):
        fingerprints.state("some", table)
