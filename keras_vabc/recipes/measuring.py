"""Samples of a run against the real data that it was not trained on, without labels."""

import numpy as np

from keras_vabc.evaluation.copies import copies
from keras_vabc.evaluation.fidelity import told_apart
from keras_vabc.evaluation.judges import blurred
from keras_vabc.evaluation.metrics import frechet_distance
from keras_vabc.evaluation.patch_features import PatchFeatures
from keras_vabc.evaluation.sharpness import laplacian_energy, sharpness_auc, sharpness_ratio
from keras_vabc.evaluation.spread import (
    SUBSAMPLE,
    precision_recall_density_coverage,
    spread_estimates,
)
from keras_vabc.evaluation.unwanted_share import unwanted_share
from keras_vabc.evaluation.verdict import Figure, no_samples, verdict
from keras_vabc.pages import nearest_rows
from keras_vabc.recipes.labeled import as_pixels
from keras_vabc.recipes.measured import SampleFigures

SAMPLES = 2000
MOST_ROWS = {"training": 12_000, "held out": 5000, "unwanted": 3000}
MOST_PIXELS = 2**24  # of a kind of rows: fewer of large images, so that it takes no longer
JUDGED = 1000  # rows of a kind that the judge of the unwanted learns from, and blurred copies
FEWEST = 20  # rows that can be compared
PAIRS = 20  # samples that are shown beside their nearest training rows
PRESUMED = 0.5  # P(negative) of a row that counts as wanted
WITH = (
    "Features: responses to patches of the training images, and no network: neither the NU "
    "classifier, which guarded the samples, nor the model, which made them, has a part in them."
)


def sample_figures(run, folds, seed=0, show=lambda text: None):
    """Measures samples of images by what nothing was trained on.

    `folds` have the arrays `unlabeled`, `unwanted`, `test_unlabeled` and `test_unwanted` in the
    form of the run's. Returns `SampleFigures`.
    """
    show("Drawing samples to compare with real images")
    try:
        samples = np.concatenate(list(run.sampler.batches(SAMPLES, seed)))
    except RuntimeError as error:
        told = no_samples()
        return SampleFigures(told.text, told.flaws, {}, (str(error),), seed=seed)
    rows = _Rows(run, folds, seed)
    told = _Comparison(rows, as_pixels(samples, run.spec), seed, show)
    names = nearest_rows.named(run, rows.training[told.nearest[:PAIRS]]) if told.figures else []
    if names:
        nearest_rows.keep(run, names, rows.training[told.nearest[:PAIRS]])
    text, flaws = verdict(told.figures)
    return SampleFigures(
        text, flaws, told.figures, (*rows.notes(), WITH, *told.notes), tuple(names), seed
    )


def near_copies(run, folds, samples, seed=0):
    """How many samples are near copies of training rows by the rule of `copies`, and `expected`.

    The latter is the share of near copies among real rows that nothing was trained on.

    Images are compared by the features of `sample_figures`, rows of tables by their numbers, each
    column in its standard deviations. `samples` are rows in the form of the run's, `folds` as in
    `sample_figures`. A `ValueError` says that there are too few rows to compare with.
    """
    rows = _Rows(run, folds, seed)
    if min(len(rows.training), len(rows.held_out)) < FEWEST:
        raise ValueError(f"fewer than {FEWEST} rows of a kind cannot be compared.")
    if run.spec.kind == "images":
        features = PatchFeatures(rows.pixels("training"), seed)
        known, unseen = features(rows.pixels("training")), features(rows.pixels("held_out"))
        own = features(as_pixels(samples, run.spec))
    else:
        deviation = rows.training.std(axis=0, dtype="float64")
        scale = np.where(deviation > 0, deviation, 1).astype("float32")
        own, known, unseen = (x / scale for x in (samples, rows.training, rows.held_out))
    found = copies(own, known, unseen, seed)
    return round(found.near.value * len(samples)), found.expected


class _Rows:
    """The real rows that samples are compared with, at most some thousands of each kind."""

    def __init__(self, run, folds, seed):
        rng = np.random.default_rng(seed)
        self._run = run
        self.training = self._wanted(_some(folds.unlabeled, MOST_ROWS["training"], rng))
        self.held_out = self._wanted(_some(folds.test_unlabeled, MOST_ROWS["held out"], rng))
        self.unwanted = _some(folds.unwanted, MOST_ROWS["unwanted"], rng)
        self.test_unwanted = _some(folds.test_unwanted, MOST_ROWS["unwanted"], rng)

    def pixels(self, name):
        """Rows of one kind as a PNG holds them."""
        return as_pixels(getattr(self, name), self._run.spec)

    def notes(self):
        """What samples are compared with, in a sentence."""
        presumed = (
            "that the NU classifier presumes to be wanted"
            if self._run.has_classifier
            else "hidden negatives included"
        )
        yield (
            f"Compared are {SAMPLES:,} samples with {len(self.held_out):,} held-out and "
            f"{len(self.training):,} training images, unlabeled ones {presumed}; and with "
            f"{len(self.test_unwanted):,} held-out and {len(self.unwanted):,} training ones of the "
            "unwanted."
        )

    def _wanted(self, rows):
        if not self._run.has_classifier:
            return rows
        return rows[self._run.nu.negative_probability(rows) <= PRESUMED]


