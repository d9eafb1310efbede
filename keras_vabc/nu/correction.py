"""Folds in which the hidden negatives that a classifier finds are no longer called unlabeled."""

import dataclasses

import numpy as np

from keras_vabc.data.checks import check_share
from keras_vabc.data.folds import found_moved, move_to_unwanted
from keras_vabc.data.reviewed import KEEP, UNWANTED

EARLIER = 0.5  # P(negative) above which rows were moved by classifiers without out-of-fold odds


def corrected_folds(folds, committee, seen, mode, threshold):
    """What `NUClassifier.correct` returns; `seen` is the fingerprint of its unlabeled fold."""
    if mode not in ("move", "soft"):
        raise ValueError(f"mode must be 'move' or 'soft'. Received: mode={mode!r}.")
    if threshold is not None:
        check_share(threshold=threshold)
    own = committee.out_of_fold is not None and committee.saw(folds.unlabeled, seen)
    if mode == "move" and threshold is None and committee.estimates is not None:
        return _moved_above(committee.estimates.moving_cut, folds, committee, own)
    if own:
        negative = committee.probability_of(committee.out_of_fold[0])
    else:
        negative = committee.negative_probability(folds.unlabeled)
    test_negative = committee.negative_probability(folds.test_unlabeled)
    if mode == "move":
        most = EARLIER if threshold is None else threshold
        return _moved(folds, negative > most, test_negative > most)
    soft = {"unlabeled_y": _soft(negative, folds.reviewed)}
    soft["test_unlabeled_y"] = _soft(test_negative, folds.test_reviewed)
    return dataclasses.replace(found_moved(folds), **soft)


def _soft(negative, codes):
    """P(positive) of rows, but for those found unwanted; 1 of rows that are to be kept."""
    if codes is None:
        return 1 - negative
    return np.where(codes & KEEP > 0, np.float32(1), 1 - negative)[codes & UNWANTED == 0]


def _moved(folds, flags, test_flags):
    """Flagged rows moved; of reviewed ones those that were found unwanted, and no others."""
    if folds.reviewed is not None:
        flags, test_flags = (
            (own | (codes & UNWANTED > 0)) & (codes & KEEP == 0)
            for own, codes in ((flags, folds.reviewed), (test_flags, folds.test_reviewed))
        )
    return move_to_unwanted(folds, flags, test_flags)


def _moved_above(cut, folds, committee, own):
    """Rows of log odds above the cut moved, those of test data as well; none for a cut of `None`.

    Early stopping compares losses on test data: hidden negatives there would reward a model that
    generates them.
    """
    if cut is None:
        flags = [np.zeros(len(rows), bool) for rows in (folds.unlabeled, folds.test_unlabeled)]
        return _moved(folds, *flags)
    odds = committee.out_of_fold[0] if own else committee.log_odds(folds.unlabeled)
    return _moved(folds, odds > cut, committee.log_odds(folds.test_unlabeled) > cut)
