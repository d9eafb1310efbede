"""Features of images for `keras-vabc benchmark detection --data OUT`, a file for each set.

An `NUClassifier` learns from the training images, of whose negatives a fifth is known; the last
hidden units of its networks are the features of test images, which it has not seen. A file that is
there is not made again; a set whose images no source has is left out.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console

from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.experiments.detection.sets import IMAGES
from keras_vabc.files.writing import whole_file
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.nu.committee import hidden_units
from keras_vabc.pages.console import say

SEED = 0


def main(argv=None):
    """Writes what `--out` lacks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dataset", nargs="+", choices=IMAGES, default=IMAGES)
    parser.add_argument("--rows", type=int, default=60_000, help="most training images")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.dataset:
        path = options.out / f"{name}.npz"
        if not path.exists():
            write_features(path, name, options.rows)


def write_features(path, name, rows):
    """Writes `X`, float32 of shape `(n, features)`, and `y`, 1 for negatives."""
    source, negative = name.rsplit("-", 1)
    try:
        folds = load_folds(source, negative_class=int(negative), seed=SEED)
    except OSError as error:
        say(Console(), f"{name} is left out: {error}")
        return
    parts = folds.unlabeled[:rows], folds.unwanted[: max(rows // 10, 1)]
    features = hidden_units(NUClassifier(seed=SEED).fit(*parts, verbose=0))
    x = [features(folds.test_unlabeled), features(folds.test_unwanted)]
    labels = np.concatenate([folds.test_unlabeled_labels, folds.test_unwanted_labels])
    arrays = {"X": np.concatenate(x), "y": (labels == int(negative)).astype(int)}
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    say(Console(), f"{path}: {arrays['X'].shape[0]:,} rows of {arrays['X'].shape[1]} features")


if __name__ == "__main__":
    main()
