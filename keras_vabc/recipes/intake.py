"""The first step of a training: the user's data become folds, and the run says what they are."""

import contextlib
import time

from keras_vabc.data.intake import read_folds, stored_folds
from keras_vabc.pages.console import plain, reading_status, say
from keras_vabc.recipes import working_copies
from keras_vabc.recipes.record import Counts

LEAST_OF_CLASSIFIER = 6  # two for each of the three members of an NUClassifier


def take_in(run, work, start, allow_more_unwanted, console):
    """The folds of a run, read from the user's data or found in `work`, where they were put before.

    The record of the run then says what was read. Raises what `read_folds` does, and a `ValueError`
    if the data are not as they were when the run began, not of the form of the run `start`, or too
    few for the setting.
    """
    stages = run.record.stages
    if "intake" in stages:
        with contextlib.suppress(OSError, ValueError, EOFError):  # damaged or gone: read again
            return stored_folds(work, run.record.settings.seed)
    began = time.perf_counter()
    stages = {name: seconds for name, seconds in stages.items() if name != "intake"}
    run.update(stages=stages)  # until it is complete again
    intake = _read(run, work, allow_more_unwanted, console)
    counts = {name: Counts.of(own) for name, own in intake.counts.items()}
    _check(run, intake, counts, start)
    for note in intake.notes:
        say(console, f"Note: {note}")
    for name, own in counts.items():
        say(console, f"{name}: {own.training:,} to train on, {own.held_out:,} held out")
    run.update(
        stages={"intake": round(time.perf_counter() - began, 1)} | stages,
        spec=intake.spec,
        counts=counts,
        notes=tuple(map(plain, intake.notes)),
    )
    return intake.folds


def _read(run, work, allow_more_unwanted, console):
    working_copies.begin(work)
    settings = run.record.settings
    with reading_status(console) as show:
        return read_folds(
            run.source("unlabeled"),
            run.source("unwanted"),
            folder=work,
            image_size=settings.image_size,
            test_share=run.record.data.test_share,
            max_unreadable=settings.max_unreadable,
            seed=settings.seed,
            allow_more_unwanted=allow_more_unwanted,
            show=show,
        )


def _check(run, intake, counts, start):
    if start is not None:
        _check_alike(intake.spec, start.spec)
    if run.record.settings.setting == "quality":
        _check_enough(intake.folds)
    if run.record.stages and counts != run.record.counts:
        raise ValueError(
            "unlabeled and unwanted must be as they were when the run began. "
            f"Received: {counts}, not {run.record.counts}. Train into a new folder."
        )


def _check_alike(spec, old_spec):
    for name in ("kind", "shape", "dtype", "columns"):
        now, then = getattr(spec, name), getattr(old_spec, name)
        if now != then:
            raise ValueError(
                f"start must be a run on data of the same form. Received: {name} {now}, where that "
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
