"""`keras-vabc tune`: gamma for a user's own data, chosen without labels."""

import dataclasses
import hashlib
import json
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from keras_vabc.data.intake import SwappedFolds, read_folds, stored_folds
from keras_vabc.data.unreadable import FILE as UNREADABLE
from keras_vabc.data.unreadable import table_of
from keras_vabc.files.fingerprints import file_hash
from keras_vabc.files.writing import temporary_path
from keras_vabc.nu.classifier import NUClassifier
from keras_vabc.nu.known import masks_of
from keras_vabc.nu.share import ranking_quality
from keras_vabc.pages.console import command_line, reading_status, say, warnings_told
from keras_vabc.recipes import working_copies
from keras_vabc.recipes.autoencoder import Diverged
from keras_vabc.recipes.gamma_choice import choose, report
from keras_vabc.recipes.generation import corrected, trained_sampler
from keras_vabc.recipes.intake import say_columns, unreadable_in_words
from keras_vabc.recipes.own_data import recipe_for, total_variance, with_gamma
from keras_vabc.recipes.results import SAMPLES, recipe_line
from keras_vabc.recipes.results_folder import (
    ARRAYS,
    TUNE,
    TUNE_FILES,
    results_folder,
    write_result,
)
from keras_vabc.recipes.settings import key_of
from keras_vabc.recipes.stored import Stored
from keras_vabc.recipes.sweep import Job, run_missing

TEST_SHARE = 0.3  # of both folds: what the judge learns from and no model is trained on
FIGURES = ("nge_estimated", "nge_estimated_error", "positive_error", "unwanted_error", "auc")
STRENGTHS = (0.05, 0.15, 0.5, 1.5, 5.0, 15.0)  # gamma times the error R of the mean of the data


@dataclasses.dataclass(frozen=True)
class Data:
    """A user's folds, as workers are told of them: the folder, and a hash of its content.

    They are `typed` if rows are the codes of a table's columns.
    """

    folder: str
    content: str
    typed: bool = False

    @property
    def folds(self):
        """Training folds for the models, test folds for the judge."""
        return stored_folds(self.folder)

    def classifier(self, folder, name):
        """Path of the NU classifier `"judge"` or `"corrector"`."""
        return Path(folder, f"{name}-{self.content}.keras")


def tune_key(recipe, content):
    """Key of the line of a recipe that is tried on data of that content."""
    return key_of(f"{recipe.key} {content}")


def tried(recipe, data, arrays):
    """The result line of a recipe, trained on data of which `arrays` holds the classifiers.

    One that diverges, as the same recipe always would, has a line without figures.
    """
    start = time.perf_counter()
    try:
        return trained_and_measured(recipe, data, arrays)[1]
    except Diverged:
        figures = dict.fromkeys((*FIGURES, "penalty_weight")) | {"samples": SAMPLES}
        return _result(recipe, data, figures, time.perf_counter() - start)


def trained_and_measured(recipe, data, arrays):
    """The `LatentSampler` of a recipe, and its result line, as `tried` has it; or `Diverged`."""
    folds, nu = data.folds, None
    if recipe.needs_classifier:
        nu = NUClassifier.load(data.classifier(arrays, "corrector"))
    start = time.perf_counter()
    with warnings_told(lambda text: None):  # which `prepare` has told
        folds_to_train = corrected(recipe, folds, nu)
    sampler = trained_sampler(recipe, folds_to_train, nu)
    seconds = time.perf_counter() - start
    judge = NUClassifier.load(data.classifier(arrays, "judge"))
    return sampler, _result(recipe, data, measure(sampler, judge, folds), seconds)


def _result(recipe, data, figures, seconds):
    return {**recipe_line(recipe, figures, seconds), "data": data.content}


