import dataclasses

import numpy as np
import pytest
from sklearn.datasets import make_moons

import keras_vabc as kv
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.data.folds import UNKNOWN, split_unwanted

N = 20_000
LABELS = np.arange(N) % 10
X = np.arange(2 * N, dtype=np.float32).reshape(N, 2)  # a row tells its number: x[0] / 2


def rows(fold):
    return (fold[:, 0] / 2).astype(int)


def within_4_sd(count, n, p):
    return abs(count - n * p) <= 4 * np.sqrt(n * p * (1 - p))


@pytest.mark.parametrize("fraction", [0.05, 0.2, 0.8])
def test_unwanted_is_a_binomial_draw_of_the_negatives(fraction):
    folds = split_unwanted(X, LABELS, negative_class=3, fraction=fraction, seed=1)
    assert within_4_sd(len(folds.unwanted), N // 10, fraction)
    assert (folds.unwanted_labels == 3).all()
    assert (folds.unlabeled_labels == 3).sum() == N // 10 - len(folds.unwanted)


def test_split_keeps_every_row_once_in_order_with_its_label():
    folds = split_unwanted(X, LABELS, negative_class=3, seed=1)
    kept, unwanted = rows(folds.unlabeled), rows(folds.unwanted)
    assert (np.diff(kept) > 0).all() and (np.diff(unwanted) > 0).all()
    assert np.array_equal(np.sort(np.concatenate([kept, unwanted])), np.arange(N))
    assert np.array_equal(folds.unlabeled_labels, LABELS[kept])
    assert np.array_equal(folds.unwanted_labels, LABELS[unwanted])
    assert np.array_equal(folds.unlabeled, X[kept]) and folds.unlabeled.dtype == X.dtype


def drawn(fold):
    """For each negative, in order, whether it is unwanted."""
    return np.isin(np.arange(3, N, 10), rows(fold))


def test_test_split_draws_independently_of_the_training_split():
    folds = split_unwanted(X, LABELS, negative_class=3, fraction=0.5, seed=1, test=(X, LABELS))
    agree = (drawn(folds.unwanted) == drawn(folds.test_unwanted)).sum()
    assert within_4_sd(agree, N // 10, 0.5)
    assert within_4_sd(len(folds.test_unwanted), N // 10, 0.5)
    assert len(folds.test_unwanted) + len(folds.test_unlabeled) == N
    assert np.array_equal(folds.test_unlabeled_labels, LABELS[rows(folds.test_unlabeled)])
    assert np.array_equal(folds.test_unwanted_labels, LABELS[rows(folds.test_unwanted)])


def test_test_split_uses_the_same_fraction():
    folds = split_unwanted(X, LABELS, negative_class=3, fraction=0.8, seed=2, test=(X, LABELS))
    assert within_4_sd(len(folds.test_unwanted), N // 10, 0.8)


def test_seed_alone_decides():
    first = split_unwanted(X, LABELS, negative_class=3, fraction=0.5, seed=1)
    np.random.seed(99)
    again = split_unwanted(X, LABELS, negative_class=3, fraction=0.5, seed=1, test=(X, LABELS))
    other = split_unwanted(X, LABELS, negative_class=3, fraction=0.5, seed=2)
    assert np.array_equal(first.unwanted, again.unwanted)
    agree = (drawn(first.unwanted) == drawn(other.unwanted)).sum()
    assert within_4_sd(agree, N // 10, 0.5)


def test_fraction_one_takes_every_negative():
    folds = split_unwanted(X, LABELS, negative_class=3, fraction=1)
    assert len(folds.unwanted) == N // 10 and 3 not in folds.unlabeled_labels


def test_without_a_test_set_its_folds_are_empty_but_shaped():
    folds = split_unwanted(
        np.zeros((6, 5, 4, 1), np.uint8), [0, 1] * 3, negative_class=1, fraction=1
    )
    for fold in (folds.test_unlabeled, folds.test_unwanted):
        assert fold.shape == (0, 5, 4, 1) and fold.dtype == np.uint8
    assert folds.test_unlabeled_labels.shape == folds.test_unwanted_labels.shape == (0,)


def test_folds_are_frozen_replaceable_and_short_to_print():
    folds = split_unwanted(X, LABELS, negative_class=3, seed=5, name="mine")
    with pytest.raises(dataclasses.FrozenInstanceError):
        folds.seed = 2
    assert dataclasses.replace(folds, unwanted=X[:7]).unwanted.shape == (7, 2)
    text = repr(folds)
    for part in ("'mine'", "negative_class=3", "fraction=0.2", "seed=5", "shape=(2,)", "float32"):
        assert part in text
    assert f"unwanted={len(folds.unwanted)}" in text and "array" not in text


NAN = np.full((4, 2), np.nan)
GOOD = {"x": np.zeros((4, 2)), "labels": [0, 1, 0, 1], "negative_class": 1, "fraction": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fraction": 0}, r"fraction must be in \(0, 1\]. Received: fraction=0"),
        ({"fraction": 1.5}, "Received: fraction=1.5"),
        ({"fraction": float("nan")}, "fraction must be in"),
        ({"fraction": 1e-9}, "at least one example. Received: 0 unwanted"),
        ({"negative_class": 7}, r"among labels: \[0, 1\]. Received: negative_class=7"),
        ({"labels": [0, 1]}, "one length. Received: 4 and 2"),
        ({"labels": [[0], [1], [0], [1]]}, r"labels must be a one-dim.*shape \(4, 1\)"),
        ({"labels": ["a", "b", "a", "b"]}, "labels must be a one-dimensional array of integers"),
        ({"labels": [1, 1, 1, 1]}, "0 unlabeled"),
        ({"x": NAN}, "x must be finite"),
        ({"x": -np.inf * np.ones((4, 2))}, "x must be finite"),
        ({"x": np.array([["a"]] * 4)}, "x must be an array of numbers"),
        ({"x": np.zeros(4)}, r"shape \(n, ...\). Received: shape \(4,\)"),
        ({"seed": -1}, "seed must be a whole number >= 0. Received: seed=-1"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"test": (NAN, [0, 1, 0, 1])}, r"test\[0\] must be finite"),
        ({"test": (np.zeros((4, 2)), [0, 0, 0, 0])}, r"among test\[1\]: \[0\]"),
        ({"test": (np.zeros((4, 3)), [0, 1, 0, 1])}, r"\(3,\) float64 and \(2,\) float64"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = GOOD | change
    x, labels = arguments.pop("x"), arguments.pop("labels")
    with pytest.raises(ValueError, match=message):
        split_unwanted(x, labels, **arguments)


def whole(folds, part=""):
    """A fold pair put together again, its rows sorted."""
    x = np.concatenate([getattr(folds, f"{part}unlabeled"), getattr(folds, f"{part}unwanted")])
    flat = x.reshape(len(x), -1)
    return flat[np.lexsort(flat.T)]


def test_moons_are_scikit_learns():
    folds = load_folds("moons1", seed=3)
    x, labels = make_moons(10_000, noise=0.2, random_state=3)
    assert np.array_equal(folds.unlabeled, x[labels == 1].astype(np.float32))
    assert np.array_equal(folds.unwanted, x[labels == 0].astype(np.float32))
    assert folds.unlabeled.dtype == np.float32
    # The upper moon is a half circle of radius 1 about 0: its mean height is 2 / pi.
    assert folds.unwanted[:, 1].mean() == pytest.approx(2 / np.pi, abs=0.03)
    assert (folds.name, folds.negative_class, folds.fraction, folds.seed) == ("moons1", 0, 1.0, 3)


def test_moons_test_set_is_another_draw_of_the_same_size():
    folds = load_folds("moons1", seed=3)
    train, test = whole(folds), whole(folds, "test_")
    assert train.shape == test.shape == (10_000, 2)
    assert len(np.intersect1d(train[:, 0], test[:, 0])) < 20  # float32 chance hits
    assert not np.array_equal(test, whole(load_folds("moons1", seed=4), "test_"))


def test_moons2_hides_a_fifth_of_the_negatives():
    folds = load_folds("moons2", seed=0)
    assert within_4_sd(len(folds.unwanted), 5000, 0.8)
    assert within_4_sd(len(folds.test_unwanted), 5000, 0.8)
    assert within_4_sd(len(load_folds("moons2", fraction=0.1).unwanted), 5000, 0.1)


def test_digits_are_a_fixed_stratified_split_scaled_to_bytes():
    folds = load_folds("digits", negative_class=8, seed=0)
    train, test = whole(folds), whole(folds, "test_")
    assert folds.unlabeled.shape[1:] == (8, 8, 1) and folds.unlabeled.dtype == np.uint8
    assert (len(train), len(test)) == (1437, 360)
    assert np.array_equal(np.unique(train), np.rint(np.arange(17) * 255 / 16))
    counts = np.bincount(np.append(folds.test_unlabeled_labels, folds.test_unwanted_labels))
    assert counts.min() >= 34 and counts.max() <= 38
    assert np.array_equal(test, whole(load_folds("digits", negative_class=1, seed=7), "test_"))
    assert folds.fraction == 0.2 and set(folds.unwanted_labels) == {8}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "mnits",
            {},
            "one of moons1, moons2, mnist, fashion_mnist, cifar10, digits, adult, .*"
            "Received: name='mnits'",
        ),
        ("mnist", {}, "negative_class must be given for 'mnist'"),
        ("digits", {"negative_class": 10}, "negative_class=10"),
        ("moons1", {"fraction": 2}, "fraction=2"),
        ("moons1", {"seed": -2}, "seed=-2"),
    ],
)
def test_bad_load_folds_is_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_folds(name, **arguments)


def test_two_arrays_become_folds_with_a_random_part_held_out():
    unlabeled, unwanted = np.arange(2000).reshape(1000, 2), -np.arange(1, 201).reshape(100, 2)
    folds = kv.array_folds(unlabeled, unwanted, test_share=0.3, seed=1)
    assert (len(folds.test_unlabeled), len(folds.test_unwanted)) == (300, 30)
    joined = np.concatenate([folds.unlabeled, folds.test_unlabeled])
    assert sorted(map(tuple, joined)) == sorted(map(tuple, unlabeled))
    assert (folds.unwanted < 0).all() and (folds.test_unwanted < 0).all()
    assert 500 < folds.test_unlabeled[:, 0].mean() < 1500, "a random part, not an end"
    assert set(folds.unlabeled_labels) == set(folds.test_unlabeled_labels) == {UNKNOWN}
    assert set(folds.unwanted_labels) == {folds.negative_class} != {UNKNOWN}
    again = kv.array_folds(unlabeled, unwanted, test_share=0.3, seed=1)
    np.testing.assert_array_equal(folds.test_unlabeled, again.test_unlabeled)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unwanted": np.zeros((9, 3))}, "same shape and dtype"),
        ({"unwanted": np.zeros((9, 2), "float32")}, "same shape and dtype"),
        ({"unwanted": np.full((9, 2), np.nan)}, "unwanted must be finite"),
        ({"unwanted": np.zeros((2, 2))}, "unwanted must have enough examples"),
        ({"test_share": 1.0}, r"test_share must be in \(0, 1\)"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_array_folds_refuse(arguments, message):
    good = {"unlabeled": np.zeros((20, 2)), "unwanted": np.zeros((9, 2))}
    with pytest.raises(ValueError, match=message):
        kv.array_folds(**{**good, **arguments})
