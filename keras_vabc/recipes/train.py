"""`keras-vabc train`: from a user's files to the folder of a run."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import typer

from keras_vabc.data.checks import check_positive
from keras_vabc.data.intake import SwappedFolds, read_folds, stored_folds
from keras_vabc.files.locks import LOCK, locked
from keras_vabc.files.writing import delete_temporary, make_folder
from keras_vabc.pages.console import reading_status, say
from keras_vabc.recipes.report import PAGE, report
from keras_vabc.recipes.runs import RECORD, new_run, open_run
from keras_vabc.recipes.trained_run import FINISHED, finished_run

TEST_SHARE = 0.2
LEAST_OF_CLASSIFIER = 6  # two for each of the three members of an NUClassifier
WORK = "work"  # folder of the folds while the training lasts


def train(
    unlabeled,
    unwanted,
    out,
    *,
    setting=None,
    epochs=None,
    gamma=None,
    image_size=None,
    max_unreadable=0.01,
    start=None,
    yes=False,
    seed=0,
    console,
):
    """Trains on a user's files, stage by stage; a second call goes on after the last finished one.

    Args:
        unlabeled: Path of the unlabeled data, as `read_folds` takes it.
        unwanted: Path of the unwanted data.
        out: Folder of the run: new, empty, or of an unfinished run with the same arguments.
        setting: `"paper"` or `"quality"`; `None` for that of `start`, or `"quality"`.
        epochs: As in `setting_for`.
        gamma: As in `setting_for`; `None` for that of `start`, if there is one.
        image_size: `(height, width)`; `None` for the most frequent size.
        max_unreadable: Largest share of the files that may be unreadable.
        start: `None`, or the folder of a finished run, from whose weights V-ABC starts.
        yes: Whether there may be more unwanted than unlabeled examples.
        seed: Seed of everything random.
        console: `rich.console.Console`.

    Raises:
        ValueError: If an argument or the data break a rule.
        OSError: If something cannot be read or written, or another process is at work there.
    """
    out = Path(out)
    old = None if start is None else finished_run(start, "from")
    settings = {
        "setting": _setting(setting, old),
        "seed": seed,
        "epochs": epochs,
        "gamma": _gamma(gamma, old),
        "image_size": _image_size(image_size, old),
        "max_unreadable": max_unreadable,
        "from": None if start is None else os.path.abspath(start),
    }
    data = {"unlabeled": _place(unlabeled), "unwanted": _place(unwanted), "test_share": TEST_SHARE}
    _check_free(out)
    make_folder(out)
    with locked(out):
        delete_temporary(out)
        run = _begin(out, settings, data)
        if run.record["status"] == FINISHED:
            say(console, f"{out} is a finished run; it is not trained again.")
        else:
            _train_on(run, old, yes, console)
        # A run that was stopped between its training and these still needs them.
        shutil.rmtree(run.path(WORK), ignore_errors=True)
        if not run.path(PAGE).exists():
            report(out, console=console)
    say(console, f"Next: keras-vabc threshold {out}, then sample, score, evaluate or export.")


def _train_on(run, old, yes, console):
    try:
        folds = _intake(run, old, yes, console)
    except BaseException:
        if not run.record["stages"] and not any(run.folder.glob("*.checkpoint")):
            shutil.rmtree(run.folder, ignore_errors=True)  # nothing in it is of use
        raise
    with console.status("Starting TensorFlow"):
        from keras_vabc.recipes.workers import start_tensorflow

        start_tensorflow()
        from keras_vabc.recipes.training import Training
    Training(run, folds, old, console).finish()
    run.update(status=FINISHED)


def _setting(setting, old):
    if old is None:
        return setting or "quality"
    own = old.read(lambda record: record["settings"]["setting"])
    if setting not in (None, own):
        raise ValueError(
            f"setting must be that of the run to start from, {own}. Received: {setting}."
        )
    return own


def _gamma(gamma, old):
    """Gamma, given or that of the run to start from; `None` for the setting's own."""
    if gamma is None and old is not None:
        return old.read(lambda record: _checked_gamma(record["settings"].get("gamma")))
    return _checked_gamma(gamma)


def _checked_gamma(gamma):
    if gamma is not None:
        check_positive(gamma=gamma)
    return gamma


def _image_size(size, old):
    """`[height, width]`, given or that of the run to start from; `None` for the most frequent."""
    if size is None and old is not None and old.spec.kind == "images":
        size = old.spec.shape[:2]
    return None if size is None else list(size)


