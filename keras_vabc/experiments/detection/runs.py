"""The runs of the comparison of detectors: which there are, and how each is measured."""

import dataclasses
import functools
import json
import time

from sklearn.metrics import average_precision_score, roc_auc_score

from keras_vabc.detection.backends import MODULES
from keras_vabc.detection.detector import Detector
from keras_vabc.experiments.detection.sets import LABELS, set_names, task_of
from keras_vabc.recipes.results import provenance
from keras_vabc.recipes.settings import key_of
from keras_vabc.version import __version__

SEEDS = (1, 2, 3)


@dataclasses.dataclass(frozen=True)
class Trial:
    """One method on one table, with so many known anomalies (`FIFTH`: a fifth) and one seed."""

    method: str
    dataset: str
    labels: int
    seed: int

    @functools.cached_property
    def key(self):
        """Hash of it and of the package's version."""
        return key_of(json.dumps(["detection", *dataclasses.astuple(self), __version__]))


def trials(methods, folder, labels=LABELS, seeds=SEEDS, datasets=()):
    """Every `Trial` of some methods; all of a seed before the next one."""
    return [
        Trial(method, dataset, count, seed)
        for seed in seeds
        for dataset in set_names(folder)
        for count in labels
        for method in methods
        if not datasets or dataset in datasets
    ]


def measured(trial, folder, scores_of):
    """The result line of a trial; `None` for a table with too few anomalies.

    `scores_of(task, seed)` gives the scores of the test rows, higher for what is more unwanted.
    """
    task = task_of(folder, trial.dataset, trial.labels, trial.seed)
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


METHODS = {name: by_backend(name) for name in MODULES}
