"""Which points and commas are decimal ones, by all numbers of a file."""

from collections import Counter, defaultdict
from dataclasses import replace

from keras_vabc.data.columns.number_forms import OCTET
from keras_vabc.data.columns.units import CURRENCY, bare_numbers
from keras_vabc.data.readers.table_batches.cells import MISSING

FEWEST = 10  # numbers that may be cut into thousands, where none of them must be
TYPICAL = 0.5  # share of the cells of a column of numbers that begin as one
MOST_OTHER = 0.1  # cells of another form, in parts of those that are numbers
WHOLE = r"[1-9]\d{0,2}"
SPACES = " \u00a0\u2009\u202f"  # all of which stand between thousands, and count as one
APOSTROPHES = "'\u2019"
SEPARATORS = f".,{SPACES}{APOSTROPHES}"
PATTERNS = {  # of a cell, the first that fits it
    "address": rf"({OCTET}\.){{3}}{OCTET}",
    "point": r"[-+]?\d*\.(\d{0,2}|\d{4,}|\d*[eE][-+]?\d+)|[-+]?(0\d*|\d{4,}|)\.\d{3}",
    "comma": r"[-+]?\d*,(\d{0,2}|\d{4,}|\d*[eE][-+]?\d+)|[-+]?(0\d*|\d{4,}|),\d{3}",
    "commas between": rf"[-+]?{WHOLE}((,\d{{3}}){{2,}}|(,\d{{3}})+\.\d*)",
    "points between": rf"[-+]?{WHOLE}((\.\d{{3}}){{2,}}|(\.\d{{3}})+,\d*)",
    "comma group": rf"[-+]?{WHOLE},\d{{3}}",
    "point group": rf"[-+]?{WHOLE}\.\d{{3}}",
    "spaces between": rf"[-+]?{WHOLE}([{SPACES}]\d{{3}})+([.,]\d*)?",
    "apostrophes between": rf"[-+]?{WHOLE}([{APOSTROPHES}]\d{{3}})+([.,]\d*)?",
}
BEGIN = rf"^\s*[-+(]?({CURRENCY})?[{SPACES}]?[-+(]?[.,]?\d"
LENGTHS = {"long": r"\s*[-+]?\d{4,}\s*", "short": r"\s*[-+]?\d{1,3}\s*"}  # without a separator
BETWEEN = {"commas": ",", "points": ".", "spaces": " ", "apostrophes": "'"}
DECIMAL = {"commas": "comma", "points": "point"}  # what they are where they are not between


class NumberStyle:
    """Counts of how the numbers of each column are written, gathered batch by batch."""

    def __init__(self):
        self._counts = defaultdict(Counter)
        self._texts = set()
        self.has_points = False  # whether a point is the decimal one of some column

    def add(self, batch):
        """Takes the texts of a `pyarrow.RecordBatch` into account."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in self._texts:
                continue
            new = name not in self._counts
            if (new and _is_text(column)) or not self._count(self._counts[name], column):
                self._texts.add(name)
            elif self._counts[name]["point"]:
                self.has_points = True

    def decide(self, dialect):
        """The dialect with the decimal and the thousands that the numbers have."""
        columns = [c for name, c in self._counts.items() if name not in self._texts]
        columns = [c for c in columns if 2 * c["address"] <= c["address"] + c["points between"]]
        for counts in columns:  # of amounts, some of which look like an address
            counts["points between"] += counts.pop("address", 0)
        total = sum(columns, Counter())
        thousands, certain = _thousands(columns, total, dialect.delimiter)
        if thousands in (",", "."):
            decimal = {",": ".", ".": ","}[thousands]
        else:
            decimal = "," if total["comma"] > total["point"] else "."
            certain = bool(total["point"] or total["comma"])
            if not certain and dialect.delimiter == ";" and total["comma group"]:
                decimal = ","
        return replace(dialect, decimal=decimal, thousands=thousands, certain=certain)

    def _count(self, counts, column):
        """Adds to the counts of a column; whether it may be one of numbers."""
        from pyarrow import compute

        known = "." if counts["point"] else "," if counts["comma"] else ""
        looked_for = SEPARATORS.replace(known, "") if known else SEPARATORS
        cut = compute.match_substring_regex(column, f"[{looked_for}]")
        left = compute.utf8_trim_whitespace(compute.filter(column, cut))
        left = _count_patterns(counts, left)
        if len(left):  # what has a unit
            _, left = _matches(_count_patterns(counts, bare_numbers(left)), r"[-+]?\d+")
        for name, pattern in LENGTHS.items():
            if not (counts[name] or counts["point"] or counts["comma"]):
                counts[name] += _matches(column, pattern)[0]
        if not len(left):
            return True
        missing = compute.is_in(compute.utf8_lower(left), _missing())
        counts["other"] += len(left) - (compute.sum(missing).as_py() or 0)
        written = len(column) - column.null_count
        return counts["other"] <= MOST_OTHER * max(written, sum(counts[name] for name in PATTERNS))


def _count_patterns(counts, cells):
    """Counts the cells that a pattern fits, and returns the others."""
    for name, pattern in PATTERNS.items():
        if len(cells):
            found, cells = _matches(cells, pattern)
            counts[name] += found
    return cells


def _missing():
    import pyarrow as pa

    return pa.array(sorted(MISSING), pa.string())


def _matches(column, pattern):
    """How many cells a pattern fits as a whole, and the other cells."""
    from pyarrow import compute

    fits = compute.match_substring_regex(column, f"^({pattern})$")
    return compute.sum(fits).as_py() or 0, compute.filter(column, compute.invert(fits))


def _is_text(column):
    """Whether most cells do not begin as a number does."""
    from pyarrow import compute

    filled = compute.drop_null(column)
    begin = compute.match_substring_regex(filled, BEGIN)
    return (compute.sum(begin).as_py() or 0) < TYPICAL * len(filled)


def _thousands(columns, total, delimiter):
    """What stands between thousands, `None` if nothing does, and whether that is certain."""
    for kind, between in BETWEEN.items():
        if total[f"{kind} between"] > total[DECIMAL.get(kind)]:
            return between, True
    if total["point"] and not total["comma"] and total["comma group"]:
        return ",", True  # since a point is the decimal one
    if total["comma"] and not total["point"] and total["point group"]:
        return ".", True
    for kind, between in (("comma", ","), ("point", ".")):
        cut = [c for c in columns if c[f"{kind} group"] >= FEWEST and not c["long"] and c["short"]]
        if cut and not total[kind]:  # 950 and 1.234: decimals would be three everywhere
            return between, True
    long = any(c["comma group"] and c["long"] for c in columns)
    if total["comma group"] and not total["comma"] and delimiter != ";" and not long:
        return ",", delimiter == ","  # who has decimal commas seldom separates by commas
    return None, False
