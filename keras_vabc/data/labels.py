"""Labels that somebody has given to unlabeled examples."""

import os
import sys
from pathlib import Path

import numpy as np

from keras_vabc.data.named_cells import Unfit, read_named
from keras_vabc.data.readers.numpy_files import map_array
from keras_vabc.files.bounds import check_regular


def read_labels(labels, ids, notes=None):
    """Reads the label of each example with these ids: a string, or `None` where it has none.

    The ids, each another one, may come from an iterator: none of them is kept. Pairs of an id and
    the number of the row as text tell which row of a table it is.
    Labels are the path of a CSV file with the columns `id` and `label`, in any order and not
    necessarily of all examples, or `row` instead of `id`, which counts the examples from 0; or of a
    `.npy` file of whole numbers, one for each example, in their order; or an array of those or of
    strings, in which `None` and NaN are no label. The ids are written as `as_cell` does, or as they
    are, in upper and lower case and with the spaces that they have in the data; an empty one names
    no example. A list of `notes` gets a line on ids that are none of the data.

    Raises a `ValueError` if the file is of another kind, damaged, gives an id two labels, or none
    of its ids is one of the data, an `OSError` if it cannot be read.
    """
    if not isinstance(labels, str | os.PathLike):
        return [_name(label) for label in _one_each(np.asarray(labels), _count(ids), "buifUO")]
    path = Path(labels)
    if path.suffix.lower() not in (".csv", ".npy"):
        raise ValueError(f"labels must be a .csv or .npy file. Received: labels={path}.")
    check_regular(path)
    if path.suffix.lower() == ".npy":
        return [_name(label) for label in _one_each(_read_array(path), _count(ids), "iu")]
    key, found = _read_table(path)
    known, first, names = 0, None, []
    for place, name in enumerate(ids):
        name, row = name if isinstance(name, tuple) else (name, str(place))
        name = row if key == "row" else name
        first = first or name
        known += name in found
        names.append(found.get(name))
    if not known:
        raise ValueError(
            f"labels must name {key}s of the unlabeled data, such as {first!r}. "
            f"Received: {', '.join(map(repr, list(found)[:3])) or 'none'}."
        )
    if known < len(found) and notes is not None:
        others = len(found) - known
        notes.append(f"{others:,} of {len(found):,} {key}s in the labels are none of the data.")
    return names


def _count(ids):
    return sum(1 for _ in ids)


def _read_array(path):
    try:
        return map_array(path)[0]
    except OSError:
        raise
    except Exception as error:  # parsers of damaged files raise anything
        raise ValueError(f"labels must be a whole .npy file. Received: {path} ({error}).") from None


def _one_each(array, count, kinds):
    if array.shape != (count,) or array.dtype.kind not in kinds:
        what = "whole numbers" if kinds == "iu" else "whole numbers or strings"
        raise ValueError(
            f"labels must be {count} {what}, one for each unlabeled example. "
            f"Received: shape {array.shape}, dtype {array.dtype}."
        )
    return array


def _name(label):
    """A label of an array as text; `None` for what pandas and NumPy call missing."""
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(label, float | np.floating):
        if np.isnan(label):
            return None
        if label != int(label):
            raise ValueError(f"labels must be whole numbers or strings. Received: {label!r}.")
        label = int(label)
    return sys.intern(str(label).strip()) or None  # once each, for there are few


def _read_table(path):
    """The name of the column that names the examples, and a dict from it to the label."""
    return read_named(path, "labels", ("label",), lambda row: _name(row["label"]), _one_label)


def _one_label(before, label):
    if label != before:
        raise Unfit("another label than before")
    return label
