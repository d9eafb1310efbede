"""Which rows go where: held out, left out as duplicates, counted among the columns' facts."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from PIL import Image
from pyarrow import parquet

from keras_vabc.data.digests import held_out
from keras_vabc.data.intake import read_blocks
from keras_vabc.data.readers import tables
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.vectors import Columns

SHARE = 0.3
NUMBERED = np.arange(1, 201, dtype="float32")[:, None] * [1, 0.5]  # row i holds (i + 1, ...)
NUMBERED_UNWANTED = -np.arange(1, 61, dtype="float32")[:, None] * [1, 0.5]


def expected_held_out(rows, seed):
    """Numbers of the rows held out, worked out from the rule: a keyed hash of the row's bytes."""
    hashes = (
        hashlib.blake2b(row.tobytes(), digest_size=8, key=str(seed).encode()).digest()
        for row in np.ascontiguousarray(rows)
    )
    return {i for i, h in enumerate(hashes) if int.from_bytes(h, "little") < SHARE * 2**64}


def row_numbers(fold):
    """0, 1, ... of rows of `NUMBERED` or `NUMBERED_UNWANTED`."""
    return [abs(int(row)) - 1 for row in fold[:, 0]]


@pytest.mark.parametrize("seed", [7, 10**9])
def test_held_out_rows_are_those_of_the_runs_own_seed(seed, read, small_blocks):
    folds = read(NUMBERED, NUMBERED_UNWANTED, test_share=SHARE, seed=seed).folds
    parts = {
        "unlabeled": NUMBERED.astype("float32"),
        "unwanted": NUMBERED_UNWANTED.astype("float32"),
    }
    for name, rows in parts.items():
        expected = expected_held_out(rows, seed)
        assert set(np.flatnonzero(held_out(rows, seed, SHARE))) == expected
        test, training = (row_numbers(getattr(folds, f"{part}{name}")) for part in ("test_", ""))
        assert test == sorted(expected), "in the order given"
        assert training == sorted(set(range(len(rows))) - expected)
        others = expected_held_out(rows, seed + 1)
        assert len(expected - others) > 0.4 * len(expected), "another seed's are other rows"
        assert set(np.flatnonzero(held_out(rows, seed + 1, SHARE))) == others


def test_another_seed_holds_other_rows_out(read):
    found = [
        row_numbers(read(NUMBERED, NUMBERED_UNWANTED, seed=seed).folds.test_unlabeled)
        for seed in (3, 4, 3)
    ]
    assert found[0] == found[2] != found[1]


def test_a_later_reading_finds_the_rows_that_were_held_out(read, tmp_path):
    np.savetxt(tmp_path / "u.csv", NUMBERED, delimiter=",", header="a,b", comments="")
    intake = read(tmp_path / "u.csv", NUMBERED_UNWANTED, test_share=SHARE, seed=19)
    later = np.concatenate([rows for _, rows in read_blocks(tmp_path / "u.csv", intake.spec)])
    chosen = held_out(later, 19, SHARE)
    assert np.array_equal(later[chosen], intake.folds.test_unlabeled)
    assert np.array_equal(later[~chosen], intake.folds.unlabeled)


# Duplicates

SHARED = [0, 17, 58, 119, 199]  # in other blocks here than there


def save(path, rows):
    if path.suffix == ".npy":
        np.save(path, rows.astype("float64"))
    elif path.suffix == ".csv":
        np.savetxt(path, rows, delimiter=",", header="a,b", comments="", fmt="%.9g")
    else:
        parquet.write_table(pa.table({"a": rows[:, 0], "b": rows[:, 1]}), path, row_group_size=9)
    return path


