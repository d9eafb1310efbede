"""`keras-vabc tune`: gamma for a user's own data, chosen without labels."""

import dataclasses
import functools
import hashlib
import json
import time
from pathlib import Path

import numpy as np

from keras_vabc.data.files import read_array
from keras_vabc.data.folds import array_folds
from keras_vabc.experiments.gamma_choice import choose, report
from keras_vabc.experiments.methods import Method
from keras_vabc.experiments.own_data import gammas, own_setting, total_variance
from keras_vabc.experiments.reproduce import run_missing
from keras_vabc.experiments.stored import Stored
from keras_vabc.experiments.sweep import ARRAYS, results_folder
from keras_vabc.mixture import ranking_quality
from keras_vabc.nu_classifier import NUClassifier
from keras_vabc.runs import write_whole

TEST_SHARE = 0.3  # of both folds: what the judge learns from and no model is trained on
STRENGTHS = (0.05, 0.15, 0.5, 1.5, 5.0, 15.0)  # gamma times the error R of the mean of the data
SAMPLES = 10_000


@dataclasses.dataclass(frozen=True)
class Data:
    """A user's two files, as worker processes are told of them.

    Attributes:
        unlabeled: Path of the unlabeled examples.
        unwanted: Path of the unwanted examples.
        content: Hash of what both files hold.
    """

    unlabeled: str
    unwanted: str
    content: str

    @functools.cached_property
    def folds(self):
        """Training folds for the models, test folds for the judge."""
        arrays = (read_array(getattr(self, name), name) for name in ("unlabeled", "unwanted"))
        return array_folds(*arrays, test_share=TEST_SHARE)

    def classifier(self, folder, name):
        """Path of the NU classifier `"judge"` or `"corrector"`."""
        return Path(folder, f"{name}-{self.content}.keras")


@dataclasses.dataclass(frozen=True)
class TuneRun:
    """One gamma and one seed, or the VAE, trained and measured in a worker process."""

    method: Method
    data: Data

    @property
    def key(self):
        """Hash of the method and of the data."""
        return hashlib.sha256(f"{self.method.key} {self.data.content}".encode()).hexdigest()[:16]

    def run(self, arrays):
        """Trains and measures; returns the result line."""
        return self.trained(arrays)[1]

    def trained(self, arrays):
        """Trains and measures; returns the `LatentSampler` and the result line."""
        from keras_vabc.experiments.generation import corrected, trained_sampler
        from keras_vabc.experiments.run import result_line

        folds, nu = self.data.folds, None
        if self.method.needs_classifier:
            nu = NUClassifier.load(self.data.classifier(arrays, "corrector"))
        start = time.perf_counter()
        sampler = trained_sampler(self.method, corrected(self.method, folds, nu), nu)
        seconds = time.perf_counter() - start
        judge = NUClassifier.load(self.data.classifier(arrays, "judge"))
        figures = measure(sampler, judge, folds)
        line = result_line(self.method.setting, self.method.slug, figures, seconds)
        return sampler, {**line, "key": self.key}


def tune(unlabeled, unwanted, out, *, setting="paper", seeds=2, epochs=None, workers, console):
    """Trains over a range of gammas and chooses one, without labels.

    A part of both folds, which no model is trained on, trains the judge, an NU classifier. Of each
    gamma it tells the share of negatives among the samples, and the error of reconstruction on
    held-out positives. Chosen is the highest gamma whose share is at most one standard error above
    the least (Breiman et al. 1984), among those whose error is at most 10 % above the least.

    Args:
        unlabeled: Path of the unlabeled examples, as `read_array` takes it.
        unwanted: Path of the unwanted examples.
        out: Folder of the result lines, which a second call with the same data completes; and of
            `tuned.json`, `tune.png` and `README.md`.
        setting: As in `own_setting`.
        seeds: Number of seeds of each gamma.
        epochs: As in `own_setting`.
        workers: Number of processes; by default one for each core.
        console: `rich.console.Console` for progress and the table.

    Returns:
        The line chosen: a dict as in `tuned.json`.

    Raises:
        ValueError: If a file or an argument breaks a rule.
        OSError: If a file cannot be read or written, or another process is at work in `out`.
    """
    out = Path(out)
    data = data_of(unlabeled, unwanted)
    runs = tune_runs(data, setting, seeds, epochs)
    with results_folder(out):
        train_classifiers(runs, out / ARRAYS, console)
        run_missing(runs, out, fresh=False, workers=workers, console=console, describe=_one_line)
        return _choose(runs, out, setting, console)


