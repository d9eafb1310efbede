"""Reading Parquet files of numbers, of any length."""

from keras_vabc.data.checks import first_line
from keras_vabc.data.readers.arrow_tables import check_types, numbers_of
from keras_vabc.data.readers.tables import TableReader
from keras_vabc.files.bounds import check_unpacked


def open_parquet_file(path, name):
    """The `TableReader` of a Parquet file; errors as of `ParquetFile`."""
    return TableReader(ParquetFile(path, name), name, f"{name}={path}")


ROW_BYTES = 24  # of memory that each row of a file takes when it is scored, or held out


class ParquetFile:
    """A Parquet file, read piece by piece.

    Raises a `ValueError` if it is none, an `OSError` if it cannot be read.
    """

    has_names = True

    def __init__(self, path, name):
        self._path, self._name = path, name
        with self._opened() as file:
            self._schema = file.schema_arrow
            self.names = self._schema.names
            self.count = file.metadata.num_rows
            check_unpacked(_unpacked(file.metadata), path, name)

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        import pyarrow as pa

        names = [self.names[column] for column in columns]
        check_types([self._schema.field(column) for column in columns], self._name)
        with self._opened() as file:
            try:
                for batch in file.iter_batches(size, columns=names, use_threads=False):
                    yield numbers_of(batch.select(names))  # which come in the file's own order
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(error) from None

    def _opened(self):
        import pyarrow as pa
        from pyarrow import parquet

        try:  # buffered, so that a large row group is not read as a whole
            return parquet.ParquetFile(self._path, buffer_size=2**16, pre_buffer=False)
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error):
        return ValueError(
            f"{self._name} must be a whole Parquet file. Received: {self._name}={self._path} "
            f"({first_line(error)})."
        )


def _unpacked(metadata):
    """Bytes that a file declares, or that its rows take where one value stands for many."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return max(sum(group.total_byte_size for group in groups), ROW_BYTES * metadata.num_rows)
