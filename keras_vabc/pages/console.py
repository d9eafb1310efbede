"""What commands print: lines as they are, since paths may look like markup, and progress."""

from contextlib import contextmanager


def say(console, text):
    """Prints a line that neither wraps nor changes."""
    console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


@contextmanager
def reading_status(console):
    """Shows how far the reading of a user's files has come; yields `show` of `read_folds`."""
    with console.status("Reading") as status:
        yield lambda name, rows: status.update(f"Reading {name}: {rows:,} examples")
