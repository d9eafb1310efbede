"""Rows of numbers: made float32 and finite, and what is told of their columns."""

import numpy as np

SCALES_APART = 100  # ratio of standard deviations that is worth a note
FEWEST_DIGITS = 1e-5  # of the magnitude of a column: a lower spread is lost in float32
WORDS_SHOWN = 5
UNNAMED = "columns were taken in the order given, since unlabeled does not name its own"
NAMELESS = "columns have no names and were taken in the order given"


def check_width(shape, spec, name):
    """Refuses rows that are not vectors of the length of a spec."""
    if shape != spec.shape:
        what = " x ".join(map(str, spec.shape))
        what = f"images of {what}" if spec.kind == "images" else f"{what} numbers"
        raise ValueError(
            f"{name} must hold {what} each, as the unlabeled fold does. "
            f"Received: {shape[0]} numbers each."
        )


def as_float32(rows, first, name, column_name):
    """Rows of shape `(n, features)` as float32; `first` is the number of the first one, for errors.

    A `ValueError` names row and column of a number that is NaN, infinite or too large for float32.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        result = rows.astype(np.float32)
    finite = np.isfinite(result)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        value = rows[row, column]
        what = "NaN or no value" if np.isnan(value) else "infinity"
        what = "a number too large for float32" if np.isfinite(value) else what
        raise ValueError(
            f"{name} must be finite. Received: {what} in row {first + row} (counted from 0), "
            f"{column_name(column)}."
        )
    return result


class Columns:
    """Range `low` to `high`, mean and variance of each column, gathered block by block."""

    def __init__(self):
        self.low = self.high = None
        self._rows = 0

    def add(self, rows):
        """Takes rows of shape `(n, features)` into account."""
        if len(rows) == 0:
            return
        if self._rows == 0:
            self.low, self.high = rows[0], rows[0]
            self._whole = np.ones(rows.shape[1], bool)
            self._origin = rows[0].astype("float64")  # so that squares lose no digits
            self._sum = self._squares = np.zeros(rows.shape[1])
        self.low = np.minimum(self.low, rows.min(axis=0))
        self.high = np.maximum(self.high, rows.max(axis=0))
        self._whole &= (rows == np.rint(rows)).all(axis=0)
        shifted = rows - self._origin
        self._sum = self._sum + shifted.sum(axis=0)
        self._squares = self._squares + np.square(shifted).sum(axis=0)
        self._rows += len(rows)

    @property
    def constant(self):
        """Numbers of the columns that hold one value."""
        return np.flatnonzero(self.low == self.high)

    @property
    def whole(self):
        """Numbers of the columns that hold several values, all of them whole."""
        return np.flatnonzero(self._whole & (self.low < self.high))

    def deviations(self):
        """Standard deviation of each column."""
        mean = self._sum / self._rows
        return np.sqrt(np.maximum(self._squares / self._rows - np.square(mean), 0))


def column_notes(unlabeled, unwanted, spec):
    """What a user should know of the `Columns` of both folds, a line each; names, but no values."""
    constant = unlabeled.constant
    telling = [
        c for c in constant if (unwanted.low[c], unwanted.high[c]) != (unlabeled.low[c],) * 2
    ]
    varying = np.setdiff1d(np.arange(spec.shape[0]), constant)
    deviations = unlabeled.deviations()[varying]
    magnitudes = np.maximum(np.abs(unlabeled.low), np.abs(unlabeled.high))[varying]
    coarse = varying[deviations < FEWEST_DIGITS * magnitudes]
    lines = {
        "constant to 7 digits; they are kept, and generated rows get the constants back": constant,
        "constant among unlabeled but not among unwanted examples, and so tell them apart "
        "alone": telling,
        "nearly constant to 7 digits, as many as float32 keeps: subtract an offset first": coarse,
        "whole numbers; generated rows are rounded there, and kept in their range": unlabeled.whole,
    }
    notes = [
        f"unlabeled: columns that are {line}: {some(map(spec.column_name, columns))}."
        for line, columns in lines.items()
        if len(columns)
    ]
    if len(varying) and deviations.max() > SCALES_APART * deviations.min():
        ratio = deviations.max() / max(deviations.min(), np.finfo("float64").tiny)
        notes.append(
            f"unlabeled: the scales of columns differ by a factor of {ratio:.3g}; they are "
            "standardized."
        )
    return notes


def some(words):
    """The first few words of many, joined, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - WORDS_SHOWN} more" if len(words) > WORDS_SHOWN else ""
    return ", ".join(words[:WORDS_SHOWN]) + more
