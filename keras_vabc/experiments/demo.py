"""The demo: VAE, V-ABC and the `quality` setting, trained, measured and shown."""

import dataclasses
import time
from typing import NamedTuple

import numpy as np

from keras_vabc import plots
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.experiments.paper.settings import (
    METHODS,
    MOONS_SAMPLE_NOISE,
    folds_of,
    paper_setting,
)
from keras_vabc.experiments.stages import run_stages
from keras_vabc.files.writing import new_folder
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.pages.console import print_table, say, warnings_told
from keras_vabc.pages.page import Section, render_page, result_table
from keras_vabc.recipes.autoencoder import Trained, train_autoencoder
from keras_vabc.recipes.generation import trained_sampler
from keras_vabc.recipes.own_data import recipe_for
from keras_vabc.recipes.recipe import Recipe
from keras_vabc.recipes.results import SAMPLES, recipe_line, result_line
from keras_vabc.recipes.results_folder import RESULTS
from keras_vabc.recipes.sweep import append_line
from keras_vabc.vabc.model import load_model

TITLES = {"vae": "VAE", "vabc": "V-ABC (paper)", "quality": "quality", "real": "real"}
JUDGES = "judges"
SHOWN = 100  # images of each kind


class Quality(NamedTuple):
    """What the training of the `quality` setting leaves.

    Seconds include the NU classifier's; the notes are what the user should know. Samples are images
    that the guard accepted, `None` where it accepted hardly any, and acceptance is the share of
    them.
    """

    recipe: Recipe
    seconds: float
    notes: list
    samples: np.ndarray | None = None
    acceptance: float | None = None


def run_demo(out, dataset, negative_class, *, epochs=None, seed=0, console):
    """Trains, measures and shows generators of images, and then the paper's two of Moons2.

    Of images there are the VAE, V-ABC as published, and the `quality` setting, beside real ones.
    `out` becomes a folder of `report.html`, `results.jsonl`, `samples.png` and the models. Where no
    source has the image set, `"digits"` takes its place. `epochs` is the most of each training;
    `None`: as many as each setting says. Returns the result lines.

    A `FileExistsError` refuses a folder that is not new or empty, a `ValueError` a class that is
    not in the data.
    """
    with new_folder(out) as folder:
        dataset, folds = _image_folds(dataset, negative_class, seed, console)
        options = {"negative_class": negative_class, "seed": seed, "epochs": epochs}
        settings = [paper_setting(method, dataset, **options) for method in METHODS]
        moons = [paper_setting(method, "moons2", seed=seed, epochs=epochs) for method in METHODS]
        moons_folds = folds_of(moons[0])

        quality = f"quality on {dataset}"
        path = folder / f"{dataset}-quality.keras"
        stages = {
            quality: (_train_quality, folds, seed, epochs, path),
            JUDGES: (_make_judges, folds),
        }
        stages |= _training_stages(settings, folds, folder)
        stages |= _training_stages(moons, moons_folds, folder)
        done = run_stages(console, stages)

        for note in done[quality].notes:
            say(console, f"Note: {note}")
        trained = _trained(settings, done, folder)
        images, lines = _image_section(settings, folds, trained, done[quality], console)
        points, moons_lines = _moons_section(
            moons, moons_folds, _trained(moons, done, folder), console
        )
        lines += moons_lines
        page = render_page("V-ABC: what it generates, and what it does not", [images, points])
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "samples.png").write_bytes(plots.png_bytes(images.figures[0][0]))
        for line in lines:
            append_line(folder / RESULTS, line)
    say(console, f"The pictures are in {out / 'report.html'}, the models beside it.")
    return lines


def _training_stages(settings, folds, folder):
    return {
        _title(setting): (_train_and_save, setting, folds, _model_path(setting, folder))
        for setting in settings
    }


def _trained(settings, done, folder):
    """A dict of `Trained` by method, from what the stages left."""
    return {
        s.method: Trained(load_model(_model_path(s, folder)), *done[_title(s)]) for s in settings
    }


def _title(setting):
    return f"{setting.method} on {setting.dataset}"


def _model_path(setting, folder):
    return folder / f"{setting.dataset}-{setting.method}.keras"


