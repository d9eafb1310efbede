"""Names of the columns of tables that a `VABC` was fit on, by which it finds those of others."""

import json
from pathlib import Path

from keras_vabc.data.frames import has_names, joined_numbers, numbers_by_name
from keras_vabc.files.bounds import read_text_file

FILE = "column_names.json"  # among the assets of a `.keras` file


def taken(model, x):
    """`x` of a `fit` as Keras takes it; the model keeps the names of its columns, if it has any."""
    names = getattr(x, "column_names", None)
    if has_names(x):
        (x,), names = joined_numbers(x=x)
    if names is not None:
        model.column_names = tuple(names)
    return x


def numbers_of(model, x, name="x"):
    """`x` as an array, the columns of a table in the order in which the model was fit on them."""
    return numbers_by_name(x, name, getattr(model, "column_names", None))


def save_assets(model, folder):
    """Writes the names, as Keras asks for what is no number of a model."""
    if getattr(model, "column_names", None) is not None:
        Path(folder, FILE).write_text(json.dumps(model.column_names), "utf-8")


def load_assets(model, folder):
    """Reads what `save_assets` wrote."""
    path = Path(folder, FILE)
    if path.is_file():
        model.column_names = tuple(map(str, json.loads(read_text_file(path))))
