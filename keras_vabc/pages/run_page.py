"""The sections of a run's page."""

import numpy as np

from keras_vabc import plots
from keras_vabc.data.outputs import in_form
from keras_vabc.evaluation.metrics import column_distances
from keras_vabc.pages.column_pictures import column_figure, with_gaps
from keras_vabc.pages.costs import false_alarms_in_words, guard_cost_in_words
from keras_vabc.pages.page import Section, Table, measured_table
from keras_vabc.pages.reviewed import negatives_in_words, review_lines, special_note
from keras_vabc.pages.verdict import verdict_section

SHOWN = 100  # samples, and unwanted examples if asked for
COLUMNS_SHOWN = 20
SPREAD_SAMPLES = 10_000  # for the spread of columns
HELD_OUT = 100_000  # rows that they are compared with: more would tell no more, and may not fit
FEWEST = 10  # rows that can be compared
COUNTS = ("read", "training", "held_out", "unreadable", "duplicates", "repeated")


def sections(run, show_unwanted):
    """All `Section`s of the page of a run."""
    images = run.spec.kind == "images"
    parts = verdict_section(run) + [_data(run.record), _training(run)]
    try:
        parts += [_samples(run)] if images else _columns(run, show_unwanted)
    except RuntimeError as error:
        parts.append(Section("Samples", [str(error)], [], []))
    parts.append(_scores(run))
    parts += _evaluation(run.record.evaluation)
    if images and show_unwanted:
        parts.append(_unwanted(run))
    return parts


def _data(record):
    counts = [
        [name, *(f"{getattr(own, key):,}" for key in COUNTS)] for name, own in record.counts.items()
    ]
    table = Table(["", *(key.replace("_", " ") for key in COUNTS)], counts)
    place = f"Unlabeled: {record.data.unlabeled}. Unwanted: {record.data.unwanted}."
    meaning = (
        "Held out are the examples that nothing was trained on. Duplicates are unlabeled examples "
        "that are also unwanted, and were left out; repeated ones equal an earlier one."
    )
    said = [place, meaning, *record.notes, *review_lines(record.reviewed)]
    return Section("Data", said, [table], [])


def _training(run):
    rows = _training_rows(run.record) + _guard_rows(run)
    history = run.history
    losses = {"training": {"loss": history["loss"]}, "held out": {"loss": history["val_loss"]}}
    names = ("reconstruction", "kl", "penalty")
    parts = {name: {"part": history[f"val_{name}"]} for name in names}  # on held-out data
    figure, axes = plots.panels(2)
    plots.learning_curves(losses, "loss", axes[0])
    plots.learning_curves(parts, "part", axes[1])
    axes[1].set(yscale="log", ylabel="part of the held-out loss")
    caption = (
        "Loss by epoch, and its parts on held-out data. Gamma and the KL weight are annealed in "
        "training, not on held-out data, so that the two losses become comparable only then."
    )
    return Section("Training", [], [Table(["", ""], rows)], [(figure, caption)])


def _training_rows(record):
    figures, setting = record.figures, record.recipe.setting
    rows = [
        ["setting", record.settings.setting],
        ["seed", str(setting.seed)],
        ["latents", str(setting.latent_dim)],
        ["epochs", str(figures.epochs)],
        ["loss on held-out data", f"{figures.val_loss:.4g}, by {_held_out_counts(record)}"],
        ["time", f"{sum(record.stages.values()):.0f} s"],
    ]
    if figures.negative_share is not None:
        rows += [
            ["negatives among the unlabeled, estimated", negatives_in_words(record)],
            ["unlabeled examples moved to the unwanted", _moved(record)],
        ]
    if record.recipe.correction == "soft":
        rows.append(["each unlabeled example counts by", "its P(positive | x)"])
    return rows


def _held_out_counts(record):
    return " and ".join(f"{own.held_out:,} {name} ones" for name, own in record.counts.items())


def _guard_rows(run):
    """What the guard costs of the wanted data; no row without a guard."""
    cost = guard_cost_in_words(run)
    return [] if cost is None else [["the guard would reject", cost]]


def _moved(record):
    figures = record.figures
    if figures.moved_wanted is None:
        return f"{figures.moved:,}"
    low, high = figures.moved_wanted
    return (
        f"{figures.moved:,}, of which {low:,} to {high:,} are wanted (95 %){special_note(record)}"
    )


def _samples(run):
    images, drawn = run.sampler.sample(SHOWN, seed=0, return_drawn=True)
    setting = run.record.recipe.setting
    figure, (ax,) = plots.panels(1, size=8)
    plots.sample_grid(images, vmax=setting.pixel_max, ax=ax)
    figures = [(figure, f"{SHOWN} samples, as they come.")]
    if setting.latent_dim == 2:
        figure, (ax,) = plots.panels(1, size=8)
        plots.latent_manifold(run.model.decode, vmax=setting.pixel_max, ax=ax)
        figures.append((figure, "What the decoder makes of the latents from -3 to 3."))
    return Section("Samples", [_acceptance(run, SHOWN, drawn)], [], figures)


def _acceptance(run, count, drawn):
    if not run.has_classifier:
        return "No guard: every sample is kept."
    return f"The guard rejected {drawn - count:,} of {drawn:,} samples drawn."


