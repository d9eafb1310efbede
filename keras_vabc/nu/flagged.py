"""What is known, without labels, of the rows above a cut: intervals, from few unwanted examples."""

import dataclasses

import numpy as np

DRAWS = 4000  # of what is not known
LEVELS = 0.025, 0.5, 0.975


@dataclasses.dataclass(frozen=True)
class Flagged:
    """What lies above a cut, each figure as `(low, median, high)` of 95 %.

    Of the negatives among the unlabeled, as many as the posterior of their share says, the same
    part lies above the cut as of the unwanted examples; the rest above it is wanted. Where there
    may be no negatives, all of them may be wanted.

    Attributes:
        rows: Number of the unlabeled above the cut, of `unlabeled`.
        unlabeled: Number of all of them.
        unwanted: Number of the unwanted examples.
        recall: Part of the negatives above the cut.
        wanted: How many of the `rows` are wanted.
        false_alarms: Part of the wanted that is above the cut: of those that the unlabeled were
            drawn from, so that it is uncertain by their number too.
    """

    rows: int
    unlabeled: int
    unwanted: int
    recall: tuple
    wanted: tuple
    false_alarms: tuple

    @classmethod
    def above(cls, cut, unlabeled_scores, unwanted_scores, posterior):
        """Of the scores above a cut, out of fold, with their `SharePosterior`."""
        rows, unlabeled = int(np.sum(unlabeled_scores > cut)), len(unlabeled_scores)
        caught, unwanted = int(np.sum(unwanted_scores > cut)), len(unwanted_scores)
        rng = np.random.default_rng(0)
        share = rng.choice(posterior.shares, DRAWS, p=posterior.probabilities)
        recall = rng.beta(caught + 0.5, unwanted - caught + 0.5, DRAWS)  # Jeffreys' prior
        wanted = _quantiles(np.clip(rows - share * recall * unlabeled, 0, rows))
        if posterior.interval[0] == 0:
            wanted = *wanted[:2], float(rows)
        above = rng.beta(rows + 0.5, unlabeled - rows + 0.5, DRAWS)
        false_alarms = np.clip((above - share * recall) / (1 - share), 0, 1)
        return cls(rows, unlabeled, unwanted, _quantiles(recall), wanted, _quantiles(false_alarms))


def _quantiles(drawn):
    return tuple(map(float, np.quantile(drawn, LEVELS)))
