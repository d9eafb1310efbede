"""From folds and a method to samples, with the NU classifiers kept from one method to the next."""

import dataclasses
import json
import time

import numpy as np

from keras_vabc.files.writing import write_whole
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.recipes.generation import corrected, remaining_share, trained_sampler
from keras_vabc.recipes.results import SAMPLES


def generate(method, folds, cache):
    """Trains a method on folds and draws samples: `(samples, made)`.

    `made` is a dict of `acceptance` (`None` without a guard), `seconds` (the NU classifier's
    included), `seconds_nu`, `negative_share`, and `hidden_left` (number of hidden negatives in the
    corrected unlabeled fold; by labels, for the record). The folder `cache` keeps NU classifiers
    from one method to the next.
    """
    nu, seconds_nu = None, 0.0
    if method.needs_classifier:
        nu, seconds_nu = classifier_of(folds, method.setting.seed, cache)
    start = time.perf_counter()
    training_folds = training_folds_of(method, folds, nu)
    sample = _trained(method, training_folds, nu)
    seconds = time.perf_counter() - start
    samples, drawn = sample()
    made = {
        "acceptance": None if method.guard is None else len(samples) / drawn,
        "seconds": seconds + seconds_nu,
        "seconds_nu": seconds_nu,
        "negative_share": None if nu is None else nu.negative_share,
        "hidden_left": int((training_folds.unlabeled_labels == folds.negative_class).sum()),
    }
    return samples, made


def training_folds_of(method, folds, nu):
    """The folds that a method trains on: as its recipe has them, or the oracle's, by labels."""
    if method.correction != "labels":
        return corrected(method, folds, nu)
    return cleaned_by_labels(folds, (folds.negative_class,))


def cleaned_by_labels(folds, negative_classes):
    """Folds without the hidden negatives, an oracle's."""
    kept = ~np.isin(folds.unlabeled_labels, negative_classes)
    kept_test = ~np.isin(folds.test_unlabeled_labels, negative_classes)
    return dataclasses.replace(
        folds,
        unlabeled=folds.unlabeled[kept],
        unlabeled_labels=folds.unlabeled_labels[kept],
        test_unlabeled=folds.test_unlabeled[kept_test],
        test_unlabeled_labels=folds.test_unlabeled_labels[kept_test],
    )


def _trained(method, training_folds, nu):
    """A function that gives samples and how many were drawn for them."""
    from keras_vabc.experiments.benchmark.rivals import train_rival

    if method.rival is not None:
        rival = train_rival(
            method.rival, method.setting, training_folds, remaining_share(nu, training_folds)
        )
        return lambda: (rival.sample(SAMPLES, seed=0), SAMPLES)
    sampler = trained_sampler(method, training_folds, nu)
    return lambda: sampler.sample(SAMPLES, seed=0, return_drawn=True)


def classifier_of(folds, seed, cache):
    """The NU classifier of these folds, trained once and then kept in a file of the folder `cache`.

    Returned with it is how many seconds its training took.
    """
    name = f"nu-{folds.name}-{folds.negative_class}-{folds.fraction:g}-{seed}"
    path, record = cache / f"{name}.keras", cache / f"{name}.json"
    if path.exists() and record.exists():
        return NUClassifier.load(path), json.loads(record.read_text())["seconds"]
    start = time.perf_counter()
    nu = NUClassifier(seed=seed).fit(folds.unlabeled, folds.unwanted, verbose=0)
    seconds = time.perf_counter() - start
    nu.save(path)
    write_whole(record, json.dumps({"seconds": seconds}).encode())
    return nu, seconds