def _scores(run):
    unlabeled, unwanted, _ = run.held_out_scores()
    figure, (ax,) = plots.panels(1, size=(8, 5))
    groups = {
        f"{len(unlabeled):,} unlabeled": unlabeled,
        f"{len(unwanted):,} unwanted": unwanted,
    }
    if not run.has_classifier:
        groups = {name: np.maximum(values, 1e-6) for name, values in groups.items()}
    plots.score_histogram(groups, run.threshold, probabilities=run.has_classifier, ax=ax)
    caption = f"Scores of what was held out: {run.score_name}."
    if run.threshold is None:
        return Section("Scores", ["No threshold is stored."], [], [(figure, caption)])
    table = Table(["", ""], _threshold_rows(run.record))
    return Section("Scores", [], [table], [(figure, caption)])


def _threshold_rows(record):
    chosen = record.threshold
    low, high = chosen.recall_interval
    caught = f"{chosen.recall:.1%} of {chosen.unwanted:,} ({low:.1%} to {high:.1%}, 95 %)"
    caught += special_note(record)
    return [
        ["threshold", f"{chosen.value:.6g}"],
        ["false alarms", false_alarms_in_words(record)],
        ["flagged of the held-out unlabeled", f"{chosen.flagged:.2%} of {chosen.unlabeled:,}"],
        ["caught of the held-out unwanted", caught],
    ]


def _evaluation(evaluation):
    done = [part for part in (evaluation.without_labels, evaluation.with_labels) if part]
    if not done:
        return []
    measured = evaluation.with_labels and evaluation.with_labels.images
    tables = [measured_table(measured)] if measured else []
    return [Section("Evaluation", [line for part in done for line in part.reported], tables, [])]


def _columns(run, show_unwanted):
    """The spread of each column in samples and in held-out rows; none if the rows are gone."""
    samples, drawn = run.sampler.sample(SPREAD_SAMPLES, seed=0, return_drawn=True)
    dense = in_form(samples, run.spec)
    samples = in_units(run, dense)
    text = _acceptance(run, SPREAD_SAMPLES, drawn)
    try:
        codes = _held_out_rows(run, "unlabeled")
        rows = in_units(run, codes)
        unwanted = _pictured(run, _held_out_rows(run, "unwanted")) if show_unwanted else None
        if len(rows) < FEWEST:
            raise ValueError(f"only {len(rows)} rows are held out.")
    except (OSError, ValueError) as error:
        return [Section("Samples", [text, f"The data cannot be compared: {error}"], [], [])]
    weights = 1 - run.nu.negative_probability(codes) if run.has_classifier else None
    distances = column_distances(samples, rows, weights)
    even, odd = (None if weights is None else weights[start::2] for start in (0, 1))
    halves = column_distances(rows[1::2], rows[::2], even, odd)
    varying = np.flatnonzero(np.isfinite(distances))
    worst = varying[np.argsort(-distances[varying])]
    table = Table(
        ["column", "distance", "halves"],
        [[_name(run, c), f"{distances[c]:.3f}", f"{halves[c]:.3f}"] for c in worst],
    )
    groups = {"wanted rows": (_pictured(run, codes), weights)}
    groups["samples"] = (_pictured(run, dense), None)
    if unwanted is not None:
        groups["unwanted rows"] = (unwanted, None)
    meaning = (
        f"{SPREAD_SAMPLES:,} samples against {len(rows):,} held-out rows"
        + (", weighted by P(positive | x)" if run.has_classifier else ", negatives included")
        + ": the Wasserstein distance of each column, in its standard deviations. Beside it the "
        "distance of two halves of the held-out rows from each other: less cannot be expected. "
        f"On average {distances[varying].mean():.3f} and {np.nanmean(halves[varying]):.3f}."
    )
    caption = f"The columns of largest distance, up to {COLUMNS_SHOWN}."
    shown = worst[:COLUMNS_SHOWN]
    columns = None if run.columns is None else [run.columns.trained[c] for c in shown]
    groups = {name: (own[:, shown], of) for name, (own, of) in groups.items()}
    figure = column_figure(groups, [_name(run, c) for c in shown], columns)
    return [Section("Samples", [text, meaning], [table], [(figure, caption)])]


def _name(run, column):
    if run.columns is not None:
        return run.columns.trained[column].name
    return str(column) if run.spec.columns is None else run.spec.columns[column]


def in_units(run, rows):
    """Rows in the units of the data: those of a typed table have one number for each column."""
    return rows if run.columns is None else run.columns.numbers(rows)


def _pictured(run, rows):
    """`in_units`, NaN where a value of a table is missing."""
    own = in_units(run, rows)
    return own if run.columns is None else with_gaps(own, rows, run.columns)


def _unwanted(run):
    images = _held_out_rows(run, "unwanted")[:SHOWN]
    figure, (ax,) = plots.panels(1, size=8)
    plots.sample_grid(images, vmax=run.record.recipe.setting.pixel_max, ax=ax)
    return Section("Unwanted", [], [], [(figure, "Held-out unwanted examples.")])


def _held_out_rows(run, name):
    """Rows that were held out: all of them, or a random part of about `HELD_OUT`."""
    count = run.record.counts[name].held_out
    part = min(1.0, HELD_OUT / max(count, 1))
    seed = run.record.settings.seed
    return np.concatenate(
        [x.rows[run.held_out(name, x.hashes(seed), part)] for x in run.training_data(name)]
    )
