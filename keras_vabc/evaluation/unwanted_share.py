"""The share of samples that are unwanted, by a judge without labels that has guarded nothing."""

from typing import NamedTuple

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from keras_vabc.evaluation.metrics import Estimate

FALSE_ALARMS = 0.005  # of presumed wanted rows, where the threshold is put
DRAWS = 20_000


class UnwantedShare(NamedTuple):
    """What `unwanted_share` found.

    Attributes:
        share: `Estimate` of the share of samples that are unwanted.
        flagged: Share of the samples that the judge flags.
        false_alarms: Share of held-out presumed wanted rows that it flags.
        recall: Share of held-out unwanted rows that it flags.
    """

    share: Estimate
    flagged: float
    false_alarms: float
    recall: float


def unwanted_share(samples, wanted, unwanted, test_wanted, test_unwanted, blurred, seed=0):
    """Estimates the share of unwanted samples from what a judge flags of known rows.

    A support vector machine learns from both kinds of training rows; give it blurred copies of them
    too, or it takes what is blurred for one kind or the other by chance. With its false alarms f on
    held-out wanted rows and its recall r on held-out unwanted ones, a share s of flagged samples
    stands for (s - f) / (r - f) unwanted ones. The interval has the uncertainty of all three. Its
    upper end is that of s / r, as if nothing were a false alarm: samples may be more typical than
    wanted rows, and have fewer. Its lower end takes the false alarms on blurred wanted rows where
    these are more, since samples may be blurred. It holds for negatives like the unwanted examples:
    no others are seen.

    Args:
        samples: Features of the samples, shape `(n, d)`.
        wanted: Features of training rows that are presumed wanted, shape `(m, d)`.
        unwanted: Features of unwanted training rows.
        test_wanted: Features of held-out rows that are presumed wanted, at least 4; half of them
            place the threshold.
        test_unwanted: Features of held-out unwanted rows.
        blurred: Features of blurred copies of held-out rows that are presumed wanted.
        seed: Seed of the halves, and of the interval.

    Returns:
        `UnwantedShare`.

    References:
        - [Estimating prevalence from the results of a screening test](
          https://doi.org/10.1093/aje/112.6.763), Rogan and Gladen 1978.
    """
    rng = np.random.default_rng(seed)
    judge = make_pipeline(StandardScaler(), SVC(class_weight="balanced"))
    judge.fit(np.concatenate([wanted, unwanted]), np.repeat([0, 1], [len(wanted), len(unwanted)]))
    scores = judge.decision_function(test_wanted[rng.permutation(len(test_wanted))])
    threshold = np.quantile(scores[::2], 1 - FALSE_ALARMS, method="higher")
    flagged = [
        judge.decision_function(samples) > threshold,
        scores[1::2] > threshold,
        judge.decision_function(test_unwanted) > threshold,
        judge.decision_function(blurred) > threshold,
    ]
    share, alarms, recall, _ = (float(part.mean()) for part in flagged)
    # Jeffreys' posteriors of the shares
    own, sharp, caught, unsharp = (
        rng.beta(part.sum() + 0.5, (~part).sum() + 0.5, DRAWS) for part in flagged
    )
    low = np.quantile(_corrected(own, np.maximum(sharp, unsharp), caught), 0.025)
    high = np.quantile(_corrected(own, 0, caught), 0.975)
    value = float(np.clip(_corrected(share, alarms, recall), low, high))
    return UnwantedShare(Estimate(value, float(low), float(high)), share, alarms, recall)


def _corrected(share, false_alarms, recall):
    """(s - f) / (r - f), within 0 and 1; what is not told at all, r <= f, may be anything."""
    told = np.maximum(recall - false_alarms, 1e-6)
    return np.clip((share - false_alarms) / told, 0, 1)
