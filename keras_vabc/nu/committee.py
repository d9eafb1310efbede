"""The trained members as one: P(negative | x) is the mean of theirs."""

import keras
import tensorflow as tf

from keras_vabc.data.blocks import Blockwise
from keras_vabc.data.checks import check_rows


class Committee:
    """The members' networks in one of output `(batch, members)`, and what is added to their logits.

    A `network` that does not make rows of logits of one tensor is a `TypeError`.
    """

    def __init__(self, network, log_odds_shift):
        shapes = [getattr(network, f"{end}_shape", None) for end in ("input", "output")]
        if not all(isinstance(shape, tuple) for shape in shapes) or len(shapes[1]) != 2:
            raise TypeError(f"{network!r} is no committee")
        self.network, self.log_odds_shift = network, log_odds_shift
        self._probability = Blockwise(self.negative_probability_batch)

    @classmethod
    def of(cls, networks, log_odds_shift):
        """A committee of networks of one logit each."""
        inputs = keras.Input(networks[0].input_shape[1:], dtype="float32")
        logits = [network(inputs) for network in networks]
        joined = keras.layers.Concatenate(dtype="float32")(logits)
        return cls(keras.Model(inputs, joined, name="nu_classifier"), log_odds_shift)

    def negative_probability(self, x):
        """As in `NUClassifier`."""
        return self._probability(check_rows("x", x, self.network.input_shape[1:]))

    def negative_probability_batch(self, x):
        """As in `NUClassifier`."""
        logits = self.network(tf.cast(x, tf.float32), training=False)
        return tf.reduce_mean(tf.sigmoid(logits + self.log_odds_shift), axis=1)
