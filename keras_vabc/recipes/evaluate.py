"""`keras-vabc evaluate`: what can be told of a run, without labels or with them."""

import numpy as np

from keras_vabc.evaluation.metrics import observed_rate
from keras_vabc.pages.console import say
from keras_vabc.recipes.runs import update_run
from keras_vabc.recipes.trained_run import finished_run

SAMPLES = 10_000
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


def evaluate(folder, labels=None, negative_class=None, *, seed=0, console):
    """Measures a run, prints the figures and stores them in the run.

    Without labels: recall of the threshold on held-out unwanted examples, an estimate of the area
    under the ROC curve, and the share of samples that the run's own classifier flags. With them
    everything in `labelled_figures`.

    Args:
        folder: Folder of the run.
        labels: `None`, or the path of the labels of the unlabeled data, as `read_labels` takes it.
        negative_class: The label of the negative concept; needed with `labels`.
        seed: Seed of samples and judges.
        console: `rich.console.Console`.

    Returns:
        Dict of the figures, as it is stored.

    Raises:
        ValueError: If it is no finished run, or the labels do not fit.
        OSError: If something cannot be read.
        RuntimeError: If the guard rejects nearly everything.
    """
    trained = finished_run(folder)
    if (labels is None) != (negative_class is None):
        raise ValueError(
            "labels and negative_class must be given together. "
            f"Received: labels={labels}, negative_class={negative_class}."
        )
    with console.status("Starting TensorFlow") as status:
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        from keras_vabc.pages.page import print_table
        from keras_vabc.recipes.labelled import labelled_figures

        status.update("Measuring")
        if labels is None:
            kind, (figures, lines), table = "without_labels", _figures(trained, seed), None
        else:
            kind = "with_labels"
            figures, lines, table = labelled_figures(trained, labels, negative_class, seed, status)
    if table is not None:
        print_table(console, "Samples and real data", table)
    for line in lines:
        say(console, line)
    stored = trained.record.get("evaluation") or {}
    update_run(folder, evaluation=stored | {kind: figures | {"told": lines}})
    return figures


def _figures(trained, seed):
    """Figures without labels, and lines that tell them."""
    from keras_vabc.nu.share import ranking_quality

    unlabeled, unwanted, _ = trained.held_out_scores()
    share = trained.read(lambda record: float(record["figures"].get("negative_share", 0.0)))
    figures = {"auc": ranking_quality(unlabeled, unwanted, min(share, 0.99))}
    figures |= {"unlabeled": len(unlabeled), "unwanted": len(unwanted), "recall": None}
    counted = "the hidden negatives set aside by the classifier's estimate of their share"
    if not trained.has_classifier:
        counted = "hidden negatives counted as wanted, so that the true area is larger"
    lines = [
        f"Score: {trained.score_name}.",
        f"Area under the ROC curve, unwanted against unlabeled: {figures['auc']:.3f} ({counted}).",
    ]
    if trained.threshold is None:
        lines.append("No threshold is stored: keras-vabc threshold chooses one.")
    else:
        caught = observed_rate(unwanted > trained.threshold)
        figures |= {"recall": caught.value, "recall_interval": [caught.low, caught.high]}
        lines.append(
            f"Caught at the threshold: {caught.value:.1%} of {len(unwanted):,} held-out unwanted "
            f"examples (95 % interval {caught.low:.1%} to {caught.high:.1%})."
        )
    if trained.has_classifier:
        of_samples, line = _suspects(trained, seed)
        figures |= of_samples
        lines.append(line)
    return figures, [*lines, NO_MORE]


def _suspects(trained, seed):
    """The share of samples that the run's own classifier takes for negative."""
    suspects = []
    try:
        for rows, drawn in trained.sampler.batches(SAMPLES, seed, return_drawn=True):  # noqa: B007
            suspects.append(trained.nu.negative_probability(rows) > SUSPECT)
    except RuntimeError as error:
        return {"acceptance": None, "suspect": None}, f"There are no samples: {error}"
    suspect = observed_rate(np.concatenate(suspects)).value
    line = (
        f"Samples that the classifier takes for negative: {suspect:.2%} of {SAMPLES:,}, after the "
        f"guard rejected {drawn - SAMPLES:,} of {drawn:,} drawn. {NO_JUDGE}"
    )
    return {"samples": SAMPLES, "acceptance": SAMPLES / drawn, "suspect": suspect}, line
