"""`keras-vabc benchmark detection`: detectors on tables, resumable and in parallel."""

from pathlib import Path

from keras_vabc.experiments.detection.page import FILES, render
from keras_vabc.experiments.detection.runs import chosen, described, jobs_of
from keras_vabc.experiments.detection.sets import data_folder
from keras_vabc.pages.console import say
from keras_vabc.recipes.results_folder import results_folder
from keras_vabc.recipes.sweep import run_missing, stored_lines

COMMAND = "benchmark detection"  # of the folder's manifest


def run_detection(*, methods, datasets, data, folder, fresh, workers, console):
    """Runs what is missing of some methods and data sets, or of all, and renders the page.

    `data` is the folder of the sets, `None` for that of `data_folder`; `fresh` and `workers` are as
    in `run_missing`. Raises what `chosen` and `results_folder` do.
    """
    folder, data = Path(folder), Path(data or data_folder())
    some, missing = chosen(methods, datasets, data)
    for name in missing:
        say(console, f"{name} is left out: {data} has no {name}.npz.")
    options = {"fresh": fresh, "workers": workers, "console": console, "describe": described}
    with results_folder(folder, COMMAND, FILES):
        jobs = jobs_of(some, data, () if fresh else stored_lines(folder))
        run_missing(jobs, folder, **options)
        render(folder)
    say(console, f"Rendered {folder / 'README.md'}.")