def _place(path):
    """An absolute path, for a command in another folder; a name that is no path stays as it is."""
    return os.path.abspath(path) if os.path.exists(path) else path


def _check_free(out):
    if (out / RECORD).exists() or not out.exists():
        return
    if not out.is_dir() or any(path.name != LOCK for path in out.iterdir()):
        raise FileExistsError(
            f"out must be a new or empty folder, or a run to go on with. Received: out={out}."
        )


def _begin(out, settings, data):
    """The run in a folder: a new one, or the one that is there, with the same settings."""
    if not (out / RECORD).exists():
        try:
            return new_run(
                out,
                status="training",
                stages={},
                settings=settings,
                data=data,
                git_revision=_git_revision(),
                notes=[],
                counts={},
                figures={},
                threshold=None,
            )
        except OSError:
            shutil.rmtree(out, ignore_errors=True)
            raise
    run = open_run(out, "out")
    for kind, given in (("settings", settings), ("data", data)):
        for name, value in given.items():
            stored = run.record[kind].get(name)
            if stored != value:
                raise ValueError(
                    f"out must be a new folder, or a run with the same arguments. Received: {out} "
                    f"of {name}={stored}, now {name}={value}."
                )
    return run


def _git_revision():
    """The commit of the package's source code, where it lies in a git repository."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        subprocess.run(
            [*git, "ls-files", "--error-unmatch", __file__], check=True, capture_output=True
        )
        done = subprocess.run(
            [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _intake(run, old, yes, console):
    """The folds, read from the user's files or found where they were put before."""
    work, stages = run.path(WORK), run.record["stages"]
    if "intake" in stages:
        with suppress(OSError, ValueError, EOFError):  # damaged or gone: they are read again
            return stored_folds(work, run.record["settings"]["seed"])
    began = time.perf_counter()
    stages = {name: seconds for name, seconds in stages.items() if name != "intake"}
    run.update(stages=stages)  # until it is complete again
    intake = _read(run, work, yes, console)
    if old is not None:
        _check_alike(intake.spec, old.spec)
    if run.record["settings"]["setting"] == "quality":
        _check_enough(intake.folds)
    if stages and intake.counts != run.record["counts"]:
        raise ValueError(
            "unlabeled and unwanted must be as they were when the run began. "
            f"Received: {intake.counts}, not {run.record['counts']}. Train into a new folder."
        )
    for note in intake.notes:
        say(console, f"Note: {note}")
    for name, counts in intake.counts.items():
        held_out = f"{counts['held_out']:,} held out"
        say(console, f"{name}: {counts['training']:,} to train on, {held_out}")
    run.update(
        stages={"intake": round(time.perf_counter() - began, 1)} | stages,
        spec=intake.spec.to_json(),
        counts=intake.counts,
        notes=intake.notes,
    )
    return intake.folds


def _read(run, work, yes, console):
    try:
        return _read_once(run, work, yes, console)
    except SwappedFolds as error:
        if not sys.stdin.isatty():
            raise ValueError(f"{error} If they are not swapped, give --yes.") from None
        if not typer.confirm(f"{error} Train all the same?"):
            raise ValueError("Stopped; nothing was trained.") from None
    return _read_once(run, work, True, console)


def _read_once(run, work, allow_more_unwanted, console):
    shutil.rmtree(work, ignore_errors=True)
    settings, data = run.record["settings"], run.record["data"]
    with reading_status(console) as show:
        return read_folds(
            data["unlabeled"],
            data["unwanted"],
            folder=work,
            image_size=settings["image_size"] and tuple(settings["image_size"]),
            test_share=data["test_share"],
            max_unreadable=settings["max_unreadable"],
            seed=settings["seed"],
            allow_more_unwanted=allow_more_unwanted,
            show=show,
        )


def _check_alike(spec, old_spec):
    for name in ("kind", "shape", "dtype", "columns"):
        now, then = getattr(spec, name), getattr(old_spec, name)
        if now != then:
            raise ValueError(
                f"from must be a run on data of the same form. Received: {name} {now}, where that "
                f"run has {then}."
            )


def _check_enough(folds):
    """The classifier is trained in parts: what it needs is known before anything is trained."""
    for name in ("unlabeled", "unwanted"):
        count, least = len(getattr(folds, name)), LEAST_OF_CLASSIFIER
        if count < least:
            raise ValueError(
                f"{name} must leave at least {least} examples to train on for the setting quality. "
                f"Received: {count}. More examples, or --setting paper, help."
            )
