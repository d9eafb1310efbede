"""The image sets of the comparison, and their folds with the classes of all negatives."""

import dataclasses

import numpy as np

from keras_vabc.data.datasets.sources import load_images
from keras_vabc.data.folds import PARTS, split_unwanted


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Images by the name of their source, and the negative concepts that are tried on them.

    Attributes:
        source: Name as `load_images` takes it.
        title: What the page calls it.
        concepts: Dict from the number of a negative concept in result lines, a class, to all of its
            classes; the first one is shown in pictures and curves.
        fraction: Share of the negatives that is known.
        shape: Of an image.
    """

    source: str
    title: str
    concepts: dict
    fraction: float
    shape: tuple


def _single(*classes):
    return {one: (one,) for one in classes}


SETS = {
    "mnist": ImageSet("mnist", "MNIST: a digit unwanted", _single(8, 1, 7), 0.2, (28, 28, 1)),
    "fashion_mnist": ImageSet(
        "fashion_mnist",
        "Fashion-MNIST: T-shirts (0), coats (4) or ankle boots (9) unwanted",
        _single(4, 0, 9),
        0.2,
        (28, 28, 1),
    ),
    "cifar10": ImageSet(
        "cifar10",
        "CIFAR-10: airplanes (0), cats (3) or trucks (9) unwanted",
        _single(3, 0, 9),
        0.1,
        (32, 32, 3),
    ),
    "mnist-odd": ImageSet(
        "mnist", "MNIST: all odd digits unwanted", {1: (1, 3, 5, 7, 9)}, 0.1, (28, 28, 1)
    ),
}


def negative_classes(dataset, concept):
    """All classes of a negative concept of one of `SETS`."""
    return SETS[dataset].concepts[concept]


def image_folds(dataset, concept, seed):
    """`Folds` of one of `SETS` under its name; its labels are all the classes.

    Where the negative concept has one class, they are those of `load_folds`.
    """
    own, negatives = SETS[dataset], negative_classes(dataset, concept)
    x, labels, x_test, labels_test = load_images(own.source)

    def split(x, x_test):
        concepts = [np.isin(y, negatives).astype("int64") for y in (labels, labels_test)]
        options = {"negative_class": 1, "fraction": own.fraction, "seed": seed, "name": dataset}
        return split_unwanted(x, concepts[0], test=(x_test, concepts[1]), **options)

    classes = split(labels[:, None], labels_test[:, None])  # a seed splits these in the same way
    changes = {f"{part}_labels": getattr(classes, part)[:, 0] for part in PARTS}
    return dataclasses.replace(split(x, x_test), negative_class=concept, **changes)
