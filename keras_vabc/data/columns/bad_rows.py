"""How many rows have a cell that is no value of its column, whichever columns are trained."""

from collections import Counter

import numpy as np

MOST_SETS = 10_000  # of columns that are bad in one row: with more, there are too many such rows


class BadRows:
    """Counts the rows of a fold by the columns in which they have a bad cell.

    Attributes:
        rows: Number of all rows, those included that were `left_out` before, such as rows of
            another length.
        left_out: Number of these.
    """

    def __init__(self, left_out=0):
        self.rows, self.left_out = left_out, left_out
        self._counts = Counter()

    def add(self, bad, count):
        """Takes in so many rows; `bad` tells by column which of their cells are bad."""
        self.rows += count
        if bad:
            table = np.stack(list(bad.values()), axis=1)
            sets, counts = np.unique(table[table.any(axis=1)], axis=0, return_counts=True)
            for own, number in zip(sets, counts.tolist(), strict=True):
                if len(self._counts) < MOST_SETS:
                    self._counts[frozenset(np.array(list(bad))[own].tolist())] += number

    def count(self, columns):
        """Number of rows with a bad cell in one of some columns, and of those left out before."""
        columns = set(columns)
        return self.left_out + sum(n for own, n in self._counts.items() if own & columns)
