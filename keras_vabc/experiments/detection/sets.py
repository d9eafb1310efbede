"""Tables of ADBench, and which of their anomalies a detector is told."""

import dataclasses
import os
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from keras_vabc.files.array_files import read_packed_arrays

LABELS = (5, 10, 20)
FIFTH = 0  # in the place of a number of labels: a fifth of the anomalies is known
LEAST, MOST, TEST = 1000, 3000, 0.3  # rows of a table, rows that are used, share for testing
HIDDEN = 5  # training anomalies that must be left beside the known ones
MOST_OF_FIFTH, TEST_OF_FIFTH, KNOWN = 20_000, 0.25, 0.2


@dataclasses.dataclass(frozen=True)
class Task:
    """What a detector is given, and the truth that it is measured by.

    Attributes:
        x: Training rows, float32 of shape `(n, columns)`.
        known: Which of them are known to be unwanted, boolean of shape `(n,)`.
        x_test: Rows to score.
        unwanted_test: Which of these are unwanted.
    """

    x: np.ndarray
    known: np.ndarray
    x_test: np.ndarray
    unwanted_test: np.ndarray


def data_folder():
    """The folder `adbench` in that of the environment variable `KERAS_VABC_DATA`."""
    return Path(os.environ.get("KERAS_VABC_DATA", "data"), "adbench")


def set_names(folder):
    """Names of the tables in a folder, smallest files first."""
    files = sorted(Path(folder).glob("*.npz"), key=lambda path: (path.stat().st_size, path.name))
    return [path.stem for path in files]


def task_of(folder, name, labels, seed):
    """The `Task` of a table, with so many known anomalies, or `FIFTH`; `None` if it has too few."""
    stored = read_packed_arrays(Path(folder, f"{name}.npz"))
    x, unwanted = stored["X"].astype("float32"), stored["y"].astype(bool)
    return (_fifth if labels == FIFTH else _few)(x, unwanted, labels, seed)


def _few(x, unwanted, labels, seed):
    """ADGym's protocol: at most 3,000 rows, 70 % of them to train, a number of anomalies known."""
    rng = np.random.default_rng(seed)
    if len(x) < LEAST:
        return None
    if len(x) > MOST:
        rows = rng.choice(len(x), MOST, replace=False)
        x, unwanted = x[rows], unwanted[rows]
    train, test = _parted(unwanted, TEST, seed)
    anomalies = np.flatnonzero(unwanted[train])
    if len(anomalies) < labels + HIDDEN:
        return None
    return _task(x, unwanted, train, test, rng.permutation(anomalies)[:labels])


def _fifth(x, unwanted, _, seed):
    """At most 20,000 rows, three quarters of them to train, a fifth of the anomalies known."""
    rng = np.random.default_rng(seed)
    if len(x) > MOST_OF_FIFTH:
        rows, _ = _parted(unwanted, len(x) - MOST_OF_FIFTH, seed)
        x, unwanted = x[rows], unwanted[rows]
    train, test = _parted(unwanted, TEST_OF_FIFTH, seed)
    anomalies = np.flatnonzero(unwanted[train])
    count = max(2, round(KNOWN * len(anomalies)))
    return _task(x, unwanted, train, test, rng.choice(anomalies, count, replace=False))


def _parted(unwanted, test_size, seed):
    rows = np.arange(len(unwanted))
    return train_test_split(rows, test_size=test_size, stratify=unwanted, random_state=seed)


def _task(x, unwanted, train, test, chosen):
    known = np.zeros(len(train), bool)
    known[chosen] = True
    return Task(x[train], known, x[test], unwanted[test])
