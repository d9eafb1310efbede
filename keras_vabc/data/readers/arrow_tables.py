"""Reading tables of numbers that are in memory, of any library that speaks Arrow."""

import numpy as np

from keras_vabc.data.checks import first_line
from keras_vabc.data.readers.tables import TableReader


def open_arrow_table(table, name):
    """The `TableReader` of what has `__arrow_c_stream__`: a table of pandas, polars, pyarrow, ...

    The index of a pandas DataFrame is no column and is not read. Raises a `ValueError` if there are
    no columns, or two of one name.
    """
    return TableReader(ArrowTable(table, name), name, f"{name} of type {type(table).__name__}")


class ArrowTable:
    """The rows of a table in memory, as `TableReader` reads them."""

    has_names = True

    def __init__(self, table, name):
        import pyarrow as pa

        self._name = name
        try:
            table = pa.table(table)
            index = (table.schema.pandas_metadata or {}).get("index_columns", ())
            self._table = table.drop_columns([c for c in index if c in table.column_names])
        except Exception as error:  # of pyarrow, or of the library whose table it is
            raise ValueError(
                f"{name} must be a table of columns. Received: {name} of type "
                f"{type(table).__name__} ({first_line(error)})."
            ) from None
        self.names, self.count = self._table.column_names, self._table.num_rows

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        table = self._table.select(columns)
        check_types(table.schema, self._name)
        for batch in table.to_batches(max_chunksize=size):
            if len(batch):
                yield numbers_of(batch)


def check_types(schema, name):
    """Refuses columns of a schema that hold no numbers."""
    from pyarrow import types

    tests = types.is_integer, types.is_floating, types.is_boolean, types.is_decimal
    for field in schema:
        if not any(test(field.type) for test in tests):
            raise ValueError(
                f"{name} must hold numbers. Received: column {field.name!r} of {field.type}."
            )


def numbers_of(batch):
    """The float64 array of a `pyarrow.RecordBatch`, NaN where it has no value."""
    import pyarrow as pa
    from pyarrow import compute

    cells = [compute.cast(column, pa.float64(), safe=False) for column in batch.columns]
    return np.stack([column.to_numpy(zero_copy_only=False) for column in cells], axis=1)
