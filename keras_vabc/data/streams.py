"""What is done to a data set before it is read: checks, prefetching, readable errors."""

import re
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

STREAM_ERROR = "keras_vabc: "


def range_checked(x, low, high, scale, offset):
    """Data for `fit`, refused where the first batch lies outside `[low, high]` after preprocessing.

    That is what the decoder can reach. A `tf.data.Dataset` of `(x, y)` batches is checked when its
    first batch is drawn, and prefetches; of an array the first rows are checked now, with a
    `ValueError`; anything else is returned as it is.
    """
    rule = (
        f"x must be finite and lie in [{low:g}, {high:g}], the range of the decoder, after "
        "preprocessing. Pass preprocessing to VABC; for images, keras.layers.Rescaling(1 / 255)."
    )

    def extremes(batch):
        batch = tf.cast(batch, tf.float32) * scale + offset
        return tf.reduce_min(batch), tf.reduce_max(batch)

    def in_range(least, most):
        slack = 1e-4
        finite = tf.math.is_finite(least) & tf.math.is_finite(most)
        return finite & (least >= low - slack) & (most <= high + slack)

    def check_first(index, *batch):
        def check():
            least, most = extremes(batch[0])
            message = " Received values from {} to {} in the first batch."
            message = tf.strings.format(STREAM_ERROR + rule + message, (least, most))
            tf.debugging.Assert(in_range(least, most), [message])
            return True

        with tf.control_dependencies([tf.cond(index == 0, check, lambda: True)]):
            return tuple(tf.nest.map_structure(tf.identity, batch))

    if isinstance(x, tf.data.Dataset) and isinstance(x.element_spec, tuple):
        checked = x.enumerate().map(lambda index, batch: check_first(index, *batch))
        return checked.prefetch(tf.data.AUTOTUNE)
    if isinstance(x, np.ndarray | tf.Tensor):
        least, most = extremes(x[:1024])
        if not in_range(least, most):
            raise ValueError(f"{rule} Received values from {least:g} to {most:g}.")
    return x


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
