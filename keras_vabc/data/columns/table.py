"""What is known of the columns of a table: cells to values, values to codes, and back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from keras_vabc.data.columns.cells import check_types
from keras_vabc.data.columns.dense import Dense
from keras_vabc.data.columns.hashes import row_hashes
from keras_vabc.data.columns.notes import table_of
from keras_vabc.data.columns.reading import check_zones
from keras_vabc.data.columns.record import columns_from_json, columns_to_json
from keras_vabc.data.columns.rows import placed
from keras_vabc.data.columns.word_codes import WordCodes
from keras_vabc.data.vectors import some

MIDDLE = 0.5  # of a cell


@dataclass(frozen=True, eq=False)
class Values:
    """Rows of a table, read.

    Attributes:
        arrays: For each column that the rows have, its values, as `Reading` gives them.
        bad: For each such column which cells are no value of it, if any are.
        rows: Numbers of the rows, int64 of shape `(n,)`.
        place: Called with the position of a row: where it stands.
        odd: For each column of whole numbers which cells were none, and became the nearest one.
    """

    arrays: dict
    bad: dict
    rows: np.ndarray
    place: Callable[[int], str]
    odd: dict = field(default_factory=dict)

    def without_bad(self):
        """The rows that could be read."""
        keep = np.ones(len(self.rows), bool)
        for bad in self.bad.values():
            keep &= ~bad
        chosen = pa.array(keep)
        arrays = {name: array.filter(chosen) for name, array in self.arrays.items()}
        odd = {name: own[keep] for name, own in self.odd.items()}
        places = np.flatnonzero(keep)
        return Values(arrays, {}, self.rows[keep], lambda row: self.place(places[row]), odd)


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a run's tables, in the order of the unlabeled fold.

    Attributes:
        columns: A `Column` each.
        has_names: Whether they have names, by which they are found in other tables.
        notes: What a user should know, a line each: names and counts.
    """

    columns: tuple
    has_names: bool = True
    notes: tuple = field(default=(), compare=False)

    @cached_property
    def trained(self):
        """Those that a model sees, c of them."""
        return tuple(column for column in self.columns if column.trained)

    @property
    def ids(self):
        """Those that name a row."""
        return tuple(column for column in self.columns if column.type == "id")

    @property
    def sizes(self):
        """Number of codes of each trained column."""
        return tuple(column.codes.size for column in self.trained)

    def __str__(self):
        """A table that tells what each column is."""
        return table_of(self.columns)

    def read(self, batch, name="input"):
        """The `Values` of one batch, as `placed` takes them.

        Raises a `ValueError` if it lacks a column that is trained on.
        """
        return next(self._read([batch], name))

    def clean(self, batches, name="input", *, max_unreadable=0.01, left_out=None):
        """Reads batches, as `placed` takes them, without rows that have a cell of another type.

        Yields `Values` that have no such rows. `left_out.add(place, reason)` is told of each of
        them, if it is given; what it has before are rows that were left out, too. Raises a
        `ValueError` after the last batch if they are more than the share `max_unreadable` of all
        rows, or earlier if a column is not there.
        """
        rows = bad = 0 if left_out is None else len(left_out)
        example = next(iter(left_out), None) if bad else None
        for values in self._read(batches, name):
            rows += len(values.rows)
            if values.bad:
                faults = self._faults(values)
                example = example or faults[0]
                bad += len(faults)
                for fault in faults if left_out is not None else ():
                    left_out.add(*fault)
                values = values.without_bad()
            yield values
        if bad > max_unreadable * rows:
            raise ValueError(
                f"{name} must hold what the columns hold in training. Received: {bad} of {rows} "
                f"rows that do not, first {': '.join(example)}; max_unreadable={max_unreadable:g}."
            )

    def _read(self, batches, name):
        for rows, numbers, place in placed(batches):
            arrays, bad, odd = {}, {}, {}
            for column, own in self._places(rows.schema, name):
                array, unread = column.reading.read(rows.column(own))
                if column.trained and unread.any():
                    array, found = column.reading.nearest(rows.column(own), array, unread)
                    for kept, cells in ((bad, unread & ~found), (odd, found)):
                        kept.update({column.name: cells} if cells.any() else {})
                arrays[column.name] = array
            yield Values(arrays, bad, numbers, place, odd)

    def encode(self, rows):
        """Cells and codes, int32 of shape `(n, c)`, of a `pyarrow.RecordBatch` or of `Values`.

        Raises a `ValueError` if a cell is no value of its column.
        """
        values = rows if isinstance(rows, Values) else self.read(rows)
        if values.bad:
            raise ValueError(
                "rows must hold what the columns hold in training. "
                f"Received: {': '.join(self._faults(values)[0])}."
            )
        codes = np.empty((len(values.rows), len(self.trained)), np.int32)
        for place, column in enumerate(self.trained):
            codes[:, place] = column.encode(values.arrays[column.name])
        return codes

    def decode(self, codes, places=None):
        """A `pyarrow.RecordBatch` of all columns but ids and dropped ones, of codes `(n, c)`.

        Args:
            codes: Whole numbers, as `encode` gives them.
            places: Numbers in [0, 1) of the same shape: where in its cell a value is; `None` for
                the middle. Whatever they are, `encode` gives the codes back.
        """
        codes = np.asarray(codes)
        places = np.full(codes.shape, MIDDLE) if places is None else np.asarray(places)
        self._check_codes(codes, places)
        arrays, names, trained = [], [], 0
        for column in self.columns:
            if column.trained:
                arrays.append(column.decode(codes[:, trained], places[:, trained]))
                trained += 1
            elif column.type == "constant":
                arrays.append(column.constant(len(codes)))
            else:
                continue
            names.append(column.name)
        return pa.RecordBatch.from_arrays(arrays, names)

    def as_text(self, batch):
        """A batch of `decode` with all cells as text, as they are written in the data."""
        known = {column.name: column for column in self.columns}
        arrays = [
            known[name].as_text(array) if known[name].stored is None else array
            for name, array in zip(batch.schema.names, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, batch.schema.names)

    @cached_property
    def dense(self):
        """How codes stand in rows of numbers."""
        return Dense([column.codes for column in self.trained])

    @cached_property
    def dense_names(self):
        """A name for each number of `encode_dense`, each another one."""
        names = []
        for column in self.trained:
            if isinstance(column.codes, WordCodes):
                names += [f"{column.name}={word}" for word in column.codes.labels]
            else:
                names += [column.name] if column.codes.cells else []
                names += [f"{column.name} is missing"] if column.codes.missing else []
        twice = {name for name, count in Counter(names).items() if count > 1}
        return tuple(f"{own} ({k})" if own in twice else own for k, own in enumerate(names))

    def encode_dense(self, rows):
        """Normal scores and one-hot codes, float32 of shape `(n, dense.width)`; see `encode`."""
        return self.dense.encode(self.encode(rows))

    def decode_dense(self, numbers, places=None):
        """The batch of the nearest cells and likeliest words of rows of numbers; see `decode`."""
        return self.decode(self.dense.decode(np.asarray(numbers)), places)

    def numbers(self, dense):
        """Rows of `encode_dense` in the units of the data, float64 of shape `(n, c)`, for pictures.

        Dates and times are in units of their resolution, words the number of their code, the most
        frequent first, and what is missing the middle of its column.
        """
        codes = self.dense.decode(np.asarray(dense))
        return np.stack([c.numbers(own) for c, own in zip(self.trained, codes.T, strict=True)], 1)

    def unseen(self, values):
        """Which of the trained cells the unlabeled fold has nothing like: boolean `(n, c)`.

        These are words that it lacks, numbers beyond its range, fractions among whole ones, and
        values missing where none were.
        """
        unseen = [c.unseen(values.arrays[c.name]) for c in self.trained]
        for place, column in enumerate(self.trained):
            unseen[place] = unseen[place] | values.odd.get(column.name, False)
        return np.stack(unseen, axis=1)

    def digests(self, values, seed):
        """A 64-bit hash of each row of `Values`, without its ids; see `row_hashes`."""
        names = [c.name for c in self.columns if c.type not in ("id", "dropped")]
        return row_hashes([values.arrays[name] for name in names if name in values.arrays], seed)

    def to_json(self):
        """A text of JSON that `from_json` reads."""
        return columns_to_json(self.columns, self.has_names)

    @classmethod
    def from_json(cls, text):
        """The columns that a text of `to_json` describes; a `ValueError` if it describes none."""
        return cls(*columns_from_json(text))

    def _places(self, schema, name):
        """Pairs of a column and its number in another table."""
        kept = [column for column in self.columns if column.type != "dropped"]
        names = schema.names
        if not self.has_names:
            if len(names) != len(self.columns):
                raise ValueError(
                    f"{name} must have {len(self.columns)} columns, as in training. "
                    f"Received: {len(names)}."
                )
            return self._typed(schema, [(c, self.columns.index(c)) for c in kept], name)
        lacking = [repr(c.name) for c in self.trained if c.name not in names]
        twice = [repr(c.name) for c in kept if names.count(c.name) > 1]
        if lacking or twice:
            what = f"none of {some(lacking)}" if lacking else f"{some(twice)} twice"
            raise ValueError(f"{name} must have the columns of training, once. Received: {what}.")
        there = [(column, names.index(column.name)) for column in kept if column.name in names]
        return self._typed(schema, there, name)

    def _typed(self, schema, places, name):
        """The pairs, if the cells of all these columns can be read."""
        check_types(schema, [place for _, place in places], name, name)
        pairs = [(column.reading, place) for column, place in places if column.trained]
        check_zones(schema, pairs, name, name)
        return places

    def _faults(self, values):
        """`(place, reason)` of each row with a cell that could not be read."""
        kinds = {column.name: column.type for column in self.columns}
        faults = {}
        for name, bad in values.bad.items():
            for row in np.flatnonzero(bad).tolist():
                faults.setdefault(row, f"no {kinds[name]} value in column {name!r}")
        return [(values.place(row), reason) for row, reason in sorted(faults.items())]

    def _check_codes(self, codes, places):
        shape = (len(codes), len(self.trained))
        if codes.shape != shape or places.shape != shape or codes.dtype.kind not in "iu":
            raise ValueError(
                f"codes must be whole numbers of shape (n, {shape[1]}), and places too. "
                f"Received: shapes {codes.shape} and {places.shape}, dtype {codes.dtype}."
            )
        if len(codes) and ((codes < 0) | (codes >= np.array(self.sizes))).any():
            raise ValueError("codes must be below the sizes of their columns. Received: others.")
