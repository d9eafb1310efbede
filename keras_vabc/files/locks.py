"""One process at a time in a folder."""

import contextlib
import os
import stat
import time
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
RECORD = b"keras_vabc\n"  # what a lock holds: it is told by this, not by its name
PAUSE = 0.05  # seconds between two tries


@contextmanager
def locked(folder, wait=0):
    """Keeps every other process that would lock the same folder out, until the block ends.

    Raises a `BlockingIOError` if another process has it for longer than `wait` seconds, another
    `OSError` if there can be no lock, or something of others has its name.
    """
    until = time.monotonic() + wait
    while True:
        with _lock_file(Path(folder, LOCK)) as is_ours:
            if is_ours:
                yield
                return
        if time.monotonic() >= until:
            raise BlockingIOError(f"Another process is at work in {folder}; wait for it.")
        time.sleep(PAUSE)


@contextmanager
def _lock_file(path):
    """Whether the lock at a path is ours until the block ends.

    It is not if another process has it, or has just deleted it.
    """
    file = _opened(path)
    try:
        yield _is_taken(file, path)
    finally:
        os.close(file)


def _is_taken(file, path):
    import fcntl  # not on Windows

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file), os.stat(path)):
            return False
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # as where a file system has no locks
        if not os.fstat(file).st_size:
            path.unlink(missing_ok=True)
        raise
    _say_whose(file, path)
    return True


def _opened(path):
    """A descriptor of a lock, which is made if there is nothing of its name."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(path, flags, 0o666)
    except OSError as error:
        if not os.path.lexists(path) or (path.is_file() and not path.is_symlink()):
            raise
        raise _of_others(path) from error
    if not stat.S_ISREG(os.fstat(file).st_mode) or not RECORD.startswith(
        os.read(file, len(RECORD))
    ):
        os.close(file)
        raise _of_others(path)
    return file


def _of_others(path):
    return FileExistsError(
        f"{path.parent} must have room for a file {LOCK}. Received: one that keras-vabc did not "
        "make; move it away."
    )


def _say_whose(file, path):
    """Writes the record; a lock that has none, as on a full disk, would be nobody's for good."""
    if os.fstat(file).st_size:
        return
    try:
        os.write(file, RECORD)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None


def is_lock(path):
    """Whether a file is a lock of ours, by what it holds."""
    with contextlib.suppress(OSError):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                return file.read(len(RECORD) + 1) == RECORD
    return False
