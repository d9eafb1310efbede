"""The runs of the benchmark: each method on three digits, real data, and where it fails."""

from pathlib import Path

import numpy as np

from keras_vabc.experiments.benchmark.failures import failures
from keras_vabc.experiments.benchmark.methods import SLUGS, method
from keras_vabc.experiments.paper.runs import DIGITS, FRACTIONS, SEEDS
from keras_vabc.experiments.paper.settings import folds_of, paper_setting
from keras_vabc.recipes.results import recipe_line, result_line
from keras_vabc.recipes.settings import key_of
from keras_vabc.recipes.stored import store_arrays
from keras_vabc.recipes.sweep import Job
from keras_vabc.version import __version__

OVER_FRACTIONS = ("vae", "vabc", "quality")
AT_ONE_FRACTION = ("vabc+nu", "vabc+nu+guard", "quality-vae", "quality-oracle")
ONE_SEED = (
    "vae+guard",
    "vae+nu",
    "oracle",
    "cvae",
    "csvae",
    "pu-vae",
    "vabc-8",
    "vabc-8+nu",
    "vabc-8+nu-soft",
    "oracle-8",
)
NAMES = ("real", *SLUGS, "failures")
PICTURED = (8, 0.2, 0)  # digit, p and seed of the runs whose samples are shown
PICTURED_SAMPLES = 24


def compared():
    """Every `Method` of the comparison; the ones that decide come first."""
    first = [
        method(slug, digit, 0.2, seed)
        for seed in SEEDS
        for digit in DIGITS
        for slug in ("quality", "quality-oracle", "quality-vae")
    ]
    rest = [
        *(
            method(slug, d, p, s)
            for s in SEEDS
            for d in DIGITS
            for p in FRACTIONS
            for slug in OVER_FRACTIONS
        ),
        *(method(slug, d, 0.2, s) for s in SEEDS for d in DIGITS for slug in AT_ONE_FRACTION),
        *(method(slug, d, 0.2, SEEDS[0]) for d in DIGITS for slug in ONE_SEED),
    ]
    return list(dict.fromkeys([*first, *rest]))


def real():
    """Jobs for real data under the judges, one a digit."""
    keys = {digit: key_of(f"benchmark real {digit} {__version__}") for digit in DIGITS}
    return [Job(key, measured_real, (digit,)) for digit, key in keys.items()]


def all_runs(slugs=()):
    """Every `Job` of the benchmark, or those of some of `NAMES`."""
    for slug in slugs:
        if slug not in NAMES:
            raise ValueError(f"method must be one of {', '.join(NAMES)}. Received: {slug!r}.")
    slugs = slugs or NAMES
    trained = [Job(m.key, measured_method, (m,)) for m in compared() if m.slug in slugs]
    return [
        *(real() if "real" in slugs else []),
        *trained,
        *(failures() if "failures" in slugs else []),
    ]


def pictured(one):
    """Whether some samples of a method are kept, to be shown."""
    setting = one.setting
    return (setting.negative_class, setting.fraction, setting.seed) == PICTURED


def measured_method(one, arrays):
    """Trains and measures a method; the result line. Keeps NU classifiers in `arrays`."""
    from keras_vabc.evaluation.evaluate import ImageEvaluation  # in workers alone: TensorFlow
    from keras_vabc.experiments.benchmark.generation import generate

    folds = folds_of(one.setting)
    samples, made = generate(one, folds, Path(arrays))
    if pictured(one):
        first = np.round(samples[:PICTURED_SAMPLES]).astype("uint8")
        store_arrays(Path(arrays, f"{one.key}.npz"), samples=first)
    evaluation = ImageEvaluation(folds)
    figures = {**evaluation.of(samples), **evaluation.second_opinion(samples), **made}
    return recipe_line(one, figures, made["seconds"])


def measured_real(digit, arrays):
    """Measures real held-out positives; the result line. Trains nothing but the judges."""
    from keras_vabc.evaluation.evaluate import ImageEvaluation

    setting = paper_setting("vabc", "mnist", digit)
    folds = folds_of(setting)
    evaluation = ImageEvaluation(folds)
    positives = folds.test_unlabeled[folds.test_unlabeled_labels != digit]
    figures = {**evaluation.real(), **evaluation.second_opinion(positives)}
    return result_line(setting, "real", figures, None)
