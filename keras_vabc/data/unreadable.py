"""Files that could not be read, each with a reason that a user can act on."""

import csv
import itertools
import os
import tempfile
import weakref

from PIL import Image, UnidentifiedImageError

from keras_vabc.data.checks import first_line
from keras_vabc.data.ids import as_cell
from keras_vabc.data.images import FloatsError
from keras_vabc.files.writing import whole_file

FILE = "unreadable.csv"
LISTED = 10_000  # in a manifest, which is read as a whole
MEMORY_BYTES = 2**20  # of names and reasons; what exceeds it goes to a nameless file
NAMES_SHOWN = 3
LONGEST_REASON = 160  # some decoders quote what they read
FIRST_BYTES = 64
KINDS = {  # what is often named .jpg or .png, by a part of its first bytes
    b"ftyphei": "HEIC, as phones take it",
    b"ftyphev": "HEIC, as phones take it",
    b"ftypmif1": "HEIC, as phones take it",
    b"ftypavif": "AVIF",
    b"ftyp": "a video",
    b"%pdf": "PDF",
    b"8bps": "Photoshop",
    b"<svg": "SVG",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself",
    b"pk\x03\x04": "a ZIP archive",
    b"\x00\x00\x00\x0cjp": "JPEG 2000",
}


class Unreadable:
    """`(id, reason)` of each file that could not be read; memory does not grow with their number.

    Its length is their number, and it can be iterated as often as one likes.
    """

    def __init__(self):
        self._file = tempfile.SpooledTemporaryFile(
            MEMORY_BYTES, "w+", encoding="utf-8", errors="backslashreplace", newline=""
        )
        weakref.finalize(self, self._file.close)
        self._count = 0

    def add(self, name, reason):
        """Adds a file."""
        self._file.seek(0, os.SEEK_END)
        csv.writer(self._file).writerow((name, reason))
        self._count += 1

    def __len__(self):
        """Number of files."""
        return self._count

    def __iter__(self):
        """Yields each id with its reason."""
        self._file.seek(0)
        yield from map(tuple, csv.reader(self._file))

    def first(self):
        """The first few in words."""
        shown = itertools.islice(self, NAMES_SHOWN)
        return ", ".join(f"{name!r} ({reason})" for name, reason in shown)


def write_unreadable(path, folds):
    """Writes what could not be read in each fold, a dict of `Unreadable`s, to a CSV file.

    Its columns are `fold`, `id`, as `as_cell` writes it, and `reason`.
    """
    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("fold", "id", "reason"))
        for fold, files in folds.items():
            writer.writerows((fold, as_cell(name), why) for name, why in files)


def reason(error, path):
    """Why an image could not be read, in words and one line, by what a decoder raised."""
    if isinstance(error, UnidentifiedImageError):
        return _kind(path)
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return (
            f"more than the {Image.MAX_IMAGE_PIXELS:,} pixels that are read: make it smaller first"
        )
    if isinstance(error, FloatsError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror.lower()
    text = first_line(error)
    if isinstance(error, OSError | SyntaxError | EOFError) and "truncated" in text.lower():
        return "truncated: the end of the file is missing"
    text = "".join(c if c.isprintable() else "?" for c in text)[:LONGEST_REASON]
    return f"damaged: {text}"


def _kind(path):
    """What a file holds that is no image of a kind that is read."""
    try:
        with open(path, "rb") as file:
            start = file.read(FIRST_BYTES).lower()
    except OSError as error:
        return error.strerror.lower()
    if not start:
        return "empty"
    for part, kind in KINDS.items():
        if start[:12].find(part) >= 0 or start.lstrip().startswith(part):
            return f"no image of a kind that is read, but {kind}; convert it to PNG or JPEG"
    if not start.strip(b"\0"):
        return "nothing but zeros: its content is lost"
    return "no image of a kind that is read, or its start is damaged"
