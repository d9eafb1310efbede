"""The folder of a run: a record that explains it, and files that appear whole or not at all."""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

RECORD = "run.json"
LOCK = ".lock"
SCHEMA = 1  # of the record: raise it when an older version could no longer read it
TEMPORARY = ".*.tmp"  # names of what is half-written
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


@contextmanager
def locked(folder):
    """Keeps every other process that would lock the same folder out, until the block ends.

    Args:
        folder: Folder that is there.

    Raises:
        BlockingIOError: If another process has it.
    """
    import fcntl  # not on Windows

    with open(Path(folder, LOCK), "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"Another process is at work in {folder}; wait for it.") from None
        yield


def write_whole(path, data):
    """Writes a file that appears under its name whole, or not at all.

    Args:
        path: `pathlib.Path`; a file of that name is replaced.
        data: Bytes.

    Raises:
        OSError: If it cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with path_in_errors(path), open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name without the data
        os.replace(temporary, path)
    finally:
        with suppress(OSError):  # the folder may have vanished
            temporary.unlink()


@contextmanager
def path_in_errors(path):
    """Names the file that cannot be written in the errors that name none, as of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def delete_temporary(folder):
    """Deletes what killed processes left half-written in a folder that is locked."""
    for path in Path(folder).glob(TEMPORARY):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def make_folder(path, name="out"):
    """Makes a folder and its parents, where they are missing.

    Args:
        path: Path of the folder.
        name: Name of the argument that gave it, for errors.

    Raises:
        OSError: If it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None


@contextmanager
def new_folder(path, name="out"):
    """A folder that appears under its name whole, or not at all.

    Args:
        path: The folder to make; must not exist, or be empty.
        name: Name of the argument that gave `path`, for errors.

    Yields:
        `pathlib.Path` of a temporary folder beside it, to be filled; renamed to `path` when the
        block ends, deleted if it raises.

    Raises:
        FileExistsError: If `path` is a file or a folder that is not empty.
        OSError: If it cannot be made there.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(f"{name} must be a new or empty folder. Received: {name}={path}.")
    make_folder(path.parent, name)
    try:
        folder = Path(tempfile.mkdtemp(".tmp", f".{path.name}-", path.parent))
    except OSError as error:
        raise _cannot_be_made(path, name, error) from None
    try:
        yield folder
        folder.chmod(0o755)
        os.replace(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _cannot_be_made(path, name, error):
    message = f"{name} must be a folder that can be made. Received: {name}={path}"
    return type(error)(f"{message} ({error.strerror}).")
