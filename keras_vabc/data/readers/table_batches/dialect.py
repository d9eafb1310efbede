"""How a CSV file is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
THOUSANDS = {".": "points", ",": "commas", " ": "spaces", "'": "apostrophes"}


@dataclass(frozen=True)
class Dialect:
    r"""How a CSV file is written.

    Attributes:
        delimiter: What separates cells: `","`, `";"`, `"\t"`, `"|"` or `" "`, any number of these.
        encoding: As Python names it.
        decimal: What stands before the decimals of a number: `"."` or `","`.
        thousands: What stands between its thousands: `","`, `"."`, `" "` for any space or `"'"` for
            any apostrophe; `None` if nothing does.
        certain: Whether its numbers settle the two; else they could be read in another way, or no
            number has either. See `settle`.
        header: Whether a line names the columns.
        comment: `"#"` if lines that begin with it are no rows, else `None`.
        units: Cells of the line of units under the names; empty if there is none.
        start: Number of the line, counted from 1, in which the rows begin.
    """

    delimiter: str
    encoding: str
    header: bool
    start: int
    decimal: str = "."
    thousands: str | None = None
    certain: bool = False
    comment: str | None = None
    units: tuple[str, ...] = ()

    def described(self):
        """One line on it."""
        parts = [f"separated by {NAMES[self.delimiter]}", self.encoding]
        parts.append("a line of names" if self.header else "no line of names")
        if self.units:
            parts.append(f"a line of units ({', '.join(self.units)}), left out")
        if self.comment:
            parts.append(f"lines that begin with {self.comment} left out")
        if self.decimal == ",":
            parts.append("decimal commas")
        if self.thousands:
            parts.append(f"{THOUSANDS[self.thousands]} between thousands")
        return ", ".join(parts)


def settle(dialects: Sequence[Dialect | None]) -> list[Dialect | None]:
    """The dialects of several folds, numbers of the uncertain ones read as those of the others.

    A small file may hold nothing but 1.234, which another one tells to be thousands.
    """
    certain = next((d for d in dialects if d is not None and d.certain), None)
    if certain is None:
        return list(dialects)
    style = {"decimal": certain.decimal, "thousands": certain.thousands}
    return [d if d is None or d.certain else replace(d, **style) for d in dialects]
