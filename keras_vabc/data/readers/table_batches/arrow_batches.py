"""Tables whose cells have types of Arrow, read batch by batch."""

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from keras_vabc.data.checks import first_line
from keras_vabc.data.readers.table_batches.arrow_columns import ArrowColumns
from keras_vabc.data.readers.table_batches.table import (
    BATCH_BYTES,
    BATCH_ROWS,
    Batch,
    numbered_place,
)


class ArrowBatches:
    """The `Table` of record batches that `read()` yields from the first on, whenever it is called.

    The schema is theirs, `count` the number of their rows. Raises a `ValueError` as `ArrowColumns`
    does, and if there are no rows.
    """

    dialect, unreadable, has_names = None, (), True

    def __init__(self, read: Callable[[], Iterator[pa.RecordBatch]], schema, count, name, received):
        self.name, self.received, self.count, self.notes = name, received, count, []
        self._read, self._columns = read, ArrowColumns(schema, name, received)
        if count == 0:
            raise ValueError(f"{name} must have rows. Received: {received}, which has none.")
        self.schema, self.names = self._columns.schema, self._columns.names
        self.index_columns = self._columns.index_columns

    def batches(self):
        """As in `Table`."""
        first = 0
        for batch in self._read():
            size = max(1, min(BATCH_ROWS, BATCH_BYTES * len(batch) // max(1, batch.nbytes)))
            for start in range(0, len(batch), size):
                rows = self._columns.of(batch.slice(start, size))
                numbers = np.arange(first, first + len(rows))
                yield Batch(rows, numbers, numbered_place(numbers))
                first += len(rows)
        if first != self.count:
            raise ValueError(
                f"{self.name} must not change while it is read. Received: {self.received}, "
                f"{self.count:,} rows, then {first:,}."
            )


@contextlib.contextmanager
def told_damaged(name, received, kind):
    """Raises a `ValueError` of `damaged` for what pyarrow cannot read, but for a file not there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, received, kind, error) from None


def damaged(name, received, kind, error):
    """The `ValueError` of a file that pyarrow cannot read."""
    return ValueError(
        f"{name} must be a whole {kind} file. Received: {received} ({first_line(error)})."
    )
