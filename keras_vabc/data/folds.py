"""The negative-unlabeled setting: labelled data become an unlabeled and an unwanted fold."""

from dataclasses import dataclass, replace

import numpy as np

from keras_vabc.data.checks import check_finite, check_share, check_whole
from keras_vabc.data.frames import joined
from keras_vabc.data.mapped import join_rows, take_rows
from keras_vabc.data.reviewed import UNWANTED

UNKNOWN = -1  # the label of an example whose class nobody has told
FEW_UNWANTED = 50  # below it no estimate from them is reliable
PARTS = ("unlabeled", "unwanted", "test_unlabeled", "test_unwanted")


@dataclass(frozen=True, eq=False)
class Folds:
    """The two training folds, their test counterparts, and the labels behind them.

    The unwanted fold holds negatives only; the unlabeled fold holds positives and hidden negatives.
    The `*_labels` hold the original classes. They serve evaluation only: no method reads them to
    train. Without a test set the four test arrays are empty, of shape `(0, ...)`.

    Attributes:
        unlabeled: Array of shape `(n, ...)`.
        unwanted: Array of shape `(m, ...)`.
        test_unlabeled: Array of shape `(k, ...)`.
        test_unwanted: Array of shape `(l, ...)`.
        unlabeled_labels: Integer array of shape `(n,)`.
        unwanted_labels: Integer array of shape `(m,)`.
        test_unlabeled_labels: Integer array of shape `(k,)`.
        test_unwanted_labels: Integer array of shape `(l,)`.
        name: Name of the data set.
        negative_class: The class that is the negative concept.
        fraction: Probability with which a negative is in the unwanted fold, the paper's p.
        seed: Seed of the split.
        unlabeled_y: `None`, or how sure each unlabeled example is to be positive, float32 of shape
            `(n,)` in [0, 1]; see `NUClassifier.correct`.
        test_unlabeled_y: The same of the test fold, shape `(k,)`.
        reviewed: `None`, or what somebody decided on each unlabeled example, int8 codes of shape
            `(n,)` as of `Reviewed`.
        test_reviewed: The same of the test fold, shape `(k,)`.
    """

    unlabeled: np.ndarray
    unwanted: np.ndarray
    test_unlabeled: np.ndarray
    test_unwanted: np.ndarray
    unlabeled_labels: np.ndarray
    unwanted_labels: np.ndarray
    test_unlabeled_labels: np.ndarray
    test_unwanted_labels: np.ndarray
    name: str
    negative_class: int
    fraction: float
    seed: int
    unlabeled_y: np.ndarray | None = None
    test_unlabeled_y: np.ndarray | None = None
    reviewed: np.ndarray | None = None
    test_reviewed: np.ndarray | None = None

    def __repr__(self):
        """Counts and settings, not the arrays."""
        settings = {k: getattr(self, k) for k in ("name", "negative_class", "fraction", "seed")}
        counts = {k: len(getattr(self, k)) for k in PARTS}
        shown = settings | counts | {"shape": self.unlabeled.shape[1:]}
        text = ", ".join(f"{key}={value!r}" for key, value in shown.items())
        return f"Folds({text}, dtype={self.unlabeled.dtype})"


