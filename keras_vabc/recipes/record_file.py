"""`run.json`, the file of a run's record, written and read here alone.

Whatever is read is checked once, as a whole, so that nothing else needs to doubt it.
"""

import dataclasses
import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from keras_vabc.data.checks import check_path
from keras_vabc.files.bounds import read_text_file
from keras_vabc.files.locks import locked
from keras_vabc.files.writing import write_whole
from keras_vabc.recipes.identity import contradiction
from keras_vabc.recipes.record import SCHEMA, Counts, RunRecord

RUN_FILE = "run.json"
CHANGES_TAKE = 60  # seconds at most: what has taken minutes to measure is not given up at once
DAMAGES = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)

_FORM = TypeAdapter(RunRecord)


def write_record(folder, record):
    """Writes a `RunRecord` whole or not at all; a `ValueError` if `read_record` would refuse it."""
    text = json.dumps(dataclasses.asdict(record), indent=1, allow_nan=False) + "\n"
    try:
        _checked(text)
    except ValidationError as error:
        raise ValueError(f"The record must be valid. Received: {_reason(error)}.") from None
    write_whole(folder / RUN_FILE, text.encode())


def change_record(folder, changed):
    """Replaces the record of a run by what a function makes of it, with no other process between.

    Returns the new `RunRecord`. One that changes it at the same time is waited for; a
    `BlockingIOError` if another process is at work on the run for longer.
    """
    with locked(folder, wait=CHANGES_TAKE):
        record = changed(read_record(folder))
        write_record(folder, record)
    return record


def read_record(folder, name="run"):
    """Reads and checks the `RunRecord` of a run, of this version or an earlier one.

    `name` is that of the argument that gave the folder. A `ValueError` says that there is no run,
    that it was written by a newer version, or which field of its record is damaged.
    """
    check_path(name, folder)
    folder = Path(folder)
    try:
        text = read_text_file(folder / RUN_FILE)
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            f"{name} must be the folder of a run, which holds {RUN_FILE}. Received: {folder}."
        ) from None
    stored = _parsed(text)
    schema = stored.get("schema") if isinstance(stored, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise ValueError(
            f"{name} was written by a newer version of keras_vabc; update the package to read it. "
            f"Received: {folder} of schema {schema}, where this version knows {SCHEMA}."
        )
    try:
        if type(schema) is int and schema == 1:
            text = json.dumps(_from_schema_1(stored))
        return _checked(text)
    except ValidationError as error:
        reason = _reason(error)
    except Contradiction as error:
        reason = str(error)
    except DAMAGES as error:
        reason = f"{type(error).__name__}: {error}"
    raise ValueError(
        f"{name} must have a whole {RUN_FILE}. Received: {folder}, whose is damaged ({reason})."
    )


class Contradiction(ValueError):
    """Fields of a record that cannot both be true."""


def _checked(text):
    record = _FORM.validate_json(text)
    if reason := contradiction(record):
        raise Contradiction(reason)
    return record


def _parsed(text):
    """What a text of JSON holds; `None` if it is none, about which pydantic says more."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _reason(error):
    """The first fault that pydantic found: which field, what it must be, what it is."""
    fault = error.errors(include_url=False)[0]
    field = ".".join(map(str, fault["loc"])) or "the file"
    received = repr(fault["input"])
    received = received if len(received) <= 60 else f"{received[:60]}..."
    return f"{field}: {fault['msg']}, not {received}"


def _from_schema_1(stored):
    """The record of version 0.1 in today's form."""
    settings, made = dict(stored["settings"]), ("date", "versions", "command")
    new = {key: value for key, value in stored.items() if key not in (*made, "method")}
    new["schema"], new["settings"] = SCHEMA, settings
    new["counts"] = {
        name: dataclasses.asdict(Counts.of(own)) for name, own in stored["counts"].items()
    }
    settings["start"] = settings.pop("from")
    if "method" in stored:
        new["recipe"] = {key: v for key, v in stored["method"].items() if key != "rival"}
        new["provenance"] = {key: stored[key] for key in made}
    evaluation = stored.get("evaluation") or {}
    renamed = {"told": "reported", "labelled": "labeled"}
    new["evaluation"] = {
        kind: {renamed.get(key, key): value for key, value in figures.items()}
        for kind, figures in evaluation.items()
    }
    return new
