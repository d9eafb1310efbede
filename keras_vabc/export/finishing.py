"""What generated rows get last, as a graph: whole numbers, ranges and constants."""

import numpy as np
import tensorflow as tf


def finishing(spec):
    """A function of a tensor of generated rows: what `postprocess` does to arrays, in float32.

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
