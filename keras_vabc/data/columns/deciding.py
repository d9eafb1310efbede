"""What a column is, and how its values are coded, by what was counted over all rows."""

import math
from dataclasses import replace

import pyarrow as pa

from keras_vabc.data.columns import dates, kinds
from keras_vabc.data.columns.column import TRAINED, Column
from keras_vabc.data.columns.grain import Grain
from keras_vabc.data.columns.number_codes import number_codes
from keras_vabc.data.columns.reading import TRUE, type_named
from keras_vabc.data.columns.summary import fits_in_int64
from keras_vabc.data.columns.word_codes import WordCodes, word_codes

CLOCK = "%H:%M:%S"
FLOATS = {"float": "float32", "halffloat": "float16"}


def decided(name, reading, summaries, writings, stored, overrides):
    """The `Column` of what was counted in each fold."""
    first, every = summaries["unlabeled"], list(summaries.values())
    missing = writings["unlabeled"].missing
    example = next((own.example for own in writings.values() if own.example is not None), None)
    if reading.kind == "number" and not reading.whole and all(map(_is_whole, every)):
        reading = replace(reading, whole=True)
    kind, why = kinds.type_of(name, reading, every, stored)
    kind = overrides.checked(name, kind, reading, every)
    column = Column(
        name=name,
        type=kind,
        stored=None if stored is None else str(stored),
        reading=reading,
        rows=first.rows,
        missing=first.missing,
        distinct=first.distinct.count,
        why="" if name in overrides.types else why,
        missing_word=missing.most_common(1)[0][0] if missing else "",
    )
    if kind == "boolean":
        column = _with_truths(column, every, first)
    elif kind == "category":
        column = replace(column, codes=word_codes(first))
    elif kind == "datetime":
        column = _with_times(column, every, first, example)
    elif kind in TRAINED:
        column = _with_numbers(column, every, first)
    elif kind == "constant":
        column = _with_value(column, first, every, example)
    return column


def _is_whole(summary):
    return summary.present == 0 or fits_in_int64(summary)


def _with_truths(column, summaries, first):
    false, true = kinds.truths_of(summaries) or ("false", "true")
    codes = word_codes(first)
    named = tuple("true" if word.lower() in TRUE else "false" for word in codes.words)
    codes = WordCodes(named, codes.counts_of_words, missing=codes.missing)
    reading = replace(column.reading, kind="truth")
    return replace(column, reading=reading, codes=codes, truths=(false, true))


def _with_times(column, summaries, first, example):
    divisor = math.gcd(*(own.divisor for own in summaries))
    kind = type_named(column.reading.time)
    resolution, ticks = dates.resolution_of(divisor, kind)
    form = column.reading.dates or (CLOCK if pa.types.is_time(kind) else None)
    written = dates.written_form(form, example, resolution)
    codes = number_codes(first, Grain("int64"), ticks)
    return replace(column, codes=codes, resolution=resolution, ticks=ticks, written=written)


def _with_numbers(column, summaries, first):
    if column.reading.whole:
        grain, decimals = Grain("int64"), 0
    else:
        found = [own.decimals for own in summaries]
        decimals = None if None in found else max(found)
        grain = Grain(FLOATS.get(column.stored, "float64"), decimals)
    return replace(column, decimals=decimals, codes=number_codes(first, grain))


def _with_value(column, first, summaries, example):
    if column.reading.kind == "date":
        column = _with_times(column, summaries, first, example)
    value = None
    if first.present:
        value = first.words.sorted()[0][0] if first.words else first.ends[0].item()
    if column.reading.whole and value is not None:
        value = int(value)
    return replace(column, value=value, codes=None)
