"""What the values of a column are, over all rows of one fold."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns.hashes import hashes
from keras_vabc.data.columns.number_forms import EXACT
from keras_vabc.data.columns.sketches import Distinct, Frequent, Quantiles

MOST_DECIMALS = 15


class Summary:
    """Counts and distribution of the values of one column of one fold.

    Attributes:
        rows: Number of rows; `missing` of them have no value, `bad` one that cannot be read.
        first_bad: Place of the first row that cannot be read, or `None`.
        distinct: `Distinct` of the values.
        numbers: `Quantiles` of numbers and dates.
        words: `Frequent` of text.
        decimals: Most digits behind the point; `None` if float64 has all of them.
        divisor: Common divisor of whole numbers and dates.
    """

    def __init__(self, reading, stored=None):
        self._reading = reading
        self._single = stored in (pa.float32(), pa.float16())
        self.rows = self.missing = self.bad = self.divisor = 0
        self.first_bad, self.decimals, self.infinite = None, 0, False
        self.distinct = Distinct()
        text = reading.kind == "text"
        dtype = np.float64 if reading.type == pa.float64() else np.int64
        self.words, self.numbers = (Frequent(), None) if text else (None, Quantiles(dtype))

    def add(self, array, place):
        """Takes in the cells of a batch; `place` tells where each of its rows stands.

        Returns which of them cannot be read.
        """
        values, bad = self._reading.read(array)
        if bad.any() and self.first_bad is None:
            self.first_bad = place(int(np.argmax(bad)))
        self.rows += len(values)
        self.bad += int(bad.sum())
        self.missing += values.null_count - int(bad.sum())
        values = values.drop_null()
        if len(values) and self.words is not None:
            self._add_words(pc.value_counts(values))
        elif len(values):
            self._add_numbers(*np.unique(values.to_numpy(), return_counts=True))
        return bad

    def _add_words(self, counted):
        words, counts = counted.field(0), counted.field(1).to_numpy()
        self.words.add(words, counts)
        self.distinct.add(hashes(words), counts)

    def _add_numbers(self, numbers, counts):
        self.numbers.add(numbers, counts)
        self.distinct.add(hashes(pa.array(numbers)), counts)
        if numbers.dtype == np.int64:
            self.divisor = int(np.gcd(self.divisor, np.gcd.reduce(numbers)))
            return
        finite = numbers[np.isfinite(numbers)]
        self.infinite |= len(finite) < len(numbers)
        while self.decimals is not None and not self._has_decimals(finite):
            self.decimals = self.decimals + 1 if self.decimals < MOST_DECIMALS else None

    def _has_decimals(self, numbers):
        """Whether all numbers are what they are rounded to so many digits behind the point."""
        # Beyond that neighbours in the type are so far apart that any equals its rounding.
        most = 2.0 ** (21 if self._single else 51) / 10.0**self.decimals
        if self.decimals and np.abs(numbers).max(initial=0) > most:
            return False
        rounded = np.round(numbers, self.decimals)
        if self._single:
            rounded, numbers = rounded.astype(np.float32), numbers.astype(np.float32)
        return bool((rounded == numbers).all())

    @property
    def present(self):
        """Number of rows with a value."""
        return self.rows - self.missing - self.bad

    @property
    def ends(self):
        """`(lowest, highest)` of the numbers; `None` if there are none."""
        self.numbers.merge()
        values = self.numbers.values
        return (values[0], values[-1]) if len(values) else None


def together(summaries):
    """How many different values several folds have; `None` if there are too many to count."""
    if not all(own.distinct.exact for own in summaries):
        return None
    return len(np.unique(np.concatenate([own.distinct.hashes for own in summaries])))


def fits_in_int64(summary):
    """Whether float64 numbers are whole, and each of them exact."""
    ends = summary.ends
    whole = summary.decimals == 0 and not summary.infinite and ends is not None
    return whole and max(map(abs, ends)) < EXACT
