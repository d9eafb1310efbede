"""What a user should know of the columns: one table, and lines about what is unusual."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pyarrow as pa

from keras_vabc.data.columns import dates
from keras_vabc.data.columns.choosing import unit_of
from keras_vabc.data.columns.kinds import FEWEST_ROWS, YEARS
from keras_vabc.data.columns.number_forms import PLAIN
from keras_vabc.data.columns.reading import type_named
from keras_vabc.data.columns.units import NO_UNIT
from keras_vabc.data.columns.writings import numbers_of, plain_decimals
from keras_vabc.data.vectors import some

SHOWN = 3  # words of a category
LONGEST = 20  # characters of one
NEARLY_ALL = 0.99
READABLE = 6  # decimals
MANY = 0.8  # share of numbers in a column of text that is worth a note
HEADINGS = ("column", "type", "values", "missing")


def table_of(columns):
    """The columns as a table of text: what each one is, as a person would write it."""
    rows, first = [HEADINGS], next((own for own in columns if own.type == "id"), None)
    for column in columns:
        share = column.missing / max(1, column.rows)
        missing = f"{100 * share:.2g} %" if 0 < share < 1 else "all" if share else "-"
        missing = "" if column.type == "dropped" else missing
        values = ("names the rows: " if column is first else "") + _values(column)
        rows.append((_short(column.name, 40), column.type, values, missing))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _values(column):
    """What a column's values are, of the unlabeled fold."""
    if column.type == "id":
        return column.why or "as said"
    if column.type == "constant":
        return (
            "nothing"
            if column.value is None
            else _short(plain_texts(column, [column.value])[0], 40)
        )
    if column.type == "category":
        words = [_short(word, LONGEST) for word in column.codes.words[:SHOWN]]
        more = ", ..." if column.distinct > SHOWN else ""
        return f"{_about(column)}: {', '.join(words)}{more}"
    if column.type == "boolean":
        return " or ".join(column.truths)
    if column.type in ("numeric", "whole", "datetime"):
        return _range(column)
    return ""


def _range(column):
    values = column.codes.values
    if len(values) == 0:
        return "nothing"
    low, high = plain_texts(column, [values[0].item(), values[-1].item()])
    parts = [(low if low == high else f"{low} to {high}") + _unit(column)]
    if column.codes.ordered and low != high:
        parts.append(f"{column.distinct} values")
    if column.type == "datetime":
        parts.append({"day": "days"}.get(column.resolution, f"to the {column.resolution}"))
    if column.type == "numeric" and column.decimals is not None:
        parts.append(_decimals(column))
    often = _often(column.codes)
    if len(often):
        shown = plain_texts(column, [values[knot].item() for knot in often[:SHOWN]])
        parts.append(f"often {', '.join(shown)}{', ...' if len(often) > SHOWN else ''}")
    return ", ".join(parts)


def _unit(column):
    return f" {column.reading.unit.symbol}".rstrip()


def _decimals(column):
    """How many decimals numbers have, and whether most of them need none."""
    codes = column.codes
    whole = codes.weights[codes.values == np.floor(codes.values)].sum() / codes.weights.sum()
    number = f"{column.decimals} decimal{'s' if column.decimals != 1 else ''}"
    if column.decimals and whole > NEARLY_ALL:
        return f"nearly all whole, else {number}"
    return number if column.decimals <= READABLE else "as many decimals as it takes"


def _often(codes):
    """Numbers of the values that hold many rows, the most frequent first."""
    atoms = () if codes.ordered else codes.atoms
    knots = codes.first[list(atoms)]
    return knots[np.argsort(-codes.weights[knots], kind="stable")]