def _image_section(settings, folds, trained, quality, console):
    evaluation = ImageEvaluation(folds)
    seed = settings[0].seed
    samples = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = _lines(settings, trained, samples, evaluation)
    if quality.samples is not None:
        figures = {**evaluation.of(quality.samples), "acceptance": quality.acceptance}
        lines.insert(-1, recipe_line(quality.recipe, figures, quality.seconds))
        samples["quality"] = quality.samples
    title = f"{folds.name}: the negative concept is class {folds.negative_class}"
    table = _shown_table(title, lines, console)
    hidden = int(np.sum(folds.unlabeled_labels == folds.negative_class))
    paragraphs = [
        f"{len(folds.unlabeled):,} unlabeled examples, {hidden:,} of them hidden negatives; "
        f"{len(folds.unwanted):,} unwanted examples. {SAMPLES:,} samples of each model were judged "
        f"by a binary judge ('paper', {100 * evaluation.accuracies['paper']:.2f} % accuracy) and "
        f"by one of all classes ('strict', {100 * evaluation.accuracies['strict']:.2f} %). The row "
        "of real data shows what the judges say of held-out positives.",
        "The VAE and V-ABC are the paper's. The setting 'quality' finds hidden negatives with a "
        "classifier first, has a larger network and a mixture for its latents, and rejects samples "
        "that the classifier flags.",
        *quality.notes,
    ]
    real = folds.test_unlabeled[folds.test_unlabeled_labels != folds.negative_class]
    shown = {name: images[:SHOWN] for name, images in {**samples, "real": real}.items()}
    caption = f"The first {SHOWN} samples of each model, and {SHOWN} real images."
    figures = [(_panels(shown, plots.sample_grid, size=4), caption)]
    if settings[0].latent_dim == 2:
        caption = "What each decoder makes of the latents from -3 to 3."
        decoders = {name: run.model.decode for name, run in trained.items()}
        figures.append((_panels(decoders, plots.latent_manifold), caption))
    figures.append((_history_figure(trained), "Test loss of each model by epoch."))
    return Section(title, paragraphs, [table], figures), lines


def _moons_section(settings, folds, trained, console):
    seed = settings[0].seed
    evaluation = MoonsEvaluation(folds)
    means = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = _lines(settings, trained, means, evaluation)
    title = "moons2: the negative concept is the upper moon"
    table = _shown_table(title, lines, console)
    paragraphs = [
        "A sample counts as negative where the exact density of the upper moon is above that of "
        "the lower one; that is the strict judge here. The other columns compare the decoder's "
        "means with held-out points of the lower moon.",
    ]
    figure = _moons_figure(folds, means, seed)
    caption = f"Samples over the data: means, and means with noise of {MOONS_SAMPLE_NOISE}."
    return Section(title, paragraphs, [table], [(figure, caption)]), lines


def _lines(settings, trained, samples, evaluation):
    """A line of the samples of each setting, and one of real data."""
    lines = [
        result_line(s, s.method, evaluation.of(samples[s.method]), trained[s.method].seconds)
        for s in settings
    ]
    return [*lines, result_line(settings[-1], "real", evaluation.real(), None)]


def _shown_table(title, lines, console):
    """The table of result lines, printed too, with names that say more than the methods' slugs."""
    table = result_table([{**line, "method": TITLES[line["method"]]} for line in lines])
    print_table(console, title, table)
    return table


def _image_folds(dataset, negative_class, seed, console):
    try:
        return dataset, folds_of(paper_setting("vabc", dataset, negative_class, seed=seed))
    except OSError as error:
        say(console, f"{error} The demo goes on with scikit-learn's digits.")
        return "digits", folds_of(paper_setting("vabc", "digits", negative_class, seed=seed))


def _train_and_save(setting, folds, path, report):
    model, history, seconds = train_autoencoder(setting, folds, callbacks=[report])
    model.save(path)
    return history, seconds


def _train_quality(folds, seed, epochs, path, report):
    """What `keras-vabc train --setting quality` does, and samples; the model goes to a file."""
    start = time.perf_counter()
    notes = []
    with warnings_told(notes.append):
        nu = NUClassifier(seed=seed).fit(folds.unlabeled, folds.unwanted, verbose=0)
    training_folds = nu.correct(folds)
    recipe = recipe_for("quality", training_folds.unlabeled, seed, epochs)
    data = {name: getattr(folds, name) for name in ("negative_class", "fraction")}
    setting = dataclasses.replace(recipe.setting, dataset=folds.name, **data)
    recipe = dataclasses.replace(recipe, setting=setting)
    sampler = trained_sampler(recipe, training_folds, nu, callbacks=[report])
    seconds = time.perf_counter() - start
    sampler.model.save(path)
    try:
        samples, drawn = sampler.sample(SAMPLES, seed=seed, return_drawn=True)
    except RuntimeError as error:
        notes.append(f"There are no samples of the setting quality; more epochs may help. {error}")
        return Quality(recipe, seconds, notes)
    return Quality(recipe, seconds, notes, samples, len(samples) / drawn)


def _make_judges(folds, report):
    ImageEvaluation(folds, callbacks=[report])


def _panels(items, draw, **layout):
    """A panel for each method, drawn by `draw(item, ax=ax)`."""
    figure, axes = plots.panels(len(items), **layout)
    for ax, (method, item) in zip(axes, items.items(), strict=True):
        draw(item, ax=ax).set_title(TITLES[method])
    return figure


def _moons_figure(folds, means, seed):
    rng = np.random.default_rng(seed)

    def draw(points, ax):
        points = points[:100]
        noisy = points + rng.normal(scale=MOONS_SAMPLE_NOISE, size=points.shape)
        return plots.moons_samples(folds.unlabeled, folds.unwanted, points, noisy, ax=ax)

    return _panels(means, draw)


def _history_figure(trained):
    figure, (ax,) = plots.panels(1)
    plots.learning_curves({TITLES[m]: run.history for m, run in trained.items()}, ax=ax)
    return figure
