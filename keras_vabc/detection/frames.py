"""Tables of mixed columns for an estimator: words, dates and missing values as numbers."""

import numpy as np
import pyarrow as pa

from keras_vabc.data.readers.table_batches.memory import MemoryTable
from keras_vabc.data.readers.typed_tables import TypedReader, is_table
from keras_vabc.data.typed_intake import typed_readers


def is_mixed(X):
    """Whether X is a table, a data frame or a structured array, with columns that are no numbers.

    One of numbers alone is read as an array is.
    """
    if not is_table(X) or isinstance(X, str):
        return False
    if isinstance(X, np.ndarray):
        return X.dtype.names is not None
    return not all(map(_is_number, MemoryTable(X, "X").schema.types))


def columns_of(table, unwanted):
    """The `Columns` of a `pyarrow.Table`, by its unlabeled rows, of which `unwanted` is no mask."""
    folds = {"unlabeled": ~unwanted, "unwanted": unwanted}
    data = {name: table.filter(pa.array(mask)) for name, mask in folds.items()}
    return typed_readers(data, max_unreadable=0.0)[1]


def encoded(table, columns):
    """Its rows as numbers, float32 `(n, columns.dense.width)`.

    Raises a `ValueError` if it lacks a column, or a cell is no value of its column.
    """
    reader = TypedReader(MemoryTable(table, "X"), columns, max_unreadable=0.0)
    return np.concatenate([own.rows for own in reader.examples()])


def _is_number(kind):
    types = pa.types
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
