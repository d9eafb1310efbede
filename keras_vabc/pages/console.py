"""What commands print, and the one place that does: texts are shown as they are, never as markup.

Paths, names and messages are a user's; in Rich's markup `[red]` is a colour and `:smile:` a face,
and on a terminal an escape sequence is a command.
"""

import os
import shlex
import string
import unicodedata
import warnings
from contextlib import contextmanager

from rich import box
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table as RichTable
from rich.text import Text

OTHER_THAN_SHOWN = ("Cc", "Cs", "Zl", "Zp")  # categories: control, half of a pair, line breaks
DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def plain(text):
    """A text as one line without anything that acts on a terminal: such characters as escapes.

    So is a byte of a file name that is no UTF-8, which could not be written.
    """
    return "".join(map(_shown, text))


def _shown(character):
    if character in DIRECTIONS or unicodedata.category(character) in OTHER_THAN_SHOWN:
        return ascii(character)[1:-1]
    return character


def say(console, text):
    """Prints one line that neither wraps nor changes."""
    console.print(_text(console, text), highlight=False, soft_wrap=True)


def print_table(console, title, table):
    """Prints a `Table` under a title, the first column to the left and the others to the right."""
    shown = RichTable(
        title=None if title is None else _text(console, title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        show_edge=False,
        pad_edge=False,
    )
    for number, column in enumerate(table.columns):
        shown.add_column(Text(column), justify="right" if number else "left", no_wrap=True)
    for row in table.rows:
        shown.add_row(*(_text(console, cell) for cell in row))
    console.print(shown)


class _Status:
    """What is shown of the work that goes on."""

    def __init__(self, console, status):
        self._console, self._status = console, status

    def update(self, text):
        """Shows another text."""
        self._status.update(_text(self._console, text))


@contextmanager
def status(console, text):
    """Shows a text while a block lasts; what it yields has `update(text)`."""
    with console.status(_text(console, text)) as shown:
        yield _Status(console, shown)


@contextmanager
def reading_status(console):
    """Shows how far the reading of a user's files has come; yields `show` of `read_folds`."""
    with status(console, "Reading") as shown:
        yield lambda name, rows: shown.update(f"Reading {name}: {rows:,} examples")


@contextmanager
def warnings_told(tell):
    """Gives the text of each warning of a block to a function, when the block has ended."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        tell(str(warning.message))


def command_line(words):
    """Words as a shell takes them, on one line."""
    return " ".join(map(_quoted, words))


def _quoted(word):
    if plain(word) == word:
        return shlex.quote(word)
    safe = string.ascii_letters + string.digits + "/._-"
    return (
        "$'"
        + "".join(
            chr(byte) if chr(byte) in safe else f"\\x{byte:02x}" for byte in os.fsencode(word)
        )
        + "'"
    )


class Bars:
    """Progress bars: those of samples, of the epochs of one training or several, or of runs.

    A context; each bar has a title, how far it has come, and a note behind it.
    """

    def __init__(self, console, kind):
        self._console = console
        transient = kind == "samples"  # what comes after says it all
        self._progress = Progress(*_columns(kind), console=console, transient=transient)

    def __enter__(self):
        """Shows them."""
        self._progress.__enter__()
        return self

    def __exit__(self, *error):
        """Shows them no more."""
        return self._progress.__exit__(*error)

    def add(self, title, total=None):
        """A new bar; what it gives stands for it."""
        return self._progress.add_task(plain(title), total=total, note="")

    def advance(self, bar, count=1, note=""):
        """A bar goes on."""
        self._progress.update(bar, advance=count, note=plain(note))

    def end(self, bar):
        """A bar has come to its end, whatever its total was."""
        task = next(task for task in self._progress.tasks if task.id == bar)
        self._progress.update(bar, total=task.completed)

    def say(self, text):
        """Prints a line above the bars."""
        say(self._progress.console, text)


def _columns(kind):
    title, note = _column("{task.description}"), _column("{task.fields[note]}")
    if kind == "samples":
        return title, BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    if kind == "epochs":
        epochs = MofNCompleteColumn(), _column("epochs"), TimeElapsedColumn()
        return title, BarColumn(bar_width=24), *epochs, note
    if kind == "trainings":
        epochs = BarColumn(bar_width=16), _column("epoch {task.completed}"), TimeElapsedColumn()
        return SpinnerColumn(), _column("{task.description:16}"), *epochs, note
    runs = _column("{task.completed} of {task.total}")
    return title, BarColumn(), runs, TimeElapsedColumn(), TimeRemainingColumn()


def _column(form):
    return TextColumn(form, markup=False)


def _text(console, text):
    """A text that Rich takes as it is, in the characters that the console's encoding has."""
    return Text(plain(text).encode(console.encoding, "backslashreplace").decode(console.encoding))