def split_unwanted(
    x, labels, *, negative_class, fraction=0.2, seed=0, test=None, name="custom"
) -> Folds:
    """Makes the negative-unlabeled setting from labelled data.

    Each example of `negative_class` goes to the unwanted fold with probability `fraction`,
    independently of the others; all the rest is unlabeled, in the order given. The test set is
    split in the same way from a random stream of its own.

    Args:
        x: Array of shape `(n, ...)`; its dtype is kept. Or a table, as `array_folds` takes it.
        labels: Integer array of shape `(n,)`.
        negative_class: The label of the negative concept.
        fraction: The paper's p, in (0, 1].
        seed: Whole number >= 0; the same seed gives the same folds.
        test: Held-out data `(x_test, labels_test)`, shaped like `x` and `labels`. Of two tables
            columns are found by their names.
        name: Name of the data set.

    Returns:
        The `Folds`.

    Raises:
        ValueError: If an argument breaks a rule above, an array holds NaN or infinity, the class is
            not among the labels, or a fold came out empty.

    Example:
        ```python
        folds = split_unwanted(x, labels, negative_class=3, fraction=0.2, seed=0)
        ```

    References:
        - [Novel Applications for VAE-based Anomaly Detection Systems](
          https://arxiv.org/abs/2204.12577), section IV.
    """
    check_split(fraction, seed)
    given = {"x": x} if test is None else {"x": x, "test[0]": test[0]}
    (x, *x_test), _ = joined(**given)
    x, labels = _checked(x, labels, negative_class, "x", "labels")
    train_seed, test_seed = np.random.SeedSequence(seed).spawn(2)
    parts = _split(x, labels, negative_class, fraction, train_seed, "training")
    if test is None:
        test_parts = x[:0], x[:0], labels[:0], labels[:0]
    else:
        x_test, labels_test = _checked(*x_test, test[1], negative_class, "test[0]", "test[1]")
        if x_test.shape[1:] != x.shape[1:] or x_test.dtype != x.dtype:
            raise ValueError(
                "test[0] must have the shape and dtype of x's examples. Received: "
                f"{x_test.shape[1:]} {x_test.dtype} and {x.shape[1:]} {x.dtype}."
            )
        test_parts = _split(x_test, labels_test, negative_class, fraction, test_seed, "test")
    settings = {"name": name, "negative_class": int(negative_class)}
    settings |= {"fraction": float(fraction), "seed": int(seed)}
    return Folds(*parts[:2], *test_parts[:2], *parts[2:], *test_parts[2:], **settings)


def array_folds(unlabeled, unwanted, *, test_share=0.2, seed=0) -> Folds:
    """Makes folds of two arrays of your own, and holds out a random part of both for testing.

    Their labels are all `UNKNOWN` in the unlabeled folds and 0, the negative class, in the unwanted
    ones: what needs labels cannot be measured on them.

    Args:
        unlabeled: Array of shape `(n, ...)`; its dtype is kept. Or a table: a DataFrame of pandas
            or polars, whatever else has `__arrow_c_stream__`, or a structured array. One that holds
            finite numbers alone becomes an array `(n, columns)`; any other a structured array
            `(n,)` with a field for each column, as `kv.train` and `kv.Detector` take it. The index
            of pandas is left out.
        unwanted: Array of shape `(m, ...)` of the same dtype; or a table, whose columns are found
            by their names, in whatever order.
        test_share: Share of both that is held out, in (0, 1).
        seed: Whole number >= 0; the same seed gives the same folds.

    Returns:
        The `Folds`.

    Raises:
        ValueError: If an argument breaks a rule above, an array holds NaN or infinity, a fold came
            out empty, or tables lack columns of the unlabeled one.

    Warns:
        UserWarning: If one of the two has no names of columns, which are then taken in the order
            given, or the unwanted fold has columns that the unlabeled one lacks.

    Example:
        ```python
        folds = array_folds(unlabeled, unwanted, seed=0)
        cleaned = kv.NUClassifier(seed=0).fit(folds.unlabeled, folds.unwanted).correct(folds)
        ```
    """
    check_share(test_share=test_share)
    check_split(1, seed)
    folds, _ = joined(unlabeled=unlabeled, unwanted=unwanted)
    unlabeled, unwanted = map(np.asarray, folds)
    if unlabeled.shape[1:] != unwanted.shape[1:] or unlabeled.dtype != unwanted.dtype:
        raise ValueError(
            "unlabeled and unwanted must hold examples of the same shape and dtype. Received: "
            f"{unlabeled.shape[1:]} {unlabeled.dtype} and {unwanted.shape[1:]} {unwanted.dtype}."
        )
    rng = np.random.default_rng(seed)
    parts = {}
    for name, x in (("unlabeled", unlabeled), ("unwanted", unwanted)):
        held_out = rng.permutation(len(x)) < round(len(x) * test_share)
        if held_out.all() or not held_out.any():
            raise ValueError(
                f"{name} must have enough examples for training and testing with "
                f"test_share={test_share}. Received: {len(x)}."
            )
        if x.dtype.names is None:
            check_finite(name, x)
        parts |= {name: x[~held_out], f"test_{name}": x[held_out]}
    return own_folds(parts, int(seed))


