"""What a classifier may be given: its arguments, and the folds that it learns from."""

import numpy as np

from keras_vabc.data.checks import check_not_negative, check_positive, check_rows, check_whole
from keras_vabc.nu.networks import checked_network

RISKS = ("cvir", "nnpu")


def check_arguments(*, risk, members, epochs, batch_size, learning_rate, shift, seed):
    """Raises a `ValueError` for the first argument that breaks a rule of `NUClassifier`."""
    if risk not in RISKS:
        raise ValueError(f"risk must be one of {', '.join(RISKS)}. Received: risk={risk!r}.")
    check_whole("members", members, 2)
    check_whole("seed", seed, 0)
    if epochs is not None:
        check_whole("epochs", epochs, 1)
    if check_whole("batch_size", batch_size, 3) % 3:
        raise ValueError(f"batch_size must be a multiple of 3. Received: batch_size={batch_size}.")
    check_positive(learning_rate=learning_rate)
    check_not_negative(shift=shift)
    if shift > 0.5:
        raise ValueError(f"shift must be <= 0.5. Received: shift={shift}.")


def checked_folds(unlabeled, unwanted, network, members):
    """Both folds as finite arrays alike in shape and dtype, floats as float32.

    A `ValueError` if a fold or the network breaks a rule of `NUClassifier`.
    """
    unlabeled, unwanted = (
        fold.astype("float32", copy=False) if fold.dtype.kind == "f" else fold
        for fold in (np.asarray(unlabeled), np.asarray(unwanted))
    )
    if network is None:
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
    check_rows("unlabeled", unlabeled, shape)
    check_rows("unwanted", unwanted, unlabeled.shape[1:])
    if unlabeled.dtype != unwanted.dtype:
        raise ValueError(
            "unlabeled and unwanted must have one dtype, since they must have one scale. "
            f"Received: {unlabeled.dtype} and {unwanted.dtype}."
        )
    for name, fold in (("unlabeled", unlabeled), ("unwanted", unwanted)):
        if len(fold) < 2 * members:
            raise ValueError(
                f"{name} must hold at least {2 * members} examples, two for each of "
                f"{members} members. Received: {len(fold)}."
            )
    return unlabeled, unwanted