class _Comparison:
    """The `figures`; `notes` on them; and the number of each sample's `nearest` training row."""

    def __init__(self, rows, samples, seed, show):
        self.figures, self.notes, self.nearest = {}, [], np.zeros(0, int)
        if min(len(rows.training), len(rows.held_out)) < FEWEST:
            self.notes.append(f"Fewer than {FEWEST} rows of a kind cannot be compared.")
            return
        training, held_out = rows.pixels("training"), rows.pixels("held_out")
        show("Comparing samples with real images: features")
        features = PatchFeatures(training, seed)
        own, known, unseen = features(samples), features(training), features(held_out)
        self._spread(own, known, unseen)
        self._copies("", own, known, unseen, seed)
        if min(len(rows.unwanted), len(rows.test_unwanted)) >= FEWEST:
            unwanted = rows.pixels("unwanted")
            test_unwanted = features(rows.pixels("test_unwanted"))
            self._copies("unwanted", own, features(unwanted), test_unwanted, seed)
            learnt = [features(_with_blurred(x[:JUDGED], seed)) for x in (training, unwanted)]
            unsharp = features(_with_blurred(held_out[:JUDGED], seed))[len(held_out[:JUDGED]) :]
            self._unwanted(own, *learnt, unseen, test_unwanted, unsharp, seed)
        show("Comparing samples with real images: sharpness")
        self._sharpness(samples, training, held_out)
        show("Comparing samples with real images: a network tries to tell them apart")
        self._two_sample(samples, training, held_out, seed)

    def _spread(self, own, known, unseen):
        count = min(map(len, (own, known, unseen)))
        measured = spread_estimates(own[:count], unseen[:count])
        real = precision_recall_density_coverage(known[:count], unseen[:count])
        for name, estimate in measured.items():
            self.figures[name] = _rated(estimate, min(count, SUBSAMPLE), real[name])
        frechet = [frechet_distance(x[:count], unseen[:count]) for x in (own, known)]
        self.figures["frechet"] = Figure(frechet[0], count, real=frechet[1])

    def _copies(self, name, own, known, unseen, seed):
        found = copies(own, known, unseen, seed)
        count, real = len(own), found.nearer_real.value
        self.figures[f"nearer_{name or 'training'}"] = _rated(found.nearer, count, real)
        self.figures[f"near_{name or 'copies'}"] = _rated(found.near, count, found.expected)
        if not name:
            self.nearest = found.rows

    def _unwanted(self, own, learnt_wanted, learnt_unwanted, wanted, unwanted, *rows):
        found = unwanted_share(own, learnt_wanted, learnt_unwanted, wanted, unwanted, *rows)
        self.figures["unwanted"] = _rated(found.share, len(own), 0.0)
        self.notes.append(
            "Unwanted are samples like the unwanted examples, by a judge of its own on these "
            f"features: it flags {found.flagged:.1%} of {len(own):,} samples, "
            f"{found.false_alarms:.1%} of {len(wanted) // 2:,} real wanted images and "
            f"{found.recall:.1%} of {len(unwanted):,} real unwanted ones, and the share is "
            "corrected for that. Negatives of other kinds are not seen."
        )

    def _sharpness(self, samples, training, held_out):
        own, known, unseen = map(laplacian_energy, (samples, training[:SAMPLES], held_out))
        for name, measure in (
            ("sharpness", sharpness_ratio),
            ("sharpness_auc", sharpness_auc),
        ):
            self.figures[name] = _rated(measure(own, unseen), len(own), measure(known, unseen)[0])

    def _two_sample(self, samples, training, held_out, seed):
        count = min(map(len, (samples, training, held_out)))
        rates = [told_apart(x[:count], held_out[:count], seed) for x in (samples, training)]
        self.figures["told_apart"] = _rated(rates[0], count, rates[1].value)


def _with_blurred(images, seed):
    return np.concatenate([images, blurred(images, np.random.default_rng(seed))])


def _rated(estimate, count, real):
    return Figure(estimate.value, count, estimate.low, estimate.high, real)


def _some(rows, most, rng):
    """Some rows in random order, in memory; fewer of large images."""
    most = min(most, max(MOST_PIXELS // int(np.prod(rows.shape[1:])), FEWEST))
    chosen = np.sort(rng.permutation(len(rows))[:most])
    return rng.permutation(np.asarray(rows[chosen]))
