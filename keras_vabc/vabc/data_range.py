"""Data that the decoder cannot reach are refused before `fit` trains on them."""

import numpy as np
import tensorflow as tf

from keras_vabc.data.checks import check_finite
from keras_vabc.data.streams import STREAM_ERROR
from keras_vabc.vabc.layers import affine_of
from keras_vabc.vabc.networks import output_range

SLACK = 1e-4  # of rounding


def range_checked(model, x):
    """Data for `fit`, refused where the first batch lies outside the range of the decoder.

    A `tf.data.Dataset` of `(x, y)` batches is checked when its first batch is drawn, and
    prefetches; of an array the first rows are checked now, with a `ValueError`, and all of them for
    being finite; anything else is returned as it is.
    """
    low, high = output_range(model.decoder)
    scale, offset = affine_of(model.preprocessing)
    rule = (
        f"x must be finite and lie in [{low:g}, {high:g}], the range of the decoder, after "
        "preprocessing. Pass preprocessing to VABC; for images, keras.layers.Rescaling(1 / 255)."
    )

    def extremes(batch):
        """Least and largest number, and whether both will do."""
        batch = tf.cast(batch, tf.float32) * scale + offset
        least, most = tf.reduce_min(batch), tf.reduce_max(batch)
        finite = tf.math.is_finite(least) & tf.math.is_finite(most)
        return least, most, finite & (least >= low - SLACK) & (most <= high + SLACK)

    def check_first(index, batch):
        def check():
            least, most, fits = extremes(batch[0])
            message = " Received values from {} to {} in the first batch."
            message = tf.strings.format(STREAM_ERROR + rule + message, (least, most))
            tf.debugging.Assert(fits, [message])
            return True

        with tf.control_dependencies([tf.cond(index == 0, check, lambda: True)]):
            return tf.nest.map_structure(tf.identity, batch)

    if isinstance(x, np.ndarray):
        check_finite("x", x)
    if isinstance(x, tf.data.Dataset) and isinstance(x.element_spec, tuple):
        with model.distribute_strategy.scope():
            return x.enumerate().map(check_first).prefetch(tf.data.AUTOTUNE)
    if isinstance(x, np.ndarray | tf.Tensor):
        least, most, fits = extremes(x[:1024])
        if not fits:
            raise ValueError(f"{rule} Received values from {least:g} to {most:g}.")
    return x
