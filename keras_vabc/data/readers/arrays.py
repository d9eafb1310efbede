"""Reading NumPy's files, `.npy` and `.npz`, of any size."""

import errno
import mmap
import shutil
import tempfile
import warnings
import zipfile
from collections import Counter
from math import prod
from pathlib import Path

import numpy as np

from keras_vabc.data import pixels, vectors
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec

NUMBERS = "buif"  # kinds of dtype: truth values, whole numbers, floats


def map_array(path, name):
    """Maps the array in a file into memory; an `.npz` is unpacked to a nameless file first.

    Args:
        path: A `.npy` file, or a `.npz` file that holds one array. Pickled objects are refused.
        name: Name of the argument that gave `path`, for errors.

    Returns:
        The array of numbers, read-only, of shape `(n, ...)` with n >= 1, and the `mmap.mmap` behind
        it.

    Raises:
        ValueError: If the file is of another kind, damaged, or holds something else.
        OSError: If it cannot be read, or there is no room to unpack it.
    """
    path = Path(path)
    if path.suffix.lower() not in (".npy", ".npz"):
        raise ValueError(f"{name} must be a .npy or .npz file. Received: {name}={path}.")
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
    if array.ndim < 2 or array.dtype.kind not in NUMBERS or prod(array.shape) == 0:
        raise ValueError(
            f"{name} must hold an array of numbers of shape (n, ...), n >= 1. "
            f"Received: {name}={path}, shape {array.shape}, dtype {array.dtype}."
        )
    return array, mapping


class _Refused(ValueError):
    """A reason that is told to the user as it stands."""


class ArrayFile:
    """Examples in a `.npy` or `.npz` file: images, or vectors where the array has two axes.

    Args:
        path: As in `map_array`.
        name: As in `map_array`.

    Attributes:
        count: Number of examples.
        counts: What was found, `collections.Counter`; complete when `blocks` has ended.

    Raises:
        ValueError: As `map_array`, or if images break a rule of `pixels`.
        OSError: As `map_array`.
    """

    def __init__(self, path, name):
        self.path, self.name = path, name
        self._array, self._mapping = map_array(path, name)
        self.count = len(self._array)
        self.counts = Counter()
        self._scale = None
        if self._array.ndim > 2:
            self._layout = pixels.layout(self._array.shape, name)
            self._scale = pixels.find_scale(self._raw(), self._array.dtype, name)

    @property
    def dtype(self):
        """Dtype of its examples in a spec of their own."""
        return self._scale.dtype if self._scale else "float32"

    def describe(self, image_size):
        """The `DataSpec` of its examples; `image_size` is `(height, width)` or `None`."""
        if self._scale is None:
            return DataSpec("vectors", self._array.shape[1:], "float32")
        height, width, channels = self._layout
        return DataSpec("images", (*(image_size or (height, width)), channels), self.dtype)

    def blocks(self, spec):
        """Reads all examples in the form of `spec`.

        Yields:
            `(ids, rows)`: row numbers as text, and an array of shape `(n, *spec.shape)`.

        Raises:
            ValueError: If they are no examples of that kind, or not finite.
        """
        self.counts.clear()
        read = vectors.check_width if self._scale is None else pixels.check_kind
        read(self._array.shape[1:], spec, self.name)
        for first, rows in self._raw():
            self.counts["read"] += len(rows)
            ids = [str(first + row) for row in range(len(rows))]
            if self._scale is None:
                yield ids, vectors.as_float32(rows, first, self.name, spec.column_name)
            else:
                yield ids, self._images(rows, spec)

    def notes(self, spec):
        """What was repaired, a line each, once `blocks` has ended."""
        if self._scale is None:
            return [] if spec.columns is None else [f"{self.name}: {vectors.NAMELESS}."]
        return pixels.notes(self._scale, self._layout, self.counts, spec, self.name)

    def _images(self, rows, spec):
        rows = self._scale.apply(pixels.channels_last(rows), spec.dtype)
        self.counts["fitted"] += len(rows) * (rows.shape[1:] != spec.shape)
        return pixels.fit(rows, spec)

    def _raw(self):
        """Number of the first row and copy of the rows of each block, in the file's own form."""
        size = max(1, BLOCK_BYTES // self._array[:1].nbytes)
        for first in range(0, self.count, size):
            yield first, np.array(self._array[first : first + size])
            if hasattr(mmap, "MADV_DONTNEED"):  # what has been read need not stay in memory
                self._mapping.madvise(mmap.MADV_DONTNEED)


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
