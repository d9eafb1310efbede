"""Finding out what the columns of both folds are, from all rows of both."""

from collections import Counter
from dataclasses import replace

import pyarrow as pa

from keras_vabc.data.columns.bad_rows import BadRows
from keras_vabc.data.columns.cells import check_types, is_text
from keras_vabc.data.columns.choosing import reading_of, table_form, unit_of
from keras_vabc.data.columns.column import Column
from keras_vabc.data.columns.deciding import decided
from keras_vabc.data.columns.notes import column_notes, unread_notes
from keras_vabc.data.columns.overrides import Overrides
from keras_vabc.data.columns.reading import Reading, check_zones
from keras_vabc.data.columns.refusals import (
    check_dates,
    check_mixed,
    check_rows,
    check_trained,
    check_unread,
)
from keras_vabc.data.columns.rows import placed
from keras_vabc.data.columns.summary import Summary
from keras_vabc.data.columns.table import Columns
from keras_vabc.data.columns.units import NO_UNIT
from keras_vabc.data.columns.writings import Writing, are_truths, joined, without_units
from keras_vabc.data.vectors import some

WANTED = {"numeric": "number", "whole": "number", "datetime": "date"}  # all others: text
INDEX = "numbers or names of rows, which no column was to hold"


def find_columns(
    unlabeled,
    unwanted,
    *,
    overrides=None,
    max_unreadable=0.01,
    has_names=True,
    form=None,
    received=None,
    index=(),
    left_out=None,
):
    """Finds the type of each column, its encoding, and what a user should know of it.

    Each fold is read twice. Types are found in both folds; what is stored of values, their range,
    categories and distribution, is of the unlabeled fold alone.

    Args:
        unlabeled: A function that gives an iterator over the batches of the fold, as `placed` takes
            them.
        unwanted: That of the unwanted fold.
        overrides: Dict of what somebody knows better, as `Overrides` takes it.
        max_unreadable: Largest share of a fold's rows of which a cell may be no value of its
            column, those that were left out before included.
        has_names: Whether both folds name their columns, which joins them; else their places do.
        form: `NumberForm` of numbers that are text, if it is known; `None` to find it out.
        received: Dict of what was given for each fold, for errors, such as `"unwanted=w.csv"`.
        index: Names of columns that nobody chose to have, as in `Table`: ids, if nothing else is
            said of them.
        left_out: Dict of the number of rows of each fold that its reader leaves out.

    Returns:
        `Columns`.

    Raises:
        ValueError: If the folds have no columns in common, one has two of one name, or holds more
            than one value in a cell; if types contradict each other; if nothing is left to train.
    """
    said = Overrides.of(overrides)
    overrides = replace(said, types=dict.fromkeys(index, "id") | said.types)
    folds = {"unlabeled": unlabeled, "unwanted": unwanted}
    schemas = {name: _schema(batches, name) for name, batches in folds.items()}
    chosen = _chosen(schemas, has_names, overrides)
    places = {name: _places(schemas, name, has_names, chosen) for name in folds}
    received = received or {name: name for name in folds}
    for name in folds:
        check_types(schemas[name], places[name].values(), name, received[name])
    unread = {name: BadRows((left_out or {}).get(name, 0)) for name in folds}
    writings = {
        name: _gathered(name, folds[name], places[name], lambda c: Writing(overrides.missing_of(c)))
        for name in folds
    }
    readings = _readings(writings, overrides, max_unreadable, form)
    for name in folds:
        pairs = [(readings[column], place) for column, place in places[name].items()]
        check_zones(schemas[name], pairs, name, received[name])
    stored = {c: _stored(schemas["unlabeled"].field(places["unlabeled"][c]).type) for c in chosen}
    summaries = {
        name: _gathered(
            name,
            folds[name],
            places[name],
            lambda c: Summary(readings[c], stored[c]),
            unread[name],
        )
        for name in folds
    }
    found = []
    for name in _names(schemas["unlabeled"], has_names):
        if name in overrides.drop:
            found.append(Column(name, "dropped", None, Reading("text")))
            continue
        own = {fold: summaries[fold][name] for fold in folds if name in summaries[fold]}
        written = {fold: writings[fold][name] for fold in own}
        if name in overrides.types:
            check_unread(name, readings[name], own, max_unreadable, received, unread)
        else:
            check_mixed(name, readings[name], written["unlabeled"])
            check_dates(name, readings[name], written["unlabeled"])
        column = decided(name, readings[name], own, written, stored[name], overrides)
        if column.type == "id":
            column = _as_id(column, INDEX if name in index and name not in said.types else None)
        else:
            check_unread(name, readings[name], own, max_unreadable, received, unread)
        found.append(column)
    check_trained(found, places["unwanted"])
    check_rows(found, summaries, unread, max_unreadable, received)
    extra = set(schemas["unwanted"].names) - set(schemas["unlabeled"].names) if has_names else ()
    notes = column_notes(found, writings, extra) + unread_notes(found, summaries)
    return Columns(tuple(found), has_names=has_names, notes=tuple(notes))


