"""Counting rows with values that no unlabeled row of the training had."""

from collections import Counter
from dataclasses import dataclass, field

from keras_vabc.data.columns.table import Columns
from keras_vabc.data.vectors import some


class Unseen:
    """Counts of rows with such values: `rows` of all that were `read`, and by name of `columns`."""

    def __init__(self):
        self.rows, self.read, self.columns = 0, 0, Counter()

    def add(self, columns, values):
        """Takes more `Values` of `Columns` into account."""
        unseen = columns.unseen(values)
        self.read += len(unseen)
        self.rows += int(unseen.any(axis=1).sum())
        counts = zip(columns.trained, unseen.sum(axis=0).tolist(), strict=True)
        self.columns.update({column.name: count for column, count in counts if count})

    def notes(self, name):
        """A line that tells how many; none if there are none."""
        if not self.rows:
            return []
        counts = some(f"{count:,} in {column}" for column, count in self.columns.most_common())
        return [
            f"{name}: rows with a value like none in training, which scores tell little about: "
            f"{self.rows:,} of {self.read:,} ({counts})."
        ]


@dataclass(frozen=True, eq=False)
class Watched(Columns):
    """`Columns` that have an `Unseen` count the rows they clean."""

    counts: Unseen = field(default_factory=Unseen)

    def clean(self, *arguments, **how):
        """As in `Columns`."""
        for values in super().clean(*arguments, **how):
            self.counts.add(self, values)
            yield values
