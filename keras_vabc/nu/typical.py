"""Whether the known unwanted rows are like those that a review found: a two-sample test."""

LEVEL = 0.01  # p below which the known ones are said to be of a special kind
LEAST = 5  # rows on either side that can be compared


def typical_p(known_odds, found_odds):
    """p-value of the scores of found unwanted rows against those of the known ones, or `None`.

    Both kinds trained a classifier alike, and the scores, shapes `(m,)` and `(k,)`, are by what did
    not train on the row: if both are random parts of the negatives, they are exchangeable. By Mann
    and Whitney's test, one-sided, p is low where what was found scores lower than what was known:
    then the known ones are a corner of the concept, and the share and the recall that follow from
    their scores are not those of what hides. Rows found at the top of a list were chosen for
    their high scores, so that for them the test errs on the safe side: it warns more seldom.
    """
    if min(len(known_odds), len(found_odds)) < LEAST:
        return None
    from scipy.stats import mannwhitneyu  # slow to import, for what reads records alone

    return float(mannwhitneyu(found_odds, known_odds, alternative="less").pvalue)
