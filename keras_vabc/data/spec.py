"""What one example of a user's data is, in a form that a later command reads back."""

import math
from dataclasses import asdict, dataclass

BLOCK_BYTES = 2**22  # of rows that are read and converted at a time


@dataclass(frozen=True)
class ImageRule:
    """What the numbers of images mean: decided once for both folds, and kept for later data.

    A white of `None` is that of a kind of images that neither fold held: later data of this kind
    decide on it by the rule that the folds would have, as a whole.

    Attributes:
        deep: White of images of 9 to 32 bits a pixel, the largest number of so many bits.
        whole: White of arrays of whole numbers up to 255: 255, or 1 where all are 0 or 1.
        floats: White of arrays of floats: 1 or 255.
        ground: Grey level on which what is transparent is laid: 0, black, or 255, white.

    Raises:
        ValueError: If an attribute breaks a rule above.
    """

    deep: int | None = None
    whole: int | None = None
    floats: int | None = None
    ground: int = 0

    def __post_init__(self):
        """Checks the attributes."""
        deep = self.deep is None or (self.deep > 0 and self.deep & (self.deep + 1) == 0)
        if not (deep and {self.whole, self.floats} <= {None, 1, 255} and self.ground in (0, 255)):
            raise ValueError(f"spec must have a valid rule for images. Received: {self}.")


@dataclass(frozen=True)
class DataSpec:
    """The one form that all examples of a run have, whatever files they come from.

    Images hold whole numbers in 0..255 (uint8) or, if both folds were arrays of floats in 0..1,
    those (float32). Vectors are float32, in the units of the file.

    A constant column has the variance 0: whoever standardizes columns must put 1 in its place, as
    `logit_network` does. A sampler gives generated rows the constant back, and makes columns of
    whole numbers whole.

    Attributes:
        kind: `"images"` or `"vectors"`.
        shape: `(height, width, channels)` with 1 channel for grey and 3 for colour, or
            `(features,)`.
        dtype: `"uint8"` or `"float32"`.
        columns: Names of the columns of a CSV or Parquet file, in order; `None` where the data have
            no names.
        constants: `(column number, value)` of each column that is constant in the unlabeled fold.
        whole: `(column number, least, largest)` of each other column that holds nothing but whole
            numbers there.
        rule: `ImageRule` of images; `None` where it was not decided yet, or by a version that
            decided it file by file.
        typed: Whether vectors are the dense codes of a table's columns, which `columns.json` of the
            run describes; `columns` are then names of codes.

    Raises:
        ValueError: If an attribute breaks a rule above.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: str
    columns: tuple[str, ...] | None = None
    constants: tuple[tuple[int, float], ...] = ()
    whole: tuple[tuple[int, float, float], ...] = ()
    rule: ImageRule | None = None
    typed: bool = False

    def __post_init__(self):
        """Checks the attributes."""
        images = self.kind == "images"
        sizes = all(isinstance(size, int) and size > 0 for size in self.shape)
        shaped = self.shape[2:] in ((1,), (3,)) if images else len(self.shape) == 1
        typed = self.dtype in (("uint8", "float32") if images else ("float32",))
        if not ((images or self.kind == "vectors") and sizes and shaped and typed):
            raise ValueError(
                "spec must describe images (height, width, 1 or 3) of uint8 or float32, or vectors "
                f"(features,) of float32. Received: {self.kind!r}, {self.shape}, {self.dtype!r}."
            )
        named = self.columns is not None
        if named and (images or not self.shape[0] == len(self.columns) == len(set(self.columns))):
            raise ValueError(
                f"spec must name each of its columns once. Received: shape {self.shape}, "
                f"{len(self.columns)} names."
            )
        if self.typed and images:
            raise ValueError("spec must be of vectors to be typed. Received: images.")
        if self.rule is not None and not images:
            raise ValueError(f"spec must have a rule for images alone. Received: {self.rule}.")
        for column, *values in (*self.constants, *self.whole):
            finite = all(map(math.isfinite, values)) and values[0] <= values[-1]
            if images or not 0 <= column < self.shape[0] or not finite:
                raise ValueError(
                    "spec must give constants as (column number, finite value), and whole numbers "
                    "as (column number, least, largest). "
                    f"Received: column {column} of {self.shape}."
                )

    @property
    def block_rows(self):
        """Number of rows in a block of about `BLOCK_BYTES`."""
        size = 1 if self.dtype == "uint8" else 4
        return max(1, BLOCK_BYTES // (size * math.prod(self.shape)))

    def column_name(self, column):
        """What errors and notes call a column."""
        return f"column {column}" if self.columns is None else f"column {self.columns[column]!r}"

    def to_json(self):
        """A dict that `json.dumps` takes."""
        return asdict(self)
