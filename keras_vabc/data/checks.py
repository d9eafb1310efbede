"""Checks of arguments and data, whose errors name the argument, the rule and what was received."""

import math
import numbers
import operator

import numpy as np

BLOCK_NUMBERS = 2**20  # looked at at a time, since a fold may fill a disk


def check_positive(**given):
    """Raises a `ValueError` for the first number that is not finite and above 0."""
    _check_each("> 0 and finite", lambda value: math.isfinite(value) and value > 0, given)


def check_not_negative(**given):
    """Raises a `ValueError` for the first number that is not finite or is below 0."""
    _check_each(">= 0 and finite", lambda value: math.isfinite(value) and value >= 0, given)


def check_share(**given):
    """Raises a `ValueError` for the first number that is not in (0, 1)."""
    _check_each("in (0, 1)", lambda value: 0 < value < 1, given)


def first_line(error):
    """What an error says in its first line; its type if it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _check_each(rule, holds, given):
    for name, value in given.items():
        if not isinstance(value, numbers.Real) or not holds(value):
            raise ValueError(f"{name} must be {rule}. Received: {name}={value}.")


def check_whole(name, value, minimum):
    """Returns `value` as an int, or raises a `ValueError` if it is not whole or below `minimum`."""
    if not hasattr(value, "__index__") or operator.index(value) < minimum:
        raise ValueError(f"{name} must be a whole number >= {minimum}. Received: {name}={value!r}.")
    return operator.index(value)


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
