"""Images of any kind that Pillow reads, brought into one form."""

import logging
import warnings

import numpy as np
from PIL import Image

logging.getLogger("PIL").addHandler(logging.NullHandler())  # damaged images are counted instead

FORMATS = ("PNG", "JPEG", "BMP", "DIB", "WEBP", "GIF", "TIFF", "PPM")  # none runs a program
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")
GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N", "I")
TRANSPARENT_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
COLOUR_STEP = 16  # of 255: channels of a grey JPEG differ by less
ORIENTATION = 0x0112
UPRIGHT = {  # what turns an image as it is noted
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
QUARTERS = (5, 6, 7, 8)  # those that exchange height and width


class FloatsError(ValueError):
    """An image of floats, in which no number is known to be white."""


def open_image(path):
    """Opens an image and reads its header; its pixels are not decoded yet, and it must be closed.

    Exceptions of any kind mean a damaged file, one of another kind, or one of more pixels than
    Pillow takes for an attack.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(path, formats=FORMATS)


def orientation(image):
    """How an image is noted to be turned, 1 to 8: by EXIF, a text chunk of a PNG, or XMP.

    What is damaged there counts as no note. A PNG is decoded, as its notes may stand at its end.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if image.format == "PNG":
            image.load()
        try:
            noted = image.getexif().get(ORIENTATION)
        except Exception:  # parsers of damaged notes raise anything
            return 1
    return noted if noted in UPRIGHT else 1


def oriented_size(image):
    """`(height, width)` as seen: after the rotation that is noted."""
    width, height = image.size
    if width == height:
        return height, width
    known = image.format == "TIFF" and ORIENTATION in image.tag_v2  # and reckoned with by Pillow
    turned = not known and orientation(image) in QUARTERS
    return (width, height) if turned else (height, width)


def is_transparent(image):
    """Whether an image has an alpha channel or a transparent colour."""
    return image.mode in TRANSPARENT_MODES or "transparency" in image.info


def is_deep(image):
    """Whether an image has more than 8 bits a pixel, all of which Pillow reads."""
    return image.mode.startswith("I")


def is_cut(image):
    """Whether an image has 16 bits a channel, of which Pillow reads the upper 8."""
    return not is_deep(image) and any(";16" in str(tile[3]) for tile in image.tile)


def most_of(image):
    """The largest number of a deep image, and the least."""
    image.load()
    pixels = np.asarray(image)
    return int(pixels.max(initial=0)), int(pixels.min(initial=0))


def opaque_light(image):
    """Sums over the pixels of grey level times alpha, and of alpha; of 0 if all are opaque."""
    image.load()
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return 0.0, 0.0
    alpha = np.asarray(alpha)
    light = np.asarray(image.convert("RGB").convert("L"))
    return float(np.vdot(light.astype("float64"), alpha)), float(alpha.sum(dtype="float64"))


def decode(image, white=None, ground=0):
    """Decodes an image into the mode `"L"`, grey, or `"RGB"`, colour; exceptions are of any kind.

    It is turned as noted, transparency is laid on the grey level `ground`, palettes and print
    colours turned into red, green and blue. What has more than 8 bits is scaled so that `white`
    becomes 255, and clipped; without one, 65535 does, or 255 if no number is larger.
    """
    turn = UPRIGHT.get(1 if image.format == "TIFF" else orientation(image))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()  # which turns a TIFF
        if image.mode == "F":
            raise FloatsError(
                "a TIFF of floats, in which no number is known to be white: convert it to 8 or 16 "
                "bits, or give an array of floats in 0..1 (.npy)"
            )
        image = _flat(image, white, ground)
        return image if turn is None else image.transpose(turn)


def _flat(image, white, ground):
    """A loaded image in the mode `"L"` or `"RGB"`."""
    if is_deep(image):
        pixels, clear = np.asarray(image), image.info.get("transparency")
        grey = _eight_bits(pixels, white)
        if isinstance(clear, int):
            grey[pixels == clear] = ground
        return Image.fromarray(grey)
    if is_transparent(image):
        image = image.convert("RGBA")
        below = Image.new("RGBA", image.size, (ground, ground, ground, 255))
        image = Image.alpha_composite(below, image)
    return _in_mode(image, "L" if image.mode in ("1", "L") else "RGB")


def _in_mode(image, mode):
    return image if image.mode == mode else image.convert(mode)  # which always copies


def is_coloured(image):
    """Whether any pixel of a decoded image is not grey."""
    return image.mode == "RGB" and int(np.ptp(np.asarray(image), axis=-1).max()) > COLOUR_STEP


def further_pictures(image):
    """How many pictures a decoded file holds beside its first: frames, or pages.

    Where the others are damaged there is at least one.
    """
    if not getattr(image, "is_animated", False):
        return 0
    try:
        return image.n_frames - 1
    except Exception:  # decoders raise anything
        return 1


def resize(image, shape):
    """A decoded image as a uint8 array of the shape `(height, width, channels)`.

    One of another size is resized by cubic interpolation, with antialiasing; its aspect ratio is
    not kept, so that nothing is cut off.
    """
    image = _in_mode(image, "L" if shape[2] == 1 else "RGB")
    if image.size != (shape[1], shape[0]):
        image = image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image).reshape(shape)


def _eight_bits(pixels, white):
    if white is None:
        white = 65535 if pixels.max(initial=0) > 255 else 255
    return np.rint(np.clip(pixels, 0, white) * (255 / white)).astype(np.uint8)
