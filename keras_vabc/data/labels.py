"""Labels that somebody has given to unlabeled examples."""

import csv
import os
from pathlib import Path

import numpy as np

from keras_vabc.data.ids import from_cell, is_formula
from keras_vabc.data.readers.numpy_files import map_array


def read_labels(labels, ids, notes=None):
    """Reads the label of each example with these ids: a string, or `None` where it has none.

    Labels are the path of a CSV file with the columns `id` and `label`, in any order and not
    necessarily of all examples; or of a `.npy` file of whole numbers, one for each example, in
    their order; or an array of those or of strings, in which `None` and NaN are no label. The ids
    are written as `as_cell` does, or as they are, in upper and lower case as in the data. A list of
    `notes` gets a line on ids that are none of the data.

    Raises a `ValueError` if the file is of another kind, damaged, gives an id two labels, or none
    of its ids is one of the data, an `OSError` if it cannot be read.
    """
    if not isinstance(labels, str | os.PathLike):
        return [_name(label) for label in _one_each(np.asarray(labels), len(ids), "buifUO")]
    path = Path(labels)
    if path.suffix.lower() == ".npy":
        return list(map(str, _one_each(_read_array(path), len(ids), "iu")))
    if path.suffix.lower() != ".csv":
        raise ValueError(f"labels must be a .csv or .npy file. Received: labels={path}.")
    found = _read_table(path)
    others = len(found.keys() - set(ids))
    if others == len(found):
        raise ValueError(
            f"labels must name ids of the unlabeled data, such as {next(iter(ids), None)!r}. "
            f"Received: {', '.join(map(repr, list(found)[:3])) or 'none'}."
        )
    if others and notes is not None:
        notes.append(f"{others:,} of {len(found):,} ids in the labels are none of the data.")
    return [found.get(name) for name in ids]


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
    return str(label).strip() or None


def _read_table(path):
    """Dict from id to label."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            found = _labels_by_id(csv.reader(file, delimiter=delimiter, strict=True))
    except (ValueError, csv.Error) as error:
        reason = "it is no UTF-8" if isinstance(error, UnicodeError) else error
        raise ValueError(
            f"labels must be a CSV file with the columns id and label. Received: {path} ({reason})."
        ) from None
    if any(map(is_formula, found)):
        return found
    return {from_cell(cell): label for cell, label in found.items()}


def _delimiter(line):
    """What stands between the names of the columns."""
    for delimiter in ",;\t":
        names = next(csv.reader([line], delimiter=delimiter), [])
        if {"id", "label"} <= set(names):
            return delimiter
    names = next(csv.reader([line]), [])
    raise ValueError(f"its columns are {names}")


def _labels_by_id(lines):
    """Dict from id to label; the first line has the names of the columns."""
    names, found = next(lines), {}
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(names):
            raise ValueError(
                f"line {lines.line_num} has {len(cells)} cells, the first one {len(names)}"
            )
        row = dict(zip(names, cells, strict=True))
        label = row["label"].strip() or None
        if found.setdefault(row["id"], label) != label:
            raise ValueError(f"line {lines.line_num} gives {row['id']!r} another label than before")
    return found
