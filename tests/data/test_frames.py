"""Tables of any library as arrays: columns by their names, cells as they are."""

import datetime
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import keras_vabc as kv
from keras_vabc.data.columns.find import find_columns
from keras_vabc.data.readers.table_batches.table import open_table

RNG = np.random.default_rng(5)
COLUMNS = ("weight", "width", "count")


class ArrowAlone:
    """A table of a library that has nothing but Arrow's stream, as a relation of DuckDB."""

    def __init__(self, frame):
        self._table = pa.table(frame)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


LIBRARIES = {
    "pandas": lambda frame: frame,
    "pandas' own types": lambda frame: frame.convert_dtypes(),
    "pandas of pyarrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "pyarrow": pa.table,
    "a stream that is read once": lambda frame: pa.table(frame).to_reader(),
    "Arrow alone": ArrowAlone,
    "NumPy": lambda frame: frame.to_records(index=False).view(np.ndarray),
}
of_any_library = pytest.mark.parametrize("of", LIBRARIES.values(), ids=LIBRARIES)


def numbers(count, order=COLUMNS):
    columns = {"weight": RNG.normal(0, 0.1, count), "width": RNG.normal(10, 0.1, count)}
    frame = pd.DataFrame({**columns, "count": RNG.integers(100, 110, count)})
    return frame[list(order)]


def mixed(count):
    """A column of each type that a table of pandas may have, with holes."""
    days = pd.date_range("2024-03-30 20:15", periods=count, freq="h")
    holes = np.arange(count) % 4 == 1
    frame = pd.DataFrame(
        {
            "number": RNG.normal(size=count),
            "whole": pd.array(RNG.integers(2**60, 2**60 + 40, count), "Int64"),
            "truth": pd.array(RNG.random(count) < 0.5, "boolean"),
            "word": pd.array(RNG.choice(["ja", "nein", " x"], count), "string"),
            "category": pd.Categorical(RNG.choice(["é", "b"], count)),
            "code": pd.Categorical(RNG.choice([7, 9], count)),
            "zone": days.tz_localize("UTC").tz_convert("Europe/Berlin"),
            "day": pd.Series(days.date),
            "time": days,
        }
    )
    return frame.mask(pd.DataFrame(dict.fromkeys(frame, holes)))


@of_any_library
def test_numbers_are_joined_by_name_whatever_the_library_and_the_order(of):
    u, w = numbers(90), numbers(30, ("count", "weight", "width"))
    folds = kv.array_folds(of(u), of(w), seed=3)
    assert folds.unlabeled.shape == (72, 3)
    assert folds.unlabeled.dtype == folds.unwanted.dtype == "float64"
    for part in (folds.unlabeled, folds.unwanted, folds.test_unlabeled, folds.test_unwanted):
        np.testing.assert_allclose(part.mean(axis=0), [0, 10, 105], atol=2.5)
    rows = np.concatenate([folds.unwanted, folds.test_unwanted])
    own = w[list(COLUMNS)].to_numpy()
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(own, axis=0))


@pytest.mark.parametrize("whole", ["int64", "Int64", "int64[pyarrow]"])
def test_whole_numbers_stay_whole(whole):
    frame = pd.DataFrame({"a": range(2**60, 2**60 + 20), "b": range(20)}).astype(whole)
    folds = kv.array_folds(frame, frame[["b", "a"]], seed=1)
    assert folds.unwanted.dtype == "int64"
    assert set(folds.unwanted[:, 0] - 2**60) <= set(range(20))


def test_truths_are_numbers_and_folds_get_one_type():
    u, w = numbers(60), numbers(20)
    folds = kv.array_folds(u.assign(ill=u["width"] > 10), w.assign(ill=np.ones(20, int)), seed=2)
    assert folds.unlabeled.dtype == folds.unwanted.dtype == "float64"
    assert set(np.unique(folds.unlabeled[:, 3])) == {0, 1}
    np.testing.assert_array_equal(folds.unlabeled[:, 3], folds.unlabeled[:, 1] > 10)


def read_as(frame, name):
    return open_table(frame, name).batches


def test_mixed_tables_keep_cells_types_and_holes():
    u, w = mixed(60), mixed(24)
    folds = kv.array_folds(u, w[list(w)[::-1]], seed=4)
    assert folds.unlabeled.dtype == folds.test_unwanted.dtype
    assert folds.unlabeled.dtype.names == tuple(u)
    assert len(folds.unwanted) == 19 and folds.test_unlabeled.shape == (12,)
    row = next(row for row in folds.unlabeled if row["zone"] is not None)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    assert isinstance(row["zone"], datetime.datetime) and row["zone"].tzinfo == berlin
    assert row["whole"] >= 2**60 and row["truth"] in (True, False)
    assert folds.unlabeled.dtype["time"].kind == "M"
    again = find_columns(read_as(folds.unlabeled, "u"), read_as(folds.unwanted, "w"))
    first = find_columns(read_as(u, "u"), read_as(w, "w"))
    assert [c.type for c in again.columns] == [c.type for c in first.columns]
    cells = [c for own in (folds.unlabeled, folds.test_unlabeled) for c in own["whole"].tolist()]
    assert sorted(c for c in cells if c) == sorted(u["whole"].dropna().astype(int).tolist())


