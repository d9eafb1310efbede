"""What is done to a data set before it is read: checks, prefetching, readable errors."""

import re
from contextlib import contextmanager

import tensorflow as tf

STREAM_ERROR = "keras_vabc: "


def without_autotuning(dataset):
    """The data set without TensorFlow's tuning thread, which can hold up the end of an iterator.

    The thread sleeps for up to 60 s between two looks at the pipeline. An iterator that ends wakes
    it before it is marked as cancelled, so that it may sleep again, and then waits for it. With
    TensorFlow 2.21 on busy cores that happens to up to half of the iterators.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


@contextmanager
def stream_errors_as_value_errors():
    """Turns an error that a check inside a `tf.data` pipeline raised into a `ValueError`."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = re.search(STREAM_ERROR + r"(.*)", error.message)
        if found is None:
            raise
        raise ValueError(found[1].rstrip("']\"")) from None
