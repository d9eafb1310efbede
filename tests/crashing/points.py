"""The calls of file operations in the package: counting them, and stopping at one.

A point is an operation and where it is called: the innermost line of the package that is on the
stack and, where that lies in the room `files`, the innermost line outside of it, too.
"""

import builtins
import collections
import errno
import io
import os
import signal
import sys
from pathlib import Path

import keras
from pyarrow import parquet

import keras_vabc

PACKAGE = str(Path(keras_vabc.__file__).parent) + os.sep
# What Python tells of; shutil and tempfile are made of these.
EVENTS = {
    "os.rename": errno.ENOSPC,
    "os.mkdir": errno.ENOSPC,
    "os.link": errno.ENOSPC,
    "os.symlink": errno.ENOSPC,
    "os.truncate": errno.ENOSPC,
    "os.remove": errno.EIO,
    "os.rmdir": errno.EIO,
    "os.chmod": errno.EIO,
    "os.utime": errno.EIO,
    "fcntl.flock": errno.EIO,
}
REMOVING = ("os.remove", "os.rmdir")
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
NATIVE = (  # which write without Python
    (keras.export.ExportArchive, "write_out"),
    (parquet.ParquetWriter, "__init__"),
    (parquet.ParquetWriter, "write_table"),
    (parquet.ParquetWriter, "close"),
)


class Stop:
    """Ends a command where a point is reached for the `number`-th time: kind `"fail"` or `"kill"`.

    A failure is an `OSError` in place of the call, once; a kill is that of this process.
    """

    def __init__(self, operation, site, number, kind):
        self._point, self._number, self._kind = (operation, site), number, kind

    def __call__(self, point, count, path):
        """What `watch` calls at each point."""
        if point != self._point or count != self._number:
            return
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        number = EVENTS.get(point[0], errno.ENOSPC)
        raise OSError(number, os.strerror(number), *([] if path is None else [path]))


def watch(act):
    """Calls `act(point, count, path)` in front of every operation of this process from now on.

    Returns the counts of all points, a `Counter` that goes on.
    """
    counts = collections.Counter()

    def reached(operation, path=None):
        site = _site()
        if site is None:
            return
        counts[operation, site] += 1
        act((operation, site), counts[operation, site], path)

    _watch_events(reached)
    _watch_files(reached)
    for owner, name in NATIVE:
        _watch_call(owner, name, f"{owner.__name__}.{name}", reached)
    _watch_call(os, "fsync", "os.fsync", reached)
    return counts


def _site():
    """Where the package is on the stack; `None` if it is not."""
    frame, inner = sys._getframe(2), None
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE):
            here = f"{name.removeprefix(PACKAGE)}:{frame.f_lineno}"
            inner = inner or here
            if not here.startswith("files" + os.sep):
                return inner if inner == here else f"{inner} < {here}"
        frame = frame.f_back
    return inner


def _watch_events(reached):
    busy = []

    def hook(event, arguments):
        if busy or not (event in EVENTS or event == "open"):
            return
        path = arguments[0] if arguments else None
        if event == "open" and not _writes(*arguments):
            return
        busy.append(True)
        try:
            reached(event, path if isinstance(path, str | bytes) else None)
        finally:
            busy.pop()

    sys.addaudithook(hook)


def _writes(path, mode, flags):
    if isinstance(path, int) or path == os.devnull:
        return False
    return any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & WRITING_FLAGS)


def _watch_files(reached):
    """Files that Python opens for writing tell of each write."""
    real = io.open

    def watched(file, mode="r", *arguments, **options):
        opened = real(file, mode, *arguments, **options)
        return WatchedFile(opened, reached) if _writes(file, mode, 0) else opened

    builtins.open = io.open = watched


class WatchedFile:
    """A file that calls a function in front of each write."""

    def __init__(self, file, reached):
        self._file, self._reached = file, reached

    def write(self, data):
        self._reached("write")
        return self._file.write(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def __iter__(self):
        return iter(self._file)

    def __getattr__(self, name):
        return getattr(self._file, name)


def _watch_call(owner, name, operation, reached):
    real = getattr(owner, name)

    def watched(*arguments, **options):
        reached(operation)
        return real(*arguments, **options)

    setattr(owner, name, watched)
