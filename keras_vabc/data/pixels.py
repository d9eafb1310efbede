"""Arrays of images: where their channels are, what white is, and how they become alike."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_vabc.data.checks import check_finite
from keras_vabc.data.images import resize as resize_image
from keras_vabc.data.levels import (
    TOLERANCE,
    Levels,
    deep_words,
    white_of_deep,
    white_of_floats,
    white_of_whole,
)

CHANNELS = (1, 3)
LEAST_SIDE = 4  # of an array without channels: what is thinner is a series or a table
OVERSHOT = 2  # floats that only exceed 1 by less are none of 0..255
THIN = 4  # times longer than wide: what may be a series is told


@dataclass(frozen=True)
class Scale:
    """What the numbers of an array of images mean.

    Attributes:
        white: The number that is white: 1, 255 or more.
        dtype: Dtype of a spec that keeps them: `"float32"` for floats in 0..1, else `"uint8"`.
        note: What had to be presumed; empty if nothing.
    """

    white: int
    dtype: str
    note: str = ""

    def apply(self, rows, dtype):
        """Rows as uint8 in 0..255 or float32 in 0..1; what is beyond black or white is clipped."""
        if rows.dtype == dtype == "uint8" and self.white == 255:
            return rows
        rows = rows.astype("float32").clip(0, self.white)
        if dtype == "float32":
            return rows / np.float32(self.white)
        return np.rint(rows * np.float32(255 / self.white)).astype("uint8")


@dataclass(frozen=True)
class Numbers:
    """What numbers an array of images holds.

    Attributes:
        kind: `"truth"`, `"whole"`, `"deep"` for whole numbers of 16 and 32 bits, which may exceed
            255, or `"floats"`.
        most: The largest.
    """

    kind: str
    most: float

    @property
    def levels(self):
        """The `Levels` of the array."""
        if self.kind == "deep":
            return Levels(**{"deep" if self.most > 255 else "whole": int(self.most)})
        return Levels() if self.kind == "truth" else Levels(**{self.kind: self.most})

    def scale(self, rule, name):
        """The `Scale` by an `ImageRule`, or by the array's own numbers where that says nothing.

        Raises a `ValueError` if the two contradict each other.
        """
        if self.kind == "truth":
            return Scale(1, "uint8")
        if self.kind == "floats":
            return self._scale_of_floats(rule.floats, name)
        if self.kind == "deep" and (rule.deep is not None or self.most > 255):
            white = rule.deep or white_of_deep(self.most)
            return Scale(white, "uint8", f"their {deep_words(white)}")
        return self._scale_of_whole(rule.whole, name)

    def _scale_of_floats(self, white, name):
        own = white_of_floats(self.most)
        white = own if white is None or self.most == 0 else white
        if own != white:
            raise ValueError(
                f"{name} must hold floats in 0..{white}, as the other images do. "
                f"Received: floats in 0..{own}; multiply or divide them by 255."
            )
        note = "their floats in 0..255 were rounded to whole numbers"
        return Scale(1, "float32") if white == 1 else Scale(255, "uint8", note)

    def _scale_of_whole(self, white, name):
        own = white_of_whole(self.most)
        white = own if white is None else white
        if white < own:
            raise ValueError(
                f"{name} must hold 0 and 1, black and white, as the other images do. "
                "Received: whole numbers up to 255; divide them by 255."
            )
        note = "their whole numbers are 0 and 1, and were taken for black and white"
        if white > own and self.most > 0:
            note = "their whole numbers are at most 1, where 255 is white: all is nearly black"
        return Scale(white, "uint8", note if own == 1 and (white == 1 or self.most > 0) else "")


def layout(shape, name):
    """`(height, width, channels)` of an array of images of shape `(n, ...)`.

    Channels may be missing, for grey, or come before height and width; other axes are a
    `ValueError`, and so are sides without channels that no picture has.
    """
    sizes = shape[1:]
    if len(sizes) == 2:
        if min(size or LEAST_SIDE for size in sizes) < LEAST_SIDE:
            raise ValueError(
                f"{name} must hold images of at least {LEAST_SIDE} x {LEAST_SIDE} pixels where an "
                f"array has three axes. Received: shape {shape}. If each is a series, give it as a "
                "vector, (n, steps * channels); if it is an image, as (n, height, width, 1)."
            )
        return (*sizes, 1)
    if len(sizes) == 3 and (sizes[2] in CHANNELS or sizes[0] in CHANNELS):
        return sizes if sizes[2] in CHANNELS else (*sizes[1:], sizes[0])
    raise ValueError(
        f"{name} must hold vectors (n, features) or images (n, height, width) or (n, height, "
        f"width, channels) with 1 or 3 channels. Received: shape {shape}."
    )


def shape_note(shape):
    """A line where images of three axes, `(n, height, width)`, may be something else; or none."""
    sizes = shape[1:]
    if len(sizes) != 2 or None in sizes or max(sizes) < THIN * min(sizes):
        return []
    height, width = sizes
    return [
        f"an array of the shape (n, {height}, {width}) was taken for grey images of {height} x "
        f"{width} pixels; give series as vectors, (n, {height * width})"
    ]


def channels_last(rows):
    """Images of shape `(n, height, width, channels)`, whatever `layout` they have."""
    if rows.ndim == 3:
        return rows[..., None]
    return rows if rows.shape[3] in CHANNELS else np.moveaxis(rows, 1, 3)


def find_numbers(blocks, dtype, name):
    """The `Numbers` of an array of images, given as `(first row, rows)` blocks.

    Raises a `ValueError` if a number is not finite, or none that an image has.
    """
    if dtype.kind == "b":
        return Numbers("truth", 1)
    kind = "deep" if dtype.itemsize in (2, 4) else "whole"  # any list becomes one of 8 bytes
    kind = "floats" if dtype.kind == "f" else kind
    slack = TOLERANCE if kind == "floats" else 0
    highest = np.inf if kind == "deep" else 255 * (1 + slack)
    most = 0
    for first, rows in blocks:
        check_finite(name, rows, first)
        if rows.min() < -slack or rows.max() > highest:
            raise ValueError(
                f"{name} must hold whole numbers in 0..255, floats in 0..1, or deeper images as "
                f"uint16. Received: others, in or after row {first}."
            )
        most = max(most, rows.max().item())
        if dtype == np.uint8 and most > 1:
            break
    if kind == "floats" and 1 + TOLERANCE < most < OVERSHOT:
        raise ValueError(
            f"{name} must hold floats in 0..1 or in 0..255. Received: floats that exceed 1, but "
            f"none above {OVERSHOT}; clip them."
        )
    return Numbers(kind, most)


def check_kind(shape, spec, name):
    """Refuses images where a spec describes vectors."""
    if spec.kind != "images":
        raise ValueError(
            f"{name} must hold vectors of {spec.shape[0]} numbers, as the unlabeled fold does. "
            f"Received: images of {' x '.join(map(str, shape))}."
        )


def resize(rows, spec):
    """Images resized to a spec, and their channels turned into its own, where they differ."""
    if rows.shape[1:] == spec.shape:
        return rows
    scale = Scale(255 if spec.dtype == "uint8" else 1, spec.dtype)
    images = scale.apply(rows, "uint8")
    images = images[..., 0] if images.shape[3] == 1 else images
    result = np.stack([resize_image(Image.fromarray(image), spec.shape) for image in images])
    return Scale(255, "uint8").apply(result, spec.dtype)


def notes(scale, shape, counts, spec, name):
    """What became of an array of images of shape `(n, ...)`, a line each."""
    own = layout(shape, name)
    lines = ([scale.note] if scale.note else []) + shape_note(shape)
    if counts["clipped"]:
        lines.append(f"{counts['clipped']} have numbers beyond white, which were clipped")
    if scale.dtype != spec.dtype:
        lines.append(
            "their floats in 0..1 became whole numbers in 0..255, like the other images"
            if spec.dtype == "uint8"
            else "their whole numbers in 0..255 became floats in 0..1, like the other images"
        )
    if counts["resized"]:
        old, new = (" x ".join(map(str, shape)) for shape in (own, spec.shape))
        old = "several sizes" if None in own else old
        lines.append(
            f"they were resized or recoloured from {old} to {new} (height x width x channels)"
        )
    return [f"{name}: images: {line}." for line in lines]
