"""Reading NumPy's files, `.npy` and `.npz`, of any size."""

import errno
import mmap
import shutil
import tempfile
import warnings
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from keras_vabc.data.readers.arrays import ArrayReader, array_blocks, check_numbers
from keras_vabc.data.spec import BLOCK_BYTES


def open_numpy_file(path, name):
    """The `ArrayReader` of a `.npy` file, or a `.npz` file of one array; both are mapped.

    An `.npz` is unpacked to a nameless file first. Raises a `ValueError` if the file is of another
    kind, damaged, or holds something else, such as pickled objects, an `OSError` if it cannot be
    read, or there is no room to unpack it.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            with open(path, "rb") as file:
                array, mapping = _mapped(file, path.stat().st_size)
        else:
            array, mapping = _unpacked(path)
    except Exception as error:  # parsers of damaged files raise anything
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a seek to nowhere
            raise
        reason = str(error) if isinstance(error, _Refused) else "damaged"
        raise ValueError(
            f"{name} must be a whole {path.suffix} file of one array, without pickled objects. "
            f"Received: {name}={path} ({reason})."
        ) from None
    check_numbers(array, name, f"{name}={path}, ")

    def read():
        for rows in array_blocks(array):
            yield rows
            if hasattr(mmap, "MADV_DONTNEED"):  # what has been read need not stay in memory
                mapping.madvise(mmap.MADV_DONTNEED)

    return ArrayReader(read, array.shape[1:], array.dtype, len(array), name)


class _Refused(ValueError):
    """A reason that is told to the user as it stands."""


def _unpacked(path):
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            names = ", ".join(repr(member.filename) for member in members[:9])
            raise _Refused(f"it holds {len(members)} arrays: {names}")
        with archive.open(members[0]) as packed:
            _header(packed, members[0].file_size)
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if members[0].file_size > free:
            raise OSError(
                f"{tempfile.gettempdir()} must have room to unpack {path}; set TMPDIR to another "
                f"folder. Received: {free} bytes free, {members[0].file_size} needed."
            )
        with archive.open(members[0]) as packed, tempfile.TemporaryFile() as file:
            _unpack(packed, file)
            file.seek(0)
            return _mapped(file, members[0].file_size)


def _unpack(packed, file):
    try:
        shutil.copyfileobj(packed, file, BLOCK_BYTES)
    except OSError as error:
        if error.errno is None:  # of the unpacking, not of the disk
            raise zipfile.BadZipFile(str(error)) from None
        raise


def _mapped(file, size):
    shape, order, dtype, offset = _header(file, size)
    if prod(shape) == 0:
        return np.zeros(shape, dtype), None
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.ndarray(shape, dtype, mapping, offset, order=order), mapping


def _header(file, size):
    """Shape, order, dtype and place of the array in a file of `size` bytes, which must hold it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers written by Python 2
        version = np.lib.format.read_magic(file)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise _Refused(f"its format has the version {version}")
        shape, by_columns, dtype = readers[version](file)
    if dtype.hasobject:
        raise _Refused("it holds Python objects")
    needed = file.tell() + prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed > size:
        raise _Refused(f"its header declares shape {shape}, for which it is too short")
    return shape, "F" if by_columns else "C", dtype, file.tell()