def tune(
    unlabeled,
    unwanted,
    out,
    *,
    setting="quality",
    seeds=2,
    epochs=None,
    workers=None,
    console,
    **reading,
):
    """Trains over a range of gammas and chooses one, without labels; the line of `tuned.json`.

    A part of both folds, which no model is trained on, trains the judge, an NU classifier. Of each
    gamma it tells the share of negatives among the samples, and the error of reconstruction on
    held-out positives. Chosen is the highest gamma whose share is at most one standard error above
    the least (Breiman et al. 1984), among those whose error is at most 10 % above the least.

    `out`, a new or empty folder or one of earlier results, gets the result lines, which a second
    call with the same data completes, and `tuned.json`, `tune.png`, `README.md` and, where a file
    could not be read, `unreadable.csv`. Each gamma has as many `seeds`; `setting` and `epochs` are
    as in `setting_for`, `reading` is `image_size`, `max_unreadable`, `columns`, `reviewed` and
    `allow_more_unwanted` of `read_folds`. Raises what `read_folds` and `results_folder` do, and a
    `RuntimeError` if every training diverged.
    """
    out = Path(out)
    with results_folder(out, TUNE, TUNE_FILES):
        arrays = out / ARRAYS
        with _folder_of_folds(arrays) as folder:
            data, unreadable = read_data(unlabeled, unwanted, folder, console, **reading)
            recipes = prepare(data, setting, seeds, epochs, arrays, console)
            _list_unreadable(out, unreadable, data.typed, console)
            jobs = [Job(tune_key(r, data.content), tried, (r, data)) for r in recipes]
            run_missing(jobs, out, fresh=False, workers=workers, console=console, describe=_line)
            lines = Stored(out).lines(jobs)
            judge = NUClassifier.load(data.classifier(arrays, "judge"))
            chosen = {**_choose(lines, recipes, judge), "setting": setting}
            write_result(out, "tuned.json", json.dumps(chosen, indent=1).encode())
            report(out, lines, chosen, console)
    given = {"unlabeled": unlabeled, "unwanted": unwanted, "out": "run-tuned"}
    given |= {"setting": setting, "gamma": chosen["gamma"], "epochs": epochs, **reading}
    say(console, f"Next: {_train_command(given)}")
    return chosen


@contextmanager
def _folder_of_folds(arrays):
    """A place for copies of the data, of which those of unwanted data vanish first."""
    with temporary_path(arrays / "folds") as folder:
        working_copies.begin(folder)
        try:
            yield folder
        finally:
            working_copies.clear(folder)


def _train_command(given):
    """The command that trains with what was chosen, on the same data read in the same way."""
    command = ["keras-vabc", "train"]
    names = "unlabeled", "unwanted", "out", "setting", "gamma", "epochs", "max_unreadable"
    for name in (*names, "reviewed"):
        if given.get(name) is not None:
            command += [f"--{name.replace('_', '-')}", given[name]]
    said = given.get("columns") or {}
    command += [f"--column={name}={kind}" for name, kind in said.get("types", {}).items()]
    for name in ("drop", "id", "missing"):
        command += [f"--{name}={word}" for word in said.get(name, ())]
    if given.get("image_size"):
        command += ["--image-size", "{}x{}".format(*given["image_size"])]
    if given.get("allow_more_unwanted"):
        command.append("--yes")
    return command_line(map(str, command))


def _choose(lines, recipes, judge):
    """The line chosen, with all hyper-parameters and with what the judge says of itself."""
    chosen = choose(lines)
    settings = [recipe.setting for recipe in recipes if recipe.setting.method != "vae"]
    used = next(setting for setting in settings if setting.gamma == chosen["gamma"])
    figures = {
        "negative_share": judge.negative_share,
        "negative_share_interval": list(judge.negative_share_interval),
        **judge.cross_validation,
    }
    return {**chosen, "hyper_parameters": dataclasses.asdict(used), "judge": figures}


def read_data(unlabeled, unwanted, folder, console, **reading):
    """Reads a user's files into an empty folder, as `read_folds`; says what was mended.

    Returns `Data`, and what was `unreadable`, as `Intake` has it.
    """
    try:
        with reading_status(console) as show:
            intake = read_folds(
                unlabeled,
                unwanted,
                folder=folder,
                test_share=TEST_SHARE,
                show=show,
                typed=True,
                **reading,
            )
    except SwappedFolds as error:
        raise ValueError(f"{error} If they are not swapped, give --yes.") from None
    say_columns(console, intake.columns)
    for note in intake.notes:
        say(console, f"Note: {note}")
    digest = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.npy")):
        digest.update(bytes.fromhex(file_hash(path)))
    return Data(str(folder), digest.hexdigest()[:16], intake.spec.typed), intake.unreadable


