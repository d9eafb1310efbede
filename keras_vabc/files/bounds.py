"""How much a file may hold, found out before any of it is taken into memory."""

import os
from pathlib import Path

RATIO = 200  # what a packed file may hold, in sizes of the file
SMALL = 2**26  # bytes that any packed file may hold
ALLOWED = "KERAS_VABC_MAX_UNPACKED"  # environment variable: bytes that every one may hold
TEXT_BYTES = 2**26  # of a record, which is a few kB


class TooLarge(ValueError):
    """A file would hold more than it may, or what it may is not known; the message says more."""


def check_unpacked(size, path, name):
    """Refuses, by a `TooLarge`, a packed file that says it holds `size` bytes, if these are many.

    Many is more than `RATIO` times its own size and `SMALL`, and than the bytes in the environment
    variable `ALLOWED`. The error calls the argument that gave `path` `name`.
    """
    own = os.path.getsize(path)
    if size > max(RATIO * own, SMALL, _allowed()):
        raise TooLarge(
            f"{name} must hold at most {RATIO} times the bytes of its file when it is unpacked; "
            f"the environment variable {ALLOWED}={size} allows it. "
            f"Received: {path} of {own} bytes, which declares {size}."
        )


def check_stored(archive):
    """Refuses, by a `ValueError`, an open `ZipFile` whose members are packed, or larger than it."""
    members = archive.infolist()
    if any(member.compress_type for member in members):
        raise ValueError("it is compressed")  # and may be larger than memory
    own = os.stat(archive.fp.fileno()).st_size
    declared = sum(member.file_size for member in members)
    if declared > own:  # members that share their bytes, or lack them
        raise ValueError(f"it declares {declared} bytes, but has {own}")


def read_text_file(path):
    """The bytes of a file of text; a `TooLarge` if they are more than `TEXT_BYTES`."""
    size = os.path.getsize(path)
    if size > TEXT_BYTES:
        raise TooLarge(
            f"{Path(path).name} must have at most {TEXT_BYTES} bytes. Received: {path} of {size}."
        )
    return Path(path).read_bytes()


def _allowed():
    text = os.environ.get(ALLOWED) or "0"
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise TooLarge(f"{ALLOWED} must be a number of bytes. Received: {text!r}.") from None
