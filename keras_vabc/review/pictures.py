"""Pictures of items and samples: small, in memory alone, up to a limit, and made once."""

import io
import os
import re
import stat
import threading
from collections import OrderedDict

import numpy as np
from PIL import Image

from keras_vabc.data.digests import digests
from keras_vabc.data.images import decode, is_deep, open_image, resize
from keras_vabc.data.pixels import Scale

SIDE = 128  # pixels of a picture at most
MOST_BYTES = 2**27  # of pictures that are kept


class Vanished(Exception):
    """An item is not there any more, or not what it was; the message says which."""


class Kept:
    """What a function makes of a key, the latest used ones up to a number of bytes.

    Args:
        make: Called with a key, gives bytes; what it raises is raised.
        most: Number of bytes.
    """

    def __init__(self, make, most=MOST_BYTES):
        self._make, self._most, self._bytes = make, most, 0
        self._kept, self._lock = OrderedDict(), threading.Lock()

    def __call__(self, key):
        """The bytes of a key, made if they are not kept."""
        with self._lock:  # also while it is made: nothing is made twice
            if key not in self._kept:
                self._kept[key] = self._make(key)
                self._bytes += len(self._kept[key])
            self._kept.move_to_end(key)
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1])
            return self._kept[key]


def pictures(run, items):
    """The `Kept` pictures of `Items` by their numbers, PNG files; may raise `Vanished`."""
    if items.folder is None:
        return Kept(lambda number: of_row(items.rows[number], run.spec))
    return Kept(lambda number: png(_seen(run, items, number)[0]))


def row_of(run, items, number):
    """The row of an item in the form of the run; may raise `Vanished`."""
    return items.rows[number] if items.folder is None else _seen(run, items, number)[1]


def of_row(row, spec):
    """The PNG file of an image in the form of a run, `(height, width, channels)`."""
    scale = Scale(255 if spec.dtype == "uint8" else 1, spec.dtype)
    pixels = scale.apply(np.clip(row, 0, scale.white)[None].astype(spec.dtype), "uint8")[0]
    return png(Image.fromarray(pixels[..., 0] if spec.shape[2] == 1 else pixels))


def png(image):
    """The PNG file of an image of Pillow, made smaller where it is large."""
    image = image.copy()
    image.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    image.save(data, "png", compress_level=1)
    return data.getvalue()


def _seen(run, items, number):
    """The decoded image in the file of an item, and its row."""
    spec, name = run.spec, items.ids[number]
    path = items.folder / path_of(name)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode) or items.folder not in path.parents:
            raise FileNotFoundError
        with open_image(path) as image:
            deep = is_deep(image)
            rule = spec.rule
            decoded = decode(image, rule and rule.deep, rule.ground if rule else 0)
    except Exception:  # decoders raise anything
        raise Vanished(f"{name} cannot be read any more.") from None
    row = Scale(255, "uint8").apply(resize(decoded, spec.shape)[None], spec.dtype)
    if not deep and digests(row, run.record.settings.seed)[0] != items.digests[number]:
        raise Vanished(f"{name} is another picture than it was.")
    return decoded, row[0]


def path_of(name):
    r"""The path that `printable_path` wrote: `\x` and two digits are a byte again."""
    code = rb"\\x(5c|[89a-f][0-9a-f])"
    return os.fsdecode(re.sub(code, lambda own: bytes([int(own[1], 16)]), name.encode()))
