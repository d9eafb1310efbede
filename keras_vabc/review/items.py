"""The items that are reviewed: read and scored once, and known by their numbers from then on."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from keras_vabc.data.columns.cells import is_read
from keras_vabc.data.readers.reader import open_reader
from keras_vabc.data.readers.typed_tables import open_any_table
from keras_vabc.nu.thresholds import review_order

MOST_BYTES = 2**31  # of rows that stay in memory: those of a folder of images do not


@dataclass(eq=False)
class Items:
    """All items in the order in which they were read; what follows is of shape `(n,)` or `(n, d)`.

    Attributes:
        ids: What names each one: the path of its file, or the number of its row.
        digests: Hash of each one's content, uint64.
        scores: How unwanted each one is, float32.
        latents: Means of the posteriors, by which items are near each other.
        rows: Rows in the form of the run, where these stay in memory; else `None`.
        cells: Cells of a table as text, a `pyarrow.Table`; else `None`.
        folder: Path of the folder of images; else `None`.
        notes: What was mended in reading, a line each.
    """

    ids: list
    digests: np.ndarray
    scores: np.ndarray
    latents: np.ndarray
    rows: np.ndarray | None
    cells: pa.Table | None = None
    folder: Path | None = None
    notes: list = field(default_factory=list)

    def __len__(self):
        """Number of items."""
        return len(self.ids)

    @cached_property
    def top(self):
        """Numbers of the items, the most suspicious first."""
        return review_order(self.scores).astype(np.int32)

    def random(self, seed):
        """Numbers of the items in a random order.

        Each id draws a place for itself, so that items which come or go do not mix up the others.
        """
        key = str(seed).encode()
        drawn = (hashlib.blake2b(os.fsencode(own), digest_size=8, key=key) for own in self.ids)
        draws = np.frombuffer(b"".join(own.digest() for own in drawn), "<u8")
        return np.argsort(draws, kind="stable").astype(np.int32)

    def nearest(self, number):
        """Numbers of the items, those of the nearest latents first; itself is in front."""
        distances = ((self.latents - self.latents[number]) ** 2).sum(axis=1)
        distances[number] = -1
        return np.argsort(distances, kind="stable").astype(np.int32)

    def digest(self, number):
        """The hash of an item as 16 hexadecimal digits."""
        return f"{int(self.digests[number]):016x}"


def read_items(run, source, name, show=lambda count: None):
    """Reads and scores data of the form of the run's: their `Items`.

    `show` is called with the number of items read so far. Raises a `ValueError` if they do not fit
    the run, there are none, or their rows do not fit in memory, an `OSError` if they cannot be
    read.
    """
    is_folder = run.spec.kind == "images" and isinstance(source, str | os.PathLike)
    is_folder = is_folder and os.path.isdir(source)
    names = [] if run.columns is None else _shown_columns(run, source, name)
    parts, notes = _Parts(kept=not is_folder), []
    seed = run.record.settings.seed
    for own in run.read(source, name, notes, seed=seed, keep=names):
        parts.add(run, own, seed, name)
        show(len(parts.ids))
    if not parts.ids:
        raise ValueError(f"{name} must hold an example. Received: {name}={source}, which has none.")
    folder = Path(source).absolute() if is_folder else None
    return Items(*parts.joined(), folder=folder, notes=notes)


class _Parts:
    """What was read so far."""

    def __init__(self, kept):
        self.ids, self._kept, self._cells, self._bytes = [], kept, [], 0
        self._digests, self._scores, self._latents, self._rows = [], [], [], []

    def add(self, run, own, seed, name):
        self.ids += own.ids if own.numbers is None else own.numbers
        self._digests.append(own.hashes(seed))
        self._scores.append(run.score_rows(own.rows).astype("float32"))
        self._latents.append(run.model.encode(own.rows)[0])
        if own.kept:
            self._cells.append(pa.table({column: pa.array(v) for column, v in own.kept.items()}))
        if self._kept:
            self._bytes += own.rows.nbytes
            self._check_memory(name)
            self._rows.append(np.array(own.rows))

    def joined(self):
        arrays = map(np.concatenate, (self._digests, self._scores, self._latents))
        rows = np.concatenate(self._rows) if self._kept else None
        return self.ids, *arrays, rows, pa.concat_tables(self._cells) if self._cells else None

    def _check_memory(self, name):
        if self._bytes > MOST_BYTES:
            raise ValueError(
                f"{name} must have at most {MOST_BYTES // 2**20:,} MiB of rows to be reviewed, or "
                f"be a folder of images. Received: more; review a part of them by --input."
            )


def _shown_columns(run, source, name):
    """Names of the columns of a table whose cells are shown as they are written there.

    Where the table has no names, and the run has, cells are made from the codes instead.
    """
    table = open_any_table(source, name, 1.0, lambda: open_reader(source, name))
    if run.columns.has_names and not table.has_names:
        return []
    return [own for own in table.names if is_read(table.schema.field(own).type)]
