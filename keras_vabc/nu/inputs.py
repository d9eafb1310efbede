"""What a classifier may be given: its arguments, and the folds that it learns from."""

import numpy as np

from keras_vabc.data.checks import (
    check_finite,
    check_not_negative,
    check_positive,
    check_rows,
    check_whole,
)
from keras_vabc.data.copies import told_once
from keras_vabc.nu.networks import SMALL, checked_network

RISKS = ("cvir", "nnpu")
LEAST_OF_TREES = 2
BLOCK = 2**14  # rows looked at at a time
NUMBERS = "biuf"  # kinds of dtypes


def check_arguments(*, risk, members, epochs, batch_size, learning_rate, shift, trees, seed):
    """Raises a `ValueError` for the first argument that breaks a rule of `NUClassifier`."""
    if risk not in RISKS:
        raise ValueError(f"risk must be one of {', '.join(RISKS)}. Received: risk={risk!r}.")
    check_whole("members", members, 2)
    check_whole("trees", trees, 1)
    check_whole("seed", seed, 0)
    if epochs is not None:
        check_whole("epochs", epochs, 1)
    if check_whole("batch_size", batch_size, 3) % 3:
        raise ValueError(f"batch_size must be a multiple of 3. Received: batch_size={batch_size}.")
    check_positive(learning_rate=learning_rate)
    check_not_negative(shift=shift)
    if shift > 0.5:
        raise ValueError(f"shift must be <= 0.5. Received: shift={shift}.")


def takes_trees(unlabeled, network):
    """Whether bagged trees rank the rows of a fold: vectors, if no network is asked for."""
    return network is None and np.ndim(unlabeled) == 2


def checked_folds(unlabeled, unwanted, network, members):
    """Both folds as arrays alike in shape and dtype, floats as float32; finite but for trees.

    Of trees both are float32, and NaN is a missing value. A `ValueError` if a fold or the network
    breaks a rule of `NUClassifier`.
    """
    trees = takes_trees(unlabeled, network)
    unlabeled, unwanted = (
        fold.astype("float32", copy=False) if fold.dtype.kind == "f" else fold
        for fold in (np.asarray(unlabeled), np.asarray(unwanted))
    )
    shape = _shape(unlabeled, network)
    check = check_numbers if trees else check_rows
    check("unlabeled", unlabeled, shape)
    check("unwanted", unwanted, unlabeled.shape[1:])
    if unlabeled.dtype != unwanted.dtype:
        raise ValueError(
            "unlabeled and unwanted must have one dtype, since they must have one scale. "
            f"Received: {unlabeled.dtype} and {unwanted.dtype}."
        )
    least = _least(trees, members)
    reason = "one to train on and one to see" if trees else f"two for each of {members} members"
    for name, fold in (("unlabeled", unlabeled), ("unwanted", unwanted)):
        if len(fold) < least:
            raise ValueError(
                f"{name} must hold at least {least} examples, {reason}. Received: {len(fold)}."
            )
    folds = unlabeled, unwanted
    return tuple(fold.astype("float32", copy=False) for fold in folds) if trees else folds


def without_copies(unlabeled, unwanted, network, members):
    """The unwanted examples of which none is a copy of another, as `told_once` has it.

    Copies would count as further evidence, and each would be told by another that has trained.
    """
    unlabeled, unwanted = np.asanyarray(unlabeled), np.asanyarray(unwanted)
    if min(unlabeled.ndim, unwanted.ndim) < 2 or unwanted.dtype.kind not in NUMBERS:
        return unwanted  # which is refused in a moment
    least = _least(takes_trees(unlabeled, network), members)
    kept, _ = told_once(unwanted, unlabeled, least)
    return unwanted if len(kept) == len(unwanted) else unwanted[kept]


def _least(trees, members):
    return LEAST_OF_TREES if trees else 2 * members


def check_numbers(name, x, shape):
    """Returns `x` as an array of `(n, *shape)` numbers, finite or missing, or a `ValueError`."""
    x = np.asarray(x)
    check_rows(name, x[:0], shape)
    for start in range(0, len(x) if x.dtype.kind == "f" else 0, BLOCK):
        block = x[start : start + BLOCK]
        check_finite(name, np.where(np.isnan(block), 0, block), first=start)
    return x


def _shape(unlabeled, network):
    """Of an example, as the network takes it, or as the small ones for images and vectors do."""
    if network is None or network == SMALL:
        shape, rule = unlabeled.shape[1:], "(n, features) or (n, height, width, channels)"
        fits = unlabeled.ndim in (2, 4)
    else:
        shape = checked_network(network).input_shape[1:]
        rule = f"(n, {', '.join(map(str, shape))})"
        fits = unlabeled.ndim == len(shape) + 1
    if not fits:
        raise ValueError(
            f"unlabeled must be an array of shape {rule}. "
            f"Received: shape {unlabeled.shape}, dtype {unlabeled.dtype}."
        )
    return shape
