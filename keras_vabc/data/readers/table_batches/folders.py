"""Reading folders of tables, as Spark, Dask and daily exports leave them."""

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from keras_vabc.data.checks import first_line
from keras_vabc.data.readers.table_batches.dialect import settle
from keras_vabc.data.readers.table_batches.table import Batch, open_table_file, table_suffix
from keras_vabc.data.unreadable import Unreadable
from keras_vabc.data.vectors import some


class FolderTable:
    """The `Table` of all table files in a folder, one after the other in the order of their names.

    Names that begin with `.` or `_` are passed over, as Spark means them. The first file gives the
    order of the columns. Raises a `ValueError` if there are no tables, the columns of two differ,
    there are folders in it, or more than the share `max_unreadable` of all rows are unreadable, an
    `OSError` if one cannot be read.
    """

    def __init__(self, folder, name, max_unreadable=0.0):
        self.name, self.received = name, f"{name}={folder}"
        paths = self._paths(folder)
        self._tables = {path.name: open_table_file(path, name, 1.0) for path in paths}
        tables = list(self._tables.values())
        self.names, self.has_names = tables[0].names, tables[0].has_names
        self.schema = self._schema()
        self.index_columns = tables[0].index_columns
        self.count = sum(table.count for table in tables)
        self.notes = [f"{name}: {len(tables):,} files, from {paths[0].name} to {paths[-1].name}."]
        self.notes += list(dict.fromkeys(note for table in tables for note in table.notes))
        self._gather_unreadable(max_unreadable)
        self.dialect = self._dialect()

    def batches(self):
        """As in `Table`."""
        first = 0
        for file, table in self._tables.items():
            for batch in table.batches():
                rows = self._cast(batch.rows, file)
                yield Batch(rows, first + batch.numbers, _in(file, batch.place))
            first += table.count

    def _paths(self, folder):
        shown = [p for p in sorted(Path(folder).iterdir()) if not p.name.startswith((".", "_"))]
        paths = [path for path in shown if path.is_file() and table_suffix(path)]
        kinds = {table_suffix(path) for path in paths}
        inside = [path.name for path in shown if path.is_dir()]
        if len(kinds) != 1 or inside:
            found = f"of {', '.join(sorted(kinds)) or 'no tables'}"
            found = f"with the folder {inside[0]!r} in it" if inside else found
            raise ValueError(
                f"{self.name} must be a folder of tables of one kind, none of them in a folder of "
                f"its own. Received: {self.received}, {found}."
            )
        return paths

    def _schema(self):
        """The schema of all files, types that differ brought together where nothing is lost."""
        schemas = []
        for file, table in self._tables.items():
            other = sorted(set(table.names) ^ set(self.names))
            if other or table.has_names != self.has_names:
                found = f"some have {some(map(repr, other))}" if other else "some have no names"
                raise self._unlike(file, found)
            try:
                schemas.append(pa.schema([table.schema.field(column) for column in self.names]))
                joined = pa.unify_schemas(schemas[-2:], promote_options="permissive")
            except pa.ArrowException as error:
                raise self._unlike(file, first_line(error)) from None
            schemas[-1] = joined
        return schemas[-1]

    def _cast(self, rows, file):
        columns = []
        for field in self.schema:
            try:
                columns.append(rows.column(field.name).cast(field.type))
            except pa.ArrowException as error:
                raise self._unlike(file, f"column {field.name!r}, {first_line(error)}") from None
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _unlike(self, file, found):
        return ValueError(
            f"{self.name} must have the same columns in all files. Received: {self.received}, "
            f"{next(iter(self._tables))} and {file}: {found}."
        )

    def _gather_unreadable(self, most):
        self.unreadable = Unreadable()
        for file, table in self._tables.items():
            for place, reason in table.unreadable:
                self.unreadable.add(f"{file}, {place}", reason)
        if len(self.unreadable) > most * self.count:
            raise ValueError(
                f"{self.name} must have rows of one length. Received: {self.received}, with "
                f"{len(self.unreadable):,} others of {self.count:,}: {self.unreadable.first()}."
            )

    def _dialect(self):
        """The dialect of the first file, with the decimals that all have."""
        dialects = settle([table.dialect for table in self._tables.values()])
        if dialects[0] is None:
            return None
        styles = {
            (d.decimal, d.thousands): file for d, file in zip(dialects, self._tables, strict=True)
        }
        if len(styles) > 1:
            raise self._unlike(list(styles.values())[-1], "numbers are written in two ways")
        certain = any(d.certain for d in dialects)
        return replace(dialects[0], certain=certain)


def holds_tables(folder):
    """Whether a folder has table files in it, whatever else."""
    with os.scandir(folder) as entries:
        return any(
            entry.is_file() and table_suffix(entry.name)
            for entry in entries
            if not entry.name.startswith((".", "_"))
        )


def _in(file, place):
    return lambda row: f"{file}, {place(row)}"
