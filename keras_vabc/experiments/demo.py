"""The demo: VAE and V-ABC on images and on Moons, trained, measured and shown."""

from contextlib import contextmanager

import keras
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from keras_vabc import plots
from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation
from keras_vabc.experiments.report import COLUMNS, Section, render_page, table_rows
from keras_vabc.experiments.run import SAMPLES, append_results, folds_of, result_line, train
from keras_vabc.experiments.settings import METHODS, MOONS_SAMPLE_NOISE, paper_setting
from keras_vabc.runs import new_folder

TITLES = {"vae": "VAE", "vabc": "V-ABC"}


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
        images = _run_images(folder, dataset, negative_class, epochs, seed, console)
        moons = _run_moons(folder, epochs, seed, console)
        title = "V-ABC: what it generates, and what it does not"
        page = render_page(title, [images, moons])
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "samples.png").write_bytes(plots.png_bytes(images.figures[0][0]))
        lines = images.lines + moons.lines
        append_results(folder / "results.jsonl", lines)
    console.print(f"\nThe pictures are in [bold]{out}/report.html[/bold], the models beside it.")
    return lines


def _run_images(folder, dataset, negative_class, epochs, seed, console):
    dataset, folds = _image_folds(dataset, negative_class, seed, console)
    options = {"negative_class": negative_class, "seed": seed, "epochs": epochs}
    settings = [paper_setting(method, dataset, **options) for method in METHODS]
    with _stage(console, f"Judges of {dataset}") as progress:
        evaluation = ImageEvaluation(folds, callbacks=[progress])
    trained = _train_all(settings, folds, folder, console)

    samples = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = [
        result_line(setting, setting.method, evaluation.of(samples[setting.method]), run.seconds)
        for setting, run in zip(settings, trained.values(), strict=True)
    ]
    lines.append(result_line(settings[-1], "real", evaluation.real(), None))
    title = f"{dataset}: the negative concept is class {negative_class}"
    _print_table(console, title, lines)
    hidden = int(np.sum(folds.unlabeled_labels == negative_class))
    paragraphs = [
        f"{len(folds.unlabeled):,} unlabeled examples, among them {hidden:,} hidden negatives; "
        f"{len(folds.unwanted):,} unwanted examples. {SAMPLES:,} samples of each model were judged "
        f"{len(folds.unlabeled):,} unlabeled examples, {hidden:,} of them hidden negatives; "
        f"by one of all classes ('strict', {100 * evaluation.accuracies['strict']:.2f} %). The row "
        "of real data shows what the judges say of held-out positives.",
    ]
    figures = [(_sample_figure(samples), "The first 100 samples of each model.")]
    if settings[0].latent_dim == 2:
        caption = "What each decoder makes of the latents from -3 to 3."
        figures.append((_manifold_figure(trained), caption))
    figures.append((_history_figure(trained), "Test loss of each model by epoch."))
    return Section(title, paragraphs, lines, figures)


def _run_moons(folder, epochs, seed, console):
    settings = [paper_setting(method, "moons2", seed=seed, epochs=epochs) for method in METHODS]
    folds = folds_of(settings[0])
    trained = _train_all(settings, folds, folder, console)
    evaluation = MoonsEvaluation(folds)
    means = {name: run.model.sample(SAMPLES, seed=seed) for name, run in trained.items()}
    lines = [
        result_line(setting, setting.method, evaluation.of(means[setting.method]), run.seconds)
        for setting, run in zip(settings, trained.values(), strict=True)
    ]
    lines.append(result_line(settings[-1], "real", evaluation.real(), None))
    title = "moons2: the negative concept is the upper moon"
    _print_table(console, title, lines)
    paragraphs = [
        "A sample counts as negative where the exact density of the upper moon is above that of "
        "the lower one; that is the strict judge here. The other columns compare the decoder's "
        "means with held-out points of the lower moon.",
    ]
    figure = _moons_figure(folds, means, seed)
    caption = f"Samples over the data: means, and means with noise of {MOONS_SAMPLE_NOISE}."
    return Section(title, paragraphs, lines, [(figure, caption)])


def _image_folds(dataset, negative_class, seed, console):
    try:
        return dataset, folds_of(paper_setting("vabc", dataset, negative_class, seed=seed))
    except OSError as error:
        console.print(f"{error}\nThe demo goes on with scikit-learn's digits.")
        return "digits", folds_of(paper_setting("vabc", "digits", negative_class, seed=seed))


def _train_all(settings, folds, folder, console):
    """Trains and saves the model of each setting; a dict of `Trained` by method."""
    trained = {}
    for setting in settings:
        title = f"{TITLES[setting.method]} on {setting.dataset}"
        with _stage(console, title, setting.epochs) as progress:
            run = train(setting, folds, callbacks=[progress])
        run.model.save(folder / f"{setting.dataset}-{setting.method}.keras")
        trained[setting.method] = run
    return trained


class _EpochProgress(keras.callbacks.Callback):
    """Moves a progress bar on at the end of each epoch."""

    def __init__(self, progress, task):
        super().__init__()
        self._progress, self._task = progress, task

    def on_epoch_end(self, epoch, logs=None):
        losses = [f"{name} {logs[name]:.4g}" for name in ("loss", "val_loss") if name in logs]
        self._progress.update(self._task, advance=1, note=", ".join(losses))


@contextmanager
def _stage(console, title, epochs=None):
    """A progress bar over the epochs of one training; yields the Keras callback that moves it."""
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description:22}"),
        BarColumn(bar_width=24),
        TextColumn("epoch {task.completed}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=epochs, note="")
        yield _EpochProgress(progress, task)
        progress.update(task, total=progress.tasks[task].completed)


def _print_table(console, title, lines):
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
    )
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "Method" else "right", no_wrap=True)
    for row in table_rows(lines):
        table.add_row(*row)
    console.print(table)


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