def _list_unreadable(out, unreadable, typed, console):
    """Tells what was left out, in a file that an earlier call with other data may have left."""
    count = sum(map(len, unreadable.values()))
    if count or (out / UNREADABLE).exists():
        write_result(out, UNREADABLE, "".join(table_of(unreadable)).encode())
    if count:
        place = out / UNREADABLE
        say(console, unreadable_in_words(typed, count, place))


def prepare(data, name, seeds, epochs, folder, console):
    """Trains the classifiers that the runs load, and lists the `Recipe`s that there are to try.

    The folder keeps the classifiers; those it has are kept. The rest is as in `recipes_to_try`.
    """
    folds = data.folds
    _train_classifier("judge", data, "test_", folder, console)
    if name == "quality":
        _train_classifier("corrector", data, "", folder, console)
        corrector = NUClassifier.load(data.classifier(folder, "corrector"))
        with warnings_told(lambda text: say(console, f"Note: {text}")):
            folds = corrector.correct(folds)
    return recipes_to_try(folds.unlabeled, name, seeds, epochs, data.typed)


def _train_classifier(name, data, part, folder, console):
    kinds = "unlabeled", "unwanted", "reviewed"
    unlabeled, unwanted, codes = (getattr(data.folds, f"{part}{kind}") for kind in kinds)
    path = data.classifier(folder, name)
    if not path.exists():
        counts = f"{len(unlabeled):,} unlabeled, {len(unwanted):,} unwanted"
        say(console, f"Training the {name} on {counts}.")
        with warnings_told(lambda text: say(console, f"Note: {text}")):
            NUClassifier(seed=0).fit(unlabeled, unwanted, 2, **masks_of(codes)).save(path)


def recipes_to_try(unlabeled, name, seeds, epochs, typed=False):
    """The VAE and every gamma, each with every seed: a list of `Recipe`s.

    The unlabeled fold, as the models are trained on it, decides their sizes; `name`, `epochs` and
    `typed` are as in `setting_for`.
    """
    own = recipe_for(name, unlabeled, epochs=epochs, typed=typed)
    own = dataclasses.replace(own, guard=None, cut=None)
    mean_error = total_variance(unlabeled, not typed) / (2 * own.setting.sigma2)
    gammas = [float(f"{strength / mean_error:.3g}") for strength in STRENGTHS]
    settings = [dataclasses.replace(own.setting, method="vae")]
    settings += [with_gamma(own.setting, gamma) for gamma in gammas]
    seeded = [dataclasses.replace(s, seed=seed) for seed in range(seeds) for s in settings]
    return [dataclasses.replace(own, slug=s.method, setting=s) for s in seeded]


def measure(sampler, judge, folds):
    """What can be told without labels of a sampler without a guard, trained on the training folds.

    By the judge, fitted on the test folds: `nge_estimated`, the mean P(negative) of samples, with
    its standard error `nge_estimated_error`; `positive_error`, the mean R of the unlabeled test
    fold, weighted with P(positive); `unwanted_error`, that of the unwanted one; `auc` of the score,
    negatives against positives, `None` if it finds no positives; `penalty_weight`; and the number
    of `samples`. All but the last two are `None` if the training has diverged.
    """
    samples = sampler.sample(SAMPLES, seed=0)
    errors = sampler.model.score(folds.test_unlabeled)
    unwanted = sampler.model.score(folds.test_unwanted)
    weight = {"penalty_weight": float(sampler.model.penalty_weight), "samples": SAMPLES}
    if not all(np.isfinite(values).all() for values in (samples, errors, unwanted)):
        return dict.fromkeys(FIGURES) | weight
    negative = judge.negative_probability(samples)
    weights = 1 - judge.negative_probability(folds.test_unlabeled)
    return weight | {
        "nge_estimated": float(negative.mean()),
        "nge_estimated_error": float(negative.std() / len(negative) ** 0.5),
        "positive_error": float(np.average(errors, weights=weights)),
        "unwanted_error": float(unwanted.mean()),
        "auc": ranking_quality(errors, unwanted, judge.negative_share),
    }


def _line(line):
    what = "VAE" if line["method"] == "vae" else f"gamma {line['gamma']:g}"
    share = "it has diverged"
    if line["nge_estimated"] is not None:
        share = f"{100 * line['nge_estimated']:.2f} % negatives by the judge"
    return f"{what}, seed {line['seed']}: {share}, {line['seconds']:.0f} s"
