"""What names an example in a table: the path of its file, in a form that harms nobody."""

import os
import re

# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = r"[=+\-@\t\r\n＝＋－＠]"  # what makes a formula of a cell, in its first place
ENCODED = rb"\\(?=x(?:5c|[89a-f][0-9a-f]))"  # what looks like a byte of `printable_path`


def printable_path(path):
    r"""A path that can be written as UTF-8, with slashes, whatever bytes its name has.

    A byte that is no UTF-8 becomes `\x` and two digits. No two paths become the same: where a name
    has those four characters itself, their backslash becomes `\x5c`.
    """
    name = re.sub(ENCODED, rb"\\x5c", os.fsencode(path.replace(os.sep, "/")))
    return name.decode("utf-8", "backslashreplace")


def as_cell(name):
    """A name as the cell of a table, which no spreadsheet takes for a formula.

    One that would be a formula gets an apostrophe in front, and so does one that would be a formula
    behind apostrophes, so that `from_cell` gives every name back.
    """
    return f"'{name}" if re.match(f"'*{FORMULA}", name) else name


def from_cell(cell):
    """The name of which `as_cell` made a cell."""
    return cell[1:] if re.match(f"'+{FORMULA}", cell) else cell


def is_formula(cell):
    """Whether a spreadsheet may take a cell for a formula, as it takes none of `as_cell`."""
    return re.match(FORMULA, cell) is not None
