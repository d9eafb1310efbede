"""What a review of the unlabeled examples found, in words, and what it says of other figures."""

from keras_vabc.nu.stated import share_in_words


def review_lines(review):
    """What a `Review` found, a line each; nothing of `None`."""
    if review is None:
        return []
    counts = (
        f"Review: {review.reviewed:,} of {review.examples:,} unlabeled examples, {review.random:,} "
        f"of them in random order: {review.unwanted:,} are unwanted, {review.kept:,} to be kept."
    )
    lines = [counts, f"Negatives among the unlabeled: {found_in_words(review)}."]
    if review.typical_p is not None:
        lines.append(f"Known unwanted examples: {_typical(review)}.")
    if review.kept_rejected is not None:
        lines.append(f"The guard would reject {review.kept_rejected:,} of {review.kept:,} kept.")
    return lines


def found_in_words(review):
    """The share of negatives by the random decisions, or the least number that there are."""
    if review.share is None:
        return (
            f"at least {review.unwanted:,} of {review.examples:,}, which were found; how many more "
            "there are, only a review in random order tells"
        )
    low, high = review.share_interval
    return (
        f"{review.share:.2%} ({low:.2%} to {high:.2%}, 95 %, by {review.random:,} reviewed at "
        f"random; {review.unwanted:,} are found, {review.remaining[0]:,} to "
        f"{review.remaining[1]:,} remain)"
    )


def negatives_in_words(record):
    """The share of negatives among the unlabeled by all that the `RunRecord` of a run knows.

    Where the known unwanted examples are a special kind the classifier cannot know it.
    """
    figures, review = record.figures, record.reviewed
    own = share_in_words(
        figures.negative_share, figures.negative_share_interval, figures.cross_validation
    )
    if review is None:
        return own
    if review.special and review.share is not None:
        return f"{found_in_words(review)}. {_typical(review).capitalize()}"
    return f"{found_in_words(review)}. By the classifier: {own}{special_note(record)}"


def special_note(record):
    """What stands behind figures that follow from known unwanted examples of a special kind."""
    review = record.reviewed
    return f"; {_typical(review)}" if review is not None and review.special else ""


def special_warning(review):
    """The warning that the known unwanted examples are a special kind."""
    return (
        f"{_typical(review).capitalize()}. Shares, recall and costs that are estimated hold for "
        "the kind that is known alone; add what was found to the unwanted data, and review more in "
        "random order."
    )


def _typical(review):
    known, found = review.compared
    test = f"(p = {review.typical_p:.2g}, {known:,} against {found:,})"
    if review.special:
        return (
            f"the known unwanted examples are a special kind, which scores higher than what the "
            f"review found {test}: other kinds are not counted"
        )
    return f"no sign that they are a special kind {test}"
