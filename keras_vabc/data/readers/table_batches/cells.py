"""What a cell of text looks like: a number, a time, a truth value, or nothing."""

import re

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "?", ".", "#n/a", "nil"))
TRUTH = frozenset(("true", "false"))
DIGITS = r"(?:\d{1,3}(?:[ \u00a0\u2009\u202f'’]\d{3})+|\d+(?:[.,]\d+)*[.,]?|[.,]\d+)(?:[.,]\d+)?"
NUMBER = re.compile(rf"[-+]?{DIGITS}(?:[eE][-+]?\d+)?")
PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
ZONE = r"(?: ?(?:Z|UTC|[-+]\d\d:?\d\d))?"
TIME = re.compile(rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}(?:[T ]{CLOCK}{ZONE})?|{CLOCK})")


def is_missing(cell):
    """Whether a stripped cell says that there is no value."""
    return cell.lower() in MISSING


def kind(cell):
    """What a stripped cell is: `"time"`, `"number"`, `"truth"`, or `None` for any other text."""
    if TIME.fullmatch(cell):
        return "time"
    if NUMBER.fullmatch(cell) or cell.lower() in ("inf", "-inf"):
        return "number"
    return "truth" if cell.lower() in TRUTH else None
