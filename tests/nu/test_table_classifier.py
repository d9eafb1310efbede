"""The classifier of vectors: its ranking, its files, and what is exported of it."""

import json
import pickle

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

import keras_vabc as kv
from keras_vabc.data.blocks import Blockwise
from keras_vabc.files.model_files import read_model_file, write_model_file
from keras_vabc.nu.forest import Forest
from keras_vabc.nu.tables import RankOdds

RNG = np.random.default_rng(11)
SEED = 5


def folds_of(rows=1500, known=40, holes=0.02):
    """Positives around 0, negatives beside: `(unlabeled, unwanted, which are hidden negatives)`."""
    x = RNG.normal(size=(rows + known, 4)).astype("float32")
    hidden = RNG.random(rows) < 0.1
    negative = np.append(hidden, np.ones(known, bool))
    x[negative, :2] += [2.5, -2]
    x[RNG.random(x.shape) < holes] = np.nan
    return x[:rows], x[rows:], hidden


def folds_of_arrays(unlabeled, unwanted, test):
    labels = [np.full(len(part), -1) for part in (unlabeled, unwanted, test, unwanted)]
    return kv.Folds(unlabeled, unwanted, test, unwanted, *labels, "own", 0, 0.5, 0)


@pytest.fixture(scope="module")
def data():
    return folds_of()


@pytest.fixture(scope="module")
def nu(data):
    with pytest.warns(UserWarning, match="40 unwanted examples are few"):
        return kv.NUClassifier(seed=SEED).fit(*data[:2])


def test_it_ranks_hidden_and_new_negatives_first(data, nu):
    unlabeled, unwanted, hidden = data
    odds, known = nu.out_of_fold
    assert (odds.shape, known.shape) == ((1500,), (40,))
    assert roc_auc_score(hidden, odds) > 0.93
    assert (known[:, None] > odds[~hidden]).mean() > 0.93
    more, _, truth = folds_of()
    assert roc_auc_score(truth, nu.log_odds(more)) > 0.93
    assert nu.of_trees and nu.negative_share == pytest.approx(0.1, abs=0.06)


def test_ranks_are_places_among_the_unlabeled_rows_alone(data, nu):
    slope = next(x.slope for x in nu._committee.network.layers if isinstance(x, RankOdds))
    ranks = 1 / (1 + np.exp(-nu.out_of_fold[0].astype("float64") / slope))
    assert ranks.mean() == pytest.approx(0.5, abs=0.004)
    for name in ("plain", "scored"):
        knots, _ = nu._committee.network.get_layer(f"ranks_of_{name}_trees").get_weights()
        assert (knots[0], knots[-1]) == (0, 1)  # so that rows above all others still differ


def test_a_row_s_odds_do_not_depend_on_its_batch(data, nu):
    odds = nu.log_odds(data[0])
    np.testing.assert_allclose(nu.log_odds(data[0][7:40]), odds[7:40], rtol=1e-5)
    assert odds.dtype == np.float32 and np.isfinite(odds).all()
    assert nu.log_odds(data[0][:0]).shape == (0,)


def test_the_graph_gives_the_probabilities_of_arrays(data, nu):
    expected = nu.negative_probability(data[0])
    graph = Blockwise(nu.negative_probability_batch)(data[0])
    np.testing.assert_allclose(graph, expected, atol=1e-6)
    shift = nu._committee.log_odds_shift
    np.testing.assert_allclose(expected, 1 / (1 + np.exp(-nu.log_odds(data[0]) - shift)), rtol=1e-4)


def test_correct_goes_by_what_trees_say_that_have_not_seen_the_row(data, nu):
    folds = folds_of_arrays(data[0], data[1], data[0][::-1])
    cleaned = nu.correct(folds)
    own = nu.out_of_fold[0] > nu.estimates.moving_cut
    assert np.array_equal(cleaned.unlabeled, data[0][~own], equal_nan=True)
    seen = nu.log_odds(data[0][::-1]) > nu.estimates.moving_cut
    assert np.array_equal(cleaned.test_unlabeled, data[0][::-1][~seen], equal_nan=True)
    assert (own != seen[::-1]).any()


