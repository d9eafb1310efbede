"""Tables of ADBench, and which of their anomalies a detector is told."""

import dataclasses
import os
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.model_selection import train_test_split

from keras_vabc.files.array_files import read_packed_arrays

TABLES = (  # names of their files, smallest first
    *("47_yeast", "7_Cardiotocography", "2_annthyroid", "17_InternetAds", "27_PageBlocks"),
    *("30_satellite", "40_vowels", "12_fault", "26_optdigits", "19_landsat", "32_shuttle"),
    *("24_mnist", "33_skin", "5_campaign", "25_musk", "22_magic.gamma", "10_cover", "1_ALOI"),
    "11_donors",
)
IMAGES = (  # features of images with a class unwanted, as benchmarks/image_features.py writes them
    *("mnist-1", "mnist-7", "mnist-8", "fashion_mnist-0", "fashion_mnist-4"),
    *("cifar10-0", "cifar10-3", "cifar10-9"),
)
SETS = (*TABLES, *IMAGES)
FEW = (5, 10, 20)
FIFTH, KIND = 0, -1  # in the place of a number of labels
LABELS = (*FEW, FIFTH, KIND)
LEAST, MOST, TEST = 1000, 3000, 0.3  # rows of a table, rows that are used, share for testing
HIDDEN = 5  # training anomalies that must be left beside the known ones
MOST_OF_FIFTH, TEST_OF_FIFTH, KNOWN = 20_000, 0.25, 0.2
KINDS, KNOWN_OF_KIND = 3, 20


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


def missing_sets(folder, names):
    """Those of some names of `SETS` that a folder has no file of."""
    return [name for name in names if not Path(folder, f"{name}.npz").is_file()]


def task_of(folder, name, labels, seed):
    """The `Task` of a table, with so many known anomalies, `FIFTH` or `KIND`.

    `None` if it has too few rows or anomalies.
    """
    stored = read_packed_arrays(Path(folder, f"{name}.npz"))
    x, unwanted = stored["X"].astype("float32"), stored["y"].astype(bool)
    return {FIFTH: _fifth, KIND: _kind}.get(labels, _few)(x, unwanted, labels, seed)


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
    x, unwanted = _at_most(MOST_OF_FIFTH, x, unwanted, seed)
    train, test = _parted(unwanted, TEST_OF_FIFTH, seed)
    anomalies = np.flatnonzero(unwanted[train])
    count = max(2, round(KNOWN * len(anomalies)))
    return _task(x, unwanted, train, test, rng.choice(anomalies, count, replace=False))


def _kind(x, unwanted, _, seed):
    """The known anomalies are all of one kind, the most frequent; the test has the others alone.

    The kinds are clusters of all the anomalies of a table, which has so many rows as in the
    protocol of few labels.
    """
    rng = np.random.default_rng(seed)
    if len(x) < LEAST:
        return None
    x, unwanted = _at_most(MOST, x, unwanted, seed)
    kinds = np.full(len(x), KINDS)  # of rows that are no anomalies
    kinds[unwanted] = _kinds(x, unwanted, seed)
    known_kind = np.bincount(kinds[unwanted], minlength=KINDS).argmax()
    train, test = _parted(unwanted, TEST, seed)
    told = np.flatnonzero(kinds[train] == known_kind)
    test = test[kinds[test] != known_kind]
    others = unwanted[test].sum(), (unwanted[train] & (kinds[train] != known_kind)).sum()
    if len(told) < HIDDEN or min(others) < HIDDEN:
        return None
    return _task(x, unwanted, train, test, rng.permutation(told)[:KNOWN_OF_KIND])


def _kinds(x, unwanted, seed):
    """The number of its cluster for each anomaly, by columns as they are standardized over all."""
    deviation = x.std(axis=0, dtype="float64")
    scaled = (x[unwanted] - x.mean(axis=0, dtype="float64")) / np.where(deviation > 0, deviation, 1)
    if len(scaled) < KINDS:
        return np.zeros(len(scaled), int)
    return KMeans(KINDS, n_init=10, random_state=seed).fit_predict(scaled)


def _at_most(most, x, unwanted, seed):
    if len(x) > most:
        rows, _ = _parted(unwanted, len(x) - most, seed)
        x, unwanted = x[rows], unwanted[rows]
    return x, unwanted


def _parted(unwanted, test_size, seed):
    rows = np.arange(len(unwanted))
    return train_test_split(rows, test_size=test_size, stratify=unwanted, random_state=seed)


def _task(x, unwanted, train, test, chosen):
    known = np.zeros(len(train), bool)
    known[chosen] = True
    return Task(x[train], known, x[test], unwanted[test])
