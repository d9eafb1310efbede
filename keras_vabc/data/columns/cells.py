"""Cells of a table as they come from a reader, made comparable: text, missing ones, casts."""

import pyarrow as pa
import pyarrow.compute as pc

# In any column; `None` and the like are words of text columns, too, and no value in the others.
MISSING = (
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "Null", "null", "\\N"),
    *("NaN", "nan", "NAN", "-nan", "NaT", "-", "--", "?"),
)
MISSING_BESIDE_NUMBERS = (
    *("None", "none", "NONE", "nil", ".", "...", "n.a.", "N.A.", "na"),
    *("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "0000-00-00", "0000-00-00 00:00:00"),
)
READ = (
    *(pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating),
    *(pa.types.is_decimal, pa.types.is_date, pa.types.is_timestamp, pa.types.is_time),
    pa.types.is_duration,
)


def is_text(kind):
    """Whether a type of Arrow holds text."""
    return str(kind) in ("string", "large_string", "string_view")


def is_read(kind):
    """Whether cells of a type of Arrow are values: no lists, no bytes without a meaning."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return is_text(kind) or any(test(kind) for test in READ)


def check_types(schema, columns, name, received):
    """Refuses columns, by name or number, whose cells are not read."""
    for column in columns:
        field = schema.field(column)
        if not is_read(field.type):
            raise ValueError(
                f"{name} must hold one number, text, truth value, date or time in each cell. "
                f"Received: {received}, whose column {field.name!r} is of type {field.type}: drop "
                "it, or give its values columns of their own."
            )


def plain(array):
    """The cells of a column as one array: text, int64, float64 or a kind of time; NaN is null.

    What no number of 64 bits holds, and truth values, are text.
    """
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_floating(kind):
        array = pc.cast(array, pa.float64())
        return pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    if pa.types.is_duration(kind) or (pa.types.is_integer(kind) and kind != pa.uint64()):
        return pc.cast(array, pa.int64())
    if pa.types.is_temporal(kind):
        return array
    return trimmed(array if is_text(kind) else pc.cast(array, pa.string()))


def trimmed(text):
    """Text without the space around it."""
    return pc.utf8_trim_whitespace(pc.cast(text, pa.string()))


def without(array, words):
    """An array where cells that equal one of some words are null."""
    found = pc.is_in(array, value_set=pa.array(words, array.type))
    return pc.if_else(found, pa.scalar(None, array.type), array) if pc.any(found).as_py() else array


def cast_or_null(array, kind):
    """A cast where the cells that it refuses become null; quick while these are few."""
    try:
        return pc.cast(array, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(array) == 1:
            return pa.nulls(1, kind)
    half = len(array) // 2
    parts = [cast_or_null(part, kind) for part in (array[:half], array[half:])]
    return pa.concat_arrays(parts)


def mask(booleans):
    """A boolean array of Arrow as one of NumPy; null is false."""
    return pc.fill_null(booleans, False).to_numpy(zero_copy_only=False)
