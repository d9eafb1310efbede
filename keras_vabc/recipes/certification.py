"""A certification on its way: a folder in which a person reviews, and which ends with a page."""

import contextlib
import dataclasses
import os
import shutil
from pathlib import Path

from keras_vabc.data.checks import check_path, check_whole, received
from keras_vabc.evaluation.certificate.attempts import (
    Attempt,
    begin,
    end,
    other_attempts,
    read_attempts,
    withdraw,
)
from keras_vabc.evaluation.certificate.certify import drawn_seed, today
from keras_vabc.evaluation.certificate.review import PLANTED, Review
from keras_vabc.files.manifests import MANIFEST, read_manifest
from keras_vabc.files.outputs import new_output
from keras_vabc.files.writing import check_new_folder, clear, write_whole
from keras_vabc.pages.certificate_page import certificate_page
from keras_vabc.pages.console import plain
from keras_vabc.recipes.decisions import MOST_ITEMS, SHOWN, item_names, read_decisions
from keras_vabc.recipes.exported import Exported, check_same_run, generator_id, run_parts
from keras_vabc.recipes.record_file import DAMAGES, RUN_FILE
from keras_vabc.recipes.run import Run, open_run
from keras_vabc.recipes.verification import CERTIFIED

KIND = "certification"  # of output
CERTIFICATE, PAGE = "certificate.json", "certificate.html"
ATTEMPTS = "attempts.json"  # in the folder of a run
MODEL = "model"  # the export of a run that is certified itself


def begin_certification(
    place,
    n,
    out,
    *,
    by="",
    seed=None,
    plant=0,
    unguarded=0,
    unseen=None,
    run=None,
    record=None,
    show=lambda text: None,
):
    """Draws samples of an export for a person to review: a `Certification`.

    The attempt is in the record before anything is drawn. A call that was stopped goes on by the
    same call, with the same samples.

    Args:
        place: Path of an export, a SavedModel; or a `Run` or the path of one, which is exported
            into `out`.
        n: Number of samples to review.
        out: Folder to make, for what is reviewed.
        by: Who reviews, a free text.
        seed: `None` for one that nobody knows before; else a whole number in [0, 2**31).
        plant: Number of the run's held-out unwanted examples to mix in, which are never counted.
        unguarded: Number of samples to mix in that no guard has seen, for the bound with the
            guard's help.
        unseen: For that bound: unwanted examples that the run has never read, as `train` takes
            them.
        run: `None`, or the `Run` of an export, or its path: near copies, planting and the guard's
            bound need it.
        record: Path of the file of all attempts; by default in the run's folder, which an export
            names, or else beside the export.
        show: Called with a few words on what is being done.

    Raises:
        ValueError: If an argument breaks a rule, or what it needs a run for is given without.
        OSError: If something is not there, or cannot be read or written.
        RuntimeError: If the guard rejects nearly everything.
    """
    from keras_vabc.recipes.review_items import Wanted, checked_wanted, write_items

    out, seed_given = Path(out), seed
    exported, run, parts = _opened(place, run)
    record = _record_place(record, run, exported)
    for path in (record, out):
        clear(path)
    check_new_folder(out)
    wanted = checked_wanted(Wanted(n, plant, unguarded, unseen), run)
    what = generator_id(parts)
    own = {"seed": drawn_seed(seed), "by": plain(by), "place": os.path.realpath(out)}
    attempt = Attempt(what, 0, n=int(n), date=today(), **own)
    with _begun(record, attempt, seed_given) as attempt, _new_folder(out) as output:
        folder = output.path
        if exported is None:
            show("Writing the model, and comparing it with the run")
            run.export(folder / MODEL)
            exported = Exported(folder / MODEL)
        found = write_items(folder, exported, run, attempt, wanted, show)
        state = {"attempt": dataclasses.asdict(attempt), "record": str(record)}
        state |= {"planted": wanted.planted, "unguarded": wanted.unguarded}
        output.manifest |= state | found | {"certified": _certified(exported, run)}
    return Certification(out)


