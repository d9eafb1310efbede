"""Scores of data by a run: a table in the order of review, and its manifest."""

import contextlib
import itertools
import os
import re
import tempfile
import warnings

import numpy as np

from keras_vabc.data.columns.number_forms import FORMS
from keras_vabc.data.columns.unseen import Unseen
from keras_vabc.data.frames import has_names
from keras_vabc.data.ids import as_cell, quoted
from keras_vabc.data.unreadable import LISTED, Unreadable
from keras_vabc.files.outputs import check_free, new_output
from keras_vabc.nu.thresholds import review_order
from keras_vabc.recipes.outputs import check_output, provenance

SCORES = "scores"  # the kind of output
NUMBER = re.compile("|".join(f"(?:{form.pattern})" for form in FORMS))  # of any country
TAKEN = ("id", "row", "score", "flagged")  # columns of every table of scores
BLOCK_ROWS = 2**16  # of the table that are written at a time
IDS = (
    "path in the folder, or row number counted from 0; an apostrophe stands before a path that "
    "spreadsheets would take for a formula"
)


def write_scores(
    run,
    source,
    out,
    *,
    overwrite=False,
    max_unreadable=None,
    keep=(),
    show=lambda count: None,
):
    """Scores data and writes them to a CSV file, the most unwanted first.

    Its columns are `id` (path in the folder, or row number; as `as_cell` writes it), `score`, and,
    where the run has a threshold, `flagged` (0 or 1). Of a table with an id column `id` is its cell
    and `row` the number of the row; after these come the columns to `keep`. `FILE.json` beside it
    says what the score is; what it holds is returned, the numbers of `examples` and of those
    `flagged`, the `notes` of the reading, and of what is `unreadable` the number and the first of
    `(id, reason)`; a share of up to `max_unreadable` may be, or up to that of the run. Of a table
    `unseen` tells how many `rows` have a value like none in training, and in which `columns`.
    `show` is called with the number of examples scored so far. Memory grows by 24 bytes an example
    at most.

    A `ValueError` refuses data that do not fit the run, and an `out` that is no `.csv` file or
    holds the data; an `OSError` tells what cannot be read or written, or replaced.
    """
    check_scores_place(run, source, out, overwrite)
    if taken := [name for name in keep if name in TAKEN]:
        raise ValueError(
            f"keep must name other columns than {', '.join(TAKEN)}, which the file has of its own. "
            f"Received: {', '.join(taken)}."
        )
    with (
        new_output(out, SCORES, overwrite=overwrite) as output,
        contextlib.ExitStack() as stack,
    ):
        names = (*(["row"] if has_ids(run) else []), *keep)
        ids, *more = (stack.enter_context(StoredIds(output.path)) for _ in range(1 + len(names)))
        stored = {"id": ids} | {n: own for n, own in zip(names, more, strict=True)}
        scores, left_out = _scored(run, source, stored, max_unreadable, keep, show)
        _write_table(output.path, stored, scores, run.threshold)
        threshold = run.threshold
        flagged = None if threshold is None else int((scores > threshold).sum())
        content = {"input": str(source), "score": run.score_name, "threshold": threshold, "id": IDS}
        content |= {"examples": len(scores), "flagged": flagged, **left_out, **provenance(run)}
        output.manifest |= content
    return content


def scores_of(run, x):
    """What `Run.score` gives."""
    known = run.columns.has_names if run.spec.typed else run.spec.columns is not None
    if has_names(x) and not known:
        line = "x: columns were taken in the order given, since the run's data did not name theirs."
        warnings.warn(line, UserWarning, stacklevel=3)
    most = None if isinstance(x, str | os.PathLike) else 0.0  # rows in memory have a score each
    scores = [run.score_rows(own.rows) for own in run.read(x, "x", max_unreadable=most)]
    return np.concatenate([np.zeros(0, "float32"), *scores])


def has_ids(run):
    """Whether rows are named by the cells of a column."""
    return run.columns is not None and len(run.columns.ids) > 0


def check_scores_place(run, source, out, overwrite=False):
    """Refuses a place for scores before anything slow is done, as `write_scores` does."""
    if out.suffix.lower() != ".csv" or out.is_dir():
        raise ValueError(f"out must be a .csv file. Received: out={out}.")
    check_output(run, out, input=source)
    check_free(out, SCORES, overwrite=overwrite)


