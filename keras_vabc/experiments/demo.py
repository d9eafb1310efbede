"""The demo: VAE and V-ABC on images and on Moons, trained, measured and shown."""

import numpy as np

from keras_vabc import plots
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.experiments.stages import run_stages
from keras_vabc.files.writing import new_folder
from keras_vabc.pages.page import Section, print_table, render_page, result_table
from keras_vabc.recipes.autoencoder import Trained, train_autoencoder
from keras_vabc.recipes.results import SAMPLES, append_results, result_line
from keras_vabc.recipes.settings import METHODS, MOONS_SAMPLE_NOISE, folds_of, paper_setting
from keras_vabc.vabc.model import load_model

TITLES = {"vae": "VAE", "vabc": "V-ABC"}
JUDGES = "judges"


def run_demo(out, dataset, negative_class, *, epochs=None, seed=0, console):
    """Trains, measures and shows the VAE and V-ABC on an image set and on Moons2.

    Args:
        out: Folder to make: `report.html`, `results.jsonl`, `samples.png` and the models.
        dataset: Image set; where no source has it, `"digits"` takes its place.
        negative_class: Class of the negative concept of the images.
        epochs: Most epochs of each training; `None`: the paper's.
        seed: Seed of everything random.
        console: `rich.console.Console` that shows progress and tables.

    Returns:
        List of result lines.

    Raises:
        FileExistsError: If `out` is not new or empty.
        OSError: If `out` cannot be made.
        ValueError: If the class is not in the data.
    """
    with new_folder(out) as folder:
        dataset, folds = _image_folds(dataset, negative_class, seed, console)
        options = {"negative_class": negative_class, "seed": seed, "epochs": epochs}
        settings = [paper_setting(method, dataset, **options) for method in METHODS]
        moons = [paper_setting(method, "moons2", seed=seed, epochs=epochs) for method in METHODS]
        moons_folds = folds_of(moons[0])

        stages = _training_stages(settings, folds, folder)
        stages[JUDGES] = (_make_judges, folds)
        stages |= _training_stages(moons, moons_folds, folder)
        done = run_stages(console, stages)

        images, lines = _image_section(settings, folds, _trained(settings, done, folder), console)
        points, moons_lines = _moons_section(
            moons, moons_folds, _trained(moons, done, folder), console
        )
        lines += moons_lines
        page = render_page("V-ABC: what it generates, and what it does not", [images, points])
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "samples.png").write_bytes(plots.png_bytes(images.figures[0][0]))
        append_results(folder / "results.jsonl", lines)
    console.print(f"\nThe pictures are in [bold]{out}/report.html[/bold], the models beside it.")
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
    return f"{TITLES[setting.method]} on {setting.dataset}"


def _model_path(setting, folder):
    return folder / f"{setting.dataset}-{setting.method}.keras"


def _image_section(settings, folds, trained, console):
    evaluation = ImageEvaluation(folds)
    negative_class, seed = folds.negative_class, settings[0].seed
    samples = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = [
        result_line(setting, setting.method, evaluation.of(samples[setting.method]), run.seconds)
        for setting, run in zip(settings, trained.values(), strict=True)
    ]
    lines.append(result_line(settings[-1], "real", evaluation.real(), None))
    title = f"{folds.name}: the negative concept is class {negative_class}"
    table = result_table(lines)
    print_table(console, title, table)
    hidden = int(np.sum(folds.unlabeled_labels == negative_class))
    paragraphs = [
        f"{len(folds.unlabeled):,} unlabeled examples, {hidden:,} of them hidden negatives; "
        f"{len(folds.unwanted):,} unwanted examples. {SAMPLES:,} samples of each model were judged "
        f"by a binary judge ('paper', {100 * evaluation.accuracies['paper']:.2f} % accuracy) and "
        f"by one of all classes ('strict', {100 * evaluation.accuracies['strict']:.2f} %). The row "
        "of real data shows what the judges say of held-out positives.",
    ]
    figures = [(_sample_figure(samples), "The first 100 samples of each model.")]
    if settings[0].latent_dim == 2:
        caption = "What each decoder makes of the latents from -3 to 3."
        figures.append((_manifold_figure(trained), caption))
    figures.append((_history_figure(trained), "Test loss of each model by epoch."))
    return Section(title, paragraphs, [table], figures), lines


def _moons_section(settings, folds, trained, console):
    seed = settings[0].seed
    evaluation = MoonsEvaluation(folds)
    means = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = [
        result_line(setting, setting.method, evaluation.of(means[setting.method]), run.seconds)
        for setting, run in zip(settings, trained.values(), strict=True)
    ]
    lines.append(result_line(settings[-1], "real", evaluation.real(), None))
    title = "moons2: the negative concept is the upper moon"
    table = result_table(lines)
    print_table(console, title, table)
    paragraphs = [
        "A sample counts as negative where the exact density of the upper moon is above that of "
        "the lower one; that is the strict judge here. The other columns compare the decoder's "
        "means with held-out points of the lower moon.",
    ]
    figure = _moons_figure(folds, means, seed)
    caption = f"Samples over the data: means, and means with noise of {MOONS_SAMPLE_NOISE}."
    return Section(title, paragraphs, [table], [(figure, caption)]), lines


def _image_folds(dataset, negative_class, seed, console):
    try:
        return dataset, folds_of(paper_setting("vabc", dataset, negative_class, seed=seed))
    except OSError as error:
        console.print(f"{error}\nThe demo goes on with scikit-learn's digits.")
        return "digits", folds_of(paper_setting("vabc", "digits", negative_class, seed=seed))


def _train_and_save(setting, folds, path, report):
    model, history, seconds = train_autoencoder(setting, folds, callbacks=[report])
    model.save(path)
    return history, seconds


def _make_judges(folds, report):
    ImageEvaluation(folds, callbacks=[report])


def _sample_figure(samples):
    figure, axes = plots.panels(len(samples))
    for ax, (method, images) in zip(axes, samples.items(), strict=True):
        plots.sample_grid(images[:100], ax=ax).set_title(TITLES[method])
    return figure


def _manifold_figure(trained):
    figure, axes = plots.panels(len(trained))
    for ax, (method, run) in zip(axes, trained.items(), strict=True):
        plots.latent_manifold(run.model.decode, ax=ax).set_title(TITLES[method])
    return figure


def _moons_figure(folds, means, seed):
    figure, axes = plots.panels(len(means))
    rng = np.random.default_rng(seed)
    for ax, (method, points) in zip(axes, means.items(), strict=True):
        points = points[:100]
        noisy = points + rng.normal(scale=MOONS_SAMPLE_NOISE, size=points.shape)
        plots.moons_samples(folds.unlabeled, folds.unwanted, points, noisy, ax=ax)
        ax.set_title(TITLES[method])
    return figure


def _history_figure(trained):
    figure, (ax,) = plots.panels(1)
    plots.learning_curves({TITLES[m]: run.history for m, run in trained.items()}, ax=ax)
    return figure
