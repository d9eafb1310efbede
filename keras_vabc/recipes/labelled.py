"""What labels of the unlabeled data can tell of a run."""

import numpy as np
from sklearn.metrics import roc_auc_score

from keras_vabc.data.folds import Folds
from keras_vabc.data.labels import read_labels
from keras_vabc.evaluation.evaluate import ImageEvaluation
from keras_vabc.evaluation.metrics import NEIGHBOURS, observed_rate
from keras_vabc.pages.page import measured_table
from keras_vabc.recipes.results import SAMPLES


def labelled_figures(trained, labels, negative_class, seed, status):
    """Figures of a run whose unlabeled data somebody has labelled.

    Of the score: area under the ROC curve of negatives against positives, and with a threshold the
    shares of both that are flagged, all on examples held out at training. Of images also everything
    that `ImageEvaluation` measures, by judges that learn from the labels: no model has seen them.

    Args:
        trained: `TrainedRun`.
        labels: Path of the labels, as `read_labels` takes it.
        negative_class: The label of the negative concept.
        seed: Seed of samples and judges.
        status: `rich.status.Status`, to tell what is done.

    Returns:
        `(figures, lines, table)`: a dict, lines that tell it, and `None` or, for images, a `Table`.

    Raises:
        ValueError: If the labels or the data do not fit.
        OSError: If something cannot be read.
    """
    status.update("Reading the data")
    ids = [name for names, _ in trained.blocks("unlabeled") for name in names]
    names, negative_class = read_labels(labels, ids), str(negative_class)
    known = np.array([name is not None for name in names])
    classes, codes = np.unique([name for name in names if name is not None], return_inverse=True)
    if negative_class not in classes:
        raise ValueError(
            f"negative_class must be among the labels: {', '.join(classes[:20])}. "
            f"Received: negative_class={negative_class}."
        )
    negative = int(np.flatnonzero(classes == negative_class)[0])
    rows = _rows(trained, "unlabeled", known)  # read anew: all of them may not fit in memory
    test = trained.held_out(rows)
    figures, lines = _score_figures(trained, rows[test], codes[test] == negative)
    figures["labelled"] = len(rows)
    lines.insert(0, f"{len(rows):,} of {len(ids):,} unlabeled examples have a label.")
    if trained.spec.kind != "images":
        return figures, lines, None
    if min(np.bincount(test[codes != negative], minlength=2)) <= NEIGHBOURS:
        few = f"Too few wanted examples have a label: judges need {NEIGHBOURS + 1} that were held"
        return figures, [*lines, f"{few} out at training, and as many that were not."], None
    status.update("Training the judges")
    evaluation = ImageEvaluation(_folds(trained, rows, codes, test, negative), seed=seed)
    status.update("Measuring")
    samples, drawn = _drawn_pixels(trained, seed)
    measured = {
        "generated": evaluation.of(samples),
        "real, held out": evaluation.real(),
    }
    figures |= {"acceptance": SAMPLES / drawn, "images": measured}
    judges = measured["generated"]["judges"]
    lines.append(
        f"Judges: accuracy {judges['paper']:.2%} (paper's) and {judges['strict']:.2%} (strict) on "
        f"held-out labels. Of {drawn:,} samples drawn {SAMPLES:,} passed the guard."
    )
    return figures, lines, measured_table(measured)


def _rows(trained, name, chosen=None):
    """The rows of one of the user's inputs, or those chosen by a boolean array."""
    found, first = [], 0
    for ids, rows in trained.blocks(name):
        found.append(rows if chosen is None else rows[chosen[first : first + len(ids)]])
        first += len(ids)
    return np.concatenate(found)


def _score_figures(trained, rows, negative):
    scores = trained.score(rows)
    figures = {"auc": None, "held_out": len(rows), "held_out_negatives": int(negative.sum())}
    if negative.all() or not negative.any():
        return figures, ["All held-out examples are of one concept: the score cannot be measured."]
    figures["auc"] = float(roc_auc_score(negative, scores))
    lines = [
        f"Score: {trained.score_name}. Area under the ROC curve, {negative.sum():,} held-out "
        f"negatives against {(~negative).sum():,} positives: {figures['auc']:.4f}."
    ]
    if trained.threshold is not None:
        for name, title, part in (
            ("recall", "Caught", negative),
            ("false_alarms", "False alarms", ~negative),
        ):
            rate = observed_rate(scores[part] > trained.threshold)
            figures |= {name: rate.value, f"{name}_interval": [rate.low, rate.high]}
            lines.append(
                f"{title} at the threshold: {rate.value:.2%} (95 % interval {rate.low:.2%} to "
                f"{rate.high:.2%})."
            )
    return figures, lines


def _folds(trained, rows, codes, test, negative):
    """The labelled examples, and the unwanted ones as negatives, for `ImageEvaluation`."""
    unwanted = _rows(trained, "unwanted")
    held_out_unwanted = trained.held_out(unwanted)
    parts = {}
    for part, own, others in (("", ~test, ~held_out_unwanted), ("test_", test, held_out_unwanted)):
        parts |= {
            f"{part}unlabeled": _pixels(rows[own], trained.spec),
            f"{part}unlabeled_labels": codes[own],
            f"{part}unwanted": _pixels(unwanted[others], trained.spec),
            f"{part}unwanted_labels": np.full(others.sum(), negative),
        }
    return Folds(**parts, name="labelled", negative_class=negative, fraction=1.0, seed=0)


def _drawn_pixels(trained, seed):
    """Samples as a PNG holds them, a quarter of what they take as floats; and how many were drawn.

    Raises:
        RuntimeError: As `LatentSampler.sample`.
    """
    images = []
    for rows, drawn in trained.sampler.batches(SAMPLES, seed, return_drawn=True):  # noqa: B007
        images.append(_pixels(rows, trained.spec))
    return np.concatenate(images), drawn


def _pixels(images, spec):
    """Images as a PNG holds them: uint8, shape `(n, height, width, channels)`."""
    scale = 1 if spec.dtype == "uint8" else 255
    return np.clip(np.rint(images * np.float32(scale)), 0, 255).astype("uint8")
