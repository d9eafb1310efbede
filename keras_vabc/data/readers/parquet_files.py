"""Reading Parquet files of numbers, of any length."""

import numpy as np


class ParquetFile:
    """A Parquet file, read piece by piece.

    Args:
        path: Path of the file.
        name: Name of the argument that gave it, for errors.

    Attributes:
        names: Names of its columns.
        has_names: True.
        count: Number of rows.

    Raises:
        ValueError: If it is no Parquet file.
        OSError: If it cannot be read.
    """

    has_names = True

    def __init__(self, path, name):
        self._path, self._name = path, name
        with self._opened() as file:
            self._types = {field.name: field.type for field in file.schema_arrow}
            self.names = file.schema_arrow.names
            self.count = file.metadata.num_rows

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        import pyarrow as pa
        from pyarrow import compute

        names = [self.names[column] for column in columns]
        for column in names:
            self._check_type(column)
        with self._opened() as file:
            try:
                for batch in file.iter_batches(size, columns=names, use_threads=False):
                    cells = [
                        compute.cast(batch.column(column), pa.float64(), safe=False)
                        for column in names
                    ]
                    yield np.stack([c.to_numpy(zero_copy_only=False) for c in cells], axis=1)
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(error) from None

    def _check_type(self, column):
        from pyarrow import types

        kind = self._types[column]
        tests = types.is_integer, types.is_floating, types.is_boolean, types.is_decimal
        if not any(test(kind) for test in tests):
            raise ValueError(
                f"{self._name} must hold numbers. Received: column {column!r} of {kind}."
            )

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
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return ValueError(
            f"{self._name} must be a whole Parquet file. Received: {self._name}={self._path} "
            f"({reason})."
        )
