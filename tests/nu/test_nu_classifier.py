"""The negative-unlabeled classifier, and what becomes of the folds it corrects."""

import dataclasses
import random
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

import keras_vabc as kv
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.files.model_files import read_model_file, write_model_file

RNG = np.random.default_rng(0)
QUICK = {"network": "small", "members": 2, "epochs": 30, "seed": 3}


@pytest.fixture(scope="module")
def folds():
    return load_folds("moons2", seed=0)


@pytest.fixture(scope="module")
def nu(folds):
    return kv.NUClassifier(**QUICK).fit(folds.unlabeled, folds.unwanted, verbose=0)


# The classifier


def test_moons_share_and_probabilities(folds, nu):
    hidden = folds.unlabeled_labels == 0
    low, high = nu.negative_share_interval
    assert low < hidden.mean() < high
    assert nu.negative_share == pytest.approx(hidden.mean(), abs=0.02)
    probability = nu.negative_probability(folds.unlabeled)
    assert probability.shape == (len(hidden),) and probability.dtype == np.float32
    flagged = probability > 0.5
    assert flagged[hidden].mean() > 0.9
    assert flagged[~hidden].mean() < 0.03
    assert probability.mean() == pytest.approx(nu.negative_share, abs=0.01)


def test_cross_validation_agrees_with_the_labels(folds, nu):
    hidden = folds.unlabeled_labels == 0
    flagged = nu.negative_probability(folds.unlabeled) > 0.5
    own = nu.cross_validation
    assert own["recall"] == pytest.approx(flagged[hidden].mean(), abs=0.04)
    assert own["false_alarms"] == pytest.approx(flagged[~hidden].mean(), abs=0.02)
    assert own["precision_low"] <= hidden[flagged].mean() <= own["precision_high"]
    assert own["auc"] == pytest.approx(0.997, abs=0.005)


def test_the_seed_alone_decides(folds):
    def fit(seed):
        nu = kv.NUClassifier(network="small", members=2, epochs=3, seed=seed)
        nu.fit(folds.unlabeled[:1500], folds.unwanted[:300], verbose=0)
        return nu.negative_probability(folds.test_unlabeled), nu.negative_share

    first, share = fit(3)
    keras.utils.set_random_seed(77)
    states = random.getstate(), np.random.get_state()[1].tolist()
    again, share_again = fit(3)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert np.array_equal(again, first) and share_again == share
    assert not np.array_equal(fit(4)[0], first)


def test_images_and_nnpu():
    folds = load_folds("digits", negative_class=0, fraction=0.5, seed=0)
    nu = kv.NUClassifier(risk="nnpu", members=2, epochs=40, seed=0)
    nu.fit(folds.unlabeled, folds.unwanted, verbose=0)
    flagged = nu.negative_probability(folds.test_unlabeled) > 0.5
    hidden = folds.test_unlabeled_labels == 0
    assert flagged[hidden].mean() > 0.7
    assert flagged[~hidden].mean() < 0.15
    assert len(nu.negative_probability(folds.unlabeled[:0])) == 0
    as_float = nu.negative_probability(folds.unlabeled[:9].astype("float64"))
    assert np.array_equal(as_float, nu.negative_probability(folds.unlabeled[:9]))


def test_own_network_starts_every_member_and_stays_as_it_is(folds):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(9, "relu")])
    network.add(keras.layers.Dense(1))
    before = [w.copy() for w in network.get_weights()]
    nu = kv.NUClassifier(network=network, members=2, epochs=15, learning_rate=0.01)
    nu.fit(folds.unlabeled, folds.unwanted, verbose=0)
    assert all(map(np.array_equal, before, network.get_weights()))
    flagged = nu.negative_probability(folds.unlabeled) > 0.5
    hidden = folds.unlabeled_labels == 0
    assert flagged[hidden].mean() > 0.6 > 0.1 > flagged[~hidden].mean()


