"""What labels of the unlabeled data can tell of a run."""

import numpy as np
from sklearn.metrics import roc_auc_score

from keras_vabc.data.digests import OrderDigest
from keras_vabc.data.folds import Folds
from keras_vabc.data.labels import read_labels
from keras_vabc.data.unreadable import NAMES_SHOWN, Unreadable
from keras_vabc.evaluation.evaluate import ImageEvaluation
from keras_vabc.evaluation.metrics import area_rate, observed_rate
from keras_vabc.evaluation.spread import NEIGHBOURS
from keras_vabc.evaluation.wanted_cost import highest_scores
from keras_vabc.recipes.evaluated import LabeledFigures
from keras_vabc.recipes.results import SAMPLES


def labeled_figures(run, labels, negative_class, seed, show):
    """`LabeledFigures` of a run whose unlabeled data somebody has labeled.

    Of the score: area under the ROC curve of negatives against positives, and with a threshold the
    shares of both that are flagged, all on examples held out at training. Of images also everything
    that `ImageEvaluation` measures, by judges that learn from the labels: no model has seen them.
    The arguments and the errors are those of `Run.evaluate`.
    """
    show("Reading the data")
    notes, left_out = [], {name: Unreadable() for name in ("unlabeled", "unwanted")}
    blocks = _as_trained(run, "unlabeled", left_out["unlabeled"])
    names = read_labels(labels, (name for own in blocks for name in _named(own)), notes)
    known, codes, negative = _coded(names, negative_class)
    # Read anew: all of them may not fit in memory.
    rows, test = _rows(run, "unlabeled", known)
    figures, lines = _score_figures(run, rows[test], codes[test] == negative)
    lines = [f"{len(rows):,} of {len(names):,} unlabeled examples have a label.", *notes, *lines]
    counts = run.record.counts["unlabeled"]
    if len(names) != (there := counts.read - counts.unreadable):
        lines.insert(1, f"They have changed since the training, which read {there:,}.")
    if run.spec.kind == "images":
        unwanted = _rows(run, "unwanted", unreadable=left_out["unwanted"])
        folds = _folds(run, rows, codes, test, unwanted, negative)
        measured, line = _image_figures(run, folds, seed, show)
        figures |= measured
        lines.append(line)
    lines += [_unread(name, files) for name, files in left_out.items() if len(files)]
    return LabeledFigures(labeled=len(rows), **figures, reported=tuple(lines))


def _as_trained(run, name, unreadable):
    """Reads the user's data; a `ValueError` at their end if they are not what the run read."""
    order, seen = run.record.counts[name].order, OrderDigest()
    for own in run.training_data(name, unreadable):
        if order is not None:
            seen.add(own.hashes(run.record.settings.seed))
        yield own
    if order not in (None, seen.hexdigest()):
        raise ValueError(
            f"{name} must be as it was when the run was trained. Received: other examples in "
            f"{getattr(run.record.data, name)}, or in another order."
        )


def _named(own):
    """What names each example: its id; in a table with an id column also the number of its row."""
    return own.ids if own.numbers is None else zip(own.ids, own.numbers, strict=True)


def _unread(name, files):
    more = ", ..." if len(files) > NAMES_SHOWN else ""
    return f"{name}: {len(files):,} could not be read: {files.first()}{more}."


def _coded(names, negative_class):
    """Which examples have a label, the number of its class, and that of the negative one."""
    known = np.array([name is not None for name in names])
    classes, codes = np.unique([name for name in names if name is not None], return_inverse=True)
    if negative_class not in classes:
        raise ValueError(
            f"negative_class must be among the labels: {', '.join(classes[:20])}. "
            f"Received: negative_class={negative_class}."
        )
    return known, codes, int(np.flatnonzero(classes == negative_class)[0])


def _image_figures(run, folds, seed, show):
    """What judges say of samples and of real images, and a line that tells it."""
    positives = [
        int((labels != folds.negative_class).sum())
        for labels in (folds.unlabeled_labels, folds.test_unlabeled_labels)
    ]
    if min(positives) <= NEIGHBOURS:
        few = f"Too few wanted examples have a label: judges need {NEIGHBOURS + 1} that were held"
        return {}, f"{few} out at training, and as many that were not."
    show("Training the judges")
    evaluation = ImageEvaluation(folds, seed=seed)
    show("Measuring")
    samples, drawn = _drawn_pixels(run, seed)
    measured = {
        "generated": evaluation.of(samples) | evaluation.by_region(samples),
        "real, held out": evaluation.real() | evaluation.by_region(None),
    }
    judges = measured["generated"]["judges"]
    known = len(folds.test_unlabeled) + len(folds.test_unwanted)
    line = (
        f"Judges: accuracy {judges['paper']:.2%} (paper's) and {judges['strict']:.2%} (strict) on "
        f"{known:,} held-out examples. Of {drawn:,} samples drawn {len(samples):,} passed the "
        "guard."
    )
    return {"acceptance": len(samples) / drawn, "images": measured}, f"{line} {_regions(measured)}"


