"""The runs of the comparison on image sets: which there are, and how each is measured."""

import time
from pathlib import Path

import numpy as np

from keras_vabc.experiments.images.sets import SETS, image_folds, negative_classes
from keras_vabc.experiments.images.trials import RIVALS, SLUGS, Trial, recipe_of
from keras_vabc.recipes.results import SAMPLES, recipe_line, result_line
from keras_vabc.recipes.settings import Setting
from keras_vabc.recipes.stored import store_arrays
from keras_vabc.recipes.sweep import Job

SEEDS = (0, 1, 2)
BUDGETS = (0.25, 0.5, 2.0)  # of the curves, beside the whole recipe
IN_CURVES = ("images", "quality")
NAMES = ("real", *SLUGS)
SHOWN = 24
TOLD = (  # by judges, of samples; None where there are none
    *("nge_paper", "nge_strict", "nge_second", "fid", "precision", "recall", "density", "coverage"),
    *("class_balance", "sharpness", "sharpness_auc", "samples", "judges"),
)


def trials(rivals=False):
    """Every `Trial`, or those of the rivals; the ones that decide come first.

    Neighbours have other data, so that processes which take them together seldom train the same
    judge or classifier.
    """
    slugs = RIVALS if rivals else SLUGS
    compared = [
        Trial(slug, dataset, concept, seed)
        for seed in SEEDS
        for slug in slugs
        for dataset, concept in _concepts()
    ]
    if rivals:
        return compared
    real = [Trial("real", dataset, concept) for dataset, concept in _concepts()]
    return [*real, *compared, *(t for t in in_curves() if t.budget != 1)]


def in_curves():
    """The trials whose figures are drawn against their seconds, shorter ones first."""
    return [
        Trial(slug, dataset, next(iter(SETS[dataset].concepts)), budget=budget)
        for budget in sorted((*BUDGETS, 1.0))
        for slug in IN_CURVES
        for dataset in SETS
        if dataset == SETS[dataset].source
    ]


def chosen(slugs=(), datasets=(), rivals=False):
    """The trials of some methods and some of `SETS`, or of all of them."""
    names = RIVALS if rivals else NAMES
    for given, known, what in ((slugs, names, "method"), (datasets, SETS, "dataset")):
        for name in given:
            if name not in known:
                raise ValueError(f"{what} must be one of {', '.join(known)}. Received: {name!r}.")
    return [
        trial
        for trial in trials(rivals)
        if trial.slug in (slugs or names) and trial.dataset in (datasets or SETS)
    ]


def jobs_of(some):
    """One `Job` for each trial that is no rival's."""
    return [Job(t.key, measured_real if t.slug == "real" else measured, (t,)) for t in some]


def measured(trial, arrays):
    """Trains and measures a trial; the result line. Keeps NU classifiers in `arrays`."""
    folds = image_folds(trial.dataset, trial.concept, trial.seed)
    recipe, samples, made = generate(trial, folds, Path(arrays))
    told = dict.fromkeys(TOLD) if samples is None else figures_of(trial, folds, samples, arrays)
    return recipe_line(recipe, {**told, **made, "budget": trial.budget}, made["seconds"])


