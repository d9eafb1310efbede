"""What somebody has decided on unlabeled examples after a look at each."""

from pathlib import Path

import numpy as np

from keras_vabc.data.checks import check_path
from keras_vabc.data.named_cells import Unfit, read_named

UNWANTED, KEEP, RANDOM = 1, 2, 4  # bits of the code of an example; 0 is of one without a decision
DECISIONS = {"unwanted": UNWANTED, "keep": KEEP}
ORDERS = {"random": RANDOM, "top": 0}
SHOWN = 3  # names in an error


class Reviewed:
    """The decisions of a CSV file, which examples that are read get block by block.

    Its columns are `id` (or `row`, the number of the row, counted from 0), `decision`, which is
    `unwanted` or `keep`, and `order`, in which they were looked at: `random`, or `top` for the most
    unwanted first. Ids are written as in labels. A line may stand there twice; an example that was
    met in both orders counts as one of a random order.

    Raises a `ValueError` if the file is of another kind, damaged or empty, or decides twice, an
    `OSError` if it cannot be read.
    """

    def __init__(self, path):
        check_path("reviewed", path)
        self._path = Path(path)
        self._key, self._codes = read_named(
            self._path, "reviewed", ("decision", "order"), _code, _joined
        )
        if not self._codes:
            raise self._error("hold a decision", "none")
        self._seen = dict.fromkeys(self._codes, 0)
        self._count = 0

    def codes(self, own):
        """The codes of some `Examples`, the next ones: int8 of shape `(n,)`."""
        names = own.ids
        if self._key == "row":
            names = own.numbers or map(str, range(self._count, self._count + len(own.ids)))
        self._count += len(own.ids)
        codes = np.zeros(len(own.ids), np.int8)
        for place, name in enumerate(names):
            if name in self._codes:
                codes[place] = self._codes[name]
                self._seen[name] += 1
        return codes

    def check(self, codes, duplicates):
        """Raises a `ValueError` for decisions that do not fit the data, all of which were read.

        `codes` are those of the examples that stay, `duplicates` of those that are left out since
        they are also unwanted.
        """
        unknown = [name for name, count in self._seen.items() if count == 0]
        if unknown:
            raise self._error(
                f"name {self._key}s of the unlabeled data alone",
                f"{len(unknown):,} others: {_some(unknown)}",
            )
        twice = [name for name, count in self._seen.items() if count > 1]
        if twice:
            rule = "name each example by an id of its own; a column row in the place of id can"
            raise self._error(rule, f"{_some(twice)}, of several examples")
        kept = int((duplicates & KEEP > 0).sum())
        if kept:
            rule = "keep no example that is also in the unwanted data, to the last bit"
            raise self._error(rule, f"{kept:,} of them")
        if codes.all():
            rule = "leave unlabeled examples without a decision, from which the rest is estimated"
            raise self._error(rule, f"decisions on all {len(codes):,}")

    def _error(self, rule, received):
        return ValueError(f"reviewed must {rule}. Received: reviewed={self._path}, {received}.")


def _some(names):
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more


def _code(row):
    return sum(
        _one_of(column, row[column].strip(), known)
        for column, known in (("decision", DECISIONS), ("order", ORDERS))
    )


def _one_of(column, word, known):
    if word not in known:
        raise Unfit(f"the {column} {word!r}, which must be {' or '.join(known)}")
    return known[word]


def _joined(before, code):
    if (before ^ code) & ~RANDOM:
        raise Unfit("another decision than before")
    return before | code
