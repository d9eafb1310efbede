"""Where a number stands among stored ones, of its column or of a score: between 0 and 1."""

import keras
import numpy as np
import tensorflow as tf

KNOTS = 1024  # that are stored at most of a column
TINY = 1e-30


@keras.saving.register_keras_serializable("keras_vabc")
class Ranks(keras.layers.Layer):
    """The share of stored numbers of its column that a number exceeds, those equal to it by half.

    Stored are knots in rising order and the rank of each; a number between two knots has a rank
    between theirs, so that one that is computed a little differently has nearly the same rank.

    Args:
        columns: Numbers of a row.
        knots: Number of knots of each column.

    Call arguments:
        inputs: Float32 tensor of shape `(batch, columns)`, finite.

    Returns:
        Float32 tensor of the same shape, in [0, 1].
    """

    def __init__(self, columns, knots, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.columns, self.knots = columns, knots

    def build(self, input_shape):
        """Makes the arrays, which `of` or a file fills."""
        shape = (self.columns * self.knots,)
        self.numbers = self.add_weight(shape, "zeros", trainable=False, name="numbers")
        self.ranks = self.add_weight(shape, "zeros", trainable=False, name="ranks")
        self.built = True

    @classmethod
    def of(cls, rows, ends=None, knots=KNOTS, **kwargs):
        """The layer of the ranks among rows, shape `(n, columns)`.

        With `ends`, two numbers, the ranks at these are 0 and 1, so that numbers between all of the
        stored ones and an end still differ.
        """
        found = [_knots(column, ends, knots) for column in np.asarray(rows, "float32").T]
        size = max(2, max(len(own[0]) for own in found))
        filled = [np.pad(own, ((0, 0), (0, size - own.shape[1])), "edge") for own in found]
        layer = cls(len(found), size, **kwargs)
        layer.build(None)
        layer.set_weights([np.concatenate([own[place] for own in filled]) for place in (0, 1)])
        return layer

    def call(self, inputs):
        """Finds the last knot that is not above each number, by halving."""
        numbers, ranks = map(tf.convert_to_tensor, (self.numbers, self.ranks))
        first = tf.range(self.columns)[None] * self.knots
        place = tf.zeros_like(inputs, tf.int32)
        for power in reversed(range((self.knots - 1).bit_length())):
            further = tf.minimum(place + 2**power, self.knots - 1)
            place = tf.where(inputs >= tf.gather(numbers, first + further), further, place)
        low = first + tf.minimum(place, self.knots - 2)
        start, width = (tf.gather(numbers, low + end) for end in (0, 1))
        part = (inputs - start) / tf.maximum(width - start, TINY)
        begin, end = tf.gather(ranks, low), tf.gather(ranks, low + 1)
        return begin + tf.clip_by_value(part, 0.0, 1.0) * (end - begin)

    def get_config(self):
        """Arguments of the constructor."""
        return {**super().get_config(), "columns": self.columns, "knots": self.knots}


def _knots(column, ends, most):
    """Numbers of a column, at most so many, each with its rank: an array of shape `(2, knots)`."""
    column = np.sort(column)
    kept = column[np.linspace(0, len(column) - 1, min(most, len(column))).round().astype(int)]
    kept = np.unique(kept)
    sides = [np.searchsorted(column, kept, side) for side in ("left", "right")]
    ranks = np.add(*sides) / (2 * len(column))
    if ends is not None:
        inside = (kept > ends[0]) & (kept < ends[1])
        kept, ranks = kept[inside], ranks[inside]
        kept, ranks = np.concatenate([ends[:1], kept, ends[1:]]), np.concatenate([[0], ranks, [1]])
    return np.stack([kept, ranks])
