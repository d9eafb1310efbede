"""How a CSV file is written, found out from its first thousand rows."""

import itertools
import re
from collections import Counter
from dataclasses import dataclass

from keras_vabc.data.readers.table_batches.cells import PLAIN, is_missing, kind
from keras_vabc.data.readers.table_batches.csv_text import (
    lines_in,
    mask,
    never_closed,
    quoted_cells,
)
from keras_vabc.data.readers.table_batches.dialect import Dialect
from keras_vabc.data.readers.table_batches.units import units_in

ROWS = 1000
DELIMITERS = "\t;|, "  # the likelier one first, where two cut all rows alike
MOST = 0.9  # share of the rows of one length, of the cells of one kind
FEWEST_NUMBERS = 3  # columns whose names are numbers: a line 0,1 may well be data
FEWEST_EVEN = 5  # columns whose names are numbers that stand among others like them
YEARS = (1800, 2100)
QUOTED = re.compile(r'"((?:[^"]++|"")*+)"?')
EXCEL = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class Unlike(ValueError):
    """Rows from which no table can be made: the reason, and the line as `line`."""

    def __init__(self, reason, line):
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Record:
    """A row as text: its cells, the line in which it begins, whether this begins with #."""

    cells: list[str]
    line: int
    marked: bool


def sniff(text, complete, encoding, tabs=False):
    """The `Dialect` of a text that is the head of a file, and the names of the columns or `None`.

    Without `complete` the last row may lack its end. A column without a name gets the one that
    pandas gives it. Raises `Unlike` if there are no rows, or the names do not fit them.
    """
    first = text.split("\n", 1)[0].strip()
    excel = EXCEL.fullmatch(first)
    skip = 1 if excel else 0
    delimiter = excel[1] if excel else _delimiter(text, complete, "\t" if tabs else None)
    every = _records(text, delimiter, complete)[skip:]
    rows, comment = _without_comments(every)
    if not rows:
        raise Unlike("it has no rows", 1)
    width = _width(rows)
    named = next((r for r in reversed(every) if r.line < rows[0].line), None)
    header = _has_header(rows[0].cells, [r.cells for r in rows[1:] if len(r.cells) == width])
    names, data = (rows[0], rows[1:]) if header else (None, rows)
    if not header and named is not None:
        names = _marked_names(named, width)
    units = units_in([r.cells for r in data[:ROWS]], width) if names else ()
    if not data[len(units) > 0 :]:
        raise Unlike("it has no rows but the names of its columns", rows[-1].line)
    dialect = Dialect(
        delimiter=delimiter,
        encoding=encoding,
        header=names is not None,
        start=data[len(units) > 0].line,
        comment=comment,
        units=units,
    )
    return dialect, None if names is None else _names(names, data[0].cells, width), width


def collapsed(text):
    """A text separated by spaces, of which one is left between two cells and none at the ends."""
    text = re.sub(r'((?<![^ \t\r\n])"(?:[^"]++|"")*+")|[ \t]+', lambda m: m[1] or " ", text)
    return re.sub(r"(?:(?<=[\r\n])|\A) +| +(?=[\r\n]|\Z)", "", text)


def _records(text, delimiter, complete):
    """The first rows, blank lines left out."""
    text = (collapsed(text) if delimiter == " " else text).encode()
    masked, found, start, line = mask(text, quoted_cells(delimiter)), [], 0, 1
    for row in masked.splitlines(keepends=True):
        own, start = text[start : start + len(row)], start + len(row)
        bare = row.rstrip(b"\r\n")
        if bare:
            cells = _cells(own[: len(bare)], bare, delimiter.encode())
            found.append(Record(cells, line, bare.startswith(b"#")))
        line += lines_in(own)
        if len(found) == ROWS + 100:  # names, units and comments among them
            return found
    goes_on = not complete and never_closed(text, delimiter) is not None
    return found[:-1] if goes_on else found


