"""What two sets of scores tell of the share of negatives among the unlabeled: a posterior."""

import dataclasses
import functools

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import beta

LEVELS = 0.025, 0.975  # of the interval
LEAST, MOST = 0.002, 0.9  # shares that are told apart; beyond them it is "next to none", "any"
NEXT_TO_NONE = 0.004  # low ends below it are 0: the prior holds no smaller share than `LEAST`
BOOTSTRAPS = 24  # of the unwanted scores, which are the few
PARTS = {20: (0.1, 0.25, 0.5, 0.75, 0.9), 8: (0.15, 0.4, 0.65, 0.9), 0: (0.2, 0.5, 0.8)}
FAILURE = 0.1  # of either Clopper-Pearson bound at a cut
CUTS = 0.2, 0.35, 0.5, 0.65, 0.8  # shares of the unwanted above the cuts that bound the share
SLOPE_DEVIATION = 0.35  # of the logarithm of b
SMALLEST = 1e-9  # probability of a part: a binormal curve is an approximation


@dataclasses.dataclass(frozen=True, eq=False)
class SharePosterior:
    """How probable each share of negatives is: `probabilities` of `shares`, both of shape `(k,)`.

    The curve that a score draws, the share of the positives above the cut that keeps a share q of
    the negatives, is taken for a binormal one, `Phi(b Phi^-1(q) - a)`, of any height a and of a
    slope b near 1. Of the unlabeled then lies `pi q + (1 - pi) Phi(...)` above the cut that keeps a
    share q of the unwanted, and their counts between a few quantiles of the unwanted scores are
    multinomial. The prior is flat in log pi and a. Unwanted scores are few, so that the posterior
    is the mean of those of `BOOTSTRAPS` draws of them.

    `bound` needs no curve: it is the most of the unlabeled that may lie above a cut over the least
    of the unwanted that may, by the Clopper-Pearson bounds of each, at the best of `CUTS`. Real
    curves are not binormal where it matters most, among the few highest of the positives, so that
    the interval never ends below it.

    What it assumes: the scores are of examples that trained nothing, or out of fold, and the
    unwanted are a random part of the negatives.
    """

    shares: np.ndarray
    probabilities: np.ndarray
    bound: float

    @classmethod
    def of(cls, unlabeled_scores, unwanted_scores):
        """The posterior from scores `(n,)` and `(m,)`, higher for negatives; n, m >= 1."""
        above = unlabeled_above(unlabeled_scores, unwanted_scores)
        shares, probabilities = _averaged(above, len(unlabeled_scores))
        return cls(shares, probabilities, _upper_bound(above, len(unlabeled_scores)))

    def quantile(self, level):
        """The share below which the true one lies with a probability."""
        reached = np.cumsum(self.probabilities) - self.probabilities / 2
        return float(np.exp(np.interp(level, reached, np.log(self.shares))))

    @property
    def median(self):
        """The estimate."""
        return self.quantile(0.5)

    @property
    def interval(self):
        """`(low, high)`, 95 %; 0 or 1 where an end is beyond what can be told apart."""
        low, high = map(self.quantile, LEVELS)
        low = 0.0 if low <= NEXT_TO_NONE else low
        high = 1.0 if high >= self.shares[-2] else max(high, self.bound)
        return low, high


def unlabeled_above(unlabeled_scores, unwanted_scores):
    """How many of the unlabeled outrank each unwanted example, lowest numbers first.

    Examples of one score are ranked as a draw would on average: the unwanted are spread evenly
    among the unlabeled. So numbers are not whole there, and a score that is the same for all ranks
    nothing.
    """
    unlabeled = np.sort(unlabeled_scores)
    values, counts = np.unique(unwanted_scores, return_counts=True)
    more = len(unlabeled) - np.searchsorted(unlabeled, values, "right")
    tied = len(unlabeled) - np.searchsorted(unlabeled, values, "left") - more
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    within = (place + 0.5) / np.repeat(counts, counts)
    return np.sort(np.repeat(more, counts) + within * np.repeat(tied, counts))


def _averaged(above, unlabeled):
    """`(shares, probabilities)`, the mean over bootstraps of the unwanted."""
    count = len(above)
    ranks, logs, prior, shares = _grid(count)
    draws = np.random.default_rng(0).integers(0, count, (BOOTSTRAPS, count))
    draws[0] = np.arange(count)
    cuts = np.sort(above[draws], axis=1)[:, ranks - 1]
    edges = np.pad(cuts, ((0, 0), (1, 1)), constant_values=(0, unlabeled))
    edges[:, 0] = 0
    likelihood = np.diff(edges, axis=1) @ logs + prior  # (bootstraps, shares * curves)
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    each = likelihood.reshape(BOOTSTRAPS, len(shares), -1).sum(axis=2)
    return shares, (each / each.sum(axis=1, keepdims=True)).mean(axis=0)


@functools.lru_cache(maxsize=8)
def _grid(count):
    """For so many unwanted: ranks of the cuts, log probabilities of the parts, log prior, shares.

    Shapes `(k,)`, `(k + 1, shares * curves)`, `(shares * curves,)` and `(shares,)`.
    """
    parts = next(parts for least, parts in PARTS.items() if count >= least)
    ranks = np.unique(np.clip(np.round(np.array(parts) * (count + 1)).astype(int), 1, count))
    kept = ranks / (count + 1)
    shares = np.geomspace(LEAST, MOST, 100)
    heights, slopes = np.linspace(-0.5, 5.5, 31), np.linspace(-0.8, 0.8, 9)  # of a and log b
    alarms = ndtr(np.exp(slopes)[:, None] * ndtri(kept) - heights[:, None, None])
    alarms = alarms.reshape(-1, len(kept))
    expected = shares[:, None, None] * kept + (1 - shares[:, None, None]) * alarms
    expected = np.pad(expected, ((0, 0), (0, 0), (1, 1)))
    expected[..., -1] = 1
    logs = np.log(np.clip(np.diff(expected, axis=2), SMALLEST, 1))
    prior = np.tile(-0.5 * (slopes / SLOPE_DEVIATION) ** 2, len(heights) * len(shares))
    return ranks, logs.reshape(-1, len(kept) + 1).T.copy(), prior, shares


def _upper_bound(above, unlabeled):
    """The bound of `SharePosterior`, at most 1."""
    count = len(above)
    kept = np.ceil(np.array(CUTS) * count).astype(int)
    most = np.ceil(above[kept - 1])
    high = np.where(most < unlabeled, beta.ppf(1 - FAILURE, most + 1, unlabeled - most), 1.0)
    low = beta.ppf(FAILURE, kept, count - kept + 1)
    return float(min((high / low).min(), 1.0))
