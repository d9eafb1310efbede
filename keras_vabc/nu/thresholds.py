"""Thresholds of scores: from where on an example is flagged as negative.

Any score will do that is higher for what is more unwanted: P(negative | x) of `NUClassifier`, or
`VABC.score`. An example is flagged if its score exceeds the threshold.
"""

import numpy as np

from keras_vabc.data.checks import check_rows


def false_alarm_threshold(scores, max_false_alarms, weights=None):
    """The lowest threshold that flags at most a given share of the positives.

    There are no positives to count on, only unlabeled examples, among which negatives hide. With
    `weights`, P(positive | x) of each, the share of flagged positives is estimated as that of the
    flagged weight; it is as good as these probabilities. Without them all unlabeled examples count
    as positives, which is cautious: as long as negatives are flagged at least as often as positives
    are, the share of flagged positives is not above that of all flagged.

    Args:
        scores: Shape `(n,)`, of unlabeled examples that trained neither model nor classifier.
        max_false_alarms: Share of the positives that may be flagged, in [0, 1).
        weights: `None`, or P(positive | x) of each example, shape `(n,)`, in [0, 1].

    Returns:
        One of the scores, a float.

    Raises:
        ValueError: If an argument breaks a rule above, there is no score, or all weights are 0.
    """
    scores, weights = _checked(scores, weights)
    if not 0 <= max_false_alarms < 1:
        raise ValueError(
            f"max_false_alarms must be in [0, 1). Received: max_false_alarms={max_false_alarms}."
        )
    candidates, places = np.unique(scores, return_inverse=True)
    mass = np.bincount(places, weights)
    above = np.cumsum(mass[::-1])[::-1] - mass
    most = max_false_alarms * mass.sum() * (1 + 1e-12)  # 0.29 * 100 is a little below 29
    return float(candidates[np.argmax(above <= most)])


def flagged_share(scores, threshold, weights=None):
    """Share of examples, or of their weight, whose score exceeds a threshold.

    Args:
        scores: Shape `(n,)`, n >= 1.
        threshold: Number.
        weights: `None` to count every example alike, or numbers in [0, 1], shape `(n,)`.

    Returns:
        Float in [0, 1].

    Raises:
        ValueError: As `false_alarm_threshold`.
    """
    scores, weights = _checked(scores, weights)
    return float(weights[scores > threshold].sum() / weights.sum())


def review_order(scores):
    """Row numbers from the highest score to the lowest; equal scores keep their order."""
    return np.argsort(-check_rows("scores", scores, ()).astype("float64"), kind="stable")


def _checked(scores, weights):
    scores = check_rows("scores", scores, ())
    if len(scores) == 0:
        raise ValueError("scores must hold at least one number. Received: none.")
    if weights is None:
        return scores, np.ones(len(scores))
    weights = check_rows("weights", weights, ()).astype("float64")
    if len(weights) != len(scores) or not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError(
            f"weights must be {len(scores)} numbers in [0, 1], one for each score. "
            f"Received: {len(weights)} from {weights.min():g} to {weights.max():g}."
        )
    if not weights.any():
        raise ValueError(
            "weights must not all be 0: no example would be positive. Received: zeros."
        )
    return scores, weights