def _cells(row, masked, delimiter):
    """The cells of a row, their quotes undone."""
    cells, start = [], 0
    for part in masked.split(delimiter):
        cell = row[start : start + len(part)].decode()
        start += len(part) + 1
        quoted = QUOTED.match(cell)
        cells.append(quoted[1].replace('""', '"') + cell[quoted.end() :] if quoted else cell)
    return cells


def _delimiter(text, complete, only):
    """What cuts the rows into as many cells each, and these into what cells look like."""
    best, found = (), ","
    for delimiter in only or DELIMITERS:
        rows = _records(text, delimiter, complete)
        score = _score(
            [r.cells for r in rows if not r.marked and not r.cells[0].startswith("sep=")], delimiter
        )
        if score > best:
            best, found = score, delimiter
    return found


def _score(rows, delimiter):
    """How well a delimiter cuts rows, the likelier one the larger; `()` if it cannot be.

    Whether the first row has it, how many rows have the most frequent length, how many cells are no
    free text, whether the first row is as long, how many cells a row has.
    """
    first, *others = rows[:ROWS] or [[]]
    others = others or [first]
    width, count = Counter(map(len, others)).most_common(1)[0]
    if width < 2 or (delimiter == " " and len(first) not in (width, width - 1)):
        return ()
    if delimiter == " " and _are_times(first, others):
        return ()
    cells = [cell.strip() for row in [r for r in others if len(r) == width][:200] for cell in row]
    typed = sum(is_missing(cell) or kind(cell) is not None for cell in cells) / len(cells)
    if typed < 0.5 and (delimiter == " " or len(first) == 1 == width - 1):
        return ()
    share = count / len(others)
    return len(first) > 1, min(share, MOST), round(typed, 1), len(first) == width, width


def _are_times(first, others):
    """Whether each row is a date and a time of day with a space between, which is one cell."""
    times = sum(kind(" ".join(row)) == "time" for row in others)
    alike = len(first) == 1 or kind(" ".join(first)) == "time"
    return alike and times >= MOST * len(others)


def _width(rows):
    return Counter(len(r.cells) for r in rows[1:] or rows).most_common(1)[0][0]


def _without_comments(records):
    """The rows that are no comments, and what comments among further rows begin with.

    Comments begin with # and are of another length than the rows, or stand above their names. Where
    most lines with # are as long as rows, one of another length is a damaged row.
    """
    plain = next((n for n, r in enumerate(records) if not r.marked), None)
    if plain is None or not any(r.marked for r in records):
        return records, None
    above, below = records[:plain], records[plain:]
    first = len(below[0].cells)
    likely = [r for r in below if not r.marked or len(r.cells) == first]
    width = _width(likely)
    rows = [r for r in below if not r.marked or len(r.cells) == width]
    among = _rows_above(above, rows, width)
    marked = sum(r.marked for r in [*among, *rows])
    if marked > len(below) - len(rows):
        return [*among, *below], None
    return [*among, *rows], "#"


def _rows_above(above, rows, width):
    """The last ones of the lines with # above the first row without that are rows, too."""
    first, *others = [r.cells for r in rows]
    others = [cells for cells in others if len(cells) == width]
    if _has_header(first, others):
        return []
    if len(above) >= len(rows) and all(len(r.cells) == width for r in above):
        return above
    others = [first, *others] if len(first) == width else others
    named = (len(r.cells) != width or _has_header(r.cells, others) for r in reversed(above))
    return above[len(above) - next((n for n, no in enumerate(named) if no), len(above)) :]


def _marked_names(record, width):
    """The names in a comment above the rows, as NumPy and programs for genomes write them."""
    first, *others = record.cells
    first = first.lstrip("#").strip()
    cells = [first, *others] if first else others
    return Record(cells, record.line, True) if len(cells) == width > 1 else None


