"""What commands print: lines as they are, since paths may look like markup, and progress."""

from contextlib import contextmanager


def say(console, text):
    """Prints a line that neither wraps nor changes.

    Args:
        console: `rich.console.Console`.
        text: The line.
    """
    console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


@contextmanager
def reading_status(console):
    """Shows how far the reading of a user's files has come.

    Args:
        console: `rich.console.Console`.

    Yields:
        What `read_folds` takes as `show`.
    """
    with console.status("Reading") as status:
        yield lambda name, rows: status.update(f"Reading {name}: {rows:,} examples")