def test_no_unwanted_row_is_in_the_model(data, nu, tmp_path):
    nu.save(tmp_path / "nu.keras")
    rows = nu._committee.network.get_layer("anomaly_scores").get_weights()[2]
    mean, scale = nu._committee.network.get_layer("anomaly_scores").get_weights()[:2]
    unwanted = np.clip((np.where(np.isnan(data[1]), mean, data[1]) - mean) * scale, -6, 6)
    assert np.abs(rows[:, None] - unwanted[None]).max(2).min() > 1e-3
    content = (tmp_path / "nu.keras").read_bytes()
    for row in data[1][~np.isnan(data[1]).any(1)]:
        assert row.tobytes() not in content
    assert b"scored_trees" in content


def test_files_keep_it_to_the_last_bit(data, nu, tmp_path):
    nu.save(tmp_path / "nu.keras")
    loaded = kv.NUClassifier.load(tmp_path / "nu.keras")
    assert np.array_equal(loaded.negative_probability(data[0]), nu.negative_probability(data[0]))
    assert all(map(np.array_equal, loaded.out_of_fold, nu.out_of_fold))
    assert loaded.get_config() == nu.get_config() and loaded.of_trees
    assert loaded.negative_share_interval == nu.negative_share_interval


def test_a_file_with_other_trees_is_refused(nu, tmp_path):
    nu.save(tmp_path / "nu.keras")
    network, record = read_model_file(tmp_path / "nu.keras")
    forest = next(layer for layer in network.layers if isinstance(layer, Forest))
    weights = forest.get_weights()
    weights[2][0] = 10**7
    forest.set_weights(weights)
    write_model_file(tmp_path / "nu.keras", network, record)
    with pytest.raises(ValueError, match="path must be a file written by NUClassifier.save"):
        kv.NUClassifier.load(tmp_path / "nu.keras")


def test_an_old_file_of_networks_loads_and_has_no_odds_out_of_fold(data, tmp_path):
    small = kv.NUClassifier(network="small", members=2, epochs=1, seed=SEED)
    x = np.nan_to_num(data[0])
    small.fit(x, np.nan_to_num(np.concatenate([data[1], data[1] + 0.1])), verbose=0)
    small.save(tmp_path / "nu.keras")
    network, record = read_model_file(tmp_path / "nu.keras")
    record["arguments"].pop("trees")
    record = {**record, "own_network": False}
    record.pop("seen")
    joined = network.get_layer("out_of_fold").input
    write_model_file(tmp_path / "nu.keras", keras.Model(network.inputs, joined), record)
    old = kv.NUClassifier.load(tmp_path / "nu.keras")
    assert old.out_of_fold is None and not old.of_trees and old.trees == 150
    assert np.array_equal(old.negative_probability(x), small.negative_probability(x))
    mean = small.log_odds(x)
    assert np.array_equal(old.log_odds(x), mean) and np.ptp(mean) > 0.1
    folds = folds_of_arrays(x, x[:5], x[:9])
    assert len(old.correct(folds, mode="soft").unlabeled_y) == 1500


def test_columns_of_tables_are_found_by_name_whatever_the_order(tmp_path):
    unlabeled, unwanted, _ = folds_of(350, 70)
    names, other = ["a", "b", "c", "d"], ["d", "b", "a", "c"]
    u, w = (pd.DataFrame(rows, columns=names) for rows in (unlabeled[:300], unwanted))
    nu = kv.NUClassifier(trees=6, seed=SEED).fit(u, w[other])
    of_arrays = kv.NUClassifier(trees=6, seed=SEED).fit(unlabeled[:300], unwanted)
    expected = of_arrays.negative_probability(unlabeled[300:350])
    x = pd.DataFrame(unlabeled[300:350], columns=names)[other]
    nu.save(tmp_path / "nu.keras")
    for own in (nu, kv.NUClassifier.load(tmp_path / "nu.keras"), pickle.loads(pickle.dumps(nu))):
        np.testing.assert_array_equal(own.negative_probability(x), expected)
    np.testing.assert_array_equal(nu.log_odds(pa.table(x)), of_arrays.log_odds(x[names].to_numpy()))
    with pytest.raises(ValueError, match="^x must be an array, its columns in the order"):
        of_arrays.negative_probability(x)


