"""Detectors on ADBench's tables with few known anomalies, beside rivals of other packages.

The tables are those of the folder `adbench` in `$KERAS_VABC_DATA`. A run that has finished is
stored at once and never run again.
"""

import argparse
import warnings
from pathlib import Path

from keras_vabc.experiments.detection.runs import METHODS, SEEDS, described, measured, trials
from keras_vabc.experiments.detection.sets import FIFTH, LABELS, data_folder
from keras_vabc.recipes.results_folder import RESULTS
from keras_vabc.recipes.sweep import append_line, stored_lines


def main(argv=None):
    """Runs and stores what is missing, one after the other."""
    options = parsed(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = trials(options.method, options.data, options.labels, options.seed, options.dataset)
    for trial in chosen:
        if trial.key in stored_lines(options.out):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of few unwanted examples
            line = measured(trial, options.data, (METHODS | RIVALS)[trial.method])
        if line is not None:
            append_line(options.out / RESULTS, line)
            print(described(line), flush=True)


def parsed(argv):
    """The options; an unknown method ends the program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/results/detection"))
    parser.add_argument("--data", type=Path, default=data_folder())
    every = [*METHODS, *RIVALS]
    parser.add_argument("--method", nargs="+", choices=every, default=every)
    parser.add_argument("--dataset", nargs="+", default=())
    parser.add_argument("--seed", nargs="+", type=int, default=SEEDS)
    help_text = f"numbers of known anomalies, {FIFTH} for a fifth of them"
    parser.add_argument("--labels", nargs="+", type=int, default=LABELS, help=help_text)
    return parser.parse_args(argv)


def catboost(task, seed):
    """CatBoost with its defaults, the unlabeled rows taken for wanted."""
    from catboost import CatBoostClassifier

    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
    model = CatBoostClassifier(random_seed=seed, **quiet).fit(task.x, task.known.astype(int))
    return model.predict_proba(task.x_test)[:, 1]


RIVALS = {"catboost": catboost}

if __name__ == "__main__":
    main()
