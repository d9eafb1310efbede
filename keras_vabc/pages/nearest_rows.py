"""The training rows that stand beside samples on a page: known by their digests, not copied."""

import weakref

import numpy as np

from keras_vabc.data.digests import digests

_KEPT = weakref.WeakKeyDictionary()  # so that a training's page need not read its data again


def keep(run, names, rows):
    """Remembers rows of a run by their names, while the run is in memory."""
    _KEPT[run] = dict(zip(names, rows, strict=True))


def named(run, rows):
    """The name of each row: its digest by the seed of the run, 16 hexadecimal digits."""
    return [f"{digest:016x}" for digest in digests(rows, run.record.settings.seed)]


def found(run, names):
    """The unlabeled rows of those names, in their order, or a `ValueError` if one is gone."""
    known = dict(_KEPT.get(run, {}))
    if missing := set(names) - known.keys():
        for own in run.training_data("unlabeled"):
            pairs = zip(named(run, own.rows), own.rows, strict=True)
            known |= {name: row for name, row in pairs if name in missing}
    if set(names) - known.keys():
        raise ValueError("the training data have changed.")
    return np.stack([known[name] for name in names])