KINDS = {
    ".npy": save,
    ".csv": save,
    ".parquet": save,
    "array": lambda path, rows: rows,
    "table": lambda path, rows: pa.table({"a": rows[:, 0], "b": rows[:, 1]}),
    "dataset": lambda path, rows: tf.data.Dataset.from_tensor_slices(rows),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unwanted_kind", [".npy", ".csv", "dataset"])
def test_unwanted_rows_are_left_out_whatever_block_and_file_they_stand_in(
    kind, unwanted_kind, read, small_blocks, tmp_path
):
    rows = NUMBERED / 3  # which need all digits
    unwanted = np.insert(NUMBERED_UNWANTED, [0, 15, 30, 45, 60], rows[SHARED[::-1]], axis=0)
    intake = read(
        KINDS[kind](tmp_path / f"u{kind}", rows),
        KINDS[unwanted_kind](tmp_path / f"w{unwanted_kind}", unwanted),
        test_share=SHARE,
        seed=5,
    )
    expected = set(range(200)) - set(SHARED)
    place = {row: i for i, row in enumerate(rows.astype("float32")[:, 0].tolist())}
    found = [
        {place[value] for value in fold[:, 0].tolist()}
        for fold in (intake.folds.unlabeled, intake.folds.test_unlabeled)
    ]
    held = expected_held_out(rows.astype("float32"), 5)
    assert found == [expected - held, expected & held]
    assert intake.counts["unlabeled"]["duplicates"] == len(SHARED)


def test_unwanted_images_of_a_folder_leave_an_array(read, tmp_path):
    images = np.random.default_rng(6).integers(0, 256, (70, 4, 3), dtype=np.uint8)
    (tmp_path / "w").mkdir()
    for number in (*range(60, 70), 41):
        Image.fromarray(images[number]).save(tmp_path / "w" / f"{number}.png")
    folds = read((images[:60, ..., None] / 255).astype("float32"), tmp_path / "w", seed=8).folds
    kept = {row.tobytes() for fold in (folds.unlabeled, folds.test_unlabeled) for row in fold}
    assert kept == {image.tobytes() for number, image in enumerate(images[:60]) if number != 41}


# What is told of the columns: decided by all blocks, whichever tells


def facts(spec):
    return spec.constants, spec.whole


PLACES = {"first": 0, "middle": 100, "last": 199}
UNTOLD = {"test_share": SHARE, "seed": 5}


@pytest.fixture
def many_blocks(monkeypatch):
    monkeypatch.setattr(tables, "BLOCK_BYTES", 240)  # ten rows of three columns


@pytest.mark.parametrize("place", PLACES)
def test_a_column_is_whole_or_constant_only_if_every_block_says_so(place, read, many_blocks):
    rng, row = np.random.default_rng(9), PLACES[place]
    rows = rng.integers(-4, 5, (200, 3)).astype("float32")
    rows[:, 0] = np.arange(200) - 50
    rows[:, 1] = 7
    unwanted = pa.table({name: rng.normal(size=60) for name in "abc"})

    def table():
        return pa.table({name: rows[:, column] for column, name in enumerate("abc")})

    found = read(table(), unwanted, **UNTOLD).spec
    assert facts(found) == (((1, 7.0),), ((0, -50.0, 149.0), (2, -4.0, 4.0)))
    rows[row, 1] = 6
    found = read(table(), unwanted, **UNTOLD).spec
    assert facts(found) == ((), ((0, -50.0, 149.0), (1, 6.0, 7.0), (2, -4.0, 4.0)))
    rows[row, 2] += 0.5
    found = read(table(), unwanted, **UNTOLD).spec
    assert facts(found) == ((), ((0, -50.0, 149.0), (1, 6.0, 7.0)))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [-90, 90])
def test_least_and_largest_are_those_of_all_blocks(place, value, read, many_blocks):
    rng = np.random.default_rng(10)
    rows = np.column_stack([rng.permutation(200), rng.integers(-4, 5, 200)]).astype("float32")
    rows[PLACES[place], 1] = value
    table = pa.table({"a": rows[:, 0], "b": rows[:, 1]})
    found = read(table, rng.normal(size=(60, 2)), **UNTOLD).spec
    assert found.whole[1] == (1, *sorted((value, -4 if value > 0 else 4)))


def test_rows_left_out_tell_nothing_of_the_columns(read):
    rows = np.column_stack([np.arange(200), np.full(200, 7)]).astype("float32")
    unwanted = np.random.default_rng(11).normal(size=(60, 2)).astype("float32")
    both = np.concatenate([unwanted[:1], rows[:150], unwanted[7:9], rows[150:]])
    found = read(both, unwanted, **UNTOLD).spec
    assert facts(found) == (((1, 7.0),), ((0, 0.0, 199.0),))


def test_deviations_are_those_of_all_rows():
    rows = np.random.default_rng(12).normal(1e6, [1, 9, 0], (1000, 3)).astype("float32")
    columns = Columns()
    for start in (0, 1, 500, 990):
        columns.add(rows[start : {0: 1, 1: 500, 500: 990, 990: 1000}[start]])
    assert np.allclose(columns.deviations(), rows.astype("float64").std(axis=0), rtol=1e-6)
    assert np.array_equal(columns.low, rows.min(axis=0))
    assert np.array_equal(columns.high, rows.max(axis=0))


def test_ids_say_where_a_row_stands_in_the_data(small_blocks):
    ids, rows = zip(*read_blocks(NUMBERED, DataSpec("vectors", (2,), "float32")), strict=True)
    assert len(ids) > 5
    assert row_numbers(np.concatenate(rows)) == [int(i) for block in ids for i in block]
