"""Tables of Arrow's types: Parquet, Feather, tables in memory, folders of files."""

import datetime
import gzip

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from keras_vabc.data.readers.table_batches.folders import holds_tables
from keras_vabc.data.readers.table_batches.table import BATCH_BYTES, BATCH_ROWS, open_table
from keras_vabc.files.bounds import TooLarge

RNG = np.random.default_rng(7)
MOMENT = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
MIXED = pa.table(
    {
        "big": pa.array([2**62 + 1, None, -5], pa.int64()),
        "kind": pa.array(["a", "b", None]).dictionary_encode(),
        "price": pa.array([1, 2, 3]).cast(pa.decimal128(25, 2)),
        "time": pa.array([MOMENT, None, MOMENT], pa.timestamp("us", "Europe/Rome")),
        "text": pa.array(["x", "", None], pa.large_string()),
        "member": pa.array([True, None, False]),
        "x": pa.array([np.inf, np.nan, 1e300]),
    }
)


def whole(table):
    """All rows of a `Table` as a `pyarrow.Table`; the numbers of its rows are checked."""
    batches = list(table.batches())
    numbers = np.concatenate([batch.numbers for batch in batches])
    assert np.array_equal(numbers, np.arange(table.count))
    assert all(0 < len(batch.rows) <= BATCH_ROWS for batch in batches)
    return pa.Table.from_batches([batch.rows for batch in batches], table.schema)


def write_parquet(table, path):
    parquet.write_table(table, path, row_group_size=2)


@pytest.mark.parametrize(
    ("name", "write"),
    [("x.parquet", write_parquet), ("x.feather", feather.write_feather), (None, None)],
)
def test_types_and_values_are_those_of_the_table_each_time(tmp_path, name, write):
    data = MIXED
    if name:
        data = tmp_path / name
        write(MIXED, data)
    table = open_table(data, "input")
    assert table.count == 3 and table.has_names and table.dialect is None
    for _ in range(2):
        read = whole(table).combine_chunks()
        assert read.schema.equals(MIXED.schema) and str(read) == str(MIXED), "NaN among them"
    *_, last = table.batches()
    assert last.place(len(last.rows) - 1) == "row 2 (counted from 0)"


def test_a_stream_in_a_file_is_read_as_a_feather_file(tmp_path):
    with pa.ipc.new_stream(tmp_path / "x.arrow", MIXED.schema) as stream:
        stream.write_table(MIXED)
    assert whole(open_table(tmp_path / "x.arrow", "input"))["big"].equals(MIXED["big"])


def test_many_rows_come_in_batches(tmp_path):
    rows = 2 * BATCH_ROWS + 5
    data = pa.table({"a": np.arange(rows)})
    parquet.write_table(data, tmp_path / "x.parquet")
    feather.write_feather(data, tmp_path / "x.feather", chunksize=rows)
    for source in (data, tmp_path / "x.parquet", tmp_path / "x.feather", data.to_batches()[0]):
        table = open_table(source, "input")
        assert whole(table)["a"].to_numpy().tolist() == list(range(rows))
        last = list(table.batches())[-1]
        assert last.place(len(last.rows) - 1) == f"row {rows - 1} (counted from 0)"


def test_batches_of_long_texts_have_fewer_rows(tmp_path):
    data = pa.table({"a": [f"{row}".ljust(1000, "x") for row in range(40_000)]})
    feather.write_feather(data, tmp_path / "x.feather", chunksize=len(data), compression="lz4")
    parquet.write_table(data, tmp_path / "x.parquet")
    for source in (data, tmp_path / "x.feather", tmp_path / "x.parquet"):
        table = open_table(source, "input")
        assert whole(table)["a"].to_pylist() == data["a"].to_pylist()
        assert max(batch.rows.nbytes for batch in table.batches()) <= 1.01 * BATCH_BYTES
    assert len(list(open_table(pa.table({"a": ["x" * 2**25] * 2}), "input").batches())) == 2


def test_lists_of_one_length_are_columns_and_views_are_texts():
    vectors = RNG.normal(size=(4, 3)).astype("f4")
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 3)
    views = pa.array(["a", None, "c", "d"], pa.string_view())
    table = open_table(pa.table({"v": views, "emb": lists}), "input")
    assert table.names == ("v", "emb[0]", "emb[1]", "emb[2]")
    read = whole(table)
    assert read["v"].to_pylist() == ["a", None, "c", "d"]
    assert np.array_equal(np.stack([read[c] for c in table.names[1:]], axis=1), vectors)


