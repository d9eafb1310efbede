"""Reading `tf.data.Dataset`s; the one reader of the user's own data that imports TensorFlow."""

import math
import re
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from keras_vabc.data.examples import check_single
from keras_vabc.data.readers.arrays import NUMBERS, ArrayReader
from keras_vabc.data.spec import BLOCK_BYTES
from keras_vabc.data.streams import without_autotuning


def open_dataset(dataset, name):
    """The `ArrayReader` of a dataset: read anew each time, and once more for the scale of images.

    Its elements are single examples, each one tensor of known shape: images or vectors; the
    cardinality need not be known. Raises a `ValueError` for other elements, none, or infinitely
    many.
    """
    check_single(dataset, name)
    spec, count = dataset.element_spec, int(dataset.cardinality())
    numbers = np.dtype(spec.dtype.as_numpy_dtype).kind in NUMBERS
    if not numbers or spec.shape.rank == 0 or spec.shape.num_elements() == 0:
        raise ValueError(
            f"{name} must be a dataset of arrays of numbers. Received: element_spec={spec}."
        )
    if count == 0 or count == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            f"{name} must be a dataset of finitely many examples, and not empty. Received: "
            f"{'none' if count == 0 else 'infinitely many'}."
        )
    return dataset_reader(dataset, name)


def dataset_reader(dataset, name, numbers=None):
    """The `ArrayReader` of a dataset that is known to be sound; arguments as there."""
    shape, dtype = tuple(dataset.element_spec.shape), dataset.element_spec.dtype
    count = int(dataset.cardinality())

    def read():
        blocks = _varying_blocks(dataset) if None in shape else _blocks(dataset)
        with _named_errors(name):
            yield from blocks

    count = count if count >= 0 else None
    return ArrayReader(read, shape, dtype.as_numpy_dtype, count, name, numbers)


def _blocks(dataset):
    spec = dataset.element_spec
    size = max(1, BLOCK_BYTES // (math.prod(spec.shape) * spec.dtype.size))
    return without_autotuning(dataset.batch(size)).as_numpy_iterator()


def _varying_blocks(dataset):
    """Lists of images of several sizes."""
    images = []
    for image in without_autotuning(dataset).as_numpy_iterator():
        images.append(image)
        if sum(image.nbytes for image in images) >= BLOCK_BYTES:
            yield images
            images = []
    if images:
        yield images


@contextmanager
def _named_errors(name):
    """Tells in one line, and of which argument, that a dataset broke off."""
    try:
        yield
    except tf.errors.OpError as error:
        lines = re.sub(r"{{.*?}} *", "", error.message).splitlines()  # without names of nodes
        reason = lines[0] if lines else type(error).__name__
        raise ValueError(
            f"{name} must be a dataset that can be read to its end. Received: {reason}."
        ) from error