class Certification:
    """An attempt to certify an export: a folder that `begin_certification` made.

    Args:
        folder: Its path.
        record: `None`, or where the record of all attempts is now.

    Attributes:
        folder: `pathlib.Path`.
        names: Name of each item, in their order.
        review: The `Review`, to be fed with decisions by the numbers of items.
        notes: What is to be said of the attempt, a line each.

    Raises:
        ValueError: If there is no attempt in the folder, or its file is damaged.
    """

    def __init__(self, folder, record=None):
        check_path("out", folder)
        self.folder = Path(folder)
        try:
            state = read_manifest(self.folder / MANIFEST) or {}
            attempt = Attempt(**state["attempt"])
            numbers = {"n": attempt.n, "plant": state["planted"], "unguarded": state["unguarded"]}
            for name, number in numbers.items():
                check_whole(name, number, 0, MOST_ITEMS)
            self.review = Review(attempt, state["planted"], state["unguarded"])
            self.notes, self._certified = state["notes"], state["certified"]
            self._near, self._guard = state["near_copies"], state["guard"]
            self.record = Path(record or state["record"]).absolute()
        except DAMAGES as error:
            raise ValueError(
                f"out must be a folder in which keras-vabc certify began. Received: out={folder} "
                f"({received(error)})."
            ) from None
        self.names = item_names(attempt, len(self.review.kinds))

    @property
    def attempt(self):
        """The `Attempt`, as it began."""
        return self.review.attempt

    @property
    def holds_unwanted(self):
        """Whether copies of the user's unwanted examples are in the folder."""
        return bool((self.review.kinds == PLANTED).any() and self._shown())

    def check_export(self, place):
        """Raises a `ValueError` if this is no attempt on an export, or a run."""
        if Path(place, RUN_FILE).is_file():
            same = generator_id(run_parts(open_run(place, "export"))) == self.attempt.what
        else:
            same = Exported(place).sha256 == self._certified[CERTIFIED]
        if not same:
            raise ValueError(
                f"export must be the one of the attempt in {self.folder}. Received: {place}, which "
                "is another one, or was changed since."
            )

    def read(self, path):
        """Takes the decisions of a CSV file; errors as of `read_decisions`."""
        for item, is_unwanted in read_decisions(path, self.names).items():
            self.review.decide(item, is_unwanted)

    def finish(self):
        """Ends the attempt: its `Certificate`, which is also in the folder, with a page to print.

        The record has it first, so that nobody sees a bound which is not recorded. The same call
        again, with the same decisions, changes nothing. What was planted is deleted.

        Raises:
            ValueError: If the attempt is not in the record, or ended in another way before.
            OSError: If something cannot be written.
        """
        end(self.record, self.review.ended())
        others = other_attempts(self.record, self.attempt)
        guard = self._guard and [tuple(pair) for pair in self._guard]
        beside = {"near_copies": self._near and tuple(self._near), "guard": guard}
        certificate = self.review.certificate(others, True, **beside, certified=self._certified)
        self._write(certificate)
        if self.holds_unwanted:
            for path in self._shown():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return certificate

    def _write(self, certificate):
        """The certificate, and before it the page, which does not stay without it."""
        page, path = self.folder / PAGE, self.folder / CERTIFICATE
        try:
            write_whole(page, certificate_page(certificate, self.notes).encode())
            write_whole(path, certificate.to_json().encode())
        except BaseException:
            if not path.exists():
                page.unlink(missing_ok=True)
            raise

    def _shown(self):
        """What shows items, of whatever kind."""
        table = [self.folder / SHOWN, self.folder / f"{SHOWN}.csv"]
        return [path for path in (*table, *self.folder.glob("sheet*.html")) if path.exists()]


def _opened(place, run):
    """`(exported, run, parts)`: the export, `None` if it is yet to be made; its run, or `None`."""
    if run is not None and not isinstance(run, Run):
        run = open_run(run)
    if isinstance(place, Run) or Path(place, RUN_FILE).is_file():
        own = place if isinstance(place, Run) else open_run(place, "export")
        return None, own, run_parts(own)
    exported = Exported(place)
    if run is not None:
        check_same_run(run, exported)
    return exported, run, exported.parts or exported.sha256


def _record_place(record, run, exported):
    """Where all attempts are kept."""
    if record is not None:
        return Path(record).absolute()
    if run is not None and run.folder is not None:
        return run.folder / ATTEMPTS
    if exported is None:
        raise ValueError("record must be given for a run in memory. Received: record=None.")
    if exported.run_folder is not None:
        with contextlib.suppress(ValueError, OSError):  # of one that is damaged, or another now
            own = open_run(exported.run_folder)
            check_same_run(own, exported)
            return own.folder / ATTEMPTS
    return exported.root.with_name(f"{exported.root.name}.{ATTEMPTS}")


@contextlib.contextmanager
def _begun(record, attempt, seed):
    """The attempt in the record, where it stays only if the block ends: nobody has seen it else.

    One like it that a kill has stopped is gone on with, and stays whatever happens: what it showed,
    and who took that away, is not known.
    """
    for one in read_attempts(record):
        like = dataclasses.replace(attempt, number=one.number, seed=one.seed, date=one.date)
        if one == like and seed in (None, one.seed):
            yield one
            return
    attempt = begin(record, attempt)
    try:
        yield attempt
    except BaseException:
        withdraw(record, attempt)
        raise


@contextlib.contextmanager
def _new_folder(out):
    with new_output(out, KIND, folder=True) as output:
        yield output


def _certified(exported, run):
    """What tells the export on the certificate."""
    own = {CERTIFIED: exported.sha256, "parts": exported.parts}
    versions = exported.manifest.get("made_by")
    known = None if run is None else {"id": run.record.id, "threshold": run.threshold}
    return own | {"made_by": versions, "run": known}
