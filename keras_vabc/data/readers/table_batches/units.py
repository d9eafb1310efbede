"""Whether the line under the names of the columns says their units."""

import re

from keras_vabc.data.readers.table_batches.cells import is_missing, kind

MOST_ARE_NUMBERS = 0.9
LONGEST = 12
WORDS_NEEDED = 2  # different ones that nobody knows as units: one word may be a value
BRACKETS = re.compile(r"\[.*\]|\(.*\)")
SYMBOL = (
    r"(?:[QRYZEPTGMkhdcmµμunpf]|da)?"
    r"(?:[mgstlLJWVAKNCFHTΩBb]|Hz|Pa|bar|mol|cd|lm|lx|Bq|Sv|Gy|eV|cal|Wh|ohm|ppm|bit|rad|min)"
    r"|%|‰|°[CF]?|deg[CF]?|h|hr|hrs|d|a|yr|yrs|y|ha|ft|in|inch|yd|mi|mph|lb|lbs|oz|gal|psi|mmHg|rpm"
    r"|pH|pp[bt]|vol|psu|NTU|px|pixels?|counts?|pcs|dBm?|IU|U|cells|atm|Torr|years?|months?|weeks?"
    r"|days?|hours?|minutes?|seconds?|met(?:er|re)s?|grams?|percent|degrees?|celsius|kelvin|UTC|GMT"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|[€$£¥]"
)
FACTOR = rf"(?:{SYMBOL})(?:\^?\(?[-+−]?\d\)?|[⁻]?[¹²³⁴]|\*\*-?\d)?"
KNOWN = re.compile(rf"(?:1/)?(?:{FACTOR})(?:[ ]?[/*·.][ ]?(?:{FACTOR})|[ ](?:{FACTOR}))*")
NO_VALUES = frozenset(
    "unknown undefined undef unavailable missing tbd tba tbc todo pending error fail failed bad "
    "invalid void lost absent empty blank withheld redacted suppressed private refused".split()
)


def units_in(rows, width):
    """The cells of the first row if they are units, else none.

    Units stand above columns of numbers, and at no place do they occur as values. A word that is no
    known unit is one beside others only; a word above a column of texts is a value.
    """
    if len(rows) < 2 or len(rows[0]) != width:
        return ()
    first = tuple(map(str.strip, rows[0]))
    others = [row for row in rows[1:] if len(row) == width]
    columns = [[cell.strip() for cell in column] for column in zip(*others, strict=True)]
    words, known = set(), False
    for cell, column in zip(first, columns, strict=False):
        values = [value for value in column if not is_missing(value)]
        if cell in ("", "-") or not values:
            continue
        if not _may_be_unit(cell) or cell in values:
            return ()
        if _is_known(cell):
            known = known or _are_numbers(values)
        elif _are_numbers(values):
            words.add(cell)
        else:
            return ()
    return first if known or len(words) >= WORDS_NEEDED else ()


def _may_be_unit(cell):
    """Whether a cell is a short text, and none that stands where a value is not known."""
    bare = cell.strip("[]()").lower()
    return (
        kind(cell) is None
        and not is_missing(bare)
        and bare not in NO_VALUES
        and len(cell) <= LONGEST
    )


def _is_known(cell):
    return (BRACKETS.fullmatch(cell) or KNOWN.fullmatch(cell)) is not None


def _are_numbers(values):
    numbers = sum(kind(value) in ("number", "time") for value in values)
    return numbers >= MOST_ARE_NUMBERS * len(values)
