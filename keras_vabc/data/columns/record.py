"""`columns.json`: what is known of the columns, as a person and a later command read it."""

import json
from dataclasses import asdict, fields

import numpy as np

from keras_vabc.data.checks import first_line
from keras_vabc.data.columns.column import TYPES, Column
from keras_vabc.data.columns.grain import Grain
from keras_vabc.data.columns.number_codes import NumberCodes
from keras_vabc.data.columns.number_forms import NumberForm
from keras_vabc.data.columns.reading import Reading
from keras_vabc.data.columns.units import Unit
from keras_vabc.data.columns.word_codes import WordCodes

VERSION = 1
INFINITY = float("inf")
PLAIN_FIELDS = (  # of a column, in the order in which a person reads them
    *("name", "type", "rows", "missing", "distinct", "decimals", "resolution", "value"),
    *("missing_word", "truths", "written", "why", "stored", "ticks"),
)
DEFAULTS = {own.name: own.default for own in fields(Column)}
CODINGS = {"numbers": NumberCodes, "words": WordCodes}


def columns_to_json(columns, has_names):
    """A text of JSON: a line a fact, the columns one after another."""
    head = {"version": VERSION, "has_names": has_names}
    lines = [f"  {_line(key, value)}," for key, value in head.items()]
    parts = [_column_lines(column) for column in columns]
    return "\n".join(["{", *lines, '  "columns": [', ",\n".join(parts), "  ]", "}"]) + "\n"


def columns_from_json(text):
    """`(columns, has_names)` of a text of `columns_to_json`; a `ValueError` if it is none."""
    try:
        record = json.loads(text)
        if record["version"] != VERSION:
            raise ValueError(f"its version is {record['version']}")
        return tuple(map(_column, record["columns"])), bool(record["has_names"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"columns must be what a run stores in columns.json. Received: {first_line(error)}."
        ) from None


def overrides_from_json(text):
    """What a person says in a file: `{"income": "category"}`, or a `columns.json` that was edited.

    Gives a dict of `types` by column and, of a record, of `missing`, as `Overrides.of` takes it; a
    `ValueError` if the text is neither.
    """
    try:
        record, missing = json.loads(text), {}
        if "columns" in record and isinstance(record["columns"], list):
            missing = _missing_of(record["columns"])
            record = {own["name"]: own["type"] for own in record["columns"]}
        if not all(kind in TYPES for kind in record.values()):
            raise ValueError(f"a type is none of {', '.join(TYPES)}")
        return {"types": dict(record)} | missing
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "columns must be a file of JSON that gives each column a type. "
            f"Received: {first_line(error)}."
        ) from None


def _missing_of(columns):
    """Words that are no value: a list, if that of all columns that are read is one."""
    words = {
        own["name"]: list(map(str, own.get("reading", {}).get("missing", ())))
        for own in columns
        if own["type"] != "dropped"
    }
    alike = len(set(map(tuple, words.values()))) == 1
    found = next(iter(words.values())) if alike else words
    return {"missing": found} if found else {}


def _column_lines(column):
    facts = {key: getattr(column, key) for key in PLAIN_FIELDS}
    kept = {k: v for k, v in facts.items() if k in ("name", "type") or v != DEFAULTS[k]}
    kept |= {"value": str(column.value)} if column.value in (INFINITY, -INFINITY) else {}
    kept["reading"] = _stated(asdict(column.reading))
    if column.codes is not None:
        coding = "numbers" if isinstance(column.codes, NumberCodes) else "words"
        kept[coding] = {k: _listed(getattr(column.codes, k)) for k in _names(CODINGS[coding])}
    body = ",\n".join(f"      {_line(key, value)}" for key, value in kept.items())
    return f"    {{\n{body}\n    }}"


def _names(kind):
    return [own.name for own in fields(kind)]


def _stated(reading):
    """What of a reading is not as usual."""
    usual = asdict(Reading(reading["kind"]))
    return {k: v for k, v in reading.items() if k == "kind" or v != usual[k]}


def _listed(value):
    """What JSON has: lists, infinities as text."""
    if isinstance(value, Grain):
        return asdict(value)
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype == bool:
        return np.flatnonzero(value).tolist()
    return [v if abs(v) < INFINITY else str(v) for v in value.tolist()]


def _column(record):
    facts = {key: record[key] for key in PLAIN_FIELDS if key in record}
    facts.setdefault("stored", None)
    reading = dict(record["reading"])
    if "form" in reading:
        reading["form"] = NumberForm(**reading["form"])
    if "unit" in reading:
        reading["unit"] = Unit(**reading["unit"])
    reading["missing"] = tuple(reading.get("missing", ()))
    if facts["type"] not in TYPES:
        raise ValueError(f"{facts['type']!r} is no type of a column")
    if isinstance(facts.get("value"), str) and reading["kind"] == "number":
        facts["value"] = float(facts["value"])
    if "truths" in facts:
        facts["truths"] = tuple(facts["truths"])
    return Column(**facts, reading=Reading(**reading), codes=_codes(record))


def _codes(record):
    if "words" in record:
        own = record["words"]
        return WordCodes(**{k: tuple(v) if isinstance(v, list) else v for k, v in own.items()})
    if "numbers" not in record:
        return None
    own = dict(record["numbers"])
    own["grain"] = Grain(**own["grain"])
    dtype = own["grain"].values
    own["values"] = np.array([dtype.type(v) for v in own["values"]], dtype)
    own["weights"] = np.array(own["weights"], np.int64)
    own["first"] = np.array(own["first"], np.int64)
    exact = np.zeros(len(own["values"]), bool)
    exact[np.array(own["exact"], np.int64)] = True
    return NumberCodes(**own | {"exact": exact, "atoms": tuple(own["atoms"])})


def _line(key, value):
    return f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