class Stream:
    """What can be read once alone, and has no other method, as a result of a database."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        table, self._table = self._table, None
        return table.__arrow_c_stream__(requested_schema)


def test_a_stream_that_can_be_read_once_is_read_as_often_as_one_likes():
    table = open_table(Stream(MIXED), "input")
    assert whole(table)["text"].equals(whole(table)["text"])


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1], [2, 3]]),
        pa.array([{"x": 1}, {"x": 2}]),
        pa.array([b"ab", b"c"]),
        pa.FixedSizeListArray.from_arrays(pa.array(list("abcd")), 2),
    ],
)
def test_columns_that_hold_no_values_are_left_to_who_reads_them(tmp_path, column):
    data = pa.table({"a": [1, 2], "c": column})
    parquet.write_table(data, tmp_path / "x.parquet")
    feather.write_feather(data, tmp_path / "x.feather")
    for source in (data, tmp_path / "x.parquet", tmp_path / "x.feather"):
        assert open_table(source, "input").names == ("a", "c")


def test_files_that_are_damaged_or_empty_are_named(tmp_path):
    write_parquet(MIXED, tmp_path / "cut.parquet")
    feather.write_feather(MIXED, tmp_path / "cut.feather")
    for name in ("cut.parquet", "cut.feather"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
    (tmp_path / "old.feather").write_bytes(b"FEA1 and more")
    write_parquet(MIXED[:0], tmp_path / "none.parquet")
    write_parquet(pa.table([[1], [2]], ["a", "a"]), tmp_path / "twice.parquet")
    (tmp_path / "x.xlsx").touch()
    for name, message in {
        "cut.parquet": "must be a whole Parquet file",
        "cut.feather": "must be a whole Feather file",
        "old.feather": "version 1: write it anew",
        "none.parquet": "must have rows.*has none",
        "twice.parquet": "must name each of its columns once.*'a' twice",
        "x.xlsx": r"\(Excel and SQL through pandas\)",
    }.items():
        with pytest.raises(ValueError, match=rf"input.*{message}"):
            open_table(tmp_path / name, "input")
    with pytest.raises(FileNotFoundError, match="input must be a table.*none.csv, not there"):
        open_table(tmp_path / "none.csv", "input")


def test_a_file_without_columns_is_named(tmp_path):
    parquet.write_table(pa.table({}), tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="input must name each of its columns once.*no columns"):
        open_table(tmp_path / "x.parquet", "input")


def test_a_file_of_one_value_many_times_is_refused(tmp_path):
    parquet.write_table(pa.table({"a": np.zeros(10**7, "i1")}), tmp_path / "x.parquet")
    feather.write_feather(
        pa.table({"a": np.zeros(10**7)}), tmp_path / "x.feather", compression="zstd"
    )
    for name in ("x.parquet", "x.feather"):
        with pytest.raises(TooLarge, match="input must hold at most 200 times"):
            open_table(tmp_path / name, "input")


class TestPandas:
    """Tables of pandas, with the index that they came with."""

    pd = pytest.importorskip("pandas", reason="pandas is not installed")

    def test_an_index_is_told_and_row_numbers_are_none(self, tmp_path):
        frame = self.pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
        assert open_table(frame, "input").index_columns == ()
        filtered = frame.iloc[[2, 0, 1]]
        filtered.to_parquet(tmp_path / "x.parquet")
        for source in (filtered, tmp_path / "x.parquet"):
            assert open_table(source, "input").index_columns == ("__index_level_0__",)
        named = frame.set_index(self.pd.Index([5, 9, 7], name="customer"))
        assert open_table(named, "input").index_columns == ("customer",)

    def test_a_multi_index_is_one_clear_line(self, tmp_path):
        rows = self.pd.DataFrame({"a": [1]}, index=self.pd.MultiIndex.from_tuples([(1, 2)]))
        rows.to_parquet(tmp_path / "x.parquet")
        columns = self.pd.DataFrame([[1, 2]], columns=[["a", "a"], ["x", "y"]])
        for source, where in (
            (rows, "as its index"),
            (tmp_path / "x.parquet", "as its index"),
            (columns, "in the names of its columns"),
        ):
            with pytest.raises(ValueError, match=f"with a MultiIndex {where}"):
                open_table(source, "input")

    def test_cells_of_several_types_are_texts(self):
        frame = self.pd.DataFrame({"a": [1, 1.0, "1", None], "b": [1, 2, 3, 4]})
        read = whole(open_table(frame, "input"))
        assert read["a"].to_pylist() == ["1", "1.0", "1", None]
        assert read["b"].to_pylist() == [1, 2, 3, 4] and list(frame.a)[:2] == [1, 1.0]

    def test_own_types_of_pandas_are_read(self):
        frame = self.pd.DataFrame({"a": [1, None], "b": [True, None], "c": ["x", "x"]})
        frame = frame.astype({"a": "Int64", "b": "boolean", "c": "category"})
        read = whole(open_table(frame, "input"))
        assert [c.to_pylist() for c in read.columns] == [[1, None], [True, None], ["x", "x"]]


def test_structured_and_masked_arrays_keep_names_and_holes():
    kinds = [("i", ">i4"), ("s", "U3"), ("b", "S3"), ("d", "M8[D]"), ("e", "f4", (2,)), ("o", "O")]
    rows = [(1, "é", b"x", "1677-01-01", (0.5, 1), 1), (2, "y", b"z", "NaT", (2, 3), "1")]
    array = np.array(rows, kinds)
    table = open_table(array, "input")
    assert table.names == ("i", "s", "b", "d", "e[0]", "e[1]", "o") and table.has_names
    day = datetime.date(1677, 1, 1)
    assert whole(table).to_pydict() == {
        "i": [1, 2],
        "s": ["é", "y"],
        "b": ["x", "z"],
        "d": [day, None],
        "e[0]": [0.5, 2],
        "e[1]": [1, 3],
        "o": ["1", "1"],
    }
    masked = np.ma.array(array[["i", "s"]], mask=[(True, False), (False, True)])
    assert whole(open_table(masked, "input")).to_pydict() == {"i": [None, 2], "s": ["é", None]}


def test_arrays_without_names_have_numbers_for_names():
    plain = np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    table = open_table(plain, "input")
    assert table.names == ("0", "1") and not table.has_names
    assert whole(table).to_pydict() == {"0": [1, 3], "1": [None, 4]}
    mixed = np.array([[1, "a"], [1.5, None], ["1", "b"]], object)
    assert whole(open_table(mixed, "input")).to_pydict() == {
        "0": ["1", "1.5", "1"],
        "1": ["a", None, "b"],
    }


@pytest.mark.parametrize("data", [[1, 2], {"a": [1]}, np.zeros((2, 3, 3)), np.zeros((2, 2), "c8")])
def test_what_is_no_table_is_named(data):
    with pytest.raises(ValueError, match="input must be a table: columns of cells. Received: in"):
        open_table(data, "input")


def test_a_folder_of_files_is_one_table(tmp_path):
    folder = tmp_path / "events.parquet"
    folder.mkdir()
    parts = [{"a": [1, 2], "b": ["x", "y"]}, {"b": ["z"], "a": [2.5]}]
    for number, part in enumerate(parts):
        parquet.write_table(pa.table(part), folder / f"part-{number}.parquet")
    for name in ("_SUCCESS", ".part-0.parquet.crc", "_metadata.parquet"):
        (folder / name).touch()
    table = open_table(folder, "input")
    assert holds_tables(folder) and not holds_tables(tmp_path)
    assert whole(table).to_pydict() == {"a": [1, 2, 2.5], "b": ["x", "y", "z"]}
    assert [b.place(0) for b in table.batches()] == [
        "part-0.parquet, row 0 (counted from 0)",
        "part-1.parquet, row 0 (counted from 0)",
    ]


def test_a_folder_of_csv_files_is_read_by_one_dialect(tmp_path):
    days = {"d1.csv": "a;b\n1.234;x\n2.345;y\n", "d2.csv": "a;b\n1.234,5;x\n6;z\n7;z;z\n"}
    for name, text in days.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match="1 others of 5: 'd2.csv, line 4'"):
        open_table(tmp_path, "input", 0.1)
    table = open_table(tmp_path, "input", 0.2)
    assert table.dialect.thousands == "." and table.count == 5 and len(table.unreadable) == 1
    last = list(table.batches())[-1]
    assert last.numbers.tolist() == [2, 3] and last.place(1) == "d2.csv, line 3"
    (tmp_path / "d3.csv.gz").write_bytes(gzip.compress(b"a;b\n1.5;x\n"))
    with pytest.raises(ValueError, match="d1.csv and d3.csv.gz: numbers are written in two ways"):
        open_table(tmp_path, "input", 0.2)
    (tmp_path / "d3.csv.gz").write_bytes(gzip.compress(b"a;c\n1;x\n"))
    with pytest.raises(ValueError, match="the same columns in all files.*some have 'b', 'c'"):
        open_table(tmp_path, "input", 0.2)
    parquet.write_table(MIXED, tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="tables of one kind.*of .csv, .parquet"):
        open_table(tmp_path, "input")
    (tmp_path / "year=2024").mkdir()
    with pytest.raises(ValueError, match="with the folder 'year=2024' in it"):
        open_table(tmp_path, "input")


def test_csv_and_parquet_of_a_table_hold_the_same(tmp_path):
    data = pa.table({"n": RNG.integers(0, 9, 500), "x": RNG.normal(size=500)})
    csv.write_csv(data, tmp_path / "x.csv")
    write_parquet(data, tmp_path / "x.parquet")
    text = whole(open_table(tmp_path / "x.csv", "input"))
    cells = whole(open_table(tmp_path / "x.parquet", "input"))
    assert text["n"].cast(pa.int64()).equals(cells["n"])
    assert text["x"].cast(pa.float64()).equals(cells["x"])


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet", "x.feather"])
def test_damaged_files_are_read_or_refused_in_a_line(tmp_path, name):
    rows = pa.table({"a": RNG.integers(0, 9, 60), "b": ["x", 'y "z"\n', "é"] * 20})
    csv.write_csv(rows, tmp_path / "x.csv")
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress((tmp_path / "x.csv").read_bytes()))
    write_parquet(rows, tmp_path / "x.parquet")
    feather.write_feather(rows, tmp_path / "x.feather", chunksize=20)
    path, whole_file = tmp_path / name, (tmp_path / name).read_bytes()
    refused = 0
    for _ in range(60):
        data = bytearray(whole_file[: RNG.integers(1, len(whole_file) + 1)])
        for place in RNG.integers(0, len(data), RNG.integers(0, 4)):
            data[place] = RNG.choice([0, 10, 13, 34, 44, 59, 255])
        path.write_bytes(data)
        try:
            table = open_table(path, "input", 0.1)
            assert sum(len(b.rows) for b in table.batches()) + len(table.unreadable) == table.count
        except (ValueError, OSError) as error:
            assert "input" in str(error) and "\n" not in str(error)
            refused += 1
    assert refused


def test_codes_of_dates_are_dates_and_codes_of_words_stay_words():
    days = pa.array([datetime.date(2025, 1, day) for day in (1, 2, 1)]).dictionary_encode()
    words = pa.array(["a", "b", "a"]).dictionary_encode()
    table = open_table(pa.table({"day": days, "word": words}), "input")
    assert table.schema.types == [pa.date32(), words.type]
    (batch,) = table.batches()
    assert batch.rows.column("day").to_pylist() == days.to_pylist()
    assert batch.rows.column("word").to_pylist() == ["a", "b", "a"]


@pytest.mark.parametrize("far", [2**70, -(2**90)])
def test_whole_numbers_of_any_size_are_texts(far):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    data = {"a": [far, 1, None], "b": [1, 2, 3]}
    array = np.array([tuple(row) for row in zip(*data.values(), strict=True)], "O,i8")
    array.dtype.names = ("a", "b")
    for source in (pd.DataFrame(data, dtype=object), array):
        read = whole(open_table(source, "input"))
        assert read["a"].to_pylist() == [str(far), "1", None]
        assert read["b"].to_pylist() == [1, 2, 3]


def test_a_folder_of_numbers_that_no_type_holds_names_file_and_column(tmp_path):
    parquet.write_table(pa.table({"k": [2**60 + 1, 3], "x": [1, 2]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"k": [1.5, 2.5], "x": [1, 2]}), tmp_path / "b.parquet")
    table = open_table(tmp_path, "unlabeled")
    with pytest.raises(ValueError, match=r"^unlabeled must .* and a\.parquet: column 'k', Integer"):
        list(table.batches())
