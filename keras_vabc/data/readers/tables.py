"""Reading vectors in the rows of tables, whatever holds the cells."""

from collections import Counter

from keras_vabc.data import vectors
from keras_vabc.data.readers.arrays import numbered
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec

ROW_NUMBERS = ("", "Unnamed: 0", "__index_level_0__")  # what pandas calls them when it writes them


class TableReader:
    """A `Reader` of vectors: the columns of a table are found by their names, if it has any.

    The table is as each format gives it: `names` of its columns, `has_names`, whether they are
    names and not their numbers as text, `count` of rows or `None`, and `blocks(columns, size)`,
    which yields float64 arrays of at most `size` rows of the columns of these numbers. Columns
    without a name are left out: they hold the row numbers that pandas writes.

    Raises a `ValueError` if no column has a name, or two have one.
    """

    dtype = "float32"

    def __init__(self, cells, name, received):
        self.name, self.count, self.counts = name, cells.count, Counter()
        self._cells, self._received = cells, received
        names = cells.names
        self._kept = [c for c, column in enumerate(names) if column not in ROW_NUMBERS]
        named = [names[column] for column in self._kept]
        twice = [column for column, count in Counter(named).items() if count > 1]
        if twice or not named:
            found = f"{vectors.some(map(repr, twice))} twice" if twice else "none with a name"
            raise ValueError(
                f"{name} must name each of its columns once. Received: {received}, {found}."
            )

    def describe(self, image_size):
        """As in `Reader`."""
        names = tuple(self._cells.names[column] for column in self._kept)
        columns = names if self._cells.has_names else None
        return DataSpec("vectors", (len(names),), "float32", columns)

    def survey(self):
        """As in `Reader`."""

    def blocks(self, spec):
        """As in `Reader`; ids are row numbers as text."""
        self.counts.clear()
        columns = self._columns(spec)
        names = [self._cells.names[column] for column in columns]
        size = max(1, BLOCK_BYTES // (8 * len(columns)))
        for first, rows in numbered(self._cells.blocks(columns, size)):
            self.counts["read"] += len(rows)
            ids = [str(first + row) for row in range(len(rows))]
            yield ids, vectors.as_float32(rows, first, self.name, lambda c: f"column {names[c]!r}")

    def notes(self, spec):
        """As in `Reader`."""
        columns = self._columns(spec)
        extra = [self._cells.names[c] for c in self._kept if c not in columns]
        unnamed = len(self._cells.names) - len(self._kept)
        named, has_names = spec.columns is not None, self._cells.has_names
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
        if spec.kind != "vectors" or spec.columns is None or not self._cells.has_names:
            vectors.check_width((len(self._kept),), spec, self.name)
            return self._kept
        places = {self._cells.names[column]: column for column in self._kept}
        missing = [column for column in spec.columns if column not in places]
        if missing:
            raise ValueError(
                f"{self.name} must have the columns of the unlabeled fold. Received: "
                f"{self._received} without {vectors.some(map(repr, missing))}."
            )
        return [places[column] for column in spec.columns]
