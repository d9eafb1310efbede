"""From folds and a method to samples: classifier, correction, training, density and guard."""

import dataclasses
import json
import time

from keras_vabc.experiments.run import SAMPLES, train
from keras_vabc.nu_classifier import NUClassifier
from keras_vabc.runs import write_whole
from keras_vabc.sampling import LatentSampler


def generate(method, folds, cache):
    """Trains a method on folds and draws samples.

    Args:
        method: `Method`.
        folds: `Folds`.
        cache: `pathlib.Path` of the folder that keeps NU classifiers from one method to the next.

    Returns:
        `(samples, drawn, made)`: samples, how many were drawn for them, and a dict of
        `seconds` (the NU classifier's included), `seconds_nu`, `negative_share`, `hidden_left`
        (number of hidden negatives in the corrected unlabeled fold; by labels, for the record).
    """
    nu, seconds_nu = None, 0.0
    if method.needs_classifier:
        nu, seconds_nu = classifier_of(folds, method.setting.seed, cache)
    start = time.perf_counter()
    diet = corrected(method, folds, nu)
    sample = _trained(method, diet, nu)
    seconds = time.perf_counter() - start
    samples, drawn = sample()
    made = {
        "seconds": seconds + seconds_nu,
        "seconds_nu": seconds_nu,
        "negative_share": None if nu is None else nu.negative_share,
        "hidden_left": int((diet.unlabeled_labels == folds.negative_class).sum()),
    }
    return samples, drawn, made


def _trained(method, diet, nu):
    """A function that gives samples and how many were drawn for them."""
    from keras_vabc.experiments.rivals import train_rival

    if method.rival is not None:
        rival = train_rival(method.rival, method.setting, diet, remaining_share(nu, diet))
        return lambda: (rival.sample(SAMPLES, seed=0), SAMPLES)
    sampler = trained_sampler(method, diet, nu)
    return lambda: sampler.sample(SAMPLES, seed=0, return_drawn=True)


def trained_sampler(method, diet, nu, callbacks=()):
    """Trains the model of a method and fits its density.

    Args:
        method: `Method` without a rival.
        diet: `Folds` as the method corrects them.
        nu: Fitted `NUClassifier`; `None` for a method that needs none.
        callbacks: Keras callbacks, to show progress.

    Returns:
        `LatentSampler`, whose `model` is the trained `VABC`.
    """
    share = remaining_share(nu, diet)
    sampler = new_sampler(
        method, train(method.setting, diet, callbacks, hidden_share=share).model, nu
    )
    return sampler.fit(diet.unlabeled) if method.density == "gmm" else sampler


def new_sampler(method, model, nu):
    """The sampler of a method: its density not yet fitted, its guard in place.

    Args:
        method: `Method` without a rival.
        model: Trained `VABC`.
        nu: Fitted `NUClassifier`; `None` for a method that needs none.

    Returns:
        `LatentSampler`.
    """
    guard = {} if method.guard is None else {"guard": nu, "threshold": method.guard}
    seed = method.setting.seed
    return LatentSampler(
        model, density=method.density, components=method.components, seed=seed, **guard
    )


def remaining_share(nu, diet):
    """Share of the negatives that are left in the unlabeled fold, by the NU classifier.

    Never less than one example, since V-ABC's penalty weight has it in a denominator.
    """
    if nu is None:
        return None
    return max(float(nu.negative_probability(diet.unlabeled).mean()), 1 / len(diet.unlabeled))


def corrected(method, folds, nu):
    """The folds that a method trains on: as they are, or without what is told to be negative."""
    if method.correction is None:
        return folds
    if method.correction == "labels":
        kept = folds.unlabeled_labels != folds.negative_class
        kept_test = folds.test_unlabeled_labels != folds.negative_class
        return dataclasses.replace(
            folds,
            unlabeled=folds.unlabeled[kept],
            unlabeled_labels=folds.unlabeled_labels[kept],
            test_unlabeled=folds.test_unlabeled[kept_test],
            test_unlabeled_labels=folds.test_unlabeled_labels[kept_test],
        )
    return nu.correct(folds, mode=method.correction)


def classifier_of(folds, seed, cache):
    """The NU classifier of these folds, trained once and then kept in a file.

    Args:
        folds: `Folds`.
        seed: Seed of the classifier.
        cache: `pathlib.Path` of the folder of the file.

    Returns:
        `(nu, seconds)`: the classifier, and how long its training took.
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
