"""Options that say what the columns of a table are."""

import csv
from pathlib import Path
from typing import Annotated

import typer

Columns = Annotated[
    Path | None,
    typer.Option(help="JSON of types of columns, such as an edited columns.json of a run."),
]
Column = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=TYPE", help="Such as income=category; again for each column."),
]
Drop = Annotated[list[str] | None, typer.Option(metavar="NAME,...", help="Columns to leave out.")]
Id = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME,...", help="Columns that name the rows: they do not train."),
]
Missing = Annotated[
    list[str] | None, typer.Option(metavar="WORD", help="Cell that is no value, such as -999.")
]


def names_of(texts):
    """Names of columns, each text several with commas between; one that has a comma is quoted."""
    return list(dict.fromkeys(name for own in csv.reader(texts or ()) for name in own))


def column_overrides(file, types, drop, ids, missing):
    """What the options say of columns, as `train` takes it; `None` if they say nothing."""
    from keras_vabc.data.columns.record import overrides_from_json
    from keras_vabc.files.bounds import read_text_file

    said = {} if file is None else overrides_from_json(read_text_file(file))
    for text in types or ():
        name, equals, kind = text.rpartition("=")
        if not equals or not name:
            raise ValueError(f"column must be NAME=TYPE. Received: column={text}.")
        said.setdefault("types", {})[name] = kind
    known = said.get("missing", [])
    if isinstance(known, dict):
        known = {name: [*words, *(missing or ())] for name, words in known.items()}
    else:
        known = [*known, *(missing or ())]
    given = {**said, "drop": names_of(drop), "id": names_of(ids), "missing": known}
    return {name: value for name, value in given.items() if value} or None
