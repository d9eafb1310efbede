"""Mixed tables that are known by name: files that you name, or OpenML."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_vabc.data.datasets.downloads import answers
from keras_vabc.data.folds import Folds

WANTED, UNWANTED = 0, 1
FRACTION = 0.2  # share of the negatives that are known, in the files too
TEST_SHARE = 1 / 3
FILES = ("unlabeled.csv", "unwanted.csv", "test.csv", "unlabeled_labels.csv", "test_labels.csv")
OPENML = "https://www.openml.org"
NO_SOURCE = (
    "No source of {name!r} answers. Any of these helps: (1) the files {files} in "
    "$KERAS_VABC_DATA/tables/{name}, the labels with the columns row and label{openml}."
)


@dataclass(frozen=True)
class OnOpenml:
    """Where scikit-learn's `fetch_openml` has a table, and which class is unwanted."""

    name: str
    version: int
    unwanted: str


TABLES = {  # None is not on OpenML in this form
    "adult": OnOpenml("adult", 2, ">50K"),
    "beijing": None,
    "german": OnOpenml("credit-g", 1, "bad"),
}


def load_table_folds(name, seed=0) -> Folds:
    """The `Folds` of one of the `TABLES`: structured arrays with a field for each column.

    A field is int64, float64, `datetime64[s]`, or object for texts; NaN, NaT and `None` are missing
    values. Labels are 1 for the negative concept (`"adult"`: incomes above 50,000; `"beijing"`:
    hours with rain or snow; `"german"`: bad risks), and 0.

    The files `$KERAS_VABC_DATA/tables/<name>` hold the folds themselves: a seed only chooses which
    fifth of the negatives of the test set is unwanted. OpenML's table is split by the seed as
    `split_unwanted` does, after a third was set aside for testing, stratified and always the same.

    Raises a `ValueError` if a file is damaged, an `OSError` that says what can be done if no source
    has the table.
    """
    folder = Path(os.environ.get("KERAS_VABC_DATA") or os.devnull, "tables", name)
    if folder.is_dir():
        parts, source = _of_files(folder), f"the files in {folder}"
    else:
        parts, source = _of_openml(name), "OpenML"
    if parts is None:
        openml = "; (2) a network that reaches OpenML" if TABLES[name] else ""
        raise OSError(NO_SOURCE.format(name=name, files=", ".join(FILES), openml=openml))
    print(f"keras_vabc: {name} comes from {source}.", file=sys.stderr)
    train_seed, test_seed = np.random.SeedSequence(seed).spawn(2)
    if len(parts) == 4:  # x, labels, x_test, labels_test
        training = _split(*parts[:2], train_seed)
    else:
        unlabeled, labels, unwanted = parts[:3]
        training = unlabeled, unwanted, labels, np.full(len(unwanted), UNWANTED)
    testing = _split(*parts[-2:], test_seed)
    return Folds(
        *training[:2],
        *testing[:2],
        *training[2:],
        *testing[2:],
        name=name,
        negative_class=UNWANTED,
        fraction=FRACTION,
        seed=int(seed),
    )


def _split(x, labels, seed):
    """Unlabeled and unwanted rows, then the labels of each."""
    draws = np.random.default_rng(seed).random(len(x))
    known = (labels == UNWANTED) & (draws < FRACTION)
    return x[~known], x[known], labels[~known], labels[known]


def _of_files(folder):
    import pyarrow as pa

    tables = [_read(folder / file) for file in FILES]
    joined = pa.concat_tables(tables[:3], promote_options="permissive")  # to one type a column
    rows = _structured({name: joined[name].to_numpy() for name in joined.column_names})
    unlabeled, unwanted, test = np.split(rows, np.cumsum([len(table) for table in tables[:2]]))
    labels = _labels(tables[3], len(unlabeled), folder / FILES[3])
    return unlabeled, labels, unwanted, test, _labels(tables[4], len(test), folder / FILES[4])


def _read(path):
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True)
    try:
        return csv.read_csv(path, convert_options=options)
    except FileNotFoundError:
        raise ValueError(f"{path} must exist. Received: no file.") from None
    except pa.ArrowException as error:
        raise ValueError(f"{path} must be a CSV file. Received: {error}.") from None


def _labels(table, count, path):
    named = {"row", "label"} <= set(table.column_names)
    if not named or table["row"].to_pylist() != list(range(count)):
        raise ValueError(
            f"{path} must have the columns row and label, and a line for each of {count} rows. "
            f"Received: {len(table)} lines with the columns {table.column_names}."
        )
    return np.where(table["label"].to_numpy() == "unwanted", UNWANTED, WANTED)


def _structured(columns):
    kinds = [(name, column.dtype) for name, column in columns.items()]
    rows = np.empty(len(next(iter(columns.values()))), kinds)
    for name, column in columns.items():
        rows[name] = column
    return rows


def _of_openml(name):
    """`(x, labels, x_test, labels_test)`; `None` if the table is not there, or OpenML not."""
    from sklearn.datasets import fetch_openml, get_data_home
    from sklearn.model_selection import train_test_split

    known = TABLES[name]
    if known is None or not (Path(get_data_home(), "openml").is_dir() or answers(OPENML)):
        return None
    try:
        found = fetch_openml(known.name, version=known.version, as_frame=False, parser="liac-arff")
    except OSError:  # of the network, while other tables are in scikit-learn's cache
        return None
    columns = zip(found.feature_names, found.data.T, strict=True)
    x = _structured(
        {
            column.replace("-", "_"): _decoded(cells, found.categories.get(column))
            for column, cells in columns
        }
    )
    labels = np.where(found.target == known.unwanted, UNWANTED, WANTED)
    x, x_test, labels, labels_test = train_test_split(
        x, labels, test_size=TEST_SHARE, stratify=labels, random_state=0
    )
    return x, labels, x_test, labels_test


def _decoded(cells, categories):
    """A column as it was before scikit-learn wrote its categories as numbers."""
    cells = cells.astype("float64")
    missing = np.isnan(cells)
    if categories is not None:
        texts = np.array([*categories, None], object)
        return texts[np.where(missing, len(categories), cells).astype(int)]
    return cells.astype("int64") if not missing.any() and (cells % 1 == 0).all() else cells
