"""Scores of any kind as probabilities, and the score from which a row is called unwanted."""

import numpy as np
from scipy.special import expit, logit

from keras_vabc.nu.estimates import Estimates
from keras_vabc.nu.share import log_odds_shift, log_odds_slope
from keras_vabc.nu.thresholds import false_alarm_threshold

EVEN = np.float64(0.5)


class Calibration:
    """What scores of training rows, by what has not seen them where there is that, tell of others.

    The log odds of a row are those of its rank among the unlabeled rows, times a `log_odds_slope`,
    and a number that makes the mean probability over all training rows the share of unwanted ones
    among them: the known ones, and those that a `SharePosterior` finds hidden among the unlabeled.

    Attributes:
        share: Estimated share of negatives among the unlabeled rows; NaN where it is only known to
            be in its `interval`, since the concepts overlap or the unwanted are too few, or where
            the scores are of rows that they have `seen`.
        threshold: The score above which the probability exceeds one half; or that of
            `false_alarm_threshold`, if a largest share of false alarms is asked for.
    """

    def __init__(self, unlabeled, unwanted, max_false_alarms=None, seen=False):
        self._scores = np.unique(unlabeled).astype("float64")
        sides = [
            np.searchsorted(np.sort(unlabeled), self._scores, side) for side in ("left", "right")
        ]
        self._ranks = np.sum(sides, axis=0) / (2 * len(unlabeled))
        self._least = 1 / (4 * len(unlabeled))
        odds = [self._odds(part) for part in (unlabeled, unwanted)]
        estimates = Estimates(*odds)
        self.share, self.interval = _told(estimates, seen)
        hidden = estimates.posterior.median
        rows = len(unlabeled) + len(unwanted)
        share = (hidden * len(unlabeled) + len(unwanted)) / rows
        self._slope = log_odds_slope(*odds, hidden)
        self._shift = log_odds_shift(self._slope * np.concatenate(odds), share)
        self._even = self._score_of(expit(-self._shift / self._slope))
        self.threshold = self._even
        if max_false_alarms is not None:
            known = unwanted, estimates.cautious_share
            self.threshold = false_alarm_threshold(unlabeled, max_false_alarms, *known)

    def probability(self, scores):
        """P(unwanted) of rows, float64 `(n,)`; above one half where the score exceeds its own."""
        p, above = expit(self._slope * self._odds(scores) + self._shift), scores > self._even
        return np.where(above, np.maximum(p, np.nextafter(EVEN, 1)), np.minimum(p, EVEN))

    def _odds(self, scores):
        ranks = np.interp(scores, self._scores, self._ranks)
        return logit(np.clip(ranks, self._least, 1 - self._least))

    def _score_of(self, rank):
        """The score at a rank; beyond all where the rank is."""
        if rank < self._ranks[0]:
            return float(np.nextafter(self._scores[0], -np.inf))
        return float(np.interp(rank, self._ranks, self._scores))


def _told(estimates, seen):
    """The share with its interval; NaN where it is only bounded."""
    if seen:
        return np.nan, (0.0, 1.0)
    posterior = estimates.posterior
    if not estimates.separability.apart:
        return np.nan, (0.0, posterior.interval[1])
    return posterior.median, posterior.interval
