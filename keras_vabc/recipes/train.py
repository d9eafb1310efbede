"""From a user's data to a run."""

import contextlib
import functools
import os
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from keras_vabc.data.frames import held
from keras_vabc.files.keras_settings import check_keras_settings
from keras_vabc.files.locks import LOCK
from keras_vabc.files.places import work_place
from keras_vabc.files.signals import stop_signals_wait
from keras_vabc.files.writing import delete_temporary, temporary_folders, temporary_path
from keras_vabc.pages.console import command_line, say, status
from keras_vabc.recipes import working_copies
from keras_vabc.recipes.arguments import check_kinds, checked_settings, place
from keras_vabc.recipes.identity import new_id
from keras_vabc.recipes.intake import take_in
from keras_vabc.recipes.parts import check_parts, check_room
from keras_vabc.recipes.record import FINISHED, DataPlaces, RunRecord
from keras_vabc.recipes.record_file import RUN_FILE, read_record
from keras_vabc.recipes.report import PAGE, first_report
from keras_vabc.recipes.run import Run, open_run
from keras_vabc.recipes.starting import start_tensorflow

TEST_SHARE = 0.2


def train(
    unlabeled,
    unwanted,
    *,
    setting=None,
    out=None,
    epochs=None,
    budget=None,
    gamma=None,
    image_size=None,
    max_unreadable=0.01,
    columns=None,
    start=None,
    allow_more_unwanted=False,
    prefer="clean",
    reviewed=None,
    seed=0,
    console=None,
):
    """Trains a generator of data like the unlabeled and none like the unwanted.

    Reads both, mends what can be mended, holds out a fifth of each, and trains step by step: NU
    classifier, V-ABC, density of the latents, guard (in the setting `"paper"` V-ABC alone). With
    `out` each finished step is stored, and the same call again goes on after the last one; a
    finished run is not trained again. Of images the last line that it prints is a verdict on the
    samples, without labels; it and what it was measured by are `run.record.evaluation.samples`.

    Args:
        unlabeled: The large fold, as `read_folds` takes it: a path, an array, a DataFrame (of
            pandas or polars, or whatever else has `__arrow_c_stream__`) or a `tf.data.Dataset` of
            single examples.
        unwanted: The small fold, examples of what must not be generated, likewise; columns of a
            table are found by their names.
        setting: `"quality"`, everything that helps, or `"paper"`; `None` for that of `start`, or
            `"quality"`.
        out: Folder of the run: new, empty, or of a run with the same arguments and data. Data in
            memory are told by a hash, so that a data set which shuffles cannot be gone on with.
            `None` keeps the run in memory; its working copies lie in a temporary folder until it
            is trained.
        epochs: Passes over the unlabeled data; `None` for as many as suit their number.
        budget: Seconds that the training as a whole may take: passes are fewer if a few steps
            of it, timed, say that they would not fit, but never fewer than two. The number is
            stored, and holds when the training is gone on with. `None` for no limit.
        gamma: Final gamma, > 0: lower pushes the unwanted farther. `None` for that of `start`, or
            one that suits the data.
        image_size: `(height, width)` to which images are resized; `None` for the most frequent one.
        max_unreadable: Largest share of files, or of rows of a table, that may be unreadable.
        columns: What you know better of a table than is found in it: a dict of `types`, by names of
            columns, of `drop` and `id`, lists of such names, and `missing`, a list of words that
            are no value, or a dict of such lists by names of columns. Types are `"numeric"`,
            `"whole"`, `"category"`, `"boolean"`, `"datetime"`, `"id"` and `"dropped"`.
        start: `None`, or a `Run` or the path of one, from whose weights V-ABC starts.
        allow_more_unwanted: Whether there may be more unwanted than unlabeled examples.
        prefer: `"clean"` moves unlabeled examples that are likely negative to the unwanted, as far
            as that costs few wanted ones, and rejects samples that are as unwanted as the worst 5 %
            of the wanted data. `"complete"` loses none: each counts by how likely it is wanted, and
            only samples that are rather negative are rejected.
        reviewed: Path of a CSV file of the columns `id` (or `row`), `decision` and `order`: what
            somebody decided on unlabeled examples, `unwanted` or `keep`, having looked at them in
            `random` order among those not looked at before, or from the `top` of their scores. The
            unwanted ones join the unwanted data; the kept are known positives, never moved. The
            random ones tell the share of negatives, and whether the unwanted data are typical.
        seed: Whole number >= 0: the seed of everything random.
        console: `rich.console.Console` for progress; by default standard output.
            `Console(quiet=True)` is silent.

    Returns:
        `Run`.

    Raises:
        SwappedFolds: If there are more unwanted than unlabeled examples.
        ValueError: If an argument or the data break a rule.
        TypeError: If an argument is of another kind.
        OSError: If something cannot be read or written, or another process is at work there.
        RuntimeError: If the training diverges, or Keras is set to another backend or type of
            weights.

    Example:
        >>> run = kv.train("photos", "flagged", out="run")
        >>> run = kv.train(x, x_bad, setting="paper", epochs=5)
        >>> images = run.sample(1000, seed=0)
    """
    check_keras_settings()
    check_kinds(out, allow_more_unwanted, console)
    console = console or Console()
    if start is not None and not isinstance(start, Run):
        start = open_run(start, "start")
    settings = checked_settings(
        *(setting, epochs, budget, gamma, image_size, max_unreadable, start, prefer, seed),
        columns,
        reviewed,
    )
    data = {name: held(x, name) for name, x in (("unlabeled", unlabeled), ("unwanted", unwanted))}
    kept = out is not None
    if kept:
        _check_place(Path(out))
    places = {name: place(name, x, settings.image_size, kept) for name, x in data.items()}
    _check_storable(places | {"start": settings.start})
    places = DataPlaces(**places, test_share=TEST_SHARE)
    own = {"id": new_id(settings, places), "git_revision": _git_revision()}
    record = RunRecord("training", settings, places, **own)
    job = _Job(record, data, start, allow_more_unwanted, console, reviewed)
    run = job.in_folder(Path(out)) if kept else job.in_memory()
    if run.record.evaluation.verdict is not None:
        say(console, run.record.evaluation.verdict)
    return run


