"""Which unlabeled examples count as positive, and the risks of negative-unlabeled learning."""

import numpy as np
from keras import ops


def presumed_positives(logits, share):
    """Conditional value ignoring risk: the unlabeled rows left when the share of negatives is gone.

    These are the numbers of the rows with the `n - round(share * n)` lowest of the `n` logits,
    those with the least loss as positives; at least one.
    """
    ignored = min(round(share * len(logits)), len(logits) - 1)
    return np.argsort(logits, kind="stable")[: len(logits) - ignored]


def balanced_risk(unlabeled_logits, unwanted_logits):
    """Mean logistic loss with the unlabeled batch as positives, both batches of equal weight."""
    as_positive = ops.mean(ops.softplus(unlabeled_logits))
    return 0.5 * (as_positive + ops.mean(ops.softplus(-unwanted_logits)))


def nnpu_objective(unlabeled_logits, unwanted_logits, share):
    """What one step of non-negative PU learning minimizes, with the logistic loss.

    The risk of the positives is that of the unlabeled as positives, less what the hidden negatives,
    a share of them, add to it. Below 0 it can only be overfitted: the step then climbs back, by the
    negative of that part.

    Source: [Positive-Unlabeled Learning with Non-Negative Risk
    Estimator](https://arxiv.org/abs/1703.00593), algorithm 1 with beta = 0 and gamma = 1, whose
    positive class is the negative concept here.
    """
    negatives = share * ops.mean(ops.softplus(-unwanted_logits))
    positives = ops.mean(ops.softplus(unlabeled_logits))
    positives = positives - share * ops.mean(ops.softplus(unwanted_logits))
    return ops.where(positives >= 0, negatives + positives, -positives)