def generate(trial, folds, cache):
    """What the training of a trial leaves: `(recipe, samples, made)`.

    `made` are the figures of `benchmark.generation.generate`, and the number of unlabeled images.
    Where the guard accepts next to nothing, `samples` are `None` and `failed` says so: one run that
    came to nothing must not end all the others.
    """
    from keras_vabc.experiments.benchmark.generation import classifier_of, cleaned_by_labels
    from keras_vabc.recipes.generation import trained_sampler

    nu, seconds_nu = None, 0.0
    negatives = negative_classes(trial.dataset, trial.concept)
    if trial.slug != "quality-oracle":
        nu, seconds_nu = classifier_of(folds, trial.seed, cache)
    start = time.perf_counter()
    training = cleaned_by_labels(folds, negatives) if nu is None else nu.correct(folds)
    recipe = recipe_of(trial, training.unlabeled)
    sampler = trained_sampler(recipe, training, nu)
    seconds = time.perf_counter() - start
    acceptance = failed = samples = None
    try:
        samples, drawn = sampler.sample(SAMPLES, seed=0, return_drawn=True)
        acceptance = None if recipe.guard is None else len(samples) / drawn
    except RuntimeError as error:
        failed = str(error)
    made = {
        "failed": failed,
        "acceptance": acceptance,
        "seconds": seconds + seconds_nu,
        "seconds_nu": seconds_nu,
        "negative_share": None if nu is None else nu.negative_share,
        "hidden_left": int(np.isin(training.unlabeled_labels, negatives).sum()),
        "unlabeled": len(folds.unlabeled),
    }
    return recipe, samples, made


def figures_of(trial, folds, samples, arrays):
    """What every judge says of the samples of a trial; some that are wanted are kept, to be shown.

    Unwanted ones are sensitive, so that the strict judge chooses which are kept.
    """
    evaluation = _evaluation(trial, folds)
    if trial.seed == SEEDS[0] and trial.budget == 1:
        _keep(trial, samples[~evaluation.is_negative(samples)["strict"]], arrays)
    return {
        **evaluation.of(samples),
        **evaluation.second_opinion(samples),
        **evaluation.sharpness(samples),
    }


def described(line):
    """One result line as a line of text, for a progress display."""
    what = f"{line['method']} {line['dataset']} {line['negative_class']}, seed {line['seed']}"
    seconds = f"{line['seconds'] or 0:.0f} s"
    if line.get("failed"):
        return f"{what}: no samples, {seconds}. {line['failed']}"
    figures = f"NGE strict {line['nge_strict']:.2%}, FID* {line['fid']:.2f}"
    return f"{what}: {figures}, recall {line['recall']:.2f}, {seconds}"


def measured_real(trial, arrays):
    """Measures real held-out positives; the result line. Trains nothing but the judges."""
    folds = image_folds(trial.dataset, trial.concept, trial.seed)
    start = time.perf_counter()
    evaluation = _evaluation(trial, folds)
    negatives = negative_classes(trial.dataset, trial.concept)
    positives = folds.test_unlabeled[~np.isin(folds.test_unlabeled_labels, negatives)]
    figures = {
        **evaluation.real(),
        **evaluation.second_opinion(positives),
        **evaluation.sharpness(),
        **evaluation.of_blurred(),
        "unlabeled": len(folds.unlabeled),
        "seconds_judges": round(time.perf_counter() - start, 1),
    }
    _keep(trial, positives, arrays)
    return data_line(trial, figures, None)


def data_line(trial, figures, seconds):
    """The result line of what no recipe of ours made: its setting is the data's alone."""
    data = {"negative_class": trial.concept, "fraction": SETS[trial.dataset].fraction}
    setting = Setting("vabc", trial.dataset, seed=trial.seed, **data)
    ours = dict.fromkeys(("gamma", "sigma2", "latent_dim", "setting"))
    return {**result_line(setting, trial.slug, figures, seconds), **ours, "key": trial.key}


def _evaluation(trial, folds):
    from keras_vabc.evaluation.evaluate import ImageEvaluation  # in workers alone: TensorFlow

    negatives = negative_classes(trial.dataset, trial.concept)
    return ImageEvaluation(folds, negative_classes=negatives)


def _keep(trial, images, arrays):
    kept = np.round(images[:SHOWN]).astype("uint8")
    store_arrays(Path(arrays, f"{trial.key}.npz"), samples=kept)


def _concepts():
    """`(dataset, concept)` of all sets, one of each in turn."""
    longest = max(len(own.concepts) for own in SETS.values())
    for place in range(longest):
        for dataset, own in SETS.items():
            if place < len(own.concepts):
                yield dataset, list(own.concepts)[place]
