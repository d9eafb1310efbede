"""The figures of a classifier from held-out logits, counted in the plainest way in float64."""

import numpy as np


def shift_to(share, logits):
    """What makes the mean probability the share, by bisection."""
    low, high = -90.0, 90.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        above = (1 / (1 + np.exp(-(logits + middle)))).mean() > share
        low, high = (low, middle) if above else (middle, high)
    return low


def counted_quality(unlabeled, unwanted, share, shift):
    """What `cross_validation` of `NUClassifier` counts or follows from one share; no interval."""
    flagged, recall = (unlabeled + shift > 0).mean(), (unwanted + shift > 0).mean()
    outranked = np.mean([(w > unlabeled).mean() + (w == unlabeled).mean() / 2 for w in unwanted])
    return {
        "auc": (outranked - share / 2) / (1 - share),
        "recall": recall,
        "false_alarms": (flagged - share * recall) / (1 - share),
        "flagged": flagged,
        "unlabeled": len(unlabeled),
        "unwanted": len(unwanted),
    }
