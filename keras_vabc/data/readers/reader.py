"""What reads a user's data, whatever they are: one protocol, and which reader takes what."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from keras_vabc.data.levels import Levels
from keras_vabc.data.readers.arrays import open_array
from keras_vabc.data.readers.image_folders import ImageFolder
from keras_vabc.data.readers.numpy_files import open_numpy_file
from keras_vabc.data.readers.table_batches.table import SUFFIXES, open_table, table_suffix
from keras_vabc.data.readers.tables import TableReader
from keras_vabc.data.readers.tfds_split import PREFIX, open_tfds_split
from keras_vabc.data.spec import DataSpec

ARRAYS = (".npy", ".npz")
KINDS = f"a folder of images, a table ({', '.join(SUFFIXES)}), {', '.join(ARRAYS)} or {PREFIX}NAME"


@runtime_checkable
class Reader(Protocol):
    """What gives the examples of one fold, as often as asked, in the form that a spec describes.

    Opening one checks what can be checked without reading all examples. It depends on no other
    fold: `blocks` alone is told the form that the unlabeled fold has.

    Attributes:
        name: Name of the argument that gave the data, for errors and notes.
        count: Number of examples, unreadable ones included; `None` where only reading tells.
        counts: `collections.Counter` of what the last `blocks` met: `read`, and where it happened
            `unreadable`, `resized` and so on. Complete when `blocks` has ended.
    """

    name: str
    count: int | None
    counts: Counter

    @property
    def dtype(self) -> str:
        """Dtype of the examples in a spec of their own."""

    def describe(self, image_size: tuple[int, int] | None) -> DataSpec:
        """The spec of the examples: what they are, if nobody says otherwise.

        Images have the size given, or their own for `None`. Raises a `ValueError` if they have no
        size in common and none is given, or too many of them are unreadable.
        """

    def survey(self) -> Levels | None:
        """How far the numbers of images reach, and how bright they are; `None` for vectors."""

    def blocks(self, spec: DataSpec) -> Iterator[tuple[list[str], np.ndarray]]:
        """Reads all examples in the form of a spec.

        Yields `(ids, rows)`: a text that names each example, and an array of shape `(n,
        *spec.shape)` of `spec.dtype` and about `BLOCK_BYTES`. Raises a `ValueError` if they cannot
        be brought into that form, or are not finite, an `OSError` if they cannot be read.
        """

    def notes(self, spec: DataSpec) -> list[str]:
        """What the last `blocks` repaired or left out, a line each: names and counts, no values."""


def open_reader(data, name, max_unreadable=0.0) -> Reader:
    """The reader of a user's data, of any kind that `read_folds` takes.

    Raises a `ValueError` if there is none for data of this kind, or they are damaged, an `OSError`
    if there is nothing at a path.
    """
    if isinstance(data, str | os.PathLike):
        return _open_path(data, name, max_unreadable)
    tensorflow = sys.modules.get("tensorflow")  # who has a Dataset has imported it
    if tensorflow is not None and isinstance(data, tensorflow.data.Dataset):
        from keras_vabc.data.readers.tf_datasets import open_dataset

        return open_dataset(data, name)
    if hasattr(data, "__arrow_c_stream__"):
        return TableReader(open_table(data, name))
    return open_array(data, name)


def _open_path(path, name, max_unreadable):
    if str(path).startswith(PREFIX):
        return open_tfds_split(path, name)
    if os.path.isdir(path):
        return ImageFolder(path, name, max_unreadable)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"{name} must be {KINDS}. Received: {name}={path}, which is not there."
        )
    if os.path.isfile(path):
        if Path(path).suffix.lower() in ARRAYS:
            return open_numpy_file(path, name)
        if table_suffix(path) is not None:
            return TableReader(open_table(path, name, max_unreadable))
    raise ValueError(f"{name} must be {KINDS}. Received: {name}={path}.")
