"""One process at a time in a folder."""

import contextlib
import os
import time
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
RECORD = b"keras_vabc\n"  # what a lock holds: it is told by this, not by its name
PAUSE = 0.05  # seconds between two tries


@contextmanager
def locked(folder, wait=0):
    """Keeps every other process that would lock the same folder out, until the block ends.

    Raises a `BlockingIOError` if another process has it for longer than `wait` seconds.
    """
    until = time.monotonic() + wait
    while True:
        with _lock_file(folder) as file:
            if file is not None:
                _say_whose(file)
                yield
                return
        if time.monotonic() >= until:
            raise BlockingIOError(f"Another process is at work in {folder}; wait for it.")
        time.sleep(PAUSE)


@contextmanager
def _lock_file(folder):
    """The open lock of a folder, or `None` if another process has it, or has just deleted it."""
    import fcntl  # not on Windows

    with open(Path(folder, LOCK), "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_there = os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
        except (BlockingIOError, FileNotFoundError):
            is_there = False
        yield file if is_there else None


def _say_whose(file):
    if not os.fstat(file.fileno()).st_size:  # another may have written since it was opened
        file.write(RECORD)
        file.flush()


def is_lock(path):
    """Whether a file is a lock of ours, by what it holds."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                return file.read(len(RECORD) + 1) == RECORD
    return False
