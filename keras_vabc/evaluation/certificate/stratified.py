"""A bound from samples of which more are reviewed where a guard is suspicious."""

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom

from keras_vabc.data.checks import check_share
from keras_vabc.evaluation.certificate.bounds import (
    ERROR,
    checked_counts,
    lower_bound,
    upper_bound,
)

GRID = 33  # splits of a share between the strata that are tried, before the worst is refined
SPLIT_PART = 0.05  # of the error: for where the share of the suspicious stratum may lie


def stratified_bound(suspicious, rest, weight, error=ERROR):
    """Upper bound of the share of unwanted items, from two strata of a guard's score.

    The samples with the highest scores are one stratum, and the others the other. Of each, a number
    that was fixed beforehand is reviewed, whatever its share of all samples, and the share of
    unwanted items is estimated without bias by weight k1 / n1 + (1 - weight) k2 / n2. Excluded is a
    share if, however it is split between the strata, an estimate as low is rarer than `error`; of
    that a twentieth is spent on an interval of the suspicious stratum's share, so that only splits
    count which its own items allow.

    The guard may err as it likes: a score that tells nothing makes the bound wide, not wrong. It is
    lower than that of as many samples without strata where unwanted items are found, most of them
    in the suspicious stratum. With nothing found it is 3 max(weight / n1, (1 - weight) / n2), which
    is least, 3 / n, if the numbers are as the weights: then no stratum helps.

    Args:
        suspicious: Pair `(found, reviewed)` of the samples with high scores.
        rest: Pair `(found, reviewed)` of the others.
        weight: Share of all samples that have high scores, in (0, 1): known, or counted among so
            many samples that its error does not matter; nobody needs to look at these.
        error: Probability with which the bound may fail, in (0, 1).

    Returns:
        Float in [0, 1].

    Raises:
        ValueError: If an argument breaks a rule above, or nothing was reviewed in a stratum.

    References:
        - [P values maximized over a confidence set for the nuisance
          parameter](https://doi.org/10.1080/01621459.1994.10476836), Berger and Boos 1994.
    """
    tail = _checked_tail(suspicious, rest, weight, error)
    if tail is None:
        return 1.0
    return float(brentq(tail.excess, *tail.ends, xtol=1e-9))


def is_excluded(share, suspicious, rest, weight, error=ERROR):
    """Whether a share is above `stratified_bound` of the same arguments, which takes less time."""
    tail = _checked_tail(suspicious, rest, weight, error)
    return tail is not None and share > tail.ends[0] and bool(tail.excess(share) < 0)


def _checked_tail(suspicious, rest, weight, error):
    """The `_Tail` of checked counts; `None` if all was found, so that no share is excluded."""
    check_share(weight=weight)
    (k1, n1), (k2, n2) = (checked_counts(*pair, error) for pair in (suspicious, rest))
    if min(n1, n2) < 1:
        raise ValueError(
            f"suspicious and rest must have reviewed samples. Received: {n1} and {n2} of them."
        )
    return None if k1 == n1 and k2 == n2 else _Tail((k1, k2), (n1, n2), weight, error)


class _Tail:
    """Probability that the estimate is at most the one that was found."""

    def __init__(self, found, reviewed, weight, error):
        (k1, k2), (n1, n2) = found, reviewed
        estimate, first = weight * k1 / n1 + (1 - weight) * k2 / n2, np.arange(n1 + 1)
        most = np.floor((estimate - weight * first / n1) * n2 / (1 - weight) + 1e-9)
        possible = most >= 0
        self._first, self._most = first[possible], most[possible]
        self._n1, self._n2, self._weight = n1, n2, weight
        spent = SPLIT_PART * error
        self._split = lower_bound(k1, n1, spent / 2), upper_bound(k1, n1, spent / 2)
        self._error = error - spent
        self.ends = weight * self._split[0], weight * self._split[1] + 1 - weight

    def excess(self, share):
        """Probability of an estimate as low at a share, over the error that it may have."""
        return self.worst(share) - self._error

    def worst(self, share):
        """The largest over the splits of a share between the strata that are allowed."""
        low, high = self._split
        low = max(low, (share - 1 + self._weight) / self._weight)
        high = max(low, min(high, share / self._weight))
        grid = np.linspace(low, high, GRID)
        tails = self._of(grid, share)
        best = int(tails.argmax())
        ends = grid[max(best - 1, 0)], grid[min(best + 1, GRID - 1)]
        if not ends[0] < ends[1]:
            return tails.max()
        finer = minimize_scalar(
            lambda own: -self._of(np.array([own]), share)[0], bounds=ends, method="bounded"
        )
        return max(tails.max(), -finer.fun)

    def _of(self, first_shares, share):
        """At each share of unwanted items in the first stratum, where the total share is given."""
        second = np.clip((share - self._weight * first_shares) / (1 - self._weight), 0, 1)
        own = binom.pmf(self._first, self._n1, first_shares[:, None])
        return (own * binom.cdf(self._most, self._n2, second[:, None])).sum(axis=1)
