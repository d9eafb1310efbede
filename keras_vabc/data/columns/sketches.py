"""What is kept of the values of a column while all rows go by: its size has a bound.

Each is exact as long as a column has few different values, and says so.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HASHES = 2**14
WORDS = 2**16
WORD_BYTES = 2**25  # of words that are kept
KNOTS = 2**14
PENDING = 2**17  # values that wait to be merged


class Distinct:
    """How many different values there are, and how many of them repeat.

    The lowest hashes are a random sample of the different values; how often these occur is counted
    exactly (Bar-Yossef et al. 2002, "Counting distinct elements in a data stream").

    Attributes:
        hashes: The lowest hashes.
    """

    def __init__(self):
        self.hashes, self._counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        self._below = None

    def add(self, hashes, counts):
        """Takes in the hashes of some values, and how often each occurs."""
        if self._below is not None:
            low = hashes < self._below
            hashes, counts = hashes[low], counts[low]
        self.hashes, self._counts = _merged(
            np.concatenate([self.hashes, hashes]), np.concatenate([self._counts, counts])
        )
        if len(self.hashes) > HASHES:
            self._below = self.hashes[HASHES]
            self.hashes, self._counts = self.hashes[:HASHES], self._counts[:HASHES]

    @property
    def exact(self):
        """Whether all different values were counted."""
        return self._below is None

    @property
    def count(self):
        """How many different values there are; an estimate, within 2 %, if there are many."""
        kept = len(self.hashes)
        return kept if self.exact else round(kept / (float(self._below) / 2**64))

    @property
    def repeated(self):
        """The share of the different values that occur more than once."""
        return float(np.mean(self._counts > 1)) if len(self._counts) else 0.0


def _merged(keys, counts):
    keys, places = np.unique(keys, return_inverse=True)
    totals = np.zeros(len(keys), np.int64)
    np.add.at(totals, places, counts)
    return keys, totals


class Frequent:
    """Words and how often they occur; of more than `WORDS` the most frequent ones.

    Then a count lacks at most 2 / `WORDS` of all (Misra & Gries 1982, pruned in bulk). Of words so
    long that these have more than `WORD_BYTES` fewer are kept, and a count may lack more.
    """

    def __init__(self):
        self.exact = True
        self._pending, self._size, self._bytes = [], 0, 0

    def add(self, words, counts):
        """Takes in an array of words without nulls, and how often each occurs."""
        self._pending.append(pa.table({"word": words, "count": counts}))
        self._size += len(words)
        self._bytes += words.nbytes
        if self._size > PENDING + WORDS or self._bytes > 4 * WORD_BYTES:
            self._merge()

    def sorted(self):
        """`(words, counts)`: the most frequent first, in the order of the alphabet where equal."""
        self._merge()
        if not self._pending:
            return [], np.zeros(0, np.int64)
        table = self._pending[0].sort_by([("count", "descending"), ("word", "ascending")])
        return table["word"].to_pylist(), table["count"].to_numpy()

    def _merge(self):
        if not self._pending:
            return
        table = pa.concat_tables(self._pending).group_by("word").aggregate([("count", "sum")])
        table = table.rename_columns(["word", "count"])
        if table.num_rows > 2 * WORDS or table["word"].nbytes > 2 * WORD_BYTES:
            self.exact = False
            table = table.sort_by([("count", "descending"), ("word", "ascending")])
            ends = np.cumsum(pc.binary_length(table["word"]).to_numpy())
            most = min(WORDS, max(1, int(np.searchsorted(ends, WORD_BYTES, "right"))))
            table = table.take(pa.array(np.arange(most)))  # a slice would keep all in memory
        self._pending, self._size = [table], table.num_rows
        self._bytes = table["word"].nbytes


class Quantiles:
    """The distribution of numbers: some of the values, and how many each stands for.

    Values that are neighbours are merged, those that hold more than 1 / `KNOTS` of the rows never,
    nor the lowest and the highest (as in Greenwald & Khanna 2001).

    Attributes:
        values: The values in their order.
        weights: For each how many it stands for.
        own: For each how often it occurs itself.
    """

    def __init__(self, dtype):
        self.values = np.zeros(0, dtype)
        self.weights = self.own = np.zeros(0, np.int64)
        self.exact = True
        self._pending, self._size = [], 0

    def add(self, numbers, counts):
        """Takes in an array of numbers, none of them NaN, and how often each occurs."""
        self._pending.append((numbers, counts))
        self._size += len(numbers)
        if self._size > PENDING:
            self.merge()

    def merge(self):
        """Merges what was taken in since."""
        known = [(self.values, self.weights, self.own)]
        parts = known + [(v, counts, counts) for v, counts in self._pending]
        values, weights, own = map(np.concatenate, zip(*parts, strict=True))
        self.values, places = np.unique(values, return_inverse=True)
        self.weights, self.own = np.zeros((2, len(self.values)), np.int64)
        np.add.at(self.weights, places, weights)
        np.add.at(self.own, places, own)
        self._pending, self._size = [], 0
        if len(self.values) > 4 * KNOTS:
            self._compress(KNOTS)

    def compressed(self, knots):
        """The same distribution by about as many knots."""
        self.merge()
        result = Quantiles(self.values.dtype)
        result.values, result.weights, result.own = self.values, self.weights, self.own
        if len(result.values) > knots:
            result._compress(knots)
        return result

    def _compress(self, knots):
        self.exact = False
        size = self.weights.sum() / knots
        bucket = np.floor((np.cumsum(self.weights) - self.weights / 2) / size)
        alone = self.weights > size
        alone[[0, -1]] = True
        starts = np.ones(len(alone), bool)
        starts[1:] = alone[1:] | alone[:-1] | (np.diff(bucket) > 0)
        first = np.flatnonzero(starts)
        # Of each bucket the value that occurs most often, the middle one of several.
        group, middle = np.cumsum(starts) - 1, np.abs(np.cumsum(self.weights) / size - bucket - 0.5)
        best = np.lexsort((middle, -self.own, group))[first]
        self.values, self.own = self.values[best], self.own[best]
        self.weights = np.add.reduceat(self.weights, first)