class StoredIds:
    """The ids of examples, in nameless files where they are more than the numbers of their rows.

    Args:
        path: Beside which the files are to lie; an `OSError` names it if there is no room.
    """

    def __init__(self, path):
        self._path, self._files, self._count, self._end = path, None, 0, 0

    def __enter__(self):
        """Nothing is opened before there is an id that is no row number."""
        return self

    def __exit__(self, *_):
        """Gives the files up, which vanish."""
        for file in self._files or ():
            with contextlib.suppress(OSError):  # of what a full disk did not take
                file.close()

    def add(self, ids):
        """Takes the ids of the next examples."""
        numbers = map(str, range(self._count, self._count + len(ids)))
        try:
            if self._files is None and any(a != b for a, b in zip(ids, numbers, strict=True)):
                self._open()
            if self._files is not None:
                self._store(ids)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        self._count += len(ids)

    def __getitem__(self, row):
        """The id of one example."""
        if self._files is None:
            return str(row)
        ends, texts = self._files
        ends.seek(8 * row)
        start, end = np.frombuffer(ends.read(16), "int64")
        texts.seek(start)
        return texts.read(end - start).decode()

    def _open(self):
        """Two files, of where each id ends and of all ids; row numbers until now go into them."""
        name = {"dir": self._path.parent, "prefix": f".{self._path.name}-", "suffix": ".tmp"}
        self._files = [tempfile.TemporaryFile(**name) for _ in range(2)]
        self._files[0].write(bytes(8))
        for first in range(0, self._count, BLOCK_ROWS):
            self._store(map(str, range(first, min(first + BLOCK_ROWS, self._count))))

    def _store(self, ids):
        texts = [name.encode() for name in ids]
        ends = self._end + np.cumsum([*map(len, texts)], dtype="int64")
        self._files[0].write(ends.tobytes())
        self._files[1].write(b"".join(texts))
        self._end = ends[-1]


def _scored(run, source, stored, max_unreadable, keep, show):
    """The scores of all examples, whose ids are stored; and what the manifest tells of reading."""
    scores, notes, unreadable, unseen = bytearray(), [], Unreadable(), Unseen()
    limits = {"max_unreadable": max_unreadable, "unreadable": unreadable, "unseen": unseen}
    for own in run.read(source, "input", notes, keep=keep, **limits):
        for name, ids in stored.items():
            ids.add({"id": own.ids, "row": own.numbers}.get(name) or own.kept[name])
        scores += run.score_rows(own.rows).astype("float32").tobytes()
        show(len(scores) // 4)
    if not scores:
        raise ValueError(f"input must hold an example. Received: input={source}, which has none.")
    first = list(itertools.islice(unreadable, LISTED))
    listed = {"count": len(unreadable), "files": first}
    told = {"rows": unseen.rows, "columns": dict(unseen.columns)}
    told = {"unseen": None if run.columns is None else told}
    return np.frombuffer(scores, "float32"), {"notes": notes, "unreadable": listed, **told}


def _write_table(path, stored, scores, threshold):
    """Writes the table block by block; an id that has a comma or a line break is quoted."""
    order = review_order(scores)
    with open(path, "w", encoding="utf-8", newline="") as file:
        names = [name for name in stored if name != "id"]
        head = ["id", "score", *(["flagged"] if threshold is not None else []), *names]
        file.write(f"{','.join(map(quoted, head))}\n")
        for first in range(0, len(order), BLOCK_ROWS):
            rows = order[first : first + BLOCK_ROWS]
            values = scores[rows]
            ids = map(stored["id"].__getitem__, rows)
            columns = [map(quoted, map(as_cell, ids)), map(str, values.tolist())]
            if threshold is not None:
                columns.append(np.where(values > threshold, "1", "0"))
            columns += [_cells(stored[name], rows) for name in names]
            file.writelines(f"{','.join(cells)}\n" for cells in zip(*columns, strict=True))


def _cells(ids, rows):
    """Cells of a table: numbers and nothing as they are, all else as `as_cell` writes it."""
    for row in rows:
        text = ids[row]
        yield text and quoted(text if NUMBER.fullmatch(text) else as_cell(text))
