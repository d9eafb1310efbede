"""Images of any kind that Pillow reads, brought into one form."""

import logging
import warnings

import numpy as np
from PIL import Image, ImageOps

logging.getLogger("PIL").addHandler(logging.NullHandler())  # damaged images are counted instead

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "WEBP", "GIF", "TIFF", "PPM")  # none runs a program
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")
GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I")
TRANSPARENT_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
COLOUR_STEP = 16  # of 255: channels of a grey JPEG differ by less
TRANSPOSED = (5, 6, 7, 8)  # EXIF orientations that turn an image by a quarter
ORIENTATION = 0x0112


def open_image(path):
    """Opens an image and reads its header; its pixels are not decoded yet, and it must be closed.

    Exceptions of any kind mean a damaged file, one of another kind, or one of more pixels than
    Pillow takes for an attack.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(path, formats=FORMATS)


def oriented_size(image):
    """`(height, width)` as seen: after the rotation that a camera noted."""
    noted = image.format != "TIFF" and "exif" in image.info  # Pillow turns TIFF files itself
    turned = noted and image.getexif().get(ORIENTATION) in TRANSPOSED
    return image.size if turned else image.size[::-1]


def is_transparent(image):
    """Whether an image has an alpha channel or a transparent colour."""
    return image.mode in TRANSPARENT_MODES or "transparency" in image.info


def is_deep(image):
    """Whether an image has more than 8 bits a pixel."""
    return image.mode.startswith("I")


def decode(image):
    """Decodes an image into the mode `"L"`, grey, or `"RGB"`, colour; exceptions are of any kind.

    The rotation that a camera noted is applied, transparency laid on black, 16 bits are reduced to
    8, palettes and print colours turned into red, green and blue.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        if is_deep(image):
            return Image.fromarray(_eight_bits(np.asarray(image)))
        if image.mode == "F":
            raise ValueError("an image of floats has no scale")
        if is_transparent(image):
            image = image.convert("RGBA")
            black = Image.new("RGBA", image.size, (0, 0, 0, 255))
            image = Image.alpha_composite(black, image)
        return _in_mode(image, "L" if image.mode in ("1", "L") else "RGB")


def _in_mode(image, mode):
    return image if image.mode == mode else image.convert(mode)  # which always copies


def is_coloured(image):
    """Whether any pixel of a decoded image is not grey."""
    return image.mode == "RGB" and int(np.ptp(np.asarray(image), axis=-1).max()) > COLOUR_STEP


def resize(image, shape):
    """A decoded image as a uint8 array of the shape `(height, width, channels)`.

    One of another size is resized by cubic interpolation, with antialiasing; its aspect ratio is
    not kept, so that nothing is cut off.
    """
    image = _in_mode(image, "L" if shape[2] == 1 else "RGB")
    if image.size != (shape[1], shape[0]):
        image = image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image).reshape(shape)


def _eight_bits(pixels):
    most = 65535 if pixels.max(initial=0) > 255 else 255
    return np.rint(np.clip(pixels, 0, most) * (255 / most)).astype(np.uint8)
