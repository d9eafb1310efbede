"""Folds of what is in memory already: arrays, tables and datasets, alone and beside files."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from keras_vabc.data import spec
from keras_vabc.data.intake import read_blocks
from keras_vabc.data.readers import arrays, tables
from keras_vabc.data.readers.image_folders import ImageFolder
from keras_vabc.data.readers.reader import Reader, open_reader
from keras_vabc.data.spec import DataSpec, ImageRule

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)).astype("float32")
W = RNG.normal(size=(80, 3)).astype("float32")
IMAGES = RNG.integers(0, 256, (60, 6, 5), dtype=np.uint8)
VECTORS = DataSpec("vectors", (3,), "float32")
NAMED = DataSpec("vectors", (3,), "float32", ("a", "b", "c"))
GREY = DataSpec("images", (6, 5, 1), "uint8")


class Frame:
    """A table of a library that this package does not know."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def table(rows, names="abc"):
    return pa.table({name: rows[:, column] for column, name in enumerate(names)})


def dataset(rows):
    return tf.data.Dataset.from_tensor_slices(rows)


def generated(rows):
    """A dataset whose cardinality nobody knows."""
    return tf.data.Dataset.from_generator(
        lambda: iter(rows), output_signature=tf.TensorSpec(rows.shape[1:], rows.dtype)
    )


def rows_of(data, spec, **arguments):
    ids, rows = zip(*read_blocks(data, spec, **arguments), strict=True)
    return sum(ids, []), np.concatenate(rows)


def same(folds, others):
    names = "unlabeled", "unwanted", "test_unlabeled", "test_unwanted"
    return all(np.array_equal(getattr(folds, n), getattr(others, n)) for n in names)


def test_every_reader_fulfils_the_protocol(tmp_path):
    tf.io.write_file(str(tmp_path / "u" / "x.png"), tf.io.encode_png(IMAGES[0][..., None]))
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    given = [tmp_path / name for name in ("u", "x.npy", "x.csv")]
    given += [X, table(X), dataset(X), generated(X)]
    readers = [open_reader(data, "input") for data in given]
    for reader in readers:
        assert isinstance(reader, Reader), type(reader)
        own = reader.describe(None)
        for _ in range(2):  # and can be read again
            counted = sum(len(ids) for ids, _ in reader.blocks(own))
            assert counted == reader.counts["read"] and reader.count in (None, counted)
        assert (reader.name, reader.dtype, reader.notes(own)) == ("input", own.dtype, [])
    kinds = {ImageFolder, arrays.ArrayReader, tables.TableReader}
    assert {type(reader) for reader in readers} == kinds
    assert not isinstance(X, Reader)


@pytest.mark.parametrize(
    "wrapped", [np.asarray, np.ndarray.tolist, table, lambda x: Frame(table(x)), dataset, generated]
)
def test_vectors_in_memory_become_the_folds_that_a_file_becomes(wrapped, read, tmp_path):
    np.save(tmp_path / "u.npy", X)
    np.save(tmp_path / "w.npy", W)
    expected = read(tmp_path / "u.npy", tmp_path / "w.npy", seed=3).folds
    expected = {name: np.array(rows) for name, rows in vars(expected).items()}
    for unlabeled, unwanted in ((wrapped(X), wrapped(W)), (wrapped(X), tmp_path / "w.npy")):
        intake = read(unlabeled, unwanted, seed=3)
        for name in ("unlabeled", "unwanted", "test_unlabeled", "test_unwanted"):
            found = getattr(intake.folds, name)
            assert isinstance(found, np.memmap) and np.array_equal(found, expected[name])
        named = "table" in str(wrapped) or "lambda" in str(wrapped)
        assert intake.spec.columns == (("a", "b", "c") if named else None)
    assert rows_of(wrapped(X), VECTORS)[0] == [str(row) for row in range(300)]


@pytest.mark.parametrize("wrapped", [np.asarray, dataset, generated])
@pytest.mark.parametrize("channels", ["none", "last", "first"])
def test_images_in_memory_are_read_like_those_of_files(wrapped, channels, read, tmp_path):
    np.save(tmp_path / "w.npy", IMAGES[40:])
    images = {"none": IMAGES, "last": IMAGES[..., None], "first": IMAGES[:, None]}[channels]
    intake = read(wrapped(images[:40]), tmp_path / "w.npy", seed=5)
    assert intake.spec == replace(GREY, rule=ImageRule(whole=255))
    assert not [line for line in intake.notes if "few" not in line]
    floats = wrapped((images / 255).astype("float32"))
    assert open_reader(floats, "input").describe(None).dtype == "float32"
    assert np.array_equal(rows_of(floats, GREY)[1], IMAGES[..., None])
    assert open_reader(floats, "input").describe((3, 4)).shape == (3, 4, 1)
    notes = []
    assert rows_of(wrapped(images), DataSpec("images", (3, 4, 3), "uint8"), notes=notes)[1].any()
    assert notes == [
        "input: images: they were resized or recoloured from 6 x 5 x 1 to 3 x 4 x 3 (height x "
        "width x channels)."
    ]


