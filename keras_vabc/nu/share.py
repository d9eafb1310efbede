"""The share of negatives among unlabeled examples, and what follows from it, by one score."""

import math

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit

FAILURES = 0.1  # probability with which the interval may fail
CAUTION = 0.01  # weight of the confidence bounds in the choice of a cut, beyond 1
SMALLEST_LOG_ODDS = -30.0  # a shift that leaves no negative in any data set
SLOPES = 0.6, 2.5  # beyond them a share that is estimated wrong decides, not the data


def best_bin_share(unlabeled_scores, unwanted_scores):
    """Best-bin estimation of the share of negatives among unlabeled examples: `(share, low, high)`.

    Scores are higher for negatives, and of examples that did not train the classifier. Above a
    score c lie the shares q_u(c) of the unlabeled and q_w(c) of the unwanted scores. If all
    unlabeled examples above c are negatives and the unwanted are a random part of the negatives,
    q_u(c) / q_w(c) is the share sought; positives above c can only raise it. The c is taken at
    which the upper confidence bound of the ratio is least.

    The interval covers, with probability `1 - FAILURES`, the ratio that would be found at the same
    c in infinitely many examples (Dvoretzky-Kiefer-Wolfowitz bounds of both shares). That ratio
    exceeds the share where positives score as high as negatives: `high` holds in any case, `low`
    only if the unlabeled above c are negatives.

    Source: [Mixture Proportion Estimation and PU Learning: A Modern
    Approach](https://arxiv.org/abs/2111.00980), algorithm 1, whose labelled class is the unwanted
    fold.
    """
    cuts = np.unique(unwanted_scores)  # above the largest q_w is 0, between two it only lowers q_u
    q_unlabeled = _share_from(unlabeled_scores, cuts)
    q_unwanted = _share_from(unwanted_scores, cuts)
    error_unlabeled = math.sqrt(math.log(4 / FAILURES) / (2 * len(unlabeled_scores)))
    error_unwanted = math.sqrt(math.log(4 / FAILURES) / (2 * len(unwanted_scores)))
    bounds = q_unlabeled + (1 + CAUTION) * (error_unlabeled + error_unwanted)
    best = np.argmin(bounds / q_unwanted)
    u, w = q_unlabeled[best], q_unwanted[best]
    share = min(u / w, 1.0)
    low = max(u - error_unlabeled, 0.0) / min(w + error_unwanted, 1.0)
    high = (u + error_unlabeled) / (w - error_unwanted) if w > error_unwanted else 1.0
    return float(share), float(min(low, share)), float(min(high, 1.0))


def log_odds_shift(logits, share):
    """The number that, added to logits, makes their mean probability the given share.

    Shares of 0 and 1 are reached only up to a probability of about 1e-13.
    """
    logits = np.asarray(logits, "float64")
    low = SMALLEST_LOG_ODDS - logits.max()
    high = -SMALLEST_LOG_ODDS - logits.min()

    def excess(shift):
        return expit(logits + shift).mean() - share

    if excess(low) >= 0:
        return float(low)
    return float(high if excess(high) <= 0 else brentq(excess, low, high, xtol=1e-9))


def log_odds_slope(unlabeled, unwanted, share):
    """What log odds of ranks are multiplied by, before `log_odds_shift`, to be those of negatives.

    A rank tells which example is more suspicious, not by how much: where the concepts lie apart the
    probability rises from 0 to 1 within a few ranks. The logistic curve is the one of least
    unbiased risk of positive-unlabeled learning, which is convex: under it the mean log odds of the
    unwanted are those of the unlabeled weighted with their probability. The slope stays within
    `SLOPES`, and is 1 where no example is told from another.

    `unlabeled` and `unwanted` are the log odds `(n,)` and `(m,)`, by what did not train on them;
    `share` is that of negatives among the unlabeled, in (0, 1).

    Source: [Convex Formulation for Learning from Positive and Unlabeled
    Data](https://proceedings.mlr.press/v37/plessis15.html), du Plessis et al. 2015, whose labelled
    class is the unwanted fold.
    """
    unlabeled, unwanted = (np.asarray(odds, "float64") for odds in (unlabeled, unwanted))

    def risk(log_slope):
        slope = math.exp(log_slope)
        shift = log_odds_shift(slope * unlabeled, share)
        own = slope * unlabeled + shift
        unwanted_odds = slope * unwanted.mean() + shift
        told = np.logaddexp(0, own).mean() / share - unwanted_odds
        return len(unwanted) * told + log_slope**2 / 2

    least, most = map(math.log, SLOPES)
    return math.exp(minimize_scalar(risk, bounds=(least, most), method="bounded").x)


def ranking_quality(unlabeled_scores, unwanted_scores, share):
    """Area under the ROC curve of negatives against positives, from scores without labels.

    An unwanted example outranks a random unlabeled one with probability `share / 2 + (1 - share) *
    AUC`, since a share of the unlabeled are negatives like itself. `None` for a share of 1, which
    leaves no positives.
    """
    if share == 1:
        return None
    unlabeled = np.sort(unlabeled_scores)
    below = np.searchsorted(unlabeled, unwanted_scores, "left")
    not_above = np.searchsorted(unlabeled, unwanted_scores, "right")
    outranks = (below + not_above).mean() / (2 * len(unlabeled))
    return float(np.clip((outranks - share / 2) / (1 - share), 0.0, 1.0))


def _share_from(scores, cuts):
    """Share of the scores that are not below each cut."""
    return 1 - np.searchsorted(np.sort(scores), cuts, "left") / len(scores)
