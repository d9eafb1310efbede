"""Reading tables that are in memory: of any library that speaks Arrow, and of NumPy."""

import sys

import numpy as np
import pyarrow as pa

from keras_vabc.data.checks import first_line
from keras_vabc.data.readers.table_batches.arrow_batches import ArrowBatches
from keras_vabc.data.readers.table_batches.table import BATCH_ROWS, check_names


class MemoryTable(ArrowBatches):
    """The `Table` of what has `__arrow_c_stream__`, or of what NumPy takes for a table.

    The former are tables of pandas, polars, pyarrow or DuckDB; a stream that can be read once is
    kept in memory. The latter is a structured array, or an array of shape `(n, columns)` of numbers
    or texts, whose columns have no names; masked entries have no value. Cells of one column that
    are of several types in Python become texts.

    Raises a `ValueError` if it is none of these, or has columns that are no table's.
    """

    def __init__(self, data, name):
        received = f"{name} of type {type(data).__name__}"
        if _is_pandas(data):  # whose own message names no argument
            check_names(list(map(str, data.columns)), name, received)
        try:
            arrow = hasattr(data, "__arrow_c_stream__")
            table = _of_arrow(data) if arrow else _of_array(data)
        except Exception as error:  # of pyarrow, or of the library whose table it is
            raise ValueError(
                f"{name} must be a table: columns of cells. Received: {received} "
                f"({first_line(error)})."
            ) from None

        def read():
            return iter(table.to_batches(max_chunksize=BATCH_ROWS))

        super().__init__(read, table.schema, len(table), name, received)
        self.has_names = arrow or np.asanyarray(data).dtype.names is not None


def _of_arrow(data):
    return pa.table(_without_mixtures(data) if _is_pandas(data) else data)


def _is_pandas(data):
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _without_mixtures(frame):
    """A `pandas.DataFrame` whose columns of Python objects are of one type each."""
    mixed = {}
    for place, kind in enumerate(frame.dtypes):
        if kind == np.dtype(object):
            cells = frame.iloc[:, place]
            try:
                pa.array(cells, from_pandas=True)
            except (pa.ArrowException, OverflowError):  # the latter for more than 64 bits
                mixed[place] = cells.map(str, na_action="ignore")
    for place, cells in mixed.items():
        frame = frame.copy(deep=False) if place == min(mixed) else frame
        frame.isetitem(place, cells)
    return frame


def _of_array(data):
    array = np.ma.asanyarray(data) if np.ma.isMaskedArray(data) else np.asarray(data)
    if array.dtype.names is not None:
        if array.ndim != 1:
            raise ValueError(f"a structured array of shape {array.shape}")
        columns = {name: array[name] for name in array.dtype.names}
    elif array.ndim == 2 and array.dtype.kind in "buifUSOM":
        columns = {str(place): array[:, place] for place in range(array.shape[1])}
    else:
        raise ValueError(f"an array of shape {array.shape} and dtype {array.dtype}")
    return pa.table({name: _column(column) for name, column in columns.items()})


def _column(cells):
    """An array of NumPy as one of Arrow; a second axis becomes lists of one length."""
    mask = np.ma.getmaskarray(cells) if np.ma.isMaskedArray(cells) else None
    values = np.ma.getdata(cells)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype("float64")
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.ndim == 2:
        flat = pa.array(values.ravel(), mask=None if mask is None else mask.ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    try:
        return pa.array(values, mask=mask)
    except (pa.ArrowException, OverflowError):
        if values.dtype.kind != "O":
            raise
        missing = [value is None or value != value for value in values]
        texts = [None if gone else str(value) for value, gone in zip(values, missing, strict=True)]
        return pa.array(texts, pa.string(), mask=mask)
