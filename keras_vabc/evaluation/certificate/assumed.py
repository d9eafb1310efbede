"""Bounds that need an assumption: of the reviewer's eye, and of the guard."""

from keras_vabc.data.checks import check_whole
from keras_vabc.evaluation.certificate.bounds import ERROR, checked_counts, lower_bound, upper_bound

SENSITIVITY_PART = 0.1  # of the error; the rest is the share's: planted items are mostly caught
GUARD_PARTS = 0.45, 0.45, 0.1  # of unguarded share, guard's misses, and acceptance, of many draws


def sensitivity_bound(found, reviewed, caught, planted, error=ERROR):
    """Upper bound of the share of unwanted items, by a reviewer who misses some.

    Held-out unwanted items were mixed among the samples. The share of them that the reviewer caught
    gives a lower bound of the sensitivity, and the bound of the share found is divided by it. Nine
    tenths of the error probability are the share's, a tenth is the sensitivity's.

    It assumes that a planted item is at most as easy to see as an unwanted one that was generated.
    What is flagged by mistake can only raise the bound.

    Args:
        found: Number of samples flagged, planted items not counted, in [0, `reviewed`].
        reviewed: Number of samples reviewed, fixed beforehand, planted items not counted.
        caught: Number of planted items flagged, in [0, `planted`].
        planted: Number of planted items.
        error: Probability with which the bound may fail, in (0, 1).

    Returns:
        Float in [0, 1]; 1 if nothing was planted or caught.

    Raises:
        ValueError: If an argument breaks a rule above.
    """
    found, reviewed = checked_counts(found, reviewed, error)
    planted = check_whole("planted", planted, 0)
    caught = check_whole("caught", caught, 0, planted)
    sensitivity = lower_bound(caught, planted, SENSITIVITY_PART * error)
    share = upper_bound(found, reviewed, (1 - SENSITIVITY_PART) * error)
    return min(share / sensitivity, 1.0) if sensitivity else 1.0


def guarded_bound(unguarded, held_out, drawn, error=ERROR):
    """Upper bound of the share of unwanted items among samples that pass a guard.

    It is at most u beta / a: u is the share of unwanted items among *unguarded* samples, beta that
    of unwanted items which pass, a the share of all samples that pass. Of u and beta the upper
    bounds are taken, of a the lower one, with 45, 45 and 10 % of the error probability. Nothing
    found among n guarded samples says no less than 3 / n; this may say far less.

    It assumes that unwanted items that are generated pass the guard no more often than the
    held-out unwanted ones, which trained nothing, and set neither threshold nor guard. A generator
    whose unwanted items are such as the guard does not know breaks it.

    Args:
        unguarded: Pair `(found, reviewed)`: unwanted items found among unguarded samples, whose
            number was fixed beforehand.
        held_out: Pair `(passed, n)`: held-out unwanted items that pass the guard.
        drawn: Pair `(accepted, n)`: samples that pass, of those drawn. It may end with the
            last of a fixed number of accepted samples.
        error: Probability with which the bound may fail, in (0, 1).

    Returns:
        Float in [0, 1].

    Raises:
        ValueError: If a count is no whole number >= 0, or larger than what it was counted among.
    """
    shares = (
        bound(*pair, part * error)
        for bound, pair, part in zip(
            (upper_bound, upper_bound, lower_bound),
            (unguarded, held_out, drawn),
            GUARD_PARTS,
            strict=True,
        )
    )
    share, passing, accepted = shares
    return min(share * passing / accepted, 1.0) if accepted else 1.0
