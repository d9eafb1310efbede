"""One process at a time in a folder."""

from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


@contextmanager
def locked(folder):
    """Keeps every other process that would lock the same folder out, until the block ends.

    Raises a `BlockingIOError` if another process has it.
    """
    import fcntl  # not on Windows

    with open(Path(folder, LOCK), "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"Another process is at work in {folder}; wait for it.") from None
        yield
