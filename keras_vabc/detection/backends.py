"""The ways to score a row that `Detector` knows by name.

Each is a function of the unlabeled rows, the unwanted ones, a mask of the unlabeled rows that are
known to be wanted, or `None`, and a seed. It returns a `Scored`.
"""

import dataclasses
import importlib
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Scored:
    """A trained backend.

    Attributes:
        score: Maps rows to scores `(n,)`, higher for what is more unwanted; can be pickled.
        unlabeled: Scores of the unlabeled rows it was trained on, by what has not seen them where
            the backend has that.
        unwanted: Those of the unwanted rows.
        seen: Whether the scores of training rows are by what has seen them.
    """

    score: Callable
    unlabeled: np.ndarray
    unwanted: np.ndarray
    seen: bool = False


MODULES = {
    "nu": "nu_trees",
    **dict.fromkeys(("vabc", "abc", "vae_error", "vae_probability", "cvae", "csvae"), "encoders"),
    **dict.fromkeys(("pca", "forest", "network", "one_class_svm"), "plain"),
}
WITH_NAN = ("nu",)  # backends to which NaN is a missing value
UNSUPERVISED = ("vae_error", "vae_probability", "pca", "one_class_svm")  # that read no labels


def backend(name):
    """The function of a backend's name, or a `ValueError`."""
    if not isinstance(name, str) or name not in MODULES:
        raise ValueError(
            f"backend must be one of {', '.join(MODULES)}. Received: backend={name!r}."
        )
    return getattr(importlib.import_module(f"keras_vabc.detection.{MODULES[name]}"), name)


def seen(score, unlabeled, unwanted):
    """`Scored` of a score that has seen all training rows."""
    return Scored(score, score(unlabeled), score(unwanted), seen=True)
