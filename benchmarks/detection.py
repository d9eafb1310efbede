"""Rivals of other packages on the tables of `keras-vabc benchmark detection`.

Their lines join those of that command, whose page is drawn anew. A run that has finished is stored
at once and never run again; a rival whose package is not installed is left out.
"""

import argparse
import importlib.util
import warnings
from pathlib import Path

from rich.console import Console

from keras_vabc.experiments.detection.compare import COMMAND
from keras_vabc.experiments.detection.page import FILES, render
from keras_vabc.experiments.detection.runs import METHODS, SEEDS, described, measured, trials
from keras_vabc.experiments.detection.sets import LABELS, SETS, data_folder, missing_sets
from keras_vabc.pages.console import say
from keras_vabc.recipes.results_folder import RESULTS, results_folder
from keras_vabc.recipes.sweep import append_line, stored_lines

THREADS = 1  # as each of our own runs has, where every core has a run of its own


def main(argv=None):
    """Runs and stores what is missing, one after the other, and draws the page."""
    options, console = parsed(argv), Console()
    missing = missing_sets(options.data, options.dataset)
    for name in missing:
        say(console, f"{name} is left out: {options.data} has no {name}.npz.")
    sets = [name for name in options.dataset if name not in missing]
    with results_folder(options.out, COMMAND, FILES):
        for trial in trials(installed(options.method, console), sets, options.labels, options.seed):
            if trial.key not in stored_lines(options.out):
                run(trial, options)
        render(options.out)


def run(trial, options):
    """Measures and stores one trial, unless its table has too few anomalies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages
        line = measured(trial, options.data, (METHODS | RIVALS)[trial.method])
    if line is not None:
        append_line(options.out / RESULTS, line)
        print(described(line), flush=True)


def installed(methods, console):
    """The methods whose package is there."""
    lacking = [m for m in methods if m in NEEDS and importlib.util.find_spec(NEEDS[m]) is None]
    for method in lacking:
        say(console, f"{method} is left out: the package {NEEDS[method]} is not installed.")
    return [method for method in methods if method not in lacking]


def parsed(argv):
    """The options; an unknown method ends the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/detection"))
    parser.add_argument("--data", type=Path, default=data_folder())
    every = [*RIVALS, *METHODS]
    parser.add_argument("--method", nargs="+", choices=every, default=list(RIVALS))
    parser.add_argument("--dataset", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seed", nargs="+", type=int, default=SEEDS)
    help_text = "numbers of known anomalies, 0 for a fifth of them, -1 for one kind"
    parser.add_argument("--labels", nargs="+", type=int, default=LABELS, help=help_text)
    return parser.parse_args(argv)


def catboost(task, seed):
    """CatBoost with its defaults, the unlabeled rows taken for wanted."""
    from catboost import CatBoostClassifier

    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": THREADS}
    model = CatBoostClassifier(random_seed=seed, **quiet).fit(task.x, task.known.astype(int))
    return model.predict_proba(task.x_test)[:, 1]


def xgbod(task, seed):
    """XGBOD of PyOD with its defaults (Zhao & Hryniewicki 2018)."""
    from pyod.models.xgbod import XGBOD

    model = XGBOD(random_state=seed, n_jobs=THREADS).fit(task.x, task.known.astype(int))
    return model.decision_function(task.x_test)


def of_deepod(name):
    """A function that scores by a model of DeepOD with its defaults, on standardized columns."""

    def scores(task, seed):
        from deepod.models import tabular
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(task.x)
        x, x_test = (scaler.transform(rows).astype("float32") for rows in (task.x, task.x_test))
        model = getattr(tabular, name)(device="cpu", verbose=0, random_state=seed)
        return model.fit(x, task.known.astype(int)).decision_function(x_test)

    return scores


DEEP = {"deepsad": "DeepSAD", "devnet": "DevNet", "prenet": "PReNet"}
RIVALS = {
    "catboost": catboost,
    "xgbod": xgbod,
    **{name: of_deepod(model) for name, model in DEEP.items()},
}
NEEDS = {"catboost": "catboost", "xgbod": "pyod", **dict.fromkeys(DEEP, "deepod")}

if __name__ == "__main__":
    main()
