"""What people write around numbers, as in 21%, € 12 or (1,234.50): taken off, and written again."""

import re
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

CURRENCY = (
    r"(?:US|CA|AU|NZ|HK|[ACRS])?[$]|[€£¥₹₩₽₺₪฿]|Fr\.|Rs\.?|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD"
    r"|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|TRY|RUB|BRL|MXN|ZAR|KRW|SGD|HKD|ILS|THB"
)
SPACE = "[ \u00a0\u202f]"
WORD = r"[A-Za-zµμΩ][A-Za-zµμΩ/²³^.·]{0,11}[23]?"
NUMBER = (  # of any form
    rf"(?:(?:0|[1-9][0-9]*(?:(?:[.,'’]|{SPACE})[0-9]{{3}})*)(?:[.,][0-9]+)?|[.,][0-9]+)"
    r"(?:[eE][+-]?[0-9]+)?"
)
CELL = (
    rf"^(?P<outer>[(+-]?)(?P<before>{CURRENCY}|)(?P<gap>{SPACE}?)(?P<inner>[(+-]?)"
    rf"(?P<number>{NUMBER})(?P<after>{SPACE}?(?:%|‰|°[CF]?|{CURRENCY}|{WORD})|)(?P<close>\)?)$"
)
DONE = r"^[+-]?[.,]?[0-9]([0-9.,'’eE+-]|[ \x{a0}\x{202f}])*$"  # has nothing around it
AROUND = re.compile(rf"[()+-]|{SPACE}")  # all of what is no unit around a number
PLACE = "#"  # of the number in a shape
MOST_SHAPES = 1000  # of a column that may be one of numbers


@dataclass(frozen=True)
class Unit:
    """What stands around the numbers of a column, which all have the same unit.

    Attributes:
        positive: How numbers are written, such as `"$#"`, `#` for the number.
        negative: How negative ones are, such as `"($#)"`; empty if there were none.
        decimals: Digits behind the point, if all have as many.
    """

    positive: str = PLACE
    negative: str = ""
    decimals: int | None = None

    @property
    def symbol(self):
        """The unit alone, empty if it is none."""
        return _symbol(self.positive)

    def bare(self, text):
        """Cells of text, numbers that have this unit, or none, without it; others as they are."""
        for shape, number in ((self.positive, r"\1"), (self.negative, r"-\1")):
            pattern = re.escape(shape).replace(re.escape(PLACE), f"({NUMBER})")
            text = pc.replace_substring_regex(text, f"^{pattern}$", number) if shape else text
        others = pc.invert(pc.match_substring_regex(text, DONE))
        others = pc.fill_null(others, False)
        if not pc.any(others).as_py():
            return text
        return pc.replace_with_mask(text, others, self._bare(text.filter(others)))

    def _bare(self, text):
        found = _parts(text)
        brackets = pc.equal(found["close"], ")")
        own = pc.equal(found["symbol"], self.symbol)
        none = pc.equal(found["symbol"], "")
        if "(" not in self.negative:
            none = pc.and_(none, pc.invert(brackets))
        return pc.if_else(pc.fill_null(pc.or_(own, none), False), found["bare"], text)

    def written(self, text):
        """Numbers as a form has them, with the unit."""
        negative = self.negative or f"-{self.positive}"
        sign, number = pc.starts_with(text, "-"), pc.utf8_ltrim(text, "-")
        shapes = (own.replace(PLACE, r"\1") for own in (negative, self.positive))
        written = (pc.replace_substring_regex(number, "^(.*[0-9])$", own) for own in shapes)
        return pc.if_else(
            pc.match_substring_regex(text, "[0-9]$"), pc.if_else(sign, *written), text
        )

    def padded(self, text, mark):
        """Numbers with as many digits behind the point, which is a `mark`, as all have."""
        if self.decimals is None:
            return text
        whole = pc.match_substring_regex(text, rf"^[^eE\{mark}]*[0-9]$")
        text = pc.if_else(whole, pc.binary_join_element_wise(text, "", mark), text)
        for digits in range(self.decimals):
            short = pc.match_substring_regex(text, rf"^[^eE]*\{mark}[0-9]{{{digits}}}$")
            text = pc.if_else(short, pc.binary_join_element_wise(text, "0", ""), text)
        return text

    def words(self, number):
        """An example, for notes: a number as text in this unit, and a negative one."""
        shapes = (own.replace(PLACE, number) for own in (self.positive, self.negative) if own)
        return " or ".join(shapes)


NO_UNIT = Unit()


