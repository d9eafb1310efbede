"""Reading a folder of images."""

import os
import stat
from collections import Counter

import numpy as np

from keras_vabc.data.ids import printable_path
from keras_vabc.data.images import (
    GREY_MODES,
    SUFFIXES,
    decode,
    is_coloured,
    is_deep,
    is_transparent,
    open_image,
    oriented_size,
    resize,
)
from keras_vabc.data.pixels import Scale, check_kind
from keras_vabc.data.spec import DataSpec

COLOURED_SHARE = 0.01  # of the images; up to it all are read as grey
LARGE_PIXELS = 256 * 256
NAMES_SHOWN, NAMES_LISTED = 3, 100  # of unreadable files, in an error and in a note
LINKS, OTHERS = "symbolic links", "files of other kinds"


class ImageFolder:
    """A `Reader` of a folder of image files, nested folders included.

    Symbolic links are not followed; hidden files and files of other kinds are left out. Raises a
    `ValueError` if it holds no image, an `OSError` if it cannot be read.
    """

    dtype = "uint8"

    def __init__(self, path, name, max_unreadable):
        self.path, self.name, self.max_unreadable = path, name, max_unreadable
        self._left_out = Counter()
        self.count = sum(1 for _ in self._files(self._left_out))
        self.counts, self._unreadable = Counter(), []
        if self.count == 0:
            others = f" but {self._others()}" if self._left_out.total() else ""
            raise ValueError(
                f"{name} must be a folder with images ({', '.join(SUFFIXES)}). "
                f"Received: {name}={path}, which has none{others}."
            )

    def describe(self, image_size):
        """As in `Reader`: of the most frequent size, and colour if over 1 % are coloured."""
        self._forget()
        sizes, coloured, most_grey = Counter(), 0, COLOURED_SHARE * self.count
        for path, relative in self._files(Counter()):
            try:
                with open_image(path) as image:
                    sizes[oriented_size(image)] += 1
                    if coloured <= most_grey and image.mode not in GREY_MODES:
                        coloured += is_coloured(decode(image))
            except Exception:  # decoders raise anything
                self._skip(relative)
        size = image_size or max(sizes, key=lambda size: (sizes[size], size), default=(1, 1))
        return DataSpec("images", (*size, 3 if coloured > most_grey else 1), "uint8")

    def blocks(self, spec):
        """As in `Reader`; ids are paths relative to the folder."""
        check_kind(("any size",), spec, self.name)
        self._forget()
        ids, rows = [], []
        for path, relative in self._files(Counter()):
            self.counts["read"] += 1
            try:
                with open_image(path) as image:
                    rows.append(self._row(image, spec))
            except Exception:  # decoders raise anything
                self._skip(relative)
                continue
            ids.append(relative)
            if len(rows) == spec.block_rows:
                yield ids, _block(rows, spec)
                ids, rows = [], []
        if rows:
            yield ids, _block(rows, spec)

    def notes(self, spec):
        """As in `Reader`."""
        height, width, _ = spec.shape
        lines = {
            "unreadable": f"could not be read and were left out: {', '.join(self._unreadable)}"
            + (", ..." if self.counts["unreadable"] > NAMES_LISTED else ""),
            "resized": f"were resized to {height} x {width} pixels; aspect ratios are not kept",
            "grey": "are coloured and were turned grey",
            "transparent": "have an alpha channel or a transparent colour and were laid on black",
            "deep": "have 16 bits a pixel and were reduced to 8; one without a pixel above 255 was "
            "taken for 8 bits",
        }
        found = [
            f"{self.name}: {self.counts[key]} of {self.counts['read']} images {line}."
            for key, line in lines.items()
            if self.counts[key]
        ]
        if height * width > LARGE_PIXELS:
            found.append(
                f"{self.name}: images of {height} x {width} pixels are large for training; give a "
                "smaller image size."
            )
        if self._left_out.total():
            found.append(f"{self.name}: left out: {self._others()}.")
        return found

    def _row(self, image, spec):
        transparent, deep = is_transparent(image), is_deep(image)
        image = decode(image)
        row = resize(image, spec.shape)
        self.counts["transparent"] += transparent
        self.counts["deep"] += deep
        self.counts["resized"] += image.size[::-1] != spec.shape[:2]
        self.counts["grey"] += spec.shape[2] == 1 and is_coloured(image)
        return row

    def _forget(self):
        self.counts.clear()
        self._unreadable.clear()

    def _skip(self, relative):
        """Counts an unreadable image, and gives up where there are too many."""
        self.counts["unreadable"] += 1
        if len(self._unreadable) < NAMES_LISTED:
            self._unreadable.append(repr(relative))
        if self.counts["unreadable"] > self.max_unreadable * self.count:
            raise ValueError(
                f"{self.name} must have at most {100 * self.max_unreadable:g} % unreadable images. "
                f"Received: at least {self.counts['unreadable']} of {self.count}, "
                f"{', '.join(self._unreadable[:NAMES_SHOWN])}."
            )

    def _files(self, left_out):
        """Path and printable relative path of each image, in the order of their names."""
        for root, folders, names in os.walk(self.path, onerror=_raise):
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            left_out[LINKS] += sum(os.path.islink(os.path.join(root, f)) for f in folders)
            inside = os.path.relpath(root, self.path)
            for name in sorted(name for name in names if not name.startswith(".")):
                path = os.path.join(root, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    left_out[LINKS] += 1
                elif not stat.S_ISREG(mode) or not name.lower().endswith(SUFFIXES):
                    left_out[OTHERS] += 1
                else:
                    yield (
                        path,
                        printable_path(name if inside == "." else os.path.join(inside, name)),
                    )

    def _others(self):
        return " and ".join(f"{kind} ({count})" for kind, count in self._left_out.items() if count)


def _block(rows, spec):
    return Scale(255, "uint8").apply(np.stack(rows), spec.dtype)


def _raise(error):
    raise error
