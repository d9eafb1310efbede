"""Reading tables by the types of their columns: what a run trains on are the codes of its rows."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns.cells import is_read, plain
from keras_vabc.data.columns.hashes import row_hashes
from keras_vabc.data.columns.reading import words_of
from keras_vabc.data.images import SUFFIXES as IMAGES
from keras_vabc.data.readers.arrays import ArrayReader
from keras_vabc.data.readers.reading import Examples
from keras_vabc.data.readers.rewriting import form_of, rewritten
from keras_vabc.data.readers.table_batches.folders import holds_tables
from keras_vabc.data.readers.table_batches.table import (
    BATCH_ROWS,
    Batch,
    numbered_place,
    open_table,
    table_suffix,
)
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.unreadable import Unreadable
from keras_vabc.data.vectors import NAMELESS, UNNAMED, check_width, some


def is_table(data):
    """Whether data are a table: a path of one, what speaks Arrow, or an array with names or holes.

    Arrays of numbers without either are none: they are read as they are.
    """
    if isinstance(data, str | os.PathLike):
        if os.path.isdir(data):
            return holds_tables(data) and not _holds_images(data)
        return os.path.isfile(data) and table_suffix(data) is not None
    if hasattr(data, "__arrow_c_stream__"):
        return True
    if not isinstance(data, np.ndarray):
        return False
    if data.dtype.names is not None:
        return True
    return data.ndim == 2 and (data.dtype.kind in "OUS" or _has_holes(data))


def _has_holes(array):
    """Whether entries of an array of numbers are masked, or NaN, as pandas writes what is none."""
    blocks = (array[first : first + BATCH_ROWS] for first in range(0, len(array), BATCH_ROWS))
    floats = array.dtype.kind == "f"
    return np.ma.is_masked(array) or (floats and any(np.isnan(own).any() for own in blocks))


def content_of(table):
    """Yields bytes that tell a `Table` from any other: names, types and hashes of its rows."""
    yield str(table.schema).encode()
    for batch in table.batches():
        cells = [words_of(plain(own)) for own in batch.rows.columns if is_read(own.type)]
        yield row_hashes(cells, 0).astype("<u8").tobytes()


def open_any_table(data, name, max_unreadable, opened):
    """The `Table` of data: of a table, or of vectors, for which `opened()` gives the `Reader`.

    Raises a `ValueError` if they are neither, and whatever `open_table` does.
    """
    numbers = isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype.kind in "buif"
    if numbers or is_table(data):  # with holes in one fold all have the type of that one
        return open_table(data, name, max_unreadable)
    reader = opened()
    spec = reader.describe(None) if isinstance(reader, ArrayReader) else None
    if spec is None or spec.kind != "vectors":
        raise ValueError(
            f"{name} must hold a table, as the unlabeled fold does. Received: images, or data of "
            "another kind."
        )
    return VectorTable(reader, spec)


class VectorTable:
    """The `Table` of a `Reader` of vectors: its columns have no names."""

    dialect, unreadable, has_names, index_columns, notes = None, (), False, (), []

    def __init__(self, reader, spec):
        self.name, self.received, self.count = reader.name, reader.name, reader.count
        self.names = tuple(map(str, range(spec.shape[0])))
        self.schema = pa.schema([(column, pa.float32()) for column in self.names])
        self._reader, self._spec = reader, spec

    def batches(self):
        """As in `Table`."""
        first = 0
        for _, rows in self._reader.blocks(self._spec):
            numbers = np.arange(first, first + len(rows))
            arrays = [pa.array(np.ascontiguousarray(column)) for column in rows.T]
            batch = pa.RecordBatch.from_arrays(arrays, list(self.names))
            yield Batch(batch, numbers, numbered_place(numbers))
            first += len(rows)


def named_as(table, *choices):
    """A function that gives the batches of a table, named as the first choice that fits.

    A table with names keeps its own; one without has its columns in the order of a choice, a list
    of names as long as it has columns.
    """
    names = next((list(own) for own in choices if len(own) == len(table.names)), None)
    if table.has_names or names is None:
        return table.batches

    def batches():
        for own in table.batches():
            yield Batch(own.rows.rename_columns(names), own.numbers, own.place)

    return batches


class TypedReader:
    """A `Reader` of the rows of a `Table`, as the dense codes of the `Columns` of a run.

    Rows with cells that are no values of their columns are left out, up to the share
    `max_unreadable`.
    """

    dtype = "float32"

    def __init__(self, table, columns, max_unreadable):
        self.name, self.count = table.name, table.count
        self.counts, self.unreadable = Counter(), Unreadable()
        self._table, self._columns, self._most = table, columns, max_unreadable
        own = [c for c in columns.columns if c.type not in ("id", "dropped")]
        choices = columns.columns, own, columns.trained
        named = columns.has_names
        names = [[column.name for column in choice] for choice in choices] if named else []
        self._batches = _read_like(columns, table, named_as(table, *names))
        self._nameless = named and not table.has_names
        if self._nameless and len(table.names) not in map(len, choices):
            check_width((len(table.names),), DataSpec("vectors", (len(own),), "float32"), self.name)

    def describe(self, image_size):
        """As in `Reader`."""
        return dense_spec(self._columns)

    def survey(self):
        """As in `Reader`."""

    def blocks(self, spec):
        """As in `Reader`; ids are those of `examples`."""
        for own in self.examples():
            yield own.ids, own.rows

    def examples(self, keep=()):
        """Yields `Examples` of rows as codes; `keep` are columns whose cells go along.

        Ids are the cells of the first id column, empty where it has none, as a number might be the
        id of another row; without such a column the numbers of the rows, counted from 0.
        """
        self.counts.clear()
        self.unreadable = Unreadable()
        for left_out in self._table.unreadable:
            self.unreadable.add(*left_out)
        self._check_kept(keep)
        held = []

        def batches():
            for batch in self._batches():
                held[:] = [batch]
                yield batch

        for values in self._columns.clean(
            batches(), self.name, max_unreadable=self._most, left_out=self.unreadable
        ):
            batch = held[0]
            rows = pa.array(np.searchsorted(batch.numbers, values.rows))
            self.counts["read"] += len(batch.rows)
            if len(rows):
                yield self._examples(values, batch.rows.take(rows), keep)
        self.counts["read"] = self.count if self.count is not None else self.counts["read"]
        if len(self.unreadable):
            self.counts["unreadable"] = len(self.unreadable)

    def notes(self, spec):
        """As in `Reader`."""
        notes = list(self._table.notes)
        if self._nameless:
            notes.append(f"{self.name}: {NAMELESS}.")
        if self._table.has_names and not self._columns.has_names:
            notes.append(f"{self.name}: {UNNAMED}.")
        bad = len(self.unreadable) - len(self._table.unreadable)
        if bad:
            notes.append(
                f"{self.name}: rows with a cell of another type than its column were left out: "
                f"{bad:,} of {self.counts['read']:,}."
            )
        return notes

    def _examples(self, values, rows, keep):
        numbers = list(map(str, values.rows.tolist()))
        ids = self._ids(rows, numbers)
        kept = {name: _texts(rows.column(name)) for name in keep}
        codes = self._columns.encode_dense(values)
        own = self._columns
        return Examples(ids, codes, lambda seed: own.digests(values, seed), numbers, kept)

    def _ids(self, rows, numbers):
        place = id_place(self._columns, rows.schema.names)
        if place is None:
            return numbers
        return _texts(rows.column(place))

    def _check_kept(self, keep):
        schema = self._table.schema
        known = [name for name in self._table.names if is_read(schema.field(name).type)]
        unknown = [repr(name) for name in keep if name not in known]
        if unknown:
            raise ValueError(
                f"keep must name columns of the data: {some(map(repr, known))}. "
                f"Received: {some(unknown)}."
            )


def _read_like(columns, table, batches):
    """The function `batches`, numbers written as those of the columns, if the table tells how."""
    own, names = form_of(table), {}
    for column in columns.columns:
        if column.reading.kind == "number":
            names.setdefault(column.reading.form, []).append(column.name)
    for form in names.keys() - {own} if own else ():
        batches = rewritten(batches, own, form, names[form])
    return batches


def id_place(columns, names):
    """Name or number of the first id column in a table with these names; `None` without one."""
    for column in columns.ids:
        if not columns.has_names:
            return columns.columns.index(column)
        if column.name in names:
            return column.name
    return None


def dense_spec(columns):
    """The `DataSpec` of rows of codes."""
    names = columns.dense_names
    return DataSpec("vectors", (len(names),), "float32", names, typed=True)


def _texts(array):
    """Cells as text, as they are written, whole floats without a point; empty without a value."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_floating(array.type):
        return pc.fill_null(pc.cast(array, pa.string()), "").to_pylist()
    array = pc.cast(array, pa.float32()) if array.type == pa.float16() else array
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return pc.fill_null(words_of(array), "").to_pylist()


def _holds_images(folder):
    shown = (path for path in Path(folder).iterdir() if not path.name.startswith((".", "_")))
    return any(path.is_dir() or path.suffix.lower() in IMAGES for path in shown)
