"""Arrays from a user's files."""

import zipfile
from pathlib import Path

import numpy as np


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
