"""Reading Parquet files of any columns and any length."""

from pyarrow import parquet

from keras_vabc.data.readers.table_batches.arrow_batches import ArrowBatches, told_damaged
from keras_vabc.data.readers.table_batches.table import BATCH_BYTES, BATCH_ROWS
from keras_vabc.files.bounds import check_regular, check_unpacked

ROW_BYTES = 24  # of memory that each row of a file takes when it is scored, or held out


class ParquetTable(ArrowBatches):
    """The `Table` of a Parquet file, whose row groups are read piece by piece.

    Raises a `ValueError` if it is none or has columns that are no table's, an `OSError` if it
    cannot be read.
    """

    def __init__(self, path, name):
        received = f"{name}={path}"
        check_regular(path)
        with _opened(path, name, received) as file:
            schema, count = file.schema_arrow, file.metadata.num_rows
            unpacked = _unpacked(file.metadata)
            check_unpacked(unpacked, path, name)
            row_bytes = max(1, 8 * file.metadata.num_columns, unpacked // max(1, count))
        size = max(1, min(BATCH_ROWS, BATCH_BYTES // row_bytes))

        def read():
            with _opened(path, name, received) as file, told_damaged(name, received, "Parquet"):
                yield from file.iter_batches(size, use_threads=False)

        super().__init__(read, schema, count, name, received)


def _opened(path, name, received):
    with told_damaged(name, received, "Parquet"):
        # buffered, so that a large row group is not read as a whole
        return parquet.ParquetFile(path, buffer_size=2**16, pre_buffer=False)


def _unpacked(metadata):
    """Bytes that a file declares, or that its rows take where one value stands for many."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return max(sum(group.total_byte_size for group in groups), ROW_BYTES * metadata.num_rows)
