"""Tables in which somebody says something of examples, each named by its id or row number."""

import csv
import io
import itertools

from keras_vabc.data.ids import from_cell, is_formula
from keras_vabc.data.readers.table_batches.csv_text import CsvText, NotUtf8

KEYS = "id", "row"


class Unfit(Exception):
    """A table that does not say what it should; the message says why."""


def read_named(path, name, columns, value_of, joined):
    """What a CSV file says of examples: the column that names them, and a dict of values.

    Its columns are `id`, or `row` instead, and those in `columns`, in any order and among others.
    `value_of` makes a value of the cells of a line, a dict, and `joined` one of two values of one
    example; both raise `Unfit` for what they do not take. An empty id names nothing: several rows
    of a table may have none. `name` is that of the argument, for errors.

    Raises a `ValueError` if the file is of another kind or damaged, which names the line, an
    `OSError` if it cannot be read.
    """
    listed = " and ".join([", ".join(("id", *columns[:-1])), columns[-1]])
    text = CsvText(path, name, f"a CSV file with the columns {listed}")
    try:
        try:
            key, found = _said(text, columns, value_of, joined)
        except NotUtf8 as error:
            text.fall_back(error.args[0])
            key, found = _said(text, columns, value_of, joined)
    except (Unfit, csv.Error) as error:
        raise text.error(error) from None
    if key == "row" or any(map(is_formula, found)):
        return key, found
    return key, {from_cell(cell): value for cell, value in found.items()}


def _said(text, columns, value_of, joined):
    head, _ = text.head()
    delimiter, key = _delimiter_and_key(head, columns)
    lines = itertools.chain.from_iterable(
        io.StringIO(block.text.decode(), newline="") for block in text.blocks(delimiter)
    )
    lines = csv.reader(lines, delimiter=delimiter, strict=True)
    return key, _by_name(key, lines, value_of, joined)


def _delimiter_and_key(head, columns):
    """What stands between the names of the columns, and which of them names the examples."""
    line = io.StringIO(head, newline="").readline()
    for delimiter in ",;\t":
        names = next(csv.reader([line], delimiter=delimiter), [])
        keys = [name for name in KEYS if name in names]
        if keys and set(columns) <= set(names):
            twice = [name for name in (keys[0], *columns) if names.count(name) > 1]
            if twice:
                raise Unfit(f"{twice[0]!r} names two of its columns")
            return delimiter, keys[0]
    names = next(csv.reader([line]), [])
    raise Unfit(f"its columns are {names}")


def _by_name(key, lines, value_of, joined):
    """Dict from id or row to value; the first line has the names of the columns."""
    names, found = next(lines), {}
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(names):
            raise Unfit(f"line {lines.line_num} has {len(cells)} cells, the first one {len(names)}")
        row = dict(zip(names, cells, strict=True))
        name = row[key].strip() if key == "row" else row[key]
        try:
            value = value_of(row)
            if name:
                found[name] = joined(found[name], value) if name in found else value
        except Unfit as error:
            raise Unfit(f"line {lines.line_num} gives {name!r} {error}") from None
    return found
