"""What the out-of-fold log odds of a classifier tell, of the data and of itself."""

import functools
import warnings

from keras_vabc.data.folds import FEW_UNWANTED
from keras_vabc.data.reviewed import KEEP
from keras_vabc.nu.flagged import Flagged
from keras_vabc.nu.moving import moving_cut
from keras_vabc.nu.posterior import SharePosterior
from keras_vabc.nu.separability import Separability
from keras_vabc.nu.share import log_odds_shift
from keras_vabc.nu.thresholds import CAUTIOUS

MOST_MOVED = 0.5  # of the unlabeled: beyond it what is left is no longer what was given


class Estimates:
    """All that follows from log odds `(n,)` and `(m,)` by what did not train on the row.

    Attributes:
        posterior: The `SharePosterior`.
        separability: The `Separability`.
        shift: What is added to log odds, such that their mean probability over the unlabeled is the
            share.
        moving_cut: Log odds above which unlabeled rows are moved; `None` to move none.
    """

    def __init__(self, unlabeled_odds, unwanted_odds):
        self._odds = unlabeled_odds, unwanted_odds
        self.posterior = SharePosterior.of(*self._odds)
        self.separability = Separability.of(*self._odds, self.posterior)

    @functools.cached_property
    def shift(self):
        """As in the class."""
        return log_odds_shift(self._odds[0], self.posterior.median)

    @functools.cached_property
    def moving_cut(self):
        """As in the class."""
        return moving_cut(*self._odds, self.posterior, self.separability)

    @property
    def cautious_share(self):
        """The share that a threshold counts on: 0 where negatives cannot be told."""
        return self.posterior.quantile(CAUTIOUS) if self.separability.told else 0.0

    def above(self, cut):
        """What is known of the unlabeled rows above a cut, as `Flagged`."""
        return Flagged.above(cut, *self._odds, self.posterior)

    def decided_above(self, cut, codes):
        """How many of the rows above a cut have the code of a review, and how many are kept."""
        above = codes[self._odds[0] > cut]
        return int((above > 0).sum()), int((above & KEEP > 0).sum())

    @property
    def attributes(self):
        """Those of `NUClassifier`, by name."""
        return {
            "negative_share": self.posterior.median,
            "negative_share_interval": self.posterior.interval,
            "cross_validation": self._quality(),
        }

    def _quality(self):
        flagged, own = self.above(-self.shift), self.separability
        wanted = [rows / max(flagged.rows, 1) for rows in flagged.wanted]
        return {
            "auc": own.auc,
            "auc_low": own.low,
            "auc_least": own.least,
            "recall": float((self._odds[1] > -self.shift).mean()),
            "recall_low": flagged.recall[0],
            "recall_high": flagged.recall[2],
            "precision_low": 1 - wanted[2] if flagged.rows else None,
            "precision_high": 1 - wanted[0] if flagged.rows else None,
            "false_alarms": flagged.false_alarms[1],
            "false_alarms_low": flagged.false_alarms[0],
            "false_alarms_high": flagged.false_alarms[2],
            "flagged": flagged.rows / flagged.unlabeled,
            "unlabeled": flagged.unlabeled,
            "unwanted": flagged.unwanted,
        }


def warn_if_few(count):
    """Warns the caller of `NUClassifier.fit` of what no estimate from so few can tell.

    It names no figure: `share_in_words` says what is known of the share, or that nothing is.
    """
    if count < FEW_UNWANTED:
        warnings.warn(
            f"{count} unwanted examples are few (fewer than {FEW_UNWANTED}): kinds of negatives "
            "that are not among them are missed, and every figure that follows from them is "
            "uncertain.",
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
