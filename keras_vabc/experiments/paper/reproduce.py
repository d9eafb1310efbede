"""`keras-vabc reproduce`: runs what is missing of the paper and renders all that is stored."""

from pathlib import Path

from keras_vabc.experiments.paper import runs as paper
from keras_vabc.experiments.paper.page import FILES, render
from keras_vabc.experiments.paper.settings import SHIPPED
from keras_vabc.files.outputs import check_free
from keras_vabc.pages.console import say
from keras_vabc.recipes.results_folder import results_folder
from keras_vabc.recipes.sweep import run_missing, stored_lines

TRAININGS = {
    "fig2": paper.fig2,
    "fig3": lambda: paper.moons("moons1") + paper.moons("moons1", literal=True),
    "fig4": lambda: paper.moons("moons2") + paper.moons("moons2", literal=True),
    "fig5": lambda: paper.moons("moons2"),
    "fig6": paper.fig2,
    "fig7": paper.fig2,
    "fig8": paper.fig2,
    "fig9": lambda: paper.fig9_fractions() + paper.fig9_gammas(),
    "ablation": paper.ablation_runs,
    "moons": paper.moons_sensitivity,
}
EXPERIMENTS = ("all", "table1", "judges", *TRAININGS)


def runs_of(experiment, saved_models="saved_models"):
    """The runs of one of `EXPERIMENTS`, each once."""
    if experiment == "all":
        return paper.all_runs(saved_models)
    if experiment == "table1":
        return paper.table1()
    if experiment == "judges":
        return paper.judges()
    if experiment not in TRAININGS:
        raise ValueError(
            f"experiment must be one of {', '.join(EXPERIMENTS)}. Received: {experiment!r}."
        )
    return paper.trainings(TRAININGS[experiment](), saved_models)


def reproduce(experiment, *, folder, saved_models, fresh=False, workers=None, console):
    """Runs what is missing of one experiment, or of all, and renders what is stored in the folder.

    `fresh` and `workers` are as in `run_missing`. Raises what `runs_of` and `results_folder` do,
    and a `FileExistsError` for a folder of `saved_models` to be replaced that we did not make so.
    """
    runs = runs_of(experiment, str(saved_models))
    _check_saved_models(runs, {} if fresh else stored_lines(folder), Path(saved_models))
    with results_folder(folder, "reproduce", FILES):
        run_missing(runs, Path(folder), fresh=fresh, workers=workers, console=console)
        unfinished = render(folder)
    say(console, f"Rendered {Path(folder) / 'README.md'}.")
    if unfinished:
        say(console, f"Runs are missing for {', '.join(unfinished)}.")


def _check_saved_models(runs, stored, folder):
    missing = {run.key for run in runs if run.key not in stored}
    for name, setting in paper.headline().items():
        if setting.key in missing:
            check_free(folder / name, SHIPPED, folder=True, name=SHIPPED)
