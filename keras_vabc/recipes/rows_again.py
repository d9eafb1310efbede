"""The folds of a run, read again from the user's data."""

from types import SimpleNamespace

import numpy as np

from keras_vabc.data.digests import digests

MOST_ROWS = 60_000  # of a fold, drawn at random: more may not fit in memory


def folds_again(run, seed=0):
    """`unlabeled`, `unwanted` and what was held out of them, `test_unlabeled`, `test_unwanted`.

    As in the training no unlabeled row is also an unwanted one. Raises what reading the data does:
    an `OSError` or `ValueError` where they are gone.
    """
    key = run.record.settings.seed
    unwanted = _rows(run, "unwanted", seed)
    known, folds = digests(unwanted, key), {}
    unlabeled = _rows(run, "unlabeled", seed)
    unlabeled = unlabeled[~np.isin(digests(unlabeled, key), known)]
    for name, rows in (("unlabeled", unlabeled), ("unwanted", unwanted)):
        test = run.held_out(rows)
        folds |= {name: rows[~test], f"test_{name}": rows[test]}
    return SimpleNamespace(**folds)


def _rows(run, name, seed):
    rng, part = np.random.default_rng(seed), MOST_ROWS / max(run.record.counts[name].read, 1)
    blocks = (rows for _, rows in run.training_data(name))
    return np.concatenate([rows[rng.random(len(rows)) < part] for rows in blocks])
