"""Numbers as text: how they are written in several countries, and read again."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns import units
from keras_vabc.data.columns.cells import cast_or_null

DIGITS = r"^[+-]?(0|[1-9][0-9]*)$"  # no 007, which is a code and no number
SPACES = "[ \u00a0\u202f]"
INFINITE = r"^[+-]?(?i:inf|infinity|∞)$"
OCTET = "(1?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])"
ADDRESS = rf"^({OCTET}\.){{3}}{OCTET}$"  # of a machine, as 192.168.100.100
DOT_GROUPS = r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+$"


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written.

    Attributes:
        decimal: The decimal mark, a point or a comma.
        thousands: What stands between groups of three digits; empty for nothing.
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def pattern(self):
        """A regular expression of what is written so; an infinity is, in every form."""
        decimal = rf"\{self.decimal}"
        if not self.thousands:
            number = rf"((0|[1-9][0-9]*)({decimal}[0-9]*)?|{decimal}[0-9]+)"
        else:
            mark = SPACES if self.thousands == " " else "['’]"
            mark = rf"\{self.thousands}" if self.thousands in ",." else mark
            number = rf"(0|[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+|[1-9][0-9]*)({decimal}[0-9]+)?"
        return rf"^[+-]?{number}([eE][+-]?[0-9]+)?$|{INFINITE}"

    def words(self):
        """An example, for notes."""
        return f"1{self.thousands}234{self.decimal}5"

    def written(self, text):
        """Numbers as Python writes them in this form; only where it is not the plain one."""
        if self == PLAIN:
            return text
        if self.thousands:  # RE2 has no look-ahead: groups are cut off one by one, from the right
            before = r"^([+-]?[0-9]+)([0-9]{3})([^0-9.].*|\..*)?$"
            for _ in range(7):
                text = pc.replace_substring_regex(text, before, rf"\1{MARK}\2\3")
        text = pc.replace_substring(text, ".", self.decimal)
        return pc.replace_substring(text, MARK, self.thousands)

    def rewritten(self, text, other):
        """Cells of text, of which those that are numbers in this form are written in another.

        What stands around them stays.
        """

        def anew(numbers):
            numbers = pc.if_else(pc.match_substring_regex(numbers, self.pattern), numbers, None)
            return other.written(_as_python_writes(numbers, self))

        return units.with_numbers(pc.utf8_trim_whitespace(text), anew)


EXACT = 2.0**53  # up to here float64 holds every whole number
MARK = "\x1f"
PLAIN = NumberForm()
FORMS = (
    PLAIN,
    NumberForm(".", ","),
    NumberForm(",", "."),
    NumberForm(",", " "),
    NumberForm(",", "'"),
    NumberForm(".", "'"),
    NumberForm(".", " "),
)


def parsed(text, form, whole):
    """Numbers as int64 or float64 of what is written in a form; null for what is not.

    Those that are to be whole may be written with decimals that are zeros.
    """
    kind = pa.int64() if whole else pa.float64()
    if form == PLAIN and _all_fit(text, DIGITS if whole else form.pattern):
        try:
            return pc.cast(text, kind) if whole else _floats(text)
        except pa.ArrowInvalid:  # +5 or ∞, or more than 64 bits
            pass
    written = pc.match_substring_regex(text, form.pattern)
    text = _as_python_writes(pc.if_else(written, text, pa.scalar(None, pa.string())), form)
    if not whole:
        return _floats(text)
    digits = pc.match_substring_regex(text, DIGITS)
    ints = pc.if_else(digits, text, pa.scalar(None, pa.string()))
    rest = pc.if_else(digits, pa.scalar(None, pa.string()), text)
    return pc.coalesce(cast_or_null(ints, kind), whole_of(_floats(rest)))


def _all_fit(text, pattern):
    """Whether a pattern fits all cells; a cast alone takes 01234 for 1234, and 0x1F for 31."""
    return pc.all(pc.match_substring_regex(text, pattern), min_count=0).as_py()


def _floats(text):
    """float64 of numbers as text; what is too large for it is null, and not infinite."""
    numbers = pc.cast(text, pa.float64())
    far = pc.is_inf(numbers)
    if not pc.any(far).as_py():
        return numbers
    too_large = pc.and_(far, pc.invert(pc.match_substring_regex(text, INFINITE)))
    return pc.if_else(too_large, pa.scalar(None, pa.float64()), numbers)


def whole_of(floats):
    """Whole numbers as int64 of an array of float64; null for what is none, or too large."""
    numbers = floats.to_numpy(zero_copy_only=False)
    fits = (np.abs(numbers) <= EXACT) & (numbers == np.floor(numbers))
    return pc.cast(pc.if_else(pa.array(fits), floats, pa.scalar(None, floats.type)), pa.int64())


def _as_python_writes(text, form):
    if form.thousands:
        marks = {" ": SPACES, "'": "['’]"}.get(form.thousands, rf"\{form.thousands}")
        text = pc.replace_substring_regex(text, marks, "")
    text = pc.replace_substring(text, form.decimal, ".") if form.decimal != "." else text
    return pc.replace_substring(pc.replace_substring_regex(text, r"^\+", ""), "∞", "inf")