class Shapes:
    """Counts what stands around the numbers of a column.

    Attributes:
        counts: How often each shape occurs, such as `"-$#"`.
        points: How often each mark and zeros for the digits behind it end a number.
    """

    def __init__(self):
        self.counts, self.points, self._others = Counter(), Counter(), 0

    def add(self, text, counts):
        """Takes in cells and how often each occurs: `(numbers, counts)` of those with something.

        The numbers are bare, with their sign.
        """
        if len(self.counts) > MOST_SHAPES or self._others > MOST_SHAPES > sum(self.counts.values()):
            return text[:0], counts[:0]
        found = _parts(text)
        around = pc.and_(found["shape"].is_valid(), pc.invert(pc.is_in(found["shape"], _BARE)))
        number, shape = (found[part].filter(around) for part in ("bare", "shape"))
        counts = counts[around.to_numpy(zero_copy_only=False)]
        _count(self.counts, shape, counts)
        ends = pc.replace_substring_regex(number, r"^(.*([.,])|.*)", r"\2")
        _count(self.points, pc.replace_substring_regex(ends, "[0-9]", "0"), counts)
        self._others += len(text) - len(number)
        return number, counts

    def unit(self, values, minus):
        """The `Unit` that most numbers have, of so many `values`; `minus` of them begin with one.

        `None` if they have none, or it cannot be told what brackets mean.
        """
        symbols = self.symbols()
        if not symbols:
            return None
        symbol = symbols.most_common(1)[0][0]
        own = Counter({k: n for k, n in self.counts.items() if _symbol(k) == symbol})
        signed = Counter({k: n for k, n in own.items() if re.search(r"[(-]", k)})
        brackets = any("(" in shape for shape in signed)
        if brackets and (minus or any("-" in shape for shape in signed)):
            return None
        if not symbol and own.total() == values:  # (1), (2), (3) are no amounts
            return None
        positive = (own - signed or own).most_common(1)[0][0]
        shape = signed.most_common(1)[0][0] if signed else ""
        return Unit(re.sub(r"[()+-]", "", positive), shape)

    def symbols(self):
        """How often each unit occurs; an empty one is that of numbers in brackets."""
        symbols = Counter()
        for shape, count in self.counts.items():
            symbols[_symbol(shape)] += count
        return symbols

    def decimals(self, mark):
        """Digits behind the point of all numbers, `None` if some have more than others."""
        ends = [end for end, count in self.points.items() if count > 0]
        return len(ends[0]) - 1 if len(ends) == 1 and ends[0].startswith(mark) else None

    def __iadd__(self, other):
        """Takes in the counts of another fold."""
        self.counts += other.counts
        self.points += other.points
        return self


_BARE = pa.array(["#", "+#", "-#"])


def with_numbers(text, changed):
    """Cells of text, the numbers in them, without their sign, as `changed` makes them of text."""
    found = _parts(text)
    anew = changed(found["number"])
    return pc.coalesce(pc.binary_join_element_wise(found["start"], anew, found["end"], ""), text)


def bare_numbers(text):
    """Cells of text, numbers without whatever unit they have."""
    found = _parts(text)
    return pc.coalesce(found["bare"], text)


def _parts(text):
    """Arrays of what the cells of text consist of, null where one is no number with a unit."""
    text = pc.cast(text, pa.string())
    cell = pc.extract_regex(text, CELL)
    own = {name: pc.struct_field(cell, name) for name in _names()}
    signs = pc.binary_join_element_wise(own["outer"], own["inner"], "")
    fits = pc.is_in(
        pc.binary_join_element_wise(signs, own["close"], ""), pa.array(["", "+", "-", "()"])
    )
    own = {name: pc.if_else(fits, part, None) for name, part in own.items()}

    def joined(*names):
        return pc.binary_join_element_wise(*(own.get(name, name) for name in names), "")

    own["start"] = joined("outer", "before", "gap", "inner")
    own["end"] = joined("after", "close")
    own["shape"] = joined("start", PLACE, "end")
    own["symbol"] = joined("before", "end")
    own["symbol"] = pc.replace_substring_regex(own["symbol"], rf"\)|{SPACE}", "")
    minus = pc.if_else(pc.is_in(signs, pa.array(["-", "("])), "-", "")
    own["bare"] = pc.binary_join_element_wise(minus, own["number"], "")
    return own


def _names():
    return re.findall(r"\?P<(\w+)>", CELL)


def _symbol(shape):
    return AROUND.sub("", shape).replace(PLACE, "")


def _count(counter, words, counts):
    table = (
        pa.table({"word": words, "count": counts}).group_by("word").aggregate([("count", "sum")])
    )
    for word, count in zip(*(column.to_pylist() for column in table.columns), strict=True):
        counter[word] += count
