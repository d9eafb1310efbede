"""`keras-vabc benchmark images`: image sets, resumable and in parallel."""

from pathlib import Path

from keras_vabc.experiments.images.page import FILES, render
from keras_vabc.experiments.images.runs import chosen, described, jobs_of
from keras_vabc.pages.console import say
from keras_vabc.recipes.results_folder import results_folder
from keras_vabc.recipes.sweep import run_missing

COMMAND = "benchmark images"  # of the folder's manifest


def run_images(*, slugs, datasets, folder, fresh, workers, console):
    """Runs what is missing of some methods and data sets, or of all, and renders the page.

    `fresh` and `workers` are as in `run_missing`. Raises what `chosen` and `results_folder` do.
    """
    folder, jobs = Path(folder), jobs_of(chosen(slugs, datasets))
    options = {"fresh": fresh, "workers": workers, "console": console, "describe": described}
    with results_folder(folder, COMMAND, FILES):
        run_missing(jobs, folder, **options)
        missing = render(folder)
    say(console, f"Rendered {folder / 'README.md'}; {missing} runs are missing in all.")
