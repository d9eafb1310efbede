"""Reading CSV files of any cells and any length."""

import re

import numpy as np
import pyarrow as pa
from pyarrow import csv

from keras_vabc.data.readers.table_batches.csv_text import CsvText, NotUtf8, lines_in
from keras_vabc.data.readers.table_batches.number_style import NumberStyle
from keras_vabc.data.readers.table_batches.sniffing import Unlike, collapsed, sniff
from keras_vabc.data.readers.table_batches.table import (
    BATCH_ROWS,
    Batch,
    check_names,
    is_row_number,
    table_suffix,
)
from keras_vabc.data.unreadable import Unreadable

MARKED = re.compile(rb"(?:\A|(?<=[\r\n]))#[^\r\n]*(?:\r\n|\r|\n|\Z)")
LINE_END = re.compile(rb"\r\n|\r|\n")
NOTED = ("cp1252", "latin-1")  # encodings that no byte contradicts


class CsvTable:
    """The `Table` of a CSV file: texts as written, null where a cell is empty and not quoted.

    Opening it reads it once: how it is written, what rows are unreadable, its length. Raises a
    `ValueError` that names file and line if it is no table, or more than the share
    `max_unreadable` of its rows have another length than the others, an `OSError` if it cannot be
    read.
    """

    def __init__(self, path, name, max_unreadable=0.0):
        self.name, self.received = name, f"{name}={path}"
        self._text = CsvText(path, name)
        self._tabs = table_suffix(path) == ".tsv"
        try:
            self._survey()
        except NotUtf8 as error:
            self._text.fall_back(error.args[0])
            self._survey()
        self._check_unreadable(max_unreadable)
        self.notes = self._notes()

    def batches(self):
        """As in `Table`."""
        left_out, count = [], 0
        try:
            for batch, _ in self._read(lambda *row: left_out.append(row)):
                count += len(batch.rows)
                yield batch
        except NotUtf8 as error:
            raise self._text.error("changed while it was read", error.args[0]) from None
        if count + len(left_out) != self.count:
            raise self._text.error(
                f"changed while it was read: {self.count:,} rows, then {count + len(left_out):,}"
            )

    def _survey(self):
        self._sniff()
        self.unreadable, style, count = Unreadable(), NumberStyle(), 0
        self._comments, self._first_comment = 0, None
        for batch, text in self._read(self._leave_out, self._count_comment):
            if not (style.has_points and self._no_commas(text)):
                style.add(batch.rows)
            count += len(batch.rows)
        self.count = count + len(self.unreadable)
        self.dialect = style.decide(self.dialect)

    def _no_commas(self, text):
        """Whether no cell of a text can have a comma, or an apostrophe."""
        between = b'"' if self.dialect.delimiter == "," else b","
        return between not in text and b"'" not in text

    def _leave_out(self, line, cells):
        self.unreadable.add(f"line {line:,}", f"{cells} cells, not {len(self.names)}")

    def _count_comment(self, line):
        self._comments += 1
        self._first_comment = self._first_comment or line

    def _sniff(self):
        text, complete = self._text.head()
        try:
            self.dialect, names, width = sniff(text, complete, self._text.encoding, self._tabs)
        except Unlike as error:
            raise self._text.error(error, error.line) from None
        self.has_names = names is not None
        self.names = names or tuple(map(str, range(width)))
        check_names(self.names, self.name, self.received)
        self.schema = pa.schema([(column, pa.string()) for column in self.names])
        self.index_columns = tuple(filter(is_row_number, self.names))

    def _check_unreadable(self, most):
        if len(self.unreadable) > most * self.count:
            raise self._text.error(
                f"{len(self.unreadable):,} of {self.count:,} rows of another length: "
                f"{self.unreadable.first()}"
            )

    def _notes(self):
        notes = [f"{self.name}: {self.dialect.described()}."]
        if self._text.encoding in NOTED:
            notes.append(f"{self.name}: is no UTF-8, and was read as {self._text.encoding}.")
        if self.unreadable:
            notes.append(
                f"{self.name}: rows of another length were left out: {len(self.unreadable):,} of "
                f"{self.count:,}, such as {self.unreadable.first()}."
            )
        if self._comments:
            notes.append(
                f"{self.name}: comments among the rows (#) were left out: {self._comments:,}, "
                f"the first in line {self._first_comment:,}."
            )
        return notes

    def _read(self, leave_out, comment=lambda line: None):
        """Yields each batch and the text it is of.

        Calls `leave_out` for other rows, `comment` with the line of each comment among them.
        """
        first = 0
        for block in self._text.blocks(self.dialect.delimiter):
            text, masked, line = self._without_head(block)
            table, bad = self._parse(self._rows_alone(text, masked, line, comment))
            lines = _Lines(text, masked, line, self._is_left_out)
            for row, cells in bad.items():
                leave_out(lines.of(row), cells)
            numbers = first + np.delete(np.arange(len(table) + len(bad)), list(bad))
            first += len(numbers) + len(bad)
            start = 0
            for rows in table.combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
                own = numbers[start : start + len(rows)]
                yield Batch(rows, own, _places(lines, own - (first - len(table) - len(bad)))), text
                start += len(rows)

    def _without_head(self, block):
        """Text, masked text and first line of the block's lines that are not above the rows."""
        text, masked, line = block.text, block.masked, block.line
        above = self.dialect.start - line
        if above <= 0:
            return text, masked, line
        end = 0
        for _ in range(above):
            found = LINE_END.search(text, end)
            if found is None:
                return b"", b"", line
            end = found.end()
        return text[end:], masked[end:], self.dialect.start

    def _is_left_out(self, row):
        """Whether a masked line, its break included, is blank or a comment."""
        blank = b" \t\r\n" if self.dialect.delimiter == " " else b"\r\n"
        return not row.strip(blank) or self._is_comment(row)

    def _is_comment(self, row):
        """Whether a masked line, its break included, is a comment: one as long as rows is a row."""
        if not self.dialect.comment or not row.startswith(b"#"):
            return False
        if self.dialect.delimiter == " ":
            return len(row.split()) != len(self.names)
        return row.count(self.dialect.delimiter.encode()) + 1 != len(self.names)

    def _rows_alone(self, text, masked, line, comment):
        """The text as pyarrow parses it: without comments, and one space between cells."""
        if self.dialect.comment and b"#" in masked:
            kept, end = [], 0
            for marked in MARKED.finditer(masked):
                if self._is_comment(marked[0]):
                    line += lines_in(text[end : marked.start()])
                    comment(line)
                    line += 1
                    kept.append(text[end : marked.start()])
                    end = marked.end()
            text = b"".join([*kept, text[end:]])
        return collapsed(text.decode()).encode() if self.dialect.delimiter == " " else text

    def _parse(self, text):
        """The `pyarrow.Table` of a text, and the lengths of the rows that are not in it."""
        bad = {}

        def skip(row):
            bad[row.number - 1] = row.actual_columns
            return "skip"

        if not text.strip(b"\r\n"):
            return self.schema.empty_table(), bad
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self.names),
            csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            csv.ConvertOptions(
                column_types=self.schema,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        return table, bad


class _Lines:
    """In which line each row of a block begins, found out when somebody asks."""

    def __init__(self, text, masked, line, is_left_out):
        self._given, self._starts = (text, masked, line, is_left_out), None

    def of(self, row):
        if self._starts is None:
            self._starts = list(_starts(*self._given))
        return self._starts[row]


def _starts(text, masked, line, is_left_out):
    position = 0
    for row in masked.splitlines(keepends=True):
        if not is_left_out(row):
            yield line
        position += len(row)
        line += lines_in(text[position - len(row) : position])


def _places(lines, rows):
    return lambda row: f"line {lines.of(rows[row]):,}"
