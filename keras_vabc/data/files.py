"""Arrays from a user's files."""

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from keras_vabc.data.spec import DataSpec


def read_array(path, name):
    """Reads the examples in a file.

    Args:
        path: A `.npy` file, or a `.npz` file that holds one array. Pickled objects are refused.
        name: Name of the argument that gave `path`, for errors.

    Returns:
        Array of numbers, shape `(n, ...)`.

    Raises:
        ValueError: If the file is of another kind, damaged, or holds something else.
        OSError: If it cannot be read.
    """
    path = Path(path)
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(f"{name} must be a .npy or .npz file. Received: {name}={path}.")
    try:
        array = np.load(path, allow_pickle=False)
        if isinstance(array, np.lib.npyio.NpzFile):
            with array as stored:
                names = stored.files
                array = stored[names[0]] if len(names) == 1 else None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{name} must be a whole {path.suffix} file without pickled objects. "
            f"Received: {name}={path} ({error})."
        ) from error
    if array is None:
        raise ValueError(
            f"{name} must be a .npz file of one array. "
            f"Received: {name}={path} with {', '.join(names) or 'none'}."
        )
    if array.ndim < 2 or array.dtype.kind not in "uif" or len(array) == 0:
        raise ValueError(
            f"{name} must hold an array of numbers of shape (n, ...), n >= 1. "
            f"Received: {name}={path}, shape {array.shape}, dtype {array.dtype}."
        )
    return array


class ArrayFile:
    """First version: whole arrays."""

    def __init__(self, path, name):
        self.name = name
        self.array = read_array(path, name)
        self.count = len(self.array)
        self.counts = Counter()

    def dtype(self):
        """Dtype of its examples in a spec."""
        return "uint8" if self.array.ndim > 2 and self.array.dtype.kind != "f" else "float32"

    def describe(self, image_size):
        """The `DataSpec` of its examples."""
        if self.array.ndim == 2:
            return DataSpec("vectors", self.array.shape[1:], "float32")
        shape = self.array.shape[1:]
        return DataSpec("images", shape if len(shape) == 3 else (*shape, 1), self.dtype())

    def blocks(self, spec):
        """Rows in the form of `spec`."""
        self.counts.clear()
        for start in range(0, self.count, spec.block_rows):
            rows = self.array[start : start + spec.block_rows].astype(spec.dtype)
            self.counts["read"] += len(rows)
            yield [str(start + i) for i in range(len(rows))], rows.reshape(-1, *spec.shape)

    def notes(self, spec):
        """Nothing yet."""
        return []
