"""How far apart the two concepts are, by a score: without it no estimate of a share can be read."""

import dataclasses
import math

from keras_vabc.nu.posterior import LEVELS
from keras_vabc.nu.share import ranking_quality

ONE_SIDED = 1.645  # standard errors below which the true area lies with 5 %
FINEST = 0.3  # of one unwanted example: the standard error of an area of 1
APART = 0.9  # `low` from which on the concepts are apart
TOLD = 0.8  # `least` below which the unlabeled may as well hold hardly any negatives


@dataclasses.dataclass(frozen=True)
class Separability:
    """Area under the ROC curve of negatives against positives, estimated without labels.

    The area depends on the share of negatives: what looks like the unwanted is either negative, or
    positive and not told from them. So it is taken twice.

    Attributes:
        auc: `ranking_quality` at the median of the share's posterior.
        low: Its lower 95 % bound, from the number of unwanted examples.
        least: The same bound at the low end of the share's interval: what the area would be if
            there were so few negatives.
        unwanted: Number of unwanted examples.
    """

    auc: float
    low: float
    least: float
    unwanted: int

    @classmethod
    def of(cls, unlabeled_scores, unwanted_scores, posterior):
        """That of out-of-fold scores and their `SharePosterior`; `None` counts all as positives."""
        count, shares = len(unwanted_scores), (0.0, 0.0)
        if posterior is not None:
            shares = posterior.median, posterior.quantile(LEVELS[0])
        areas = [ranking_quality(unlabeled_scores, unwanted_scores, share) for share in shares]
        return cls(areas[0], *(_lower_bound(area, count) for area in areas), count)

    @property
    def told(self):
        """Whether rows at the top are negative, and not positive ones that look like these."""
        return self.least >= TOLD

    @property
    def apart(self):
        """Whether the share of negatives can be told, and not only the most that it can be."""
        return self.told and self.low >= APART


def _lower_bound(area, count):
    error = max(math.sqrt(area * (1 - area) / count), FINEST / count)
    return max(area - ONE_SIDED * error, 0.0)
