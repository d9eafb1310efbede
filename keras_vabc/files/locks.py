"""One process at a time in a folder."""

import contextlib
import os
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
RECORD = b"keras_vabc\n"  # what a lock holds: it is told by this, not by its name


@contextmanager
def locked(folder):
    """Keeps every other process that would lock the same folder out, until the block ends.

    Raises a `BlockingIOError` if another process has it.
    """
    import fcntl  # not on Windows

    with open(Path(folder, LOCK), "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(file.fileno()), os.stat(file.name)):
                raise BlockingIOError  # who had it has just deleted it
        except (BlockingIOError, FileNotFoundError):
            raise BlockingIOError(f"Another process is at work in {folder}; wait for it.") from None
        if not file.tell():
            file.write(RECORD)
            file.flush()
        yield


def is_lock(path):
    """Whether a file is a lock of ours, by what it holds."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                return file.read(len(RECORD) + 1) == RECORD
    return False
