"""Reading CSV files of numbers, of any length."""

import contextlib
import csv
import itertools

import numpy as np

from keras_vabc.data.readers.arrays import numbered
from keras_vabc.data.readers.tables import TableReader

DELIMITERS = ",;\t|"
LONGEST_RECORD = 2**24  # characters, line breaks in cells included; a longer one is no table
FEWEST_COUNTED = 3  # columns whose names may be their numbers: a line 0,1 may well be data


def open_csv_file(path, name):
    """The `TableReader` of a CSV file; errors as of `CsvFile`."""
    return TableReader(CsvFile(path, name), name, f"{name}={path}")


class CsvFile:
    """A CSV file of UTF-8 text, separated by commas, semicolons, tabs or bars.

    The first line names the columns if it holds a text, or counts 0, 1, 2, ... as pandas names the
    columns of an array; else their names are their numbers as text. Raises a `ValueError` if the
    file is empty or no text, an `OSError` if it cannot be read.
    """

    count = None

    def __init__(self, path, name):
        self._path, self._name = path, name
        with self._opened() as lines:
            start, _ = next(self._records(lines), (None, 0))
        if start is None:
            raise ValueError(f"{name} must hold a table. Received: {name}={path}, which is empty.")
        cells = [cell.strip() for cell in start]
        self.has_names = _counts(cells) or not all(_is_number(cell) for cell in cells if cell)
        self.names = cells if self.has_names else [str(column) for column in range(len(cells))]

    def blocks(self, columns, size):
        """Yields float64 arrays of at most `size` rows of the given columns."""
        with self._opened() as lines:
            records = itertools.islice(self._records(lines), int(self.has_names), None)
            for first, block in numbered(_blocks(records, size)):
                yield self._numbers(block, columns, first)

    def _numbers(self, block, columns, first):
        """The cells of some records as numbers."""
        width = len(self.names)
        ragged = next((row for row, record in enumerate(block) if len(record) != width), None)
        if ragged is not None:
            raise ValueError(
                f"{self._name} must have {width} cells in each row. Received: "
                f"{len(block[ragged])} in row {first + ragged} (counted from 0)."
            )
        if columns != list(range(width)):
            block = [[record[column] for column in columns] for record in block]
        if not any("_" in "".join(record) for record in block):  # which Python takes in numbers
            with contextlib.suppress(ValueError):
                return np.array([list(map(float, record)) for record in block])
        row, place = next(
            (row, place)
            for row, record in enumerate(block)
            for place, cell in enumerate(record)
            if not _is_number(cell)
        )
        cell = block[row][place].strip()
        what = "a text" if cell else "an empty cell"
        what = "a number with a decimal comma" if _is_number(cell.replace(",", ".", 1)) else what
        raise ValueError(
            f"{self._name} must hold numbers. Received: {what} in row {first + row} (counted from "
            f"0), column {self.names[columns[place]]!r}."
        )

    def _opened(self):
        return open(self._path, encoding="utf-8-sig", newline="")

    def _records(self, file):
        """Lists of cells and how many characters each took, blank lines left out."""
        length = 0

        def line():
            nonlocal length
            text = file.readline(LONGEST_RECORD - length)
            length += len(text)
            if length == LONGEST_RECORD:
                raise csv.Error("a line without an end")
            return text

        try:
            start = line()
            delimiter = max(DELIMITERS, key=start.count)
            lines = itertools.chain([start], iter(line, ""))
            for record in csv.reader(lines, delimiter=delimiter, strict=True):
                if record:
                    yield record, length
                length = 0
        except (csv.Error, UnicodeDecodeError) as error:
            reason = "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else error
            raise ValueError(
                f"{self._name} must be a CSV file. Received: {self._name}={self._path} ({reason})."
            ) from None


def _blocks(records, size):
    """Lists of at most `size` records, and of not many more characters than one may have."""
    block, held = [], 0
    for record, length in records:
        block.append(record)
        held += length
        if len(block) == size or held >= LONGEST_RECORD:
            yield block
            block, held = [], 0
    if block:
        yield block


def _counts(cells):
    """Whether cells are 0, 1, 2, ..., perhaps after the empty name of the row numbers."""
    named = cells[1:] if cells[0] == "" else cells
    return len(cells) >= FEWEST_COUNTED and named == [str(c) for c in range(len(named))]


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
