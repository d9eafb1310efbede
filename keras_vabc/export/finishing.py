"""What generated rows get last, as a graph: whole numbers, ranges and constants."""

import numpy as np
import tensorflow as tf


def finishing(spec):
    """A function of a tensor of generated rows, in float32: what a sampler of a `DataSpec` gives.

    Images of bytes become whole numbers in 0..255. Columns that are constant in the data get their
    constant; those of whole numbers are rounded, and kept in the range of the data.
    Of each entry it never decreases, so that bounds of a row become bounds of the finished one.
    """
    if spec.dtype == "uint8":
        return lambda rows: tf.clip_by_value(tf.round(rows), 0.0, 255.0)
    if not spec.whole and not spec.constants:
        return tf.identity
    low, high, value = np.zeros((3, *spec.shape), "float32")
    whole, constant = np.zeros((2, *spec.shape), bool)
    for column, *bounds in spec.whole:
        whole[column] = True
        low[column], high[column] = bounds
    for column, value[column] in spec.constants:
        constant[column] = True

    def finish(rows):
        rounded = tf.clip_by_value(tf.round(rows), low, high)
        rounded = tf.where(rounded == 0, 0.0, rounded)  # no -0; adding 0 would be optimized away
        return tf.where(constant, value, tf.where(whole, rounded, rows))

    return finish
