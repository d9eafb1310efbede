"""Both folds as tables: what their columns are, and the readers of their rows as codes."""

from keras_vabc.data.columns.find import find_columns
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.data.readers.rewriting import form_of, rewritten
from keras_vabc.data.readers.typed_tables import TypedReader, named_as, open_any_table
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.vectors import check_width


def typed_readers(data, max_unreadable, columns=None, overrides=None):
    """`(readers, columns)` of a dict of both folds, of which the unlabeled one is a table.

    `columns` are those of an earlier run, or `None` to find them, with what somebody knows better,
    `overrides`. Raises a `ValueError` as `open_table` and `find_columns` do.
    """
    tables = {
        name: open_any_table(x, name, max_unreadable, lambda x=x, name=name: open_reader(x, name))
        for name, x in data.items()
    }
    if columns is None:
        columns = _found(tables, overrides, max_unreadable)
    readers = {n: TypedReader(table, columns, max_unreadable) for n, table in tables.items()}
    return readers, columns


def _found(tables, overrides, max_unreadable):
    """The `Columns` of the tables of both folds."""
    unlabeled, unwanted = tables["unlabeled"], tables["unwanted"]
    own = [name for name in unlabeled.names if name not in unlabeled.index_columns]
    named = (unlabeled.names, own) if unlabeled.has_names else ()
    if named and not unwanted.has_names and len(unwanted.names) not in map(len, named):
        spec = DataSpec("vectors", (len(own),), "float32")
        check_width((len(unwanted.names),), spec, unwanted.name)
    own, other = form_of(unwanted), form_of(unlabeled)
    batches = named_as(unwanted, *named)
    if None not in (own, other) and own != other:
        batches = rewritten(batches, own, other)
    return find_columns(
        unlabeled.batches,
        batches,
        overrides=overrides,
        max_unreadable=max_unreadable,
        has_names=unlabeled.has_names,
        form=other or own,
        received={name: table.received for name, table in tables.items()},
        index=unlabeled.index_columns,
        left_out={name: len(table.unreadable) for name, table in tables.items()},
    )
