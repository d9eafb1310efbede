"""What a cut of a score costs: the share of the wanted data above it, told without labels."""

from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.nu.flagged import Flagged


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
