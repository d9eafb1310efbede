"""Checks of arguments and data, whose errors name the argument, the rule and what was received."""

import math
import numbers
import operator
import os
import sys

import numpy as np

BLOCK_NUMBERS = 2**20  # looked at at a time, since a fold may fill a disk
LARGEST = sys.float_info.max
MOST_SHOWN = 60  # characters of a value in an error


def check_positive(**given):
    """Raises a `ValueError` for the first number that is not finite and above 0."""
    _check_each("> 0 and finite", lambda value: 0 < value <= LARGEST, given)


def check_not_negative(**given):
    """Raises a `ValueError` for the first number that is not finite or is below 0."""
    _check_each(">= 0 and finite", lambda value: 0 <= value <= LARGEST, given)


def check_share(**given):
    """Raises a `ValueError` for the first number that is not in (0, 1)."""
    _check_each("in (0, 1)", lambda value: 0 < value < 1, given)


def first_line(error):
    """What an error says in its first line; its type if it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def received(value):
    """A value as an error shows it: in a line, of a length that can be read."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # of whole numbers with thousands of digits
        text = f"a number of {value.bit_length()} bits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _check_each(rule, holds, given):
    for name, value in given.items():
        if not _is_number(value) or not holds(value):
            raise ValueError(f"{name} must be {rule}. Received: {name}={received(value)}.")


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_whole(name, value, minimum, maximum=None):
    """Returns `value` as an int, or raises a `ValueError` if it is not whole or out of range."""
    whole = _index(value)
    rule = f">= {minimum}"
    if whole is not None and maximum is not None and whole > maximum:
        whole, rule = None, f"<= {maximum}"
    if whole is None or whole < minimum:
        raise ValueError(
            f"{name} must be a whole number {rule}. Received: {name}={received(value)}."
        )
    return whole


def _index(value):
    """A whole number as an int; `None` for what is none, a truth value among it."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def check_between(name, value, least, most):
    """Returns `value` as a float, or raises a `ValueError` if it is no number in [least, most]."""
    if not _is_number(value) or not least <= value <= most:
        raise ValueError(
            f"{name} must be a number in [{least:g}, {most:g}]. Received: {name}={received(value)}."
        )
    return float(value)


def check_kind(name, value, kind, described):
    """Raises a `TypeError` for a value that is not of a kind, a type or several."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {described}. Received: {name}={received(value)}.")


def check_path(name, value):
    """Raises a `TypeError` for what is no path."""
    check_kind(name, value, str | os.PathLike, "a path")


def check_rows(name, x, shape):
    """Returns `x` as an array of `(n, *shape)` finite numbers, or raises a `ValueError`."""
    x = np.asarray(x)
    if x.ndim != len(shape) + 1 or any(
        wanted not in (None, size) for wanted, size in zip(shape, x.shape[1:], strict=True)
    ):
        raise ValueError(
            f"{name} must have shape (n, {', '.join(map(str, shape))}). Received: shape {x.shape}."
        )
    return check_finite(name, x)


def check_finite(name, x, first=0):
    """Returns the numeric array `x` if all of it is finite, or raises a `ValueError`.

    It names the row; `first` is the number of the first one.
    """
    if x.dtype.kind not in "buif":
        raise ValueError(f"{name} must hold numbers. Received: dtype {x.dtype}.")
    size = max(1, BLOCK_NUMBERS // max(1, math.prod(x.shape[1:])))
    for start in range(0, len(x) if x.dtype.kind == "f" else 0, size):
        finite = np.isfinite(x[start : start + size])
        if not finite.all():
            row = first + start + int(np.argmin(finite.reshape(len(finite), -1).all(axis=1)))
            raise ValueError(f"{name} must be finite. Received: NaN or infinity in row {row}.")
    return x
