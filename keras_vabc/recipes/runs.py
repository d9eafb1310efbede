"""The folder of a run: a record that explains it, and files that appear whole or not at all."""

import json
from pathlib import Path

from keras_vabc.files.locks import locked
from keras_vabc.files.writing import write_whole

RECORD = "run.json"
SCHEMA = 1  # of the record: raise it when an older version could no longer read it
FIELDS = {"status": str, "notes": list}
FIELDS |= dict.fromkeys(("stages", "settings", "data", "counts", "figures"), dict)


class Run:
    """A user's training: its folder, and the record in `run.json`.

    Args:
        folder: `pathlib.Path` of the folder.
        record: Dict of what JSON can hold.
    """

    def __init__(self, folder, record):
        self.folder = folder
        self.record = record

    def path(self, name):
        """Path of one of its files."""
        return self.folder / name

    def update(self, **changes):
        """Changes fields of the record, in memory and then on disk."""
        self.record |= changes
        text = json.dumps(self.record, indent=1, allow_nan=False) + "\n"
        write_whole(self.path(RECORD), text.encode())


def new_run(folder, **record):
    """Makes a run in a folder that is there and holds none."""
    run = Run(Path(folder), {"schema": SCHEMA})
    run.update(**record)
    return run


def open_run(folder, name="RUN"):
    """Opens the run in a folder.

    Args:
        folder: Path of the folder.
        name: Name of the argument that gave it, for errors.

    Returns:
        `Run`.

    Raises:
        ValueError: If there is no run, its record is damaged, or it comes from a newer version.
    """
    folder = Path(folder)
    try:
        text = (folder / RECORD).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            f"{name} must be the folder of a run, which holds {RECORD}. Received: {folder}."
        ) from None
    except UnicodeDecodeError:
        text = ""
    try:
        record = json.loads(text)
        schema = record["schema"]
        json.dumps(record, indent=1, allow_nan=False)  # as `Run.update` will write it
        whole = type(schema) is int and schema >= 1
    except (ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if whole and schema > SCHEMA:
        raise ValueError(
            f"{name} was written by a newer version of keras_vabc; update the package to read it. "
            f"Received: {folder} of schema {schema}, where this version knows {SCHEMA}."
        )
    if not whole or any(not isinstance(record.get(key), kind) for key, kind in FIELDS.items()):
        raise ValueError(
            f"{name} must have a whole {RECORD}. Received: {folder}, whose is damaged."
        )
    return Run(folder, record)


def update_run(folder, **changes):
    """Changes fields of the record of a run that other processes may change too.

    Args:
        folder: Folder of the run.
        **changes: Fields and their values.

    Raises:
        BlockingIOError: If another process has it locked.
        ValueError: As `open_run`.
    """
    with locked(folder):
        open_run(folder).update(**changes)
