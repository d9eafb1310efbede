"""One column of a table: what it is, and how its values are read, coded and written."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keras_vabc.data.columns import dates
from keras_vabc.data.columns.number_codes import NumberCodes
from keras_vabc.data.columns.reading import Reading, type_named
from keras_vabc.data.columns.word_codes import WordCodes

TYPES = ("numeric", "whole", "category", "boolean", "datetime", "constant", "id", "dropped")
TRAINED = TYPES[:5]


@dataclass(frozen=True, eq=False)
class Column:
    """What a column of both folds is.

    Attributes:
        name: Its name, or its number as text.
        type: One of `TYPES`.
        stored: Type of Arrow in the unlabeled fold; `None` where it is text, as in CSV.
        reading: `Reading` of its cells.
        codes: `NumberCodes` or `WordCodes` of what is trained on, else `None`.
        decimals: Digits behind the point of a numeric column; `None` if there are too many.
        resolution: Coarsest unit of dates and times, such as `"day"`; `ticks` of their type in it.
        truths: The words for false and true.
        value: The value of a constant; `None` if it has none.
        missing_word: What stands for a missing value in text.
        rows: Number of unlabeled rows, `missing` and `distinct` of them.
        why: Why it is an id, if nobody said so.
        written: How dates are written, as `strftime` has it.
    """

    name: str
    type: str
    stored: str | None
    reading: Reading
    codes: NumberCodes | WordCodes | None = None
    decimals: int | None = None
    resolution: str | None = None
    ticks: int = 1
    truths: tuple[str, str] = ("false", "true")
    value: str | int | float | None = None
    missing_word: str = ""
    rows: int = 0
    missing: int = 0
    distinct: int = 0
    why: str = field(default="", compare=False)
    written: str = ""

    @property
    def trained(self):
        """Whether a model sees it."""
        return self.type in TRAINED

    @property
    def arrow_type(self):
        """The type of Arrow of its values, once they are read."""
        if self.stored is not None:
            return type_named(self.stored)
        if self.reading.kind == "truth":
            return pa.bool_()
        return type_named(self.reading.time) if self.reading.kind == "date" else self.reading.type

    def encode(self, values):
        """Codes, int32, of values that were read."""
        if self.type == "datetime":
            values = pc.divide(pc.subtract(values, self._before(values)), self.ticks)
        return self.codes.encode(values)

    def unseen(self, values):
        """Which values that were read the unlabeled fold has nothing like."""
        codes = self.codes
        if isinstance(codes, WordCodes):
            return codes.encode(values) == codes.unseen
        missing = values.is_null().to_numpy(zero_copy_only=False)
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        low, high = codes.values[[0, -1]] * self.ticks if codes.cells else (1, 0)
        return np.where(missing, codes.missing == 0, (numbers < low) | (numbers > high))

    def decode(self, codes, places):
        """An array of `arrow_type` of codes; `places` in [0, 1) of their cells."""
        values, missing = self.codes.decode(codes, places)
        if isinstance(values, np.ndarray):
            times = self.type == "datetime"
            values = pa.array(self._told(values * self.ticks, codes) if times else values)
        return self.typed(pc.if_else(pa.array(missing), pa.scalar(None, values.type), values))

    def numbers(self, codes):
        """A float64 for each code: a value, the middle one if it is missing, or a word's code."""
        own = self.codes
        if isinstance(own, WordCodes) or own.cells == 0:
            return codes.astype(np.float64)
        middle = int(np.abs(own.scores).argmin())
        codes = np.where(codes >= own.cells, middle, codes)
        return np.asarray(own.decode(codes, np.full(len(codes), 0.5))[0], np.float64)

    def typed(self, values):
        """Values that were read as an array of `arrow_type`."""
        kind = self.arrow_type
        if self.reading.kind == "date":
            return dates.from_ticks(values, kind)
        if self.reading.kind == "truth":
            if pa.types.is_boolean(kind):
                return pc.equal(values, "true")
            values = self._words(values)
        if pa.types.is_dictionary(kind):
            coded = pc.dictionary_encode(pc.cast(values, kind.value_type))
            return pc.cast(coded, kind) if coded.type != kind else coded
        return pc.cast(values, kind, safe=False)

    def constant(self, count):
        """An array of `arrow_type` that holds the constant so many times."""
        return self.typed(pa.array([self.value] * count, self.reading.type))

    def as_text(self, array):
        """An array of `arrow_type` as text, written as in the data."""
        values, _ = self.reading.read(array)
        if self.reading.kind == "date":
            text = dates.formatted(self.reading.time, values, self.written, self.resolution)
        elif self.reading.kind == "number":
            single = pa.float32() if self.stored == "float" else values.type
            text = self.reading.written(pc.cast(pc.cast(values, single), pa.string()))
        else:
            text = self._words(values) if self.reading.kind == "truth" else values
        return pc.fill_null(text, self.missing_word)

    def _told(self, times, codes):
        """Times, of which those that the clocks of a zone skip are one of their cell's own."""
        own = self.codes
        back = dates.as_ticks(dates.from_ticks(pa.array(times), self.arrow_type)).to_numpy()
        skipped = (back != times) & (codes < own.cells)
        if skipped.any():
            times[skipped] = own.values[own.first[codes[skipped]]] * self.ticks
        return times

    def _words(self, truths):
        false, true = self.truths
        return pc.if_else(pc.equal(truths, "true"), true, false)

    def _before(self, values):
        """How far times are behind the unit that the column counts in."""
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        return pa.array(numbers % self.ticks)
