"""Fingerprints tell any two things apart that are not the same."""

import numpy as np
import pytest

from keras_vabc.files.fingerprints import ROWS, array_fingerprint, config_fingerprint, file_hash

X = np.random.default_rng(3).normal(size=(2 * ROWS + 100, 2)).astype("float32")


@pytest.mark.parametrize("row", [0, ROWS - 1, ROWS, ROWS + 77, 2 * ROWS, len(X) - 1])
@pytest.mark.parametrize("column", [0, 1])
def test_every_number_of_an_array_counts(row, column):
    changed = X.copy()
    changed[row, column] = np.nextafter(changed[row, column], 9)
    assert array_fingerprint([changed]) != array_fingerprint([X])
    assert array_fingerprint([X, changed]) != array_fingerprint([changed, X])
    changed[row, column] = X[row, column]
    assert array_fingerprint([changed]) == array_fingerprint([X])


def test_rows_that_change_places_count():
    for one, other in ((0, 1), (5, ROWS + 5), (ROWS, 2 * ROWS)):
        changed = X.copy()
        changed[[one, other]] = X[[other, one]]
        assert array_fingerprint([changed]) != array_fingerprint([X])


def test_dtype_shape_and_division_count():
    zeros = np.zeros((4, 6), "float32")  # whose bytes are those of all of these
    others = [
        [zeros],
        [zeros.view("int32")],
        [zeros.view("uint32")],
        [zeros.view(">f4")],
        [zeros.view("float64")],
        [zeros.reshape(6, 4)],
        [zeros.reshape(24)],
        [zeros[..., None]],
        [zeros[:3]],
        [zeros[:2], zeros[2:]],
        [zeros[:3], zeros[3:]],
        [zeros, zeros[:0]],
        [zeros[:0], zeros],
        [],
        [np.float32(0)],
        [np.array("zeros")],
        [np.array("zero")],
    ]
    assert len({array_fingerprint(arrays) for arrays in others}) == len(others)


def test_what_holds_the_numbers_does_not_count(tmp_path):
    np.save(tmp_path / "x.npy", X)
    same = [np.asfortranarray(X), np.load(tmp_path / "x.npy", mmap_mode="r"), X.tolist()]
    same[2] = np.array(same[2], "float32")
    assert {array_fingerprint([x]) for x in same} == {array_fingerprint([X])}


def test_configs_differ_by_every_value_but_not_by_the_numbers_in_names():
    config = {"name": "dense_3", "units": 8, "inner": {"name": "relu_12", "rate": 0.5}, "on": None}
    renamed = {"on": None, "inner": {"rate": 0.5, "name": "relu"}, "units": 8, "name": "dense_41"}
    assert config_fingerprint(config) == config_fingerprint(renamed)
    changes = [{"units": 9}, {"on": False}, {"name": "conv_3"}, {"more": 1}]
    changes += [{"inner": {"name": "relu_12", "rate": 0.25}}]
    found = {config_fingerprint(config | change) for change in changes} | {
        config_fingerprint(config)
    }
    assert len(found) == len(changes) + 1


def test_the_hash_of_a_file_is_its_sha256(tmp_path):
    """Of "abc" that of FIPS 180-2."""
    (tmp_path / "x").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(tmp_path / "x") == expected
