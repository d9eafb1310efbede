"""The sections of a run's page."""

import json

import numpy as np

from keras_vabc import plots
from keras_vabc.data.outputs import postprocess
from keras_vabc.evaluation.metrics import column_distances
from keras_vabc.pages.page import Section, Table, measured_table
from keras_vabc.recipes.trained_run import HISTORY

SHOWN = 100  # samples, and unwanted examples if asked for
COLUMNS_SHOWN = 20
SAMPLES = 10_000  # for the spread of columns
HELD_OUT = 100_000  # rows that they are compared with: more would tell no more, and may not fit
FEWEST = 10  # rows that can be compared
COUNTS = ("read", "training", "held_out", "unreadable", "duplicates", "repeated")


def sections(trained, show_unwanted):
    """All sections of the page.

    Args:
        trained: `TrainedRun`.
        show_unwanted: Whether unwanted examples may be seen.

    Returns:
        List of `Section`.
    """
    images = trained.spec.kind == "images"
    parts = [trained.read(_data), _training(trained)]
    try:
        parts += [_samples(trained)] if images else _columns(trained, show_unwanted)
    except RuntimeError as error:
        parts.append(Section("Samples", [str(error)], [], []))
    parts.append(_scores(trained))
    if trained.record.get("evaluation"):
        parts.append(trained.read(_evaluation))
    if images and show_unwanted:
        parts.append(_unwanted(trained))
    return parts


def _data(record):
    counts = [
        [name, *(f"{own.get(key, 0):,}" for key in COUNTS)]
        for name, own in record["counts"].items()
    ]
    table = Table(["", *(key.replace("_", " ") for key in COUNTS)], counts)
    place = "Unlabeled: {unlabeled}. Unwanted: {unwanted}.".format(**record["data"])
    meaning = (
        "Held out are the examples that nothing was trained on. Duplicates are unlabeled examples "
        "that are also unwanted, and were left out; repeated ones equal an earlier one."
    )
    return Section("Data", [place, meaning, *record["notes"]], [table], [])


def _training(trained):
    rows = trained.read(_training_rows)
    losses, parts = trained.read(lambda _: _curves(trained.run.path(HISTORY)), HISTORY)
    figure, axes = plots.panels(2)
    plots.learning_curves(losses, "loss", axes[0])
    plots.learning_curves(parts, "part", axes[1])
    axes[1].set(yscale="log", ylabel="part of the held-out loss")
    caption = (
        "Loss by epoch, and its parts on held-out data. Gamma and the KL weight are annealed in "
        "training, not on held-out data, so that the two losses become comparable only then."
    )
    return Section("Training", [], [Table(["", ""], rows)], [(figure, caption)])