def own_folds(parts, seed):
    """The `Folds` of a dict of their four arrays, labelled as `array_folds` says."""
    labels = {
        f"{part}_labels": np.full(len(parts[part]), UNKNOWN if "unlabeled" in part else 0)
        for part in PARTS
    }
    return Folds(**parts, **labels, name="custom", negative_class=0, fraction=1.0, seed=seed)


def move_to_unwanted(folds, flagged, test_flagged) -> Folds:
    """Moves flagged unlabeled examples, labels included, to the end of the unwanted folds.

    The flags are boolean, one for each unlabeled example of the training and of the test fold. The
    new `Folds` have no soft y. Raises a `ValueError` if no unlabeled example would be left in a
    fold that holds some.
    """
    changes = {"unlabeled_y": None, "test_unlabeled_y": None}
    for part, moves in (("", flagged), ("test_", test_flagged)):
        codes = getattr(folds, f"{part}reviewed")
        changes[f"{part}reviewed"] = None if codes is None else codes[~moves]
        if len(moves) and moves.all():
            raise ValueError(
                f"{part}unlabeled must keep at least one example. Received: all {len(moves)} "
                "examples flagged as negatives."
            )
        for kind in ("", "_labels"):
            unlabeled = getattr(folds, f"{part}unlabeled{kind}")
            unwanted = getattr(folds, f"{part}unwanted{kind}")
            changes[f"{part}unlabeled{kind}"] = take_rows(unlabeled, ~moves)
            changes[f"{part}unwanted{kind}"] = join_rows(
                (unwanted, slice(None)), (unlabeled, moves)
            )
    return replace(folds, **changes)


def found_moved(folds):
    """Folds in which unlabeled examples that a review found unwanted are in the unwanted folds."""
    if getattr(folds, "reviewed", None) is None:
        return folds
    return move_to_unwanted(
        folds, *(codes & UNWANTED > 0 for codes in (folds.reviewed, folds.test_reviewed))
    )


def check_split(fraction, seed):
    """Raises a `ValueError` if `fraction` or `seed` breaks a rule of `split_unwanted`."""
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be in (0, 1]. Received: fraction={fraction}.")
    check_whole("seed", seed, 0)


def _checked(x, labels, negative_class, x_name, labels_name):
    """`x` and `labels` as arrays that keep every rule of `split_unwanted`."""
    x, labels = np.asarray(x), np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            f"{labels_name} must be a one-dimensional array of integers. "
            f"Received: shape {labels.shape}, dtype {labels.dtype}."
        )
    numbers = x.dtype.names is None
    if numbers and (x.ndim < 2 or x.dtype.kind not in "uif"):
        raise ValueError(
            f"{x_name} must be an array of numbers of shape (n, ...). "
            f"Received: shape {x.shape}, dtype {x.dtype}."
        )
    if len(x) != len(labels):
        raise ValueError(
            f"{x_name} and {labels_name} must be of one length. "
            f"Received: {len(x)} and {len(labels)}."
        )
    present = np.unique(labels)
    if negative_class not in present:
        raise ValueError(
            f"negative_class must be among {labels_name}: {present.tolist()}. "
            f"Received: negative_class={negative_class!r}."
        )
    return check_finite(x_name, x) if numbers else x, labels.astype(np.int64)


def _split(x, labels, negative_class, fraction, seed, which):
    """Unlabeled and unwanted examples, then the labels of each."""
    draws = np.random.default_rng(seed).random(len(x))
    unwanted = (labels == negative_class) & (draws < fraction)
    if not unwanted.any() or unwanted.all():
        raise ValueError(
            f"fraction={fraction} must leave both {which} folds at least one example. Received: "
            f"{unwanted.sum()} unwanted and {(~unwanted).sum()} unlabeled."
        )
    return x[~unwanted], x[unwanted], labels[~unwanted], labels[unwanted]
