"""`keras-vabc benchmark`: the methods side by side, resumable and in parallel."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from keras_vabc.experiments.benchmark.failures import SCENARIOS, FailureRun
from keras_vabc.experiments.benchmark.methods import SLUGS, method
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.settings import paper_setting
from keras_vabc.recipes.stored import store_arrays
from keras_vabc.recipes.sweep import results_folder, run_missing
from keras_vabc.version import __version__

DIGITS = (1, 7, 8)
SEEDS = (0, 1, 2)
FRACTIONS = (0.1, 0.2, 0.3)
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


PICTURED = (8, 0.2, 0)  # digit, p and seed of the runs whose samples are shown
PICTURED_SAMPLES = 24


@dataclasses.dataclass(frozen=True)
class BenchmarkRun:
    """One method, trained and measured in a worker process."""

    method: Recipe

    @property
    def key(self):
        """The method's own key."""
        return self.method.key

    @property
    def slug(self):
        """The method's name."""
        return self.method.slug

    @property
    def fraction(self):
        """The share of negatives that is known to be unwanted."""
        return self.method.setting.fraction

    @property
    def pictured(self):
        """Whether some of its samples are kept, to be shown."""
        setting = self.method.setting
        return (setting.negative_class, setting.fraction, setting.seed) == PICTURED

    def run(self, arrays):
        """Trains and measures; returns the result line. Keeps NU classifiers in `arrays`."""
        from keras_vabc.evaluation.evaluate import ImageEvaluation
        from keras_vabc.experiments.benchmark.generation import generate
        from keras_vabc.recipes.results import result_line
        from keras_vabc.recipes.settings import folds_of

        setting = self.method.setting
        folds = folds_of(setting)
        samples, drawn, made = generate(self.method, folds, Path(arrays))
        if self.pictured:
            first = np.round(samples[:PICTURED_SAMPLES]).astype("uint8")
            store_arrays(Path(arrays, f"{self.key}.npz"), samples=first)
        evaluation = ImageEvaluation(folds)
        figures = {
            **evaluation.of(samples),
            **evaluation.second_opinion(samples),
            "acceptance": None if self.method.guard is None else len(samples) / drawn,
            **made,
        }
        line = result_line(setting, self.method.slug, figures, made["seconds"])
        return {**line, "key": self.key}


@dataclasses.dataclass(frozen=True)
class RealRun:
    """Real held-out positives under the judges. Nothing is trained but the judges."""

    digit: int
    slug: str = "real"
    fraction: float = 0.2

    @property
    def key(self):
        """Hash of the digit and of the package's version."""
        text = f"benchmark real {self.digit} {__version__}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def run(self, arrays):
        """Measures; returns the result line."""
        from keras_vabc.evaluation.evaluate import ImageEvaluation
        from keras_vabc.recipes.results import result_line
        from keras_vabc.recipes.settings import folds_of

        setting = paper_setting("vabc", "mnist", self.digit, self.fraction)
        folds = folds_of(setting)
        evaluation = ImageEvaluation(folds)
        positives = folds.test_unlabeled[folds.test_unlabeled_labels != self.digit]
        figures = {**evaluation.real(), **evaluation.second_opinion(positives)}
        return {**result_line(setting, self.slug, figures, None), "key": self.key}


def runs():
    """Every run of the benchmark; the ones that decide come first."""
    real = [RealRun(digit) for digit in DIGITS]
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
    trained = [BenchmarkRun(one) for one in dict.fromkeys([*first, *rest])]
    return [*real, *trained, *map(FailureRun, SCENARIOS)]


def run_benchmark(*, slugs, folder, fresh, workers, console):
    """Runs what is missing of some methods and renders the page.

    Args:
        slugs: Names of methods, or `"real"` or `"failures"`; empty for all.
        folder: Where result lines are kept.
        fresh: Whether stored results are put aside first.
        workers: Number of processes; by default one for each core.
        console: `rich.console.Console` for the progress display.

    Raises:
        ValueError: If a method is unknown.
        OSError: If something cannot be written, or another process is at work in the folder.
    """
    from keras_vabc.experiments.benchmark.page import render

    known = ("real", *SLUGS, "failures")
    for slug in slugs:
        if slug not in known:
            raise ValueError(f"method must be one of {', '.join(known)}. Received: {slug!r}.")
    chosen = [run for run in runs() if not slugs or run.slug in slugs]
    with results_folder(folder):
        run_missing(chosen, Path(folder), fresh=fresh, workers=workers, console=console)
        missing = render(folder)
    console.print(f"Rendered {Path(folder) / 'README.md'}; {missing} runs are missing in all.")