def _curves(path):
    """Losses, and the parts of that on held-out data, as `plots.learning_curves` takes them."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    history = {name: list(map(float, values)) for name, values in stored.items()}
    losses = {"training": {"loss": history["loss"]}, "held out": {"loss": history["val_loss"]}}
    names = ("reconstruction", "kl", "penalty")
    return losses, {name: {"part": history[f"val_{name}"]} for name in names}


def _training_rows(record):
    figures, setting = record["figures"], record["method"]["setting"]
    rows = [
        ["setting", record["settings"]["setting"]],
        ["seed", str(setting["seed"])],
        ["latents", str(setting["latent_dim"])],
        ["epochs", str(figures["epochs"])],
        ["loss on held-out data", f"{figures['val_loss']:.4g}"],
        ["time", f"{sum(record['stages'].values()):.0f} s"],
    ]
    if "negative_share" in figures:
        low, high = figures["negative_share_interval"]
        share = f"{figures['negative_share']:.2%} ({low:.2%} to {high:.2%})"
        rows += [
            ["negatives among the unlabeled, estimated", share],
            ["unlabeled examples moved to the unwanted", f"{figures['moved']:,}"],
        ]
    return rows


def _samples(trained):
    images, drawn = trained.sampler.sample(SHOWN, seed=0, return_drawn=True)
    setting = trained.method.setting
    figure, (ax,) = plots.panels(1, size=8)
    plots.sample_grid(images, vmax=setting.pixel_max, ax=ax)
    figures = [(figure, f"{SHOWN} samples, as they come.")]
    if setting.latent_dim == 2:
        figure, (ax,) = plots.panels(1, size=8)
        plots.latent_manifold(trained.model.decode, vmax=setting.pixel_max, ax=ax)
        figures.append((figure, "What the decoder makes of the latents from -3 to 3."))
    return Section("Samples", [_acceptance(trained, SHOWN, drawn)], [], figures)


def _acceptance(trained, count, drawn):
    if not trained.has_classifier:
        return "No guard: every sample is kept."
    return f"The guard rejected {drawn - count:,} of {drawn:,} samples drawn."


def _scores(trained):
    unlabeled, unwanted, _ = trained.held_out_scores()
    figure, (ax,) = plots.panels(1, size=(8, 5))
    groups = {
        f"{len(unlabeled):,} unlabeled": unlabeled,
        f"{len(unwanted):,} unwanted": unwanted,
    }
    if not trained.has_classifier:
        groups = {name: np.maximum(values, 1e-6) for name, values in groups.items()}
    plots.score_histogram(groups, trained.threshold, probabilities=trained.has_classifier, ax=ax)
    caption = f"Scores of what was held out: {trained.score_name}."
    if trained.threshold is None:
        return Section("Scores", ["No threshold is stored."], [], [(figure, caption)])
    table = Table(["", ""], trained.read(_threshold_rows))
    return Section("Scores", [], [table], [(figure, caption)])


def _threshold_rows(record):
    chosen = record["threshold"]
    low, high = chosen["recall_interval"]
    return [
        ["threshold", f"{chosen['value']:.6g}"],
        ["false alarms among the wanted, estimated", f"{chosen['false_alarms']:.2%}"],
        ["flagged of the held-out unlabeled", f"{chosen['flagged']:.2%}"],
        ["caught of the held-out unwanted", f"{chosen['recall']:.1%} ({low:.1%} to {high:.1%})"],
    ]


def _evaluation(record):
    evaluation = record["evaluation"]
    paragraphs = [line for kind in evaluation.values() for line in kind["told"]]
    measured = evaluation.get("with_labels", {}).get("images")
    return Section("Evaluation", paragraphs, [measured_table(measured)] if measured else [], [])


def _columns(trained, show_unwanted):
    """The spread of each column in samples and in held-out rows; none if the rows are gone."""
    samples, drawn = trained.sampler.sample(SAMPLES, seed=0, return_drawn=True)
    samples = postprocess(samples, trained.spec)
    text = _acceptance(trained, SAMPLES, drawn)
    try:
        rows = _held_out_rows(trained, "unlabeled")
        unwanted = _held_out_rows(trained, "unwanted") if show_unwanted else None
        if len(rows) < FEWEST:
            raise ValueError(f"only {len(rows)} rows are held out.")
    except (OSError, ValueError) as error:
        return [Section("Samples", [text, f"The data cannot be compared: {error}"], [], [])]
    weights = 1 - trained.nu.negative_probability(rows) if trained.has_classifier else None
    distances = column_distances(samples, rows, weights)
    even, odd = (None if weights is None else weights[start::2] for start in (0, 1))
    halves = column_distances(rows[1::2], rows[::2], even, odd)
    varying = np.flatnonzero(np.isfinite(distances))
    worst = varying[np.argsort(-distances[varying])]
    table = Table(
        ["column", "distance", "halves"],
        [[_name(trained, c), f"{distances[c]:.3f}", f"{halves[c]:.3f}"] for c in worst],
    )
    groups = {"wanted rows": (rows, weights), "samples": (samples, None)}
    if unwanted is not None:
        groups["unwanted rows"] = (unwanted, None)
    meaning = (
        f"{SAMPLES:,} samples against {len(rows):,} held-out rows"
        + (", weighted by P(positive | x)" if trained.has_classifier else ", negatives included")
        + ": the Wasserstein distance of each column, in its standard deviations. Beside it the "
        "distance of two halves of the held-out rows from each other: less cannot be expected. "
        f"On average {distances[varying].mean():.3f} and {np.nanmean(halves[varying]):.3f}."
    )
    caption = f"The columns of largest distance, up to {COLUMNS_SHOWN}."
    figure = _column_figure(trained, groups, worst[:COLUMNS_SHOWN])
    return [Section("Samples", [text, meaning], [table], [(figure, caption)])]


def _column_figure(trained, groups, columns):
    figure, axes = plots.panels(len(columns), size=(3, 2.2), columns=4)
    for ax, column in zip(axes, columns, strict=True):
        own = {name: (values[:, column], weights) for name, (values, weights) in groups.items()}
        plots.column_histogram(own, ax=ax).set_title(
            _name(trained, column), fontsize="small", parse_math=False
        )
    axes[0].legend(fontsize="x-small")
    return figure


def _name(trained, column):
    return str(column) if trained.spec.columns is None else trained.spec.columns[column]


def _unwanted(trained):
    images = _held_out_rows(trained, "unwanted")[:SHOWN]
    figure, (ax,) = plots.panels(1, size=8)
    plots.sample_grid(images, vmax=trained.method.setting.pixel_max, ax=ax)
    return Section("Unwanted", [], [], [(figure, "Held-out unwanted examples.")])


def _held_out_rows(trained, name):
    """Rows that were held out: all of them, or a random part of about `HELD_OUT`."""
    count = trained.read(lambda record: int(record["counts"][name]["held_out"]))
    part = min(1.0, HELD_OUT / max(count, 1))
    return np.concatenate([rows[trained.held_out(rows, part)] for _, rows in trained.blocks(name)])
