"""Where the method fails: folds that break what it assumes, and what becomes of it then."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_vabc.experiments.benchmark.methods import method
from keras_vabc.experiments.paper.settings import folds_of
from keras_vabc.recipes.results import recipe_line
from keras_vabc.recipes.settings import key_of
from keras_vabc.recipes.sweep import Job

DIGIT = 8  # the negative concept in all of them
OVERLAPPED = 3
SCENARIOS = {
    "as assumed": "a random fifth of the 8s is labelled",
    "thick": "the thickest fifth of the 8s is labelled",
    "few-40": "40 random 8s are labelled",
    "few-10": "10 random 8s are labelled",
    "overlap": "a fifth of the 8s is labelled, and by mistake a fifth of the 3s too",
}


def failures():
    """One `Job` for each scenario."""
    key = method("quality", DIGIT).key
    return [Job(key_of(f"failure {name} {key}"), measured, (name,)) for name in SCENARIOS]


def measured(scenario, arrays):
    """Trains and measures `quality` on the folds of a scenario; the result line."""
    from keras_vabc.evaluation.evaluate import ImageEvaluation  # in workers alone: TensorFlow
    from keras_vabc.experiments.benchmark.generation import classifier_of, generate

    quality = method("quality", DIGIT)
    folds = scenario_folds(folds_of(quality.setting), scenario)
    samples, made = generate(quality, folds, Path(arrays))
    nu, _ = classifier_of(folds, quality.setting.seed, Path(arrays))
    evaluation = ImageEvaluation(folds)
    figures = {
        **evaluation.of(samples),
        "scenario": scenario,
        "overlapped_share": float((evaluation.classes(samples) == OVERLAPPED).mean()),
        **made,
        **_classifier_figures(nu, folds),
    }
    return {**recipe_line(quality, figures, made["seconds"]), "method": "failures"}


def scenario_folds(folds, scenario):
    """The same examples, other ones of which are unwanted: `Folds` with a name of their own."""
    from keras_vabc.evaluation.evaluate import both_folds

    if scenario == "as assumed":
        return folds
    changes = {"name": f"{folds.name}-{scenario}"}
    for part in ("", "test_"):
        x, labels = both_folds(folds, part)
        unwanted = _unwanted(scenario, x, labels, 5 if part else 1)
        for fold, rows in (("unlabeled", ~unwanted), ("unwanted", unwanted)):
            changes |= {f"{part}{fold}": x[rows], f"{part}{fold}_labels": labels[rows]}
    return dataclasses.replace(folds, **changes)


def _unwanted(scenario, x, labels, scarcer):
    """Which rows are labelled as unwanted; a fixed number is divided by `scarcer`."""
    rng = np.random.default_rng(0)
    negatives = np.flatnonzero(labels == DIGIT)
    fifth = len(negatives) // 5
    if scenario == "thick":
        ink = x[negatives].mean(axis=(1, 2, 3))
        rows = negatives[np.argsort(ink)[-fifth:]]
    elif scenario == "overlap":
        overlapped = np.flatnonzero(labels == OVERLAPPED)
        rows = np.concatenate(
            [rng.choice(c, len(c) // 5, replace=False) for c in (negatives, overlapped)]
        )
    else:
        rows = rng.choice(negatives, int(scenario.removeprefix("few-")) // scarcer, replace=False)
    return np.isin(np.arange(len(x)), rows)


def _classifier_figures(nu, folds):
    """What the NU classifier says of itself, and by the labels what is true."""
    hidden = folds.unlabeled_labels == DIGIT
    flagged = nu.negative_probability(folds.unlabeled) > 0.5
    return {
        "unwanted": len(folds.unwanted),
        "true_share": float(hidden.mean()),
        "negative_share_interval": list(nu.negative_share_interval),
        "own_recall": nu.cross_validation["recall"],
        "true_recall": float(flagged[hidden].mean()),
        "true_precision": float(hidden[flagged].mean()) if flagged.any() else None,
    }