def _choose(runs, out, setting, console):
    """Chooses a gamma from the stored lines of all runs, and writes the choice and the pages."""
    lines = Stored(out).lines(runs)
    chosen = choose(lines)
    used = next(run.method.setting for run in runs if run.method.setting.gamma == chosen["gamma"])
    judge = NUClassifier.load(runs[0].data.classifier(out / ARRAYS, "judge"))
    chosen |= {"setting": setting, "hyper_parameters": dataclasses.asdict(used)}
    chosen |= {"judge": {"negative_share": judge.negative_share, **judge.cross_validation}}
    write_whole(out / "tuned.json", json.dumps(chosen, indent=1).encode())
    report(out, lines, chosen, console)
    return chosen


def data_of(unlabeled, unwanted):
    """The `Data` of two paths."""
    digest = hashlib.sha256()
    for path in (unlabeled, unwanted):
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return Data(str(unlabeled), str(unwanted), digest.hexdigest()[:16])


def train_classifiers(runs, folder, console):
    """Trains what the runs load: the judge on the test folds, the corrector on the training folds.

    Args:
        runs: List of `TuneRun` on the same data.
        folder: `pathlib.Path` of the folder that keeps them; those that it has are kept.
        console: `rich.console.Console` that tells what is trained.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = runs[0].data
    _train_classifier("judge", data, folder, console)
    if runs[0].method.needs_classifier:
        _train_classifier("corrector", data, folder, console)


def _train_classifier(name, data, folder, console):
    path = data.classifier(folder, name)
    if path.exists():
        return
    part = "test_" if name == "judge" else ""
    unlabeled, unwanted = (
        getattr(data.folds, f"{part}{fold}") for fold in ("unlabeled", "unwanted")
    )
    console.print(f"Training the {name} on {len(unlabeled)} unlabeled, {len(unwanted)} unwanted.")
    NUClassifier(seed=0).fit(unlabeled, unwanted, verbose=2).save(path)


def tune_runs(data, name, seeds, epochs):
    """The VAE and every gamma, each with every seed."""
    runs, unlabeled = [], data.folds.unlabeled
    for seed in range(seeds):
        base = own_setting(name, unlabeled, seed, epochs)
        mean_error = total_variance(unlabeled) / (2 * base.sigma2)
        settings = [dataclasses.replace(base, method="vae")]
        for strength in STRENGTHS:
            own = {"gamma": float(f"{strength / mean_error:.3g}")}
            if base.target is not None:
                own["target"] = 2 * base.sigma2 / own["gamma"]
                own |= gammas(base.sigma2, own["target"])
            settings.append(dataclasses.replace(base, **own))
        rest = {"correction": "move", "density": "gmm"} if name == "quality" else {}
        runs += [TuneRun(Method(s.method, s, **rest), data) for s in settings]
    return runs


def measure(sampler, judge, folds):
    """What can be told of a trained model without labels.

    Args:
        sampler: `LatentSampler` without a guard.
        judge: `NUClassifier`, fitted on the test folds.
        folds: `Folds`, on whose training folds the model was trained.

    Returns:
        Dict: `nge_estimated`, the mean P(negative) of samples, with its standard error
        `nge_estimated_error`; `positive_error`, the mean R of the unlabeled test fold, weighted
        with P(positive); `unwanted_error`, that of the unwanted one; `auc` of the score, negatives
        against positives, `None` if it finds no positives; `penalty_weight`; `samples`, their
        number.
    """
    negative = judge.negative_probability(sampler.sample(SAMPLES, seed=0))
    weights = 1 - judge.negative_probability(folds.test_unlabeled)
    errors = sampler.model.score(folds.test_unlabeled)
    unwanted = sampler.model.score(folds.test_unwanted)
    return {
        "nge_estimated": float(negative.mean()),
        "nge_estimated_error": float(negative.std() / len(negative) ** 0.5),
        "positive_error": float(np.average(errors, weights=weights)),
        "unwanted_error": float(unwanted.mean()),
        "auc": ranking_quality(errors, unwanted, judge.negative_share),
        "penalty_weight": float(sampler.model.penalty_weight),
        "samples": SAMPLES,
    }


def _one_line(line):
    what = "VAE" if line["method"] == "vae" else f"gamma {line['gamma']:g}"
    share = f"{100 * line['nge_estimated']:.2f} % negatives by the judge"
    return f"{what}, seed {line['seed']}: {share}, {line['seconds']:.0f} s"