def test_few_unwanted_examples_warn_with_count_and_reason(folds):
    nu = kv.NUClassifier(network="small", members=2, epochs=1)
    with pytest.warns(UserWarning, match=r"20 unwanted examples are few .*are missed"):
        nu.fit(folds.unlabeled[:300], folds.unwanted[:20], verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nu.fit(folds.unlabeled[:300], folds.unwanted[:50], verbose=0)


def test_progress_is_shown_unless_silenced(folds, capsys):
    few = folds.unlabeled[:300], folds.unwanted[:60]
    kv.NUClassifier(network="small", members=2, epochs=2).fit(*few, verbose=0)
    assert capsys.readouterr().out == ""
    kv.NUClassifier(network="small", members=2, epochs=2).fit(*few)
    shown = capsys.readouterr().out
    assert "4/4" in shown and "negative_share" in shown


# Files


def test_save_and_load_to_the_last_bit(folds, nu, tmp_path):
    path = tmp_path / "nu.keras"
    path.write_bytes(b"older")
    nu.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["nu.keras"]
    loaded = kv.NUClassifier.load(path)
    x = folds.test_unlabeled
    assert np.array_equal(loaded.negative_probability(x), nu.negative_probability(x))
    assert loaded.negative_share_interval == nu.negative_share_interval
    assert loaded.cross_validation == nu.cross_validation
    assert loaded.separability == nu.separability
    assert same(loaded.correct(folds).unlabeled, nu.correct(folds).unlabeled)
    assert (loaded.members, loaded.epochs, loaded.seed) == (2, 30, 3)


def test_damaged_and_foreign_files_are_refused(nu, tmp_path):
    path = tmp_path / "nu.keras"
    with pytest.raises(FileNotFoundError, match="path must be a file"):
        kv.NUClassifier.load(path)
    with pytest.raises(ValueError, match="path must end in .keras. Received: path=nu.h5"):
        nu.save("nu.h5")
    nu.save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for damaged in (whole[: len(whole) // 2], bytes(flipped), b"", b"no archive"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="path must be a whole file"):
            kv.NUClassifier.load(path)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(ValueError, match="path must be a whole file"):
        kv.NUClassifier.load(path)


# Corrected folds


def same(x, y):
    return np.array_equal(x, y) and x.dtype == y.dtype


def flags_of(nu, folds, threshold):
    """Of training and of test rows, by what did not train on them."""
    if threshold is not None:
        own = expit(nu.out_of_fold[0] + np.float32(nu.estimates.shift))
        return own > threshold, nu.negative_probability(folds.test_unlabeled) > threshold
    cut = nu.estimates.moving_cut
    return nu.out_of_fold[0] > cut, nu.log_odds(folds.test_unlabeled) > cut


@pytest.mark.parametrize("threshold", [None, 0.5, 0.1])
def test_correct_moves_the_flagged_rows_with_their_labels(folds, nu, threshold):
    cleaned = nu.correct(folds, threshold=threshold)
    for part, flagged in zip(("", "test_"), flags_of(nu, folds, threshold), strict=True):
        before, after = (
            {k: getattr(f, f"{part}{k}") for k in ("unlabeled", "unwanted")}
            for f in (folds, cleaned)
        )
        assert 0 < flagged.sum() < len(flagged)
        assert same(after["unlabeled"], before["unlabeled"][~flagged])
        moved = np.concatenate([before["unwanted"], before["unlabeled"][flagged]])
        assert same(after["unwanted"], moved)
        labels = getattr(folds, f"{part}unlabeled_labels")
        old = getattr(folds, f"{part}unwanted_labels")
        assert same(getattr(cleaned, f"{part}unlabeled_labels"), labels[~flagged])
        both = np.concatenate([old, labels[flagged]])
        assert same(getattr(cleaned, f"{part}unwanted_labels"), both)
    assert (cleaned.name, cleaned.seed) == (folds.name, folds.seed)
    assert (cleaned.unlabeled_labels == 0).mean() < 0.2 * (folds.unlabeled_labels == 0).mean()


def test_to_move_most_of_the_unlabeled_is_told(folds, nu):
    flagged = nu.log_odds(folds.unlabeled) > nu.estimates.moving_cut
    negative, positive = np.flatnonzero(flagged)[:100], np.flatnonzero(~flagged)

    def corrected(others):
        rows = np.concatenate([negative, positive[:others]])
        labels = folds.unlabeled_labels[rows]
        own = dataclasses.replace(folds, unlabeled=folds.unlabeled[rows], unlabeled_labels=labels)
        return nu.correct(own)

    assert len(corrected(100).unlabeled) == 100
    with pytest.warns(UserWarning, match="^100 of 199 unlabeled .* leaves 99 to "):
        corrected(99)


def test_rows_it_was_not_fitted_on_are_moved_by_all_members(folds, nu):
    """They differ from its own in one row, or in their order."""
    for order in (slice(1, None), slice(None, None, -1)):
        labels = folds.unlabeled_labels[order]
        other = dataclasses.replace(
            folds, unlabeled=folds.unlabeled[order], unlabeled_labels=labels
        )
        flagged = nu.log_odds(other.unlabeled) > nu.estimates.moving_cut
        assert same(nu.correct(other).unlabeled, other.unlabeled[~flagged])
        assert (flagged != (nu.out_of_fold[0] > nu.estimates.moving_cut)[order]).any()


def test_nothing_is_moved_where_negatives_cannot_be_told(folds):
    unwanted, unlabeled = folds.unlabeled[:60], folds.unlabeled[60:700]
    nu = kv.NUClassifier(network="small", members=2, epochs=1)
    nu.fit(unlabeled, unwanted, verbose=0)
    labels = folds.unlabeled_labels[60:700]
    own = dataclasses.replace(folds, unlabeled=unlabeled, unlabeled_labels=labels)
    assert not nu.separability.told
    cleaned = nu.correct(own)
    assert same(cleaned.unlabeled, unlabeled)
    assert same(cleaned.test_unlabeled, folds.test_unlabeled)


def test_a_classifier_of_an_earlier_version_moves_by_its_probability(folds, nu, tmp_path):
    """Its file has neither log odds out of fold nor the fingerprint of the fold."""
    nu.save(tmp_path / "nu.keras")
    network, record = read_model_file(tmp_path / "nu.keras")
    old = keras.Model(network.inputs, network.layers[-1].input)
    del record["seen"]
    write_model_file(tmp_path / "old.keras", old, record)
    loaded = kv.NUClassifier.load(tmp_path / "old.keras")
    assert loaded.out_of_fold is loaded.separability is loaded.estimates is None
    flagged = loaded.negative_probability(folds.unlabeled) > 0.5
    assert same(loaded.correct(folds).unlabeled, folds.unlabeled[~flagged])


def test_labels_decide_nothing(folds, nu):
    nonsense = dataclasses.replace(folds, unlabeled_labels=1 - folds.unlabeled_labels)
    assert same(nu.correct(nonsense).unlabeled, nu.correct(folds).unlabeled)


def test_soft_y_reaches_the_batches_beside_its_example(folds, nu):
    soft = nu.correct(folds, mode="soft")
    assert soft.unlabeled is folds.unlabeled and soft.unwanted is folds.unwanted
    own = expit(nu.out_of_fold[0] + np.float32(nu.estimates.shift))
    np.testing.assert_allclose(soft.unlabeled_y, 1 - own, atol=1e-6)
    assert soft.unlabeled_y.dtype == np.float32
    assert same(soft.test_unlabeled_y, 1 - nu.negative_probability(folds.test_unlabeled))
    expected = {tuple(x): y for x, y in zip(soft.unlabeled, soft.unlabeled_y, strict=True)}
    expected |= {tuple(x): 0.0 for x in soft.unwanted}
    batches = kv.balanced_dataset(
        soft.unlabeled, soft.unwanted, batch_size=80, seed=0, unlabeled_y=soft.unlabeled_y
    )
    plain = kv.balanced_dataset(soft.unlabeled, soft.unwanted, batch_size=80, seed=0)
    for (x, y), (same_x, _) in zip(batches.take(5), plain, strict=False):
        assert np.array_equal(x, same_x) and y.dtype == tf.float32
        assert np.array_equal(y, [expected[tuple(row)] for row in x.numpy()])
        assert len(np.unique(y)) > 20
    last = kv.balanced_dataset(
        soft.unlabeled[:50], soft.unwanted, shuffle=False, unlabeled_y=soft.unlabeled_y[:50]
    )
    x, y = list(last)[-1]
    assert len(x) == 20
    assert np.array_equal(y, [expected[tuple(row)] for row in x.numpy()])


@pytest.mark.parametrize(
    ("unlabeled", "y", "message"),
    [
        (np.zeros((4, 2)), [0.5] * 3, "must hold 4 numbers in .0, 1.*Received: 3 from"),
        (np.zeros((4, 2)), [0.5, 2, 0, 0], "Received: 4 from 0.0 to 2.0"),
        (np.zeros((4, 2)), [[1]] * 4, "unlabeled_y must have shape"),
        (np.zeros((4, 2)), [np.nan] * 4, "unlabeled_y must be finite"),
        (
            tf.data.Dataset.from_tensor_slices(np.zeros((4, 2))),
            [1] * 4,
            "unlabeled must be an array",
        ),
    ],
)
def test_bad_soft_y_is_named(unlabeled, y, message):
    with pytest.raises(ValueError, match=message):
        kv.balanced_dataset(unlabeled, np.zeros((4, 2)), batch_size=4, unlabeled_y=y)


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"risk": "upu"}, "risk must be one of cvir, nnpu. Received: risk='upu'"),
        ({"members": 1}, "members must be a whole number >= 2. Received: members=1"),
        ({"epochs": 0}, "epochs must be a whole number >= 1"),
        ({"batch_size": 100}, "batch_size must be a multiple of 3. Received: batch_size=100"),
        ({"learning_rate": 0}, "learning_rate must be > 0 and finite"),
        ({"shift": 0.6}, "shift must be <= 0.5. Received: shift=0.6"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        kv.NUClassifier(**arguments)


X = np.zeros((50, 2), "float32")


@pytest.mark.parametrize(
    ("unlabeled", "unwanted", "message"),
    [
        (X[:, 0], X, r"unlabeled must be an array of shape \(n, features\).*shape \(50,\)"),
        (X, np.zeros((50, 3), "f4"), r"unwanted must have shape \(n, 2\)"),
        (X, X[:5], "unwanted must hold at least 6 examples.*Received: 5"),
        (X[:5], X, "unlabeled must hold at least 6 examples"),
        (X, X.astype("int8"), "must have one dtype.*Received: float32 and int8"),
        (np.full((50, 2), np.nan), X, "unlabeled must be finite"),
        (X, np.full((50, 2), np.inf), "unwanted must be finite"),
    ],
)
def test_bad_folds_are_named(unlabeled, unwanted, message):
    with pytest.raises(ValueError, match=message):
        kv.NUClassifier(network="small").fit(unlabeled, unwanted, verbose=0)


def test_other_misuse_is_named(folds, nu):
    with pytest.raises(RuntimeError, match="must be fitted first"):
        kv.NUClassifier().negative_probability(X)
    with pytest.raises(ValueError, match="network must be 'small', or a built"):
        kv.NUClassifier(network="cnn").fit(X, X)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\)"):
        nu.negative_probability(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="mode must be 'move' or 'soft'. Received: mode='hard'"):
        nu.correct(folds, mode="hard")
    with pytest.raises(ValueError, match=r"threshold must be in \(0, 1\)"):
        nu.correct(folds, threshold=1)
    likely = np.argsort(nu.negative_probability(folds.unlabeled))[-5:]
    only = dataclasses.replace(
        folds, unlabeled=folds.unlabeled[likely], unlabeled_labels=folds.unlabeled_labels[likely]
    )
    with pytest.raises(ValueError, match="unlabeled must keep at least one.*all 5 examples"):
        nu.correct(only)
