"""Tables in memory as arrays: a column is found by its name, whatever library the table is of."""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.checks import first_line
from keras_vabc.data.columns.number_forms import EXACT
from keras_vabc.data.readers.table_batches.memory import MemoryTable
from keras_vabc.data.vectors import NAMELESS, some

NUMBERS = "a table of numbers; kv.train and kv.Detector take tables with words, dates and holes"


def has_names(x):
    """Whether `x` is a table whose columns have names: a data frame, or a structured array."""
    if isinstance(x, np.ndarray):
        return x.dtype.names is not None
    return hasattr(x, "__arrow_c_stream__")


def held(x, name):
    """What speaks Arrow alone, and may do so once, such as a stream, as a table; else `x`."""
    return as_table(x, name) if has_names(x) and not hasattr(x, "__array__") else x


def as_table(x, name):
    """A table as a `pyarrow.Table`, without the index of pandas; a `ValueError` if it is none."""
    table = MemoryTable(x, name)
    rows = pa.Table.from_batches([batch.rows for batch in table.batches()], table.schema)
    return rows.drop_columns(list(table.index_columns))


def joined(**data):
    """`(arrays, names)` of tables and arrays by the names of arguments; the first table decides.

    Tables have its columns, found by their names, as arrays of one dtype: of shape `(n, columns)`
    where all cells are finite numbers; else structured arrays of shape `(n,)`, in which missing
    values are NaN, NaT or `None`. What has no names stays as it is, and is taken in the order
    given, of which a `UserWarning` tells; another one tells of columns that the first table lacks.
    `names` are the columns, `None` without a table.

    Raises a `ValueError` if a table lacks columns, types contradict each other, or a table with
    other cells than numbers meets an array.
    """
    tables, names = _joined(data)
    numbers = len(tables) < len(data)
    return _in_place(data, tables, _numbers_alone if numbers else _arrays), names


def joined_numbers(**data):
    """As `joined`, but all are arrays of numbers, NaN for missing ones, or a `ValueError`."""
    tables, names = _joined(data)
    return _in_place(data, tables, _numbers_alone), names


def numbers_by_name(x, name, columns):
    """What may be a table as an array of numbers, its columns in an order known by their names.

    What has no names stays as it is. NaN stands for missing values.

    Raises a `ValueError` for a table where no names are known, for one that lacks some of them, and
    for columns that hold no numbers.
    """
    if not has_names(x):
        return x
    if columns is None:
        raise ValueError(
            f"{name} must be an array, its columns in the order of training: these were arrays, "
            f"without names. Received: {name} of type {type(x).__name__}. Its columns [names] "
            "as an array help, or kv.train on tables, whose score finds columns by name."
        )
    table = _chosen(as_table(x, name), columns, name, "training")
    check_numbers(table, name)
    return _numbers(table)


def check_numbers(table, name):
    """Refuses a `pyarrow.Table` or structured array with columns that hold no numbers."""
    if isinstance(table, np.ndarray):
        wrong = [field for field, kind in table.dtype.fields.items() if kind[0].kind not in "buif"]
    else:
        wrong = [field.name for field in table.schema if not _is_number(field.type)]
    if wrong:
        raise ValueError(f"{name} must be {NUMBERS}. Received: {some(map(repr, wrong))} of others.")


def _joined(data):
    """A dict of those data that are tables, all with the columns of the first, and these names."""
    named = {name: as_table(x, name) for name, x in data.items() if has_names(x)}
    if not named:
        return {}, None
    first = next(iter(named))
    columns = named[first].column_names
    _warn(data, named, first)
    tables = {name: _chosen(table, columns, name, first) for name, table in named.items()}
    return tables, tuple(columns)


def _in_place(data, tables, as_arrays):
    """The data, arrays in place of tables."""
    arrays = dict(zip(tables, as_arrays(tables), strict=True)) if tables else {}
    return tuple(arrays.get(name, x) for name, x in data.items())


def _numbers_alone(tables):
    for name, table in tables.items():
        check_numbers(table, name)
    numbers = [_numbers(table) for table in tables.values()]
    dtype = np.result_type(*numbers)
    return [own.astype(dtype, copy=False) for own in numbers]


def _warn(data, named, first):
    """Tells the caller of the public function of columns without names, and of columns too many."""
    lines = [f"{name}: {NAMELESS}." for name in data if name not in named]
    for name, table in named.items():
        known = named[first].column_names
        if extra := [repr(own) for own in table.column_names if own not in known]:
            lines.append(f"{name}: columns that {first} lacks were left out: {some(extra)}.")
    for line in lines:
        warnings.warn(line, UserWarning, stacklevel=5)


def _chosen(table, columns, name, first):
    """The columns of a table that are asked for, in their order."""
    lacking = [repr(column) for column in columns if column not in table.column_names]
    if lacking:
        raise ValueError(
            f"{name} must have the columns of {first}. Received: none of {some(lacking)}, "
            f"but {some(map(repr, table.column_names))}."
        )
    return table.select(list(columns))


def _arrays(tables):
    """The rows of each of several tables, a dict, as an array; all are of one dtype."""
    if all(_is_number(field.type) for table in tables.values() for field in table.schema):
        numbers = _numbers_alone(tables)
        exact = numbers[0].dtype.kind != "f" or all(map(_is_exact, tables.values()))
        if exact and all(np.isfinite(own).all() for own in numbers):
            return numbers
    try:
        whole = pa.concat_tables(map(_decoded, tables.values()), promote_options="permissive")
    except pa.ArrowException as error:
        raise ValueError(
            f"{' and '.join(tables)} must hold the same in columns of one name. "
            f"Received: {first_line(error)}."
        ) from None
    ends = np.cumsum([len(table) for table in tables.values()])
    return np.split(_structured(whole), ends[:-1])


def _decoded(table):
    """A table with words in place of their codes."""
    arrays = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(arrays, names=table.column_names)


def _is_number(kind):
    types = pa.types
    known = types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null
    return any(own(kind) for own in known)


def _numbers(table):
    """Numbers of shape `(n, columns)`, NaN for missing ones."""
    columns = []
    for column in table.columns:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        elif pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
            column = column.cast(pa.float64())
        columns.append(column.to_numpy())
    return np.stack(columns, axis=1)


def _is_exact(table):
    """Whether float64 holds all whole numbers of a table."""
    whole = [column for column in table.columns if pa.types.is_integer(column.type)]
    ends = [pc.min_max(column).as_py().values() for column in whole]
    return all(abs(end or 0) < EXACT for own in ends for end in own)


def _structured(table):
    """An array of shape `(n,)` with a field for each column, missing values among them."""
    fields = {name: _cells(table[name]) for name in table.column_names}
    rows = np.empty(len(table), [(name, cells.dtype) for name, cells in fields.items()])
    for name, cells in fields.items():
        rows[name] = cells
    return rows


def _cells(column):
    """A column as an array of shape `(n,)`, of objects where NumPy has no type for it."""
    types, kind = pa.types, column.type
    zone = types.is_timestamp(kind) and kind.tz is not None
    dates = types.is_timestamp(kind) or types.is_date(kind) or types.is_duration(kind)
    numbers = types.is_integer(kind) or types.is_boolean(kind)
    words = types.is_string(kind) or types.is_large_string(kind)
    if types.is_floating(kind) or words or dates and not zone or numbers and not column.null_count:
        return column.to_numpy()
    cells = np.empty(len(column), object)
    cells[:] = column.to_pylist()
    return cells
