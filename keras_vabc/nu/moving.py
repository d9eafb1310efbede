"""Which unlabeled rows are moved to the unwanted fold."""

import numpy as np

from keras_vabc.data.folds import FEW_UNWANTED
from keras_vabc.nu.thresholds import CAUTIOUS, false_alarm_threshold

LOST_BY_FEW, LOST = 0.015, 0.05  # of the wanted rows at most, with up to 50 unwanted and with more


def moving_cut(unlabeled_scores, unwanted_scores, posterior, separability):
    """The score above which unlabeled rows are moved; `None` to move none.

    Scores are out of fold. As many rows are moved as the median of the share's `SharePosterior`
    says, but no more than the threshold for a few false alarms allows: a wanted row that is moved
    is lost unseen, while a hidden negative that is left still meets the guard. None is moved where
    the `Separability` says that rows at the top may as well be wanted.
    """
    if not separability.told:
        return None
    ordered = np.sort(unlabeled_scores)[::-1]
    most = LOST_BY_FEW if len(unwanted_scores) <= FEW_UNWANTED else LOST
    share = posterior.quantile(CAUTIOUS)
    allowed = false_alarm_threshold(unlabeled_scores, most, unwanted_scores, share)
    cut = max(float(ordered[int(posterior.median * len(ordered))]), allowed)
    return cut if cut < ordered[0] else None
