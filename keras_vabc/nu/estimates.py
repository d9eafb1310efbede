"""What the held-out logits of a classifier tell, of the data and of itself."""

import warnings

from keras_vabc.data.folds import FEW_UNWANTED
from keras_vabc.nu.share import best_bin_share, log_odds_shift, ranking_quality

MOST_MOVED = 0.5  # of the unlabeled: beyond it what is left is no longer what was given


def estimated(unlabeled_logits, unwanted_logits):
    """`(estimates, shift)`, from logits `(n,)` and `(m,)` by members that did not train on the row.

    The estimates are attributes of `NUClassifier`; the shift is added to logits such that the mean
    probability over the unlabeled examples is the share.
    """
    share, low, high = best_bin_share(unlabeled_logits, unwanted_logits)
    shift = log_odds_shift(unlabeled_logits, share)
    flagged = float((unlabeled_logits + shift > 0).mean())
    recall = float((unwanted_logits + shift > 0).mean())
    caught = min(share * recall, flagged)
    quality = {
        "auc": ranking_quality(unlabeled_logits, unwanted_logits, share),
        "recall": recall,
        "precision_low": min(low * recall / flagged, 1.0) if flagged else None,
        "precision_high": min(high * recall / flagged, 1.0) if flagged else None,
        "false_alarms": (flagged - caught) / (1 - share) if share < 1 else None,
        "flagged": flagged,
    }
    estimates = {"negative_share": share, "negative_share_interval": (low, high)}
    return estimates | {"cross_validation": quality}, shift


def warn_if_few(count, share, interval):
    """Warns the caller of `NUClassifier.fit` that so few unwanted examples say little."""
    if count < FEW_UNWANTED:
        low, high = interval
        warnings.warn(
            f"{count} unwanted examples are too few to trust (fewer than {FEW_UNWANTED}): the "
            f"share of negatives, estimated as {share:.3f}, may lie anywhere from {low:.3f} to "
            f"{high:.3f}, and kinds of negatives that are not among the unwanted examples are "
            "missed.",
            stacklevel=3,
        )


def warn_if_most(moved, count):
    """Warns the caller of `NUClassifier.correct` that few unlabeled examples are left."""
    if moved > MOST_MOVED * count:
        warnings.warn(
            f"{moved:,} of {count:,} unlabeled examples look like the unwanted ones and are moved "
            f"to them, which leaves {count - moved:,} to learn from: the two folds can hardly be "
            "told apart, and more unwanted examples may help.",
            stacklevel=3,
        )
