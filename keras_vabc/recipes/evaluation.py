"""What can be told of a run, without labels or with them."""

import dataclasses

import numpy as np

from keras_vabc.data.ranges import checked
from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.pages.reviewed import review_lines, special_warning
from keras_vabc.recipes.evaluated import UnlabeledFigures
from keras_vabc.recipes.record_file import check_changeable
from keras_vabc.recipes.results import SAMPLES

SUSPECT = 0.5  # P(negative) of a sample that counts as negative
NO_MORE = (
    "This is no more than the held-out unwanted examples and the run's own classifier can tell: "
    "negatives of other kinds than the unwanted examples are not seen by either. For more, label "
    "a part of the unlabeled data and give --labels."
)
NO_JUDGE = (
    "The classifier guarded these samples, so it is no judge of them: what it missed in training "
    "it misses here."
)


def evaluate(run, labels, negative_class, seed, show):
    """What `Run.evaluate` measures: the name of a field of `Evaluation`, and its value."""
    check_keras_settings()  # or the figures would say so where samples are missed
    checked("seed", seed)
    check_pair(labels, negative_class)
    check_changeable(run.folder)
    if labels is None:
        show("Measuring")
        figures = _unlabeled_figures(run, seed)
        if run.spec.kind == "images":
            figures = _with_samples(run, figures, seed, show)
        return "without_labels", figures
    from keras_vabc.recipes.labeled import labeled_figures

    return "with_labels", labeled_figures(run, labels, str(negative_class), seed, show)


def check_pair(labels, negative_class):
    """Raises a `ValueError` if one of the two is given without the other."""
    if (labels is None) != (negative_class is None):
        given = "labels" if negative_class is None else f"negative_class={negative_class}"
        raise ValueError(f"labels and negative_class must be given together. Received: {given}.")


def _unlabeled_figures(run, seed):
    from keras_vabc.nu.separability import Separability

    unlabeled, unwanted, estimates = run.held_out_scores()
    told = estimates is not None and estimates.separability.told
    posterior = estimates.posterior if told else None  # a share that is a guess would flatter
    own = Separability.of(unlabeled, unwanted, posterior)
    counted = "the hidden negatives set aside by the classifier's estimate of their share"
    if posterior is None:
        counted = "hidden negatives counted as wanted, so that the true area is larger"
    lines = [
        f"Score: {run.score_name}.",
        f"Area under the ROC curve, unwanted against unlabeled: at least {own.least:.3f} (95 %, by "
        f"{own.unwanted:,} held-out unwanted examples; about {own.auc:.3f}; {counted}).",
    ]
    figures = {"auc": own.auc, "unlabeled": len(unlabeled), "unwanted": len(unwanted)}
    figures["auc_low"] = own.least
    found = [_caught(run, unwanted)]
    if run.has_classifier:
        found.append(_suspects(run, seed))
    for part, line in found:
        figures |= part
        lines.append(line)
    review = run.record.reviewed
    if review is not None:
        lines += review_lines(review)
        lines += [special_warning(review)] if review.special else []
    return UnlabeledFigures(**figures, reported=(*lines, NO_MORE))


def _with_samples(run, figures, seed, show):
    """Measures samples of images too, stores what that gave, and has it reported first."""
    from keras_vabc.recipes.measuring import sample_figures
    from keras_vabc.recipes.rows_again import folds_again

    try:
        show("Reading the data")
        folds = folds_again(run, seed)
    except (OSError, ValueError) as error:
        lines = [f"The samples cannot be compared with the data: {error}"]
    else:
        measured = sample_figures(run, folds, seed, show)
        run.change(lambda record: record.with_evaluation("samples", measured))
        lines = [measured.verdict, *measured.notes]
    return dataclasses.replace(figures, reported=(*lines, *figures.reported))


def _caught(run, unwanted):
    """The share of the held-out unwanted examples that the threshold flags, and a line on it."""
    if run.threshold is None:
        return {}, "No threshold is stored: keras-vabc threshold chooses one."
    caught = observed_rate(unwanted > run.threshold)
    line = (
        f"Caught at the threshold {run.threshold:.6g}: {caught.value:.1%} of {len(unwanted):,} "
        f"held-out unwanted examples (95 % interval {caught.low:.1%} to {caught.high:.1%})."
    )
    return {"recall": caught.value, "recall_interval": (caught.low, caught.high)}, line


def _suspects(run, seed):
    """The share of samples that the run's own classifier takes for negative, and a line on it."""
    suspects = []
    try:
        for rows, drawn in run.sampler.batches(SAMPLES, seed, return_drawn=True):  # noqa: B007
            suspects.append(run.nu.negative_probability(rows) > SUSPECT)
    except RuntimeError as error:
        return {}, f"There are no samples: {error}"
    suspect = observed_rate(np.concatenate(suspects)).value
    line = (
        f"Samples that the classifier takes for negative: {suspect:.2%} of {SAMPLES:,}, "
        f"after the guard rejected {drawn - SAMPLES:,} of {drawn:,} drawn. {NO_JUDGE}"
    )
    acceptance = SAMPLES / drawn
    return {"samples": SAMPLES, "acceptance": acceptance, "suspect": suspect}, line