class _Job:
    """A training on its way, in memory or in a folder."""

    def __init__(self, record, data, start, allow_more_unwanted, console, reviewed):
        self._record, self._data, self._start = record, data, start
        self._allow_more_unwanted, self._console = allow_more_unwanted, console
        self._reviewed = reviewed

    def in_memory(self):
        """Trains; nothing stays on the disk."""
        run = Run(self._record, None, self._data)
        with temporary_path(Path(tempfile.gettempdir(), "keras-vabc")) as work:
            try:
                self._train(run, self._folds(run, work))
            finally:
                working_copies.clear(work)
        return run

    def in_folder(self, out):
        """Trains, or goes on with what is in the folder, and writes the page."""
        with work_place(out):
            _check_place(out)  # again, since another process may have been at work
            delete_temporary(out)
            run, work = self._begun(out), out / working_copies.WORK
            if run.record.status == FINISHED:
                say(self._console, f"{out} is a finished run; it is not trained again.")
            else:
                self._train(run, self._folds(run, work))
            # A run that was stopped between its training and these still needs them.
            working_copies.clear(work)
            if not os.path.lexists(out / PAGE):
                with status(self._console, "Drawing the report"):
                    page = first_report(run)
                if page is not None:
                    say(self._console, f"The report is {page}.")
            following = command_line(["keras-vabc", "threshold", str(out)])
            say(self._console, f"Next: {following}, then sample, score, evaluate or export.")
        return run

    def _begun(self, out):
        """The run in a folder: a new one, or the one that is there, with the same settings."""
        run = Run(self._record, out, self._data)
        if (out / RUN_FILE).exists():
            run.record = read_record(out, "out")
            _check_same(out, run.record.settings, self._record.settings)
            _check_same(out, run.record.data, self._record.data)
            check_parts(out, run.record, "out")
            check_room(out, run.record)
            return run
        run.update()
        return run

    def _train(self, run, folds):
        with status(self._console, "Starting TensorFlow"):
            start_tensorflow()
            from keras_vabc.recipes.training import Training
        Training(run, folds, self._start, self._console).finish()
        run.update(status=FINISHED)

    def _folds(self, run, work):
        start, allow = self._start, self._allow_more_unwanted
        try:
            return take_in(run, work, start, allow, self._console, self._reviewed)
        except BaseException:
            if run.folder and not run.record.stages and not any(run.folder.glob("*.checkpoint")):
                _undo(run.folder, work)
            raise


def _check_storable(paths):
    """The record of a run is UTF-8."""
    for name, path in paths.items():
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{name} must be a path in UTF-8; a symbolic link of another name will do. "
                f"Received: {name}={path}."
            ) from None


def _undo(out, work):
    """Deletes a run of no use; if a user's files are with it, its record stays, to go on with."""
    with stop_signals_wait(), contextlib.suppress(OSError):
        working_copies.clear(work)
        if _others_in(out) == {out / RUN_FILE}:
            (out / RUN_FILE).unlink()


def _check_place(out):
    """Refuses a folder that holds anything but a run, and a run in which the work has no place."""
    if os.path.lexists(out / RUN_FILE):
        if read_record(out, "out").status != FINISHED:
            working_copies.check_free(out / working_copies.WORK)
    elif os.path.lexists(out) and (not out.is_dir() or _others_in(out)):
        raise FileExistsError(
            f"out must be a new or empty folder, or a run to go on with. Received: out={out}."
        )


def _others_in(folder):
    """What is in a folder beside what we leave in it when we are killed."""
    return set(folder.iterdir()) - {folder / LOCK} - set(temporary_folders(folder))


def _check_same(out, stored, given):
    for name, value in vars(given).items():
        if getattr(stored, name) != value:
            raise ValueError(
                f"out must be a new folder, or a run with the same arguments. Received: {out} "
                f"of {name}={getattr(stored, name)}, now {name}={value}."
            )


def _git_revision():
    """The commit of the package's source code, where it lies in a git repository."""
    git = functools.partial(subprocess.run, check=True, capture_output=True)
    here = ["git", "-C", str(Path(__file__).parent)]
    try:
        git([*here, "ls-files", "--error-unmatch", __file__])
        return git([*here, "rev-parse", "HEAD"]).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return None
