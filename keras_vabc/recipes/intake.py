"""The first step of a training: the user's data become folds, and the run says what they are."""

import contextlib
import dataclasses
import functools
import time

from keras_vabc.data.intake import read_folds, stored_folds
from keras_vabc.data.unreadable import FILE as UNREADABLE
from keras_vabc.data.unreadable import write_unreadable
from keras_vabc.files.fingerprints import array_fingerprint
from keras_vabc.pages.console import plain, reading_status, say
from keras_vabc.pages.reviewed import review_lines
from keras_vabc.recipes import working_copies
from keras_vabc.recipes.parts import check_room, put
from keras_vabc.recipes.record import Counts
from keras_vabc.recipes.reviewed import Review

LEAST_OF_CLASSIFIER = 6  # two for each of the three members of an NUClassifier


def take_in(run, work, start, allow_more_unwanted, console, reviewed=None):
    """The folds of a run, read from the user's data or found in `work`, where they were put before.

    `reviewed` is the path of a file of decisions, or `None`. The record of the run then says what
    was read. Raises what `read_folds` does, and a `ValueError` if the data are not as they were
    when the run began, not of the form of the run `start`, or too few for the setting.
    """
    stages = run.record.stages
    if "intake" in stages:
        with contextlib.suppress(OSError, ValueError, EOFError):  # damaged or gone: read again
            return _kept_folds(run, work)
    if run.folder is not None:
        check_room(run.folder, run.record, [UNREADABLE])
    began = time.perf_counter()
    stages = {name: seconds for name, seconds in stages.items() if name != "intake"}
    run.update(stages=stages)  # until it is complete again
    intake = _read(run, work, start, allow_more_unwanted, console, reviewed)
    content = {name: run.folder and _content(intake.folds, name) for name in intake.counts}
    counts = {
        name: Counts.of(own, content[name], intake.orders[name])
        for name, own in intake.counts.items()
    }
    _check(run, intake, counts, start)
    if intake.columns is not None:
        run.keep("columns", intake.columns)
        say_columns(console, intake.columns)
    for note in intake.notes:
        say(console, f"Note: {note}")
    _list_unreadable(run, intake, console)
    for name, own in counts.items():
        say(console, f"{name}: {own.training:,} to train on, {own.held_out:,} held out")
    run.update(
        stages={"intake": round(time.perf_counter() - began, 1)} | stages,
        spec=intake.spec,
        counts=counts,
        notes=tuple(map(plain, intake.notes)),
        reviewed=_review(run.record.settings.reviewed, intake.folds, console),
    )
    return intake.folds


def say_columns(console, columns):
    """Tells what the `Columns` of a table are, a line each; nothing of `None`."""
    for line in str(columns).splitlines() if columns is not None else ():
        say(console, line)


def _review(file, folds, console):
    """The `Review` of folds whose decisions are those of a file; `None` without one."""
    if file is None:
        return None
    review = Review.of(file, folds)
    for line in review_lines(review):
        say(console, line)
    return review


def _list_unreadable(run, intake, console):
    """Tells what was left out, with reasons, in a file of the run; notes name the first few."""
    unreadable = intake.unreadable
    if run.folder is not None and any(map(len, unreadable.values())):
        put(run, UNREADABLE, functools.partial(write_unreadable, folds=unreadable))
        count = sum(map(len, unreadable.values()))
        place = run.folder / UNREADABLE
        say(console, unreadable_in_words(intake.spec.typed, count, place))


def unreadable_in_words(typed, count, place):
    """Where the files, or rows of a `typed` table, that could not be read are listed."""
    what = "row" if typed else "file"
    return f"Every {what} that could not be read ({count:,}) is listed in {place}."


def _read(run, work, start, allow_more_unwanted, console, reviewed):
    working_copies.begin(work)
    settings = run.record.settings
    known = start if start is not None else run
    columns = None if start is None or not start.spec.typed else start.columns
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
            rule=None if start is None else start.spec.rule,
            typed=known.spec is None or known.spec.typed,
            columns=_said(settings) if columns is None else columns,
            reviewed=reviewed,
        )


def _said(settings):
    """What was said of columns, as `read_folds` takes it; `None` if nothing was."""
    names = ("types", "drop", "missing")
    said = {name: getattr(settings, name) for name in names if getattr(settings, name) is not None}
    return said or None


def _check(run, intake, counts, start):
    if start is not None:
        _check_alike(intake.spec, start.spec)
    if run.record.settings.setting == "quality":
        _check_enough(intake.folds)
    if run.record.stages or run.folder and any(run.folder.glob("*.checkpoint")):
        _check_as_before(counts, run.record.counts)


def _kept_folds(run, work):
    """The folds in `work`; a `ValueError` if they are not those that the record tells of."""
    folds = stored_folds(work, run.record.settings.seed)
    for name, counts in run.record.counts.items():
        if counts.content not in (None, _content(folds, name)):
            raise ValueError(f"{name} must be as it was read. Received: other rows in {work}.")
    return folds


def _content(folds, name):
    """Hash of the rows of a fold, in order: those to train on and those held out; of decisions."""
    parts = [getattr(folds, part) for part in (name, f"test_{name}")]
    if name == "unlabeled" and folds.reviewed is not None:
        parts += [folds.reviewed, folds.test_reviewed]
    return array_fingerprint(parts)


def _check_as_before(counts, before):
    """What was trained on some data goes on with no others; of old records counts alone tell."""
    for name, old in before.items():
        new = counts[name]
        same = new.content == old.content and old.order in (
            None,
            new.order,
        )  # a row's code may stay
        if old.content is None:
            same = dataclasses.replace(new, content=None, order=None) == old
        if not same:
            rows = f"{new.read:,} examples, where there were {old.read:,}"
            rows = rows if new.read != old.read else f"other {new.read:,} examples"
            raise ValueError(
                f"{name} must be as it was when the run began. Received: {rows}. Train into a new "
                "folder."
            )


def _check_alike(spec, old_spec):
    for name in ("kind", "shape", "dtype", "typed", "columns"):
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
                f"Received: {count}. More examples, or the setting paper, help."
            )
