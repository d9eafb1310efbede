"""The ranking of rows of numbers: two bagged forests, whose ranks are added."""

import keras
import numpy as np
import tensorflow as tf

from keras_vabc.data.blocks import Blockwise
from keras_vabc.nu.anomaly import anomaly_layers
from keras_vabc.nu.bags import TRIED, bagged_trees
from keras_vabc.nu.forest import Forest
from keras_vabc.nu.posterior import SharePosterior
from keras_vabc.nu.ranks import Ranks
from keras_vabc.nu.share import log_odds_slope

SMALLEST = 1e-6  # rank of which the log odds are taken
ENDS = 0.0, 1.0  # of the scores of a forest
PLAIN, SCORED = "plain_trees", "scored_trees"  # names of the two forests


@keras.saving.register_keras_serializable("keras_vabc")
class Filled(keras.layers.Layer):
    """Puts a number for each column, of the list `values`, in the place of missing ones."""

    def __init__(self, values, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.values = list(values)

    def build(self, input_shape):
        """Makes no weights."""
        self.built = True

    def call(self, inputs):
        """Fills a batch `(batch, columns)`."""
        return tf.where(tf.math.is_nan(inputs), tf.constant(self.values, tf.float32), inputs)

    def get_config(self):
        """Arguments of the constructor."""
        return {**super().get_config(), "values": self.values}


@keras.saving.register_keras_serializable("keras_vabc")
class RankOdds(keras.layers.Layer):
    """Log odds `(batch, 1)` of the mean of the ranks in a tensor `(batch, rankings)`.

    They are multiplied by the `slope`; see `log_odds_slope`.
    """

    def __init__(self, slope=1.0, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.slope = slope

    def build(self, input_shape):
        """Makes no weights."""
        self.built = True

    def call(self, inputs):
        """The log odds, finite."""
        mean = tf.reduce_mean(tf.cast(inputs, tf.float32), axis=1, keepdims=True)
        mean = tf.clip_by_value(mean, SMALLEST, 1 - SMALLEST)
        return self.slope * (tf.math.log(mean) - tf.math.log(1 - mean))

    def get_config(self):
        """Arguments of the constructor."""
        return {**super().get_config(), "slope": self.slope}


def fit_trees(unlabeled, unwanted, trees, seed, wanted=()):
    """A ranking of rows by how unwanted they are: `(network, unlabeled_odds, unwanted_odds)`.

    There are two forests of `bagged_trees`: of the columns as they are, and of these and scores of
    how unlike the unlabeled rows a row is. The rank of a row is its place among the out-of-bag
    scores of the unlabeled rows, which are stored, so that it does not depend on its batch.

    The folds are float32 arrays `(n, columns)` and `(m, columns)`, NaN where something is missing;
    `wanted` are numbers of unlabeled rows that are known to be positives.
    The network maps rows to log odds `(batch, 1)` of the mean rank, which are multiplied by their
    `log_odds_slope`; the odds are those of the rows of both folds out of bag, shapes `(n,)` and
    `(m,)`. It holds at most 4,000 unlabeled rows, and no unwanted ones.
    """
    count, columns = unlabeled.shape
    seeds = [int(s.generate_state(1)[0]) for s in np.random.SeedSequence(seed).spawn(3)]
    fill, *layers, references = anomaly_layers(unlabeled, seeds[0])
    scores = _Scores(Filled(fill.tolist(), name="filled"), *layers, columns)
    x = np.concatenate([unlabeled, unwanted])
    plain, plain_scores = bagged_trees(x, count, trees, seeds[1], TRIED, wanted, name=PLAIN)
    x = np.concatenate([x, scores.of_training(x, references)], 1)
    scored, scored_scores = bagged_trees(x, count, trees, seeds[2], wanted=wanted, name=SCORED)
    both = (plain_scores, PLAIN), (scored_scores, SCORED)
    ranks = [Ranks.of(own[:count, None], ENDS, name=f"ranks_of_{name}") for own, name in both]
    places = [
        rank(scores[:, None])
        for rank, scores in zip(ranks, (plain_scores, scored_scores), strict=True)
    ]
    odds = RankOdds()(tf.concat(places, 1)).numpy()[:, 0]
    parts = odds[:count], odds[count:]
    slope = log_odds_slope(*parts, SharePosterior.of(*parts).median)
    network = _joined(scores.model, (plain, scored), ranks, slope)
    return network, *(np.float32(slope) * part for part in parts)


def are_trees(network):
    """Whether a network is one of `fit_trees`."""
    return any(isinstance(layer, Forest) for layer in network.layers)


class TreeOdds:
    """The log odds of a network of `fit_trees` for arrays, several times as fast as its graph.

    A `ValueError` if its trees are none, as in a file that was tampered with.
    """

    def __init__(self, network):
        forests = [layer for layer in network.layers if isinstance(layer, Forest)]
        for forest in forests:
            forest.check()
        self._forests = {forest.name: forest for forest in forests}
        layer = network.get_layer
        filled, scores = layer("filled").output, layer("anomaly_scores").output
        self._scores = Blockwise(keras.Model(network.inputs, [filled, scores]))
        ranks = [layer(f"ranks_of_{name}") for name in (PLAIN, SCORED)]
        odds = next(layer for layer in network.layers if isinstance(layer, RankOdds))
        self._odds = Blockwise(
            lambda votes: odds(
                tf.concat([rank(votes[:, i : i + 1]) for i, rank in enumerate(ranks)], 1)
            )
        )

    def __call__(self, x):
        """Log odds of rows `(n, columns)`, shape `(n, 1)`."""
        x = np.asarray(x, "float32")
        filled, scores = self._scores(x)
        isolated = self._forests["isolation"].rows(filled)
        wide = np.concatenate([x, scores, isolated[:, None]], 1)
        votes = [self._forests[name].rows(own) for name, own in ((PLAIN, x), (SCORED, wide))]
        return self._odds(np.stack(votes, 1))


class _Scores:
    """The anomaly scores of rows, as a Keras model and for the rows that they were fitted on."""

    def __init__(self, filled, ranks, scores, isolation, columns):
        self._filled, self._scores, self._isolation = filled, scores, isolation
        inputs = keras.Input((columns,), dtype="float32")
        x = filled(inputs)
        self._blockwise = Blockwise(keras.Model(inputs, [x, scores([x, ranks(x)])]))
        parts = inputs, scores([x, ranks(x)]), isolation(x)
        self.model = keras.Model(inputs, keras.layers.Concatenate(dtype="float32")(parts))

    def of_training(self, x, references):
        """Scores `(n, 5)`, where reference rows are not their own neighbours."""
        filled, scores = self._blockwise(x)
        apart = Blockwise(lambda rows: self._scores.distances(self._scores.standardized(rows), 1))
        scores[references, :2] = apart(filled[references])
        return np.concatenate([scores, self._isolation.rows(filled)[:, None]], 1)


def _joined(scores, forests, ranks, slope):
    """The whole network, whose input is that of a model of rows beside their scores."""
    inputs = scores.inputs[0]
    votes = forests[0](inputs), forests[1](scores.outputs[0])
    places = [rank(vote) for rank, vote in zip(ranks, votes, strict=True)]
    joined = keras.layers.Concatenate(dtype="float32")(places)
    return keras.Model(inputs, RankOdds(slope)(joined), name="nu_classifier")
