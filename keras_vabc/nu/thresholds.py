"""Thresholds of scores: from where on an example is flagged as negative.

Any score will do that is higher for what is more unwanted: P(negative | x) of `NUClassifier`, or
`VABC.score`. An example is flagged if its score exceeds the threshold.
"""

import numpy as np

from keras_vabc.data.checks import check_rows
from keras_vabc.data.ranges import checked

CAUTIOUS = 0.2  # quantile of the share's posterior that a threshold counts on


def false_alarm_threshold(scores, max_false_alarms, unwanted_scores=(), share=0.0):
    """The lowest of the scores that, as threshold, flags at most a given share of the positives.

    There are no positives to count on, only unlabeled examples, among which negatives hide; they
    must have trained neither model nor classifier, or be scored out of fold. Of those above a score
    so many count as negatives as the share, a cautious one, of all of them says, times the part of
    the m unwanted examples that is above, as one of m + 1. From the highest score down the
    threshold stops before the rest exceeds the limit for the first time. With a share of 0 all
    unlabeled examples count as positives, which is cautious as well: as long as negatives are
    flagged at least as often as positives are, the share of flagged positives is not above that of
    all flagged.

    A `ValueError` if there is no score, `max_false_alarms` is not in [0, 1), or the share is not.
    """
    scores = _checked(scores)
    max_false_alarms = checked("max_false_alarms", max_false_alarms)
    if not 0 <= share < 1:
        raise ValueError(f"share must be in [0, 1). Received: share={share}.")
    unwanted = np.sort(check_rows("unwanted_scores", np.asarray(unwanted_scores), ()))
    candidates, counts = np.unique(scores, return_counts=True)
    above = len(scores) - np.cumsum(counts)
    recall = (len(unwanted) - np.searchsorted(unwanted, candidates, "right")) / (len(unwanted) + 1)
    positives = above - share * len(scores) * recall
    most = max_false_alarms * (1 - share) * len(scores)
    exceeds = np.flatnonzero(positives > most * (1 + 1e-12))  # 0.29 * 100 is a little below 29
    return float(candidates[exceeds[-1] + 1 if len(exceeds) else 0])


def flagged_share(scores, threshold):
    """Share of the scores that exceed a threshold; a `ValueError` if there is none."""
    return float((_checked(scores) > threshold).mean())


def review_order(scores):
    """Row numbers from the highest score to the lowest; equal scores keep their order.

    Float32 scores need 20 bytes each at most, themselves and the row numbers included.
    """
    scores = check_rows("scores", scores, ())
    return np.argsort(
        -(scores if scores.dtype.kind == "f" else scores.astype("float64")), kind="stable"
    )


def _checked(scores):
    scores = check_rows("scores", scores, ())
    if len(scores) == 0:
        raise ValueError("scores must hold at least one number. Received: none.")
    return scores
