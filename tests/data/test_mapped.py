"""Arrays on disk stay there: rows are taken, folds corrected, networks trained without a copy."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

import keras_vabc as kv
from keras_vabc.data.blocks import BLOCK_ROWS, Blockwise
from keras_vabc.data.checks import BLOCK_NUMBERS, check_finite
from keras_vabc.data.folds import array_folds, move_to_unwanted
from keras_vabc.data.mapped import RowsFile, join_rows, take_rows
from keras_vabc.nu.training import Part

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 7, 100)).astype("float32")  # 8 MB, two blocks


@pytest.fixture
def mapped(tmp_path):
    def write(name, x):
        np.save(tmp_path / name, x)
        return np.load(tmp_path / name, mmap_mode="r")

    return write


def on_disk(array, like):
    return (
        isinstance(array, np.memmap) and array.dtype == like.dtype and np.array_equal(array, like)
    )


def test_a_file_of_rows_grows_block_by_block(tmp_path):
    file = RowsFile(tmp_path / "x.npy", (7, 100), "float32")
    for start in range(0, 3000, 900):
        file.append(X[start : start + 900].astype(">f8"))
    assert on_disk(file.array(), X) and file.count == 3000
    assert np.array_equal(np.load(tmp_path / "x.npy"), X), "any reader of .npy can read it"
    assert RowsFile(tmp_path / "y.npy", (2,), "uint8").array().shape == (0, 2)


@pytest.mark.parametrize("rows", [RNG.random(3000) < 0.8, np.array([2999, 0, 0]), slice(5, None)])
def test_rows_taken_from_a_mapped_array_are_mapped(rows, mapped, tmp_path):
    taken = take_rows(mapped("x.npy", X), rows)
    assert on_disk(taken, X[rows])
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"], "its file has no name"
    assert on_disk(take_rows(taken, slice(0, 2)), X[rows][:2])
    ordinary = take_rows(X, rows)
    assert type(ordinary) is np.ndarray and np.array_equal(ordinary, X[rows])


def test_the_folder_may_go_while_arrays_are_in_use(mapped, tmp_path):
    x = mapped("x.npy", X)
    taken = take_rows(x, slice(0, 300))
    shutil.rmtree(tmp_path)
    assert np.array_equal(x, X) and np.array_equal(taken, X[:300])


def test_joined_rows_are_mapped_if_one_part_is(mapped):
    keep = RNG.random(3000) < 0.5
    expected = np.concatenate([X[:10], X[keep]])
    assert on_disk(join_rows((X[:10], slice(None)), (mapped("x.npy", X), keep)), expected)
    ordinary = join_rows((X[:10], slice(None)), (X, keep))
    assert type(ordinary) is np.ndarray and np.array_equal(ordinary, expected)


def test_corrected_folds_stay_where_they_were(mapped):
    folds = array_folds(X[:2000], X[2000:], seed=0)
    names = ("unlabeled", "unwanted", "test_unlabeled", "test_unwanted")
    mapped_folds = dataclasses.replace(
        folds, **{name: mapped(f"{name}.npy", getattr(folds, name)) for name in names}
    )
    flags = RNG.random(len(folds.unlabeled)) < 0.3, RNG.random(len(folds.test_unlabeled)) < 0.3
    moved, expected = move_to_unwanted(mapped_folds, *flags), move_to_unwanted(folds, *flags)
    for name in names:
        assert on_disk(getattr(moved, name), getattr(expected, name))
        assert type(getattr(expected, name)) is np.ndarray
        labels = f"{name}_labels"
        assert np.array_equal(getattr(moved, labels), getattr(expected, labels))


def test_a_part_of_a_fold_is_what_a_copy_would_be():
    x = X.reshape(-1, 100)[: 3 * BLOCK_ROWS]
    chosen = RNG.random(len(x)) < 0.8
    part, copy = Part(x, chosen), x[chosen]
    assert len(part) == len(copy) > 2 * BLOCK_ROWS
    rows = RNG.integers(0, len(copy), 50)
    assert np.array_equal(part[rows], copy[rows])
    kernel = tf.constant(RNG.normal(size=(100, 1)), tf.float32)
    function = Blockwise(lambda rows: (rows @ kernel)[:, 0])
    assert np.array_equal(part.each(function), function(copy)), "to the last bit"


def test_a_mapped_fold_trains_as_an_ordinary_one(mapped):
    folds = kv.load_folds("moons2", seed=0)
    unlabeled, unwanted = folds.unlabeled[:1500], folds.unwanted[:300]
    arguments = {"members": 2, "epochs": 2, "seed": 3}
    probabilities = [
        kv.NUClassifier(**arguments).fit(*pair, verbose=0).negative_probability(unlabeled)
        for pair in (
            (unlabeled, unwanted),
            (mapped("u.npy", unlabeled), mapped("w.npy", unwanted)),
        )
    ]
    assert np.array_equal(*probabilities)


@pytest.mark.parametrize("shape", [(BLOCK_NUMBERS + 9, 1), (9, 3, BLOCK_NUMBERS), (50, 4)])
def test_the_row_that_is_not_finite_is_found_in_any_block(shape):
    x = np.zeros(shape, "float32")
    assert check_finite("x", x) is x
    for row in (0, len(x) // 2, len(x) - 1):
        x[row, ..., -1] = np.inf
        with pytest.raises(ValueError, match=f"x must be finite.* in row {row}[.]"):
            check_finite("x", x)
        x[row] = 0
