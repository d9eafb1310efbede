"""Which unlabeled examples count as positive, and the risks of negative-unlabeled learning."""

import numpy as np
from keras import ops


def presumed_positives(logits, share):
    """Conditional value ignoring risk: the unlabeled rows left when the share of negatives is gone.

    Args:
        logits: Logits of the unlabeled examples, shape `(n,)`.
        share: Share of negatives among them, in [0, 1].

    Returns:
        Row numbers of the `n - round(share * n)` lowest logits, those with the least loss as
        positives; at least one.
    """
    ignored = min(round(share * len(logits)), len(logits) - 1)
    return np.argsort(logits, kind="stable")[: len(logits) - ignored]


def balanced_risk(unlabeled_logits, unwanted_logits):
    """Mean logistic loss with the unlabeled batch as positives, both batches of equal weight."""
    as_positive = ops.mean(ops.softplus(unlabeled_logits))
    return 0.5 * (as_positive + ops.mean(ops.softplus(-unwanted_logits)))


def nnpu_objective(unlabeled_logits, unwanted_logits, share):
    """What one step of non-negative PU learning minimizes, with the logistic loss.

    The risk of the positives is that of the unlabeled as positives, less what the hidden negatives
    add to it. Below 0 it can only be overfitted: the step then climbs back.

    Args:
        unlabeled_logits: Shape `(n,)`.
        unwanted_logits: Shape `(m,)`.
        share: Share of negatives among the unlabeled.

    Returns:
        Scalar: the risk, or minus its second part where that is negative.

    References:
        - [Positive-Unlabeled Learning with Non-Negative Risk Estimator](
          https://arxiv.org/abs/1703.00593), algorithm 1 with beta = 0 and gamma = 1, whose positive
          class is the negative concept here.
    """
    negatives = share * ops.mean(ops.softplus(-unwanted_logits))
    positives = ops.mean(ops.softplus(unlabeled_logits))
    positives = positives - share * ops.mean(ops.softplus(unwanted_logits))
    return ops.where(positives >= 0, negatives + positives, -positives)
