"""What a cut of a score costs: the share of the wanted data above it, estimated or measured."""

import numpy as np

from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.flagged import Flagged

KEPT = 1000  # scores of which a record keeps no more


def wanted_above(cut, unlabeled, unwanted, estimates):
    """Share of the wanted data whose score exceeds a cut: `(low, expected, high)`, 95 %.

    The scores, of shapes `(n,)` and `(m,)`, are of examples that trained nothing. Of the unlabeled
    ones above the cut so many count as negatives as the `Estimates` say; where these are `None` or
    cannot tell negatives, all count as wanted: the share is then at most `high`, and `low` is 0.
    """
    if estimates is None or estimates.cautious_share == 0:
        flagged = observed_rate(unlabeled > cut)
        return 0.0, flagged.value, flagged.high
    return Flagged.above(cut, unlabeled, unwanted, estimates.posterior).false_alarms


def highest_scores(scores):
    """Scores of wanted data from the highest down, at most 1,000, which `counted_above` reads.

    Of more, the highest are kept, and then ever fewer between two.
    """
    return np.sort(scores)[::-1][_kept(len(scores)) - 1]


def counted_above(cut, kept, count):
    """How many of so many scores exceed a cut, by their `highest_scores`.

    Of more than 1,000 it is the most that there can be, at most two in a hundred too many.
    """
    places = np.append(_kept(count), count + 1)
    return int(places[np.sum(np.asarray(kept, "float32") > np.float32(cut))]) - 1


def _kept(count):
    """Places of the scores that are kept, from 1 on."""
    if count <= KEPT:
        return np.arange(1, count + 1)
    return np.unique(np.round(np.geomspace(1, count, KEPT)).astype(int))
