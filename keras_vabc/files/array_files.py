"""Arrays and the numbers that belong to them, in one file."""

import io
import json
import warnings
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from keras_vabc.files.bounds import check_stored, check_unpacked
from keras_vabc.files.writing import write_whole

RECORD_ARRAY = "record"  # name of the one array that holds text
HEADER_BYTES = 2**16  # of a `.npy` file; NumPy reads none above 10,000
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class NoArray(ValueError):
    """Why a `.npy` file is not read, in words for its owner."""


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

    Raises a `ValueError` if it is damaged or was written by something else, before it takes more
    memory than the file has bytes.
    """
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            check_stored(archive)
            arrays = _arrays(archive)
        content = json.loads(arrays.pop(RECORD_ARRAY).tobytes())
        if sorted(arrays) != content["arrays"] or not isinstance(content["record"], dict):
            raise ValueError("not all of its arrays are there")
        if not all(a.dtype.kind in "buif" for a in arrays.values()):
            raise ValueError("its arrays are not all of numbers")
        return arrays, content["record"]
    except Exception as error:  # zip, zlib, NumPy, JSON and the memory each raise their own
        raise ValueError(
            f"{name} must be a whole file of this package's. "
            f"Received: {name}={path} ({type(error).__name__}: {error})."
        ) from error


def read_packed_arrays(path, name="path"):
    """Dict of the arrays in an `.npz` file of this package's, which may be packed.

    Raises a `TooLarge` as `check_unpacked` does, and whatever zip, zlib and NumPy do for a damaged
    file.
    """
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        check_unpacked(sum(member.file_size for member in archive.infolist()), path, name)
        return _arrays(archive)


def array_header(file, size):
    """Shape, order, dtype and place of the array in an open `.npy` file of `size` bytes.

    Raises a `NoArray` if that is too short for it or it holds Python objects, and whatever NumPy
    does for a damaged header.
    """
    start = io.BytesIO(file.read(HEADER_BYTES))  # however long a header says it is
    version = np.lib.format.read_magic(start)
    if version not in HEADERS:
        raise NoArray(f"its format has the version {version}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers written by Python 2
        shape, by_columns, dtype = HEADERS[version](start)
    if dtype.hasobject:
        raise NoArray("it holds Python objects")
    needed = start.tell() + prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed > size:
        raise NoArray(f"its header declares shape {shape}, for which it is too short")
    return shape, "F" if by_columns else "C", dtype, start.tell()


def _arrays(archive):
    """The arrays in an open `ZipFile` by name, each read once its header is known to be true."""
    arrays = {}
    for member in archive.infolist():
        with archive.open(member) as file:
            array_header(file, member.file_size)
        with archive.open(member) as file, warnings.catch_warnings():
            warnings.simplefilter("error")  # of headers that this package did not write
            array = np.lib.format.read_array(file, allow_pickle=False)
        arrays[member.filename.removesuffix(".npy")] = array
    return arrays


def array_group(arrays, name):
    """The arrays called `name/0`, `name/1`, ..., as a list."""
    return [arrays[f"{name}/{i}"] for i in range(len(arrays)) if f"{name}/{i}" in arrays]
