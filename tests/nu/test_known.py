"""What is known of unlabeled rows: how it trains, counts and moves."""

import warnings
from collections import Counter

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from test_nu_rows import fold, revealing_network

import keras_vabc as kv
from keras_vabc.data.reviewed import KEEP, RANDOM, UNWANTED
from keras_vabc.nu import training
from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.known import masks_of
from keras_vabc.nu.stated import moving_in_words
from keras_vabc.nu.training import cross_train
from keras_vabc.nu.typical import typical_p

RNG = np.random.default_rng(4)
SEED = 7
ROWS = 400


@pytest.fixture(scope="module")
def data():
    """Unlabeled rows, unwanted ones, which of the former hide, and the codes of a review."""
    hidden = RNG.random(ROWS) < 0.15
    x = RNG.normal(size=(ROWS, 3)).astype("float32")
    x[hidden, :2] += 3
    bad = (RNG.normal(size=(60, 3)) + [3, 3, 0]).astype("float32")
    codes = np.zeros(ROWS, np.int8)
    seen = RNG.permutation(ROWS)[:150]
    codes[seen] = np.where(hidden[seen], UNWANTED, KEEP) | RANDOM
    return x, bad, hidden, codes


@pytest.fixture(scope="module")
def nu(data):
    x, bad, _, codes = data
    return kv.NUClassifier(trees=40, seed=SEED).fit(x, bad, **masks_of(codes))


def folds_of(x, bad, codes):
    labels = [np.full(len(part), -1) for part in (x, bad, x, bad)]
    parts = x, bad, x, bad
    return kv.Folds(*parts, *labels, "own", 0, 0.5, 0, reviewed=codes, test_reviewed=codes)


def test_found_rows_train_as_unwanted_and_count_as_unlabeled(data, nu):
    x, bad, hidden, codes = data
    found = codes & UNWANTED > 0
    odds, known = nu.out_of_fold
    assert (len(odds), len(known)) == (ROWS, len(bad))
    rest = np.concatenate([bad, x[found]])
    told = kv.NUClassifier(trees=40, seed=SEED)
    told.fit(x[~found], rest, known_wanted=(codes & KEEP > 0)[~found])
    np.testing.assert_array_equal(told.out_of_fold[0], odds[~found])
    np.testing.assert_array_equal(told.out_of_fold[1], np.concatenate([known, odds[found]]))
    np.testing.assert_array_equal(told.log_odds(x), nu.log_odds(x))
    assert nu.cross_validation["unwanted"] == len(bad)
    low, high = nu.negative_share_interval
    assert low < hidden.mean() < high


@pytest.mark.parametrize("mode", ["move", "soft"])
def test_decisions_outrank_what_is_estimated(data, nu, mode):
    x, bad, _, codes = data
    reverse = np.where(codes > 0, codes ^ (KEEP | UNWANTED), 0).astype(np.int8)
    for own in (codes, reverse):  # the latter against all that it has learnt
        corrected = nu.correct(folds_of(x, bad, own), mode=mode)
        for part in ("", "test_"):
            left = getattr(corrected, f"{part}reviewed")
            assert (left & UNWANTED).sum() == 0
            assert (left & KEEP > 0).sum() == (own & KEEP > 0).sum()
            unwanted = getattr(corrected, f"{part}unwanted")
            rows = {row.tobytes() for row in unwanted}
            assert rows >= {row.tobytes() for row in x[own & UNWANTED > 0]}
            assert not rows & {row.tobytes() for row in x[own & KEEP > 0]}
            y = getattr(corrected, f"{part}unlabeled_y")
            if mode == "soft":
                assert y.dtype == np.float32 and (y[left & KEEP > 0] == 1).all()
                assert len(y) == len(getattr(corrected, f"{part}unlabeled"))
                assert (y[left == 0] < 1).mean() > 0.5  # P(negative) may be less than float32 tells
    assert len(nu.correct(folds_of(x, bad, codes)).unwanted) > len(bad) + (codes & UNWANTED).sum()


def test_words_count_what_moves_without_a_decision(data, nu):
    x, bad, _, codes = data
    estimates, cut = nu.estimates, nu.estimates.moving_cut
    odds = nu.out_of_fold[0]
    text, (low, high) = moving_in_words(estimates, codes)
    moved = int(((odds > cut) & (codes == 0)).sum())
    assert text.startswith(f"moves {moved:,} of {ROWS:,} ") and 0 <= low <= high <= moved
    codes = np.where(codes == 0, 0, KEEP).astype(np.int8)  # found ones, too: many above the cut
    text, (low, high) = moving_in_words(estimates, codes)
    kept = int(((odds > cut) & (codes & KEEP > 0)).sum())
    assert kept > 5
    before = moving_in_words(estimates)[1]
    assert high == min(max(before[1] - kept, 0), moved)


@pytest.mark.parametrize(
    ("wanted", "found", "message"),
    [
        (np.zeros(3, bool), None, "known_wanted must be a mask of 400 unlabeled rows"),
        (None, np.zeros(ROWS), "known_unwanted must be a mask .* dtype float64"),
        (np.ones(ROWS, bool), np.ones(ROWS, bool), "must be of different rows. Received: 400"),
    ],
)
def test_masks_are_checked(data, wanted, found, message):
    masks = {"known_wanted": wanted, "known_unwanted": found}
    with pytest.raises(ValueError, match=message):
        kv.NUClassifier(seed=SEED).fit(*data[:2], **masks)


@pytest.mark.parametrize("wanted", [(), [195, 199]])
def test_networks_never_leave_a_wanted_row_out(monkeypatch, wanted):
    """Logits are the numbers of rows, of which the half with the highest is left out."""
    monkeypatch.setattr(training, "best_bin_share", lambda *_: (0.5, 0, 1))
    rows, batches, epochs = fold(range(200)), [[], []], 4
    cross_train(
        lambda member: revealing_network(0, batches[member]),
        rows,
        fold(range(300, 500)),
        members=2,
        seed=SEED,
        verbose=0,
        epochs=epochs,
        wanted=wanted,
        risk="cvir",
        batch=(20, 10),
        shift=0,
        rate=0.0,
    )
    counts = Counter(row for member in batches for batch in member for row in batch)
    shown = {row for row in range(180, 200) if counts[row] > 1}  # not in the first epoch alone
    assert shown == set(wanted) and all(counts[row] >= epochs for row in wanted)


def test_the_test_is_one_sided_and_needs_some_of_both():
    known, found = RNG.normal(size=20), RNG.normal(-1, 1, 9)
    p = typical_p(known, found)
    assert p == mannwhitneyu(known, found, alternative="greater").pvalue < 0.05
    assert typical_p(found, known) > 0.95
    assert typical_p(known[:4], found) is typical_p(known, found[:4]) is None


def test_estimates_count_decisions_above_a_cut():
    odds = np.array([3.0, 2.0, 1.0, 0.0, -1.0])
    codes = np.array([UNWANTED, KEEP | RANDOM, 0, KEEP, 0], np.int8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Estimates(odds, odds[:3]).decided_above(0.5, codes) == (2, 1)
