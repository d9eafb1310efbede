"""Arrays of images: where their channels are, what white is, and how they become alike."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_vabc.data.checks import check_finite
from keras_vabc.data.images import resize as resize_image

CHANNELS = (1, 3)


@dataclass(frozen=True)
class Scale:
    """What the numbers of an array of images mean.

    Attributes:
        white: The number that is white: 1 or 255.
        dtype: Dtype of a spec that keeps them: `"float32"` for floats in 0..1, else `"uint8"`.
        note: What had to be presumed; empty if nothing.
    """

    white: int
    dtype: str
    note: str = ""

    def apply(self, rows, dtype):
        """Rows as uint8 in 0..255 or float32 in 0..1."""
        if rows.dtype == dtype and (dtype == "uint8") == (self.white == 255):
            return rows
        rows = rows.astype("float32")
        if dtype == "float32":
            return rows / np.float32(self.white)
        return np.rint(rows * np.float32(255 / self.white)).astype("uint8")


def layout(shape, name):
    """`(height, width, channels)` of an array of images of shape `(n, ...)`.

    Channels may be missing, for grey, or come before height and width; other axes are a
    `ValueError`.
    """
    sizes = shape[1:]
    if len(sizes) == 2:
        return (*sizes, 1)
    if len(sizes) == 3 and (sizes[2] in CHANNELS or sizes[0] in CHANNELS):
        return sizes if sizes[2] in CHANNELS else (*sizes[1:], sizes[0])
    raise ValueError(
        f"{name} must hold vectors (n, features) or images (n, height, width) or (n, height, "
        f"width, channels) with 1 or 3 channels. Received: shape {shape}."
    )


def channels_last(rows):
    """Images of shape `(n, height, width, channels)`, whatever `layout` they have."""
    if rows.ndim == 3:
        return rows[..., None]
    return rows if rows.shape[3] in CHANNELS else np.moveaxis(rows, 1, 3)


def find_scale(blocks, dtype, name):
    """Finds out what the numbers of an array of images, given as `(first row, rows)` blocks, mean.

    Raises a `ValueError` if a number is not finite or outside 0..255.
    """
    if dtype.kind == "b":
        return Scale(1, "uint8")
    most = 0
    for first, rows in blocks:
        check_finite(name, rows, first)
        if rows.min() < 0 or rows.max() > 255:
            raise ValueError(
                f"{name} must hold whole numbers in 0..255 or floats in 0..1. Received: others, in "
                f"or after row {first}."
            )
        most = max(most, rows.max())
        if dtype == np.uint8 and most > 1:
            break
    if dtype.kind == "f":
        note = "their floats in 0..255 were rounded to whole numbers"
        return Scale(1, "float32") if most <= 1 else Scale(255, "uint8", note)
    note = "their whole numbers are 0 and 1, and were taken for black and white"
    return Scale(255, "uint8") if most > 1 else Scale(1, "uint8", note)


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


def notes(scale, own, counts, spec, name):
    """What became of an array of images, a line each; `own` is the layout that it had."""
    lines = [scale.note] if scale.note else []
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
