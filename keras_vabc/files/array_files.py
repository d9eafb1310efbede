"""Arrays and the numbers that belong to them, in one file."""

import io
import json
import warnings
from pathlib import Path

import numpy as np

from keras_vabc.files.writing import write_whole

RECORD_ARRAY = "record"  # name of the one array that holds text


def write_array_file(path, arrays, record, name="path"):
    """Writes arrays of numbers and a record, which JSON can hold, to an uncompressed `.npz` file.

    It appears whole or not at all, under any suffix; a file of that name is replaced. bfloat16,
    which NumPy has not, becomes float32; scalars of NumPy in the record become floats. The
    `OSError` if it cannot be written calls the argument that gave `path` `name`.
    """
    path = Path(path)
    # The names are in it because a zip file can lose the end of its list and seem whole.
    text = json.dumps({"record": record, "arrays": sorted(arrays)}, default=float).encode()
    data = io.BytesIO()
    numbers = {
        key: a.astype("float32") if a.dtype.name == "bfloat16" else a for key, a in arrays.items()
    }
    np.savez(data, **{RECORD_ARRAY: np.frombuffer(text, np.uint8)}, **numbers)
    try:
        write_whole(path, data.getbuffer())
    except OSError as error:
        rule = f"{name} must be a file that can be written."
        raise type(error)(f"{rule} Received: {name}={path} ({error.strerror}).") from None


def read_array_file(path, name="path"):
    """Reads `(arrays, record)` that `write_array_file` wrote; nothing in the file is executed.

    Raises a `ValueError` if it is damaged or was written by something else.
    """
    try:
        with (
            open(path, "rb") as file,
            np.load(file, allow_pickle=False) as stored,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("error")  # of headers that this package did not write
            if any(member.compress_type for member in stored.zip.infolist()):
                raise ValueError("it is compressed")  # and may be larger than memory
            arrays = dict(stored)
        content = json.loads(arrays.pop(RECORD_ARRAY).tobytes())
        if sorted(arrays) != content["arrays"] or not isinstance(content["record"], dict):
            raise ValueError("not all of its arrays are there")
        if not all(a.dtype.kind in "buif" for a in arrays.values()):  # bytes have no dtype
            raise ValueError("its arrays are not all of numbers")
        return arrays, content["record"]
    except Exception as error:  # zip, zlib, NumPy, JSON and the memory each raise their own
        raise ValueError(
            f"{name} must be a whole file of this package's. "
            f"Received: {name}={path} ({type(error).__name__}: {error})."
        ) from error


def array_group(arrays, name):
    """The arrays called `name/0`, `name/1`, ..., as a list."""
    return [arrays[f"{name}/{i}"] for i in range(len(arrays)) if f"{name}/{i}" in arrays]
