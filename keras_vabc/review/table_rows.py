"""Rows of a table as they are shown: their cells, and what speaks most against each."""

import numpy as np

REFERENCES = 4  # wanted rows from which a cell is put in the place of a row's own
MARKED = 3  # columns of a row at most
LEAST = 0.1  # log odds that a column must speak against a row
RELATIVE = 0.4  # and over what the one that speaks most does
DIGITS = 6  # of a number without a text of its own


class TableRows:
    """What is shown of rows of numbers.

    Attributes:
        names: Names of the columns that are shown.
    """

    def __init__(self, run, items):
        self._run, self._items = run, items
        self._parts = _parts(run)
        self.names = _names(run, items)
        wanted = items.top[len(items) // 2 :]
        rng = np.random.default_rng(run.record.settings.seed)
        chosen = rng.choice(wanted, REFERENCES, replace=len(wanted) < REFERENCES)
        self._references = items.rows[np.sort(chosen)]
        self._marks = {}

    def rows(self, numbers):
        """For each item a dict of its `cells`, texts, and of the places of those `marked`."""
        self._mark([number for number in numbers if number not in self._marks])
        return [
            {"cells": cells, "marked": self._marks[number]}
            for cells, number in zip(self._cells(numbers), numbers, strict=True)
        ]

    def _cells(self, numbers):
        if self._items.cells is not None:
            taken = self._items.cells.take(numbers)
            return [list(row.values()) for row in taken.to_pylist()]
        return as_cells(self._run, self._items.rows[numbers])

    def _mark(self, numbers):
        if not numbers:
            return
        against = speaking_against(
            self._run, self._items.rows[numbers], self._references, self._parts
        )
        places = [self.names.index(name) if name in self.names else None for name in self._trained]
        for number, own in zip(numbers, against, strict=True):
            least = max(LEAST, RELATIVE * own.max())
            order = [int(c) for c in np.argsort(-own)[:MARKED] if own[c] > least]
            self._marks[number] = [places[c] for c in order if places[c] is not None]

    @property
    def _trained(self):
        return list(self._parts)


def speaking_against(run, rows, references, parts):
    """How much less suspicious each row is with a wanted row's cells in the place of a column's.

    Returns the difference of `log_odds`, or of R where the run has no classifier, on average over
    the references: `(rows, columns)`.
    """
    own = _suspicion(run, rows)
    against = np.empty((len(rows), len(parts)))
    for column, part in enumerate(parts.values()):
        others = np.repeat(rows[None], len(references), axis=0)
        others[:, :, part] = references[:, None, part]
        less = _suspicion(run, others.reshape(-1, rows.shape[1])).reshape(len(references), -1)
        against[:, column] = own - less.mean(axis=0)
    return against


def as_cells(run, rows):
    """Rows in the form of a run as lists of texts, one for each column of `_names`."""
    if run.columns is None:
        return [[f"{value:.{DIGITS}g}" for value in row] for row in rows.tolist()]
    batch = run.columns.as_text(run.columns.decode_dense(rows, None))
    columns = [["" if v is None else str(v) for v in own.to_pylist()] for own in batch.columns]
    return [list(cells) for cells in zip(*columns, strict=True)]


def _suspicion(run, rows):
    return run.nu.log_odds(rows) if run.has_classifier else run.model.score(rows)


def _parts(run):
    """Which numbers of a row each column has, slices by the names of the columns."""
    if run.columns is None:
        names = run.spec.columns or [f"column {number}" for number in range(run.spec.shape[0])]
        return {str(name): slice(place, place + 1) for place, name in enumerate(names)}
    ends = np.cumsum(run.columns.dense.widths).tolist()
    starts = [0, *ends[:-1]]
    names = [column.name for column in run.columns.trained]
    return {n: slice(a, b) for n, a, b in zip(names, starts, ends, strict=True)}


def _names(run, items):
    if items.cells is not None:
        return items.cells.column_names
    return names_of_cells(run)


def names_of_cells(run):
    """Names of the columns of `as_cells`."""
    if run.columns is None:
        return list(_parts(run))
    return [own.name for own in run.columns.columns if own.trained or own.type == "constant"]
