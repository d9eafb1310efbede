"""Reading a folder of images."""

import os
import stat
from collections import Counter
from pathlib import Path

import numpy as np

from keras_vabc.data.images import (
    GREY_MODES,
    SUFFIXES,
    fitted,
    is_coloured,
    is_transparent,
    open_image,
    oriented_size,
    plain,
)
from keras_vabc.data.spec import DataSpec

COLOURED_SHARE = 0.01  # of the images; up to it all are read as grey
LARGE_PIXELS = 256 * 256
NAMES_SHOWN = 3


class ImageFolder:
    """A folder of image files, nested folders included.

    Symbolic links are not followed, hidden files and files of other kinds are left out.

    Args:
        path: Path of the folder.
        name: Name of the argument that gave it, for errors and notes.
        max_unreadable: Largest share of the files that may be unreadable.

    Attributes:
        count: Number of image files.
        counts: What was found, `collections.Counter`; complete when `blocks` has ended.

    Raises:
        ValueError: If it holds no image.
        OSError: If it cannot be read.
    """

    def __init__(self, path, name, max_unreadable):
        self.path, self.name, self.max_unreadable = Path(path), name, max_unreadable
        self._left_out = Counter()
        self.count = sum(1 for _ in self._files(self._left_out))
        self.counts = Counter()
        self._unreadable = []
        if self.count == 0:
            raise ValueError(
                f"{name} must be a folder with images ({', '.join(SUFFIXES)}). "
                f"Received: {name}={path}, which has none{self._others()}."
            )

    def dtype(self):
        """Dtype of its images."""
        return "uint8"

    def describe(self, image_size):
        """The `DataSpec` of its images.

        Args:
            image_size: `(height, width)`, or `None` for the most frequent size.

        Raises:
            ValueError: If more than `max_unreadable` of the files are unreadable.
        """
        sizes, coloured = Counter(), 0
        for path, _ in self._files(Counter()):
            try:
                with open_image(path) as image:
                    sizes[oriented_size(image)] += 1
                    undecided = coloured <= COLOURED_SHARE * self.count
                    if undecided and image.mode not in GREY_MODES:
                        coloured += is_coloured(plain(image))
            except Exception:  # decoders raise anything
                self.counts["unreadable"] += 1
                self._check_unreadable()
        channels = 3 if coloured > COLOURED_SHARE * self.count else 1
        size = image_size or max(sizes, key=lambda size: (sizes[size], size))
        return DataSpec("images", (*size, channels), "uint8")

    def blocks(self, spec):
        """Reads all images in the form of `spec`.

        Yields:
            `(ids, rows)`: paths relative to the folder, and an array of shape `(n, *spec.shape)`.

        Raises:
            ValueError: If more than `max_unreadable` of the files are unreadable.
        """
        self.counts.clear()
        ids, rows = [], []
        for path, relative in self._files(Counter()):
            self.counts["read"] += 1
            try:
                with open_image(path) as image:
                    rows.append(self._row(image, spec))
            except Exception:  # decoders raise anything
                self._note_unreadable(relative)
                continue
            ids.append(relative)
            if len(rows) == spec.block_rows:
                yield ids, _scaled(rows, spec)
                ids, rows = [], []
        if rows:
            yield ids, _scaled(rows, spec)

    def notes(self, spec):
        """What was repaired or left out, a line each, once `blocks` has ended."""
        height, width, channels = spec.shape
        lines = {
            "unreadable": f"could not be read and were left out: {', '.join(self._unreadable)}",
            "resized": f"were resized to {height} x {width} pixels (aspect ratio not kept)",
            "grey": "have colours and were turned grey",
            "transparent": "are transparent and were laid on black",
        }
        found = [
            f"{self.name}: {self.counts[key]} of {self.counts['read']} images {line}."
            for key, line in lines.items()
            if self.counts[key]
        ]
        if height * width > LARGE_PIXELS:
            found.append(f"{self.name}: images of {height} x {width} are large; give image_size.")
        return found + ([f"{self.name}: left out{self._others()}."] if self._left_out else [])

    def _row(self, image, spec):
        transparent, size = is_transparent(image), oriented_size(image)
        image = plain(image)
        row = fitted(image, spec.shape)
        self.counts["transparent"] += transparent
        self.counts["resized"] += size != spec.shape[:2]
        self.counts["grey"] += spec.shape[2] == 1 and is_coloured(image)
        return row

    def _note_unreadable(self, relative):
        self.counts["unreadable"] += 1
        if len(self._unreadable) < NAMES_SHOWN:
            self._unreadable.append(repr(relative))
        self._check_unreadable()

    def _check_unreadable(self):
        if self.counts["unreadable"] > self.max_unreadable * self.count:
            raise ValueError(
                f"{self.name} must have at most {self.max_unreadable:.2%} unreadable images. "
                f"Received: {self.counts['unreadable']} of {self.count} or more, "
                f"{', '.join(self._unreadable)}."
            )

    def _files(self, left_out):
        """Path and printable relative path of each image, in order of their names."""
        for root, folders, names in os.walk(self.path, onerror=_raise):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            left_out["symbolic links"] += sum(
                os.path.islink(os.path.join(root, f)) for f in folders
            )
            inside = Path(root).relative_to(self.path)
            for name in sorted(n for n in names if not n.startswith(".")):
                path = os.path.join(root, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    left_out["symbolic links"] += 1
                elif not stat.S_ISREG(mode) or Path(name).suffix.lower() not in SUFFIXES:
                    left_out["files of other kinds"] += 1
                else:
                    relative = os.fsencode((inside / name).as_posix())
                    yield path, relative.decode("utf-8", "backslashreplace")

    def _others(self):
        found = [f"{count} {kind}" for kind, count in self._left_out.items() if count]
        return f": {' and '.join(found)}" if found else ""


def _scaled(rows, spec):
    rows = np.stack(rows)
    return rows if spec.dtype == "uint8" else (rows / np.float32(255)).astype(np.float32)


def _raise(error):
    raise error
