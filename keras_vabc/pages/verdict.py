"""The verdict on a run's samples, as the first section of its page and as a part of its card."""

import numpy as np

from keras_vabc import plots
from keras_vabc.data.outputs import in_form
from keras_vabc.pages import nearest_rows
from keras_vabc.pages.page import Section, Table

PERCENT, NUMBER = "{:.1%}", "{:.2f}"
FIGURES = {  # in the order of the page
    "unwanted": ("unwanted samples, estimated", PERCENT),
    "precision": ("precision: samples near a real image", NUMBER),
    "density": ("density: real images that a sample is near to", NUMBER),
    "recall": ("recall: real images near a sample", NUMBER),
    "coverage": ("coverage: real images with a sample nearby", NUMBER),
    "frechet": ("Frechet distance (of these features alone)", NUMBER),
    "sharpness": ("sharpness, over that of real images", NUMBER),
    "sharpness_auc": ("pairs in which the real image is sharper", PERCENT),
    "told_apart": ("told from real images by a network; 50 % is guessing", PERCENT),
    "nearer_training": ("nearer to training than to held-out images; 50 % is ideal", PERCENT),
    "near_copies": ("near copies of training images", PERCENT),
    "nearer_unwanted": ("nearer to known than to held-out unwanted ones; 50 % is ideal", PERCENT),
    "near_unwanted": ("near copies of known unwanted images", PERCENT),
}
PAIRED = (
    "The first samples, and below each the training image that is nearest to it by the features "
    "above, of those that are presumed to be wanted."
)


def verdict_section(run):
    """A list of the `Section` of the verdict; empty where the samples were not measured."""
    measured = run.record.evaluation.samples
    if measured is None:
        return []
    paragraphs, figures = [measured.verdict, *measured.notes], []
    if measured.neighbours:
        try:
            figures.append((_pairs(run, measured), PAIRED))
        except (OSError, ValueError) as error:
            paragraphs.append(f"The nearest training images cannot be shown: {error}")
    tables = [verdict_table(measured.figures)] if measured.figures else []
    return [Section("Verdict", paragraphs, tables, figures)]


def verdict_table(figures):
    """The `Table` of `Figure`s by name."""
    rows = []
    for name, (title, form) in FIGURES.items():
        if name in figures:
            own = figures[name]
            ends = [] if own.low is None else [own.low, own.high]
            interval = " to ".join(form.format(end) for end in ends) or "–"
            real = "–" if own.real is None else form.format(own.real)
            rows.append([title, form.format(own.value), interval, real, f"{own.n:,}"])
    return Table(["", "samples", "95 % interval", "real images", "n"], rows)


def _pairs(run, measured):
    count = len(measured.neighbours)
    rows = nearest_rows.found(run, measured.neighbours)
    samples = in_form(run.sampler.sample(count, measured.seed), run.spec)
    half = -(-count // 2)  # two double rows
    blank = np.zeros_like(rows[: 2 * half - count])
    tiles = [np.concatenate([x, blank]).reshape(2, half, *x.shape[1:]) for x in (samples, rows)]
    figure, (ax,) = plots.panels(1, size=(10, 4.2))
    vmax = run.record.recipe.setting.pixel_max
    grid = np.stack(tiles, axis=1).reshape(-1, *rows.shape[1:])
    plots.sample_grid(grid, columns=half, vmax=vmax, ax=ax)
    return figure
