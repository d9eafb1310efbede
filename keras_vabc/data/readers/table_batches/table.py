"""What reads a table, whatever holds it: one protocol, and which reader takes what."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keras_vabc.data.vectors import some

if TYPE_CHECKING:
    import pyarrow as pa

    from keras_vabc.data.readers.table_batches.dialect import Dialect

BATCH_ROWS = 65_536
BATCH_BYTES = 2**24  # of cells that are read at a time, about
CSV_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*CSV_SUFFIXES, ".parquet", ".feather", ".arrow")
ROW_NUMBERS = re.compile(r"|Unnamed: \d+(\.\d+)*|__index_level_\d+__")  # as pandas writes them


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of a table, one after the other.

    Attributes:
        rows: `pyarrow.RecordBatch` of at most `BATCH_ROWS` rows, at least one.
        numbers: Number of each row in the whole table, int64 of shape `(n,)`, counted from 0; rows
            that could not be read are counted, too.
        place: Called with the position of a row in the batch: where it stands, such as
            `"line 12"` or `"row 10 (counted from 0)"`, for errors.
    """

    rows: "pa.RecordBatch"
    numbers: np.ndarray
    place: Callable[[int], str]


class Table(Protocol):
    """A table whose rows can be read as often as one likes.

    Opening one finds out all that concerns the file as a whole, so that what is wrong with it is
    told before anything is written.

    Attributes:
        name: Name of the argument that gave the data, for errors and notes.
        received: The argument and its value, such as `unlabeled=u.csv`, for errors.
        names: Names of the columns, each another one.
        has_names: Whether these are names; else they are the columns' numbers as text.
        schema: `pyarrow.Schema` of every batch.
        index_columns: Names of the columns that nobody chose to have: row numbers or another index
            of pandas, or columns of a file that have no name.
        count: Number of rows, unreadable ones included.
        unreadable: Pairs of the place of a row that could not be read and a reason; its `len` is
            their number.
        dialect: `Dialect` of a CSV file, `None` of everything else.
        notes: What opening it found, a line each.
    """

    name: str
    received: str
    names: tuple[str, ...]
    has_names: bool
    schema: "pa.Schema"
    index_columns: tuple[str, ...]
    count: int
    unreadable: tuple | object
    dialect: "Dialect | None"
    notes: list[str]

    def batches(self) -> Iterator[Batch]:
        """Reads all rows from the first on, whenever it is called.

        Raises a `ValueError` if the data are damaged, or have changed since they were opened, an
        `OSError` if they cannot be read.
        """


def open_table(data, name, max_unreadable=0.0) -> Table:
    """The `Table` of a user's data: a path, an array, or what has `__arrow_c_stream__`.

    A path is one of a file with one of the `SUFFIXES`, text perhaps packed by gzip (`.csv.gz`), or
    of a folder of such files of one kind, as Spark and Dask write them. `max_unreadable` is the
    largest share of rows that may be left out, as `read_folds` has it.

    Raises a `ValueError` if they are no table, or damaged, an `OSError` if there is nothing at a
    path.
    """
    if not isinstance(data, str | os.PathLike):
        from keras_vabc.data.readers.table_batches.memory import MemoryTable

        return MemoryTable(data, name)
    if os.path.isdir(data):
        from keras_vabc.data.readers.table_batches.folders import FolderTable

        return FolderTable(data, name, max_unreadable)
    return open_table_file(data, name, max_unreadable)


def open_table_file(path, name, max_unreadable):
    """As `open_table`, for the path of a file."""
    suffix = table_suffix(path)
    if not os.path.exists(path):
        raise FileNotFoundError(f"{name} must be a table. Received: {name}={path}, not there.")
    if suffix is None or not os.path.isfile(path):
        raise ValueError(
            f"{name} must be a table: {', '.join(SUFFIXES)} (Excel and SQL through pandas). "
            f"Received: {name}={path}."
        )
    if suffix in CSV_SUFFIXES:
        from keras_vabc.data.readers.table_batches.csv_table import CsvTable

        return CsvTable(path, name, max_unreadable)
    if suffix == ".parquet":
        from keras_vabc.data.readers.table_batches.parquet_table import ParquetTable

        return ParquetTable(path, name)
    from keras_vabc.data.readers.table_batches.feather_table import FeatherTable

    return FeatherTable(path, name)


def table_suffix(path):
    """The one of `SUFFIXES` that says what a path holds, `None` if it is none of them."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".gz":
        suffix = Path(path.stem).suffix.lower()
        return suffix if suffix in CSV_SUFFIXES else None
    return suffix if suffix in SUFFIXES else None


def check_names(names, name, received):
    """Refuses columns of which two have one name, and tables without any."""
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice or not names:
        found = f"{some(map(repr, twice))} twice" if twice else "no columns"
        raise ValueError(
            f"{name} must name each of its columns once. Received: {received}, {found}."
        )


def is_row_number(column):
    """Whether a column has a name that pandas gives to row numbers, and to columns without one."""
    return ROW_NUMBERS.fullmatch(column) is not None


def numbered_place(numbers):
    """The `place` of a `Batch` whose rows stand in no line."""
    return lambda row: f"row {numbers[row]} (counted from 0)"
