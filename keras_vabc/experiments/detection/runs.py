"""The runs of the comparison of detectors: which there are, and how each is measured."""

import dataclasses
import functools
import json
import time
from pathlib import Path

from sklearn.metrics import average_precision_score, roc_auc_score

from keras_vabc.detection.backends import MODULES
from keras_vabc.detection.detector import Detector
from keras_vabc.experiments.detection.sets import LABELS, SETS, missing_sets, task_of
from keras_vabc.experiments.detection.unsupervised import isolation_forest, neighbours
from keras_vabc.recipes.results import provenance
from keras_vabc.recipes.settings import key_of
from keras_vabc.recipes.sweep import Job
from keras_vabc.version import __version__

CHOSEN_ON = (1, 2, 3)  # seeds of lines that were looked at while settings were chosen
SEEDS = (4, 5, 6)  # whose draws nothing was chosen on


@dataclasses.dataclass(frozen=True)
class Trial:
    """One method on one table, with so many known anomalies (or `FIFTH`, `KIND`) and one seed."""

    method: str
    dataset: str
    labels: int
    seed: int

    @functools.cached_property
    def key(self):
        """Hash of it and of the package's version."""
        return key_of(json.dumps(["detection", *dataclasses.astuple(self), __version__]))


def trials(methods, datasets, labels=LABELS, seeds=SEEDS):
    """Every `Trial` of some methods on some of `SETS`; all of a seed before the next one."""
    return [
        Trial(method, dataset, count, seed)
        for seed in seeds
        for dataset in SETS
        for count in labels
        for method in methods
        if dataset in datasets
    ]


def chosen(methods, datasets, folder):
    """`(trials, missing)`: those of some methods and sets, or of all, and sets without a file.

    Raises a `ValueError` for a name that is none, or if the folder has none of the sets.
    """
    for given, known, what in ((methods, METHODS, "method"), (datasets, SETS, "dataset")):
        for name in given:
            if name not in known:
                raise ValueError(f"{what} must be one of {', '.join(known)}. Received: {name!r}.")
    asked = datasets or SETS
    missing = missing_sets(folder, asked)
    there = [name for name in asked if name not in missing]
    if not there:
        files = f"{asked[0]}.npz" if len(asked) == 1 else f"files such as {asked[0]}.npz"
        raise ValueError(f"data must be a folder with {files}. Received: data={folder}.")
    return trials(methods or METHODS, there), missing


def jobs_of(some, folder, stored=()):
    """A `Job` for each trial whose table has enough anomalies; those with a stored key have."""

    @functools.cache
    def has_enough(dataset, labels, seed):
        return task_of(folder, dataset, labels, seed) is not None

    return [
        Job(trial.key, run, (trial, folder))
        for trial in some
        if trial.key in stored or has_enough(trial.dataset, trial.labels, trial.seed)
    ]


def run(trial, folder, arrays):
    """The result line of a trial of `METHODS`; keeps nothing in `arrays`."""
    return measured(trial, folder, METHODS[trial.method])


def measured(trial, folder, scores_of):
    """The result line of a trial; `None` for a table with too few anomalies.

    `scores_of(task, seed)` gives the scores of the test rows, higher for what is more unwanted.
    """
    task = task_of(Path(folder), trial.dataset, trial.labels, trial.seed)
    if task is None:
        return None
    began = time.perf_counter()
    scores = scores_of(task, trial.seed)
    seconds = time.perf_counter() - began
    return {
        "key": trial.key,
        **dataclasses.asdict(trial),
        "known": int(task.known.sum()),
        "rows": len(task.x),
        "columns": task.x.shape[1],
        "test_rows": len(task.x_test),
        "test_unwanted": int(task.unwanted_test.sum()),
        "auroc": float(roc_auc_score(task.unwanted_test, scores)),
        "auprc": float(average_precision_score(task.unwanted_test, scores)),
        "seconds": round(seconds, 2),
        **provenance(),
    }


def described(line):
    """A result line as a line of text."""
    known = f"{line['dataset']}, {line['known']} known, seed {line['seed']}"
    figures = f"AUPRC {line['auprc']:.3f}, AUROC {line['auroc']:.3f}"
    return f"{line['method']} {known}: {figures}, {line['seconds']:.0f} s"


def by_backend(name):
    """Scores of the test rows by a backend of `Detector`, a function of a task and a seed."""

    def scores(task, seed):
        return Detector(name, seed=seed).fit(task.x, task.known).score_samples(task.x_test)

    return scores


METHODS = {
    **{name: by_backend(name) for name in MODULES},
    "isolation_forest": isolation_forest,
    "neighbours": neighbours,
}
