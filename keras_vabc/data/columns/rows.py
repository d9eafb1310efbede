"""Batches of rows that know where they stand."""

import numpy as np
import pyarrow as pa


def placed(batches):
    """Yields `(rows, numbers, place)` of batches, one after the other.

    A batch is a `pyarrow.RecordBatch`, whose rows are counted; or a reader's, which has such `rows`
    and tells the `numbers` of its rows and the `place` of each, such as `"line 12"`.
    """
    first = 0
    for batch in batches:
        if isinstance(batch, pa.RecordBatch):
            numbers = np.arange(first, first + batch.num_rows)
            yield batch, numbers, counted(numbers)
            first += batch.num_rows
        else:
            yield batch.rows, batch.numbers, batch.place


def counted(numbers):
    """The place of each of some rows of these numbers."""
    return lambda row: f"row {numbers[row]} (counted from 0)"
