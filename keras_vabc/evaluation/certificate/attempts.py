"""The record of all attempts to certify something, those counted that were abandoned."""

import dataclasses
import json
from contextlib import contextmanager
from pathlib import Path

from keras_vabc.data.checks import check_kind, check_whole, received
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.locks import locked
from keras_vabc.files.manifests import MADE_BY
from keras_vabc.files.writing import make_folder, write_whole

STATES = "begun", "left", "finished"
BEGUN = {"state": "begun", "reviewed": 0, "found": 0}  # of an attempt that has not ended


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One attempt to certify something.

    Attributes:
        what: What was to be certified, such as the hash of an export.
        number: 1 for the first attempt on it.
        seed: Seed of the samples.
        n: Number of samples that were to be reviewed.
        by: Who reviewed, a free text.
        date: Day on which it began, in ISO's form.
        state: `"begun"`: nobody knows what came of it; `"left"` before all n; or `"finished"`.
        reviewed: Number of samples reviewed, planted ones not counted; 0 as long as it is begun.
        found: Number of them that are unwanted.
        place: Folder of what is reviewed, where there is one; an attempt that was stopped before
            it was there goes on by it.
    """

    what: str
    number: int
    seed: int
    n: int
    by: str
    date: str
    state: str = "begun"
    reviewed: int = 0
    found: int = 0
    place: str = ""

    def __post_init__(self):
        """A `TypeError` or `ValueError` for what is no attempt, as of a damaged record."""
        for name in ("what", "by", "date", "place"):
            check_kind(name, getattr(self, name), str, "a text")
        check_whole("number", self.number, 0)
        check_whole("seed", self.seed, 0)
        check_whole("n", self.n, 0)
        check_whole("reviewed", self.reviewed, 0, self.n)
        check_whole("found", self.found, 0, self.reviewed)
        if self.state not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}. Received: {self.state!r}.")


def begin(record, attempt):
    """Adds an attempt to a record, before anything of it is seen; returns it with its number.

    A `ValueError` if an earlier one on the same thing had its seed: its samples are known. Without
    a record, `None`, it is the first.
    """
    if record is None:
        return dataclasses.replace(attempt, number=1)
    with _changing(record) as attempts:
        earlier = [one for one in attempts if one.what == attempt.what]
        if attempt.seed in [one.seed for one in earlier]:
            raise ValueError(
                "seed must be one that no earlier attempt had, whose samples are known. "
                f"Received: seed={attempt.seed}."
            )
        attempt = dataclasses.replace(attempt, number=len(earlier) + 1)
        attempts.append(attempt)
    return attempt


def withdraw(record, attempt):
    """Takes an attempt of which nobody has seen anything out of a record again."""
    if record is not None:
        with _changing(record) as attempts:
            attempts[:] = [one for one in attempts if one != attempt]


def end(record, attempt):
    """Replaces an attempt in a record by what came of it.

    A `ValueError` if it is not in the record, or something else came of it before: who has seen
    what a bound is must not change what it counts.
    """
    if record is None:
        return
    with _changing(record) as attempts:
        known = {(one.what, one.number): place for place, one in enumerate(attempts)}
        place = known.get((attempt.what, attempt.number))
        begun = None if place is None else dataclasses.replace(attempt, **BEGUN)
        if place is None or dataclasses.replace(attempts[place], **BEGUN) != begun:
            raise ValueError(
                f"record must hold the attempt that ends. Received: {record} without attempt "
                f"{attempt.number} of seed {attempt.seed}."
            )
        earlier = attempts[place]
        if earlier.state != "begun" and earlier != attempt:
            raise ValueError(
                f"record must not change what came of an attempt. Received: {attempt.found} found "
                f"among {attempt.reviewed} for attempt {attempt.number}, which ended with "
                f"{earlier.found} among {earlier.reviewed}."
            )
        attempts[place] = attempt


def other_attempts(record, attempt):
    """The other attempts on the same thing that a record has; none without a record."""
    known = [] if record is None else read_attempts(record)
    return [one for one in known if one.what == attempt.what and one.number != attempt.number]


def read_attempts(path):
    """All attempts in a record, on whatever; none if there is no file.

    Raises:
        ValueError: If the file is no record of attempts.
    """
    path = Path(path)
    if not path.exists():
        return []
    try:
        content = json.loads(read_text_file(path))
        attempts = [Attempt(**fields) for fields in content["attempts"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            "record must be a file of attempts that keras-vabc wrote, or new. "
            f"Received: {path} ({received(error)})."
        ) from None
    return attempts


@contextmanager
def _changing(path):
    """Yields the attempts of a record to change, with no other process between."""
    path = Path(path)
    make_folder(path.parent, "record")
    with locked(path.parent, wait=60):
        attempts = read_attempts(path)
        yield attempts
        if not attempts:
            path.unlink(missing_ok=True)
            return
        content = {"made_by": MADE_BY}
        content["attempts"] = [dataclasses.asdict(one) for one in attempts]
        write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