def test_duplicates_are_found_between_a_table_and_a_dataset(read):
    unlabeled = np.concatenate([X, W[11:18]])
    intake = read(table(unlabeled), generated(W.astype("float64")), seed=2)
    assert intake.counts["unlabeled"]["duplicates"] == 7
    assert intake.counts["unwanted"]["read"] == 80
    assert intake.notes == [
        "unlabeled: 7 of 307 examples are also unwanted, to the last bit, and were left out.",
        "unwanted: columns have no names and were taken in the order given.",
    ]


def test_columns_of_tables_in_memory_are_found_by_name(read):
    unwanted = table(np.column_stack([W[:, 2], W[:, 0], W[:, 1], W[:, 0]]), "cabz")
    intake = read(table(X), unwanted, seed=4)
    assert same(intake.folds, read(table(X), table(W), seed=4).folds)
    assert intake.notes == [
        "unwanted: columns that unlabeled lacks were left out: 'z'.",
        "unwanted: columns were put into the order that unlabeled has.",
    ]
    columns = {"": pa.array([0, 1]), "a": pa.array([1, 2], pa.int8()), "b": pa.array([True, False])}
    columns["c"] = pa.array([1, 2], pa.decimal128(4, 1))
    frame = Frame(pa.table(columns))
    assert open_reader(frame, "input").describe(None) == NAMED
    assert np.array_equal(rows_of(frame, NAMED)[1], [[1, 1, 1], [2, 0, 2]])


def test_frames_of_pandas_are_read_without_their_index(read):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abc"), index=np.arange(300)[::-1])
    frame.index.name = "person"
    assert open_reader(frame, "input").describe(None) == NAMED
    assert np.array_equal(rows_of(frame, NAMED)[1], X)
    numbered = pandas.DataFrame(X)
    assert open_reader(numbered, "input").describe(None).columns == ("0", "1", "2")
    with pytest.raises(ValueError, match="unwanted must .*'a'.* Received|unwanted must .* columns"):
        read(frame, pandas.DataFrame(W, columns=list("aab")))
    with pytest.raises(ValueError, match="no number in row 0 .*, column 'b'"):
        rows_of(pandas.DataFrame({"a": [1.0], "b": ["x"], "c": [2]}), NAMED)


