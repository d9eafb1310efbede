"""Thresholds of scores: from where on an example is flagged as negative.

Any score will do that is higher for what is more unwanted: P(negative | x) of `NUClassifier`, or
`VABC.score`. An example is flagged if its score exceeds the threshold.
"""

import numpy as np

from keras_vabc.data.checks import check_rows


def false_alarm_threshold(scores, max_false_alarms, weights=None):
    """The lowest of the scores that, as threshold, flags at most a given share of the positives.

    There are no positives to count on, only unlabeled examples, among which negatives hide; they
    must have trained neither model nor classifier. With `weights`, P(positive | x) of each, the
    share of flagged positives is estimated as that of the flagged weight; it is as good as these
    probabilities. Without them all unlabeled examples count as positives, which is cautious: as
    long as negatives are flagged at least as often as positives are, the share of flagged positives
    is not above that of all flagged.

    A `ValueError` if there is no score, `max_false_alarms` is not in [0, 1), or the weights are not
    in [0, 1] or all 0.
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
    """Share of examples, or of their weight in [0, 1], whose score exceeds a threshold.

    A `ValueError` as of `false_alarm_threshold`.
    """
    scores, weights = _checked(scores, weights)
    return float(weights[scores > threshold].sum() / weights.sum())


def review_order(scores):
    """Row numbers from the highest score to the lowest; equal scores keep their order.

    Float32 scores need 20 bytes each at most, themselves and the row numbers included.
    """
    scores = check_rows("scores", scores, ())
    return np.argsort(
        -(scores if scores.dtype.kind == "f" else scores.astype("float64")), kind="stable"
    )


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
