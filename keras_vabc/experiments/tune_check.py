"""What `tune` chooses beside the truth, by labels: `python -m keras_vabc.experiments.tune_check`.

It runs `tune` on Moons2 and on MNIST '8' in the paper's setting, as if they had no labels, and then
measures every model with them.
"""

import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from keras_vabc import plots
from keras_vabc.data.datasets.named_folds import load_folds
from keras_vabc.pages.markdown import markdown
from keras_vabc.recipes.gamma_choice import MEANS, by_gamma, choose, picture
from keras_vabc.recipes.results import provenance
from keras_vabc.recipes.results_folder import ARRAYS, results_folder, write_result
from keras_vabc.recipes.stored import Stored
from keras_vabc.recipes.sweep import Job, run_missing
from keras_vabc.recipes.tune import prepare, read_data, trained_and_measured, tune_key

FOLDER = Path("docs/results/tune")
COMMAND = "python -m keras_vabc.experiments.tune_check"
SETTING = "paper"
SEEDS = 2
DATASETS = {"moons2": 0, "mnist": 8}  # and the negative class of each
FILES = ("README.md", *(f"{name}.png" for name in DATASETS))
PANELS = {
    "nge_estimated": "negatives among samples, by the judge",
    "nge_strict": "true negative generation error",
}
INTRODUCTION = f"""\
# Gamma without labels, checked with them

`keras-vabc tune` on data whose labels it is not given; then every model is measured with them. The
first two columns are what it sees: the share of negatives among samples by its own judge, and R on
held-out positives, weighted by that judge. The third is the truth: NGE by the strict judge on
MNIST, by the exact densities on Moons2. Setting `{SETTING}`, means over {SEEDS} seeds, drawn by
`{COMMAND}`."""


def checked(recipe, data, dataset, arrays):
    """The result line of `tune`, with what is true of the same samples by labels."""
    from keras_vabc.evaluation.evaluate import ImageEvaluation, MoonsEvaluation

    sampler, line = trained_and_measured(recipe, data, arrays)
    evaluation = (ImageEvaluation if dataset == "mnist" else MoonsEvaluation)(_labelled(dataset))
    figures = evaluation.of(sampler.sample(line["samples"], seed=0))
    truth = {name: figures[name] for name in ("nge_paper", "nge_strict", "fid")}
    return {**line, **truth, "dataset": dataset, **provenance(COMMAND)}


def check():
    """Runs what is missing and renders the page."""
    folder, console = FOLDER, Console()
    with results_folder(folder, "tune_check", FILES), tempfile.TemporaryDirectory() as files:
        jobs = {name: _jobs(name, Path(files), folder / ARRAYS, console) for name in DATASETS}
        every = [job for own in jobs.values() for job in own]
        run_missing(every, folder, fresh=False, workers=None, console=console)
    stored = Stored(folder)
    parts = [INTRODUCTION]
    for name, own in jobs.items():
        lines = stored.lines(own)
        rows, chosen = by_gamma(lines, (*MEANS, "nge_strict")), choose(lines)["gamma"]
        write_result(folder, f"{name}.png", plots.png_bytes(picture(rows, chosen, PANELS)))
        parts += [f"## {name}", _table(rows, chosen), f"![Estimate and truth by gamma]({name}.png)"]
    write_result(folder, "README.md", ("\n\n".join(parts) + "\n").encode())


def _labelled(name):
    return load_folds(name, negative_class=DATASETS[name], seed=0)


def unlabelled(name, folder, console):
    """`Data` of a data set, read from files that hold no labels, as `tune` reads a user's."""
    folds = _labelled(name)
    paths = [folder / f"{name}-{fold}.npy" for fold in ("unlabeled", "unwanted")]
    for path, fold in zip(paths, (folds.unlabeled, folds.unwanted), strict=True):
        np.save(path, fold)
    return read_data(*paths, folder / name, console)


def jobs_of(name, data, recipes):
    """One `Job` for each recipe, under the key that it has in `tune`."""
    return [Job(tune_key(r, data.content), checked, (r, data, name)) for r in recipes]


def _jobs(name, folder, arrays, console):
    data = unlabelled(name, folder, console)
    return jobs_of(name, data, prepare(data, SETTING, SEEDS, None, arrays, console))


def _table(rows, chosen):
    cells = []
    for row in rows:
        gamma = row["gamma"]
        name = "VAE" if gamma is None else f"{gamma:g}{' **(chosen)**' * (gamma == chosen)}"
        seen = f"{100 * row['nge_estimated']:.2f} ± {100 * row['nge_estimated_error']:.2f}"
        truth = f"{100 * row['nge_strict']:.2f}"
        cells.append([name, seen, f"{row['positive_error']:.2f}", truth])
    head = ["gamma", "negatives among samples by the judge, %", "R of positives", "true NGE, %"]
    return markdown(head, cells)


if __name__ == "__main__":
    check()
