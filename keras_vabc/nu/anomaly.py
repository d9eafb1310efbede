"""How unlike the unlabeled rows a row is, by scores that know nothing of unwanted ones."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from keras_vabc.nu.forest import Forest
from keras_vabc.nu.ranks import Ranks

MOST_REFERENCES = 4000  # rows to which distances are taken
NEIGHBOURS = 5, 10
FAR = 6.0  # standard deviations, beyond which a number is no farther
RARE = 1e-3  # share of a column's numbers, below which a tail counts as no thinner
EXPLAINED = 0.9  # of the variance, by the principal axes that are kept
KNOTS = 256
EULER = 0.5772156649


@keras.saving.register_keras_serializable("keras_vabc")
class AnomalyScores(keras.layers.Layer):
    """Distances to reference rows, the error of principal components, and the tails of columns.

    A row is standardized and cut off at 6 deviations; what is missing is the mean. Of it there are
    the distances to the 5th and the 10th nearest of the reference rows, and the squared distance
    from the space of the first principal components. The tail score is the sum over columns of
    -log of the share of numbers that are farther out on the side of the row's.

    Args:
        columns: Numbers of a row.
        references: Number of reference rows.
        axes: Number of principal components.

    Call arguments:
        inputs: `[rows, ranks]`, float32 tensors of shape `(batch, columns)`: the rows without
            missing values, and the ranks of their numbers in their columns.

    Returns:
        Float32 tensor of shape `(batch, 4)`.
    """

    def __init__(self, columns, references, axes, **kwargs):
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.columns, self.references, self.axes = columns, references, axes

    def build(self, input_shape):
        """Makes the arrays, which `anomaly_layers` or a file fills."""

        def array(name, *shape):
            return self.add_weight(shape, "zeros", trainable=False, name=name)

        self.mean, self.scale = array("mean", self.columns), array("scale", self.columns)
        self.rows = array("rows", self.references, self.columns)
        self.components = array("components", self.columns, self.axes)
        self.built = True

    def call(self, inputs):
        """Scores of a batch."""
        x, ranks = inputs
        z, axes = self.standardized(x), tf.convert_to_tensor(self.components)
        error = z - tf.matmul(tf.matmul(z, axes), axes, transpose_b=True)
        tails = tf.math.log(tf.maximum(tf.minimum(ranks, 1 - ranks), RARE))
        parts = tf.reduce_sum(error**2, 1), -tf.reduce_sum(tails, 1)
        return tf.concat([self.distances(z), tf.stack(parts, 1)], 1)

    def standardized(self, x):
        """Rows in standard deviations from the mean."""
        mean, scale = map(tf.convert_to_tensor, (self.mean, self.scale))
        return tf.clip_by_value((x - mean) * scale, -FAR, FAR)

    def distances(self, z, others=0):
        """Distances `(batch, 2)` of standardized rows to the 5th and 10th reference row.

        `others` is 1 for rows that are references, nearest to themselves.
        """
        rows = tf.convert_to_tensor(self.rows)
        squares = tf.reduce_sum(z**2, 1, keepdims=True) + tf.reduce_sum(rows**2, 1)[None]
        squares -= 2 * tf.matmul(z, rows, transpose_b=True)
        places = [min(k + others, self.references) for k in NEIGHBOURS]
        nearest = -tf.math.top_k(-squares, places[-1]).values
        return tf.sqrt(tf.maximum(tf.gather(nearest, [k - 1 for k in places], axis=1), 0.0))

    def get_config(self):
        """Arguments of the constructor."""
        sizes = {name: getattr(self, name) for name in ("columns", "references", "axes")}
        return {**super().get_config(), **sizes}


def anomaly_layers(x, seed):
    """`(filled, ranks, scores, isolation, references)` for unlabeled rows `(n, columns)`.

    The first four are what turns rows into scores: the number for what is missing in each column,
    `Ranks`, `AnomalyScores` and a `Forest`. The last are the numbers of the reference rows.
    """
    rng = np.random.default_rng(seed)
    mean = _column_means(x)
    x = np.where(np.isnan(x), mean, x)
    deviation = x.std(axis=0, dtype="float64")
    scale = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-37), 0.0).astype("float32")
    numbers = np.sort(rng.permutation(len(x))[:MOST_REFERENCES])
    z = np.clip((x[numbers] - mean) * scale, -FAR, FAR)
    components = _axes(z)
    scores = AnomalyScores(x.shape[1], len(z), components.shape[1], name="anomaly_scores")
    scores.build(None)
    scores.set_weights([mean, scale, z, components])
    ranks = Ranks.of(x, knots=KNOTS, name="column_ranks")
    return mean, ranks, scores, _isolation(x, int(rng.integers(2**31))), numbers


def _column_means(x):
    known = ~np.isnan(x)
    total = np.where(known, x, 0).sum(axis=0, dtype="float64")
    return (total / np.maximum(known.sum(axis=0), 1)).astype("float32")


def _axes(z):
    """Principal components as columns, enough for the share `EXPLAINED`, fewer than all."""
    most = min(z.shape[1] - 1, len(z) - 1)
    if most < 1 or not z.std(axis=0).any():
        return np.zeros((z.shape[1], 1), "float32")
    pca = PCA(svd_solver="covariance_eigh" if len(z) > z.shape[1] else "full").fit(z)
    kept = np.searchsorted(np.cumsum(pca.explained_variance_ratio_), EXPLAINED) + 1
    return pca.components_[: min(kept, most)].T.astype("float32")


def _isolation(x, seed):
    """The `Forest` of an isolation forest: minus the mean steps that part a row from all others."""
    isolation = IsolationForest(random_state=seed).fit(x)
    trees = [tree.tree_ for tree in isolation.estimators_]
    values = [-(_depths(tree) + _unparted(tree.n_node_samples)) for tree in trees]
    return Forest.of(trees, values, x.shape[1], name="isolation")


def _depths(tree):
    depths = np.zeros(tree.node_count)
    for node in np.flatnonzero(tree.children_left >= 0):
        depths[[tree.children_left[node], tree.children_right[node]]] = depths[node] + 1
    return depths


def _unparted(count):
    """Mean steps that it would take to part so many rows (Liu, Ting & Zhou 2008, equation 1)."""
    count = np.maximum(np.asarray(count, "float64"), 1)
    steps = 2 * (np.log(np.maximum(count - 1, 1)) + EULER) - 2 * (count - 1) / count
    return np.where(count > 2, steps, count - 1)
