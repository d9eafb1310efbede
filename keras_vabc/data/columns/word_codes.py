"""Words as codes, and back: categories and truth values."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CODES = 512  # of words that have one of their own, less one for all others
OTHERS = 1000  # words that share a code, of which are kept


@dataclass(frozen=True, eq=False)
class WordCodes:
    """The words of a column in the unlabeled fold, the most frequent first; each has a code.

    After them follow a code that all `others` share, if there were too many; that of a missing
    value, if the column has any; and that of `unseen`: a word that the fold has not.

    Attributes:
        words: The words with a code of their own.
        counts_of_words: How often each occurs.
        others: Words that share a code; the most frequent of them, if they are more than `OTHERS`.
        counts_of_others: How often each of these occurs.
        rest: Number of rows with any of the others.
        missing: Number of rows without a value.
    """

    words: tuple[str, ...]
    counts_of_words: tuple[int, ...]
    others: tuple[str, ...] = ()
    counts_of_others: tuple[int, ...] = ()
    rest: int = 0
    missing: int = 0
    ordered = False
    cells = 0

    @property
    def size(self):
        """Number of codes."""
        return len(self.words) + (len(self.others) > 0) + (self.missing > 0) + 1

    @property
    def unseen(self):
        """The last code."""
        return self.size - 1

    @property
    def labels(self):
        """What each code but the last stands for, in words."""
        rest = ["(others)"] if self.others else []
        return [*self.words, *rest, *(["(missing)"] if self.missing else [])]

    @cached_property
    def counts(self):
        """Rows of the unlabeled fold by code, int64 of shape `(size,)`."""
        rest = [self.rest] if self.others else []
        missing = [self.missing] if self.missing else []
        return np.array([*self.counts_of_words, *rest, *missing, 0], np.int64)

    def encode(self, values):
        """Codes, int32 of shape `(n,)`, of an array of text of Arrow."""
        codes = pc.index_in(values, value_set=self._set).fill_null(self._unknown)
        missing = values.is_null().to_numpy(zero_copy_only=False)
        absent = self.unseen - (self.missing > 0)
        return np.where(missing, absent, codes.to_numpy(zero_copy_only=False)).astype(np.int32)

    def decode(self, codes, places):
        """`(words, missing)` of codes; `places` in [0, 1) choose among words that share one."""
        own = len(self.words)
        missing = codes >= own + (len(self.others) > 0)
        numbers = np.where(missing, 0, codes)
        if self.others:
            ends = np.cumsum(self.counts_of_others) / np.sum(self.counts_of_others)
            other = np.minimum(np.searchsorted(ends, places, "right"), len(ends) - 1)
            numbers = np.where(codes == own, own + other, numbers)
        if not self.words:
            return pa.nulls(len(codes), pa.string()), np.ones(len(codes), bool)
        known = pa.array([*self.words, *self.others], pa.string())
        return known.take(pa.array(numbers, pa.int32())), missing

    @cached_property
    def _set(self):
        return pa.array(self.words, pa.string())

    @property
    def _unknown(self):
        return len(self.words) if self.others else self.unseen


def word_codes(summary):
    """The `WordCodes` of the `Summary` of an unlabeled column."""
    words, counts = summary.words.sorted()
    own = len(words) if len(words) < CODES else CODES - 1
    others = slice(own, own + OTHERS)
    return WordCodes(
        words=tuple(words[:own]),
        counts_of_words=tuple(counts[:own].tolist()),
        others=tuple(words[others]),
        counts_of_others=tuple(counts[others].tolist()),
        rest=int(summary.present - counts[:own].sum()) if len(words) > own else 0,
        missing=summary.missing,
    )
