"""Copies of examples, which are told once."""

import numpy as np
import pytest

from keras_vabc.data.copies import told_once

RNG = np.random.default_rng(17)
OTHERS = RNG.normal(size=(400, 3)).astype("float32")


@pytest.mark.parametrize("shape", [(3,), (4, 4, 1)])
def test_the_first_of_equal_ones_stays(shape):
    distinct = RNG.normal(size=(5, *shape)).astype("float32")
    distinct[1].flat[0] = np.nan
    rows = distinct[[0, 1, 0, 2, 1, 3, 4, 0]]
    kept, places = told_once(rows, RNG.normal(size=(50, *shape)).astype("float32"))
    assert kept.tolist() == [0, 1, 3, 5, 6]
    np.testing.assert_array_equal(rows[kept][places], rows)


def test_all_stay_where_the_others_repeat_as_well():
    rows = RNG.integers(0, 2, (60, 3)).astype("float32")
    kept, places = told_once(rows, RNG.integers(0, 2, (400, 3)).astype("float32"))
    assert kept.tolist() == places.tolist() == list(range(60))
    assert len(told_once(rows, OTHERS)[0]) == len(np.unique(rows, axis=0))


def test_no_fewer_stay_than_must():
    rows = np.ones((6, 3), "float32")
    kept, places = told_once(rows, OTHERS, least=4)
    assert kept.tolist() == [0, 1, 2, 3] and places.tolist() == [0] * 6
    assert told_once(rows[:3], OTHERS, least=4)[0].tolist() == [0, 1, 2]
