"""What columns of Arrow may be, whichever file or library they come from."""

import json

import pyarrow as pa
from pyarrow import compute, types

from keras_vabc.data.readers.table_batches.table import check_names, is_row_number


class ArrowColumns:
    """Brings record batches of one schema into the form that a `Table` gives.

    A list of a fixed length of numbers, such as an embedding, becomes a column for each; views of
    texts become texts, and codes of what is neither text nor number, such as dates, those dates;
    all other columns stay as they are, for who reads none of a kind need not mind it. The `schema`
    is that of the result. Raises a `ValueError` for a MultiIndex of pandas.
    """

    def __init__(self, schema, name, received):
        self._name, self._received = name, received
        index = self._index(schema)
        empty = [pa.nulls(0, field.type) for field in schema]
        self.schema = self.of(pa.RecordBatch.from_arrays(empty, names=schema.names)).schema
        self.names = tuple(self.schema.names)
        check_names(self.names, name, received)
        self.index_columns = tuple(c for c in self.names if c in index or is_row_number(c))

    def of(self, batch):
        """A record batch in that form."""
        names, columns = [], []
        for field, column in zip(batch.schema, batch.columns, strict=True):
            for suffix, part in _parts(column, field.type):
                names.append(field.name + suffix)
                columns.append(part)
        return pa.RecordBatch.from_arrays(columns, names=names)

    def _index(self, schema):
        """Names of the columns that are an index of pandas."""
        try:
            facts = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
            index = [c for c in facts.get("index_columns", ()) if isinstance(c, str)]
            deep = len(facts.get("column_indexes") or ()) > 1
        except (ValueError, AttributeError, TypeError):  # whoever wrote that
            return set()
        if deep or len(index) > 1:
            where = "in the names of its columns" if deep else "as its index: reset_index() helps"
            raise ValueError(
                f"{self._name} must have one name for each column and row. Received: "
                f"{self._received}, with a MultiIndex {where}."
            )
        return set(index)


def _is_vector(kind):
    number = types.is_fixed_size_list(kind) and kind.value_type
    return number and (types.is_integer(number) or types.is_floating(number))


def _is_word(kind):
    texts = types.is_string(kind) or types.is_large_string(kind)
    return texts or types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def _is_view(kind):
    return str(kind) == "string_view"


def _parts(column, kind):
    """Pairs of what follows the column's name, and the column that gets it."""
    if _is_vector(kind):
        for place in range(kind.list_size):
            yield f"[{place}]", compute.list_element(column, place)
    elif types.is_dictionary(kind) and _is_view(kind.value_type):
        yield "", column.cast(pa.dictionary(kind.index_type, pa.large_string()))
    elif types.is_dictionary(kind) and not _is_word(kind.value_type):
        yield "", column.dictionary_decode()
    else:
        yield "", column.cast(pa.large_string()) if _is_view(kind) else column
