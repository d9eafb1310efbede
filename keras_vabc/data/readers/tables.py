"""Reading vectors in the rows of tables that hold nothing but numbers."""

from collections import Counter

import numpy as np
import pyarrow as pa

from keras_vabc.data import vectors
from keras_vabc.data.columns.number_forms import PLAIN, NumberForm
from keras_vabc.data.columns.reading import Reading
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec


class TableReader:
    """A `Reader` of vectors: the numbers of a `Table`, whose columns are found by their names.

    Row numbers that pandas wrote are left out, unless a spec names them.
    """

    dtype = "float32"

    def __init__(self, table):
        self.name, self.count, self.counts = table.name, table.count, Counter()
        self.unreadable = table.unreadable
        self._table, dialect = table, table.dialect
        form = PLAIN if dialect is None else NumberForm(dialect.decimal, dialect.thousands or "")
        self._reading = Reading("number", form=form)
        self._kept = [name for name in table.names if name not in table.index_columns]
        if not self._kept:
            raise ValueError(
                f"{self.name} must name each of its columns once. Received: {table.received}, "
                "none with a name."
            )

    def describe(self, image_size):
        """As in `Reader`."""
        names = tuple(self._kept) if self._table.has_names else None
        return DataSpec("vectors", (len(self._kept),), "float32", names)

    def survey(self):
        """As in `Reader`."""

    def blocks(self, spec):
        """As in `Reader`; ids are row numbers as text."""
        self.counts.clear()
        names = self._names(spec)
        size = max(1, BLOCK_BYTES // (8 * len(names)))
        for batch in self._table.batches():
            for first in range(0, len(batch.rows), size):
                ids = list(map(str, batch.numbers[first : first + size].tolist()))
                self.counts["read"] += len(ids)
                rows = [self._numbers(batch, name, first, len(ids)) for name in names]
                yield ids, np.stack(rows, axis=1).astype("float32")
        if len(self.unreadable):
            self.counts["unreadable"] = len(self.unreadable)
            self.counts["read"] = self.count

    def notes(self, spec):
        """As in `Reader`."""
        names = self._names(spec)
        extra = [name for name in self._kept if name not in names]
        order = list(map(self._table.names.index, names))
        unnamed = len(self._table.names) - len(self._kept)
        named, has_names = spec.columns is not None, self._table.has_names
        lines = {
            f"columns that unlabeled lacks were left out: {vectors.some(map(repr, extra))}": extra,
            "columns were put into the order that unlabeled has": order != sorted(order),
            f"columns without a name (row numbers?) were left out: {unnamed}": unnamed,
            vectors.NAMELESS: named and not has_names,
            vectors.UNNAMED: has_names and not named,
        }
        own = [f"{self.name}: {line}." for line, holds in lines.items() if holds]
        dialect = self._table.dialect  # whose reading finite numbers in all cells bear out
        said = dialect and f"{self.name}: {dialect.described()}."
        return [*(line for line in self._table.notes if line != said), *own]

    def _names(self, spec):
        """Name of the column of the table for each column of a spec."""
        if spec.kind != "vectors" or spec.columns is None or not self._table.has_names:
            vectors.check_width((len(self._kept),), spec, self.name)
            return self._kept
        missing = [name for name in spec.columns if name not in self._table.names]
        if missing:
            raise ValueError(
                f"{self.name} must have the columns of the unlabeled fold. Received: "
                f"{self._table.received} without {vectors.some(map(repr, missing))}."
            )
        return list(spec.columns)

    def _numbers(self, batch, name, first, count):
        """`count` numbers of a batch's column, float64 of shape `(count,)`, fit for float32."""
        cells = batch.rows.column(name).slice(first, count)
        if pa.types.is_boolean(cells.type):
            cells = cells.cast(pa.uint8())
        values, bad = self._reading.read(cells)
        numbers = values.to_numpy(zero_copy_only=False)
        with np.errstate(over="ignore"):
            unfit = ~np.isfinite(numbers.astype("float32"))
        if unfit.any():
            row = int(np.argmax(unfit))
            what = "no number" if bad[row] else _unfit(numbers[row])
            raise ValueError(
                f"{self.name} must hold a finite number in each cell. Received: {what} in "
                f"{batch.place(first + row)}, column {name!r}."
            )
        return numbers


def _unfit(number):
    if np.isnan(number):
        return "NaN or no value"
    return "infinity" if np.isinf(number) else "a number too large for float32"
