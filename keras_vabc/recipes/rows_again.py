"""The folds of a run, read again from the user's data."""

from types import SimpleNamespace

import numpy as np

MOST_ROWS = 60_000  # of a fold, drawn at random: more may not fit in memory


def folds_again(run, seed=0):
    """`unlabeled`, `unwanted` and what was held out of them, `test_unlabeled`, `test_unwanted`.

    As in the training no unlabeled row is also an unwanted one. Raises what reading the data does:
    an `OSError` or `ValueError` where they are gone.
    """
    folds, known = {}, np.zeros(0, np.uint64)
    for name in ("unwanted", "unlabeled"):
        rows, hashes = _rows(run, name, seed)
        new, test = ~np.isin(hashes, known), run.held_out(name, hashes)
        folds |= {name: rows[new & ~test], f"test_{name}": rows[new & test]}
        known = hashes
    return SimpleNamespace(**folds)


def _rows(run, name, seed):
    """Some rows of a fold, and their hashes by the seed of the run."""
    rng, part = np.random.default_rng(seed), MOST_ROWS / max(run.record.counts[name].read, 1)
    found = []
    for own in run.training_data(name):
        chosen = rng.random(len(own.rows)) < part
        found.append((own.rows[chosen], own.hashes(run.record.settings.seed)[chosen]))
    return tuple(map(np.concatenate, zip(*found, strict=True)))
