"""P(negative | x) by one score, from how dense the score is in the two folds."""

import dataclasses

import numpy as np
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression

LARGEST_RATIO = 1e4  # of densities; above it no probability changes


@dataclasses.dataclass(frozen=True, eq=False)
class NegativeProbability:
    """P(negative | score), a polygon through points `scores` and `probabilities`, both `(k,)`.

    By Bayes it is the share of negatives times the ratio of the score's densities among the
    unwanted and the unlabeled. The ratio is that of an isotonic regression of both folds, each of
    the same weight, since a higher score is never less unwanted; it is scaled such that the mean
    probability of the unlabeled is the share.
    """

    scores: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, unlabeled_scores, unwanted_scores, share):
        """From out-of-fold scores `(n,)` and `(m,)` and the share of negatives, in [0, 1]."""
        folds = unlabeled_scores, unwanted_scores
        scores = np.concatenate(folds).astype("float64")
        negative = np.repeat([0.0, 1.0], [len(fold) for fold in folds])
        weights = np.concatenate([np.full(len(fold), 1 / len(fold)) for fold in folds])
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(scores, negative, weights)
        points = isotonic.X_thresholds_
        ratios = isotonic.y_thresholds_ / np.maximum(1 - isotonic.y_thresholds_, 1 / LARGEST_RATIO)
        own = np.interp(np.asarray(unlabeled_scores, "float64"), points, ratios)
        return cls(points, np.minimum(_scale(own, share) * ratios, 1.0))

    def __call__(self, scores):
        """Of scores of any shape, float64 of the same shape."""
        return np.interp(np.asarray(scores, "float64"), self.scores, self.probabilities)


def _scale(ratios, share):
    """What ratios are multiplied by, for their mean, with 1 as a limit of each, to be the share.

    Where only the rows that tie with no unwanted example at all would be left to raise the mean,
    all others are at 1, and the mean stays below the share.
    """
    most = LARGEST_RATIO / ratios[ratios > 0].min() if ratios.any() else 0.0

    def excess(scale):
        return np.minimum(scale * ratios, 1).mean() - share

    if share == 0 or not ratios.any():
        return 0.0
    return most if excess(most) <= 0 else brentq(excess, 0, most, xtol=1e-12, rtol=1e-12)