def test_words_of_one_fold_may_be_codes_in_the_other():
    u = pd.DataFrame({"n": range(20), "w": ["a", "b"] * 10})
    w = u.head(10).astype({"w": "category"})
    folds = kv.array_folds(u, w, seed=1)
    assert set(folds.unwanted["w"]) <= {"a", "b"} and folds.unwanted["n"].dtype == "int64"


def test_numbers_that_float64_would_round_stay_apart():
    frame = pd.DataFrame({"key": [2**60 + k for k in range(20)], "x": RNG.normal(size=20)})
    folds = kv.array_folds(frame, frame, seed=1)
    keys = np.concatenate([folds.unlabeled["key"], folds.test_unlabeled["key"]])
    assert len(set(keys.tolist())) == 20


def test_columns_that_are_not_in_both_are_told():
    u, w = numbers(40), numbers(20)
    with pytest.warns(UserWarning, match=r"unwanted: columns that unlabeled lacks .*'more'"):
        folds = kv.array_folds(u, w.assign(more=1))
    assert folds.unwanted.shape[1] == 3
    with pytest.raises(ValueError, match=r"^unwanted must have the columns of unlabeled.*'width'"):
        kv.array_folds(u, w.drop(columns="width"))


def test_a_table_beside_an_array_is_taken_in_its_order():
    u, w = numbers(40), numbers(20)
    for folds in ((u, w.to_numpy()), (u.to_numpy(), w)):
        with pytest.warns(UserWarning, match="names and were taken in the order given"):
            made = kv.array_folds(*folds, seed=6)
        np.testing.assert_allclose(made.unwanted.mean(axis=0), [0, 10, 105], atol=3)
    with (
        pytest.raises(ValueError, match=r"unlabeled must be a table of numbers.*'w' of others"),
        pytest.warns(UserWarning),
    ):
        kv.array_folds(pd.DataFrame({"n": range(20), "w": ["a", "b"] * 10}), np.zeros((9, 2)))


def test_types_that_contradict_are_told():
    u, w = pd.DataFrame({"a": ["x", "y"] * 9}), pd.DataFrame({"a": range(9)})
    with pytest.raises(ValueError, match=r"^unlabeled and unwanted must hold the same.*'?a'?"):
        kv.array_folds(u, w)


def test_the_index_of_pandas_is_no_column():
    u, w = numbers(40).set_index(pd.Index(range(5, 45), name="customer")), numbers(20)
    assert kv.array_folds(u, w).unlabeled.shape[1] == 3


@of_any_library
def test_a_labelled_table_is_split_and_its_test_set_joined(of):
    x, more = numbers(80), numbers(40, ("width", "count", "weight"))
    labels, test_labels = RNG.integers(0, 2, 80), RNG.integers(0, 2, 40)
    test = of(more), test_labels
    folds = kv.split_unwanted(of(x), labels, negative_class=1, fraction=0.5, seed=7, test=test)
    np.testing.assert_allclose(folds.test_unlabeled.mean(axis=0), [0, 10, 105], atol=2.5)
    words = kv.split_unwanted(mixed(80), labels, negative_class=1, fraction=0.5, seed=7)
    assert words.unwanted.dtype.names == tuple(mixed(1)) and len(words.test_unwanted) == 0


@of_any_library
def test_batches_are_of_columns_by_name_and_remember_them(of):
    u, w = numbers(80), numbers(40, ("count", "width", "weight"))
    made = kv.balanced_dataset(of(u), of(w), batch_size=40, seed=3)
    assert made.column_names == COLUMNS
    x, _ = next(iter(made))
    np.testing.assert_allclose(x.numpy().mean(axis=0), [0, 10, 105], atol=2.5)
    assert kv.unlabeled_dataset(of(u), batch_size=40).column_names == COLUMNS
    assert kv.balanced_dataset(u.to_numpy(), w.to_numpy()).column_names is None


def test_batches_are_of_numbers():
    with pytest.raises(ValueError, match=r"^unlabeled must be a table of numbers; kv\.train and"):
        kv.balanced_dataset(mixed(40), mixed(20))
    holes = numbers(40).assign(weight=[None, *range(39)])
    with pytest.raises(ValueError, match=r"^unlabeled must be finite.* in row 0"):
        kv.balanced_dataset(holes, numbers(20))


def test_the_table_of_columns_says_which_of_two_ids_names_the_rows():
    frame = pd.DataFrame({"x": RNG.normal(size=30), "key": range(30), "more": range(30)})
    columns = find_columns(
        read_as(frame, "u"), read_as(frame, "w"), overrides={"id": ["more", "key"]}
    )
    told = {line.split()[0]: line for line in str(columns).splitlines()}
    assert "names the rows: as said" in told["key"] and columns.ids[0].name == "key"
    assert "as said" in told["more"] and "names" not in told["more"]
