"""Between two numbers of a column lie others: how finely it is written."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grain:
    """How finely the numbers of a column are written.

    Attributes:
        dtype: `"int64"` of whole numbers, else the type that they are stored in, such as
            `"float32"`. Arrays of values are int64 or float64 nevertheless.
        decimals: Digits behind the point; `None` for all that the type has.
    """

    dtype: str = "float64"
    decimals: int | None = None

    @property
    def values(self):
        """The dtype of an array of values."""
        return np.dtype("int64" if self.dtype == "int64" else "float64")

    def rounded(self, numbers):
        """The nearest numbers that the column can hold, nearly: whole ones stay."""
        if self.dtype == "int64":
            return numbers
        numbers = numbers if self.decimals is None else np.round(numbers, self.decimals)
        return numbers.astype(self.dtype).astype("float64")

    def after(self, numbers):
        """The next numbers that it can hold."""
        if self.dtype == "int64":
            return numbers + 1
        if self.decimals is None:
            return np.nextafter(numbers.astype(self.dtype), np.inf, dtype=self.dtype).astype("f8")
        return self.rounded(numbers + 10.0**-self.decimals)

    def between(self, low, high):
        """Numbers that it can hold in the middle: at least `low`, and below `high`."""
        if self.dtype == "int64":
            return low + ((high.view(np.uint64) - low.view(np.uint64)) >> np.uint64(1)).view("i8")
        middle = self.rounded(low / 2 + high / 2)
        return np.where((middle >= low) & (middle < high), middle, low)


def gaps(low, high, bounded):
    """`high - low` >= 0 as float64, 0 where not `bounded`; whole numbers may be far apart."""
    if low.dtype == np.int64:
        return np.where(bounded, high.view(np.uint64) - low.view(np.uint64), 0).astype("f8")
    with np.errstate(over="ignore"):
        gap = np.subtract(high, low, out=np.zeros(len(low)), where=bounded)
    return np.minimum(gap, np.finfo("f8").max)
