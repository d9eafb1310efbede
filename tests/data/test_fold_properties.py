"""What holds for folds of any data."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_vabc.data.folds import move_to_unwanted, split_unwanted

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**31 - 1)


def labelled(count, seed):
    """Rows that are all different, and classes of which 0 and 1 are there."""
    labels = np.random.default_rng(seed).integers(0, 3, count)
    labels[:4] = [0, 0, 1, 2]
    return np.arange(2 * count, dtype="float32").reshape(count, 2), labels


@FEW
@given(count=st.integers(20, 200), fraction=st.floats(0.3, 0.9), seed=SEEDS)
def test_folds_part_the_data_and_move_nothing_but_negatives(count, fraction, seed):
    x, labels = labelled(count, seed)
    labels[: count // 2] = 0  # enough that both folds have some
    folds = split_unwanted(x, labels, negative_class=0, fraction=fraction, seed=seed)
    assert (folds.unwanted_labels == 0).all()
    joined = np.concatenate([folds.unlabeled, folds.unwanted])
    np.testing.assert_array_equal(np.sort(joined[:, 0]), x[:, 0])
    for rows, own in ((folds.unlabeled, "unlabeled"), (folds.unwanted, "unwanted")):
        expected = labels[(rows[:, 0] / 2).astype(int)]
        np.testing.assert_array_equal(getattr(folds, f"{own}_labels"), expected)

    flagged = np.random.default_rng(seed).random(len(folds.unlabeled)) < 0.3
    flagged[0] = False
    moved = move_to_unwanted(folds, flagged, np.zeros(0, bool))
    assert len(moved.unwanted) == len(folds.unwanted) + flagged.sum()
    np.testing.assert_array_equal(moved.unlabeled, folds.unlabeled[~flagged])
    np.testing.assert_array_equal(moved.unwanted[len(folds.unwanted) :], folds.unlabeled[flagged])