def plain_texts(column, values):
    """Values of a `Column`, as its codes have them, as text in the plain form."""
    if column.type == "datetime":
        values = [value * column.ticks for value in values]
        zone_free = dates.written_form(dates.ISO, None, column.resolution)
        form = column.written or zone_free
        array = pa.array(values, pa.int64())
        return dates.formatted(column.reading.time, array, form, column.resolution).to_pylist()
    if (column.stored or "").startswith("duration"):
        second = dates.TICKS[type_named(column.stored).unit]
        return [str(timedelta(microseconds=v * 10**6 // second)) for v in values]
    return [f"{v:.10g}" if isinstance(v, float) else str(v) for v in values]


def _about(column):
    return f"{'about ' if column.distinct > 2**14 else ''}{column.distinct:,}"


def _short(text, longest):
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def column_notes(columns, writings, extra=()):
    """A line for each thing that is unusual: names and counts."""
    unlabeled = writings["unlabeled"]
    ids = [f"{c.name!r} ({c.why or 'as said'})" for c in columns if c.type == "id"]
    alike = [repr(c.name) for c in columns if c.type == "constant" and c.value is not None]
    empty = [repr(c.name) for c in columns if c.type == "constant" and c.value is None]
    lines = {
        "are ids, which are carried along and never train": ids,
        "hold one value, which generated rows get back": alike,
        "hold no value at all": empty,
        "were left out, as said": [repr(c.name) for c in columns if c.type == "dropped"],
    }
    notes = [f"columns that {line}: {some(own)}." for line, own in lines.items() if own]
    if extra:
        names = some(map(repr, sorted(extra)))
        notes.append(f"unwanted: columns that unlabeled lacks were left out: {names}.")
    for form, names in _unlike_python(columns).items():
        notes.append(f"columns with numbers written as {form}: {some(names)}.")
    for column in columns:
        if column.name in unlabeled:
            lines = _lines(column, unlabeled) + _contrasts(column, writings)
            notes += [f"column {column.name!r} {line}." for line in lines]
    return notes


def _unlike_python(columns):
    """Names of the columns of text by an example of how their numbers are written."""
    names = {}
    for column in columns:
        if column.stored is None and column.reading.words() != PLAIN.words():
            names.setdefault(column.reading.words(), []).append(repr(column.name))
    return names


def _contrasts(column, writings):
    """What the folds do not have in common in one column."""
    own, other = (writings[fold].get(column.name) for fold in ("unlabeled", "unwanted"))
    if other is None or not column.trained:
        return []
    if not (own.present and other.present):
        fold = "unwanted" if own.present else "unlabeled"
        return [f"has no value in any row of {fold}, which tells folds apart; drop it if needed"]
    if column.type == "boolean" and own.bits + other.bits and own.truths + other.truths:
        return ["has 0 and 1 in one fold and words in the other, which were taken for the same"]
    symbol = column.reading.unit.symbol
    if symbol and (symbol in own.shapes.symbols()) != (symbol in other.shapes.symbols()):
        return [f"has numbers with {symbol} in one fold alone, which were taken for the same"]
    if column.type == "category" and own.cells and not numbers_of(own) and _all_numbers(other):
        return ["has words in unlabeled, but numbers in unwanted, which were taken for words, too"]
    return []


def _all_numbers(writing):
    typed = not any(map(pa.types.is_temporal, filter(None, writing.types)))
    return typed and numbers_of(writing) + writing.typed == writing.present


def unread_notes(columns, summaries):
    """A line for each trained column of a fold with cells that are no values of it."""
    trained = {column.name for column in columns if column.trained}
    return [
        f"{fold}: {own.bad:,} of {own.rows:,} rows hold no value of column {name!r}, first "
        f"{own.first_bad}; they are left out."
        for fold, columns in summaries.items()
        for name, own in columns.items()
        if own.bad and name in trained
    ]


def _lines(column, writings):
    """What is unusual about one column."""
    written, lines = writings[column.name], []
    numbers = numbers_of(written)
    if column.type == "category" and getattr(column.codes, "others", ()):
        lines.append(
            f"is a category of {_about(column)} words: the {len(column.codes.words)} most frequent "
            f"have a code each, the others one together ({column.codes.rest:,} rows); drop it, or "
            "say that it is an id, if they mean nothing"
        )
    text = column.type == "category" or column.why.startswith("text")
    if text and MANY * written.cells < numbers < written.cells:
        others = written.cells - numbers
        lines.append(
            f"is text, since {others:,} of {written.cells:,} cells are no numbers, such as those "
            "with leading zeros; say what is no value, or numeric, if they are few"
        )
    symbols = written.shapes.symbols()
    mixed = symbols and unit_of(written, PLAIN, 1 - NEARLY_ALL) == NO_UNIT
    if text and mixed and numbers + symbols.total() > MANY * written.cells:
        lines.append(
            f"is text, since its numbers are written in several ways ({_ways(written)}): write all "
            "in one, or say that it is a category or an id"
        )
    if written.too_long and text:
        lines.append("is text, since it has whole numbers of more than 64 bits")
    if column.type == "whole" and _years_each_another(column):
        lines.append("has years, each another, which are trained on; say that it is an id, if not")
    pointed = plain_decimals(written)
    form = column.reading.form
    if column.type == "whole" and column.stored is None and form == PLAIN and pointed:
        lines.append("has whole numbers with and without a point; 1 and 1.0 are taken for one")
    if column.type == "datetime" and column.reading.dates and _ambiguous(written):
        lines.append(
            f"has dates that were taken for {_words(column.reading.dates)}; no day tells: write "
            "them as year-month-day, if that is wrong"
        )
    if column.type == "datetime" and len(written.offsets) > 1 and column.stored is None:
        lines.append(f"has several offsets from UTC, and was taken for times of {_zone(column)}")
    return lines


def _years_each_another(column):
    present, values = column.rows - column.missing, column.codes.values
    each = present >= FEWEST_ROWS and column.distinct >= NEARLY_ALL * present
    return each and YEARS[0] <= values[0] and values[-1] <= YEARS[1]


def _zone(column):
    return column.reading.time.partition("tz=")[2].rstrip("]") or "no zone"


def _ways(written):
    """What stands around numbers, and in how many cells."""
    ways = {f"with {k}" if k else "in brackets": n for k, n in written.shapes.symbols().items()}
    alone = {"without a unit": numbers_of(written)}
    counts = Counter(ways | alone).most_common(SHOWN)
    return ", ".join(f"{count:,} {way}" for way, count in counts if count)


def _ambiguous(written):
    """Whether several forms fit all dates, which so are read with days and months swapped."""
    days = [form for form in dates.FORMATS if form[:2] in ("%m", "%d")]
    fits = [form for form in days if written.unread[form] <= 0 and written.cells]
    return {form[:2] for form in fits} == {"%m", "%d"}


def _words(form):
    parts = {
        **{"%m": "month", "%b": "month", "%d": "day", "%Y": "year", "%y": "year"},
        **{"%H": "h", "%M": "min", "%S": "s"},
    }
    for part, word in parts.items():
        form = form.replace(part, word)
    return form
