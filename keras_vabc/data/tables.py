"""Reading tables of numbers, CSV and Parquet, of any length."""

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np

from keras_vabc.data import vectors
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec

DELIMITERS = ",;\t|"
LONGEST_LINE = 2**24  # characters; a longer one is no table
ROW_NUMBERS = ("", "Unnamed: 0", "__index_level_0__")  # what pandas calls them when it writes them
NAMES_SHOWN = 5


class Table:
    """Vectors in the rows of a CSV or Parquet file.

    Unnamed columns are left out: they hold the row numbers that pandas writes.

    Args:
        path: Path of the file.
        name: Name of the argument that gave it, for errors and notes.

    Attributes:
        count: Number of rows, or `None` where only reading tells.
        counts: What was found, `collections.Counter`; complete when `blocks` has ended.
        dtype: Dtype of its rows in a spec of their own.

    Raises:
        ValueError: If the file is damaged or of another kind, or names a column twice.
        OSError: If it cannot be read.
    """

    dtype = "float32"

    def __init__(self, path, name):
        self.path, self.name = Path(path), name
        self._file = (CsvFile if self.path.suffix.lower() == ".csv" else ParquetFile)(path, name)
        self.count = self._file.count
        self.counts = Counter()
        names = self._file.names
        self._kept = [c for c, column in enumerate(names) if column not in ROW_NUMBERS]
        named = [names[column] for column in self._kept]
        twice = [column for column, count in Counter(named).items() if count > 1]
        if twice or not named:
            raise ValueError(
                f"{name} must name each of its columns once. Received: {name}={path}, "
                f"{f'{_some(twice)} twice' if twice else 'no column with a name'}."
            )

    def describe(self, image_size):
        """The `DataSpec` of its rows."""
        names = tuple(self._file.names[column] for column in self._kept)
        columns = names if self._file.has_names else None
        return DataSpec("vectors", (len(names),), "float32", columns)

    def blocks(self, spec):
        """Reads all rows in the form of `spec`, whose columns are found by their names.

        Yields:
            `(ids, rows)`: row numbers as text, and an array of shape `(n, features)`.

        Raises:
            ValueError: If a column is missing, or a cell is no finite number.
        """
        self.counts.clear()
        columns = self._columns(spec)
        names = [self._file.names[column] for column in columns]
        first = 0
        for rows in self._file.blocks(columns, max(1, BLOCK_BYTES // (8 * len(columns)))):
            self.counts["read"] += len(rows)
            ids = [str(first + row) for row in range(len(rows))]
            yield ids, vectors.as_float32(rows, first, self.name, lambda c: f"column {names[c]!r}")
            first += len(rows)

    def notes(self, spec):
        """What was repaired or left out, a line each."""
        columns = self._columns(spec)
        extra = [self._file.names[c] for c in self._kept if c not in columns]
        unnamed = len(self._file.names) - len(self._kept)
        by_place = spec.columns is not None and not self._file.has_names
        lines = {
            f"columns that unlabeled lacks were left out: {_some(extra)}": extra,
            "columns were put into the order that unlabeled has": columns != sorted(columns),
            f"columns without a name (row numbers?) were left out: {unnamed}": unnamed,
            "columns have no names and were taken in the order given": by_place,
        }
        return [f"{self.name}: {line}." for line, holds in lines.items() if holds]

    def _columns(self, spec):
        """Number of the column of the file for each column of a spec."""
        if spec.kind != "vectors" or spec.columns is None or not self._file.has_names:
            vectors.check_width((len(self._kept),), spec, self.name)
            return self._kept
        places = {self._file.names[column]: column for column in self._kept}
        missing = [column for column in spec.columns if column not in places]
        if missing:
            raise ValueError(
                f"{self.name} must have the columns of the unlabeled fold. Received: {self.path} "
                f"without {_some(missing)}."
            )
        return [places[column] for column in spec.columns]


class CsvFile:
    """A CSV file of UTF-8 text, separated by commas, semicolons, tabs or bars.

    Args:
        path: Path of the file.
        name: Name of the argument that gave it, for errors.

    Attributes:
        names: Names of its columns; their numbers as text where the first line is one of numbers.
        has_names: Whether the first line names them.
        count: `None`: only reading tells the number of rows.

    Raises:
        ValueError: If it is empty or no text.
        OSError: If it cannot be read.
    """

    count = None

    def __init__(self, path, name):
        self._path, self._name = path, name
        with self._opened() as lines:
            start = next(self._records(lines), None)
        if start is None:
            raise ValueError(f"{name} must hold a table. Received: {name}={path}, which is empty.")
        cells = [cell.strip() for cell in start]
        self.has_names = not all(_is_number(cell) for cell in cells if cell)
        self.names = cells if self.has_names else [str(column) for column in range(len(cells))]

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        with self._opened() as lines:
            records = itertools.islice(self._records(lines), int(self.has_names), None)
            first = 0
            while block := list(itertools.islice(records, size)):
                yield self._numbers(block, columns, first)
                first += len(block)

    def _numbers(self, block, columns, first):
        """The cells of some records as numbers."""
        width = len(self.names)
        ragged = next((row for row, record in enumerate(block) if len(record) != width), None)
        if ragged is not None:
            raise ValueError(
                f"{self._name} must have {width} cells in each row. Received: "
                f"{len(block[ragged])} in row {first + ragged} (counted from 0)."
            )
        if columns != list(range(width)):
            block = [[record[column] for column in columns] for record in block]
        try:
            return np.array([list(map(float, record)) for record in block])
        except ValueError:
            row, place = next(
                (row, place)
                for row, record in enumerate(block)
                for place, cell in enumerate(record)
                if not _is_number(cell)
            )
        what = "a text" if block[row][place].strip() else "an empty cell"
        raise ValueError(
            f"{self._name} must hold numbers. Received: {what} in row {first + row} (counted from "
            f"0), column {self.names[columns[place]]!r}."
        )

    def _opened(self):
        return open(self._path, encoding="utf-8-sig", newline="")

    def _records(self, file):
        """Lists of cells, blank lines left out."""
        try:
            start = self._line(file)
            delimiter = max(DELIMITERS, key=start.count)
            lines = itertools.chain([start], iter(lambda: self._line(file), ""))
            yield from filter(None, csv.reader(lines, delimiter=delimiter, strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            reason = "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else error
            raise ValueError(
                f"{self._name} must be a CSV file. Received: {self._name}={self._path} ({reason})."
            ) from None

    def _line(self, file):
        line = file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE:
            raise csv.Error("a line without an end")
        return line


class ParquetFile:
    """A Parquet file, read piece by piece.

    Args:
        path: Path of the file.
        name: Name of the argument that gave it, for errors.

    Attributes:
        names: Names of its columns.
        has_names: True.
        count: Number of rows.

    Raises:
        ValueError: If it is no Parquet file.
        OSError: If it cannot be read.
    """

    has_names = True

    def __init__(self, path, name):
        self._path, self._name = path, name
        with self._opened() as file:
            self._types = {field.name: field.type for field in file.schema_arrow}
            self.names = file.schema_arrow.names
            self.count = file.metadata.num_rows

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        import pyarrow as pa
        from pyarrow import compute

        names = [self.names[column] for column in columns]
        for column in names:
            self._check_type(column)
        with self._opened() as file:
            try:
                for batch in file.iter_batches(size, columns=names, use_threads=False):
                    cells = [
                        compute.cast(batch.column(column), pa.float64(), safe=False)
                        for column in names
                    ]
                    yield np.stack([c.to_numpy(zero_copy_only=False) for c in cells], axis=1)
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(error) from None

    def _check_type(self, column):
        from pyarrow import types

        kind = self._types[column]
        tests = types.is_integer, types.is_floating, types.is_boolean, types.is_decimal
        if not any(test(kind) for test in tests):
            raise ValueError(
                f"{self._name} must hold numbers. Received: column {column!r} of {kind}."
            )

    def _opened(self):
        import pyarrow as pa
        from pyarrow import parquet

        try:  # buffered, so that a large row group is not read as a whole
            return parquet.ParquetFile(self._path, buffer_size=2**16, pre_buffer=False)
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error):
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return ValueError(
            f"{self._name} must be a whole Parquet file. Received: {self._name}={self._path} "
            f"({reason})."
        )


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _some(names):
    shown = ", ".join(map(repr, names[:NAMES_SHOWN]))
    return shown + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
