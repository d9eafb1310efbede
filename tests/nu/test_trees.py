"""Trees as arrays: scikit-learn's own numbers, in a graph and after a file."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.ensemble import ExtraTreesClassifier, IsolationForest
from sklearn.neighbors import NearestNeighbors
from sklearn.tree import ExtraTreeClassifier

from keras_vabc.nu import bags
from keras_vabc.nu.anomaly import FAR, anomaly_layers
from keras_vabc.nu.bags import bagged_trees
from keras_vabc.nu.forest import Forest
from keras_vabc.nu.ranks import Ranks

RNG = np.random.default_rng(5)
SEED = 7


def holed(shape, share=0.1):
    x = RNG.normal(size=shape).astype("float32")
    x[RNG.random(shape) < share] = np.nan
    return x


@pytest.fixture(scope="module")
def fitted():
    """Trees of scikit-learn on data with holes, as a `Forest`, and new rows."""
    x = holed((400, 5))
    y = (np.nan_to_num(x[:, 0], nan=2) + x[:, 1] ** 2 > 0.5).astype(int)
    model = ExtraTreesClassifier(40, random_state=SEED, max_features=2).fit(x, y)
    trees = [tree.tree_ for tree in model.estimators_]
    forest = Forest.of(trees, [t.value[:, 0, 1] for t in trees], 5, name="some")
    return model, forest, holed((3000, 5), 0.2)


def test_a_graph_and_scikit_learn_say_the_same_of_every_row(fitted):
    model, forest, x = fitted
    expected = model.predict_proba(x)[:, 1]
    assert len(np.unique(expected.round(6))) > 30
    graph = tf.function(forest)(tf.constant(x)).numpy()
    assert graph.shape == (3000, 1)
    np.testing.assert_allclose(graph[:, 0], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(forest.rows(x), expected, rtol=0, atol=1e-6)
    assert forest.rows(x[:0]).shape == (0,)


def test_rows_on_a_threshold_go_left_as_in_float64(fitted):
    model, forest, _ = fitted
    tree = model.estimators_[3].tree_
    inner = np.flatnonzero(tree.children_left >= 0)
    x = np.zeros((len(inner), 5), "float32")
    for row, node in enumerate(inner):  # the float32 number nearest to each threshold
        x[row, tree.feature[node]] = tree.threshold[node]
    np.testing.assert_allclose(forest(x)[:, 0], model.predict_proba(x)[:, 1], rtol=0, atol=1e-6)


def test_a_file_keeps_the_trees(fitted, tmp_path):
    _, forest, x = fitted
    inputs = keras.Input((5,))
    model = keras.Model(inputs, forest(inputs))
    model.save(tmp_path / "trees.keras")
    loaded = keras.models.load_model(tmp_path / "trees.keras", safe_mode=True)
    assert np.array_equal(loaded.get_layer("some").rows(x), forest.rows(x))
    loaded.get_layer("some").check()


TAMPERED = {  # array, whether at an inner node or a leaf, and what is put there
    "a column before the first": (0, False, -1),
    "a column after the last": (0, False, 10),
    "a leaf that lets rows pass": (1, True, 0.0),
    "a child before the first node": (2, False, -1),
    "a way back": (2, False, 0),
    "a child of another tree": (2, False, 10**6),
    "a leaf that leads on": (2, True, 10**6),
    "a root before the first node": (4, False, -1),
    "a root after the last node": (4, False, 10**6),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_trees_that_are_none_are_refused_before_a_row_passes(fitted, name):
    array, at_leaf, value = TAMPERED[name]
    forest = fitted[1]
    weights = forest.get_weights()
    leaf = weights[2] == np.arange(forest.nodes)
    place = 1 if array == 4 else np.flatnonzero(leaf == at_leaf)[5]
    weights[array][place] = value
    other = Forest(forest.nodes, forest.trees, forest.depth, forest.columns)
    other.build(None)
    other.set_weights(weights)
    with pytest.raises(ValueError, match="must hold whole trees"):
        other.rows(np.zeros((2, 5), "float32"))


def test_trees_deeper_than_they_say_are_refused(fitted):
    _, forest, _ = fitted
    other = Forest(forest.nodes, forest.trees, forest.depth - 1, forest.columns)
    other.build(None)
    other.set_weights(forest.get_weights())
    with pytest.raises(ValueError, match="must hold whole trees"):
        other.check()
    with pytest.raises(ValueError, match="depth must be in"):
        Forest(3, 1, 10**9, 2)


# Bags


class Noted:
    """Takes the place of a tree: notes its bag, and votes by its number."""

    made = []

    def __init__(self, **kwargs):
        self.made.append(self)

    def fit(self, x, y):
        self.rows, self.y = x[:, 0].astype(int), y
        self.tree_ = ExtraTreeClassifier(random_state=SEED).fit(x, y).tree_
        return self


def test_a_row_is_scored_by_the_trees_that_have_not_seen_it(monkeypatch):
    """An unwanted row by as many as an unlabeled one, and all know as many unwanted ones."""
    Noted.made = []
    monkeypatch.setattr(bags, "ExtraTreeClassifier", Noted)
    x = np.arange(60, dtype="float32")[:, None]
    forest, scores = bagged_trees(x, 40, trees=30, seed=SEED)
    assert forest.trees == 30 and len(Noted.made) == 30 + round(30 * 13 / 7)
    votes, counts = np.zeros(60), np.zeros(60)
    for number, tree in enumerate(Noted.made):
        unlabeled, unwanted = tree.rows[tree.rows < 40], tree.rows[tree.rows >= 40]
        assert len(unlabeled) == 20 and len(unwanted) == len(np.unique(unwanted)) == 13
        assert len(np.unique(unlabeled)) < 20  # drawn with replacement
        assert np.array_equal(tree.y, tree.rows >= 40)
        out = ~np.isin(np.arange(60), tree.rows) & ((number < 30) | (np.arange(60) >= 40))
        leaf = tree.tree_.apply(x)
        share = tree.tree_.value[leaf, 0, 1] / tree.tree_.value[leaf, 0].sum(axis=1)
        votes[out] += share[out]
        counts[out] += 1
    assert counts.min() > 0 and counts[40:].mean() == pytest.approx(30, abs=0.5)
    np.testing.assert_allclose(scores, votes / counts, atol=1e-6)


def test_bags_are_small_and_hold_sixteen_unlabeled_rows_at_least(monkeypatch):
    monkeypatch.setattr(bags, "ExtraTreeClassifier", Noted)
    for unwanted, expected in ((3, (16, 2)), (600, (512, 379)), (900, (512, 512))):
        Noted.made = []
        bagged_trees(np.arange(1000 + unwanted, dtype="float32")[:, None], 1000, 2, SEED)
        for tree in Noted.made:
            assert ((tree.rows < 1000).sum(), (tree.rows >= 1000).sum()) == expected


# Ranks


def test_ranks_are_places_among_the_stored_numbers():
    stored = RNG.integers(0, 30, 200).astype("float32")
    ranks = Ranks.of(stored[:, None])
    x = np.arange(-3, 34, dtype="float32")
    expected = [((stored < v).mean() + (stored <= v).mean()) / 2 for v in x]
    inside = (x >= stored.min()) & (x <= stored.max())
    found = ranks(x[:, None]).numpy()[:, 0]
    assert np.isin(x[inside], stored).all()
    np.testing.assert_allclose(found[inside], np.array(expected)[inside], atol=1e-6)
    assert (np.diff(found) >= 0).all()


def test_ranks_of_columns_with_ties_and_of_many_numbers():
    x = np.stack([RNG.normal(size=9000), RNG.normal(size=9000) > 1, np.full(9000, 3.0)], 1)
    found = Ranks.of(x, knots=200)(x.astype("float32")).numpy()
    sides = [[np.searchsorted(np.sort(c), c, side) for c in x.T] for side in ("left", "right")]
    np.testing.assert_allclose(found.T, np.mean(sides, 0) / 9000, atol=0.003)
    np.testing.assert_allclose(found[:, 2], 0.5)


def test_numbers_beyond_all_stored_ones_still_differ():
    scores = np.array([0.0, 0.0, 0.2, 0.4, 0.4], "float32")
    ranks = Ranks.of(scores[:, None], (0.0, 1.0))
    found = ranks(np.array([[0.0], [0.2], [0.4], [0.7], [1.0]], "float32")).numpy()[:, 0]
    np.testing.assert_allclose(found, [0.0, 0.5, 0.8, 0.9, 1.0], atol=1e-6)


# Anomaly scores


def test_anomaly_scores_are_those_of_scikit_learn():
    x = RNG.normal(size=(700, 4)).astype("float32") * [1, 9, 0.1, 1] + [0, 5, 0, 0]
    x[:, 3] = x[:, 0] + 0.01 * x[:, 3]
    x = x.astype("float32")
    mean, ranks, scores, isolation, references = anomaly_layers(x, SEED)
    assert len(references) == 700
    new = (RNG.normal(size=(50, 4)) * 3).astype("float32")
    found = scores([new, ranks(new)]).numpy()
    z = np.clip((x - x.mean(0)) / x.std(0), -FAR, FAR)
    own = np.clip((new - x.mean(0)) / x.std(0), -FAR, FAR)
    near, _ = NearestNeighbors(n_neighbors=11).fit(z).kneighbors(own)
    np.testing.assert_allclose(found[:, :2], near[:, [4, 9]], rtol=1e-3, atol=1e-3)
    near, _ = NearestNeighbors(n_neighbors=11).fit(z).kneighbors(z[:20])
    apart = scores.distances(z[:20].astype("float32"), 1).numpy()
    np.testing.assert_allclose(apart, near[:, [5, 10]], rtol=1e-3, atol=2e-3)
    values, axes = np.linalg.eigh(np.cov(z.T))
    kept = np.searchsorted(np.cumsum(values[::-1]) / values.sum(), 0.9) + 1
    axes = axes[:, ::-1][:, :kept]
    error = ((own - own @ axes @ axes.T) ** 2).sum(1)
    np.testing.assert_allclose(found[:, 2], error, rtol=1e-3, atol=1e-3)
    rank = ranks(new).numpy()
    tails = -np.log(np.maximum(np.minimum(rank, 1 - rank), 1e-3)).sum(1)
    np.testing.assert_allclose(found[:, 3], tails, rtol=1e-5)


def test_the_isolation_forest_ranks_as_scikit_learn_does():
    x = RNG.normal(size=(900, 3)).astype("float32")
    *_, isolation, _ = anomaly_layers(x, SEED)
    rng = np.random.default_rng(SEED)
    rng.permutation(900)  # of which the reference rows are the first
    expected = IsolationForest(random_state=int(rng.integers(2**31))).fit(x).score_samples(x)
    steps = -np.log2(-expected)  # in units of the mean depth
    found = isolation.rows(x)
    assert np.corrcoef(found, -steps)[0, 1] > 1 - 1e-9
    assert found[np.argmax(np.abs(x).max(1))] > np.quantile(found, 0.98)


def test_constant_columns_and_single_ones_do_no_harm():
    for x in (np.zeros((30, 3)), RNG.normal(size=(30, 1)), np.full((5, 2), np.nan)):
        x = x.astype("float32")
        mean, ranks, scores, isolation, _ = anomaly_layers(x, SEED)
        filled = np.where(np.isnan(x), mean, x)
        found = scores([filled, ranks(filled)]).numpy()
        assert np.isfinite(found).all() and np.isfinite(isolation.rows(filled)).all()
