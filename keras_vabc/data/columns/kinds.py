"""What a column is: decided from what was counted over all rows of both folds."""

import re

import pyarrow as pa

from keras_vabc.data.columns.reading import FALSE, TRUE
from keras_vabc.data.columns.summary import together

ID_NAME = re.compile(
    r"(?i:(.*[^a-z])?(id|ids|uuid|guid|index|idx|key|row|number|nr|unnamed: \d+(\.\d+)?"
    r"|__index_level_\d+__)[^a-z]*|(.*[^a-z])?no[^a-z0-9]*)|.*[a-z](Id|ID|Key|No|Nr)|"
)
REPEATS_EXPECTED = 20  # if as many had to be, and there are none, numbers count something
REPEATS_ALLOWED = 0.01  # of the values of an id: rows that stand twice
FEWEST_ROWS = 20  # that tell an id
YEARS = (1800, 2100)


def type_of(name, reading, summaries, stored):
    """`(type, why)`: one of `TYPES`, and a reason where it is an id; `summaries` of all folds."""
    present = sum(own.present for own in summaries)
    missing = sum(own.missing for own in summaries)
    if present == 0 or (missing == 0 and together(summaries) == 1):
        return "constant", ""
    if reading.kind == "date":
        return "datetime", ""
    if reading.kind == "text":
        return _type_of_text(summaries, stored)
    if not reading.whole:
        return "numeric", ""
    why = "" if reading.unit.symbol else _counts(name, summaries)  # 12 kg counts no rows
    return ("id", why) if why else ("whole", "")


def _type_of_text(summaries, stored):
    if stored == pa.bool_() or truths_of(summaries):
        return "boolean", ""
    rows = sum(own.present for own in summaries)
    if rows >= FEWEST_ROWS and _never_repeat(summaries):
        return "id", "text, each another"
    return "category", ""


def truths_of(summaries):
    """`(false, true)` as the first fold with both writes them; `None` if a fold has other words."""
    folds = [_words(own) for own in summaries if own.present]
    if None in folds or not all(len(words) < 2 or _pair(words) for words in folds):
        return None
    if not hold_truths(summaries):
        return None
    return next(filter(None, map(_pair, [*folds, set().union(*folds)])), None)


def hold_truths(summaries):
    """Whether columns of text with few words have no other than those for true and false."""
    words = {word.lower() for own in summaries for word in own.words.sorted()[0]}
    return words <= {*TRUE, *FALSE}


def _words(summary):
    """The words of a column of text in one fold; `None` if there are more than two."""
    return set(summary.words.sorted()[0]) if summary.distinct.count <= 2 else None


def _pair(words):
    """`(false, true)` of two words that are these in one language."""
    pairs = [
        (false, true)
        for false in words
        for true in words
        if (true.lower(), false.lower()) in zip(TRUE, FALSE, strict=True)
    ]
    return pairs[0] if len(words) == 2 and pairs else None


def _never_repeat(summaries):
    """Whether nearly all values of each fold are different, of the unlabeled one as of both."""
    for folds in (summaries[:1], summaries):
        repeated = sum(own.distinct.repeated * own.distinct.count for own in folds)
        if repeated > REPEATS_ALLOWED * sum(own.distinct.count for own in folds):
            return False
    return True


def _counts(name, summaries):
    """Why whole numbers count rows or name things, and measure nothing; empty if they do not.

    Numbers that hardly repeat, though as many draws from so short a range would have, count rows:
    n draws from a range of s numbers repeat about n^2 / 2s times, and more often if some numbers
    are more frequent than others.
    """
    rows = sum(own.present for own in summaries)
    if rows < FEWEST_ROWS or not _never_repeat(summaries):
        return ""
    if ID_NAME.fullmatch(name.strip()):
        return "numbers, each another, and its name"
    if not all(map(are_years, summaries)) and any(map(_counts_rows, summaries)):
        return "numbers that count rows, each another"
    return ""


def are_years(summary):
    """Whether whole numbers are years: a row for each may well be what was measured in it."""
    low, high = summary.ends or YEARS
    return YEARS[0] <= low and high <= YEARS[1]


def _counts_rows(summary):
    if summary.ends is None:
        return False
    span = int(summary.ends[1]) - int(summary.ends[0]) + 1
    expected = summary.present**2 / (2 * span)
    repeated = summary.distinct.repeated * summary.distinct.count
    return expected >= REPEATS_EXPECTED and repeated <= expected / 10