def test_folds_of_tables_with_holes_are_corrected_as_arrays_are():
    unlabeled, unwanted, _ = folds_of(350, 70)
    names = ["a", "b", "c", "d"]
    u, w = (pd.DataFrame(rows, columns=names) for rows in (unlabeled[:300], unwanted))
    folds = kv.array_folds(u, w[names[::-1]], seed=SEED)
    assert folds.unlabeled.dtype.names == tuple(names)  # since cells are missing
    nu = kv.NUClassifier(trees=6, seed=SEED).fit(folds.unlabeled, folds.unwanted)
    corrected = nu.correct(folds, threshold=0.5)
    moved = nu.out_of_fold[0] + nu._committee.log_odds_shift > 0
    assert 0 < moved.sum() == len(folds.unlabeled) - len(corrected.unlabeled)
    assert corrected.unlabeled.tobytes() == folds.unlabeled[~moved].tobytes()  # NaN included


def test_config_round_trip():
    nu = kv.NUClassifier(seed=SEED, trees=20, network="small")
    config = json.loads(json.dumps(nu.get_config()))
    again = kv.NUClassifier.from_config(config)
    assert again.get_config() == config
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    config = json.loads(json.dumps(kv.NUClassifier(network=network).get_config()))
    assert kv.NUClassifier.from_config(config).network.input_shape == (None, 2)


def test_the_seed_alone_decides(data):
    def fit(seed):
        nu = kv.NUClassifier(seed=seed, trees=12)
        with pytest.warns(UserWarning, match="are few"):
            return nu.fit(data[0][:300], data[1]).log_odds(data[0][:50])

    assert np.array_equal(fit(3), fit(3))
    assert not np.array_equal(fit(3), fit(4))


@pytest.mark.parametrize(
    ("unlabeled", "unwanted", "message"),
    [
        (np.ones((9, 2)), np.ones((1, 2)), "unwanted must hold at least 2 examples.*Received: 1"),
        (np.ones((9, 2)), np.full((4, 2), np.inf), "unwanted must be finite"),
        (np.ones((9, 2)), np.ones((4, 3)), r"unwanted must have shape \(n, 2\)"),
        (np.ones((9, 2)), np.array([["a", "b"]] * 4), "unwanted must hold numbers"),
    ],
)
def test_bad_folds_are_named(unlabeled, unwanted, message):
    with pytest.raises(ValueError, match=message):
        kv.NUClassifier().fit(unlabeled, unwanted)
    with pytest.raises(ValueError, match="trees must be a whole number >= 1"):
        kv.NUClassifier(trees=0)


@pytest.mark.parametrize("format", ["tf_saved_model", "onnx", "litert"])
def test_a_guard_of_trees_is_exported(data, nu, tmp_path, format):
    networks = kv.mlp_autoencoder((4,), 2, (8,), "linear", seed=0)
    model = kv.VABC(*networks, seed=0)
    whole = np.nan_to_num(data[0])
    sampler = kv.LatentSampler(model, guard=nu, components=3, fit_rows=100, threshold=0.9)
    sampler.fit(whole)
    sampler.export(tmp_path / "out", format, score=nu, threshold=0.4, verbose=False)
    x = RNG.normal(size=(300, 4)).astype("float32")
    expected = nu.negative_probability(x)
    if format == "tf_saved_model":
        loaded = tf.saved_model.load(str(tmp_path / "out"))
        found = loaded.score(x).numpy()
    elif format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(tmp_path / "out" / "guard.onnx")
        found = session.run(None, {"x": x})[0]
    else:
        from ai_edge_litert.interpreter import Interpreter

        guard = str(tmp_path / "out" / "guard.tflite")
        found = Interpreter(model_path=guard).get_signature_runner()(x=x)["guard"]
    off = np.abs(found - expected)
    assert (off > 1e-6).mean() < 0.02 and off.max() < 0.1
