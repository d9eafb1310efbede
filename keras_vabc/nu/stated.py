"""What a classifier found, in words: with its interval and count, or as the most it can be."""

import math

from keras_vabc.nu.separability import APART, TOLD

MOST_STATED = 0.5  # share of negatives above which "at most" says nothing
TYPICAL = ", if these are typical"  # no estimate from special ones can know
REVIEWS = 50  # examples whose review would help


def share_in_words(share, interval, quality):
    """The share of negatives among the unlabeled, as pages and the console say it.

    `quality` is the `cross_validation` of `NUClassifier`; of one of an earlier version, or `None`,
    the share is said with the interval that it has.
    """
    low, high = interval
    if not quality or "auc_least" not in quality:
        return f"{share:.2%} ({low:.2%} to {high:.2%})"
    unwanted = f"{round(quality['unwanted']):,} unwanted examples"
    if quality["auc_least"] >= TOLD and quality["auc_low"] >= APART:
        return f"{share:.2%} ({low:.2%} to {high:.2%}, 95 %, by {unwanted}{TYPICAL})"
    if high < MOST_STATED:
        overlap = "the concepts overlap or these are few"
        return f"at most {high:.2%} (95 %, by {unwanted}{TYPICAL}; {overlap})"
    return f"can't tell from {unwanted}: review {REVIEWS} more"


def moving_in_words(estimates, codes=None):
    """What `NUClassifier.correct` does by its `Estimates`, and how many of these rows are wanted.

    Of rows with the codes of a review none is moved by what is estimated. Two values: the text, and
    `(low, high)`, 95 %, of the number; `None` where no row is moved.
    """
    own, cut = estimates.separability, estimates.moving_cut
    if cut is None:
        reason = "too few lie clearly apart"
        if not own.told:
            least = math.floor(1000 * own.least) / 1000  # never rounded to what is needed
            reason = (
                f"by {own.unwanted:,} unwanted examples it can't tell negatives from wanted ones "
                f"(area under its ROC curve at least {least:.3f}, {TOLD} is needed)"
            )
        return (
            f"moves no unlabeled example to the unwanted: {reason}. Review the {REVIEWS} that "
            "score highest, and add what is unwanted to the unwanted data"
        ), None
    found = estimates.above(cut)
    decided, kept = (0, 0) if codes is None else estimates.decided_above(cut, codes)
    moved = found.rows - decided
    low, high = (min(max(round(found.wanted[end]) - kept, 0), moved) for end in (0, 2))
    return (
        f"moves {moved:,} of {found.unlabeled:,} unlabeled examples to the unwanted; {low:,} "
        f"to {high:,} of these are wanted (95 %, by {found.unwanted:,} unwanted examples{TYPICAL})"
    ), (low, high)