def _has_header(first, others):
    """Whether the cells of the first row are names, by all columns of the other rows."""
    if _counts(first) or not others:
        return _counts(first) or not any(kind(cell.strip()) for cell in first)
    columns = [[cell.strip() for cell in column] for column in zip(*others, strict=True)]
    if len(first) == len(columns) - 1:  # R writes no name for the names of its rows
        columns = columns[1:]
    pairs = list(zip(map(str.strip, first), columns, strict=False))
    votes = sum(_vote(cell, column) for cell, column in pairs)
    if votes <= 0 and _names_are_numbers(pairs):
        return True
    return votes > 0 or (votes == 0 and not any(kind(cell) for cell, _ in pairs))


def _vote(cell, column):
    """1 if a cell looks like the name of a column, -1 if it looks like one of its values."""
    values = [value for value in column if not is_missing(value)]
    if is_missing(cell) or not values:
        return 0
    of_column, count = Counter(map(kind, values)).most_common(1)[0]
    if of_column is not None and count >= MOST * len(values):
        return -1 if kind(cell) == of_column else 1
    if cell in values:
        return -1
    return int(kind(cell) is None and len(set(values)) <= len(values) / 2)


def _counts(cells):
    """Whether cells are 0, 1, 2, ..., perhaps after the empty name of the row numbers."""
    named = cells[1:] if cells[0] == "" else cells
    return len(cells) >= FEWEST_NUMBERS and named == [str(c) for c in range(len(named))]


def _names_are_numbers(pairs):
    """Whether the first row has numbers in order, none of them like those under it.

    Such as wavelengths above reflectances: far from all values, or written without the decimals
    that every value has; or years: evenly spaced, as no row of values is, or above other numbers.
    """
    texts = any(cell in column for cell, column in pairs if kind(cell) is None)
    pairs = [(cell, _numbers(column)) for cell, column in pairs if PLAIN.fullmatch(cell)]
    pairs = [(cell, column) for cell, column in pairs if column]
    numbers = [float(cell) for cell, _ in pairs]
    steps = _steps(numbers)
    ordered = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    if len(pairs) < FEWEST_NUMBERS or not ordered:
        return False
    columns = [list(map(float, column)) for _, column in pairs]
    years = not texts and _are_years(numbers, columns)
    return all(_apart(*pair) for pair in pairs) or _alone_even(numbers, columns) or years


def _are_years(numbers, columns):
    """Whether numbers are years one after the other, most values none, and no row spaced alike."""
    low, high = YEARS
    values = list(itertools.chain.from_iterable(columns))
    if not _even(numbers) or any(not low <= n <= high or n % 1 for n in numbers):
        return False
    if 2 * sum(low <= value <= high for value in values) >= len(values):
        return False
    return _steps(numbers) not in map(_steps, zip(*columns, strict=False))


def _alone_even(numbers, columns):
    """Whether numbers are evenly spaced, as years are, and those of no other row."""
    rows = zip(*columns, strict=False)
    return len(numbers) >= FEWEST_EVEN and _even(numbers) and not any(map(_even, rows))


def _even(numbers):
    steps = set(_steps(numbers))
    return len(steps) == 1 and steps != {0}


def _steps(numbers):
    return [after - before for before, after in itertools.pairwise(numbers)]


def _numbers(column):
    values = [value for value in column if not is_missing(value)]
    return values if all(map(PLAIN.fullmatch, values)) else []


def _apart(cell, column):
    """Whether a number is written in another way than those of a column, or is far from them."""
    if "." not in cell and all("." in value for value in column):
        return True
    values = list(map(float, column))
    low, high = min(values), max(values)
    far = max(high - low, abs(low), abs(high))
    return not low - far <= float(cell) <= high + far


def _names(record, data, width):
    """Names of the columns: their row may have one less, of R's row names, or of a last comma."""
    names = [cell.strip() for cell in record.cells]
    if len(names) == width - 1:
        names = [*names, ""] if data[-1].strip() == "" else ["", *names]
    if len(names) != width:
        raise Unlike(f"{len(names)} names of columns above rows of {width} cells", record.line)
    return tuple(name or f"Unnamed: {column}" for column, name in enumerate(names))