def _regions(measured):
    """What recall is near the border, beside that of all, in a sentence."""
    said = []
    for name, own in measured.items():
        rates = []
        for region in ("border", "whole"):
            low, high = own[f"recall_{region}_interval"]
            rates.append(f"{own[f'recall_{region}']:.0%} ({low:.0%} to {high:.0%})")
        said.append(f"{name} {rates[0]} of them, {rates[1]} of all")
    return (
        f"Recall of the {measured['generated']['border']:,} held-out positives nearest to the "
        f"negatives, by the strict judge: {'; '.join(said)}."
    )


def _rows(run, name, chosen=None, unreadable=None):
    """Rows of one of the user's inputs, or those chosen by a boolean array; which are held out."""
    found, test, first = [], [], 0
    blocks = _as_trained(run, name, unreadable) if chosen is None else run.training_data(name)
    for own in blocks:
        part = slice(None) if chosen is None else chosen[first : first + len(own.ids)]
        found.append(own.rows[part])
        test.append(run.held_out(name, own.hashes(run.record.settings.seed)[part]))
        first += len(own.ids)
    return np.concatenate(found), np.concatenate(test)


def _score_figures(run, rows, negative):
    scores = run.score_rows(rows)
    figures = {"auc": None, "held_out": len(rows), "held_out_negatives": int(negative.sum())}
    if negative.all() or not negative.any():
        return figures, ["All held-out examples are of one concept: the score cannot be measured."]
    area = float(roc_auc_score(negative, scores))
    rate = area_rate(area, negative.sum(), (~negative).sum())
    figures |= {"auc": area, "auc_interval": (rate.low, rate.high)}
    figures["wanted_scores"] = tuple(highest_scores(scores[~negative]).tolist())
    lines = [
        f"Score: {run.score_name}. Area under the ROC curve, {negative.sum():,} held-out "
        f"negatives against {(~negative).sum():,} positives: {area:.4f} (95 % interval "
        f"{rate.low:.4f} to {rate.high:.4f})."
    ]
    for name, title, cut, part in _cuts(run, negative):
        rate = observed_rate(scores[part] > cut)
        figures |= {name: rate.value, f"{name}_interval": (rate.low, rate.high)}
        lines.append(
            f"{title} {cut:.6g}: {rate.value:.2%} of {part.sum():,} (95 % interval {rate.low:.2%} "
            f"to {rate.high:.2%})."
        )
    return figures | {"threshold": run.threshold}, lines


def _cuts(run, negative):
    """Figures by name, what is said of each, its cut of the score, and the rows it is of."""
    if run.threshold is not None:
        yield "recall", "Caught at the threshold", run.threshold, negative
        yield "false_alarms", "False alarms at the threshold", run.threshold, ~negative
    guard = run.record.recipe.guard
    if guard is not None and run.has_classifier:
        yield "guard_rejects", "Wanted data that the guard would reject, at", guard, ~negative


def _folds(run, rows, codes, test, unwanted, negative):
    """The labeled examples, and the unwanted ones as negatives, for `ImageEvaluation`."""
    unwanted, held_out_unwanted = unwanted
    parts = {}
    for part, own, others in (("", ~test, ~held_out_unwanted), ("test_", test, held_out_unwanted)):
        parts |= {
            f"{part}unlabeled": as_pixels(rows[own], run.spec),
            f"{part}unlabeled_labels": codes[own],
            f"{part}unwanted": as_pixels(unwanted[others], run.spec),
            f"{part}unwanted_labels": np.full(others.sum(), negative),
        }
    return Folds(**parts, name="labeled", negative_class=negative, fraction=1.0, seed=0)


def _drawn_pixels(run, seed):
    """Samples as a PNG holds them, a quarter of what floats take; and how many were drawn."""
    images = []
    for rows, drawn in run.sampler.batches(SAMPLES, seed, return_drawn=True):  # noqa: B007
        images.append(as_pixels(rows, run.spec))
    return np.concatenate(images), drawn


def as_pixels(images, spec):
    """Images as a PNG holds them: uint8, shape `(n, height, width, channels)`."""
    scale = 1 if spec.dtype == "uint8" else 255
    return np.clip(np.rint(images * np.float32(scale)), 0, 255).astype("uint8")
