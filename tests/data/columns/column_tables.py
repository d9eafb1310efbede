"""Tables for the tests of columns, and what finds their columns."""

import pyarrow as pa

from keras_vabc.data.columns.find import find_columns


def batches(table, size=1000):
    """A function that gives a fresh iterator over record batches, as readers do."""
    table = table if isinstance(table, pa.Table) else pa.table(table)
    return lambda: iter(table.to_batches(max_chunksize=size))


def batch_of(table):
    """All rows in one batch."""
    table = table if isinstance(table, pa.Table) else pa.table(table)
    return table.combine_chunks().to_batches()[0]


def find(unlabeled, unwanted=None, **how):
    """The columns of two tables; the unwanted fold has the first rows of the other by default."""
    table = unlabeled if isinstance(unlabeled, pa.Table) else pa.table(unlabeled)
    other = table.slice(0, max(2, table.num_rows // 10)) if unwanted is None else unwanted
    return find_columns(batches(table), batches(other), **how)


def column(values, name="x", **how):
    """The one column of interest of a table that has another column, too, so that it can train."""
    values = values if isinstance(values, pa.Array) else pa.array(values)
    other = pa.array([f"{row % 7}.5" for row in range(len(values))])
    return next(c for c in find({name: values, "other": other}, **how).columns if c.name == name)
