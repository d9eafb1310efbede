"""Numbers of a table that writes them in another way than the one it is to be read like."""

import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns.cells import MISSING, MISSING_BESIDE_NUMBERS, is_text, trimmed, without
from keras_vabc.data.columns.number_forms import ADDRESS, FORMS
from keras_vabc.data.columns.units import bare_numbers
from keras_vabc.data.readers.table_batches.table import Batch

NEARLY_ALL = 0.9  # cells of a column of numbers


def form_of(table):
    """One of `FORMS`, of a table of text whose numbers tell it; `None` of any other."""
    dialect = table.dialect
    if dialect is None or not dialect.certain:
        return None
    fits = (f for f in FORMS if f.decimal == dialect.decimal)
    return next(f for f in fits if dialect.thousands in (None, f.thousands))


def rewritten(batches, own, other, names=None):
    """A function that gives batches as `batches()` does, numbers written anew in another form.

    `own` is the `NumberForm` that they have, `names` are the columns of numbers; `None` for those
    that have little else in the first batch.
    """

    def read():
        chosen = names
        for batch in batches():
            chosen = _of_numbers(batch.rows, own) if chosen is None else chosen
            yield Batch(_anew(batch.rows, chosen, own, other), batch.numbers, batch.place)

    return read


def _of_numbers(rows, form):
    pairs = zip(rows.schema.names, rows.columns, strict=True)
    return [name for name, cells in pairs if is_text(cells.type) and _is_number(cells, form)]


def _is_number(cells, form):
    values = without(trimmed(cells), [*MISSING, *MISSING_BESIDE_NUMBERS]).drop_null()
    bare = bare_numbers(values)
    addresses = form.thousands == "." and 2 * _fits(bare, ADDRESS) > len(values)
    return _fits(bare, form.pattern) >= NEARLY_ALL * len(values) and not addresses


def _fits(cells, pattern):
    return pc.sum(pc.match_substring_regex(cells, pattern)).as_py() or 0


def _anew(rows, names, own, other):
    arrays = [
        own.rewritten(cells, other) if name in names and is_text(cells.type) else cells
        for name, cells in zip(rows.schema.names, rows.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)
