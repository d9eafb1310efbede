"""What `fit` trained: a network whose outputs are log odds, and what is added to these."""

import functools

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit, logit

from keras_vabc.data.blocks import Blockwise
from keras_vabc.data.checks import check_rows
from keras_vabc.data.frames import numbers_by_name
from keras_vabc.files.fingerprints import array_fingerprint
from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.inputs import check_numbers
from keras_vabc.nu.tables import TreeOdds, are_trees

KEPT = "out_of_fold"  # name of the layer that keeps the log odds of the training rows
LEAST = 1e-7  # probability of which log odds are taken


@keras.saving.register_keras_serializable("keras_vabc")
class OutOfFold(keras.layers.Layer):
    """Keeps the log odds of so many unlabeled and unwanted training rows; gives what it is given.

    Each is by what did not train on the row.
    """

    def __init__(self, unlabeled, unwanted, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, "name": KEPT, **kwargs})
        self.counts = {"unlabeled": unlabeled, "unwanted": unwanted}

    def build(self, input_shape):
        """Makes the arrays, which are then filled."""
        for name, count in self.counts.items():
            self.add_weight((count,), "zeros", trainable=False, name=f"{name}_odds")
        self.built = True

    def call(self, inputs):
        """Returns the inputs."""
        return tf.identity(inputs)

    def get_config(self):
        """Arguments of the constructor."""
        return {**super().get_config(), **self.counts}


class Committee:
    """Members' networks in one of output `(batch, members)`, and what is added to their log odds.

    Bagged trees are one member: their rank is the mean already. A `network` that does not make rows
    of numbers of one tensor is a `TypeError`, one whose trees are none a `ValueError`.

    Attributes:
        network: The Keras model.
        log_odds_shift: What is added to log odds, such that their mean probability is the share.
        out_of_fold: `(unlabeled, unwanted)`, the log odds of the training rows by what did not
            train on them, float32 arrays; `None` in files of an earlier version.
        of_trees: Whether the member is bagged trees.
        column_names: Names of the columns of the training data, `None` of arrays.
    """

    def __init__(self, network, log_odds_shift, column_names=None):
        shapes = [getattr(network, f"{end}_shape", None) for end in ("input", "output")]
        if not all(isinstance(shape, tuple) for shape in shapes) or len(shapes[1]) != 2:
            raise TypeError(f"{network!r} is no committee")
        self.network, self.log_odds_shift = network, log_odds_shift
        self.column_names = None if column_names is None else tuple(column_names)
        self.of_trees = are_trees(network)
        kept = [layer for layer in network.layers if layer.name == KEPT]
        self.out_of_fold = tuple(kept[0].get_weights()) if kept else None
        self._rows = TreeOdds(network) if self.of_trees else Blockwise(self._odds)
        self._probability = Blockwise(self.negative_probability_batch)

    def __reduce__(self):
        """What pickle keeps: compiled functions are made anew."""
        return Committee, (self.network, self.log_odds_shift, self.column_names)

    @classmethod
    def of(cls, networks, odds, log_odds_shift, column_names=None):
        """A committee of networks of one output each, with the odds of both folds, out of fold."""
        inputs = keras.Input(networks[0].input_shape[1:], dtype="float32")
        outputs = networks[0].outputs[0]
        if len(networks) > 1:
            outputs = [network(inputs) for network in networks]
            outputs = keras.layers.Concatenate(dtype="float32")(outputs)
        else:
            inputs = networks[0].inputs[0]
        kept = OutOfFold(*map(len, odds))
        network = keras.Model(inputs, kept(outputs), name="nu_classifier")
        kept.set_weights(odds)
        return cls(network, log_odds_shift, column_names)

    def log_odds(self, x):
        """As in `NUClassifier`."""
        odds = self._rows(self._checked(x))
        if odds.shape[1] == 1:
            return odds[:, 0]
        mean = expit(odds.astype("float64")).mean(axis=1)
        return logit(np.clip(mean, LEAST, 1 - LEAST)).astype("float32")

    def negative_probability(self, x):
        """As in `NUClassifier`."""
        if self.of_trees:
            return self.probability_of(self.log_odds(x))
        return self._probability(self._checked(x))

    def negative_probability_batch(self, x):
        """As in `NUClassifier`."""
        odds = self._odds(tf.cast(x, tf.float32))
        return tf.reduce_mean(tf.sigmoid(odds + self.log_odds_shift), axis=1)

    def saw(self, unlabeled, seen):
        """Whether unlabeled rows are those of the fingerprint `seen`, in their order."""
        unlabeled = numbers_by_name(unlabeled, "unlabeled", self.column_names)
        return fold_fingerprint(unlabeled, self.of_trees) == seen

    @functools.cached_property
    def estimates(self):
        """The `Estimates` from `out_of_fold`; `None` without it."""
        return None if self.out_of_fold is None else Estimates(*self.out_of_fold)

    def probability_of(self, log_odds):
        """P(negative) of rows by their log odds, which are one number each."""
        return tf.sigmoid(log_odds + np.float32(self.log_odds_shift)).numpy()

    def _odds(self, x):
        return self.network(x, training=False)

    def _checked(self, x):
        shape, x = self.network.input_shape[1:], numbers_by_name(x, "x", self.column_names)
        return check_numbers("x", x, shape) if self.of_trees else check_rows("x", x, shape)


def hidden_units(nu):
    """A function from examples to the last hidden units of all members of a fitted classifier.

    It maps an array `(n, ...)` to float32 `(n, units)`; of trees there are none.
    """
    members = [own for own in nu._fitted().network.layers if isinstance(own, keras.Model)]
    networks = [keras.Model(own.inputs, own.layers[-1].input) for own in members]
    return Blockwise(lambda x: tf.concat([own(tf.cast(x, tf.float32)) for own in networks], 1))


def fold_fingerprint(unlabeled, of_trees):
    """Hash of an unlabeled fold, of floats as float32; trees have every number so."""
    unlabeled = np.asarray(unlabeled)
    if of_trees or unlabeled.dtype.kind == "f":
        unlabeled = unlabeled.astype("float32", copy=False)
    return array_fingerprint([unlabeled])