def _as_id(column, why):
    """An id is carried along as it is written; `why` it is one, `None` for what was found."""
    reading = Reading("text", missing=column.reading.missing)
    return replace(column, reading=reading, why=column.why if why is None else why)


def _schema(batches, name):
    schema = next((rows.schema for rows, _, _ in placed(batches())), None)
    if schema is None or len(schema) == 0:
        raise ValueError(f"{name} must hold a table with columns. Received: none.")
    twice = [column for column, count in Counter(schema.names).items() if count > 1]
    if twice:
        raise ValueError(
            f"{name} must name each of its columns once. Received: {some(map(repr, twice))} twice."
        )
    return schema


def _names(schema, has_names):
    return schema.names if has_names else [str(place) for place in range(len(schema))]


def _chosen(schemas, has_names, overrides):
    """Names of the unlabeled fold's columns that are not dropped."""
    names = _names(schemas["unlabeled"], has_names)
    overrides.check(names)
    others = schemas["unwanted"]
    if not has_names and len(others) != len(names):
        raise ValueError(
            f"unwanted must have {len(names)} columns, as unlabeled has, since they have no names. "
            f"Received: {len(others)}."
        )
    if has_names and not set(names) & set(others.names):
        raise ValueError(
            "unlabeled and unwanted must have columns in common. Received: "
            f"{some(map(repr, names))}, and {some(map(repr, others.names))}."
        )
    return [name for name in names if name not in overrides.drop]


def _places(schemas, fold, has_names, chosen):
    """Name or number of the column of a fold for each name, of those that it has."""
    names = _names(schemas[fold], has_names)
    return {name: name if has_names else names.index(name) for name in chosen if name in names}


def _gathered(fold, batches, places, new, unread=None):
    """For each column what `new(name)` gives, after all cells of a fold were added to it.

    `BadRows` count the rows with a cell that it could not read.
    """
    gathered = {name: new(name) for name in places}
    for rows, _, place in placed(batches()):
        bad = {}
        for name, column in places.items():
            if column == name and name not in rows.schema.names:
                raise ValueError(
                    f"{fold} must have the same columns in all its parts. Received: one without "
                    f"{name!r}."
                )
            bad[name] = gathered[name].add(rows.column(column), place)
        if unread is not None:
            unread.add({name: own for name, own in bad.items() if own.any()}, len(rows))
    return gathered


def _readings(writings, overrides, allowed, form):
    """The `Reading` of each column: of the kind that the unlabeled fold has, if it has values."""
    pooled = {
        name: joined([own[name] for own in writings.values() if name in own])
        for name in writings["unlabeled"]
    }
    form = table_form(pooled.values(), allowed) if form is None else form
    readings = {}
    for name, written in pooled.items():
        wanted, missing = overrides.types.get(name), overrides.missing_of(name)
        wanted = WANTED.get(wanted, "text") if wanted not in (None, "constant") else None
        first = writings["unlabeled"][name]
        if wanted is None and are_truths([written]):
            wanted = "text"  # one fold may have 0 and 1 for them
        unit = NO_UNIT
        if wanted in (None, "number"):
            own = first if first.present else written
            unit = unit_of(own, form, allowed, said=wanted is not None)
        if unit != NO_UNIT:
            first, written = without_units(first), without_units(written)
        if wanted is None and first.present:
            wanted = reading_of(first, form, allowed, missing).kind
        reading = reading_of(written, form, allowed, missing, wanted)
        decimals = own.shapes.decimals(reading.form.decimal) if unit != NO_UNIT else None
        readings[name] = replace(reading, unit=replace(unit, decimals=decimals))
    return readings


def _stored(kind):
    """Type of Arrow, `None` of text."""
    return None if is_text(kind) or pa.types.is_null(kind) else kind
