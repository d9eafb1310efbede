"""How far the numbers of images reach, and the one rule that both folds decide from it."""

from dataclasses import dataclass

from keras_vabc.data.spec import ImageRule

BITS = (8, 10, 12, 14, 16)  # that cameras and scanners give
TOLERANCE = 1e-3  # of white: less than a grey level of 255, and more than a rounding
MIDDLE = 127.5  # a grey level that stands out from black as from white
NAMES = {0: "black", 255: "white"}


@dataclass
class Levels:
    """The largest numbers of one fold's images by their kinds, and how bright what is opaque is.

    Attributes:
        deep: Of images of more than 8 bits; `None` if there are none; likewise the others.
        whole: Of arrays of whole numbers up to 255.
        floats: Of arrays of floats.
        light: Sum over the pixels of transparent images of their grey level times alpha.
        alpha: Sum of their alpha.
    """

    deep: int | None = None
    whole: int | None = None
    floats: float | None = None
    light: float = 0.0
    alpha: float = 0.0

    def add_deep(self, most):
        """Takes in an image of more than 8 bits, by its largest number."""
        self.deep = max(most, self.deep or 0)


def decide(levels):
    """The `ImageRule` of the `Levels` of each fold, by its name.

    Raises a `ValueError` if some are floats in 0..1 and others floats in 0..255.
    """
    deep, whole = (_most(levels, kind) for kind in ("deep", "whole"))
    return ImageRule(
        deep=None if deep is None else white_of_deep(deep),
        whole=None if whole is None else white_of_whole(whole),
        floats=_white_of_floats(levels),
        ground=_ground(levels.values()),
    )


def white_of_deep(most):
    """The largest number of so many bits as hold `most`, which cameras give where they can."""
    bits = next((bits for bits in BITS if most < 2**bits), int(most).bit_length())
    return 2**bits - 1


def white_of_whole(most):
    """White of whole numbers up to 255."""
    return 255 if most > 1 else 1


def white_of_floats(most):
    """White of floats, where a rounding above 1 counts as 1."""
    return 255 if most > 1 + TOLERANCE else 1


def rule_notes(rule, levels):
    """What was decided, in one line, where anything was."""
    parts = []
    if rule.deep is not None:
        parts.append(f"deep images: {deep_words(rule.deep)}")
    if any(own.alpha for own in levels.values()):
        parts.append(f"transparent images were laid on {NAMES[rule.ground]}")
    return [f"{'; '.join(parts)}, in both folds and later data."] if parts else []


def deep_words(white):
    """What white of deep images was taken, in words."""
    return f"values up to {white} were taken for {white.bit_length()} bits"


def _most(levels, kind):
    found = [getattr(own, kind) for own in levels.values() if getattr(own, kind) is not None]
    return max(found, default=None)


def _white_of_floats(levels):
    most = {name: own.floats for name, own in levels.items() if own.floats is not None}
    whites = {name: white_of_floats(number) for name, number in most.items() if number > 0}
    if len(set(whites.values())) > 1:
        raise ValueError(
            "unlabeled and unwanted must hold floats of one scale, 0..1 or 0..255. Received: "
            + " and ".join(f"{name} in 0..{white}" for name, white in whites.items())
            + "."
        )
    return next(iter(whites.values()), None)


def _ground(levels):
    """Black for light shapes, white for dark ones."""
    light, alpha = sum(own.light for own in levels), sum(own.alpha for own in levels)
    return 255 if alpha and light / alpha < MIDDLE else 0
