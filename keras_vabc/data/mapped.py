"""Arrays on disk: written row by row, and taken apart without ever being loaded whole."""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np

from keras_vabc.data.spec import BLOCK_BYTES

JOINED = ".rows-"  # begins the name that joined rows have until they are written


class RowsFile:
    """A `.npy` file of rows that grows block by block and need not fit in memory.

    A file of that name is replaced. Raises an `OSError` if it cannot be written.
    """

    def __init__(self, path, shape, dtype):
        self.path = Path(path)
        self.count = 0
        self._shape, self._dtype = tuple(shape), np.dtype(dtype)
        self._file = open(path, "wb")
        self._write_header()

    def append(self, rows):
        """Adds rows of shape `(n, *shape)` at the end."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self.count += len(rows)

    def close(self):
        """Completes the file, which may be called twice."""
        if not self._file.closed:
            with self._file:  # which a full disk leaves open otherwise
                self._file.seek(0)
                self._write_header()

    def array(self):
        """The rows as a read-only `np.memmap`; an ordinary array if there are none."""
        self.close()
        if self.count == 0:
            return np.zeros((0, *self._shape), self._dtype)
        return np.load(self.path, mmap_mode="r")

    def _write_header(self):
        """Of one length for every count, since NumPy leaves room for the first axis to grow."""
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False}
        header["shape"] = (self.count, *self._shape)
        np.lib.format.write_array_header_1_0(self._file, header)


def take_rows(array, rows):
    """`array[rows]`, on disk if the array is there; see `join_rows`."""
    return join_rows((array, rows))


def join_rows(*parts):
    """The rows taken from several arrays, one after the other, on disk if one of the arrays is.

    Each part is a pair of an array of shape `(n, ...)` and which of its rows: a boolean array of
    shape `(n,)`, row numbers or a slice. All arrays have one dtype and one shape of rows.

    For an `np.memmap` the result is one too, whose file lies beside the original's, has no name and
    vanishes with the array. Raises an `OSError` if there is no room for it.
    """
    mapped = [array for array, _ in parts if isinstance(array, np.memmap)]
    if not mapped:
        taken = [array[rows] for array, rows in parts]
        return np.concatenate(taken) if len(taken) > 1 else taken[0]
    folder = Path(mapped[0].filename).parent if mapped[0].filename else None
    handle, path = tempfile.mkstemp(".tmp", JOINED, folder)
    os.close(handle)
    try:
        file = RowsFile(path, mapped[0].shape[1:], mapped[0].dtype)
        with contextlib.closing(file):
            for array, rows in parts:
                for block in _blocks(array, rows):
                    file.append(block)
        return file.array()
    finally:  # the map keeps the data; a system that cannot do that leaves the file to the folder
        with contextlib.suppress(PermissionError):
            os.unlink(path)


def _blocks(array, rows):
    rows = np.arange(len(array))[rows]
    size = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))
    return (np.asarray(array[rows[start : start + size]]) for start in range(0, len(rows), size))
