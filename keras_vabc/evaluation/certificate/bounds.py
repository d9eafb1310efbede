"""Bounds on a share from a count, without any assumption but that items were drawn at random."""

import bisect
import math

from scipy.optimize import bisect as root
from scipy.special import betaln, xlog1py, xlogy
from scipy.stats import beta, hypergeom

from keras_vabc.data.checks import check_share, check_whole

ERROR = 0.05  # probability with which a bound may fail
FIRST = {"fixed": 0.04, "left": 0.01, "any time": 0.05}  # of a first attempt, by its plan
AGAIN = 0.2  # the error of an attempt over that of the attempt before
PRIOR = 0.5, 100.0  # Beta, of the bound at any time: narrowest about shares near 1/200


def upper_bound(found, reviewed, error=ERROR):
    """Upper confidence bound of a share, from a number of items that was fixed beforehand.

    It is the exact one of Clopper and Pearson, one-sided: whatever the true share, it lies below
    with a probability of at most `error`. The share may be that of unwanted items among samples, by
    a person's review; or that of near copies, by a rule.

    Args:
        found: Number of items found, a whole number in [0, `reviewed`].
        reviewed: Number of items looked at, drawn at random, independently.
        error: Probability with which the bound may fail, in (0, 1).

    Returns:
        Float in [0, 1]: the largest share that is not excluded; 1 if nothing was looked at.

    Raises:
        ValueError: If an argument breaks a rule above.

    References:
        - [The use of confidence or fiducial limits illustrated in the case of the
          binomial](https://doi.org/10.1093/biomet/26.4.404), Clopper and Pearson 1934.
    """
    found, reviewed = checked_counts(found, reviewed, error)
    return 1.0 if found == reviewed else float(beta.isf(error, found + 1, reviewed - found))


def lower_bound(found, reviewed, error=ERROR):
    """Lower confidence bound of a share; everything else is as in `upper_bound`.

    Returns:
        Float in [0, 1]: the least share that is not excluded; 0 if nothing was found.
    """
    found, reviewed = checked_counts(found, reviewed, error)
    return 1 - upper_bound(reviewed - found, reviewed, error) if found else 0.0


def attempt_error(attempt, kind="fixed"):
    """The error probability of an attempt to certify one thing, by its number among all attempts.

    Who draws again until nothing is found would get any bound. So the first attempt has .05, and
    each other a fifth of the one before: .04 x .2^(j - 1) for a plan that is carried out, together
    .05 however many there are; the rest, .01 x .2^(j - 1), for the bound at any time that stands in
    if it is left, since leaving is a choice too. A plan to stop at any time has both.

    Args:
        attempt: Number of the attempt from 1 on, those counted that were abandoned.
        kind: `"fixed"`, `"left"` or `"any time"`.

    Returns:
        Float: the error probability.

    Raises:
        ValueError: If an argument breaks a rule above.
    """
    if kind not in FIRST:
        raise ValueError(f"kind must be one of {', '.join(FIRST)}. Received: kind={kind!r}.")
    return FIRST[kind] * AGAIN ** (check_whole("attempt", attempt, 1) - 1)


def any_time_bound(found, reviewed, error=ERROR):
    """Upper confidence bound of a share that holds at every moment of a review at once.

    The reviewer may look at it after each item, and stop when it suits. A share p is excluded when
    the density of Beta(.5, 100), the prior, exceeds at p `1 / error` times that of the posterior,
    Beta(.5 + k, 100 + n - k). Under the true p that ratio is a martingale which begins at 1, so
    that it ever gets so large with a probability of at most `error`. The prior decides how narrow
    the bound is, and not whether it holds.

    Args:
        found: Number of items found so far, a whole number in [0, `reviewed`].
        reviewed: Number of items looked at so far, drawn at random, independently.
        error: Probability with which the bound may ever fail, in (0, 1).

    Returns:
        Float in [0, 1]: the largest share that is not excluded.

    Raises:
        ValueError: If an argument breaks a rule above.

    References:
        - [Confidence sequences for sampling without
          replacement](https://arxiv.org/abs/2006.04347), Waudby-Smith and Ramdas 2020.
    """
    found, reviewed = checked_counts(found, reviewed, error)
    if found == reviewed:
        return 1.0

    def excess(share):
        return log_evidence(share, found, reviewed) + math.log(error)

    return float(root(excess, found / reviewed, 1.0, xtol=1e-13))


def log_evidence(share, found, reviewed):
    """Logarithm of prior over posterior density at a share: the evidence against it, by arrays."""
    a, b = PRIOR
    rest = reviewed - found
    marginal = betaln(a + found, b + rest) - betaln(a, b)
    return marginal - xlogy(found, share) - xlog1py(rest, -share)


def remaining_interval(found, reviewed, total, error=ERROR):
    """How many of the items that nobody has looked at are unwanted, from those reviewed at random.

    It holds for a number of items that was fixed beforehand, drawn at random without replacement.
    Items that were looked at in another order, as the most suspicious first, belong to neither
    number: without them the rest is the population that was drawn from.

    Args:
        found: Number of unwanted items found, a whole number in [0, `reviewed`].
        reviewed: Number of items reviewed in random order, in [0, `total`].
        total: Number of items in the population, reviewed and not.
        error: Probability with which the interval may fail, half on either side, in (0, 1).

    Returns:
        Pair of ints `(low, high)`, both ends included, of unwanted items among the `total -
        reviewed` others: those numbers of which neither the count found nor a larger one, and
        neither it nor a smaller one, is rarer than `error / 2` (hypergeometric distribution).

    Raises:
        ValueError: If an argument breaks a rule above.
    """
    found, reviewed = checked_counts(found, reviewed, error)
    total = check_whole("total", total, reviewed)
    unseen = range(total - reviewed + 1)

    def as_many(rest):
        return hypergeom.sf(found - 1, total, found + rest, reviewed) > error / 2

    def too_few_found(rest):
        return hypergeom.cdf(found, total, found + rest, reviewed) <= error / 2

    low = bisect.bisect_left(unseen, True, key=as_many)
    return low, bisect.bisect_left(unseen, True, key=too_few_found) - 1


def checked_counts(found, reviewed, error):
    """`found` and `reviewed` as ints; a `ValueError` for these or an error out of range."""
    check_share(error=error)
    reviewed = check_whole("reviewed", reviewed, 0)
    return check_whole("found", found, 0, reviewed), reviewed
