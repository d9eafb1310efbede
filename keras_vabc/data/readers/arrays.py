"""Reading examples that have the form of an array's rows: images, or vectors."""

from collections import Counter
from math import prod

import numpy as np

from keras_vabc.data import pixels, vectors
from keras_vabc.data.checks import first_line
from keras_vabc.data.levels import TOLERANCE
from keras_vabc.data.spec import BLOCK_BYTES, DataSpec, ImageRule

NUMBERS = "buif"  # kinds of dtype: truth values, whole numbers, floats


class ArrayReader:
    """A `Reader` of blocks of rows, wherever they come from: images, or vectors of one axis.

    `read()` yields all rows from the first on, in blocks: arrays of shape `(n, *shape)`, or lists
    of images where these differ in size, and `shape` has `None` for it. The `count` is `None` where
    only reading tells. Without `Numbers` images are read once to find out what they hold, or as far
    as needed.

    Raises a `ValueError` if images break a rule of `pixels`.
    """

    def __init__(self, read, shape, dtype, count, name, numbers=None):
        self.name, self.count, self.counts = name, count, Counter()
        self._read, self._shape, self._numbers = read, tuple(shape), None
        if len(self._shape) != 1:
            self._layout = pixels.layout((count, *self._shape), name)
            dtype = np.dtype(dtype)
            self._numbers = numbers or pixels.find_numbers(numbered(read()), dtype, name)
            self._scale = self._numbers.scale(ImageRule(), name)

    def survey(self):
        """As in `Reader`."""
        return None if self._numbers is None else self._numbers.levels

    @property
    def dtype(self):
        """As in `Reader`."""
        return "float32" if self._numbers is None else self._scale.dtype

    def describe(self, image_size):
        """As in `Reader`."""
        if self._numbers is None:
            return DataSpec("vectors", self._shape, "float32")
        size = image_size or self._layout[:2]
        if None in size:
            raise ValueError(
                f"image_size must be given for images of several sizes. Received: {self.name} of "
                f"shape {self._shape} each."
            )
        return DataSpec("images", (*size, self._layout[2]), self.dtype)

    def blocks(self, spec):
        """As in `Reader`; ids are row numbers as text."""
        self.counts.clear()
        check = vectors.check_width if self._numbers is None else pixels.check_kind
        check(self._shape, spec, self.name)
        if self._numbers is not None and spec.rule is not None:
            self._scale = self._numbers.scale(spec.rule, self.name)
        for first, rows in numbered(self._read()):
            self.counts["read"] += len(rows)
            ids = [str(first + row) for row in range(len(rows))]
            if self._numbers is None:
                yield ids, vectors.as_float32(rows, first, self.name, spec.column_name)
            elif isinstance(rows, list):
                yield ids, np.concatenate([self._images(image[None], spec) for image in rows])
            else:
                yield ids, self._images(rows, spec)

    def notes(self, spec):
        """As in `Reader`."""
        if self._numbers is None:
            return [] if spec.columns is None else [f"{self.name}: {vectors.NAMELESS}."]
        return pixels.notes(self._scale, (None, *self._shape), self.counts, spec, self.name)

    def _images(self, rows, spec):
        if self._numbers.most > self._scale.white * (1 + TOLERANCE):
            beyond = rows.reshape(len(rows), -1).max(axis=1) > self._scale.white
            self.counts["clipped"] += int(beyond.sum())
        rows = self._scale.apply(pixels.channels_last(rows), spec.dtype)
        self.counts["resized"] += len(rows) * (rows.shape[1:] != spec.shape)
        return pixels.resize(rows, spec)


def numbered(blocks):
    """The blocks, each with the number of its first row."""
    first = 0
    for rows in blocks:
        yield first, rows
        first += len(rows)


def open_array(array, name):
    """The `ArrayReader` of what NumPy takes for an array of numbers of shape `(n, ...)`, n >= 1.

    Raises a `ValueError` if it is no such array, or has masked entries.
    """
    if np.ma.is_masked(array):
        raise ValueError(
            f"{name} must have a number in every place. Received: an array with masked entries."
        )
    try:
        rows = np.asarray(array)
    except Exception as error:  # ragged lists, and whatever other libraries' arrays raise
        raise ValueError(
            f"{name} must be an array, a table, a dataset or a path. Received: {name} of type "
            f"{type(array).__name__} ({first_line(error)})."
        ) from None
    check_numbers(rows, name, "" if rows.ndim else f"{name} of type {type(array).__name__}, ")
    return ArrayReader(lambda: array_blocks(rows), rows.shape[1:], rows.dtype, len(rows), name)


def array_blocks(array):
    """Copies of the rows of an array, block by block."""
    size = max(1, BLOCK_BYTES // array[:1].nbytes)
    return (np.array(array[first : first + size]) for first in range(0, len(array), size))


def check_numbers(array, name, received=""):
    """Refuses what holds no numbers, no rows, or rows without axes."""
    if array.ndim < 2 or array.dtype.kind not in NUMBERS or prod(array.shape) == 0:
        raise ValueError(
            f"{name} must hold an array of numbers of shape (n, ...), n >= 1. "
            f"Received: {received}shape {array.shape}, dtype {array.dtype}."
        )
