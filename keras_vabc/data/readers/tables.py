"""Reading tables of numbers, CSV and Parquet, of any length."""

from collections import Counter
from pathlib import Path

from keras_vabc.data import vectors
from keras_vabc.data.readers.csv_files import CsvFile
from keras_vabc.data.readers.parquet_files import ParquetFile
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec

ROW_NUMBERS = ("", "Unnamed: 0", "__index_level_0__")  # what pandas calls them when it writes them


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
            received = f"{vectors.some(map(repr, twice))} twice" if twice else "none with a name"
            raise ValueError(
                f"{name} must name each of its columns once. Received: {name}={path}, {received}."
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
        named, has_names = spec.columns is not None, self._file.has_names
        lines = {
            f"columns that unlabeled lacks were left out: {vectors.some(map(repr, extra))}": extra,
            "columns were put into the order that unlabeled has": columns != sorted(columns),
            f"columns without a name (row numbers?) were left out: {unnamed}": unnamed,
            vectors.NAMELESS: named and not has_names,
            "columns were taken in the order given, since unlabeled does not name its own": (
                has_names and not named
            ),
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
                f"without {vectors.some(map(repr, missing))}."
            )
        return [places[column] for column in spec.columns]
