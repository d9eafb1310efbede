"""Data as people have them become folds on disk, and notes say what was mended."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_vabc.data.checks import check_share
from keras_vabc.data.columns.table import Columns
from keras_vabc.data.columns.unseen import Watched
from keras_vabc.data.digests import held_out
from keras_vabc.data.fold_files import CODES, FoldFiles
from keras_vabc.data.folds import PARTS, Folds, own_folds
from keras_vabc.data.levels import decide, rule_notes
from keras_vabc.data.ranges import checked
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.data.readers.reading import examples_of, told_apart
from keras_vabc.data.readers.typed_tables import TypedReader, is_table, open_any_table
from keras_vabc.data.reviewed import Reviewed
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.typed_intake import typed_readers
from keras_vabc.data.vectors import column_notes

__all__ = [
    "DataSpec",
    "Intake",
    "SwappedFolds",
    "held_out",
    "read_blocks",
    "read_examples",
    "read_folds",
    "stored_folds",
]

FOLDS = ("unlabeled", "unwanted")
MOST_PIXELS = 512 * 512  # of images whose size nobody chose: photos would fill disk and memory


class SwappedFolds(ValueError):
    """More unwanted than unlabeled examples: the two were probably given the wrong way round."""


@dataclass(frozen=True, eq=False)
class Intake:
    """What `read_folds` read.

    Attributes:
        folds: `Folds` of read-only `np.memmap`s; labels as `array_folds` gives them.
        spec: `DataSpec` of every example.
        notes: One line for each repair or warning: names and counts, never values.
        counts: For each of `"unlabeled"` and `"unwanted"` a dict of counts: `read`, what was found,
            is the sum of `training`, `held_out`, `unreadable` and `duplicates` (unlabeled examples
            that are also unwanted, left out; of a table as many as are unwanted). `repeated` are
            those kept that equal an earlier one; `share` was held out.
        unreadable: For each of `"unlabeled"` and `"unwanted"` what could not be read: pairs of the
            relative path and a reason, to be iterated; `len` is their number.
        orders: For each of `"unlabeled"` and `"unwanted"` a hash of all rows that could be read, in
            their order.
        columns: `Columns` of tables whose rows are read as codes; else `None`.
    """

    folds: Folds
    spec: DataSpec
    notes: list[str]
    counts: dict
    unreadable: dict
    orders: dict
    columns: Columns | None = None


def read_folds(
    unlabeled,
    unwanted,
    *,
    folder,
    image_size=None,
    test_share=0.2,
    max_unreadable=0.01,
    seed=0,
    allow_more_unwanted=False,
    show=None,
    rule=None,
    typed=False,
    columns=None,
    reviewed=None,
) -> Intake:
    """Reads both folds, mends what can be mended, and holds out a part of each for testing.

    Data are a path: a folder of images, nested ones included; a `.npy` file or an `.npz` file of
    one array, of images or of vectors; a `.csv` or `.parquet` file of numbers; or `tfds:NAME` or
    `tfds:NAME/SPLIT`. Or they are in memory: an array of images or of vectors; a DataFrame of
    numbers, or anything else that has `__arrow_c_stream__`; or a `tf.data.Dataset` of single
    images or vectors, each one tensor, which is read more than once. The two folds need not be of
    one kind: the unlabeled one decides what an example is, and the unwanted one is brought into
    that form. Memory does not grow with the data, but for a few bytes an example.

    Args:
        unlabeled: The unlabeled examples.
        unwanted: The unwanted ones.
        folder: Folder for the arrays, made with the mode 0700 where it is missing. It belongs to
            the caller, who deletes it when the folds are no longer used.
        image_size: `(height, width)` of images; `None` for the most frequent one among the
            unlabeled, which must not have more than 512 * 512 pixels then.
        test_share: Share of both that is held out, in (0, 1); see `held_out`. Of unwanted examples
            it is as much greater as is needed to hold one out.
        max_unreadable: Largest share of the images of a folder that may be unreadable.
        seed: Whole number >= 0; determines what is held out.
        allow_more_unwanted: Whether there may be more unwanted than unlabeled examples.
        show: `None`, or called with `"unlabeled"` or `"unwanted"` and the number of its rows read
            so far.
        rule: `ImageRule` of images, such as that of an earlier run, `spec.rule`; `None` for one
            that both folds decide: what is white, and on what transparency is laid.
        typed: Whether any table is taken, by the types of its columns, if the unlabeled fold is
            one: rows of both folds are then its dense codes. Else a table must hold numbers.
        columns: Of typed tables: `Columns` of an earlier run, or a dict of what you know better
            than is found, of `types`, `drop`, `id` and `missing`, as `Overrides` has them.
        reviewed: `None`, or the path of a CSV file of decisions on unlabeled examples, of the
            columns `id` (or `row`), `decision` and `order`. The folds have their codes, in
            `reviewed` and `test_reviewed`.

    Returns:
        `Intake`.

    Raises:
        SwappedFolds: If there are more unwanted than unlabeled examples.
        ValueError: If an argument breaks a rule above, the data do, or a fold would be empty.
        OSError: If something cannot be read or written.

    Example:
        ```python
        with tempfile.TemporaryDirectory() as folder:
            intake = kv.read_folds("photos", "flagged", folder=folder)
            nu = kv.NUClassifier().fit(intake.folds.unlabeled, intake.folds.unwanted)
        ```
    """
    check_share(test_share=test_share)
    checked("seed", seed)
    checked("max_unreadable", max_unreadable)
    image_size = None if image_size is None else checked("image_size", image_size)
    reviewed = None if reviewed is None else Reviewed(reviewed)
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in CODES:  # of an earlier reading into this folder
        (folder / name).unlink(missing_ok=True)
    data = dict(zip(FOLDS, (unlabeled, unwanted), strict=True))
    readers, columns = _readers(data, max_unreadable, image_size, typed, columns)
    if not allow_more_unwanted:
        _check_not_swapped(*(readers[name].count for name in FOLDS))
    spec = _common_spec(readers, image_size)
    levels = {name: readers[name].survey() for name in FOLDS}
    if spec.kind == "images" and None not in levels.values():
        spec = replace(spec, rule=rule or decide(levels))
    stored, drop = {}, np.zeros(0, np.uint64)
    for name in reversed(FOLDS):  # what is unwanted must be known before unlabeled rows are kept
        own = reviewed if name == "unlabeled" else None
        stored[name] = FoldFiles(name, folder, spec, drop, own)
        stored[name].fill(readers[name], seed, test_share, show)
        drop = stored[name].hashes
    if not allow_more_unwanted:
        _check_not_swapped(*(stored[name].counts["read"] for name in FOLDS))
    for name in FOLDS:
        stored[name].check(test_share)
    folds = stored_folds(folder, int(seed))
    notes = rule_notes(spec.rule, levels) if spec.rule else []
    notes += [] if columns is None else columns.notes
    notes += [line for name in FOLDS for line in readers[name].notes(spec) + stored[name].notes()]
    if spec.kind == "vectors" and columns is None:
        numbers = stored["unlabeled"].columns
        notes += column_notes(numbers, stored["unwanted"].columns, spec)
        spec = _with_facts(spec, numbers)
    counts = {name: dict(stored[name].counts) for name in FOLDS}
    unreadable = {name: _unreadable(readers[name]) for name in FOLDS}
    orders = {name: stored[name].order.hexdigest() for name in FOLDS}
    return Intake(folds, spec, notes, counts, unreadable, orders, columns)


def _readers(data, max_unreadable, image_size, typed, columns):
    """The `Reader` of each fold, and the `Columns` of typed tables, else `None`."""
    if typed and image_size is None and is_table(data["unlabeled"]):
        given = isinstance(columns, Columns)
        known, said = (columns, None) if given else (None, columns)
        return typed_readers(data, max_unreadable, known, said)
    if columns is not None:
        raise ValueError(
            "columns must be None, unless the unlabeled fold is a table. Received: what is said of "
            "columns, and data of another kind."
        )
    return {name: open_reader(data[name], name, max_unreadable) for name in FOLDS}, None


def stored_folds(folder, seed=0):
    """The `Folds`, as in `Intake`, that `read_folds` left in a folder.

    Raises a `ValueError` if a file is damaged, an `OSError` if one cannot be read.
    """
    parts = {part: np.load(Path(folder, f"{part}.npy"), mmap_mode="r") for part in PARTS}
    folds = own_folds(parts, seed)
    if not Path(folder, CODES[0]).exists():
        return folds
    reviewed, test_reviewed = (np.load(Path(folder, name)) for name in CODES)
    return replace(folds, reviewed=reviewed, test_reviewed=test_reviewed)


def read_blocks(data, spec, name="input", **how):
    """As `read_examples`, but yields `(ids, rows)` alone."""
    for own in read_examples(data, spec, name, **how):
        yield own.ids, own.rows


def read_examples(
    data,
    spec,
    name="input",
    *,
    max_unreadable=0.01,
    notes=None,
    unreadable=None,
    columns=None,
    unseen=None,
    keep=(),
    seed=None,
):
    """Reads data, of any kind that `read_folds` takes, in the form of a spec, a few rows at a time.

    Yields `Examples`: for each example the path of its file relative to the folder, the cell of an
    id column, or the number of its row, counted from 0; and an array of shape `(n, *spec.shape)` of
    `spec.dtype`. A typed spec needs its `columns`; `keep` are names of columns of a table whose
    cells are wanted, too; by a `seed` hashes tell copies of equal rows apart, as `read_folds` does.
    When all has been read a list of `notes` gets a line for each repair, and an `Unreadable` the
    files that were left out, with a reason each; of a table an `Unseen` gets its counts.

    Raises a `ValueError` if the data are damaged or cannot be brought into that form, an `OSError`
    if something cannot be read.
    """
    if columns is None:
        reader = open_reader(data, name, max_unreadable)
    else:
        table = open_any_table(data, name, max_unreadable, lambda: open_reader(data, name))
        if unseen is not None:
            columns = Watched(columns.columns, columns.has_names, columns.notes, unseen)
        reader = TypedReader(table, columns, max_unreadable)
    examples = examples_of(reader, spec, keep)
    yield from examples if columns is None or seed is None else told_apart(examples, seed)
    if notes is not None:
        notes += reader.notes(spec) + ([] if unseen is None else unseen.notes(name))
    if unreadable is not None:
        for left_out in _unreadable(reader):
            unreadable.add(*left_out)


def _unreadable(reader):
    """Pairs of the files that a reader could not read; of arrays and tables there are none."""
    return getattr(reader, "unreadable", ())


def _common_spec(readers, image_size):
    """What an example of both folds is, which the unlabeled one decides."""
    spec = readers["unlabeled"].describe(image_size)
    _check_fits(image_size, spec)
    if spec.kind == "images" and readers["unwanted"].dtype == "uint8":
        return replace(spec, dtype="uint8")
    return spec


def _with_facts(spec, columns):
    """The spec of vectors with what `Columns` of the unlabeled fold tell."""
    constants = ((int(c), float(columns.low[c])) for c in columns.constant)
    whole = ((int(c), float(columns.low[c]), float(columns.high[c])) for c in columns.whole)
    return replace(spec, constants=tuple(constants), whole=tuple(whole))


def _check_fits(image_size, spec):
    """Refuses a size of vectors, and none for images that are too large to be trained on."""
    if spec.kind != "images":
        if image_size is not None:
            raise ValueError(
                f"image_size must be None for vectors. Received: image_size={image_size}."
            )
    elif image_size is None and spec.shape[0] * spec.shape[1] > MOST_PIXELS:
        height, width, _ = spec.shape
        raise ValueError(
            "image_size must be given, such as 64x64, for images that are too large to train on. "
            f"Received: unlabeled images of {height} x {width} pixels."
        )


def _check_not_swapped(unlabeled, unwanted):
    if None not in (unlabeled, unwanted) and unwanted > unlabeled:
        raise SwappedFolds(
            "unlabeled must hold more examples than unwanted: were the two given the wrong way "
            f"round? Received: {unlabeled} unlabeled and {unwanted} unwanted."
        )
