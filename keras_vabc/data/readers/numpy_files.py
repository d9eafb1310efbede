"""Reading NumPy's files, `.npy` and `.npz`, of any size."""

import errno
import mmap
import os
import shutil
import tempfile
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from keras_vabc.data.readers.arrays import ArrayReader, array_blocks, check_numbers
from keras_vabc.data.spec import BLOCK_BYTES
from keras_vabc.files.array_files import NoArray, array_header
from keras_vabc.files.bounds import TooLarge, check_unpacked


def open_numpy_file(path, name):
    """The `ArrayReader` of a `.npy` file, or a `.npz` file of one array; both are mapped.

    An `.npz` is unpacked to a nameless file first. Raises a `ValueError` if the file is of another
    kind, damaged, or holds something else, such as pickled objects, an `OSError` if it cannot be
    read, or there is no room to unpack it.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            array, mapping = map_array(path)
        else:
            array, mapping = _unpacked(path, name)
    except TooLarge:
        raise
    except Exception as error:  # parsers of damaged files raise anything
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a seek to nowhere
            raise
        reason = str(error) if isinstance(error, NoArray) else "damaged"
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


def map_array(path):
    """The array in a `.npy` file and the `mmap` that it lies in, `None` if it has no entries.

    Raises what `array_header` does, and an `OSError` if the file cannot be read.
    """
    with open(path, "rb") as file:
        return _mapped(file, os.path.getsize(path))


def _unpacked(path, name):
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            names = ", ".join(repr(member.filename) for member in members[:9])
            one = "; kv.train takes one of them in Python, numpy.load(file)[name]" if names else ""
            raise NoArray(f"it holds {len(members)} arrays: {names}{one}")
        check_unpacked(members[0].file_size, path, name)
        with archive.open(members[0]) as packed:
            array_header(packed, members[0].file_size)
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
    shape, order, dtype, offset = array_header(file, size)
    if prod(shape) == 0:
        return np.zeros(shape, dtype), None
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.ndarray(shape, dtype, mapping, offset, order=order), mapping