@pytest.mark.parametrize("wrapped", [np.asarray, table, dataset, generated])
def test_blocks_are_small_joined_and_counted_right(wrapped, small_blocks):
    found = list(read_blocks(wrapped(X), VECTORS))
    assert len(found) > 9 and max(rows.nbytes for _, rows in found) <= 200
    ids, rows = rows_of(wrapped(X), VECTORS)
    assert np.array_equal(rows, X) and ids == [str(row) for row in range(300)]
    bad = X.copy()
    bad[211, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN or no value in row 211 .*, column '?[1b]"):
        rows_of(wrapped(bad), VECTORS)


def test_a_dataset_is_read_in_blocks_not_one_by_one():
    sizes = []
    rows = dataset(X).map(lambda x: x)

    class Spied(type(rows)):
        def batch(self, size, **arguments):
            sizes.append(size)
            return super().batch(size, **arguments)

    rows.__class__ = Spied
    assert np.array_equal(rows_of(rows, VECTORS)[1], X)
    assert sizes == [spec.BLOCK_BYTES // 12]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1, 256])
@pytest.mark.parametrize("wrapped", [np.asarray, dataset])
def test_images_out_of_range_are_found_in_the_last_block(bad, wrapped, small_blocks):
    images = IMAGES.astype("float32")
    images[-1, -1, -1] = bad
    with pytest.raises(ValueError, match="input must .*Received: .* row 59"):
        open_reader(wrapped(images), "input")


REFUSED = {
    "objects": (np.array([[{}, 1]], object), "must hold an array of numbers.*dtype object"),
    "texts": ([["a", "b"]], "must hold an array of numbers.*dtype <U1"),
    "complex": (X.astype(complex), "must hold an array of numbers.*dtype complex128"),
    "structured": (np.zeros(3, [("a", "f4")]), "must hold an array of numbers"),
    "dates": (np.zeros((3, 2), "M8[D]"), "must hold an array of numbers.*datetime64"),
    "one axis": (X[0], r"of shape \(n, ...\), n >= 1. Received: shape \(3,\)"),
    "no axis": (None, "must hold an array of numbers.*unlabeled of type NoneType, shape"),
    "a set": ({1, 2}, "must hold an array of numbers.*unlabeled of type set"),
    "no rows": (X[:0], r"Received: shape \(0, 3\)"),
    "no columns": (X[:, :0], r"Received: shape \(300, 0\)"),
    "ragged": ([[1], [2, 3]], "must be an array, a table.*of type list .*inhomogeneous"),
    "masked": (np.ma.masked_less(X, 0), "must have a number in every place. Received: .*masked"),
    "NaN": (np.where(X == X[9, 1], np.nan, X), r"NaN or no value in row 9 .*, column 1"),
    "too large": (X.astype("float64") * 1e39, r"too large for float32 in row 0 .*column 2"),
    "five axes": (np.zeros((3, 2, 2, 2, 2)), "with 1 or 3 channels"),
    "null": (pa.table({"a": pa.array([1, 2, None])}), "NaN or no value in row 2 .*, column 'a'"),
    "text column": (pa.table({"a": [1], "b": ["x"]}), "no number in row 0 .*, column 'b'"),
    "one column": (pa.chunked_array([[1, 2]]), "must be a table: columns.*type ChunkedArray"),
    "no table columns": (pa.table({}), "must name each of its columns once.*no columns"),
    "no names": (pa.table({"": [1]}), "must name each of its columns once.*none with a name"),
    "twice": (pa.table([[1], [2]], ["a", "a"]), "columns once. .*of type Table, 'a' twice"),
    "batched": (dataset(X).batch(9), "neither batched nor paired with labels. Received: element"),
    "labelled": (dataset((X, X[:, 0])), "neither batched nor paired with labels"),
    "unknown shape": (
        tf.data.Dataset.from_generator(lambda: iter(X), output_types=tf.float32),
        "one tensor of known shape",
    ),
    "scalars": (tf.data.Dataset.range(3), "must be a dataset of arrays of numbers"),
    "bytes": (dataset(np.array([["x"]])), "must be a dataset of arrays of numbers"),
    "endless": (dataset(X).repeat(), "Received: infinitely many"),
    "empty": (dataset(X).take(0), "Received: none"),
    "NaN in a dataset": (dataset([[1.0], [np.nan]]), r"NaN or no value in row 1 .*, column 0"),
    "broken off": (
        dataset(X).map(lambda x: tf.debugging.check_numerics(x / 0, "no\nmore")),
        "must be a dataset that can be read to its end. Received: no",
    ),
}


@pytest.mark.parametrize("data", REFUSED)
def test_what_is_no_fold_is_named_in_one_line(data):
    data, message = REFUSED[data]
    with pytest.raises(ValueError, match=f"unlabeled .*{message}") as error:
        reader = open_reader(data, "unlabeled")
        list(reader.blocks(reader.describe(None)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("unlabeled", "unwanted", "message"),
    [
        (X, W[:, :2], "unwanted must hold 3 numbers each.*Received: 2 numbers"),
        (X, table(W[:, :2], "ab"), "unwanted must hold 3 numbers each.*Received: 2 numbers"),
        (table(X), table(W, "abd"), "unwanted must have the columns .*type Table without 'c'"),
        (X, dataset(IMAGES), "unwanted must hold vectors of 3 numbers.*images of 6 x 5"),
        (dataset(IMAGES), W[:50], "unwanted must hold images of 6 x 5 x 1 each"),
        (table(X[:0]), table(W), "unlabeled must have rows. .*type Table, which has none"),
        (generated(X[:0]), W, "unlabeled must have enough examples .*Received: 0"),
        (W, dataset(X), "were the two given the wrong way round"),
        (W, generated(X), "were the two given the wrong way round"),
    ],
)
def test_folds_in_memory_that_do_not_go_together(unlabeled, unwanted, message, read):
    with pytest.raises(ValueError, match=message):
        read(unlabeled, unwanted, allow_more_unwanted="enough" in message)


def test_arrays_and_tables_need_no_tensorflow(tmp_path):
    code = (
        "import sys, numpy as np, pyarrow as pa\n"
        "from keras_vabc.data.intake import read_folds\n"
        "x = np.random.default_rng(1).normal(size=(99, 2))\n"
        "read_folds(x, pa.table({'a': x[:50, 0] + 9, 'b': x[:50, 1]}), folder=sys.argv[1])\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "work")], check=True)
