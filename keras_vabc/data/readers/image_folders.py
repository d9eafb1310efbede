"""Reading a folder of images."""

import contextlib
import os
import stat
from collections import Counter

import numpy as np

from keras_vabc.data.ids import printable_path
from keras_vabc.data.images import (
    GREY_MODES,
    SUFFIXES,
    decode,
    further_pictures,
    is_coloured,
    is_cut,
    is_deep,
    is_transparent,
    most_of,
    opaque_light,
    open_image,
    orientation,
    oriented_size,
    resize,
)
from keras_vabc.data.levels import NAMES, Levels, deep_words, white_of_deep
from keras_vabc.data.pixels import Scale, check_kind
from keras_vabc.data.spec import DataSpec
from keras_vabc.data.unreadable import NAMES_SHOWN, Unreadable, reason
from keras_vabc.files.manifests import made_here

COLOURED_SHARE = 0.01  # of the images; up to it all are read as grey
LARGE_PIXELS = 256 * 256
LINKS, OTHERS = "symbolic links", "files of other kinds"
OURS = "folders that keras-vabc made"


class ImageFolder:
    """A `Reader` of a folder of image files, nested folders included.

    Symbolic links are not followed; hidden files, files of other kinds and folders that we made
    are left out. Raises a `ValueError` if it holds no image, an `OSError` if it cannot be read.
    """

    dtype = "uint8"

    def __init__(self, path, name, max_unreadable):
        self.path, self.name, self.max_unreadable = path, name, max_unreadable
        self._left_out, self._ours = Counter(), {}
        self.count = sum(1 for _ in self._files(self._left_out))
        self.counts, self.unreadable = Counter(), Unreadable()
        self._levels = self._white = None
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
        self._levels = Levels()
        for path, relative in self._files(Counter()):
            try:
                with open_image(path) as image:
                    sizes[oriented_size(image)] += 1
                    _look(image, self._levels)
                    if coloured <= most_grey and image.mode not in GREY_MODES:
                        coloured += is_coloured(decode(image))
            except Exception as error:  # decoders raise anything
                self._skip(relative, reason(error, path))
        size = image_size or max(sizes, key=lambda size: (sizes[size], size), default=(1, 1))
        return DataSpec("images", (*size, 3 if coloured > most_grey else 1), "uint8")

    def survey(self):
        """As in `Reader`; of what is not deep and not transparent the header alone is read."""
        if self._levels is None:
            self._levels = Levels()
            for path, _ in self._files(Counter()):
                with contextlib.suppress(Exception), open_image(path) as image:  # told by `blocks`
                    _look(image, self._levels)
        return self._levels

    def blocks(self, spec):
        """As in `Reader`; ids are paths relative to the folder."""
        check_kind(("any size",), spec, self.name)
        self._forget()
        self._white = spec.rule and spec.rule.deep
        ids, rows = [], []
        for path, relative in self._files(Counter()):
            self.counts["read"] += 1
            try:
                with open_image(path) as image:
                    rows.append(self._row(image, spec))
            except Exception as error:  # decoders raise anything
                self._skip(relative, reason(error, path))
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
        found = [
            f"{self.name}: {self.counts[key]} of {self.counts['read']} images {line}."
            for key, line in self._lines(spec).items()
            if self.counts[key]
        ]
        if height * width > LARGE_PIXELS:
            found.append(
                f"{self.name}: images of {height} x {width} pixels are large for training; give a "
                "smaller image size."
            )
        if self._left_out.total():
            found.append(f"{self.name}: left out: {self._others()}.")
        if self._made_here(self.path):
            found.append(f"{self.name}: the folder is one that keras-vabc made.")
        return found

    def _lines(self, spec):
        height, width, _ = spec.shape
        ground = NAMES[spec.rule.ground if spec.rule else 0]
        deep = "one without a pixel above 255 was taken for 8 bits, others for 16"
        if self._white:
            deep = deep_words(self._white)
        more = ", ..." if len(self.unreadable) > NAMES_SHOWN else ""
        return {
            "unreadable": f"could not be read and were left out: {self.unreadable.first()}{more}",
            "several": "hold several pictures (animations, pages): the first of each was read, and "
            f"{self.counts['further']} were left out",
            "resized": f"were resized to {height} x {width} pixels; aspect ratios are not kept",
            "turned": "were turned upright, as is noted in them",
            "grey": "are coloured and were turned grey",
            "transparent": "have an alpha channel or a transparent colour and were laid on "
            f"{ground}",
            "deep": f"have more than 8 bits a pixel and were reduced to 8; {deep}",
            "clipped": "have pixels beyond black or white, which were clipped",
            "cut": "have 16 bits a channel, of which the upper 8 were read",
        }

    def _row(self, image, spec):
        found = Counter(transparent=is_transparent(image), deep=is_deep(image), cut=is_cut(image))
        found["turned"] = orientation(image) != 1
        if found["deep"]:
            found["clipped"] = self._is_clipped(image, spec)
        decoded = decode(image, self._white, spec.rule.ground if spec.rule else 0)
        row = resize(decoded, spec.shape)
        found["further"] = further_pictures(image)
        found["several"] = found["further"] > 0
        found["resized"] = decoded.size[::-1] != spec.shape[:2]
        found["grey"] = spec.shape[2] == 1 and is_coloured(decoded)
        self.counts.update(found)
        return row

    def _is_clipped(self, image, spec):
        """Whether an image of more than 8 bits exceeds white, which is decided at the first."""
        if self._white is None and spec.rule is not None:
            self._white = white_of_deep(self.survey().deep)
        most, least = most_of(image)
        return least < 0 or most > (self._white or 65535)

    def _forget(self):
        self.counts.clear()
        self.unreadable = Unreadable()

    def _skip(self, relative, why):
        """Counts an unreadable image, and gives up where there are too many."""
        self.counts["unreadable"] += 1
        self.unreadable.add(relative, why)
        if self.counts["unreadable"] > self.max_unreadable * self.count:
            raise ValueError(
                f"{self.name} must have at most {100 * self.max_unreadable:g} % unreadable images "
                "(max_unreadable). "
                f"Received: at least {self.counts['unreadable']} of {self.count}, "
                f"{self.unreadable.first()}."
            )

    def _files(self, left_out):
        """Path and printable relative path of each image, in the order of their names."""
        for root, folders, names in os.walk(self.path, onerror=_raise):
            kept = sorted(folder for folder in folders if not folder.startswith("."))
            folders[:] = [f for f in kept if not self._made_here(os.path.join(root, f))]
            left_out[OURS] += len(kept) - len(folders)
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

    def _made_here(self, folder):
        """Whether a folder holds an output of ours; asked once, so that each reading is alike."""
        if folder not in self._ours:
            self._ours[folder] = not os.path.islink(folder) and made_here(folder)
        return self._ours[folder]

    def _others(self):
        return " and ".join(f"{kind} ({count})" for kind, count in self._left_out.items() if count)


def _look(image, levels):
    """Takes what is deep or transparent in an image into `Levels`."""
    if is_deep(image):
        levels.add_deep(most_of(image)[0])
    elif is_transparent(image):
        light, alpha = opaque_light(image)
        levels.light += light
        levels.alpha += alpha


def _block(rows, spec):
    return Scale(255, "uint8").apply(np.stack(rows), spec.dtype)


def _raise(error):
    raise error
