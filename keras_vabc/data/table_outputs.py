"""Writing generated rows of a typed table, in the types and the words of the data."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.ids import quoted
from keras_vabc.data.outputs import ARRAYS, write_array

SUFFIXES = (".csv", ".parquet")
GROUP_ROWS = 65_536  # of a Parquet file, which keeps an account of each group to its end


def check_table_path(path, columns):
    """Raises a `ValueError` if `write_table` takes no path like that for those columns."""
    suffix, words = Path(path).suffix.lower(), _words(columns)
    if suffix in ARRAYS and words:
        raise ValueError(
            f"out must be {' or '.join(SUFFIXES)} for a table with columns that are no numbers, "
            f"such as {words[0]!r}. Received: out={path}."
        )
    kinds = SUFFIXES if words else SUFFIXES + ARRAYS
    if suffix not in kinds:
        raise ValueError(f"out must be {', '.join(kinds)} for a table. Received: out={path}.")


def decoded(blocks, columns, seed):
    """Yields a `pyarrow.RecordBatch` for each block of dense codes.

    Chance decides where in its cell a value is, by the seed, one row after the other.
    """
    rng = np.random.default_rng(seed)
    for rows in blocks:
        yield columns.decode_dense(rows, rng.random((len(rows), len(columns.trained))))


def table_of(batches, columns):
    """Batches of decoded rows as one DataFrame of pandas, or a `pyarrow.Table` without pandas."""
    batches = list(batches)
    table = pa.Table.from_batches(batches, None if batches else _schema(columns))
    if importlib.util.find_spec("pandas") is None:
        return table
    return table.to_pandas()


def write_table(path, batches, columns):
    """Writes batches of decoded rows to a `.csv` or `.parquet` file.

    Where all columns hold numbers also to `.npy` or `.npz`, as float64 with NaN for no value.
    Raises an `OSError` if it cannot be written.
    """
    check_table_path(path, columns)
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        _write_csv(path, batches, columns)
    elif suffix == ".parquet":
        _write_parquet(path, batches, columns)
    else:
        write_array(path, map(_numbers, batches), (len(_schema(columns)),), "float64")


def _words(columns):
    """Names of the columns whose decoded values are no numbers."""
    return [own.name for own in _schema(columns) if not _is_number(own.type)]


def _is_number(kind):
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _numbers(batch):
    """A batch of decoded numbers as float64 of shape `(n, columns)`."""
    cast = [
        pc.cast(pc.cast(x, pa.int8()) if pa.types.is_boolean(x.type) else x, pa.float64())
        for x in batch.columns
    ]
    return np.stack([x.to_numpy(zero_copy_only=False) for x in cast], axis=1)


def _write_csv(path, batches, columns):
    header = columns.has_names
    with open(path, "w", encoding="utf-8", newline="") as file:
        for batch in batches:
            texts = columns.as_text(batch)
            if header:
                file.write(f"{','.join(map(quoted, texts.schema.names))}\n")
                header = False
            cells = [map(_cell, _texts(column)) for column in texts.columns]
            empty = '""' if len(cells) == 1 else ""  # an empty line would be no row
            lines = map(",".join, zip(*cells, strict=True))
            file.writelines(f"{line or empty}\n" for line in lines)


def _texts(column):
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.fill_null(pc.cast(column, pa.string()), "").to_pylist()


def _cell(text):
    return quoted(text) if text else ""


def _write_parquet(path, batches, columns):
    from pyarrow import parquet

    schema = _schema(columns)
    with parquet.ParquetWriter(path, schema) as writer:
        held = []
        for batch in batches:
            held.append(batch)
            if sum(map(len, held)) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(held, schema))
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held, schema))


def _schema(columns):
    return columns.decode(np.zeros((0, len(columns.trained)), np.int32)).schema
